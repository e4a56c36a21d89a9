"""Trains the diffusion transformer and the Q-Former of the next domain, by the clock.

    python -m training.world.train_pictures OUT --sequences A/average.pt --vae VAE --latents FOLDER
    python -m training.world.train_pictures OUT ... --workers 8 --device cuda --size 512

The condition is the newest snapshot of the text decoder. Without one it begins from the decoder as it stands before
its first step (A/content.pt is made, too): embeddings of codes hold what they draw, so that pictures can be learned
before plans are. Examples come from files (--latents), from processes that draw while it trains (--workers), or both.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.conditions import NOTHING, Snapshot
from training.data.tokenizer import Tokenizer
from training.networks.sampler import denoise
from training.networks.vae import VAE
from training.painting import CELLS, Painter, Study, losses, signalled, total
from training.train_common import (
    Average, Clock, Log, advance, half_precision, keep, one_quiet_thread, plainly, resume, save, scale_rates, swapped,
)  # fmt: skip

from . import tokens
from .codes import FIRST_GROUND, decode
from .config import CONFIG, Config
from .latents import SHAPE, Chunk, Examples, Pool, Stream, encoded
from .learner import Learner
from .plans import codes_in, visual_ids
from .sequences import CODE_PLACES
from .tables import CodeTables
from .train_sequences import contents, means

READS = torch.from_numpy(2 + CODE_PLACES).view(CELLS, 2).T.contiguous()
"""Places of each cell's `what` (first row) and `look` among the visual states [2, 64]."""
ROUND = (0, 1, 0, 0, 1, 0, 0, 2)
"""References of the batches in turn."""
ROOM = {0: 1.0, 1: 0.67, 2: 0.5}
"""Examples of a batch with so many references, as a share of a batch without."""
FILES_EVERY, ENCODE_EVERY = 100, 8
"""Steps between looks for new files, and, on a CPU, between chunks to encode."""
RECOGNISED = 0.9
"""Correlation with the true picture from which on a thing counts as drawn right."""


def begin(path: Path, vae: Path, tokenizer: Tokenizer) -> None:
    """The snapshot of a text decoder before its first step, as a training with seed 0 begins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = contents(path.parent / "content.pt", vae)
    torch.manual_seed(0)
    model = Learner(table)
    model.name_words(tokenizer)
    save(path, **{n: p.detach() for n, p in model.named_parameters()}, content=table)


class Sequencer(Snapshot):
    """Prompts and plans to condition states."""

    def __init__(self, path: Path, tokenizer: Tokenizer, device: str = "cpu", config: Config = CONFIG):
        nothing = tokenizer.encode(NOTHING)
        super().__init__(path, lambda content: CodeTables(content, config.text["hidden_size"]), config.text, nothing, config.layout, device)

    def conditions(self, prompts: list[np.ndarray], plans: np.ndarray):
        return self([p.tolist() for p in prompts], [visual_ids(plan).tolist() for plan in plans])


def study(seq: Sequencer, chunk: Chunk, signal: float) -> Study:
    """A batch of examples with their conditions."""
    with half_precision(seq.device):
        condition = seq.conditions(chunk.prompts, chunk.plans)
    reads = READS.to(chunk.pictures.device)
    things = torch.from_numpy(chunk.plans[:, :, ::2] < FIRST_GROUND).flatten(1).to(reads.device)
    *references, latents = chunk.pictures.unbind(1)
    return Study(signalled(condition, reads, signal), latents, references, things, reads)


# ---------------------------------------------------------------- looking at what it draws


@torch.no_grad()
def painted(model: Painter, seq: Sequencer, chunk: Chunk, signal: float, steps: int = 16) -> Tensor:
    """Latents [b, 8, 32, 32] of the true plans, the same noise in every call."""
    batch = study(seq, chunk, signal)
    noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(1)).to(batch.latents.device)
    with half_precision(seq.device):
        queries, _ = model.dit.time_caption_embed.image_embedder(batch.condition.image)
        given = batch.condition.text, batch.condition.text_mask, queries
        return denoise(model.dit, noise, *given, references=batch.references or None, steps=steps)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of two pieces of pictures, colour by colour about their means."""
    a, b = (x.astype(np.float32) - x.mean((0, 1), dtype=np.float32) for x in (a, b))
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


