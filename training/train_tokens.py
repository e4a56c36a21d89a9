"""Trains the visual tokenizer: pictures to the scene's codes, and codes to a coarse picture.

    python -m training.train_tokens OUT --sequences A/average.pt --minutes 4 [--domain world] [--model FOLDER]

A picture is shrunk to 14 x 14 px for each code of its plan, whatever shape that gives it. The codebook is fixed: a
projection of what each code draws plus a part for its factors, l2-normalised. The encoder learns by cross-entropy on the
cosines with the codes of the batch and random others; the decoder by regression. A run in the same folder goes on where
the last one stopped. --model begins with those tensors of a checkpoint folder that fit.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .data import scenes
from .networks import config as c
from .networks.codes import CLASS, OBJECT_CODES, PARTS, TINT
from .networks.common import part, read_safetensors
from .networks.visual_tokenizer import VisualTokenizer
from .train_common import Average, Clock, Log, advance, half_precision, keep, one_quiet_thread, optimisers, resume, save, scale_rates

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
GROUND_WEIGHT = 0.3
RATES = [2e-3, 0.02]
KEPT, NEW_SHARE = 2000, 0.25
"""Pictures that are shown again, and the share of a batch that is new: drawing costs as much as learning."""


@dataclass(frozen=True)
class Domain:
    """sizes: of the networks, as config.json has them. draw: picture uint8 [256, 256, 3] and codes [rows, columns].

    factors [codes, codebook_dim]: what each code says. draws bool [codes]: codes that show (a part of) a thing.
    """

    sizes: dict
    draw: Draw
    factors: Tensor
    draws: Tensor


def directions(count: int, width: int, g: torch.Generator) -> Tensor:
    return F.normalize(torch.randn(count, width, generator=g), dim=-1)


def small(g: torch.Generator) -> Domain:
    """Up to four objects, a plan of 8 x 8."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        scene = scenes.sample_several(rng)
        return scenes.render(scene), scenes.codes(scene)

    width = c.VISUAL_TOKENIZER["codebook_dim"]
    ct, sp = torch.arange(OBJECT_CODES) // PARTS, torch.arange(OBJECT_CODES) % PARTS
    names, tints, parts = (directions(n, width, g) for n in (len(scenes.NAMES), 13, PARTS))
    things = (names[CLASS[ct]] + tints[TINT[ct]] + parts[sp]) * 0.5
    grounds = directions(scenes.CODES - OBJECT_CODES, width, g) * 0.4
    return Domain(c.VISUAL_TOKENIZER, draw, torch.cat([things, grounds]), torch.arange(scenes.CODES) < OBJECT_CODES)


def world(g: torch.Generator) -> Domain:
    """Up to four things in any style before any ground, a plan of 8 x 16."""
    from .world import codes, config, plans, render, sampling, tables

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        scene = sampling.sample(rng)
        return render.render(scene), plans.plan(scene)

    sizes = config.CONFIG.visual_tokenizer
    rows = tables.MEANINGS.rows
    factors = F.pad(directions(tables.FACTORS, sizes["codebook_dim"], g), (0, 0, 0, 1))
    number = torch.arange(len(rows))
    look = number - codes.WHAT_CODES
    draws = (number < codes.FIRST_GROUND) | ((look >= 0) & (look < codes.FIRST_BANK))
    return Domain(sizes, draw, F.embedding(rows, factors).sum(1) * 0.5, draws)


DOMAINS = {"small": small, "world": world}


def codebook(content: Tensor, factors: Tensor, g: torch.Generator) -> Tensor:
    """[codes, width], unit rows."""
    projection = torch.randn(content.shape[1], factors.shape[1], generator=g) * content.shape[1] ** -0.5
    return F.normalize(F.normalize(content @ projection, dim=-1) + factors, dim=-1)


class Examples:
    """Pictures at the size the encoder reads, with their codes; the newest are kept and shown again."""

    def __init__(self, draw: Draw, patch: int, rng: np.random.Generator):
        self.draw, self.patch, self.rng, self.made = draw, patch, rng, 0
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []

    def one(self) -> tuple[np.ndarray, np.ndarray]:
        picture, codes = self.draw(self.rng)
        size = self.patch * codes.shape[1], self.patch * codes.shape[0]
        return np.asarray(Image.fromarray(picture).resize(size, Image.LANCZOS)), codes

    def batch(self, size: int, fresh: int) -> tuple[Tensor, Tensor]:
        """Pictures [n, 3, h, w] in -1..1 and codes [n, rows, columns]; `fresh` of them are new."""
        new = [self.one() for _ in range(max(fresh, size - len(self.kept)))]
        old = [self.kept[i] for i in self.rng.integers(len(self.kept), size=size - len(new))] if len(new) < size else []
        self.kept = [*self.kept, *new][-KEPT:]
        pictures, codes = (np.stack(x) for x in zip(*new, *old, strict=True))
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.from_numpy(codes)


