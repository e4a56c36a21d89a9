"""Visual tokenizer: picture to codes (encoder, l2-normalised codebook) and codes to a coarse picture."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import RMSNorm, attention, heads, merge_heads, rotate_pairs


def sine_positions(h: int, w: int, width: int) -> Tensor:
    """[h * w, width]: column in the first half, row in the second; each sine then cosine."""
    quarter = width // 4
    omega = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    halves = [p.reshape(-1, 1).double() * omega for p in (x, y)]
    return torch.cat([f for a in halves for f in (a.sin(), a.cos())], -1).float()


class EncoderBlock(nn.Module):
    """Pre-norm attention and SwiGLU, no biases."""

    def __init__(self, width: int, count: int, inner: int):
        super().__init__()
        self.count = count
        self.norm_1, self.norm_2 = RMSNorm(width, 1e-5), RMSNorm(width, 1e-5)
        self.attn = nn.ModuleDict(
            {"qkv": nn.Linear(width, 3 * width, bias=False), "proj": nn.Linear(width, width, bias=False)}
        )
        self.mlp = nn.ModuleDict({f"fc{i}": nn.Linear(*s, bias=False) for i, s in _mlp(width, inner)})

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (heads(y, self.count) for y in self.attn["qkv"](self.norm_1(x)).chunk(3, -1))
        x = x + self.attn["proj"](merge_heads(attention(q, k, v)))
        h = self.norm_2(x)
        return x + self.mlp["fc2"](F.silu(self.mlp["fc1"](h)) * self.mlp["fc3"](h))


def _mlp(width: int, inner: int) -> list:
    return [(1, (width, inner)), (2, (inner, width)), (3, (width, inner))]


class Encoder(nn.Module):
    def __init__(self, c: dict):
        super().__init__()
        width, self.patch = c["embed_dim"], c["patch_size"]
        patchifier = nn.ModuleDict(
            {"proj": nn.Conv2d(3, width, self.patch, self.patch), "norm": RMSNorm(width, 1e-5)}
        )
        self.preprocessor = nn.ModuleDict({"patchifier": patchifier})
        blocks = nn.ModuleList(EncoderBlock(width, c["num_heads"], c["mlp_hidden_dim"]) for _ in range(c["num_blocks"]))
        self.trunk = nn.ModuleDict({"blocks": blocks, "post_trunk_norm": RMSNorm(width, 1e-5)})

    def forward(self, x: Tensor) -> Tensor:
        """Pictures in -1..1 -> features [b, width, h / 14, w / 14]."""
        patchifier = self.preprocessor["patchifier"]
        y = patchifier["proj"](x)
        h, w = y.shape[2:]
        y = patchifier["norm"](y.flatten(2).transpose(1, 2)) + sine_positions(h, w, y.shape[1])
        for block in self.trunk["blocks"]:
            y = block(y)
        return self.trunk["post_trunk_norm"](y).transpose(1, 2).unflatten(2, (h, w))


class DecoderBlock(nn.Module):
    """Layer-normed attention with 2-D rotation, GELU."""

    def __init__(self, width: int, count: int, ratio: float):
        super().__init__()
        inner = int(width * ratio)
        self.count = count
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.linear1, self.linear2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.self_attn = nn.ModuleDict({n: nn.Linear(width, width) for n in ("q_proj", "k_proj", "v_proj", "wo")})

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        h, a = self.norm1(x), self.self_attn
        q, k, v = (heads(a[n](h), self.count) for n in ("q_proj", "k_proj", "v_proj"))
        x = x + a["wo"](merge_heads(attention(rotate_pairs(q, cos, sin), rotate_pairs(k, cos, sin), v)))
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class SpatialDecoder(nn.Module):
    """Codes' vectors to a feature map z (official name: s2ddecoder)."""

    def __init__(self, c: dict):
        super().__init__()
        z, width = c["embed_dim"], c["decoder_width"]
        self.count = c["decoder_heads"]
        self.ln_pre, self.ln_post = nn.LayerNorm(z), nn.LayerNorm(width)
        self.decoder_embed = nn.Linear(z, width)
        self.transformer = nn.ModuleList(
            DecoderBlock(width, self.count, c["decoder_mlp_ratio"]) for _ in range(c["decoder_layers"])
        )
        self.conv_out = nn.Conv2d(width, z, 3, padding=1)
        self.distill_mlp = _distill(width, c)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        y = self.decoder_embed(self.ln_pre(x.flatten(2).transpose(1, 2)))
        quarter = y.shape[-1] // self.count // 4
        omega = 10000.0 ** (-torch.arange(quarter) / quarter)
        rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        angles = torch.cat([rows.reshape(-1, 1) * omega, columns.reshape(-1, 1) * omega], -1)
        for block in self.transformer:
            y = block(y, angles.cos(), angles.sin())
        return self.conv_out(self.ln_post(y).transpose(1, 2).unflatten(2, (h, w)))


