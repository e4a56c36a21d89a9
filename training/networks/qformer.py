"""Q-Former: a fixed number of queries read the states of the visual tokens."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import RMSNorm, heads, merge_heads


def head_count(width: int) -> int:
    """width // 128, at least 1, or the nearest divisor of the width."""
    wanted = max(1, width // 128)
    return min((n for n in range(1, width + 1) if width % n == 0), key=lambda n: (abs(n - wanted), -n))


class Attention(nn.Module):
    """The layout of torch's multi-head attention; also gives the logits, for alignment losses."""

    def __init__(self, width: int, count: int):
        super().__init__()
        self.count = count
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, kv: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x [b, q, D], kv [b, n, D], mask bool [b, n] -> ([b, q, D], logits [b, heads, q, n])."""
        wq, wk, wv = self.in_proj_weight.chunk(3)
        bq, bk, bv = self.in_proj_bias.chunk(3)
        q, k, v = (heads(F.linear(y, w, b), self.count) for y, w, b in ((x, wq, bq), (kv, wk, bk), (kv, wv, bv)))
        logits = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, None], float("-inf"))
        return self.out_proj(merge_heads(logits.softmax(-1) @ v)), logits


class FeedForward(nn.Module):
    """SwiGLU; linear_1 is the gate."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        self.linear_1 = nn.Linear(width, inner, bias=False)
        self.linear_2 = nn.Linear(inner, width, bias=False)
        self.linear_3 = nn.Linear(width, inner, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x)) * self.linear_3(x))


class QFormerLayer(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        count = head_count(width)
        self.ln_q1, self.ln_q2, self.ln_ffn = (RMSNorm(width, eps) for _ in range(3))
        self.self_attn, self.cross_attn = Attention(width, count), Attention(width, count)
        self.ffn = FeedForward(width, -(-4 * width // 256) * 256)

    def forward(self, q: Tensor, kv: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        h = self.ln_q1(q)
        q = q + self.self_attn(h, h)[0]
        y, logits = self.cross_attn(self.ln_q2(q), kv, mask)
        q = q + y
        return q + self.ffn(self.ln_ffn(q)), logits


class QFormer(nn.Module):
    """states [b, n, H], mask bool [b, n] -> queries [b, queries, D] (and the cross-attention logits)."""

    def __init__(self, states: int, width: int, c: dict):
        super().__init__()
        eps = c["norm_eps"]
        self.input_proj = nn.Sequential(RMSNorm(states, eps), nn.Linear(states, width))
        self.query = nn.Parameter(torch.randn(1, c["num_queries"], width) * 0.5)
        self.layers = nn.ModuleList(QFormerLayer(width, eps) for _ in range(c["num_layers"]))

    def forward(self, states: Tensor, mask: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        kv = self.input_proj(states)
        q, logits = self.query.expand(len(states), -1, -1), []
        for layer in self.layers:
            q, scores = layer(q, kv, mask)
            logits.append(scores)
        return q, logits
