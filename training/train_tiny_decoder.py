"""Trains the tiny decoder on what the autoencoder decodes, by the clock; writes OUT/tiny_decoder.safetensors.

    python -m training.train_tiny_decoder OUT --vae FOLDER --minutes 25

Pictures of both domains. Half of their latents (the posterior's mode) are noised, blurred or mixed with
others, as those of a transformer are that has few steps or is still under way. The target is always what the
autoencoder's own decoder makes of the same latents, never the picture.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from .data import scenes
from .networks.common import halves
from .networks.tiny_decoder import TinyDecoder, products
from .networks.vae import VAE
from .train_common import Average, Clock, Log, Muon, advance, half_precision, one_quiet_thread, save, scale_rates, swapped
from .train_vae import floats, psnr

RATES = [2e-3, 0.01]
CROP = 16
"""Latent pixels a side of a training example."""
BATCH = 16
POOL, RENEWED = 900, 8
"""Pictures whose latents and targets are kept, and how many of them are made anew every so many steps."""
EVERY = 25


def pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    """uint8 [n, 256, 256, 3], one third of the small domain."""
    from .world import render, sampling

    small = lambda: scenes.render(scenes.sample(rng))  # noqa: E731
    world = lambda: render.render(sampling.sample(rng, sampling.FULL))  # noqa: E731
    return np.stack([small() if rng.random() < 1 / 3 else world() for _ in range(count)])


def spoiled(latents: Tensor, g: torch.Generator) -> Tensor:
    """Half of them as they are, the others noised, blurred or half another picture's."""
    out = latents.clone()
    spread = latents.std((0, 2, 3), keepdim=True)[0]
    for i in range(len(out)):
        how, amount = (torch.rand((), generator=g).item() for _ in range(2))
        if how < 0.2:
            out[i] += 0.3 * amount * spread * torch.randn(out[i].shape, generator=g)
        elif how < 0.35:
            soft = F.avg_pool2d(out[i : i + 1], 3, 1, 1, count_include_pad=False)[0]
            out[i] = out[i].lerp(soft, amount)
        elif how < 0.5:
            out[i] = out[i].lerp(latents[i - 1], 0.5 * amount)
    return out


class Pool:
    """Latents [n, 8, 32, 32] with what the autoencoder makes of them; a few are replaced now and then."""

    def __init__(self, vae: VAE, rng: np.random.Generator, count: int):
        self.vae, self.rng, self.g = vae, rng, torch.Generator().manual_seed(int(rng.integers(2**31)))
        made = [self.make(min(50, count)) for _ in range(-(-count // 50))]
        self.latents, self.targets = (torch.cat(x) for x in zip(*made, strict=True))

    @torch.no_grad()
    def make(self, count: int) -> tuple[Tensor, Tensor]:
        latents = spoiled(self.vae.model.encode(floats(pictures(self.rng, count))), self.g)
        return latents, self.vae.model.decode(latents).half()

    def renew(self, count: int) -> None:
        at = torch.from_numpy(self.rng.choice(len(self.latents), count, replace=False))
        self.latents[at], self.targets[at] = self.make(count)

    def batch(self, count: int, side: int) -> tuple[Tensor, Tensor]:
        """Pieces of `side` latent pixels and their pictures."""
        n, y, x = (self.rng.integers(0, high, count) for high in (len(self.latents), *(s - side + 1 for s in self.latents.shape[2:])))
        cut = lambda t, k: torch.stack([t[i, :, k * a : k * (a + side), k * b : k * (b + side)] for i, a, b in zip(n, y, x, strict=True)])  # noqa: E731
        return cut(self.latents, 1), cut(self.targets, 8).float()


def loss_of(drawn: Tensor, target: Tensor) -> Tensor:
    """Colours, and edges: differences of neighbours."""
    error = drawn - target
    edges = sum((error.diff(dim=d)).abs().mean() for d in (2, 3))
    return error.abs().mean() + 2 * error.square().mean() + 0.5 * edges


@torch.no_grad()
def fidelity(model: TinyDecoder, pool: Pool) -> dict[str, float]:
    """Against the autoencoder's decoder: PSNR in dB, mean of the pictures', and of the worst twentieth."""
    drawn = torch.cat([model(x) for x in pool.latents.split(16)]).clamp(-1, 1)
    each = torch.tensor([psnr(error) for error in drawn - pool.targets.float().clamp(-1, 1)])
    return {"psnr": each.mean().item(), "worst": each.quantile(0.05).item()}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--minutes", type=float, default=25)
    ask.add_argument("--pool", type=int, default=POOL)
    a = ask.parse_args()
    one_quiet_thread(0)
    a.out.mkdir(parents=True, exist_ok=True)
    log, vae = Log(a.out / "log.jsonl"), VAE.load(a.vae)
    pool, tests = Pool(vae, np.random.default_rng(3), a.pool), Pool(vae, np.random.default_rng(4), min(64, a.pool))
    model = TinyDecoder(tests.latents.shape[1]).to(memory_format=torch.channels_last)
    kernels = {n: p for n, p in model.named_parameters() if p.ndim == 4 and "stages" in n}
    rest = [p for n, p in model.named_parameters() if n not in kernels]
    steppers = [torch.optim.AdamW(rest, lr=RATES[0], weight_decay=0.0), Muon(list(kernels.values()), lr=RATES[1])]
    average, step, shown = Average(model), 0, time.time()
    clock = Clock(time.time() + 60 * a.minutes, fall=0.6, floor=0.02, warm=50)
    log(parameters=sum(p.numel() for p in model.parameters()), products=products(model, 32))
    while clock.share < 1:
        scale_rates(steppers, RATES, clock.factor(step))
        latents, targets = pool.batch(BATCH, CROP)
        with half_precision():
            drawn = model(latents.contiguous(memory_format=torch.channels_last))
        loss_of(drawn.float(), targets).backward()
        advance(model, steppers, average)
        step += 1
        if step % EVERY == 0:
            pool.renew(min(RENEWED, a.pool))
        if time.time() - shown > 60 or clock.share >= 1:
            with swapped(model, average.values):
                log(step=step, **fidelity(model, tests))
                save_file(halves(model.state_dict()), a.out / "tiny_decoder.safetensors")
            save(a.out / "average.pt", **average.values)
            shown = time.time()


if __name__ == "__main__":
    main()
