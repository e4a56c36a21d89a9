"""The judge that reinforcement learning asks: what a picture shows, cell by cell. It shares nothing with the scorer.

    python -m training.verifier OUT --model assets/model --minutes 6          # learns from its own renders
    python -m training.verifier OUT --model assets/model --minutes 0          # says how often OUT is right

A small convolutional network names thing, paint and part of each cell of the lattice and the ground's colour at top and
bottom; cells that agree on a box make a thing. It learns from scenes of its own seed, shifted, blurred, noisy, or back
from the picture autoencoder with noise in their latents, so that what a diffusion transformer draws is no news to it.
"""

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .data import scenes
from .data.scenes import GRID, SIZE_PARTS, Background, Scene, SceneObject
from .data.vocabulary import COLOUR_NAMES, NAMES
from .networks import load
from .networks.vae import VAE
from .train_common import Average, Clock, Log, Muon, advance, half_precision, keep, one_quiet_thread, resume, save, scale_rates

NO_THING, NO_PAINT, NO_PART = len(NAMES), 1 + len(COLOUR_NAMES), len(SIZE_PARTS)
"""What a cell of the ground has in place of a thing's index, paint and part."""
SEED = 31
POOL = 192
"""Pictures that went through the autoencoder, made once."""
SHIFT = 4
"""Pixels by which a picture for training may lie beside the lattice."""


@dataclass
class Shown:
    """What pictures or plans show. names, paints (0 = natural), parts: int64 [b, 8, 8]; grounds: colour at top and bottom
    int64 [b, 2], -1 where it is none that there is.
    """

    names: np.ndarray
    paints: np.ndarray
    parts: np.ndarray
    grounds: np.ndarray


def code_factors(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thing, paint and part of each code [...]."""
    thing = codes < scenes.OBJECT_CODES
    ct, part = np.divmod(np.where(thing, codes, 0), NO_PART)
    name, paint = scenes.CT_CLASS[ct], scenes.CT_TINT[ct]
    return tuple(np.where(thing, x, none) for x, none in ((name, NO_THING), (paint, NO_PAINT), (part, NO_PART)))


@lru_cache(1)
def _grounds() -> tuple[np.ndarray, np.ndarray]:
    """Every ground there is: its names [k, 2] and the colour of each row of cells [k, 8, 3]."""
    plain = [Background(c, shade) for c in COLOUR_NAMES for shade in range(3)]
    every = [*plain, *(Background(a, to=b) for a, b in permutations(COLOUR_NAMES, 2))]
    rows = np.stack([g.column().reshape(GRID, -1, 3).mean(1) for g in every])
    return np.stack([ground_names(g) for g in every]), rows


def ground_names(ground: Background) -> np.ndarray:
    """Indices of its colours at top and bottom [2]."""
    return np.array([COLOUR_NAMES.index(c) for c in (ground.colour, ground.to or ground.colour)])


STRAY = 0.01
"""Mean squared distance of a plan's ground to the nearest one there is above which it is none."""


def plans_show(codes: np.ndarray) -> Shown:
    """codes [b, 8, 8], as they stand."""
    names, rows = _grounds()
    ground = codes >= scenes.OBJECT_CODES
    colours = scenes.background_bank()[np.where(ground, codes - scenes.OBJECT_CODES, 0)]
    away = ((colours[:, None] - rows[None, :, :, None]) ** 2).sum(-1) * ground[:, None]
    away = away.sum((2, 3)) / ground.sum((1, 2)).clip(1)[:, None]
    told = ground.any((1, 2)) & (away.min(1) < STRAY)
    found = np.where(told[:, None], names[away.argmin(1)], -1)
    return Shown(*code_factors(codes), found)


def things(shown: Shown, i: int) -> tuple[list[tuple[SceneObject, float]], int]:
    """The things of picture i, each with the share of its box that says so (at least half), and how many cells say
    otherwise.
    """
    cells = np.argwhere(shown.names[i] != NO_THING)
    votes: Counter[tuple[int, int, int, int]] = Counter()
    paints: dict[tuple[int, int, int, int], Counter[int]] = {}
    for r, c in cells:
        part = shown.parts[i, r, c]
        if part == NO_PART:
            continue
        size, y, x = SIZE_PARTS[part]
        box = (int(shown.names[i, r, c]), size, int(r) - y, int(c) - x)
        votes[box] += 1
        paints.setdefault(box, Counter())[int(shown.paints[i, r, c])] += 1
    found = []
    for box, count in votes.most_common():
        name, size, row, column = box
        if 2 * count >= size * size:
            paint = paints[box].most_common(1)[0][0]
            tint = COLOUR_NAMES[paint - 1] if 0 < paint < NO_PAINT else None
            found.append((SceneObject(NAMES[name], size, row, column, tint), count / size**2))
    return found, len(cells) - round(sum(o.size**2 * share for o, share in found))


# ---------------------------------------------------------------- the network


@dataclass
class Guess:
    """Logits: names [b, 61, 8, 8], paints [b, 14, 8, 8], parts [b, 30, 8, 8], grounds [b, 12, 2]."""

    names: Tensor
    paints: Tensor
    parts: Tensor
    grounds: Tensor


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.gelu(self.first(self.norm(x))))


