"""Shows what a scorer lets through: `python -m training.scorer.calibrate [--test several] [--vae FOLDER] [--unknown FOLDER LIST]`.

Right pictures (plain and damaged) against all they hold, the same against another prompt and against one thing more
and one less, and things the atlas has never seen. --vae: a diffusers AutoencoderKL to pass the pictures through.
--unknown: the emoji assets folder and the JSON list of further objects, whose best match should stay below LEAST_MATCH.
"""

import argparse
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from training.data.language import Request, caption
from training.data.scenes import CELL, SIDE, Background, Scene, render
from training.data.sprites import cropped, emoji_file, fitted
from training.data.vocabulary import BY_NAME

from . import atlas
from .detect import detect
from .frozen import DEFAULT, TESTS, FrozenTest
from .report import percent
from .score import LEAST_MATCH

SCENES = 200
Damage = Callable[[np.ndarray], np.ndarray]


def blurred(radius: float) -> Damage:
    """Gaussian blur, radius in px."""
    return lambda p: np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius)))


def noisy(spread: float) -> Damage:
    """Normal noise, spread in grey levels."""
    rng = np.random.default_rng(1)
    return lambda p: np.clip(p + rng.normal(0, spread, p.shape), 0, 255).astype(np.uint8)


def jpeg(quality: int) -> Damage:
    """Through a JPEG file."""

    def through(picture: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    return through


def half_gone(picture: np.ndarray) -> np.ndarray:
    """The right half of each row becomes its leftmost colour: what is there is no longer whole."""
    out = picture.copy()
    out[:, SIDE // 2 :] = picture[:, :1]
    return out


def shuffled(picture: np.ndarray) -> np.ndarray:
    """All cells in another order: right colours, no shapes."""
    cells = picture.reshape(8, CELL, 8, CELL, 3).swapaxes(1, 2).reshape(64, CELL, CELL, 3)
    order = np.random.default_rng(2).permutation(64)
    return cells[order].reshape(8, 8, CELL, CELL, 3).swapaxes(1, 2).reshape(SIDE, SIDE, 3)


def vae_round_trip(folder: str) -> Damage:
    """Encoded to the mode of the posterior and decoded again, float32."""
    import torch
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(folder).eval()

    @torch.no_grad()
    def through(picture: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        y = vae.decode(vae.encode(x).latent_dist.mode()).sample
        return ((y[0] / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()

    return through


def miscounted(request: Request) -> tuple[Request, Request]:
    """The request with its first object twice, and without it."""
    first, *others = request.objects
    return tuple(replace(request, objects=objects, relation=None) for objects in ((first, first, *others), tuple(others)))


def row(test: FrozenTest, name: str, damage: Damage, scenes: list[Scene]) -> str:
    """Passes against everything the scene holds, another scene's caption and a wrong number; what failed; match quantiles."""
    rng = np.random.default_rng(3)
    requests = [caption(s, rng).request for s in scenes]
    passed = wrong = miscount = 0
    failures: Counter[str] = Counter()
    matches = []
    for i, scene in enumerate(scenes):
        picture = damage(render(scene))
        seen = test.detect(picture)
        verdict = test.judge(picture, test.shown(scene), *seen)
        passed += verdict.ok
        wrong += test.judge(picture, requests[(i + 1) % len(requests)], *seen).ok
        miscount += any(test.judge(picture, asked, *seen).ok for asked in miscounted(test.shown(scene)))
        failures.update(k.split()[0] for k, good in verdict.checks.items() if not good)
        matches.append(verdict.match)
    low, middle = np.percentile(matches, [5, 50])
    shares = " | ".join(percent(count, len(scenes)) for count in (passed, wrong, miscount))
    return f"| {name} | {shares} | {low:.3f} / {middle:.3f} | {dict(failures)} |"


def unknown(folder: Path, listed: Path) -> str:
    """Things outside the atlas, on white or dark blue: how many are taken for one of the 60 classes."""
    taken, matches = [], []
    for thing in json.loads(listed.read_text()):
        if thing["name"] in atlas.names():
            continue
        try:
            sprite = np.asarray(fitted(cropped(Image.open(emoji_file(folder, thing["emoji"]))), 128), np.float32) / 255
        except FileNotFoundError:
            continue
        pale = (sprite[..., :3].mean(-1) * sprite[..., 3]).sum() > 0.6 * sprite[..., 3].sum()
        picture = np.repeat(Background("blue" if pale else "white", 2 if pale else 0).column()[:, None], SIDE, 1)
        part = picture[64:192, 64:192]
        part += (sprite[..., :3] - part) * sprite[..., 3:]
        _, found = detect((picture * 255 + 0.5).astype(np.uint8))
        known = [d for d in found if d.name in BY_NAME]
        matches.append(max((d.match for d in known), default=0))
        taken += [f"{thing['name']} = {d.name}" for d in known if d.match >= LEAST_MATCH]
    return f"unknown things: {len(taken)} of {len(matches)} taken for a known one ({', '.join(taken)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", choices=tuple(TESTS), default=DEFAULT)
    parser.add_argument("--vae")
    parser.add_argument("--unknown", nargs=2, type=Path)
    parser.add_argument("--scenes", type=int, default=SCENES)
    options = parser.parse_args()
    rng, test = np.random.default_rng(4), TESTS[options.test]
    scenes = [test.scene(rng, i) for i in range(options.scenes)]
    rows: dict[str, Damage] = {"ground truth": lambda p: p}
    if options.vae:
        rows["VAE round trip"] = vae_round_trip(options.vae)
    rows |= {
        "blur 2 px": blurred(2), "blur 4 px": blurred(4), "noise 20": noisy(20),
        "JPEG quality 15": jpeg(15), "half gone": half_gone, "cells shuffled": shuffled,
    }  # fmt: skip
    print("| picture | right prompt passes | wrong prompt passes | wrong number passes | match 5 % / median | failed checks |")
    print("|---|---|---|---|---|---|")
    for name, damage in rows.items():
        print(row(test, name, damage, scenes), flush=True)
    if options.unknown:
        print(unknown(*options.unknown))


if __name__ == "__main__":
    main()
