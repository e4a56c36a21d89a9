"""Trains decoder and diffusion transformer together, end to end, from weights that exist, by the clock.

    python -m training.joint OUT --model assets/model --latents FOLDER --vae FOLDER --tokenizer FOLDER
    python -m training.joint OUT --sequences A/average.pt --pictures B/average.pt --latents ...

A step: the next-token losses of prompts, edits and answers, then the flow-matching loss of pictures. Its gradient goes
through the diffusion transformer, the Q-Former and the condition into the decoder. What is trained: the decoder's
generation experts, embeddings and head of visual codes, and the whole diffusion transformer; the path that understands
stays as it is, and so do the states that answers come from, unless --only says otherwise. OUT/sequences.pt and
OUT/pictures.pt are what `export` takes.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from . import restore
from .conditions import NOTHING, Conditions, joined, picked, states
from .data import splits
from .data.tokenizer import Tokenizer
from .networks import config as c
from .networks.common import part
from .networks.decoding import plan_ids
from .painting import Painter, Study, losses, total
from .sequences import Sequences
from .train_common import (
    Average, Clock, Log, advance, keep, one_quiet_thread, plainly, resume, save, scale_rates, train_only,
)  # fmt: skip
from .train_pictures import Cache, prompts, study
from .train_sequences import Learner, contents, step_losses
from .validate import validate

GENERATION = r"gen_mlp|learner\.codes|painter\.dit"
"""What belongs to making pictures."""


class Joint(nn.Module):
    """Both networks as one."""

    def __init__(self, learner: Learner, painter: Painter):
        super().__init__()
        self.learner, self.painter = learner, painter

    def optimisers(self, plans: tuple[float, float], pictures: tuple[float, float]) -> list[torch.optim.Optimizer]:
        """AdamW and Muon of the decoder, then of the diffusion transformer."""
        return self.learner.optimisers(*plans) + self.painter.optimisers(*pictures)


class Live:
    """Condition states of a decoder that is still learning: what `Sequencer` gives of a snapshot.

    layers: whose mean they are, if not the checkpoint's own. reached: whether their gradients go on into the decoder.
    """

    def __init__(self, learner: Learner, tokenizer: Tokenizer, layers: list[int] | None = None, reached: bool = True):
        self.learner, self.tokenizer, self.layers, self.reached = learner, tokenizer, layers, reached

    def conditions(self, texts: list[str], picture: bool, codes: list[np.ndarray]) -> Conditions:
        rows = joined(prompts(self.tokenizer, texts, picture), [plan_ids(k).tolist() for k in codes])
        with torch.set_grad_enabled(self.reached and torch.is_grad_enabled()):
            return picked(*self._states(rows))

    @property
    @torch.no_grad()
    def nothing(self) -> Tensor:
        """States of the negative prompt [n, H]."""
        return self._states([self.tokenizer.encode(NOTHING)])[2][0]

    def _states(self, rows: list[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
        text, codes = self.learner.text, self.learner.codes
        return states(text, lambda ids: codes.embed_ids(ids, text.embed_tokens.weight, c.FIRST_CODE), rows, layers=self.layers)


def gradients(
    model: Joint, plans: Iterable[tuple[Tensor, dict[str, float]]], seq: Live, batch: Study, share: float = 1.0, weight: float = 1.0
) -> dict[str, float]:
    """Runs all losses of one step backwards and returns their figures.

    plans: (loss, figures) of each next-token task. share: of the training, for the helper losses of `painting.total`;
    there are none at 1. weight: of the flow-matching loss.
    """
    figures: dict[str, float] = {}
    for loss, values in plans:
        loss.backward()
        figures |= values
    parts = losses(model.painter, batch, seq.nothing)
    (weight * total(parts, share)).backward()
    return figures | {k: v.item() for k, v in parts.items()}


def begun(a: argparse.Namespace, tokenizer: Tokenizer) -> Joint:
    """The networks with the weights that the options name."""
    learner, painter = Learner(contents(a.out / "content.pt", a.vae)), Painter()
    if a.model:
        decoder, drawing = restore.sequences(a.model, learner.codes.content), restore.pictures(a.model)
    else:
        decoder, drawing = torch.load(a.sequences), torch.load(a.pictures)
        learner.codes.content.copy_(decoder.pop("content"))
    learner.name_words(tokenizer)
    for network, values in ((learner, decoder), (painter, drawing)):
        unknown = network.load_state_dict(values, strict=False).unexpected_keys
        if unknown:
            raise ValueError(f"these weights belong to another network: {', '.join(unknown[:3])} ...")
    return Joint(learner, painter)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--model", type=Path, help="a checkpoint folder to go on from")
    ask.add_argument("--sequences", type=Path, help="in its place: average.pt of the decoder ...")
    ask.add_argument("--pictures", type=Path, help="... and of the diffusion transformer")
    ask.add_argument("--latents", type=Path, required=True)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--tokenizer", required=True)
    ask.add_argument("--minutes", type=float, default=30)
    ask.add_argument("--sizes", type=int, nargs=4, default=(24, 18, 0, 0), help="creates, edits, pictures, questions each")
    ask.add_argument("--short", type=int, default=8, help="how many of the prompts name one painted object and no place")
    ask.add_argument("--size", type=int, default=24, help="pictures of a step")
    ask.add_argument("--edits", type=int, default=3, help="one batch of pictures in so many is of edits")
    ask.add_argument("--plan-rates", type=float, nargs=2, default=(5e-4, 0.004), help="of AdamW and Muon")
    ask.add_argument("--picture-rates", type=float, nargs=2, default=(2.5e-4, 0.004), help="of AdamW and Muon")
    ask.add_argument("--flow", type=float, default=1.0, help="weight of the flow-matching loss")
    ask.add_argument("--separate", action="store_true", help="its gradient stops at the condition")
    ask.add_argument("--fall", type=float, default=0.7, help="share of the time over which the rates fall")
    ask.add_argument("--every", type=float, default=5, help="minutes between checkpoints")
    ask.add_argument("--only", default=GENERATION, help="parameters whose names do not match this pattern stay as they are")
    a = ask.parse_args()
    if not a.model and not (a.sequences and a.pictures):
        ask.error("either --model, or --sequences and --pictures")
    one_quiet_thread(2)
    a.out.mkdir(parents=True, exist_ok=True)
    log, tokenizer = Log(a.out / "log.jsonl"), Tokenizer(a.tokenizer)
    model = begun(a, tokenizer)
    train_only(model, a.only)
    rates = [*a.plan_rates, *a.picture_rates]
    steppers = model.optimisers(a.plan_rates, a.picture_rates)
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    seq, cache = Live(model.learner, tokenizer, reached=not a.separate), Cache(a.latents)
    cache.refresh()
    data, rng = Sequences(tokenizer, step + 11), np.random.default_rng(step + 7)
    checking = [Sequences(tokenizer, 77), Sequences(tokenizer, 78, lambda s: not splits.in_training(s))]
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    log(trained=trained, **{k: str(v) for k, v in vars(a).items()})

    last, figures, began = time.time(), [], time.time()
    while clock.share < 1:
        factor = clock.factor(step)
        scale_rates(steppers, rates, factor)
        edits = step % a.edits == a.edits - 1
        batch = study(seq, cache, rng, a.size * 2 // 3 if edits else a.size, edits, 0.0)
        figures.append(gradients(model, step_losses(model.learner, data.step(a.sizes, a.short)), seq, batch, weight=a.flow))
        advance(model, steppers, average)
        step += 1
        if step % 12 == 0:
            pace = (time.time() - began) / len(figures)
            log(step=step, rate=factor, pace=pace, **{k: float(np.mean([f[k] for f in figures])) for k in figures[0]})
            figures, began = [], time.time()
        if time.time() - last > 60 * a.every or clock.share >= 1:
            keep(*run, step)
            decoder = part(average.values, "learner.")
            save(a.out / "sequences.pt", **decoder, content=model.learner.codes.content)
            save(a.out / "pictures.pt", **part(average.values, "painter."))
            with plainly():
                log(step=step, **validate(model.learner, decoder, checking, tokenizer))
            last = began = time.time()
            figures = []


if __name__ == "__main__":
    main()
