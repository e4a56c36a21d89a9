"""Diffusion transformer: noise, references, text and Q-Former queries in one sequence; predicts the velocity."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import RMSNorm, attention, heads, merge_heads, rotate_pairs
from .qformer import FeedForward, QFormer


class Attention(nn.Module):
    def __init__(self, width: int, count: int, kv: int):
        super().__init__()
        head = width // count
        self.count, self.kv = count, kv
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(width, kv * head, bias=False)
        self.to_v = nn.Linear(width, kv * head, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width, bias=False)])
        self.norm_q, self.norm_k = RMSNorm(head, 1e-5), RMSNorm(head, 1e-5)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], mask: Tensor | None, keep: list | None) -> Tensor:
        q = rotate_pairs(self.norm_q(heads(self.to_q(x), self.count)), *rotation)
        k = rotate_pairs(self.norm_k(heads(self.to_k(x), self.kv)), *rotation)
        v = heads(self.to_v(x), self.kv)
        if keep is not None:
            keep.append((q, k))
        return self.to_out[0](merge_heads(attention(q, k, v, mask)))


class ModulatedNorm(nn.Module):
    """RMS norm and the four modulation vectors of a block."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.linear = nn.Linear(min(width, 1024), 4 * width)
        self.norm = RMSNorm(width, eps)


class Block(nn.Module):
    """Lumina-2 block; without modulation it is the context refiner's."""

    def __init__(self, c: dict, modulated: bool = True):
        super().__init__()
        width, eps = c["hidden_size"], c["norm_eps"]
        inner = int((c["ffn_dim_multiplier"] or 1) * 4 * width)
        inner = -(-inner // c["multiple_of"]) * c["multiple_of"]
        self.attn = Attention(width, c["num_attention_heads"], c["num_kv_heads"])
        self.feed_forward = FeedForward(width, inner)
        self.norm1 = ModulatedNorm(width, eps) if modulated else RMSNorm(width, eps)
        self.norm2, self.ffn_norm1, self.ffn_norm2 = (RMSNorm(width, eps) for _ in range(3))

    def forward(self, x: Tensor, rotation, temb: Tensor | None = None, mask=None, keep: list | None = None) -> Tensor:
        """x [b, n, D]; temb [b, D] after SiLU or None; mask additive or bool."""
        if temb is None:
            x = x + self.norm2(self.attn(self.norm1(x), rotation, mask, keep))
            return x + self.ffn_norm2(self.feed_forward(self.ffn_norm1(x)))
        scale_a, gate_a, scale_m, gate_m = self.norm1.linear(temb)[:, None].chunk(4, -1)
        y = self.attn(self.norm1.norm(x) * (1 + scale_a), rotation, mask, keep)
        x = x + gate_a.tanh() * self.norm2(y)
        return x + gate_m.tanh() * self.ffn_norm2(self.feed_forward(self.ffn_norm1(x) * (1 + scale_m)))


class TimeEmbedding(nn.Module):
    def __init__(self, out: int, scale: float):
        super().__init__()
        self.scale = scale
        self.linear_1, self.linear_2 = nn.Linear(256, out), nn.Linear(out, out)

    def forward(self, t: Tensor) -> Tensor:
        """t [b] in 0..1 -> [b, out]."""
        frequency = torch.exp(-math.log(10000) * torch.arange(128, device=t.device) / 128)
        angles = t[:, None].float() * frequency * self.scale
        return self.linear_2(F.silu(self.linear_1(torch.cat([angles.cos(), angles.sin()], -1))))


class Conditions(nn.Module):
    """Time, text and visual-token embeddings (official name: time_caption_embed)."""

    def __init__(self, c: dict, refiner: dict):
        super().__init__()
        width, states = c["hidden_size"], c["text_feat_dim"]
        self.timestep_embedder = TimeEmbedding(min(width, 1024), c["timestep_scale"])
        self.caption_embedder = nn.Sequential(RMSNorm(states, 1e-5), nn.Linear(states, width))
        self.image_embedder = QFormer(states, width, refiner)


class FinalNorm(nn.Module):
    def __init__(self, width: int, out: int):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(min(width, 1024), width), nn.Linear(width, out)

    def forward(self, x: Tensor, temb: Tensor) -> Tensor:
        return self.linear_2(F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + self.linear_1(temb))[:, None])


