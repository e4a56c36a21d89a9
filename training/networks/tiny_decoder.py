"""The tiny decoder: latents to a picture in a sixth of the autoencoder's products, learned from what that decodes.

Residual blocks of plain convolutions without norms, most of them at the latents' own size; pixels come from channels
(after the tiny autoencoders of Ollin Boer Bohan, github.com/madebyollin/taesd).
"""

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = [64, 32, 16]
"""Channels at the latents' size, twice and four times that; the last step to pixels doubles once more."""
DEPTHS = [3, 2, 1]


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class TinyDecoder(nn.Module):
    """Latents [n, channels, h, w] as the autoencoder's decoder takes them -> pictures [n, 3, 8h, 8w], about -1..1."""

    def __init__(self, channels: int, widths: list[int] = WIDTHS, depths: list[int] = DEPTHS):
        super().__init__()
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.stages = nn.ModuleList(nn.ModuleList(Block(w) for _ in range(d)) for w, d in zip(widths, depths, strict=True))
        wider = [4 * w for w in widths[1:]] + [12]
        self.up = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, wider, strict=True))

    def forward(self, latents: Tensor) -> Tensor:
        x = F.relu(self.conv_in(latents))
        for i, (blocks, up) in enumerate(zip(self.stages, self.up, strict=True)):
            for block in blocks:
                x = block(x)
            x = F.pixel_shuffle(up(x), 2)
            x = F.relu(x) if i < len(self.up) - 1 else x
        return x


def products(model: TinyDecoder, side: int) -> int:
    """Multiplications for latents of side x side."""

    def kernels(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters() if p.ndim == 4)

    levels = [kernels(blocks) + kernels(up) for blocks, up in zip(model.stages, model.up, strict=True)]
    return kernels(model.conv_in) * side**2 + sum(count * (side << i) ** 2 for i, count in enumerate(levels))
