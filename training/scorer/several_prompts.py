"""The frozen test of pictures of one to four things, in `several.json`: prompts, edits and questions.

`python -m training.scorer.several_prompts` drew it once; a scored model never changes it. Half of every drawn set and
kind asks for a combination that training never sees (`held_out`). The prompts of `several.txt` were written by hand,
each with what it asks for beside it (`read`).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from training.data.language import EDIT_KINDS, SIZE_WORDS, Edit, Request, RequestedObject, caption, edit, ground_names, plural, question
from training.data.scenes import (
    SIDE,
    SIZES,
    Background,
    Scene,
    SceneObject,
    choice,
    from_json,
    overlap,
    placed,
    relation,
    sample_background,
    sample_several,
    visible,
)
from training.data.splits import colour_held_out, count_held_out, in_training, relation_held_out
from training.data.vocabulary import BY_NAME, COLOUR_NAMES, COLOUR_SPELLINGS, NAMES, PLACES, SHADE_NAMES, tints

from .prompts import Prompt, QuestionCase, write
from .several import LARGE, RESIZED, SMALL, Wanted, longest_edge

FILE, HANDWRITTEN = (Path(__file__).parent / name for name in ("several.json", "several.txt"))
SEED = 20_261_128
EACH_SET, EACH_EDIT, EACH_QUESTION = 60, 40, 50
QUESTION_KINDS = ("count", "place", "what", "where", "colour", "exists", "describe")
COUNTS = (1, 2, 3, 4)
"""How many things a source or questioned picture holds, by lot."""
EDGES = {2: SMALL, 4: LARGE}
"""What the words for a size (in cells) ask of the longest edge."""


@dataclass(frozen=True)
class SeveralEdit:
    """As prompts.EditCase; changed: indices of all the source's objects that are edited."""

    kind: str
    text: str
    source: Scene
    target: Scene
    request: Request
    changed: tuple[int, ...]
    held_out: bool


# ---------------------------------------------------------------- what words and scenes ask for


def _paint(o: SceneObject) -> str | None:
    """The colour of a thing that could have another one."""
    return o.colour if tints(o.name) else None


def shown(scene: Scene) -> Request:
    """Everything a scene holds, small and large sizes among it."""
    objects = tuple(Wanted(o.name, _paint(o), o.place, EDGES.get(o.size)) for o in scene.objects)
    return Request(objects, relation(*scene.objects) if len(objects) == 2 else None, ground_names(scene.background))


def _named(o: RequestedObject | SceneObject) -> str:
    """Pattern of an object's noun, behind its colour where it has one."""
    colour = f"(?:{'|'.join((o.colour, *COLOUR_SPELLINGS.get(o.colour, ())))}) " if o.colour else ""
    nouns = (o.name, *BY_NAME[o.name].synonyms)
    return rf"{colour}(?:{'|'.join((*nouns, *map(plural, nouns)))})\b"


def _said_edge(text: str, o: RequestedObject) -> tuple[int, int] | None:
    """What the text says of an object's size: a size word before its noun, or before its colour and noun."""
    said = (size for size, words in SIZE_WORDS.items() if re.search(rf"\b(?:{'|'.join(words)}) {_named(o)}", text, re.I))
    return EDGES.get(next(said, None))


def _asked_in(text: str, request: Request) -> Request:
    """A caption's request with the sizes that its words say."""
    objects = tuple(Wanted(o.name, o.colour, o.place, _said_edge(text, o)) for o in request.objects)
    return Request(objects, request.relation, request.background)


