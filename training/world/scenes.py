"""What is in a picture: up to four things on the 8 x 8 lattice before a ground, in one style. JSON-able."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from .atlas import aspect, thumbnail
from .grounds import CELL, GRID, Ground, cell_lab, telling_rows
from .vocabulary import BY_NAME, PLACES, SCENERIES, SIZE_NAMES, lab, rgb

MOST_OBJECTS = 4
PIXEL_SIZE = 4
"""Least size of a thing in pixel art, whose pixels are 8 x 8: below that nothing can be recognised."""
LINE_SIZE = 3
"""Least size of a thing in a line drawing."""


@dataclass(frozen=True)
class Placed:
    """A thing: its class, size in cells, the row and column of its box's top left cell, paint or None, turn."""

    name: str
    size: int
    row: int
    column: int
    tint: str | None = None
    turn: str = "as drawn"

    @cached_property
    def centre(self) -> tuple[float, float]:
        """(y, x) in cells, 0..8."""
        return self.row + self.size / 2, self.column + self.size / 2

    @property
    def place(self) -> str:
        """The ninth of the picture that holds the centre."""
        y, x = (min(2, int(3 * c / GRID)) for c in self.centre)
        return PLACES[3 * y + x]

    @property
    def colour(self) -> str | None:
        """The colour a person would name: the paint, or the natural colour if there is one."""
        return self.tint or BY_NAME[self.name].natural

    @property
    def size_name(self) -> str:
        return SIZE_NAMES[self.size]


@dataclass(frozen=True)
class Scene:
    """Things that do not overlap, before a ground. offset: (dy, dx) in px by which all things are shifted."""

    objects: tuple[Placed, ...]
    ground: Ground
    style: str = "3d"
    offset: tuple[int, int] = (0, 0)

    @property
    def coloured(self) -> bool:
        """Whether colours can be seen."""
        return self.style not in ("grey", "line")

    def with_object(self, index: int, **changes) -> "Scene":
        """The same scene with some fields of one object changed."""
        objects = list(self.objects)
        objects[index] = replace(objects[index], **changes)
        return replace(self, objects=tuple(objects))

    def without(self, *indices: int) -> "Scene":
        return replace(self, objects=tuple(o for i, o in enumerate(self.objects) if i not in indices))

    def plus(self, *objects: Placed) -> "Scene":
        return replace(self, objects=self.objects + objects)


def to_json(scene: Scene) -> dict:
    return asdict(scene)


def from_json(data: dict) -> Scene:
    objects = tuple(Placed(**o) for o in data["objects"])
    return Scene(objects, Ground(**data["ground"]), data["style"], tuple(data["offset"]))


# ---------------------------------------------------------------- geometry

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


def overlap(a: Placed, b: Placed) -> bool:
    return (
        a.row < b.row + b.size
        and b.row < a.row + a.size
        and a.column < b.column + b.size
        and b.column < a.column + a.size
    )


def fits(scene: Scene) -> bool:
    """Nobody overlaps, everybody lies inside (with the offset), and the style can show everybody's size."""
    objects = scene.objects
    if len(objects) > MOST_OBJECTS:
        return False
    least = {"pixel": PIXEL_SIZE, "line": LINE_SIZE}.get(scene.style, 0)
    shift = [n / CELL for n in scene.offset]
    for i, o in enumerate(objects):
        low, high = min(o.row + shift[0], o.column + shift[1]), max(o.row + shift[0], o.column + shift[1])
        if o.size < least or low < 0 or high + o.size > GRID:
            return False
        if any(overlap(o, other) for other in objects[:i]):
            return False
    return True


def relation(a: Placed, b: Placed) -> str:
    """How `a` lies to `b` on the axis that separates them more: left, right, above or below."""
    dy, dx = a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"


def clear_relation(a: Placed, b: Placed) -> str | None:
    """The relation if nobody would argue: apart on its axis, and there at least 1.5 times as far as on the other."""
    dy, dx = abs(a.centre[0] - b.centre[0]), abs(a.centre[1] - b.centre[1])
    apart, aside = max(dx, dy), min(dx, dy)
    return relation(a, b) if apart >= (a.size + b.size) / 2 and apart >= 1.5 * aside else None


def beside(a: Placed, b: Placed) -> bool:
    """Next to each other: on one height, at most two cells between."""
    gap = abs(a.centre[1] - b.centre[1]) - (a.size + b.size) / 2
    return clear_relation(a, b) in ("left", "right") and abs(a.centre[0] - b.centre[0]) <= 1 and 0 <= gap <= 2


