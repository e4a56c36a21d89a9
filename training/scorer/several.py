"""Detection and verdicts for pictures of up to five things of 2 to 4 cells, several of a class among them.

The matching is `detect.py`'s. What differs: smaller edges are looked for, a box that fits well goes before a larger
one that fits worse (a pair of carrots is no hourglass), each thing asked for has a detection of its own, sizes count
where the words say one, and in an edit whatever stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from training.data.language import Request, RequestedObject
from training.data.scenes import CELL, SIDE, Scene, SceneObject
from training.data.sprites import MARGIN

from .detect import (
    COARSE,
    FINE,
    LEAST_COARSE_MATCH,
    LEAST_ENERGY,
    Detection,
    _Candidates,
    _coarse_bank,
    _identify,
    _matches,
    _shortlist,
    _View,
    background_rows,
    fit_background,
    shrunk,
)
from .score import (
    KEPT_WITHIN,
    LEAST_MATCH,
    LEAST_PSNR,
    Verdict,
    _background_ok,
    _related,
    colour_of,
    in_place,
    psnr,
)

EDGES = (60, 76, 92, 108, 124, 140)
"""Longest edges looked for, in picture px; the fine stage adds -8 .. 8."""
STRIDES = {60: 1, 76: 1}
"""Steps of the coarse search in coarse px; 2 where nothing is said."""
MOST_FOUND = 6
MARGIN_NEAR, LEAST_MARGIN = 0.12, 0.25
"""RGB distance (0..1) up to which a pixel of the margin lies on the background, and the share that must."""
FIT = 4
"""Power of the match by which a box's explained part is weighed when the next thing is picked."""
LEAST_FURTHER = 0.75
"""Correlation from which a detection that nothing asked for counts as something else."""
SMALL, LARGE = (0, 76), (108, SIDE)
"""Least and most longest edge, px, of a thing called small (2 cells) or big (4 cells): half way to the size between."""
RESIZED = 1.15
"""What is to become bigger or smaller must do so by this factor at least; a step is 1.35 or 1.53."""
ROOM = 8
"""Pixels around a changed box that may change with it."""


# ---------------------------------------------------------------- detection