def _edited(source: Scene, e: Edit) -> Request:
    """What an edit's target must hold: what the words ask for, and what they leave alone as it was."""
    fewer = e.kind in ("remove", "extract")
    objects = []
    for i, (o, r) in enumerate(zip(e.target.objects, e.request.objects, strict=True)):
        was = o if fewer else source.objects[i] if i < len(source.objects) else None
        as_was = e.kind == "duplicate" or (was is not None and was.name == o.name)
        colour = _paint(o) if as_was else r.colour
        if not as_was and o.colour and re.search(rf"\b{_named(o)}", e.text, re.I):
            colour = o.colour
        wanted = Wanted(o.name, colour, r.place)
        if was is None:
            wanted = replace(wanted, edge=_said_edge(e.text, wanted))
        elif was.size != o.size:
            old = longest_edge(was)
            edge = (int(old * RESIZED), SIDE) if o.size > was.size else (0, int(old / RESIZED))
            wanted = replace(wanted, place=r.place if was.place == o.place else None, edge=edge)
        objects.append(wanted)
    return Request(tuple(objects), relation(*e.target.objects) if e.beside else None, ground_names(e.target.background))


def _asks_held_out(request: Request, scene: Scene) -> bool:
    """Whether the request, which the scene fulfils, names a combination that training never sees."""
    if any(o.colour in tints(o.name) and colour_held_out(o.name, o.colour) for o in request.objects):
        return True
    if any(count_held_out(*item) for item in Counter(o.name for o in request.objects).items()):
        return True
    told = [o for o in request.objects if o.place or request.relation]
    there = [next(s for s in scene.objects if s.name == o.name and o.place in (None, s.place)) for o in told]
    return any(relation_held_out(a, b) for a, b in combinations(there, 2) if a.name != b.name)


# ---------------------------------------------------------------- drawing


def _classes(request: Request) -> int:
    return len({o.name for o in request.objects})


SETS: dict[str, tuple[tuple[int, ...], Callable[[Request], bool]]] = {
    "counting": ((2, 3, 4), lambda r: len(set(r.objects)) == 1),
    "two kinds": ((3, 4), lambda r: _classes(r) == 2),
    "three": ((3,), lambda r: _classes(r) == 3),
    "four": ((4,), lambda r: _classes(r) >= 3),
    "small": ((1,), lambda r: r.objects[0].edge == SMALL),
    "places": ((3,), lambda r: _classes(r) == 3 and all(o.place for o in r.objects)),
}
"""set -> (how many things in turn, which requests belong)."""


def anything(_: Scene) -> bool:
    return True


