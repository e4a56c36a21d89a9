"""Reads the prompts that were written by hand, and composes a right scene for what they ask."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.data.scenes import choice

from ..atlas import distinct
from ..grounds import GRID, Ground
from ..requests import Related, Request, Wanted, holds
from ..scenes import LINE_SIZE, PIXEL_SIZE, Placed, Scene, overlap, valid
from ..splits import in_training
from ..vocabulary import BY_NAME, COLOUR_NAMES, SIZES

FILE = Path(__file__).parent / "handwritten.txt"
RELATIONS = ("left", "right", "above", "below", "on", "beside", "between")


def _wanted(words: str) -> Wanted:
    """'2 red tiny cat @left ~sideways'."""
    words, _, turn = words.partition(" ~")
    words, _, place = words.partition(" @")
    count, colour, size = 1, None, None
    first, _, rest = words.partition(" ")
    if first in ("+", "2", "3", "4"):
        count, words = None if first == "+" else int(first), rest
    while words not in BY_NAME:
        first, _, words = words.partition(" ")
        if first in COLOUR_NAMES and colour is None:
            colour = first
        elif first in SIZES and size is None:
            size = first
        else:
            raise ValueError(f"no thing, colour or size: {first!r}")
    return Wanted(words, count, colour, size, place or None, turn or None)


def request_of(spec: str) -> Request:
    """A spec of handwritten.txt as a Request."""
    request = Request()
    for item in spec.split("; "):
        words = item.split(" ")
        if len(words) > 1 and words[1] in RELATIONS:
            indices = [int(n) for n in (words[0], *words[2:])]
            request = replace(request, relations=(*request.relations, Related(words[1], *indices)))
        elif words[0] == "ground":
            said = item.removeprefix("ground ")
            ground = tuple(said.split(" ")) if words[1] in ("solid", "gradient", "checkered") else (said,)
            request = replace(request, ground=ground)
        elif words[0] == "style":
            request = replace(request, style=words[1])
        elif words[0] == "no":
            request = replace(request, without=(*request.without, item.removeprefix("no ")))
        else:
            request = replace(request, objects=(*request.objects, _wanted(item)))
    return request


def read() -> Iterator[tuple[str, Request]]:
    """(text, request) of every hand-written prompt."""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, spec = line.partition(" => ")
            yield text, request_of(spec)


# ---------------------------------------------------------------- a right scene


def _ground(asked: tuple[str, ...] | None, style: str, rng: np.random.Generator) -> Ground:
    if asked is None:
        return Ground("solid", "white" if style == "line" else choice(rng, ("white", "blue", "green", "grey", "yellow")))
    kind, *said = asked
    if kind == "solid":
        return Ground(kind, said[0], {"light": 1, "dark": 2}.get(said[1], 0) if len(said) > 1 else 0)
    if kind in ("gradient", "checkered"):
        return Ground(kind, *(said[:1] or ("red",)), to=(said[1] if said else "white"))
    return Ground(kind, horizon=int(rng.integers(2)))


def _tint(w: Wanted, coloured: bool) -> str | None:
    return w.colour if coloured and w.colour != BY_NAME[w.name].natural else None


def _turn(w: Wanted, rng: np.random.Generator) -> str:
    if w.turn != "sideways":
        return w.turn or "as drawn"
    return choice(rng, [t for t in ("turned left", "turned right") if distinct(w.name, "as drawn", t)])


def _tried(request: Request, rng: np.random.Generator) -> Scene | None:
    """Things of the right kind at random free places; None if they end up wrong."""
    style = request.style or "3d"
    scene = Scene((), _ground(request.ground, style, rng), style)
    members = [w for w in request.objects for _ in range(w.count or 3)]
    least = {"pixel": PIXEL_SIZE, "line": LINE_SIZE}.get(style, 2)
    most = {1: 5, 2: 4, 3: 4, 4: 3}[len(members)]
    for w in members:
        size = SIZES[w.size] if w.size else max(least, int(rng.integers(max(least, 2), most + 1)))
        o = Placed(w.name, size, 0, 0, _tint(w, scene.coloured), _turn(w, rng))
        lots = [replace(o, row=r, column=c) for r in range(GRID - size + 1) for c in range(GRID - size + 1)]
        lots = [m for m in lots if not any(overlap(m, x) for x in scene.objects) and w.place in (None, m.place)]
        if not lots:
            return None
        scene = scene.plus(choice(rng, lots))
    return scene if valid(scene) and holds(scene, request) else None


def composed(request: Request, rng: np.random.Generator, tries: int = 30_000) -> Scene:
    """A right scene for a request; without held-out combinations if one turns up soon."""
    spare, spared = None, 0
    for _ in range(tries):
        scene = _tried(request, rng)
        if scene and in_training(scene):
            return scene
        if scene:
            spare, spared = spare or scene, spared + 1
        if spared == 25:
            break
    if spare is None:
        raise ValueError(f"no right scene was found for {request}")
    return spare