def losses(model: VisualTokenizer, pictures: Tensor, codes: Tensor, draws: Tensor) -> tuple[Tensor, Tensor, float]:
    """Cross-entropy of the codes, regression of the picture, share of cells whose code is right among the candidates."""
    table = model.quantize["embedding"].weight
    flat = codes.flatten()
    known = torch.cat([flat, torch.randint(0, len(table), (512,))]).unique()
    with half_precision():
        features, drawn = model.features(pictures), model.decode(codes)
    cosines = features.float().permute(0, 2, 3, 1).flatten(0, 2) @ table[known].T
    target = torch.searchsorted(known, flat)
    weight = torch.where(draws[flat], 1.0, GROUND_WEIGHT)
    loss = (F.cross_entropy(20 * cosines, target, reduction="none") * weight).sum() / weight.sum()
    error = drawn.float() - pictures
    return loss, error.abs().mean() + (error**2).mean(), (cosines.argmax(1) == target).float().mean().item()


def restore(model: VisualTokenizer, folder: Path) -> int:
    """Puts in the tensors of a checkpoint that fit; returns how many."""
    own = model.state_dict()
    found = part(read_safetensors(folder / "model.safetensors"), "gen_tokenizer.image_tokenizer.")
    fit = {name: value for name, value in found.items() if name in own and value.shape == own[name].shape}
    model.load_state_dict(fit, strict=False)
    return len(fit)


@torch.no_grad()
def sheet(model: VisualTokenizer, pictures: Tensor, codes: Tensor) -> Image.Image:
    """Pictures over what the decoder makes of their codes, each at the shape of the encoder's input."""
    shown = torch.stack([pictures, model.decode(codes)]).clamp(-1, 1)
    rows = ((shown + 1) * 127.5).byte().permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return Image.fromarray(rows.numpy())


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True, help="averaged weights of the decoder, with what each code draws")
    ask.add_argument("--domain", choices=DOMAINS, default="small")
    ask.add_argument("--minutes", type=float, default=4)
    ask.add_argument("--size", type=int, default=12)
    ask.add_argument("--model", type=Path, help="a checkpoint folder to go on from")
    ask.add_argument("--every", type=float, default=2, help="minutes between checkpoints")
    ask.add_argument("--seed", type=int, default=2)
    a = ask.parse_args()
    one_quiet_thread(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    log, g = Log(a.out / "log.jsonl"), torch.Generator().manual_seed(8)
    domain = DOMAINS[a.domain](g)
    model = VisualTokenizer(domain.sizes)
    model.quantize["embedding"].weight.data = codebook(torch.load(a.sequences)["content"], domain.factors, g)
    if a.model:
        log(restored=restore(model, a.model))
    model.quantize.requires_grad_(False)
    model.s2ddecoder.distill_mlp.requires_grad_(False)
    steppers = optimisers(model, ["encoder.trunk.blocks", "s2ddecoder.transformer"], *RATES, {"qkv.weight": 3})
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    patch = domain.sizes["patch_size"]
    examples = Examples(domain.draw, patch, np.random.default_rng(a.seed + step))
    rows: list[tuple] = []
    last = time.time()
    while clock.share < 1:
        scale_rates(steppers, RATES, clock.factor(step))
        drawn = examples.batch(a.size, max(1, round(a.size * NEW_SHARE)))
        code, picture, right = losses(model, *drawn, domain.draws)
        (code + 4 * picture).backward()
        advance(model, steppers, average)
        step += 1
        rows.append((code.item(), picture.item(), right))
        if step % 20 == 0:
            log(step=step, **dict(zip(("code", "picture", "right"), np.mean(rows, 0).tolist(), strict=True)))
            rows = []
        if time.time() - last > 60 * a.every or clock.share >= 1:
            keep(*run, step)
            save(a.out / "average.pt", **average.values)
            last = time.time()
    model.load_state_dict(average.values, strict=False)
    pictures, codes = Examples(domain.draw, patch, np.random.default_rng(3)).batch(8, 8)
    with torch.no_grad():
        log(step=step, all_codes=(model.codes(pictures) == codes).float().mean().item())
    sheet(model, pictures, codes).save(a.out / "pictures.png")


if __name__ == "__main__":
    main()