class Verifier(nn.Module):
    """uint8 pictures [b, 256, 256, 3], looked at at half their size."""

    def __init__(self, widths: tuple[int, int, int] = (48, 96, 192)):
        super().__init__()
        a, b, c = widths
        self.stem = nn.Conv2d(3, a, 4, stride=4)
        self.body = nn.Sequential(
            Residual(a), nn.Conv2d(a, b, 2, stride=2), Residual(b), nn.Conv2d(b, c, 2, stride=2), Residual(c), Residual(c),
            nn.GroupNorm(8, c),
        )  # fmt: skip
        self.cells = nn.Conv2d(c, NO_THING + NO_PAINT + NO_PART + 3, 1)
        self.ends = nn.Linear(c, len(COLOUR_NAMES))

    @half_precision()
    def forward(self, pictures: np.ndarray | Tensor) -> Guess:
        x = torch.as_tensor(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = self.body(self.stem(F.avg_pool2d(x, 2)).contiguous(memory_format=torch.channels_last))
        parts = self.cells(x).float().split([NO_THING + 1, NO_PAINT + 1, NO_PART + 1], 1)
        ends = torch.stack([x[:, :, :2].mean((2, 3)), x[:, :, -2:].mean((2, 3))], 1)
        return Guess(*parts, self.ends(ends).float().transpose(1, 2))

    @torch.no_grad()
    def read(self, pictures: np.ndarray) -> tuple[Shown, Guess]:
        """What pictures show, and how sure that is."""
        guess = self(pictures)
        return Shown(*(x.argmax(1).numpy() for x in (guess.names, guess.paints, guess.parts, guess.grounds))), guess


@torch.no_grad()
def likeness(guess: Guess, wanted: list[Scene]) -> Tensor:
    """How sure it is [b] in 0..1 that pictures show the scenes: mean of things' cells, the ground's cells, its colours.

    A scene without things is the mean of the others.
    """
    names, paints, _ = (torch.from_numpy(x) for x in code_factors(np.stack([scenes.codes(s) for s in wanted])))
    right = guess.names.softmax(1).gather(1, names[:, None])[:, 0]
    painted = right * guess.paints.softmax(1).gather(1, paints[:, None])[:, 0]
    thing = names != NO_THING
    ends = torch.from_numpy(np.stack([ground_names(s.background) for s in wanted]))
    colours = guess.grounds.softmax(1).gather(1, ends[:, None])[:, 0].prod(1)
    shares = [(painted * thing).sum((1, 2)) / thing.sum((1, 2)), (right * ~thing).sum((1, 2)) / (~thing).sum((1, 2)), colours]
    return torch.stack(shares).nanmean(0)


def load_verifier(folder: Path) -> Verifier:
    """What `main` left in its folder."""
    model = Verifier().eval().requires_grad_(False)
    model.load_state_dict(torch.load(folder / "average.pt"))
    return model


# ---------------------------------------------------------------- learning


def drawn(rng: np.random.Generator, count: int) -> list[Scene]:
    """Scenes with and without combinations that the model never sees: a judge must know both."""
    return [scenes.sample_several(rng, allowed=lambda scene: True) for _ in range(count)]


def through(vae: VAE, pictures: np.ndarray, noise: Tensor) -> np.ndarray:
    """Pictures as an autoencoder gives them back, with noise [b] in their latents."""
    parts = zip(np.split(pictures, range(8, len(pictures), 8)), noise.split(8), strict=True)
    latents = [(vae.encode(p), n[:, None, None, None]) for p, n in parts]
    return np.concatenate([vae.decode(z + n * torch.randn_like(z)) for z, n in latents])


def worn(pictures: Tensor) -> Tensor:
    """uint8 [b, 256, 256, 3] a little beside the lattice, a third of them blurred, with noise and another brightness."""
    x = pictures.permute(0, 3, 1, 2).float()
    dy, dx = torch.randint(0, 2 * SHIFT + 1, (2,)).tolist()
    x = F.pad(x, [SHIFT] * 4, mode="replicate")[:, :, dy : dy + scenes.SIDE, dx : dx + scenes.SIDE]
    soft = F.interpolate(F.avg_pool2d(x, 4), scale_factor=4, mode="bilinear")
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.33, soft, x)
    x = x + torch.rand(len(x), 1, 1, 1) * 16 * torch.randn_like(x) + 8 * torch.randn(len(x), 3, 1, 1)
    return x.clamp(0, 255).byte().permute(0, 2, 3, 1)