def patches(x: Tensor, p: int) -> Tensor:
    """[b, c, h, w] -> [b, tokens, p * p * c]."""
    b, c, h, w = x.shape
    return x.view(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, h // p * (w // p), p * p * c)


def unpatched(x: Tensor, p: int, h: int, w: int) -> Tensor:
    """The inverse of `patches`; h, w in latent pixels."""
    b = len(x)
    return x.view(b, h // p, w // p, p, p, -1).permute(0, 5, 1, 3, 2, 4).reshape(b, -1, h, w)


def rotation(positions: Tensor, dims: list[int], theta: float = 10000.0) -> tuple[Tensor, Tensor]:
    """positions [..., n, 3] -> cos, sin [..., 1, n, head / 2], computed in float64."""
    powers = [torch.arange(0, d, 2, dtype=torch.float64, device=positions.device) / d for d in dims]
    angles = [positions[..., a : a + 1].double() * theta**-power for a, power in enumerate(powers)]
    angles = torch.cat(angles, -1).unsqueeze(-3)
    return angles.cos().float(), angles.sin().float()


def image_positions(first: Tensor, rows: int, columns: int) -> Tensor:
    """first [b] -> [b, rows * columns, 3] = (first, row, column)."""
    sides = (torch.arange(n, device=first.device) for n in (rows, columns))
    y, x = torch.meshgrid(*sides, indexing="ij")
    yx = torch.stack([y.flatten(), x.flatten()], -1).expand(len(first), -1, -1)
    return torch.cat([first[:, None, None].expand(-1, rows * columns, 1), yx], -1)


class DiT(nn.Module):
    """The residual stream stays float32 also where matrix products are bfloat16.

    One batch; texts may have different lengths (padded behind, `text_mask`), references one size.
    """

    def __init__(self, c: dict, refiner: dict):
        super().__init__()
        width, patch = c["hidden_size"], c["patch_size"]
        self.patch, self.dims = patch, c["axes_dim_rope"]
        token = patch**2 * c["in_channels"]
        self.x_embedder, self.ref_image_patch_embedder = nn.Linear(token, width), nn.Linear(token, width)
        self.image_index_embedding = nn.Parameter(torch.randn(5, width) * 0.02)
        self.time_caption_embed = Conditions(c, refiner)
        n = c["num_refiner_layers"]
        self.noise_refiner = nn.ModuleList(Block(c) for _ in range(n))
        self.ref_image_refiner = nn.ModuleList(Block(c) for _ in range(n))
        self.context_refiner = nn.ModuleList(Block(c, False) for _ in range(n))
        self.layers = nn.ModuleList(Block(c) for _ in range(c["num_layers"]))
        self.norm_out = FinalNorm(width, token)

    def forward(
        self,
        latents: Tensor,
        t: Tensor,
        text: Tensor,
        queries: Tensor | None = None,
        text_mask: Tensor | None = None,
        references: list[Tensor] | None = None,
        query_mask: Tensor | None = None,
        reference_mask: Tensor | None = None,
        watch: dict | None = None,
    ) -> Tensor:
        """latents [b, c, h, w], t [b], text [b, n, H], queries [b, q, D] (Q-Former output) -> velocity.

        Masks bool: text_mask [b, n], query_mask and reference_mask [b] (False = this sample goes without).
        watch collects the noise tokens and attention inputs of each joint layer, for alignment losses.
        """
        b, _, h, w = latents.shape
        rows, columns = h // self.patch, w // self.patch
        context, present, positions = self._context(text, queries, text_mask, query_mask)
        start = F.pad(positions.masked_fill(~present, -1), (1, 0), value=-1).amax(1) + 1
        temb = F.silu(self.time_caption_embed.timestep_embedder(t))
        where = rotation(positions[..., None].expand(-1, -1, 3), self.dims)
        mask = None if bool(present.all()) else present[:, None, None, :]
        for block in self.context_refiner:
            context = block(context, where, None, mask)

        parts, places, seen = [context], [positions[..., None].expand(-1, -1, 3)], [present]
        for i, reference in enumerate(references or []):
            size = [n // self.patch for n in reference.shape[2:]]
            place = image_positions(start, *size)
            parts.append(self._reference(reference, i, place, temb))
            places.append(place)
            used = present.new_ones(b) if reference_mask is None else reference_mask
            seen.append(used[:, None].expand(-1, place.shape[1]))
            start = start + used.long() * max(size)
        place = image_positions(start, rows, columns)
        x = self.x_embedder(patches(latents, self.patch)).float()
        where = rotation(place, self.dims)
        for block in self.noise_refiner:
            x = block(x, where, temb)
        parts.append(x)
        places.append(place)
        seen.append(present.new_ones(b, rows * columns))

        x, where, present = torch.cat(parts, 1), rotation(torch.cat(places, 1), self.dims), torch.cat(seen, 1)
        mask = None if bool(present.all()) else present[:, None, None, :]
        for block in self.layers:
            x = block(x, where, temb, mask, watch["qk"] if watch is not None else None)
            if watch is not None:
                watch["noise"].append(x[:, -rows * columns :])
        v = self.norm_out(x[:, -rows * columns :], temb)
        return unpatched(v, self.patch, h, w)

    def _context(self, text, queries, text_mask, query_mask) -> tuple[Tensor, Tensor, Tensor]:
        """Text then queries: tokens [b, n, D], present bool [b, n], positions [b, n] counted over present ones."""
        tokens = [self.time_caption_embed.caption_embedder(text)]
        everywhere = torch.ones(text.shape[:2], dtype=torch.bool, device=text.device)
        present = [everywhere if text_mask is None else text_mask]
        if queries is not None:
            tokens.append(queries)
            used = everywhere.new_ones(len(text)) if query_mask is None else query_mask
            present.append(used[:, None].expand(-1, queries.shape[1]))
        seen = torch.cat(present, 1)
        return torch.cat(tokens, 1).float(), seen, (seen.long().cumsum(1) - 1).clamp_min(0)

    def _reference(self, latents: Tensor, index: int, place: Tensor, temb: Tensor) -> Tensor:
        x = self.ref_image_patch_embedder(patches(latents, self.patch)).float() + self.image_index_embedding[index]
        where = rotation(place, self.dims)
        for block in self.ref_image_refiner:
            x = block(x, where, temb)
        return x
