"""Euler sampling with the reference's time shift and guidance."""

import torch
from torch import Tensor

from .dit import DiT


def timesteps(steps: int, height: int, width: int) -> Tensor:
    """Times of the steps, latent height and width: [steps + 1], ending in 1."""
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)[:-1]
    m = (height * width) ** 0.5 / 40
    return torch.cat([t / (m - m * t + t), torch.ones(1, dtype=torch.float64)]).float()


@torch.no_grad()
def denoise(
    dit: DiT,
    noise: Tensor,
    text: Tensor,
    text_mask: Tensor | None,
    queries: Tensor | None,
    nothing: Tensor | None = None,
    references: list[Tensor] | None = None,
    steps: int = 20,
    text_guidance: float = 1.0,
    image_guidance: float = 1.0,
) -> Tensor:
    """noise [b, c, h, w] -> latents. nothing [n, H]: states of the negative prompt (for guidance above 1)."""
    x, times = noise, timesteps(steps, *noise.shape[2:]).to(noise.device)
    b = len(x)
    empty = None if nothing is None else nothing.expand(b, -1, -1)
    for now, then in zip(times[:-1], times[1:], strict=True):
        t = now.expand(b)
        v = dit(x, t, text, queries, text_mask, references)
        if text_guidance > 1:
            u = dit(x, t, empty)
            if image_guidance > 1 and references:
                r = dit(x, t, empty, references=references)
                v = u + image_guidance * (r - u) + text_guidance * (v - r)
            else:
                v = u + text_guidance * (v - u)
        x = x + (then - now) * v
    return x
