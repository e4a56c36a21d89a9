"""Vision encoder: patches of a picture to language-model tokens, with DeepStack features."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import attention, rotate_half


class VisionAttention(nn.Module):
    """Full attention inside one picture, 2-D rotation."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = attention(rotate_half(q, cos, sin), rotate_half(k, cos, sin), v)
        return self.proj(y.transpose(1, 2).flatten(2))


class VisionMLP(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.linear_fc1 = nn.Linear(width, inner)
        self.linear_fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_fc2(F.gelu(self.linear_fc1(x), approximate="tanh"))


class VisionBlock(nn.Module):
    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = VisionAttention(width, heads)
        self.mlp = VisionMLP(width, inner)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x), cos, sin)
        return x + self.mlp(self.norm2(x))


class Merger(nn.Module):
    """2 x 2 patches to one token; the DeepStack mergers normalise after the shuffle."""

    def __init__(self, width: int, out: int, merge: int, norm_after: bool):
        super().__init__()
        wide = width * merge**2
        self.wide, self.norm_after = wide, norm_after
        self.norm = nn.LayerNorm(wide if norm_after else width, eps=1e-6)
        self.linear_fc1, self.linear_fc2 = nn.Linear(wide, wide), nn.Linear(wide, out)

    def forward(self, x: Tensor) -> Tensor:
        b = x.shape[0]
        x = self.norm(x.reshape(b, -1, self.wide)) if self.norm_after else self.norm(x).reshape(b, -1, self.wide)
        return self.linear_fc2(F.gelu(self.linear_fc1(x)))


class PatchEmbed(nn.Module):
    """A row is (channel, time, y, x), flattened; the kernel covers it whole. A row without the time axis is a still."""

    def __init__(self, width: int, patch: int, channels: int, time: int):
        super().__init__()
        self.proj = nn.Conv3d(channels, width, (time, patch, patch), (time, patch, patch))

    def forward(self, rows: Tensor) -> Tensor:
        weight = self.proj.weight
        if rows.shape[-1] != weight[0].numel():
            weight = weight.sum(2)
        return F.linear(rows, weight.flatten(1), self.proj.bias)


class VisionEncoder(nn.Module):
    """Pictures of one size: rows [b, patches, 3 * 2 * p^2] -> (tokens [b, patches/4, H], DeepStack features)."""

    def __init__(self, c: dict):
        super().__init__()
        width, self.merge = c["hidden_size"], c["spatial_merge_size"]
        self.head = width // c["num_heads"]
        self.side = round(c["num_position_embeddings"] ** 0.5)
        self.deepstack = c["deepstack_visual_indexes"]
        self.patch_embed = PatchEmbed(width, c["patch_size"], c["in_channels"], c["temporal_patch_size"])
        self.pos_embed = nn.Embedding(self.side**2, width)
        self.blocks = nn.ModuleList(
            VisionBlock(width, c["num_heads"], c["intermediate_size"]) for _ in range(c["depth"])
        )
        out = c["out_hidden_size"]
        self.merger = Merger(width, out, self.merge, False)
        self.deepstack_merger_list = nn.ModuleList(Merger(width, out, self.merge, True) for _ in self.deepstack)

    def block_order(self, x: Tensor) -> Tensor:
        """[h, w, ...] -> [h * w, ...] in the order of merged blocks."""
        m = self.merge
        h, w = x.shape[:2]
        x = x.reshape(h // m, m, w // m, m, *x.shape[2:])
        return x.transpose(1, 2).flatten(0, 3)

    def positions(self, h: int, w: int) -> Tensor:
        """Bilinear interpolation of the learned grid: [h * w, width]."""
        table = self.pos_embed.weight.unflatten(0, (self.side, self.side)).permute(2, 0, 1)[None]
        grid = F.interpolate(table, (h, w), mode="bilinear", align_corners=True)
        return self.block_order(grid[0].permute(1, 2, 0))

    def angles(self, h: int, w: int) -> Tensor:
        """[h * w, head / 2]: row angles, then column angles."""
        quarter = self.head // 4
        frequency = 10000.0 ** (-torch.arange(quarter) / quarter)
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        return self.block_order(torch.cat([y[..., None] * frequency, x[..., None] * frequency], -1))

    def forward(self, rows: Tensor, h: int, w: int) -> tuple[Tensor, list[Tensor]]:
        x = self.patch_embed(rows) + self.positions(h, w)
        angles = self.angles(h, w).to(x.device)
        cos, sin = angles.cos(), angles.sin()
        features = []
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin)
            if i in self.deepstack:
                features.append(self.deepstack_merger_list[self.deepstack.index(i)](x))
        return self.merger(x), features
