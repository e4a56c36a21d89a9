"""What the picture autoencoder keeps of held-out scenes, by style and by ground.

    python -m training.world.roundtrip VAE [--each 24] [--seed 1] [--worst OUT.png]

VAE is a folder of a diffusers AutoencoderKL. Every scene holds a combination that training never sees. `ground` is the
mean error of what no thing covers, `flat` the same of solid grounds alone. Fails if a style misses the aims.
"""

import argparse
import sys
from dataclasses import replace

import numpy as np
from PIL import Image

from training.networks.vae import VAE
from training.train_common import one_quiet_thread
from training.train_vae import fidelity, floats

from .render import render
from .sampling import FULL, sample
from .scenes import Scene
from .splits import in_training
from .vocabulary import GROUNDS, STYLES

BATCH = 8
LEAST_PSNR, LEAST_OBJECTS, MOST_FLAT = 35.0, 27.5, 1.5
"""dB, dB, grey levels of 255: what a picture may lose."""


def held_out(style: str, count: int, rng: np.random.Generator) -> list[Scene]:
    """Scenes of one style before every kind of ground, evenly as far as the style has them."""
    curriculum = replace(FULL, styles={style: 1.0}, grounds=dict.fromkeys(GROUNDS, 1.0))
    return [sample(rng, curriculum, lambda scene: not in_training(scene)) for _ in range(count)]


def losses(vae: VAE, drawn: list[Scene]) -> list[dict[str, float]]:
    """`fidelity` of each scene, and `flat` where the ground is solid."""
    rows = []
    for start in range(0, len(drawn), BATCH):
        part = drawn[start : start + BATCH]
        pictures = np.stack([render(s) for s in part])
        back = vae.decode(vae.encode(pictures))
        for scene, before, after in zip(part, floats(pictures), floats(back), strict=True):
            row = fidelity(before, after, scene)
            rows.append(row | ({"flat": row["ground"]} if scene.ground.kind == "solid" else {}))
    return rows


def mean(rows: list[dict[str, float]], key: str) -> float:
    return float(np.mean([row[key] for row in rows if key in row] or [np.nan]))


def line(name: str, rows: list[dict[str, float]]) -> str:
    worst = min(row["psnr"] for row in rows)
    columns = (f"{mean(rows, key):.1f}" for key in ("psnr", "objects"))
    grounds = (f"{mean(rows, key):.2f}" for key in ("ground", "flat"))
    return f"| {name} | {' | '.join(columns)} | {worst:.1f} | {' | '.join(grounds)} | {len(rows)} |"


def reaches(rows: list[dict[str, float]]) -> bool:
    return (
        mean(rows, "psnr") >= LEAST_PSNR and mean(rows, "objects") >= LEAST_OBJECTS and mean(rows, "flat") < MOST_FLAT
    )


def worst_pairs(vae: VAE, drawn: list[Scene], rows: list[dict[str, float]], count: int = 12) -> Image.Image:
    """The pictures with the greatest loss inside things, each over what came back."""
    order = sorted(range(len(drawn)), key=lambda i: rows[i]["objects"])[:count]
    pictures = np.stack([render(drawn[i]) for i in order])
    back = vae.decode(vae.encode(pictures))
    return Image.fromarray(np.concatenate([np.concatenate(list(p), 1) for p in (pictures, back)]))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("vae")
    ask.add_argument("--each", type=int, default=24, help="scenes of each style")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--worst", help="writes the pictures that lose most")
    a = ask.parse_args()
    one_quiet_thread(0)
    vae, rng = VAE.load(a.vae), np.random.default_rng(a.seed)
    drawn = {style: held_out(style, a.each, rng) for style in STYLES}
    rows = {style: losses(vae, scenes) for style, scenes in drawn.items()}
    everything = [row for part in rows.values() for row in part]
    scenes = [s for part in drawn.values() for s in part]
    print("| scenes | PSNR dB | objects dB | worst dB | ground /255 | flat /255 | n |\n|---|---|---|---|---|---|---|")
    for style in STYLES:
        print(line(style, rows[style]))
    for kind in sorted({s.ground.kind for s in scenes}, key=GROUNDS.index):
        print(line(kind, [row for s, row in zip(scenes, everything, strict=True) if s.ground.kind == kind]))
    print(line("all", everything))
    if a.worst:
        worst_pairs(vae, scenes, everything).save(a.worst)
    short = [style for style in STYLES if not reaches(rows[style])]
    if short:
        sys.exit(f"short of {LEAST_PSNR} dB, objects {LEAST_OBJECTS} dB or flat {MOST_FLAT}/255: {', '.join(short)}")


if __name__ == "__main__":
    main()
