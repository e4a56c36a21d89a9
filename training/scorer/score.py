"""Verdicts: a picture against a request, an edit against its target, an answer against the right one."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from training.data.language import Request, RequestedObject
from training.data.scenes import CELL, Scene
from training.data.sprites import dominant_mask
from training.data.vocabulary import BY_NAME, COLOUR_NAMES, COLOURS, PLACES, SHADES, lab, rgb

from . import atlas
from .detect import COARSE, Detection, background_rows, detect, footprint, shrunk

LEAST_MATCH = 0.9
"""Correlation from which a detection counts. Calibrated by `training.scorer.calibrate`."""
FLAT = 15.0
"""Lab distance between top and bottom up to which a background counts as one colour."""
CLEAN_SHARE, CLEAN_DISTANCE = 0.85, 0.12
"""Share of the pixels beside the objects that must lie this near (RGB 0..1) to the fitted background."""
PLACE_SLACK = 6.0
"""Pixels a centre may lie outside its ninth of the picture."""
RELATION_SHARE = 0.6
"""Centres must differ by this share of the mean half size on the named axis."""
KEPT_WITHIN = 12.0
"""Pixels an untouched object may move in an edit."""
LEAST_PSNR = 24.0
"""dB outside the changed boxes of an edit."""


@dataclass(frozen=True)
class Verdict:
    """checks: each thing asked for and whether it is there. match: least match among the objects asked for."""

    checks: dict[str, bool]
    match: float = 1.0

    @property
    def ok(self) -> bool:
        return all(self.checks.values())


# ---------------------------------------------------------------- pictures


def score(picture: np.ndarray, request: Request) -> Verdict:
    """Whether uint8 [256, 256, 3] holds what was asked for, and no further object."""
    ends, found = detect(picture)
    return judge(picture, request, ends, found)


def judge(picture: np.ndarray, request: Request, ends: np.ndarray, found: list[Detection]) -> Verdict:
    """The same from detections already made."""
    present = [d for d in found if d.match >= LEAST_MATCH]
    partners = [next((d for d in present if d.name == o.name), None) for o in request.objects]
    checks = {f"object {o.name}": d is not None for o, d in zip(request.objects, partners, strict=True)}
    checks["nothing else"] = len(present) <= len(request.objects)
    for o, d in zip(request.objects, partners, strict=True):
        checks.update(_object_checks(picture, o, d))
    if request.relation:
        checks["relation"] = None not in partners and _related(*partners, request.relation)
    if request.background:
        checks["background"] = _background_ok(picture, request.background, ends, found)
    return Verdict(checks, min((d.match if d else 0.0 for d in partners), default=1.0))


def _object_checks(picture: np.ndarray, o: RequestedObject, d: Detection | None) -> dict[str, bool]:
    checks = {}
    if o.colour:
        checks[f"colour {o.name}"] = d is not None and colour_of(picture, d) == o.colour
    if o.place:
        checks[f"place {o.name}"] = d is not None and in_place(d.centre, o.place)
    return checks


@lru_cache(None)
def _paint(name: str) -> np.ndarray:
    """Where a class carries its colour, bool [72, 72]: its natural colour's cluster, or all of it."""
    sprite, natural = atlas.straight(name), BY_NAME[name].natural
    mask = dominant_mask(sprite, rgb(natural)) if natural else np.ones(sprite.shape[:2])
    return (mask > 0.6) & (sprite[..., 3] > 0.9)


