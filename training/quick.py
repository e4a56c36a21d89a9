"""A tiny model from scratch in 20 minutes of a CPU: twelve things, one at a time, before plain grounds.

    python -m training.quick OUT [--minutes 20] [--threads 1]

It is the recipe of the shipped model with less to learn. The decoder learns to plan a picture from its prompt, then the
diffusion transformer to draw plans. The picture autoencoder, which knows no things, comes from assets/model. OUT/model
becomes a checkpoint that Tusk opens, OUT/drawn.png what it draws for prompts it has not seen, with the prompts beside
it. A second call goes on where the first was stopped.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .data import language, scenes, tokenizer
from .data.tokenizer import Tokenizer
from .data.vocabulary import COLOUR_NAMES, PLACES
from .export import config, described, generation_configs, language_tensors, picture_tensors, token_tensors, written
from .latents import encoded
from .networks import load
from .networks.codes import content
from .networks.common import part, read_safetensors
from .networks.vae import VAE
from .painting import Painter, losses, total
from .sequences import Batch, Sequences
from .train_common import (
    Average, Clock, Log, advance, half_precision, keep, one_quiet_thread, optimisers, resume, save, scale_rates,
)  # fmt: skip
from .train_pictures import Cache, Sequencer, study
from .train_sequences import Learner

SHIPPED = Path(__file__).parents[1] / "assets" / "model"
THINGS = ("cat", "frog", "apple", "pear", "sunflower", "mushroom", "car", "rocket", "heart", "star", "house", "cactus")
PLANS = 0.3
"""Share of the time for the decoder; the rest is for the pictures."""
CELL_WEIGHT = 1.0
"""Of the loss that makes a condition state tell its cell: the pictures need it, and there is little time to learn it."""
PICTURES = 640
"""Pictures with latents, drawn once."""
RATES = {"plans": (3e-3, 0.02), "pictures": (1e-3, 0.02)}
"""Of AdamW and Muon."""


def drawn_scene(rng: np.random.Generator) -> scenes.Scene:
    """One big thing as it is, in one of nine places, before a plain colour it stands out from."""
    while True:
        thing = scenes.placed(scenes.choice(rng, THINGS), None, 4, scenes.choice(rng, PLACES), rng)
        scene = scenes.Scene((thing,), scenes.Background(scenes.choice(rng, COLOUR_NAMES), int(rng.integers(3))))
        if scenes.visible(scene):
            return scene


class Few(Sequences):
    """Batches of the few things."""

    def scene(self, apart: float = 0.0) -> scenes.Scene:
        return drawn_scene(self.rng)


def plan_loss(model: Learner, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """(loss to run backwards, figures) of prompts -> plans."""
    states, _ = model.states(batch)
    with half_precision():
        loss, cell = model.code_loss(states, batch)
    return loss + CELL_WEIGHT * cell, {"code": loss.item(), "first": model.first.item(), "cell": cell.item()}


def learn_plans(folder: Path, table: torch.Tensor, words: Tokenizer, minutes: float) -> None:
    """Prompts -> plans; leaves folder/average.pt."""
    torch.manual_seed(0)
    model = Learner(table)
    model.name_words(words)
    steppers = optimisers(model, ["text.layers"], *RATES["plans"], {})
    average, clock = Average(model, 0.98), Clock(time.time() + 60 * minutes)
    run = (folder / "latest.pt", model, average, steppers, clock)
    step, log, began = resume(*run), Log(folder / "log.jsonl"), time.time()
    data = Few(words, step)
    while clock.share < 1:
        scale_rates(steppers, list(RATES["plans"]), clock.factor(step))
        loss, figures = plan_loss(model, data.create(16))
        loss.backward()
        advance(model, steppers, average)
        step += 1
        if step % 50 == 0:
            log(step=step, pace=(time.time() - began) / 50, **figures)
            keep(*run, step)
            began = time.time()
    save(folder / "average.pt", **average.values, content=table)


def learn_pictures(folder: Path, plans: Path, pictures: Path, words: Tokenizer, minutes: float) -> None:
    """Plans -> pictures; leaves folder/average.pt."""
    torch.manual_seed(1)
    seq, cache, model = Sequencer(plans, words), Cache(pictures), Painter()
    cache.refresh()
    steppers = model.optimisers(*RATES["pictures"])
    average, clock = Average(model, 0.98), Clock(time.time() + 60 * minutes)
    run = (folder / "latest.pt", model, average, steppers, clock)
    step, log, began = resume(*run), Log(folder / "log.jsonl"), time.time()
    rng = np.random.default_rng(step)
    while clock.share < 1:
        scale_rates(steppers, list(RATES["pictures"]), clock.factor(step))
        signal = 2.5 * max(0.0, 1 - clock.share / 0.4)
        parts = losses(model, study(seq, cache, rng, 24, False, signal), seq.nothing)
        total(parts, clock.share).backward()
        advance(model, steppers, average)
        step += 1
        if step % 20 == 0:
            log(step=step, pace=(time.time() - began) / 20, **{k: v.item() for k, v in parts.items()})
            keep(*run, step)
            began = time.time()
    save(folder / "average.pt", **average.values)


def made(folder: Path, vae: VAE) -> None:
    """What every code draws, and the pictures to learn from."""
    if not (folder / "content.pt").exists():
        save(folder / "content.pt", content=content(vae.encode))
    if not (folder / "pictures" / "000.pt").exists():
        (folder / "pictures").mkdir(exist_ok=True)
        rng = np.random.default_rng(1)
        drawn = [drawn_scene(rng) for _ in range(PICTURES)]
        rows = {"scenes": [scenes.to_json(s) for s in drawn], "instructions": [None] * PICTURES, "sources": {}}
        save(folder / "pictures" / "000.pt", latents=encoded(vae, drawn), **rows)


def export(folder: Path, shipped: dict[str, torch.Tensor]) -> None:
    """folder/model: the shipped checkpoint with the new decoder and diffusion transformer. It can't see or edit.

    Plans are previewed by the shipped visual tokenizer where it knows the same codes, otherwise by an untrained one.
    """
    new = language_tensors(torch.load(folder / "plans" / "average.pt")) | picture_tensors(torch.load(folder / "drawing" / "average.pt"))
    tokens = token_tensors(None)
    tokens |= {k: v for k, v in shipped.items() if k in tokens and v.shape == tokens[k].shape}
    out = folder / "model"
    shutil.copytree(SHIPPED, out, dirs_exist_ok=True)
    tokenizer.write(out)
    written(out, shipped | new | tokens)
    vae = json.loads((SHIPPED / "config.json").read_text())["gen_vae_config"]
    about = json.loads((out / "tusk.json").read_text())
    about |= {"name": "Quick", "vocabulary": [*THINGS, *COLOUR_NAMES, *PLACES], "abilities": ["one of twelve things before a plain colour"]}
    about["examples"] = {"create": ["a heart on a white background", "a cat on a blue background"], "edit": [], "ask": []}
    described(out, {"config.json": config(vae), "tusk.json": about} | generation_configs())


def draw(checkpoint: Path, out: Path) -> None:
    """Two pictures of each thing, prompts of their own seed, none left out; the prompts stand in a .txt beside."""
    rng, left, prompts = np.random.default_rng(99), [*THINGS, *THINGS], []
    while left:
        scene = drawn_scene(rng)
        if scene.objects[0].name in left:
            left.remove(scene.objects[0].name)
            prompts.append(language.caption(scene, rng).text)
    pictures = load(checkpoint).create(prompts, list(range(len(prompts))))
    rows = [np.concatenate([p[::2, ::2] for p in pictures[i : i + 6]], 1) for i in range(0, len(pictures), 6)]
    Image.fromarray(np.concatenate(rows)).save(out)
    out.with_suffix(".txt").write_text("\n".join(prompts) + "\n")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--minutes", type=float, default=20)
    ask.add_argument("--threads", type=int, default=1)
    a = ask.parse_args()
    one_quiet_thread(0)
    torch.set_num_threads(a.threads)
    began = time.time()
    for name in ("plans", "drawing", "pictures"):
        (a.out / name).mkdir(parents=True, exist_ok=True)
    words, shipped = Tokenizer(SHIPPED), read_safetensors(SHIPPED / "model.safetensors")
    made(a.out, VAE(json.loads((SHIPPED / "config.json").read_text())["gen_vae_config"], part(shipped, "gen_vae.")))
    print(f"{PICTURES} pictures and what {scenes.CODES} codes draw: {time.time() - began:.0f} s", flush=True)
    left = a.minutes - (time.time() - began) / 60 - 1
    table = torch.load(a.out / "content.pt")["content"]
    learn_plans(a.out / "plans", table, words, PLANS * left)
    learn_pictures(a.out / "drawing", a.out / "plans" / "average.pt", a.out / "pictures", words, (1 - PLANS) * left)
    export(a.out, shipped)
    draw(a.out / "model", a.out / "drawn.png")
    print(f"{a.out / 'drawn.png'}: {(time.time() - began) / 60:.1f} minutes in all", flush=True)


if __name__ == "__main__":
    main()
