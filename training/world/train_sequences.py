"""Trains the vision encoder and the text decoder of the next domain on all tasks at once, by the clock.

    python -m training.world.train_sequences OUT --minutes 180 --vae FOLDER [--device cuda --workers 6]

Each step: prompts -> plans, pictures + instructions -> plans, pictures + questions and chats -> answers. A run in the
same folder goes on where the last one stopped.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.ahead import Ahead
from training.data.tokenizer import Tokenizer
from training.networks.vae import VAE
from training.train_common import (
    Average, Clock, Log, advance, compile_parts, half_precision, keep, one_quiet_thread, optimisers, plainly, resume, save, scale_rates,
    train_only,
)  # fmt: skip

from . import tokens
from .learner import Learner
from .sequences import Answers, Plans, Sequences
from .tables import content
from .validate import Checks

MATRICES = ["text.layers", "visual.blocks", "visual.merger", "visual.deepstack"]


@dataclass(frozen=True)
class Sizes:
    """Rows of a step's batches, 0 for none. In every fourth step the edits are of two pictures, and in another one the
    questions give way to chats and pairs of pictures, so that no row is padded to a much longer one.
    """

    creates: int = 24
    edits: int = 12
    combined: int = 8
    pictures: int = 8
    questions: int = 6
    chats: int = 7
    pairs: int = 3

    def batches(self, data: Sequences, step: int) -> Iterator[Plans | Answers]:
        if self.creates:
            yield data.create(self.creates)
        n = self.combined if step % 4 == 3 else self.edits
        if n:
            yield data.edit(n, "combine" if step % 4 == 3 else None, max(1, n // 8))
        if step % 4 == 1 and self.chats + self.pairs:
            yield data.talk(self.chats, self.pairs)
        elif self.pictures:
            yield data.ask(self.pictures, self.questions)


def drawing(tokenizer: Tokenizer, sizes: Sizes, seed: int) -> Callable[[float], list[Plans | Answers]]:
    """What draws the batches of one step after another, given the share of the early curriculum."""
    data, turns = Sequences(tokenizer, seed), count(seed)

    def draw(early: float) -> list[Plans | Answers]:
        data.early = early
        return list(sizes.batches(data, next(turns)))

    return draw


def moved(device: str, batches: list[Plans | Answers]) -> list[Plans | Answers]:
    return [batch.to(device) for batch in batches]


def step_loss(model: Learner, batch: Plans | Answers) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss to run backwards, and figures."""
    states, seen = model.states(batch)
    if isinstance(batch, Answers):
        answer, about = model.answer_loss(states, batch), model.about_loss(states, batch)
        loss, figures = answer + 0.1 * about, {"about": about} if len(batch.about[0]) else {}
        figures["answer" if figures else "talk"] = answer
    else:
        loss, figures = model.plan_loss(states, batch)
        cell, point = model.cell_loss(states, batch), model.pointing_loss(states, batch)
        loss, figures = loss + 0.1 * point, {**figures, "point": point}
        if batch.old is None:
            return loss + 1.0 * cell, {"create": figures.pop("code"), **figures, "cell": cell}
        copy = model.copy_loss(states, batch)
        loss = loss + 0.3 * cell + 0.1 * copy["copy"] + 0.3 * copy["read"] + 0.5 * copy["meant"]
        figures = {"edit": figures.pop("code"), **{f"{k}_e": v for k, v in figures.items()}, **copy}
    if seen is not None:
        facts, place = model.perception_loss(seen, batch)
        loss = loss + 0.4 * facts + 0.15 * place
        figures |= {"seen": facts, "place": place}
    return loss, figures


def means(rows: list[dict[str, float | Tensor]]) -> dict[str, float]:
    """Mean of each figure over the rows that have it. Tensors are read only here, so that a GPU need not stop for them."""
    return {k: float(np.mean([float(r[k]) for r in rows if k in r])) for k in dict.fromkeys(k for r in rows for k in r)}