@lru_cache(None)
def _anchors(name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Colour names and their Lab values for a class: the twelve, and its natural look under its name."""
    names, values = list(COLOUR_NAMES), [lab(rgb(c)) for c in COLOUR_NAMES]
    natural = BY_NAME[name].natural
    if natural:
        names.append(natural)
        values.append(np.median(lab(atlas.straight(name)[..., :3])[_paint(name)], 0))
    return tuple(names), np.stack(values)


def colour_of(picture: np.ndarray, d: Detection) -> str:
    """The name of the median colour over the part of a detection that carries its colour."""
    steps = ((np.arange(d.edge) + 0.5) * atlas.EDGE / d.edge).astype(int)
    mask = _paint(d.name)[np.ix_(steps, steps)]
    part = picture[d.y : d.y + d.edge, d.x : d.x + d.edge]
    median = np.median(lab(part[mask[: len(part), : part.shape[1]]].astype(np.float32) / 255), 0)
    names, values = _anchors(d.name)
    return names[((values - median) ** 2).sum(-1).argmin()]


def in_place(centre: tuple[float, float], place: str) -> bool:
    """Whether a centre (y, x in px) lies in the named ninth."""
    third = 8 * CELL / 3
    thirds = divmod(PLACES.index(place), 3)
    return all(t * third - PLACE_SLACK <= c <= (t + 1) * third + PLACE_SLACK for t, c in zip(thirds, centre, strict=True))


def _related(a: Detection, b: Detection, how: str) -> bool:
    axis, sign = {"left": (1, -1), "right": (1, 1), "above": (0, -1), "below": (0, 1)}[how]
    return sign * (a.centre[axis] - b.centre[axis]) > RELATION_SHARE * (a.edge + b.edge) / 4


_SHADE_NAMES = tuple(c for c in COLOUR_NAMES for _ in SHADES[c])
_SHADE_LAB = lab(np.array([s for c in COLOUR_NAMES for s in SHADES[c]], np.float32) / 255)
_PLAIN_LAB = lab(np.array(list(COLOURS.values()), np.float32) / 255)


def background_names(ends: np.ndarray) -> tuple[str, ...]:
    """(colour,) of a plain background or (top, bottom) of a gradient."""
    values = lab(np.clip(ends, 0, 1))
    if np.sqrt(((values[0] - values[1]) ** 2).sum()) < FLAT:
        middle = lab(np.clip(ends.mean(0), 0, 1))
        return (_SHADE_NAMES[((_SHADE_LAB - middle) ** 2).sum(-1).argmin()],)
    return tuple(COLOUR_NAMES[((_PLAIN_LAB - v) ** 2).sum(-1).argmin()] for v in values)


def _background_ok(picture: np.ndarray, asked: tuple[str, ...], ends: np.ndarray, found: list[Detection]) -> bool:
    small = shrunk(picture, COARSE)
    beside = np.ones(small.shape[:2], bool)
    for d in found:
        beside &= footprint(d, len(small), COARSE) == 0
    distance = np.sqrt(((small - background_rows(ends, len(small))[:, None]) ** 2).sum(-1))[beside]
    return background_names(ends) == asked and float((distance < CLEAN_DISTANCE).mean()) >= CLEAN_SHARE


# ---------------------------------------------------------------- edits


def score_edit(before: np.ndarray, after: np.ndarray, source: Scene, kind: str, request: Request, changed: int | None) -> Verdict:
    """The target's request holds, untouched objects stay where they were, and so do the pixels elsewhere.

    A changed background is not compared by pixels; `changed` is the index of the edited object, if any.
    """
    ends, found = detect(after)
    verdict = judge(after, request, ends, found)
    checks = dict(verdict.checks)
    present = {d.name: d for d in found if d.match >= LEAST_MATCH}
    for i, o in enumerate(source.objects):
        if i != changed:
            d = present.get(o.name)
            checks[f"{o.name} kept"] = d is not None and _near(d, o.centre)
    if kind != "background":
        checks["rest kept"] = psnr(before, after, _untouched(source, request, found, changed)) >= LEAST_PSNR
    return Verdict(checks, verdict.match)


def _near(d: Detection, centre: tuple[float, float]) -> bool:
    return float(np.hypot(d.centre[0] - centre[0] * CELL, d.centre[1] - centre[1] * CELL)) <= KEPT_WITHIN


def _untouched(source: Scene, request: Request, found: list[Detection], changed: int) -> np.ndarray:
    """bool [256, 256]: outside the edited object's old box and its new one (where detected), 8 px wider."""
    keep = np.ones((8 * CELL, 8 * CELL), bool)
    o = source.objects[changed]
    boxes = [(o.row * CELL, o.column * CELL, o.size * CELL)]
    boxes += [(d.y, d.x, d.edge) for d in found if d.name == request.objects[changed].name]
    for y, x, edge in boxes:
        keep[max(0, y - 8) : y + edge + 8, max(0, x - 8) : x + edge + 8] = False
    return keep


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    """dB between two uint8 pictures over a mask."""
    if not where.any():
        return np.inf
    error = ((a[where].astype(np.float32) - b[where]) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


# ---------------------------------------------------------------- answers


def answer_ok(said: str, right: str) -> bool:
    """Word for word, apart from case, outer spaces and a full stop."""
    return said.strip().lower().rstrip(".").strip() == right