def things_in(plan: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """The boxes of a plan's things, in px."""
    for o in decode(codes_in(plan)).objects:
        top, left, side = (32 * n for n in (o.row, o.column, o.size))
        yield np.s_[top : top + side, left : left + side]


@dataclass
class Seen:
    """Validation: what was to be drawn and what was. pictures uint8 [b, 256, 256, 3]; correlation of every thing."""

    truth: np.ndarray
    made: np.ndarray
    each: list[float]

    @property
    def figures(self) -> dict[str, float]:
        error = self.made.astype(np.float32) - self.truth
        return {
            "things": float(np.mean(np.array(self.each) >= RECOGNISED)),
            "match": float(np.mean(self.each)),
            "db": float(np.mean(20 * np.log10(255 / np.sqrt((error**2).mean((1, 2, 3)))))),
        }


def looked_at(model: Painter, seq: Sequencer, vae: VAE, chunk: Chunk, pictures: np.ndarray, signal: float) -> Seen:
    """pictures: the chunk's own, uint8."""
    z = torch.cat([painted(model, seq, part, signal) for part in pieces(chunk, 16)])
    made = np.concatenate([vae.decode(p) for p in z.split(8)])
    truth = pictures[:, -1]
    each = [
        correlation(truth[i][box], made[i][box]) for i, plan in enumerate(chunk.plans) for box in things_in(plan.astype(int))
    ]
    return Seen(truth, made, each)


def pieces(chunk: Chunk, size: int) -> Iterator[Chunk]:
    for i in range(0, len(chunk.plans), size):
        some = slice(i, i + size)
        yield Chunk(chunk.prompts[some], chunk.plans[some], chunk.pictures[some].float())


def sheet(seen: list[Seen], path: Path, columns: int = 6) -> None:
    """Every picture at half its size, what was to be drawn left of what was."""
    pairs = [np.concatenate([a[::2, ::2], b[::2, ::2]], 1) for s in seen for a, b in zip(s.truth, s.made, strict=True)]
    pairs = pairs[: len(pairs) // columns * columns]
    rows = [np.concatenate(pairs[i : i + columns], 1) for i in range(0, len(pairs), columns)]
    Image.fromarray(np.concatenate(rows)).save(path)


class Validation:
    """Pictures of its own seed: new ones, and edits of one and two pictures."""

    def __init__(self, tokenizer: Tokenizer, vae: VAE, counts: dict[int, int], seed: int = 77):
        examples = Examples(tokenizer, seed)
        self.sets: list[tuple[Chunk, np.ndarray]] = []
        for references, count in counts.items():
            drawn = examples.chunk_of(references, np.empty((count * (references + 1), *SHAPE), np.uint8))
            self.sets.append((encoded(vae, drawn), drawn.pictures))

    def __call__(self, model: Painter, values: dict[str, Tensor], seq: Sequencer, vae: VAE, path: Path, signal: float) -> dict:
        with plainly(), swapped(model, values):
            seen = [looked_at(model, seq, vae, chunk, pictures, signal) for chunk, pictures in self.sets]
        sheet(seen, path)
        names = ("new", "edit", "combine")
        return {f"{k}_{names[c.references]}": v for s, (c, _) in zip(seen, self.sets, strict=True) for k, v in s.figures.items()}


# ---------------------------------------------------------------- training


def options() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True, help="snapshot of the text decoder, made if there is none")
    ask.add_argument("--vae", type=Path, required=True)
    ask.add_argument("--latents", type=Path, help="folder of examples (training.world.latents)")
    ask.add_argument("--workers", type=int, default=0, help="processes that draw examples")
    ask.add_argument("--minutes", type=float, default=150)
    ask.add_argument("--size", type=int, default=32, help="examples of a batch")
    ask.add_argument("--capacity", type=int, default=40000, help="pictures kept to draw from")
    ask.add_argument("--device", default="cpu")
    ask.add_argument("--lr", type=float, default=1e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--fall", type=float, default=0.4, help="share of the time over which the rates fall")
    ask.add_argument("--early", type=float, default=0.2, help="share of the time over which the early curriculum fades out")
    ask.add_argument("--signal", type=float, default=2.5, help="length of an added place signal, which falls to 0")
    ask.add_argument("--signal-share", type=float, default=0.4)
    ask.add_argument("--every", type=float, default=5, help="minutes between checkpoints")
    ask.add_argument("--show", type=float, default=15, help="minutes between validations")
    ask.add_argument("--shown", type=int, nargs=3, default=(24, 12, 6), help="new pictures, edits, combinations of a validation")
    ask.add_argument("--eager", action="store_true", help="nothing is compiled")
    ask.add_argument("--start", type=Path, help="averaged weights of an earlier run (average.pt, or pieces joined) to begin from")
    ask.add_argument("--seed", type=int, default=0)
    return ask.parse_args()


class Feeding:
    """What fills the pool: files that appear, and processes."""

    def __init__(self, a: argparse.Namespace, words: Path, step: int):
        self.folder = a.latents
        self.stream = Stream(words, a.workers, a.seed + step + 1) if a.workers else None
        self.device, self.capacity = a.device, a.capacity

    def start(self, vae: VAE) -> None:
        """Waits until the pool holds something of each kind."""
        self.vae, self.pool = vae, Pool(self.capacity, self.device)
        while not self.pool.ready:
            self.more(0, 1.0)
            if self.stream is None and not self.pool.ready:
                raise SystemExit(f"{self.folder} lacks examples of some kind: make more, or draw them with --workers")

    def more(self, step: int, wait: float = 0.0) -> None:
        """Takes what is there; of pictures to be encoded no more than the device bears at each step."""
        if step % FILES_EVERY == 0 and self.folder:
            self.pool.load(self.folder)
        if self.stream and (self.device != "cpu" or step % ENCODE_EVERY == 0):
            self.stream.feed(self.pool, self.vae, 1 if self.device == "cpu" else 2, wait)


def main() -> None:
    a = options()
    one_quiet_thread(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    log, words = Log(a.out / "log.jsonl"), a.out / "tokenizer"
    tokens.write(words)
    tokenizer = Tokenizer(words)
    done = torch.load(a.out / "latest.pt", map_location="cpu")["step"] if (a.out / "latest.pt").exists() else 0
    feeding = Feeding(a, words, done)
    if not a.sequences.exists():
        begin(a.sequences, a.vae, tokenizer)
    vae, seq = VAE.load(a.vae).to(a.device), Sequencer(a.sequences, tokenizer, a.device)
    torch.manual_seed(a.seed + done)
    model = Painter(CONFIG.dit, CONFIG.refiner)
    if a.start:
        model.load_state_dict(torch.load(a.start, map_location="cpu"))
    model.to(a.device)
    if not a.eager:
        model.compile()
    steppers = model.optimisers(a.lr, a.muon)
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step, rng = resume(*run), np.random.default_rng(a.seed + done + 7)
    feeding.start(vae)
    pool, checks = feeding.pool, Validation(tokenizer, vae, dict(enumerate(a.shown)))
    log(parameters=sum(p.numel() for p in model.dit.parameters()), **{k: str(v) for k, v in vars(a).items()})

    def strength() -> float:
        return a.signal * max(0.0, 1 - clock.share / a.signal_share)

    def check() -> None:
        keep(*run, step)
        save(a.out / "average.pt", **average.values)
        log(step=step, **checks(model, average.values, seq, vae, a.out / f"{step:06d}.png", strength()))

    saved = shown = began = time.time()
    figures: list[dict[str, Tensor]] = []
    while clock.share < 1:
        feeding.more(step)
        if feeding.stream:
            feeding.stream.early.value = max(0.0, 1 - clock.share / a.early)
        scale_rates(steppers, [a.lr, a.muon], clock.factor(step))
        references = ROUND[step % len(ROUND)]
        batch = study(seq, pool.batch(rng, max(1, int(a.size * ROOM[references])), references), strength())
        parts = losses(model, batch, seq.nothing)
        total(parts, clock.share).backward()
        advance(model, steppers, average)
        step += 1
        if references == 0:
            figures.append({k: v.detach() for k, v in parts.items()})
        if step % 24 == 0:
            pace, drawn = (time.time() - began) / 24, sum(s.made for s in pool.stores.values())
            log(step=step, rate=clock.factor(step), pace=pace, drawn=drawn, **means(figures))
            figures, began = [], time.time()
        if time.time() - saved > 60 * a.every:
            keep(*run, step)
            save(a.out / "average.pt", **average.values)
            if seq.refresh():
                log(step=step, snapshot=seq.stamp)
            saved = time.time()
        if time.time() - shown > 60 * a.show:
            check()
            shown = began = time.time()
    check()
    if feeding.stream:
        feeding.stream.close()


if __name__ == "__main__":
    main()
