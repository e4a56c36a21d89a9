"""Draws the frozen test: `python -m training.world.scorer.draw` writes test.json anew, which makes a new version of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..captions import caption
from ..dialogues import dialogue
from ..edits import edit
from ..questions import QUESTION_KINDS, question
from ..requests import Request
from ..sampling import FULL, Curriculum, sample
from ..scenes import Scene
from ..splits import in_training
from ..vocabulary import NAMES
from . import handwritten
from .cases import EDIT_KINDS, HANDWRITTEN, ChatCase, EditCase, Prompt, QuestionCase, Turn, write

SEED = 20_261_127
PROMPTS, EDITS, QUESTIONS, DESCRIPTIONS, CHATS = 100, 60, 2000, 200, 200
"""Prompts of each set, edits of each kind, and the rest in all."""


def _says(r: Request, count: int, colours: bool = False, where: bool = False) -> bool:
    """Whether exactly so many things are asked for and exactly these things said of them."""
    said = [w.colour is not None for w in r.objects]
    plain = all(w.size is None and w.turn is None for w in r.objects) and not r.without
    places = bool(r.relations) or any(w.place for w in r.objects)
    return plain and sum(w.count or 9 for w in r.objects) == count and places == where and (
        all(said) if colours else not any(said)
    )


def _apart(r: Request) -> bool:
    return all(w.count == 1 for w in r.objects) and len({w.name for w in r.objects}) == 2


_ONE = replace(FULL, counts={1: 1.0}, turned=0.0)
_TWO = replace(FULL, counts={2: 1.0}, alike=0.0, turned=0.0)
SETS: dict[str, tuple[Curriculum, bool, Callable[[Request], bool]]] = {
    "single": (replace(_ONE, painted=0.0), False, lambda r: _says(r, 1)),
    "two objects": (replace(_TWO, painted=0.0), True, lambda r: _says(r, 2) and _apart(r)),
    "counting": (
        replace(FULL, counts={2: 1.0, 3: 1.0, 4: 1.0}, alike=1.0, turned=0.0, painted=0.0),
        True,
        lambda r: len(r.objects) == 1 and _says(r, r.objects[0].count or 0),
    ),
    "colours": (replace(_ONE, painted=1.0), True, lambda r: _says(r, 1, colours=True)),
    "position": (replace(_TWO, painted=0.0), True, lambda r: _says(r, 2, where=True) and _apart(r)),
    "colour attribution": (replace(_TWO, painted=1.0), True, lambda r: _says(r, 2, colours=True) and _apart(r)),
}
"""name -> (what is drawn, whether half can be held out, which requests belong)."""


def _split(held_out: bool) -> Callable[[Scene], bool]:
    return lambda scene: in_training(scene) != held_out


def _prompts(rng: np.random.Generator) -> Iterator[Prompt]:
    for name, (curriculum, splits, belongs) in SETS.items():
        texts: set[str] = set()
        order = rng.permutation(len(NAMES))
        while len(texts) < PROMPTS:
            held_out = splits and len(texts) % 2 == 1
            own = replace(curriculum, names=(NAMES[order[len(texts)]],)) if name == "single" else curriculum
            scene = sample(rng, own, _split(held_out))
            for _ in range(8):
                c = caption(scene, rng)
                if belongs(c.request) and c.text not in texts:
                    texts.add(c.text)
                    yield Prompt(name, c.text, c.request, scene, held_out)
                    break
    for text, request in handwritten.read():
        scene = handwritten.composed(request, rng)
        yield Prompt(HANDWRITTEN, text, request, scene, not in_training(scene))


def _edits(rng: np.random.Generator) -> Iterator[EditCase]:
    for kind in (*EDIT_KINDS, "combine"):
        for i in range(EDITS):
            held_out, found = i % 2 == 1, None
            while found is None:
                allowed = (lambda s: True) if held_out else in_training
                sources = tuple(sample(rng, FULL, allowed) for _ in range(2 if kind == "combine" else 1))
                loses = kind in ("remove", "extract")
                if held_out and loses and in_training(sources[0]):
                    continue
                test = allowed if loses else _split(held_out)
                found = edit(sources, rng, kind, test, tries=4)
            yield EditCase(kind, found.text, found.sources, found.base, found.target, found.request, held_out)


def _questions(rng: np.random.Generator, count: int, kinds: tuple[str, ...]) -> Iterator[QuestionCase]:
    done = 0
    while done < count:
        held_out, kind = done % 2 == 1, kinds[done // 2 % len(kinds)]
        scene = sample(rng, FULL, _split(held_out))
        for _ in range(6):
            found = question(scene, rng, kind)
            if found:
                done += 1
                yield QuestionCase(found.kind, found.text, found.answer, scene, held_out)
                break


def _chats(rng: np.random.Generator) -> Iterator[ChatCase]:
    for i in range(CHATS):
        held_out = i % 2 == 1
        scene = None if i % 5 == 4 else sample(rng, FULL, _split(held_out))
        chat = dialogue(rng, scene)
        turns = tuple(Turn(t.kind, t.text, t.answer, t.picture) for t in chat.turns)
        yield ChatCase(chat.picture, turns, held_out and scene is not None)


def main() -> None:
    parts = {
        "prompts": _prompts(np.random.default_rng((SEED, 1))),
        "edits": _edits(np.random.default_rng((SEED, 2))),
        "questions": _questions(np.random.default_rng((SEED, 3)), QUESTIONS, QUESTION_KINDS),
        "descriptions": _questions(np.random.default_rng((SEED, 4)), DESCRIPTIONS, ("describe",)),
        "chats": _chats(np.random.default_rng((SEED, 5))),
    }
    write({name: list(items) for name, items in parts.items()})


if __name__ == "__main__":
    main()