def _search(view: _View) -> _Candidates:
    """All coarse boxes that hold a fair share of what stands out."""
    parts, side = [], len(view.difference)
    energy_of = (view.difference**2).sum(-1)
    for edge in EDGES:
        n = edge // COARSE
        steps = np.arange(0, side - n + 1, STRIDES.get(edge, 2))
        ys, xs = (a.ravel() for a in np.meshgrid(steps, steps, indexing="ij"))
        energies = sliding_window_view(energy_of, (n, n))[ys, xs].sum((1, 2))
        keep = energies > 0.3 * energies.max()
        ys, xs = ys[keep], xs[keep]
        match, energy = _matches(view, _coarse_bank(n), n, ys, xs)
        explained = np.maximum(match, 0) ** 2 * energy[:, None]
        parts.append((ys * COARSE, xs * COARSE, np.full(len(ys), edge), match, explained))
    return _Candidates(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def margin_share(picture: np.ndarray, ends: np.ndarray) -> float:
    """Share of the outermost columns, which things leave free, that lies near a background."""
    columns = shrunk(picture, FINE)[:, [0, -1]]
    away = columns - background_rows(ends, len(columns))[:, None]
    return float(((away**2).sum(-1) < MARGIN_NEAR**2).mean())


def ground(picture: np.ndarray) -> np.ndarray:
    """Background ends [2, 3]: what most pixels lie on or, where that is a thing's own flat colour, most of the margin."""
    ends = fit_background(shrunk(picture, COARSE))
    return ends if margin_share(picture, ends) >= LEAST_MARGIN else fit_background(shrunk(picture, FINE)[:, [0, -1]])


def detect(picture: np.ndarray) -> tuple[np.ndarray, list[Detection]]:
    """(background ends [2, 3], things in the order they were found) of uint8 [256, 256, 3]."""
    ends = ground(picture)
    coarse, fine = _View.of(picture, COARSE, ends), _View.of(picture, FINE, ends)
    found: list[Detection] = []
    while len(found) < MOST_FOUND and (coarse.difference**2).sum() > LEAST_ENERGY:
        candidates = _search(coarse)
        weighed = candidates.explained * np.maximum(candidates.match, 0) ** FIT
        peak, sprite = np.unravel_index(weighed.argmax(), weighed.shape)
        if candidates.match[peak, sprite] < LEAST_COARSE_MATCH:
            break
        found.append(_identify(fine, candidates, _shortlist(candidates, int(peak))))
        coarse, fine = coarse.without(found[-1], COARSE), fine.without(found[-1], FINE)
    return ends, found


# ---------------------------------------------------------------- requests


@dataclass(frozen=True)
class Wanted(RequestedObject):
    """A class and what was said of it; edge: least and most longest edge in px, where a size was said."""

    edge: tuple[int, int] | None = None


def longest_edge(o: SceneObject) -> int:
    """Of what is drawn in the object's box, px."""
    return o.size * CELL - MARGIN


# ---------------------------------------------------------------- pictures


def judge(picture: np.ndarray, request: Request, ends: np.ndarray, found: list[Detection]) -> Verdict:
    """Whether a picture with these detections holds what was asked for (by the kindest assignment) and nothing else."""
    present = [d for d in found if d.match >= LEAST_MATCH]
    asked = {o.name for o in request.objects}
    colours = {d: colour_of(picture, d) for d in present if d.name in asked}
    ways = [(partners, _assigned(request, partners, colours)) for partners in _assignments(request.objects, present)]
    partners, checks = max(ways, key=lambda way: sum(way[1].values()))
    checks["nothing else"] = not any(d.match >= LEAST_FURTHER for d in found if d not in partners)
    if request.background:
        checks["background"] = _background_ok(picture, request.background, ends, found)
    return Verdict(checks, min((d.match if d else 0.0 for d in partners), default=1.0))


def _assignments(objects: tuple[RequestedObject, ...], free: list[Detection]) -> Iterator[tuple[Detection | None, ...]]:
    """Every way to give each object a detection of its class and of its own, None where none is left."""
    if not objects:
        yield ()
        return
    for d in [d for d in free if d.name == objects[0].name] or [None]:
        for others in _assignments(objects[1:], [other for other in free if other is not d]):
            yield (d, *others)


def _assigned(request: Request, partners: tuple[Detection | None, ...], colours: dict[Detection, str]) -> dict[str, bool]:
    """Each thing asked for and whether its partner has it."""
    checks: dict[str, bool] = {}
    for i, (o, d) in enumerate(zip(request.objects, partners, strict=True)):
        checks[f"object {o.name} {i}"] = d is not None
        if o.colour:
            checks[f"colour {o.name} {i}"] = d is not None and colours[d] == o.colour
        if o.place:
            checks[f"place {o.name} {i}"] = d is not None and in_place(d.centre, o.place)
        if isinstance(o, Wanted) and o.edge:
            checks[f"size {o.name} {i}"] = d is not None and o.edge[0] <= d.edge <= o.edge[1]
    if request.relation:
        checks["relation"] = None not in partners and _related(*partners, request.relation)
    return checks


# ---------------------------------------------------------------- edits


def score_edit(before: np.ndarray, after: np.ndarray, source: Scene, request: Request, changed: tuple[int, ...]) -> Verdict:
    """The request holds; what was to stay does, with its size, and so do the pixels beside what changed.

    changed: indices of the source's objects that are edited. Pixels are not compared where the background is edited.
    """
    ends, found = detect(after)
    verdict = judge(after, request, ends, found)
    checks = dict(verdict.checks)
    staying = [o for i, o in enumerate(source.objects) if i not in changed]
    present = [d for d in found if d.match >= LEAST_MATCH]
    for i, o in enumerate(staying):
        checks[f"kept {o.name} {i}"] = any(_stays(d, o) for d in present)
    ground = source.background
    if request.background == ((ground.colour, ground.to) if ground.to else (ground.colour,)):
        old = [(o.row * CELL, o.column * CELL, o.size * CELL) for i, o in enumerate(source.objects) if i in changed]
        new = [(d.y, d.x, d.edge) for d in present if not any(_stays(d, o) for o in staying)]
        checks["rest kept"] = psnr(before, after, _outside(old + new)) >= LEAST_PSNR
    return Verdict(checks, verdict.match)


def _stays(d: Detection, o: SceneObject) -> bool:
    y, x = (c * CELL for c in o.centre)
    away = np.hypot(d.centre[0] - y, d.centre[1] - x)
    return d.name == o.name and max(away, abs(d.edge - longest_edge(o))) <= KEPT_WITHIN


def _outside(boxes: list[tuple[int, int, int]]) -> np.ndarray:
    """bool [256, 256]: outside all boxes (y, x, edge), ROOM px wider."""
    keep = np.ones((SIDE, SIDE), bool)
    for y, x, edge in boxes:
        keep[max(0, y - ROOM) : y + edge + ROOM, max(0, x - ROOM) : x + edge + ROOM] = False
    return keep