def loss(model: Verifier, pictures: Tensor, wanted: list[Scene]) -> Tensor:
    """Cross-entropy of all that is named; a thing's cells weigh four times."""
    guess = model(pictures)
    aims = [torch.from_numpy(x) for x in code_factors(np.stack([scenes.codes(s) for s in wanted]))]
    weight = torch.where(aims[0] == NO_THING, 1.0, 4.0)
    each = sum(F.cross_entropy(g, a, reduction="none") for g, a in zip((guess.names, guess.paints, guess.parts), aims, strict=True))
    ends = torch.from_numpy(np.stack([ground_names(s.background) for s in wanted]))
    return (each * weight).sum() / weight.sum() + F.cross_entropy(guess.grounds, ends)


def accuracy(model: Verifier, pictures: np.ndarray, wanted: list[Scene]) -> dict[str, float]:
    """Shares of pictures whose things are all right (thing, paint, box), whose ground is, and both."""
    shown, _ = model.read(pictures)
    found = [{o for o, _ in things(shown, i)[0]} == set(s.objects) for i, s in enumerate(wanted)]
    ground = [bool((g == ground_names(s.background)).all()) for g, s in zip(shown.grounds, wanted, strict=True)]
    both = np.logical_and(found, ground)
    return {"things": float(np.mean(found)), "ground": float(np.mean(ground)), "all": float(np.mean(both))}


def steppers_of(model: Verifier, lr: float, muon: float) -> list[torch.optim.Optimizer]:
    """Muon for the body's kernels, AdamW for the rest."""
    kernels = [p for n, p in model.named_parameters() if n.startswith("body") and p.ndim == 4]
    rest = [p for n, p in model.named_parameters() if not (n.startswith("body") and p.ndim == 4)]
    return [torch.optim.AdamW(rest, lr=lr, weight_decay=0.0), Muon(kernels, lr=muon)]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--model", type=Path, required=True, help="a checkpoint folder, for its picture autoencoder")
    ask.add_argument("--minutes", type=float, default=6)
    ask.add_argument("--size", type=int, default=32)
    ask.add_argument("--lr", type=float, default=2e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--check", type=int, default=200, help="scenes of another seed to be right about at the end")
    a = ask.parse_args()
    one_quiet_thread(SEED)
    a.out.mkdir(parents=True, exist_ok=True)
    log, vae, model = Log(a.out / "log.jsonl"), load(a.model).vae, Verifier()
    steppers, average = steppers_of(model, a.lr, a.muon), Average(model, 0.99)
    clock = Clock(time.time() + 60 * a.minutes, fall=0.6)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    rng = np.random.default_rng(SEED + step)
    if a.minutes:
        kept = drawn(rng, POOL)
        pool = through(vae, np.stack([scenes.render(s) for s in kept]), torch.rand(POOL) * 0.5)
        log(parameters=sum(p.numel() for p in model.parameters()), pool=POOL)
        began = time.time()
        while clock.share < 1:
            scale_rates(steppers, [a.lr, a.muon], clock.factor(step))
            again = rng.integers(POOL, size=a.size // 4)
            fresh = drawn(rng, a.size - len(again))
            pictures = np.concatenate([np.stack([scenes.render(s) for s in fresh]), pool[again]])
            value = loss(model, worn(torch.from_numpy(pictures)), [*fresh, *(kept[i] for i in again)])
            value.backward()
            advance(model, steppers, average)
            step += 1
            if step % 20 == 0:
                log(step=step, loss=value.item(), pace=(time.time() - began) / 20)
                began = time.time()
        keep(*run, step)
        save(a.out / "average.pt", **average.values)
    judge, held = load_verifier(a.out), drawn(np.random.default_rng(SEED + 10**6), a.check)
    pictures = np.stack([scenes.render(s) for s in held])
    log(step=step, n=a.check, **accuracy(judge, pictures, held))
    log(through_the_autoencoder=a.check, **accuracy(judge, through(vae, pictures, torch.zeros(a.check)), held))


if __name__ == "__main__":
    main()
