"""The picture autoencoder's network, with the tensor names of diffusers' AutoencoderKL (no attention in the middle)."""

import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))))), through a 1 x 1 convolution where the width changes."""

    def __init__(self, width: int, out: int, groups: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, width, 1e-6), nn.GroupNorm(groups, out, 1e-6)
        self.conv1, self.conv2 = nn.Conv2d(width, out, 3, padding=1), nn.Conv2d(out, out, 3, padding=1)
        self.conv_shortcut = None if width == out else nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return y + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Level(nn.Module):
    """Residual blocks, then a halving (`down`) or doubling of the size, or neither (None)."""

    def __init__(self, width: int, out: int, groups: int, blocks: int, down: bool | None):
        super().__init__()
        self.resnets = nn.ModuleList(Residual(out if i else width, out, groups) for i in range(blocks))
        self.down = down
        if down is not None:
            conv = nn.Conv2d(out, out, 3, stride=2) if down else nn.Conv2d(out, out, 3, padding=1)
            self.add_module("downsamplers" if down else "upsamplers", nn.ModuleList([nn.ModuleDict({"conv": conv})]))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resnets:
            x = block(x)
        if self.down:
            return self.downsamplers[0]["conv"](F.pad(x, (0, 1, 0, 1)))
        if self.down is False:
            return self.upsamplers[0]["conv"](F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class Middle(nn.Module):
    def __init__(self, width: int, groups: int):
        super().__init__()
        self.resnets = nn.ModuleList(Residual(width, width, groups) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resnets:
            x = block(x)
        return x


class Encoder(nn.Module):
    """Pictures [b, 3, h, w] -> mean and log variance [b, 2 z, h / 8, w / 8]."""

    def __init__(self, c: dict):
        super().__init__()
        widths, groups = c["block_out_channels"], c["norm_num_groups"]
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(c["in_channels"], widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            Level(widths[max(i - 1, 0)], width, groups, c["layers_per_block"], None if i == last else True)
            for i, width in enumerate(widths)
        )
        self.mid_block = Middle(widths[-1], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * c["latent_channels"], 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    """Latents [b, z, h, w] -> pictures [b, 3, 8 h, 8 w]."""

    def __init__(self, c: dict):
        super().__init__()
        widths, groups = c["block_out_channels"][::-1], c["norm_num_groups"]
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(c["latent_channels"], widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], groups)
        self.up_blocks = nn.ModuleList(
            Level(widths[max(i - 1, 0)], width, groups, c["layers_per_block"] + 1, None if i == last else False)
            for i, width in enumerate(widths)
        )
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], c["out_channels"], 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    """c: an AutoencoderKL's config. Pictures and what `decode` gives lie in about -1..1."""

    def __init__(self, c: dict):
        super().__init__()
        if c.get("mid_block_add_attention", True):
            raise ValueError("an autoencoder with attention in the middle is not supported: set mid_block_add_attention to false")
        z = c["latent_channels"]
        self.encoder, self.decoder = Encoder(c), Decoder(c)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(2 * z, 2 * z, 1), nn.Conv2d(z, z, 1)

    def encode(self, pictures: Tensor) -> Tensor:
        """The mode of the posterior."""
        return self.quant_conv(self.encoder(pictures)).chunk(2, 1)[0]

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(self.post_quant_conv(latents))
