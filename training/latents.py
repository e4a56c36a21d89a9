"""Scenes with their VAE latents, made once for the training of the diffusion transformer.

    python -m training.latents OUT --vae FOLDER --count 6000 --seed 1
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from .data import language, scenes
from .networks.vae import VAE
from .train_common import one_quiet_thread, save

CHUNK = 250
EDITS = 0.3
"""Share of scenes that come with an edited scene (the picture to make) and the instruction."""

GROUNDS, GRADIENTS = 0.3, 0.5
"""Share of the edits that change the ground, beside those that come by lot, and of these that ask for a gradient: a transformer
that has seen few of them leaves the old ground's colours around the things."""


def drawn_edit(scene: scenes.Scene, rng: np.random.Generator) -> language.Edit | None:
    """An edit of any kind, one that changes the ground more often; None if none was found."""
    if rng.random() >= GROUNDS:
        return language.edit(scene, rng)
    gradient = rng.random() < GRADIENTS
    tried = (language.edit(scene, rng, "background") for _ in range(12))
    return next((edit for edit in tried if edit and (edit.target.background.to or not gradient)), None)


def chunk(vae: VAE, rng: np.random.Generator, count: int, edits: float = EDITS) -> dict:
    """scenes, instructions (None = none) and targets as JSON; latents float16 [n, 8, 32, 32] of target and source."""
    rows = []
    while len(rows) < count:
        scene = scenes.sample_several(rng)
        edit = drawn_edit(scene, rng) if rng.random() < edits else None
        rows.append((scene, edit))
    made = [edit.target if edit else scene for scene, edit in rows]
    edited = [i for i, (_, edit) in enumerate(rows) if edit]
    return {
        "scenes": [scenes.to_json(s) for s in made],
        "instructions": [edit.text if edit else None for _, edit in rows],
        "latents": encoded(vae, made),
        "sources": {i: z for i, z in zip(edited, encoded(vae, [rows[i][0] for i in edited]), strict=True)},
    }


def encoded(vae: VAE, drawn: list[scenes.Scene]) -> torch.Tensor:
    parts = [vae.encode(np.stack([scenes.render(s) for s in drawn[i : i + 8]])) for i in range(0, len(drawn), 8)]
    return torch.cat(parts).half()


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--count", type=int, default=6000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--edits", type=float, default=EDITS, help="share of edits")
    a = ask.parse_args()
    one_quiet_thread(0)
    a.out.mkdir(parents=True, exist_ok=True)
    vae, rng = VAE.load(a.vae), np.random.default_rng(a.seed)
    for i in range(a.count // CHUNK):
        save(a.out / f"{i:03d}.pt", **chunk(vae, rng, CHUNK, a.edits))
        print(i, flush=True)


if __name__ == "__main__":
    main()
