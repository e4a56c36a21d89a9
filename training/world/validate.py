"""Greedy plans and answers of a learner on validation scenes of fixed seeds; never the frozen test's."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from training.data.tokenizer import Tokenizer
from training.networks.decoding import expanded, generate_codes, generate_text
from training.networks.pictures import vision_rows
from training.train_common import swapped

from .codes import decode
from .config import LAYOUT
from .dialogues import dialogue
from .learner import PATCHES, Learner
from .plans import codes_in, plan
from .questions import QUESTION_KINDS, question
from .requests import holds
from .scenes import Scene
from .sequences import EDIT_SHARES, Sequences, drawn
from .splits import in_training

CHUNK = 48
"""Rows that are decoded at a time."""
LONGEST = 64
"""Words of an answer at most."""


def held_out(scene: Scene) -> bool:
    """Whether the scene holds a combination that training never sees."""
    return not in_training(scene)


def things(scene: Scene) -> list[tuple[str, str | None]]:
    """(class, paint) of each thing, sorted."""
    return sorted((o.name, o.tint or "") for o in scene.objects)


class Shares:
    """Means of what was noted under each name."""

    def __init__(self):
        self.notes: dict[str, list[float]] = defaultdict(list)

    def note(self, value: float, *names: str) -> None:
        for name in names:
            self.notes[name].append(float(value))

    def means(self) -> dict[str, float]:
        return {name: float(np.mean(values)) for name, values in self.notes.items()}


class Checks:
    """Draws its samples once. prompts, edits: how many, half of them held out; asked: questions of each kind; chats."""

    def __init__(
        self, tokenizer: Tokenizer, prompts: int = 64, edits: int = 48, asked: int = 6, chats: int = 10, seed: int = 7001
    ):
        self.tokenizer = tokenizer
        self.sources = [Sequences(tokenizer, seed), Sequences(tokenizer, seed + 1, held_out)]
        self.captioned = [(label, *s.captioned()) for label, s in self._halves() for _ in range(prompts // 2)]
        kinds = [*EDIT_SHARES, "combine"]
        self.edits = [(label, s.edited(kinds[i % len(kinds)])) for label, s in self._halves() for i in range(edits // 2)]
        self.asked = [self._question(kind) for kind in QUESTION_KINDS for _ in range(asked)]
        source = self.sources[0]
        self.chats = [dialogue(source.rng, source.scene()) for _ in range(chats)]

    def _halves(self):
        return zip(("seen", "new"), self.sources, strict=True)

    def _question(self, kind: str):
        source = self.sources[0]
        while True:
            scene = source.scene()
            found = question(scene, source.rng, kind)
            if found:
                return scene, found

    @torch.no_grad()
    def __call__(self, model: Learner, averaged: dict[str, Tensor]) -> dict[str, float]:
        """Swaps the averaged weights in, measures, swaps back."""
        device, shares = next(model.parameters()).device, Shares()
        with swapped(model, averaged):
            model.cpu()
            self._create(model, shares)
            self._edit(model, shares)
            self._answer(model, shares)
            self._chat(model, shares)
            model.to(device)
        return shares.means()

    def _create(self, model: Learner, shares: Shares) -> None:
        prompts = [self.sources[0].prompt(c.text) for _, _, c in self.captioned]
        made = plans(model, prompts)
        for p, (label, scene, caption) in zip(made, self.captioned, strict=True):
            found = decode(codes_in(p))
            good = holds(found, caption.request)
            shares.note(good, "c_all", f"c_{label}", f"c_{len(scene.objects)}")
            shares.note(things(found) == things(scene), "c_things")
            shares.note(found.style == scene.style, "c_style")
            shares.note(found.ground.kind == scene.ground.kind, "c_ground")
            shares.note(len(found.objects) == len(scene.objects), "c_count")

    def _edit(self, model: Learner, shares: Shares) -> None:
        prompts = [self.sources[0].prompt(e.text, len(e.sources)) for _, e in self.edits]
        made = plans(model, prompts, [list(e.sources) for _, e in self.edits])
        for p, (label, e) in zip(made, self.edits, strict=True):
            found = decode(codes_in(p))
            shares.note(holds(found, e.request), "e_all", f"e_{label}", f"e_{e.kind}")
            shares.note((p == plan(e.target)).mean(), "e_cells")

    def _answer(self, model: Learner, shares: Shares) -> None:
        encode = self.tokenizer.encode
        prompts = [expanded(encode(self.tokenizer.question_prompt(q.text)), LAYOUT) for _, q in self.asked]
        replies = answers(model, prompts, [[s] for s, _ in self.asked])
        for ids, (_, q) in zip(replies, self.asked, strict=True):
            shares.note(self.tokenizer.decode(ids).strip() == q.answer, "q_all", f"q_{q.kind}")

    def _chat(self, model: Learner, shares: Shares) -> None:
        """Each turn after the right answers to those before it."""
        rows, wanted = [], []
        for chat in self.chats:
            ids, pictures = [], []
            for (prompt, reply, new), turn in zip(self.sources[0].turns(chat), chat.turns, strict=True):
                ids, pictures = [*ids, *prompt], [*pictures, *new]
                rows.append((ids, pictures))
                wanted.append((reply[:-1], turn.kind))
                ids = [*ids, *reply]
        for made, (reply, kind) in zip(answers(model, *map(list, zip(*rows, strict=True))), wanted, strict=True):
            shares.note(made == reply, "t_all", f"t_{kind}")


def _seen(model: Learner, pictures: list[Scene]):
    pixels, _ = drawn(pictures)
    return None if pixels is None else model.visual(vision_rows(pixels.numpy()), PATCHES, PATCHES)


def _in_chunks(model: Learner, prompts: list[list[int]], pictures: list[list[Scene]] | None, make: Callable) -> list:
    """make(text, table, head, prompts, seen) for every CHUNK of the prompts."""
    embedding, head = model.codes.flat()
    table, out = torch.cat([model.text.embed_tokens.weight, embedding]), []
    for i in range(0, len(prompts), CHUNK):
        shown = [s for own in pictures[i : i + CHUNK] for s in own] if pictures else []
        out += list(make(model.text, table, head, prompts[i : i + CHUNK], _seen(model, shown), layout=LAYOUT))
    return out


def plans(model: Learner, prompts: list[list[int]], pictures: list[list[Scene]] | None = None) -> list[np.ndarray]:
    """Greedy plans [8, 16]; pictures: those of each prompt."""
    return _in_chunks(model, prompts, pictures, generate_codes)


def answers(model: Learner, prompts: list[list[int]], pictures: list[list[Scene]]) -> list[list[int]]:
    """Greedy answers."""
    return _in_chunks(model, prompts, pictures, partial(generate_text, most=LONGEST))
