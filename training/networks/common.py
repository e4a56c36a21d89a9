"""Small pieces that several networks share."""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """x / sqrt(mean x^2 + eps) * weight, over the last axis."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def rotate_half(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotation of (i, i + d/2) pairs; x [..., d], cos and sin [..., d/2]."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def rotate_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotation of neighbouring (2i, 2i + 1) pairs; x [..., d], cos and sin [..., d/2]."""
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)


def heads(x: Tensor, count: int) -> Tensor:
    """[b, n, count * d] -> [b, count, n, d]."""
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[b, heads, n, d] -> [b, n, heads * d]."""
    return x.transpose(1, 2).flatten(2)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
    """Scaled softmax attention; kv heads are repeated next to each other when there are fewer of them.

    Written out while training on a CPU: in bfloat16 the fused kernel's backward pass takes three times as long there.
    """
    if k.shape[1] != q.shape[1]:
        repeat = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    if q.is_cuda or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    if causal:
        n = q.shape[2]
        mask = torch.ones(n, n, dtype=torch.bool).tril()
    scores = (q @ k.transpose(2, 3)).float() * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1).to(v.dtype) @ v


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below a prefix, the prefix cut off."""
    return {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}


_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def halves(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Floats as float16, everything on the host. Raises ValueError for what float16 can't hold."""
    made = {k: (v.detach().half() if v.is_floating_point() else v).cpu().contiguous() for k, v in values.items()}
    bad = [k for k, v in made.items() if not v.isfinite().all()]
    if bad:
        raise ValueError(f"not finite in float16: {', '.join(bad)}")
    return made


def read_safetensors(file: Path) -> dict[str, Tensor]:
    """All tensors of a .safetensors file, as float32."""
    data = file.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, end = (start + n for n in entry["data_offsets"])
            flat = torch.from_numpy(np.frombuffer(data[first:end], np.uint8).copy())
            tensors[name] = flat.view(_DTYPES[entry["dtype"]]).view(entry["shape"]).float()
    return tensors