@lru_cache(None)
def _tall(name: str) -> bool:
    return min(aspect(name, "3d")[0], aspect(name, "flat")[0]) > 0.85


def stands_on(a: Placed, b: Placed) -> bool:
    """`a` touches `b` from above, in the middle half of it."""
    touching = a.row + a.size == b.row and abs(a.centre[1] - b.centre[1]) <= b.size / 4
    upright = {a.turn, b.turn} <= {"as drawn", "mirrored"}
    return touching and upright and _tall(a.name) and _tall(b.name)


def between(c: Placed, a: Placed, b: Placed) -> bool:
    """`c` lies between `a` and `b`, on a row or a column of the three."""
    one, other = clear_relation(a, c), clear_relation(c, b)
    if one is None or one != other:
        return False
    across = 0 if one in ("left", "right") else 1
    return all(abs(c.centre[across] - o.centre[across]) <= 1 for o in (a, b))


# ---------------------------------------------------------------- contrast

LEAST_CONTRAST = 24.0
"""CIE76 distance between a thing's mean colour and the mean ground around it."""
LEAST_CELL_CONTRAST = 13.0
"""... and to the ground of the cell that is closest to it in colour."""
PAINT_ALLOWANCE = 8.0
LEAST_GROUND = 4
"""Cells of the ground that things may not cover."""
_HALO = lab(np.ones(3, np.float32))


@lru_cache(None)
def mean_lab(name: str, tint: str | None, art: str, grey: bool) -> np.ndarray:
    """Alpha-weighted mean colour of a thing's picture, Lab float32[3]."""
    drawn = thumbnail(name, art, tint).astype(np.float32)
    colour = drawn[..., :3].sum((0, 1)) / drawn[..., 3].sum()
    if grey:
        colour = np.full(3, colour @ np.array([0.299, 0.587, 0.114], np.float32))
    return lab(colour)


@lru_cache(20000)
def _distances(name: str, tint: str | None, art: str, grey: bool, ground: Ground) -> np.ndarray | float:
    """Lab distance of a thing's mean colour to each cell of the ground, [8, 8]; one number for a solid ground.

    The colour of its painted part may come closer than the mean, but only by PAINT_ALLOWANCE.
    """
    cells = cell_lab(ground, grey)
    cells = cells[0, 0] if ground.kind == "solid" else cells
    away = np.sqrt(((cells - mean_lab(name, tint, art, grey)) ** 2).sum(-1))
    paint = tint or BY_NAME[name].cover
    if paint and not grey:
        away = np.minimum(away, np.sqrt(((cells - lab(rgb(paint))) ** 2).sum(-1)) + PAINT_ALLOWANCE)
    return float(away) if ground.kind == "solid" else away


@lru_cache(512)
def _halo_shows(ground: Ground) -> bool:
    return float(np.sqrt(((cell_lab(ground, grey=False) - _HALO) ** 2).sum(-1)).min()) > 12


def stands_out(o: Placed, ground: Ground, style: str) -> bool:
    """Whether a thing can be told from the ground behind it."""
    if style == "line":
        return ground.kind == "solid" and ground.colour == "white"
    art = "flat" if style in ("flat", "pixel") else "3d"
    away = _distances(o.name, o.tint, art, style == "grey", ground)
    if isinstance(away, float):
        return away >= LEAST_CONTRAST
    cells = away[o.row : o.row + o.size, o.column : o.column + o.size]
    return float(cells.min()) >= LEAST_CELL_CONTRAST and float(cells.sum()) >= LEAST_CONTRAST * o.size * o.size


def visible(scene: Scene) -> bool:
    """Everything stands out from the ground; a sticker's white rim does so too."""
    if scene.style == "sticker" and not _halo_shows(scene.ground):
        return False
    return all(stands_out(o, scene.ground, scene.style) for o in scene.objects)


def shows_ground(scene: Scene) -> bool:
    """Whether the things leave some of the ground, and of what tells a scenery's horizon."""
    if sum(o.size * o.size for o in scene.objects) > GRID * GRID - LEAST_GROUND:
        return False
    if scene.ground.kind not in SCENERIES:
        return True
    covered = {
        r: sum(o.size for o in scene.objects if o.row <= r < o.row + o.size) for r in telling_rows(scene.ground.kind)
    }
    return any(cells < GRID for cells in covered.values())


def valid(scene: Scene) -> bool:
    return fits(scene) and visible(scene) and shows_ground(scene)