def _distill(width: int, c: dict) -> nn.Sequential:
    """Used in the official training only; its tensors must be in the file."""
    wide, layers = 4 * width, []
    sizes = [width] + [wide] * (1 + c["distill_depth"]) + [c["distill_out_dim"]]
    for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
        layers += [nn.Linear(a, b)] + ([nn.GELU()] if i < len(sizes) - 2 else [])
    return nn.Sequential(*layers)


class Residual(nn.Module):
    def __init__(self, a: int, b: int, groups: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, a, 1e-6), nn.GroupNorm(groups, b, 1e-6)
        self.conv1, self.conv2 = nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)
        if a != b:
            self.nin_shortcut = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return y + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class AdaptiveNorm(nn.Module):
    """Group norm without weights; scale from the deviation of z over its positions, shift from its mean."""

    def __init__(self, width: int, z: int, groups: int):
        super().__init__()
        self.gamma, self.beta, self.groups = nn.Linear(z, width), nn.Linear(z, width), groups

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        flat = z.flatten(2)
        scale = self.gamma((flat.var(2) + 1e-6).sqrt())[..., None, None]
        shift = self.beta(flat.mean(2))[..., None, None]
        return F.group_norm(x, self.groups, eps=1e-6) * scale + shift


def depth_to_space(x: Tensor) -> Tensor:
    """[b, 4 c, h, w] -> [b, c, 2 h, 2 w], the block index before the channel."""
    b, c, h, w = x.shape
    x = x.view(b, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(b, c // 4, 2 * h, 2 * w)


class PictureDecoder(nn.Module):
    """z [b, embed_dim, h, w] -> picture [b, 3, 14 h, 14 w]."""

    def __init__(self, c: dict):
        super().__init__()
        groups, z = c["decoder_norm_groups"], c["embed_dim"]
        widths = [c["decoder_ch"] * m for m in reversed(c["decoder_ch_mult"])]
        first = widths[0]
        self.conv_in = nn.Conv2d(z, first, 3, padding=1)
        self.mid = nn.ModuleList(Residual(first, first, groups) for _ in range(2))
        self.adaptive, self.conv_blocks, now = nn.ModuleList(), nn.ModuleList(), first
        for i, width in enumerate(widths):
            self.adaptive.append(AdaptiveNorm(now, z, groups))
            res = [Residual(now if j == 0 else width, width, groups) for j in range(c["decoder_num_res_blocks"] + 1)]
            level = nn.ModuleDict({"res": nn.ModuleList(res)})
            if i < len(widths) - 1:
                level["upsample"] = nn.ModuleDict({"conv1": nn.Conv2d(width, 4 * width, 3, padding=1)})
            self.conv_blocks.append(level)
            now = width
        self.norm_out = nn.GroupNorm(groups, now, 1e-6)
        self.conv_out = nn.Conv2d(now, 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.conv_in(z)
        for block in self.mid:
            x = block(x)
        last = len(self.conv_blocks) - 1
        for i, (norm, level) in enumerate(zip(self.adaptive, self.conv_blocks, strict=True)):
            x = norm(x, z)
            for block in level["res"]:
                x = block(x)
            if i == last - 1:
                size = [round(n * 7 / 8) for n in x.shape[2:]]
                x = F.interpolate(x, size, mode="bilinear", align_corners=False)
            if i < last:
                x = depth_to_space(level["upsample"]["conv1"](x))
        return self.conv_out(F.silu(self.norm_out(x)))


class VisualTokenizer(nn.Module):
    """Tensor names below `gen_tokenizer.image_tokenizer.`"""

    def __init__(self, c: dict):
        super().__init__()
        z, d = c["embed_dim"], c["codebook_dim"]
        self.encoder, self.s2ddecoder, self.decoder = Encoder(c), SpatialDecoder(c), PictureDecoder(c)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(z, d, 1), nn.Conv2d(d, z, 1)
        self.quantize = nn.ModuleDict({"embedding": nn.Embedding(c["codebook_size"], d)})

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures in -1..1 -> unit vectors [b, d, h, w]."""
        return F.normalize(self.quant_conv(self.encoder(pictures)), dim=1)

    def codes(self, pictures: Tensor) -> Tensor:
        table = F.normalize(self.quantize["embedding"].weight, dim=-1)
        return torch.einsum("bdhw,kd->bkhw", self.features(pictures), table).argmax(1)

    def decode(self, codes: Tensor) -> Tensor:
        """codes [b, h, w] -> pictures in about -1..1."""
        table = F.normalize(self.quantize["embedding"].weight, dim=-1)
        x = F.embedding(codes, table).permute(0, 3, 1, 2)
        return self.decoder(self.s2ddecoder(self.post_quant_conv(x)))
