"""Text decoder with understanding and generation experts, and the condition states it gives."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import RMSNorm, attention, heads, merge_heads, rotate_half


class SwiGLU(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class SelfAttention(nn.Module):
    """Grouped-query attention, q and k normalised per head before the rotation."""

    def __init__(self, c: dict):
        super().__init__()
        width, head, bias = c["hidden_size"], c["head_dim"], c["attention_bias"]
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.q_proj = nn.Linear(width, self.heads * head, bias=bias)
        self.k_proj = nn.Linear(width, self.kv_heads * head, bias=bias)
        self.v_proj = nn.Linear(width, self.kv_heads * head, bias=bias)
        self.o_proj = nn.Linear(self.heads * head, width, bias=bias)
        self.q_norm, self.k_norm = RMSNorm(head, c["rms_norm_eps"]), RMSNorm(head, c["rms_norm_eps"])

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, cache: list | None) -> Tensor:
        q = rotate_half(self.q_norm(heads(self.q_proj(x), self.heads)), cos, sin)
        k = rotate_half(self.k_norm(heads(self.k_proj(x), self.kv_heads)), cos, sin)
        v = heads(self.v_proj(x), self.kv_heads)
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = [k, v]
        causal = mask is None and x.shape[1] > 1
        return self.o_proj(merge_heads(attention(q, k, v, mask, causal)))


Mixed = tuple[int, int]
"""Columns of a batch: before the first no token is a generation token, from the second on all are."""


def split_experts(x: Tensor, gen: Tensor | None, und: nn.Module, expert: nn.Module, mixed: Mixed | None = None) -> Tensor:
    """Each token through its own feed-forward network; `gen` bool [b, n] (None = no generation tokens).

    Both run on all tokens that may be either: at these widths that costs less than sorting them, and the layer
    compiles as a whole.
    """
    if gen is None:
        return und(x)
    if mixed is None:
        return torch.where(gen[..., None], expert(x), und(x))
    first, last = mixed
    text, visual = und(x[:, :last]), expert(x[:, first:])
    either = torch.where(gen[:, first:last, None], visual[:, : last - first], text[:, first:])
    return torch.cat([text[:, :first], either, visual[:, last - first :]], 1)


class DecoderLayer(nn.Module):
    def __init__(self, c: dict):
        super().__init__()
        width, inner, eps = c["hidden_size"], c["intermediate_size"], c["rms_norm_eps"]
        self.self_attn = SelfAttention(c)
        self.mlp, self.gen_mlp = SwiGLU(width, inner), SwiGLU(width, inner)
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(width, eps), RMSNorm(width, eps)

    def forward(self, x, gen, cos, sin, mask, cache, mixed: Mixed | None = None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask, cache)
        return x + split_experts(self.post_attention_layernorm(x), gen, self.mlp, self.gen_mlp, mixed)


class TextDecoder(nn.Module):
    """`moe_type` "ffn": every layer has both experts. Token ids from `start` on are generation ids."""

    def __init__(self, c: dict):
        super().__init__()
        self.start = c["gen_vocab_start_index"]
        self.head_dim, self.theta = c["head_dim"], c["rope_theta"]
        self.section = c["rope_scaling"]["mrope_section"]
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.gen_embed_tokens = nn.Embedding(c["gen_vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(DecoderLayer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])

    def embed(self, ids: Tensor) -> Tensor:
        """ids [b, n] -> [b, n, H]."""
        table = torch.cat([self.embed_tokens.weight, self.gen_embed_tokens.weight])
        return F.embedding(ids, table)

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """positions [3, b, n] (time, row, column) -> cos, sin [b, 1, n, head / 2], axes interleaved."""
        half = self.head_dim // 2
        frequency = self.theta ** (-torch.arange(half, dtype=torch.float32) * 2 / self.head_dim)
        j = torch.arange(half)
        axis = torch.zeros(half, dtype=torch.long)
        for a in (1, 2):
            axis[(j % 3 == a) & (j < 3 * self.section[a])] = a
        angles = positions.permute(1, 2, 0).float()[:, :, axis.to(positions.device)] * frequency.to(positions.device)
        return angles.cos()[:, None], angles.sin()[:, None]

    def forward(
        self,
        x: Tensor,
        gen: Tensor | None,
        positions: Tensor,
        mask: Tensor | None = None,
        pictures: tuple[Tensor, list[Tensor]] | None = None,
        cache: list[list] | None = None,
        mixed: Mixed | None = None,
    ) -> list[Tensor]:
        """All hidden states, embeddings first, the last one before the final norm.

        x [b, n, H] with pictures already in place, gen bool [b, n] or None (no generation tokens), mask additive (None = causal),
        pictures = (index of picture tokens in the flattened x, DeepStack features flattened). mixed: see Mixed.
        """
        cos, sin = self.rotation(positions)
        states = [x]
        for i, layer in enumerate(self.layers):
            x = layer(x, gen, cos, sin, mask, cache[i] if cache is not None else None, mixed)
            if pictures is not None and i < len(pictures[1]):
                flat = x.flatten(0, 1).index_add(0, pictures[0], pictures[1][i].to(x.dtype))
                x = flat.view_as(x)
            states.append(x)
        return states


def condition(states: list[Tensor], layers: list[int]) -> Tensor:
    """Mean of the picked hidden states."""
    return sum(states[i] for i in layers) / len(layers)
