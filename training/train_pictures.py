"""Trains the diffusion transformer and the Q-Former on condition states of the text decoder, by the clock.

    python -m training.train_pictures OUT --sequences A/average.pt --latents FOLDER --vae FOLDER --tokenizer FOLDER
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import restore
from .conditions import NOTHING, Conditions, Snapshot
from .data import language, scenes
from .data.tokenizer import Tokenizer
from .networks import config as c
from .networks.codes import OBJECT_CODES, CodeTables
from .networks.decoding import expanded, generate_codes, plan_ids
from .networks.sampler import denoise
from .networks.vae import VAE
from .painting import CELLS, Painter, Study, losses, signalled, total
from .train_common import Average, Clock, Log, advance, half_precision, keep, one_quiet_thread, plainly, resume, save, scale_rates, swapped, train_only

_K = torch.arange(CELLS)
STATE_OF_CELL = (2 + 9 * (_K // c.GRID) + _K % c.GRID)[None]
"""Place of each cell among the 75 visual states [1, 64]."""


def prompts(tokenizer: Tokenizer, texts: list[str], picture: bool) -> list[list[int]]:
    """Ids of prompts, or of instructions on a picture."""
    return [expanded(tokenizer.encode(tokenizer.generate_prompt(x, picture=picture))) for x in texts]


class Sequencer(Snapshot):
    """Prompts and codes to condition states."""

    def __init__(self, path: Path, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        super().__init__(path, CodeTables, c.TEXT, tokenizer.encode(NOTHING))

    def prompts(self, texts: list[str], picture: bool) -> list[list[int]]:
        return prompts(self.tokenizer, texts, picture)

    def conditions(self, texts: list[str], picture: bool, codes: list[np.ndarray]) -> Conditions:
        return self(self.prompts(texts, picture), [plan_ids(k).tolist() for k in codes])


class Cache:
    """All scenes with latents that exist so far."""

    def __init__(self, folder: Path):
        self.folder, self.seen, self.latents = folder, set(), []
        self.scenes, self.instructions, self.sources, self.codes = [], [], {}, []

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("*.pt")):
            if path.name in self.seen:
                continue
            part, first = torch.load(path), len(self.scenes)
            self.scenes += [scenes.from_json(s) for s in part["scenes"]]
            self.instructions += part["instructions"]
            self.sources |= {first + i: z for i, z in part["sources"].items()}
            self.latents.append(part["latents"])
            self.codes += [scenes.codes(s) for s in self.scenes[first:]]
            self.seen.add(path.name)
        self.all = torch.cat(self.latents)
        self.edits = sorted(self.sources)


def sample(cache: Cache, rng, size: int, edits: bool):
    """(texts, codes, latents, references or None)"""
    picked = rng.choice(cache.edits, size) if edits else rng.integers(len(cache.scenes), size=size)
    codes = [cache.codes[i] for i in picked]
    latents = cache.all[torch.from_numpy(picked)].float()
    if edits:
        return [cache.instructions[i] for i in picked], codes, latents, torch.stack([cache.sources[i] for i in picked]).float()
    return [language.caption(cache.scenes[i], rng).text for i in picked], codes, latents, None


def study(seq: Sequencer, cache: Cache, rng, size: int, edits: bool, signal: float) -> Study:
    """A batch of pictures with their conditions, drawn from the cache."""
    texts, codes, latents, references = sample(cache, rng, size, edits)
    with half_precision():
        condition = seq.conditions(texts, edits, codes)
    things = torch.from_numpy(np.stack(codes) < OBJECT_CODES).flatten(1)
    refs = [] if references is None else [references]
    return Study(signalled(condition, STATE_OF_CELL, signal), latents, refs, things, STATE_OF_CELL)


def show(model: Painter, values: dict[str, Tensor], seq: Sequencer, vae: VAE, path: Path, signal: float, steps: int = 16) -> None:
    """24 validation prompts: pictures from true codes (left of each pair) and from the decoder's own (right)."""
    rng = np.random.default_rng(99)
    drawn = [scenes.sample_several(rng) for _ in range(24)]
    texts = [language.caption(s, rng).text for s in drawn]
    true = [scenes.codes(s) for s in drawn]
    made = list(generate_codes(seq.text, seq.table, seq.head, seq.prompts(texts, False)))
    noise = torch.randn(24, 8, 32, 32, generator=torch.Generator().manual_seed(1))
    sheets = []
    with swapped(model, values):
        for codes in (true, made):
            condition = signalled(seq.conditions(texts, False, codes), STATE_OF_CELL, signal)
            queries, _ = model.dit.time_caption_embed.image_embedder(condition.image)
            z = denoise(model.dit, noise, condition.text, condition.text_mask, queries, steps=steps)
            sheets.append(np.concatenate([vae.decode(p) for p in z.split(8)]))
    truth = np.stack([scenes.render(s) for s in drawn])
    three = np.stack([truth, *sheets], 1)[:, :, ::2, ::2].reshape(6, 4, 3, 128, 128, 3)
    sheet = three.transpose(0, 3, 1, 2, 4, 5).reshape(6 * 128, 12 * 128, 3)
    Image.fromarray(np.ascontiguousarray(sheet)).save(path)
    path.with_suffix(".txt").write_text("\n".join(texts))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True)
    ask.add_argument("--latents", type=Path, required=True)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--tokenizer", required=True)
    ask.add_argument("--minutes", type=float, default=80)
    ask.add_argument("--size", type=int, default=24)
    ask.add_argument("--lr", type=float, default=1e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--every", type=float, default=5)
    ask.add_argument("--show", type=float, default=10)
    ask.add_argument("--signal", type=float, default=2.5, help="length of an added place signal, which falls to 0")
    ask.add_argument("--signal-share", type=float, default=0.4)
    ask.add_argument("--fall", type=float, default=0.4)
    ask.add_argument("--edits", type=int, default=6, help="one batch of so many is of edits")
    ask.add_argument("--model", type=Path, help="a checkpoint folder to go on from")
    ask.add_argument("--unaided", action="store_true", help="no helper losses: for weights that are aligned already")
    ask.add_argument("--only", default="", help="parameters whose names do not match this pattern stay as they are")
    a = ask.parse_args()
    one_quiet_thread(1)
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.jsonl")
    seq, cache, vae = Sequencer(a.sequences, Tokenizer(a.tokenizer)), Cache(a.latents), VAE.load(a.vae)
    model = Painter()
    if a.model:
        model.load_state_dict(restore.pictures(a.model), strict=False)
    train_only(model, a.only)
    model.compile()
    steppers = model.optimisers(a.lr, a.muon)
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    log(parameters=sum(p.numel() for p in model.dit.parameters()), **{k: str(v) for k, v in vars(a).items()})
    rng = np.random.default_rng(step + 7)

    def keep_all() -> None:
        keep(*run, step)
        save(a.out / "average.pt", **average.values)

    saved = shown = began = time.time()
    figures: list[dict[str, float]] = []
    while clock.share < 1:
        if step % 100 == 0 or not cache.seen:
            cache.refresh()
        factor = clock.factor(step)
        scale_rates(steppers, [a.lr, a.muon], factor)
        edits = step % a.edits == a.edits - 1
        signal = a.signal * max(0.0, 1 - clock.share / a.signal_share)
        batch = study(seq, cache, rng, a.size * 2 // 3 if edits else a.size, edits, signal)
        parts = losses(model, batch, seq.nothing)
        (parts["v"] if a.unaided else total(parts, clock.share)).backward()
        advance(model, steppers, average)
        step += 1
        if not edits:
            figures.append({k: v.item() for k, v in parts.items()})
        if step % 24 == 0 and figures:
            pace = (time.time() - began) / 24
            log(step=step, rate=factor, pace=pace, scenes=len(cache.scenes),
                **{k: float(np.mean([f[k] for f in figures])) for k in figures[0]})  # fmt: skip
            figures, began = [], time.time()
        if time.time() - saved > 60 * a.every:
            keep_all()
            if seq.refresh():
                log(step=step, snapshot=seq.stamp)
            saved = time.time()
        if time.time() - shown > 60 * a.show:
            with plainly():
                show(model, average.values, seq, vae, a.out / f"{step:06d}.png", signal)
            shown = began = time.time()
    keep_all()


if __name__ == "__main__":
    main()
