"""Shows what the scorer lets through: `python -m training.world.scorer.calibrate [--scenes N] [--seed S] [--vae FOLDER]`.

For every style, N random scenes against all that they hold and against the caption of another scene, plain and, some of
all styles together, damaged: blurred, with noise, through JPEG, shuffled. --vae: a diffusers AutoencoderKL to pass every
style's scenes through. Thresholds were set on the seed that is the default; another one checks them.
"""

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np

from training.scorer.calibrate import Damage, blurred, jpeg, noisy, shuffled, vae_round_trip
from training.train_common import one_quiet_thread

from ..captions import caption, said_turn
from ..render import render
from ..requests import Request, Wanted
from ..sampling import LATE, sample
from ..scenes import Scene
from ..vocabulary import BY_NAME, STYLES
from .detect import see
from .score import judge

SEED = 9_004
CAPTION_SEED = 9_005
SCENES = 40
"""Scenes of each style."""


def everything(scene: Scene) -> Request:
    """All that a scene holds: class, colour, size, place, turn, ground and style."""
    wanted = tuple(
        Wanted(o.name, 1, o.colour if scene.coloured and BY_NAME[o.name].paintable else None, o.size_name, None if
               scene.offset != (0, 0) else o.place, said_turn(o.turn))
        for o in scene.objects
    )  # fmt: skip
    colours = tuple(c for c in (scene.ground.colour, scene.ground.to) if c)
    neutral = all(c in ("white", "grey", "black") for c in colours)
    ground = (scene.ground.kind, *(colours if scene.coloured or neutral else ()))
    return Request(wanted, (), ground, scene.style)


def row(name: str, damage: Damage, scenes: list[Scene]) -> str:
    """Passes against everything a scene holds and against the next one's caption; least matches; what failed."""
    rng = np.random.default_rng(CAPTION_SEED)
    captions = [caption(s, rng).request for s in scenes]
    passed = wrong = 0
    failures: Counter[str] = Counter()
    least = []
    for i, scene in enumerate(scenes):
        sight = see(damage(render(scene)))
        verdict = judge(sight, everything(scene))
        passed += verdict.ok
        wrong += judge(sight, captions[(i + 1) % len(captions)]).ok
        failures.update({k.split()[0] for k, good in verdict.checks.items() if not good})
        least.append(verdict.match)
    low, middle = np.percentile(least, [5, 50])
    share, share_wrong = 100 * passed / len(scenes), 100 * wrong / len(scenes)
    return f"| {name} | {share:.1f} % | {share_wrong:.1f} % | {low:.3f} / {middle:.3f} | {dict(failures)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae")
    parser.add_argument("--scenes", type=int, default=SCENES, help="of each style")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    one_quiet_thread(0)
    rng = np.random.default_rng(options.seed)
    drawn = {
        style: [sample(rng, replace(LATE, styles={style: 1.0}), lambda _: True) for _ in range(options.scenes)]
        for style in STYLES
    }
    print("| picture | right prompt passes | wrong prompt passes | match 5 % / median | failed checks |\n|---|---|---|---|---|")
    whole: dict[str, Damage] = {"ground truth": lambda p: p}
    if options.vae:
        whole["VAE round trip"] = vae_round_trip(options.vae)
    for name, damage in whole.items():
        for style, scenes in drawn.items():
            print(row(f"{name}, {style}", damage, scenes), flush=True)
    mixed = [s for scenes in drawn.values() for s in scenes[: max(1, options.scenes // len(STYLES))]]
    damages: dict[str, Damage] = {
        "blur 1.5 px": blurred(1.5), "noise 12": noisy(12), "JPEG quality 30": jpeg(30), "cells shuffled": shuffled,
    }  # fmt: skip
    for name, damage in damages.items():
        print(row(f"{name}, all styles", damage, mixed), flush=True)


if __name__ == "__main__":
    main()
