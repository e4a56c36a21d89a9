"""The frozen test: prompts, edits and questions with what each asks for, in `prompts.json`.

`python -m training.scorer.prompts` drew it once; a scored model never changes it. Where a set can have them,
half of its items hold a combination that training never sees (`held_out`), and the table reports these apart.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.data.language import (
    Request,
    RequestedObject,
    caption,
    edit,
    question,
)
from training.data.scenes import Scene, from_json, sample
from training.data.splits import in_training
from training.data.vocabulary import NAMES

FILE = Path(__file__).parent / "prompts.json"
SEED = 20_260_101
EDIT_KINDS = ("recolour", "background", "replace", "move")
QUESTION_KINDS = ("what", "colour", "where", "background", "exists", "is_colour", "describe")
EDITS_PER_KIND = 30
QUESTIONS = 400


@dataclass(frozen=True)
class Prompt:
    """set: single, two, colours, position or background. scene: one right picture, for the control rows."""

    set: str
    text: str
    request: Request
    scene: Scene
    held_out: bool


@dataclass(frozen=True)
class EditCase:
    """source, instruction, target; request: all the target holds; changed: index of the edited object."""

    kind: str
    text: str
    source: Scene
    target: Scene
    request: Request
    changed: int | None
    held_out: bool


@dataclass(frozen=True)
class QuestionCase:
    """scene, question, its one right answer."""

    kind: str
    text: str
    answer: str
    scene: Scene
    held_out: bool


# ---------------------------------------------------------------- which prompts belong to which set


def _says(r: Request, colours: bool = False, places: bool = False) -> bool:
    """Whether exactly these things are said of the objects."""
    said_colour = any(o.colour for o in r.objects)
    return said_colour == colours and any(o.place for o in r.objects) == places


SETS: dict[str, tuple[int, float, Callable[[Request], bool]]] = {
    "single": (100, 0.0, lambda r: _says(r) and not r.background and not r.relation),
    "two": (100, 1.0, lambda r: _says(r) and not r.background and not r.relation),
    "colours": (100, 0.0, lambda r: _says(r, colours=True) and not r.background),
    "position": (50, 0.5, lambda r: not _says(r, colours=True) and (r.relation or r.objects[0].place) is not None),
    "background": (50, 0.0, lambda r: _says(r) and r.background is not None),
}
"""name -> (prompts, share of scenes with two objects, which requests belong)."""


def _draw_prompts(rng: np.random.Generator) -> Iterator[Prompt]:
    for name, (count, two, belongs) in SETS.items():
        texts: set[str] = set()
        while len(texts) < count:
            held_out = name in ("two", "colours", "position") and len(texts) % 2 == 1
            scene = sample(rng, two, allowed=lambda s, h=held_out: in_training(s) != h)
            c = caption(scene, rng)
            wanted = NAMES[len(texts) % len(NAMES)] if name == "single" else None
            if belongs(c.request) and c.text not in texts and wanted in (None, scene.objects[0].name):
                texts.add(c.text)
                yield Prompt(name, c.text, c.request, scene, held_out)


def _draw_edits(rng: np.random.Generator) -> Iterator[EditCase]:
    for kind in EDIT_KINDS:
        for i in range(EDITS_PER_KIND):
            held_out = i % 2 == 1
            found = None
            while found is None:
                source = sample(rng, 0.5)
                if kind == "background" and held_out:
                    source = sample(rng, 0.5, allowed=lambda s: not in_training(s))
                found = edit(source, rng, kind, allowed=lambda s, h=held_out: in_training(s) != h, tries=1)
            yield EditCase(kind, found.text, source, found.target, found.request, *(found.changed or (None,)), held_out)


def _draw_questions(rng: np.random.Generator) -> Iterator[QuestionCase]:
    count = 0
    while count < QUESTIONS:
        held_out = count % 2 == 1
        scene = sample(rng, 0.5, allowed=lambda s, h=held_out: in_training(s) != h)
        found = question(scene, rng, QUESTION_KINDS[count // 2 % len(QUESTION_KINDS)])
        if found:
            count += 1
            yield QuestionCase(found.kind, found.text, found.answer, scene, held_out)


# ---------------------------------------------------------------- file


def write(file: Path, parts: dict[str, Iterable]) -> None:
    """JSON of the parts (of dataclasses), an item a line."""
    lines = (
        f'"{name}": [\n' + ",\n".join(json.dumps(asdict(item)) for item in items) + "\n]"
        for name, items in parts.items()
    )
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def build() -> None:
    """Draws everything anew: a new version of the test, which every checkpoint has to take again."""
    rng = np.random.default_rng(SEED)
    write(FILE, {"prompts": _draw_prompts(rng), "edits": _draw_edits(rng), "questions": _draw_questions(rng)})


def _request(data: dict) -> Request:
    background = data["background"]
    return Request(
        tuple(RequestedObject(**o) for o in data["objects"]), data["relation"], tuple(background) if background else None
    )


def load() -> tuple[list[Prompt], list[EditCase], list[QuestionCase]]:
    """All three parts of the frozen test."""
    data = json.loads(FILE.read_text())
    prompts = [Prompt(**{**p, "request": _request(p["request"]), "scene": from_json(p["scene"])}) for p in data["prompts"]]
    edits = [
        EditCase(**{**e, "request": _request(e["request"]), "source": from_json(e["source"]), "target": from_json(e["target"])})
        for e in data["edits"]
    ]
    questions = [QuestionCase(**{**q, "scene": from_json(q["scene"])}) for q in data["questions"]]
    return prompts, edits, questions


if __name__ == "__main__":
    build()