def contents(path: Path, vae: str) -> Tensor:
    """The codes' content vectors, made once."""
    if not path.exists():
        save(path, content=content(VAE.load(vae).encode))
    return torch.load(path)["content"]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--minutes", type=float, default=180)
    ask.add_argument("--vae", required=True)
    for name, default in vars(Sizes()).items():
        ask.add_argument(f"--{name}", type=int, default=default)
    ask.add_argument("--lr", type=float, default=3e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--fall", type=float, default=0.3, help="share of the time over which the rates fall")
    ask.add_argument("--early", type=float, default=0.4, help="share of the time over which the early curriculum fades out")
    ask.add_argument("--every", type=float, default=15, help="minutes between checkpoints")
    ask.add_argument("--check", type=float, default=15, help="minutes between validations, which run on the CPU; 0 = none")
    ask.add_argument("--device", default="cpu")
    ask.add_argument("--workers", type=int, default=0, help="processes that draw batches ahead")
    ask.add_argument("--eager", action="store_true", help="nothing is compiled")
    ask.add_argument("--start", type=Path, help="averaged weights of an earlier run (average.pt, or pieces joined) to begin from")
    ask.add_argument("--hold", nargs="*", default=(), help="prefixes of parameters that stay as they are")
    ask.add_argument("--seed", type=int, default=0)
    a = ask.parse_args()
    one_quiet_thread(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.jsonl")
    tokens.write(a.out / "tokenizer")
    tokenizer = Tokenizer(a.out / "tokenizer")
    model = Learner(contents(a.out / "content.pt", a.vae))
    model.name_words(tokenizer)
    if a.start:
        values = torch.load(a.start, map_location="cpu")
        model.load_state_dict({"codes.content" if n == "content" else n: v for n, v in values.items()})
    train_only(model, "", a.hold)
    latest, sizes = a.out / "latest.pt", Sizes(**{name: getattr(a, name) for name in vars(Sizes())})
    done = torch.load(latest, map_location="cpu")["step"] if latest.exists() else 0
    make = partial(drawing, tokenizer, sizes)
    draw = Ahead(make, a.workers, a.seed + done, partial(moved, a.device)) if a.workers else make(a.seed + done)
    model.to(a.device)
    if not a.eager:
        compile_parts(model.text.layers, model.visual.blocks)
    steppers = optimisers(model, MATRICES, a.lr, a.muon, {"qkv.weight": 3})
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (latest, model, average, steppers, clock)
    step = resume(*run)
    checks = Checks(tokenizer)
    log(parameters=sum(p.numel() for p in model.parameters()), **{k: str(v) for k, v in vars(a).items()})
    last = checked = time.time()
    figures = []
    while clock.share < 1:
        early, factor = max(0.0, 1 - clock.share / a.early), clock.factor(step)
        scale_rates(steppers, [a.lr, a.muon], factor)
        began, row = time.time(), {}
        drawn = moved(a.device, draw(early))
        row["draw"] = time.time() - began
        with half_precision(a.device):
            for batch in drawn:
                loss, values = step_loss(model, batch)
                loss.backward()
                row |= {k: v.detach() for k, v in values.items()}
        with half_precision(a.device):
            advance(model, steppers, average)
        step += 1
        figures.append(row | {"pace": time.time() - began})
        if step % 12 == 0:
            log(step=step, rate=factor, early=early, **means(figures))
            figures = []
        if time.time() - last > 60 * a.every or clock.share >= 1:
            keep(*run, step)
            save(a.out / "average.pt", **average.values, content=model.codes.content)
            last = time.time()
        if a.check and (time.time() - checked > 60 * a.check or clock.share >= 1):
            with plainly():
                log(step=step, **checks(model, average.values))
            checked = time.time()
    if isinstance(draw, Ahead):
        draw.close()


if __name__ == "__main__":
    main()
