"""Trains the picture autoencoder from its closed-form start, by the clock; saves a diffusers AutoencoderKL folder.

    python -m training.train_vae OUT --minutes 13 [--domain world] [--start FOLDER]

Crops of 128 px, most of them centred on an object; L1 + 2 x squared error, a little noise on the latents. --start goes
on from a folder's weights in place of the closed form; --keep-latents then trains the decoder alone, so that all that
was learned on the latents stays right.
"""

import argparse
import copy
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .data import scenes
from .networks.pyramid import fold, start
from .train_common import Clock, Log, Muon, half_precision, one_quiet_thread, scale_rates

CONFIG = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [16, 16, 32, 64],
    "layers_per_block": 1,
    "latent_channels": 8,
    "norm_num_groups": 1,
    "mid_block_add_attention": False,
    "sample_size": 256,
    "scaling_factor": 1.0,
}
CROP = 128
LATENT_NOISE = 0.03


def floats(pictures: np.ndarray) -> Tensor:
    """uint8 [n, h, w, 3] -> -1..1 [n, 3, h, w]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def crops(drawn: list[tuple[scenes.Scene, np.ndarray]], rng: np.random.Generator, count: int, side: int) -> Tensor:
    """Pieces of the pictures, 85 % of them around a point of an object, half of them mirrored."""
    out = np.empty((count, side, side, 3), np.uint8)
    for i in range(count):
        scene, picture = drawn[rng.integers(len(drawn))]
        y, x = rng.integers(0, scenes.SIDE, 2)
        if rng.random() < 0.85:
            o = scenes.choice(rng, scene.objects)
            y, x = (scenes.CELL * (at + o.size * rng.uniform(0.1, 0.9)) for at in (o.row, o.column))
        top, left = (int(np.clip(v - side / 2, 0, scenes.SIDE - side)) for v in (y, x))
        piece = picture[top : top + side, left : left + side]
        out[i] = piece[:, ::-1] if rng.random() < 0.5 else piece
    return floats(out)


def draw(rng: np.random.Generator, count: int, domain: str = "small") -> list[tuple[scenes.Scene, np.ndarray]]:
    """Scenes with their pictures. In the domain "world" thin lines and hard edges, the hardest, come often."""
    if domain == "world":
        from .world import render, sampling

        styles = {"3d": 0.35, "flat": 0.15, "pixel": 0.1, "line": 0.2, "grey": 0.05, "sticker": 0.15}
        curriculum = replace(sampling.FULL, styles=styles)
        return [(s, render.render(s)) for s in (sampling.sample(rng, curriculum) for _ in range(count))]
    return [(s, scenes.render(s)) for s in (scenes.sample(rng) for _ in range(count))]


def psnr(error: Tensor) -> float:
    """dB of an error in units of -1..1."""
    return 10 * math.log10(4 / max(error.square().mean().item(), 1e-9))


def fidelity(before: Tensor, after: Tensor, scene) -> dict[str, float]:
    """Pictures [3, 256, 256] in -1..1: PSNR (dB) of the whole and inside object boxes, mean error of the ground (grey levels)."""
    box = torch.zeros(before.shape[1:], dtype=torch.bool)
    for o in scene.objects:
        r, c, n = (scenes.CELL * v for v in (o.row, o.column, o.size))
        box[r : r + n, c : c + n] = True
    error = after - before
    return {"psnr": psnr(error), "objects": psnr(error[:, box]), "ground": error[:, ~box].abs().mean().item() * 127.5}


@torch.no_grad()
def quality(vae, drawn: list[tuple[scenes.Scene, np.ndarray]]) -> dict[str, float]:
    """Means of `fidelity` over pictures."""
    rows = []
    for scene, picture in drawn:
        x = floats(picture[None])
        y = vae.decode(vae.encode(x).latent_dist.mode()).sample.clamp(-1, 1)
        rows.append(fidelity(x[0], y[0], scene))
    return {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}


def steppers(vae, share: float) -> list[torch.optim.Optimizer]:
    """Muon for the kernels of the residual branches, AdamW for the rest; their rates x share."""
    named = {n: p for n, p in vae.named_parameters() if p.requires_grad}
    branches = {n for n, p in named.items() if p.ndim == 4 and ("conv1" in n or "conv2" in n)}
    rest = [p for n, p in named.items() if n not in branches]
    return [
        torch.optim.AdamW(rest, lr=1e-3 * share, betas=(0.9, 0.98), weight_decay=0.0),
        Muon([named[n] for n in sorted(branches)], lr=0.007 * share, steps=5),
    ]


def loss_of(vae, x: Tensor) -> Tensor:
    with half_precision():
        mean = vae.quant_conv(vae.encoder(x))[:, : CONFIG["latent_channels"]].float()
        spread = mean.detach().std((0, 2, 3), keepdim=True)
        y = vae.decode(mean + LATENT_NOISE * spread * torch.randn_like(mean)).sample
    error = y.float() - x
    return error.abs().mean() + 2 * error.square().mean() + 1e-5 * mean.square().mean()


def train(vae, drawn, minutes: float, log: Log, tests, share: float = 1.0) -> nn.Module:
    """Returns the averaged autoencoder."""
    average, both = copy.deepcopy(vae), steppers(vae, share)
    rates = [s.param_groups[0]["lr"] for s in both]
    clock, step, rng, shown = Clock(time.time() + 60 * minutes, fall=0.6, floor=0.02, warm=50), 0, np.random.default_rng(1), time.time()
    while clock.share < 1:
        scale_rates(both, rates, clock.factor(step))
        loss_of(vae, crops(drawn, rng, 8, CROP).contiguous(memory_format=torch.channels_last)).backward()
        nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        for s in both:
            s.step()
        vae.zero_grad(set_to_none=True)
        step += 1
        with torch.no_grad():
            for a, p in zip(average.parameters(), vae.parameters(), strict=True):
                a.lerp_(p, 1 - min(0.997, 1 - 5 / (step + 5)))
        if time.time() - shown > 60 or clock.share >= 1:
            log(step=step, **quality(average, tests))
            shown = time.time()
    return average


def main() -> None:
    from diffusers import AutoencoderKL

    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--minutes", type=float, default=13)
    ask.add_argument("--scenes", type=int, default=4000)
    ask.add_argument("--domain", choices=("small", "world"), default="small")
    ask.add_argument("--start", help="a folder of an AutoencoderKL to go on from, at half the rates")
    ask.add_argument("--keep-latents", action="store_true", help="with --start: the encoder stays as it is")
    a = ask.parse_args()
    if a.keep_latents and not a.start:
        ask.error("--keep-latents needs --start")
    one_quiet_thread(0)
    a.out.mkdir(parents=True, exist_ok=True)
    log, rng = Log(a.out / "log.jsonl"), np.random.default_rng(0)
    drawn, tests = draw(rng, a.scenes, a.domain), draw(np.random.default_rng(9), 32, a.domain)
    if a.start:
        vae = AutoencoderKL.from_pretrained(a.start)
        for part in (vae.encoder, vae.quant_conv):
            part.requires_grad_(not a.keep_latents)
    else:
        vae = AutoencoderKL(**CONFIG)
        start(vae, crops(drawn, rng, 1000, 64))
    log(step=0, **quality(vae, tests))
    vae = train(vae.to(memory_format=torch.channels_last), drawn, a.minutes, log, tests, 0.5 if a.start else 1.0)
    if not a.keep_latents:
        fold(vae, crops(drawn, rng, 64, CROP))
    log(**quality(vae, tests))
    vae.save_pretrained(a.out)


if __name__ == "__main__":
    main()