def _draw_prompts(rng: np.random.Generator) -> Iterator[Prompt]:
    for name, (counts, belongs) in SETS.items():
        texts: set[str] = set()
        while len(texts) < EACH_SET:
            held_out = len(texts) % 2 == 1
            scene = sample_several(rng, counts[len(texts) // 2 % len(counts)], anything if held_out else in_training)
            c = caption(scene, rng)
            request = _asked_in(c.text, c.request)
            if belongs(request) and c.text not in texts and _asks_held_out(request, scene) == held_out:
                texts.add(c.text)
                yield Prompt(name, c.text, request, scene, held_out)


def _draw_edits(rng: np.random.Generator) -> Iterator[SeveralEdit]:
    """From sources that training could see, unless the kind makes no new combination."""
    for kind in EDIT_KINDS:
        old = kind in ("background", "remove", "extract", "resize")
        for i in range(EACH_EDIT):
            held_out, found = i % 2 == 1, None
            while found is None:
                source = sample_several(rng, choice(rng, COUNTS), anything if old and held_out else in_training)
                found = edit(source, rng, kind, anything if held_out else in_training, tries=1)
                if found and _asks_held_out(_edited(source, found), found.target) != held_out:
                    found = None
            yield SeveralEdit(kind, found.text, source, found.target, _edited(source, found), found.changed, held_out)


def _draw_questions(rng: np.random.Generator) -> Iterator[QuestionCase]:
    for kind in QUESTION_KINDS:
        for i in range(EACH_QUESTION):
            held_out, found = i % 2 == 1, None
            while found is None:
                scene = sample_several(rng, choice(rng, COUNTS), lambda s, h=held_out: in_training(s) != h)
                found = question(scene, rng, kind)
            yield QuestionCase(found.kind, found.text, found.answer, scene, held_out)


# ---------------------------------------------------------------- written by hand

_THING = re.compile(
    rf"(?:(?P<count>[2-4]) )?(?:(?P<size>small|big) )?(?:(?P<colour>{'|'.join(COLOUR_NAMES)}) )?(?P<name>{'|'.join(NAMES)})(?: @(?P<place>.+))?"
)


def read(line: str) -> tuple[str, Request]:
    """A prompt and its request from 'text => [count] [size] [colour] name [@place], ...; [relation]; [ground A [to B]]'."""
    text, asked = line.split(" => ")
    things, *rest = asked.split("; ")
    objects: list[Wanted] = []
    for thing in things.split(", "):
        m = _THING.fullmatch(thing)
        if not m or m["place"] not in (None, *PLACES):
            raise ValueError(f"several.txt: “{thing}” is not a thing of this domain")
        edge = {"small": SMALL, "big": LARGE}.get(m["size"])
        objects += [Wanted(m["name"], m["colour"], m["place"], edge)] * int(m["count"] or 1)
    how = next((part for part in rest if part in ("left", "right", "above", "below")), None)
    ground = next((tuple(part.removeprefix("ground ").split(" to ")) for part in rest if part.startswith("ground ")), None)
    return text, Request(tuple(objects), how, ground)


def _fulfilled(request: Request, rng: np.random.Generator) -> Scene:
    """A scene that holds what is asked for and no combination that training never sees, unless it is asked for."""
    for tries in range(20_000):
        ground = sample_background(rng) if request.background is None else _named_ground(request.background, rng)
        scene = Scene(tuple(_placed(o, rng) for o in request.objects), ground)
        apart = not any(overlap(a, b) for a, b in combinations(scene.objects, 2))
        related = request.relation is None or relation(*scene.objects) == request.relation
        if apart and related and visible(scene) and (in_training(scene) or tries > 10_000):
            return scene
    raise ValueError(f"no scene holds {request}")


def _named_ground(names: tuple[str, ...], rng: np.random.Generator) -> Background:
    return Background(names[0], to=names[1]) if len(names) == 2 else Background(names[0], int(rng.integers(len(SHADE_NAMES))))


def _placed(o: Wanted, rng: np.random.Generator) -> SceneObject:
    size = choice(rng, [s for s in SIZES if o.edge in (None, EDGES.get(s))])
    tint = o.colour if o.colour in tints(o.name) else None
    return placed(o.name, tint, size, o.place or choice(rng, PLACES), rng)


def _written_prompts(rng: np.random.Generator) -> Iterator[Prompt]:
    for line in HANDWRITTEN.read_text().splitlines():
        if not line.startswith("#"):
            text, request = read(line)
            scene = _fulfilled(request, rng)
            yield Prompt("by hand", text, request, scene, _asks_held_out(request, scene))


# ---------------------------------------------------------------- file


def build() -> None:
    """Draws everything anew: a new version of the test, which every checkpoint has to take again."""
    rng = np.random.default_rng(SEED)
    prompts = [*_draw_prompts(rng), *_written_prompts(rng)]
    write(FILE, {"prompts": prompts, "edits": _draw_edits(rng), "questions": _draw_questions(rng)})


def _request(data: dict) -> Request:
    objects = tuple(Wanted(**{**o, "edge": tuple(o["edge"]) if o["edge"] else None}) for o in data["objects"])
    return Request(objects, data["relation"], tuple(data["background"]) if data["background"] else None)


def load() -> tuple[list[Prompt], list[SeveralEdit], list[QuestionCase]]:
    """All three parts of the frozen test."""
    data = json.loads(FILE.read_text())
    prompts = [Prompt(**{**p, "request": _request(p["request"]), "scene": from_json(p["scene"])}) for p in data["prompts"]]
    edits = [
        SeveralEdit(
            **{
                **e,
                "request": _request(e["request"]),
                "source": from_json(e["source"]),
                "target": from_json(e["target"]),
                "changed": tuple(e["changed"]),
            }
        )
        for e in data["edits"]
    ]
    questions = [QuestionCase(**{**q, "scene": from_json(q["scene"])}) for q in data["questions"]]
    return prompts, edits, questions


if __name__ == "__main__":
    build()
