"""The whole table of a checkpoint in the official layout: makes the frozen test's pictures and texts, then scores them.

    python -m training.world.evaluate CHECKPOINT RUN [--seeds 4] [--first N] [--controls] [--vae FOLDER] [--workers 1]

RUN is filled as training.world.scorer.evaluate reads it; a call with the same RUN goes on where an earlier one stopped.
--first takes the first N of every set or kind, --seeds counts pictures a prompt (edits have one). The part "uncoded"
draws the prompts of the six sets once without the plan's codes.
"""

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from training.networks.common import read_safetensors
from training.networks.model import Model, Said
from training.train_common import one_quiet_thread

from .render import render
from .scorer.cases import HANDWRITTEN, Test, load
from .scorer.evaluate import picked, score_run

BATCH = 16
UNCODED = "without codes"
NETWORKS = {
    "text decoder": "llm_model.model.language_model.", "its head of visual tokens": "llm_model.gen_head.",
    "vision encoder": "llm_model.model.visual.", "diffusion transformer": "gen_transformer.", "autoencoder": "gen_vae.",
    "visual tokenizer": "gen_tokenizer.",
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What becomes one entry of the manifest; like: jobs of one batch agree in it."""

    index: int
    seed: int | None = None
    variant: str | None = None
    like: int = 0

    @property
    def entry(self) -> dict:
        """How the manifest says which it is."""
        named = {"index": self.index, "seed": self.seed, "variant": self.variant}
        return {key: value for key, value in named.items() if value is not None}


class Maker:
    """Has a model make what the test asks for; each method returns what a manifest's entries hold besides the job."""

    def __init__(self, model: Model, test: Test, run: Path):
        self.model, self.test, self.run = model, test, run

    def _saved(self, name: str, jobs: list[Job], pictures: list[np.ndarray]) -> list[dict]:
        made = []
        for job, picture in zip(jobs, pictures, strict=True):
            made.append({"file": f"{name}-{job.index:03d}-{job.seed}.png"})
            Image.fromarray(picture).save(self.run / made[-1]["file"])
        return made

    def create(self, jobs: list[Job]) -> list[dict]:
        texts, seeds = [self.test.prompts[j.index].text for j in jobs], [j.seed for j in jobs]
        return self._saved("create", jobs, self.model.create(texts, seeds))

    def uncoded(self, jobs: list[Job]) -> list[dict]:
        texts, seeds = [self.test.prompts[j.index].text for j in jobs], [j.seed for j in jobs]
        return self._saved("uncoded", jobs, self.model.create(texts, seeds, planned=False))

    def edit(self, jobs: list[Job]) -> list[dict]:
        cases = [self.test.edits[j.index] for j in jobs]
        sources = [np.stack([render(s) for s in e.sources]) for e in cases]
        return self._saved("edit", jobs, self.model.edit_many(sources, [e.text for e in cases], [j.seed for j in jobs]))

    def answer(self, jobs: list[Job]) -> list[dict]:
        return self._asked([self.test.questions[j.index] for j in jobs])

    def describe(self, jobs: list[Job]) -> list[dict]:
        return self._asked([self.test.descriptions[j.index] for j in jobs])

    def _asked(self, cases: list) -> list[dict]:
        return [{"text": t} for t in self.model.answer_many([render(q.scene) for q in cases], [q.text for q in cases])]

    def chat(self, jobs: list[Job]) -> list[dict]:
        """Turn by turn; the history holds the model's own texts and the test's pictures."""
        cases = [self.test.chats[j.index] for j in jobs]
        histories: list[list[Said]] = [[] for _ in cases]
        shown = [c.picture for c in cases]
        for k in range(max(len(c.turns) for c in cases)):
            going = [i for i, c in enumerate(cases) if k < len(c.turns)]
            for i in going:
                pictures = [] if shown[i] is None else [render(shown[i])]
                histories[i].append(Said(cases[i].turns[k].text, pictures))
                shown[i] = cases[i].turns[k].picture
            replies = self.model.reply_many([histories[i] for i in going])
            for i, reply in zip(going, replies, strict=True):
                histories[i][-1].answer = reply
        return [{"texts": [said.answer for said in history]} for history in histories]

    def parts(self, seeds: int, first: int | None) -> dict[str, tuple[str, list[Job], Callable[[list[Job]], list[dict]]]]:
        """Of each part its list in the manifest, its jobs, all prompts with the first seed before the next, and the work."""
        t, some = self.test, lambda items: picked(items, first)
        prompts, edits = some(t.prompts), some(t.edits)
        drawn = [Job(i, seed) for seed in range(1, seeds + 1) for i in prompts]
        changed = [Job(i, 1, like=len(t.edits[i].sources)) for i in edits]
        uncoded = [Job(i, 1, UNCODED) for i in prompts if t.prompts[i].set != HANDWRITTEN]
        return {
            "create": ("created", drawn, self.create),
            "edit": ("edited", changed, self.edit),
            "answer": ("answered", [Job(i) for i in some(t.questions)], self.answer),
            "describe": ("described", [Job(i) for i in some(t.descriptions)], self.describe),
            "chat": ("chatted", [Job(i) for i in some(t.chats)], self.chat),
            "uncoded": ("created", uncoded, self.uncoded),
        }


PARTS = ("create", "edit", "answer", "describe", "chat", "uncoded")


def batches(jobs: list[Job]) -> Iterator[list[Job]]:
    for _, alike in groupby(jobs, lambda job: job.like):
        own = list(alike)
        yield from (own[start : start + BATCH] for start in range(0, len(own), BATCH))


def make(model: Model, test: Test, run: Path, parts: list[str], seeds: int, first: int | None) -> None:
    """Fills RUN with what it lacks; the manifest is written after every batch."""
    run.mkdir(parents=True, exist_ok=True)
    file = run / "manifest.json"
    manifest = json.loads(file.read_text()) if file.exists() else {}
    offered = Maker(model, test, run).parts(seeds, first)
    for part in parts:
        name, jobs, work = offered[part]
        entries = manifest.setdefault(name, [])
        there = [{k: v for k, v in e.items() if k in ("index", "seed", "variant")} for e in entries]
        left, began, done = [j for j in jobs if j.entry not in there], time.time(), 0
        for batch in batches(left):
            entries += [job.entry | made for job, made in zip(batch, work(batch), strict=True)]
            file.write_text(json.dumps(manifest, indent=1))
            done += len(batch)
            print(f"{part}: {done} of {len(left)}, {(time.time() - began) / done:.2f} s each", flush=True)


def sizes(folder: Path) -> str:
    """The file's size and the parameters of each network."""
    counts: Counter[str] = Counter()
    for name, value in read_safetensors(folder / "model.safetensors").items():
        counts[next(n for n, prefix in NETWORKS.items() if name.startswith(prefix))] += math.prod(value.shape)
    listed = ", ".join(f"{name} {counts[name] / 1e6:.2f} M" for name in NETWORKS)
    weight = (folder / "model.safetensors").stat().st_size / 1e6
    return f"File {weight:.1f} MB; parameters {counts.total() / 1e6:.2f} M: {listed}."


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("checkpoint", type=Path)
    ask.add_argument("run", type=Path)
    ask.add_argument("--seeds", type=int, default=4)
    ask.add_argument("--first", type=int, help="only the first N of every set or kind")
    ask.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    ask.add_argument("--controls", action="store_true", help="also the rows that need no model")
    ask.add_argument("--vae", help="a diffusers AutoencoderKL for the round-trip rows")
    ask.add_argument("--workers", type=int, default=1, help="processes that score")
    options = ask.parse_args()
    one_quiet_thread(0)
    make(Model(options.checkpoint), load(), options.run, options.parts, options.seeds, options.first)
    print(score_run(options.run, options.controls, options.vae, options.first, options.workers))
    print(sizes(options.checkpoint))


if __name__ == "__main__":
    main()
