"""Draws scenes by lot: layouts, things, paint, turns, grounds and styles, as a curriculum says."""

from dataclasses import dataclass, field

import numpy as np

from training.data.scenes import choice

from .atlas import distinct
from .grounds import GRID, WHITE, Ground
from .scenes import LINE_SIZE, PIXEL_SIZE, Placed, Scene, fits, stands_out, valid
from .splits import in_training
from .vocabulary import BY_NAME, COLOUR_NAMES, NAMES, SCENERIES, TURNS

Rng = np.random.Generator

Shares = dict


@dataclass(frozen=True)
class Curriculum:
    """Shares of what is drawn; each dict maps an option to its weight (they need not add up to 1).

    counts: number of objects. alike: share of scenes with two or more objects in which some are of one class.
    painted: share of paintable things that are painted. turned: share of things not as drawn.
    offset: share of scenes whose things are shifted off the lattice, by up to 16 px in steps of 8.
    sizes: for a single thing; with more objects smaller ones are drawn.
    """

    counts: Shares = field(default_factory=lambda: {1: 0.25, 2: 0.35, 3: 0.22, 4: 0.18})
    alike: float = 0.25
    painted: float = 0.5
    turned: float = 0.12
    offset: float = 0.0
    sizes: Shares = field(default_factory=lambda: {2: 0.1, 3: 0.25, 4: 0.4, 5: 0.25})
    styles: Shares = field(
        default_factory=lambda: {"3d": 0.62, "flat": 0.12, "pixel": 0.07, "line": 0.06, "grey": 0.06, "sticker": 0.07}
    )
    grounds: Shares = field(
        default_factory=lambda: {"solid": 0.4, "gradient": 0.12, "checkered": 0.06, "scenery": 0.42}
    )
    names: tuple[str, ...] = NAMES


FULL = Curriculum()
LATE = Curriculum(offset=0.3)
EARLY = Curriculum(
    counts={1: 0.7, 2: 0.3},
    turned=0.0,
    sizes={3: 0.3, 4: 0.7},
    styles={"3d": 1.0},
    grounds={"solid": 0.7, "gradient": 0.1, "scenery": 0.2},
)


def drawn_by(rng: Rng, shares: Shares):
    """An option, as often as its share says."""
    u = rng.random() * sum(shares.values())
    for option, share in shares.items():
        u -= share
        if u < 0:
            return option
    return option


# ---------------------------------------------------------------- parts


def sample_ground(rng: Rng, kind: str) -> Ground:
    """kind: solid, gradient, checkered, a scenery's name, or "scenery" for any."""
    if kind == "scenery":
        kind = choice(rng, SCENERIES)
    if kind == "solid":
        u = rng.random()
        if u < 0.15:
            return Ground("solid", "white", int(rng.integers(3)))
        return Ground("solid", choice(rng, COLOUR_NAMES), drawn_by(rng, {0: 0.45, 1: 0.35, 2: 0.2}))
    if kind in ("gradient", "checkered"):
        a, b = rng.choice(len(COLOUR_NAMES), 2, replace=False)
        return Ground(kind, COLOUR_NAMES[a], to=COLOUR_NAMES[b])
    return Ground(kind, horizon=int(rng.integers(2)))


def sample_turn(rng: Rng, name: str, share: float) -> str:
    """Half of the turned things are mirrored; a turn that can't be seen is none."""
    if rng.random() >= share:
        return "as drawn"
    turn = "mirrored" if rng.random() < 0.5 else choice(rng, TURNS[2:])
    return turn if distinct(name, "as drawn", turn) else "as drawn"


def sample_tint(rng: Rng, name: str, share: float) -> str | None:
    tints = BY_NAME[name].tints
    return choice(rng, tints) if tints and rng.random() < share else None


# ---------------------------------------------------------------- layouts

Box = tuple[int, int, int]
"""(size, row, column) in cells."""

_SMALLER: dict[int, Shares] = {
    2: {2: 0.12, 3: 0.38, 4: 0.42, 5: 0.08},
    3: {2: 0.25, 3: 0.55, 4: 0.2},
    4: {2: 0.3, 3: 0.5, 4: 0.2},
}


def _sizes(rng: Rng, count: int, style: str, shares: Shares) -> list[int]:
    least = {"pixel": PIXEL_SIZE, "line": LINE_SIZE}.get(style, 2)
    allowed = {s: w for s, w in (shares if count == 1 else _SMALLER[count]).items() if s >= least}
    return [drawn_by(rng, allowed) for _ in range(count)]


def _in_a_row(rng: Rng, sizes: list[int], free: int) -> list[Box]:
    """Side by side from left to right, on one base line or about one middle line; `free` cells are the gaps."""
    cuts = sorted(int(n) for n in rng.integers(0, free + 1, len(sizes)))
    base = int(rng.integers(0, GRID - max(sizes) + 1))
    based = rng.random() < 0.6
    boxes, used = [], 0
    for size, cut in zip(sizes, cuts, strict=True):
        lower = max(sizes) - size
        boxes.append((size, base + (lower if based else lower // 2), cut + used))
        used += size
    return boxes


def _on_each_other(rng: Rng, sizes: list[int]) -> list[Box]:
    """The first stands on the second; others anywhere."""
    top, below = sizes[:2]
    row = int(rng.integers(0, GRID - top - below + 1))
    column = int(rng.integers(0, GRID - max(top, below) + 1))
    middle = column + max(top, below) / 2
    return [(top, row, int(middle - top / 2)), (below, row + top, int(middle - below / 2))]


def _anywhere(rng: Rng, size: int) -> Box:
    return size, int(rng.integers(0, GRID - size + 1)), int(rng.integers(0, GRID - size + 1))


def _apart(box: Box, others: list[Box]) -> bool:
    s, r, c = box
    return all(r >= r2 + s2 or r2 >= r + s or c >= c2 + s2 or c2 >= c + s for s2, r2, c2 in others)


def _layout(rng: Rng, sizes: list[int]) -> list[Box] | None:
    """Boxes that don't overlap, or None if the lot was bad."""
    total, u = sum(sizes), rng.random()
    if len(sizes) == 1:
        if rng.random() < 0.3:
            middle = (GRID - sizes[0]) / 2
            return [(sizes[0], int(middle + rng.random()), int(middle + rng.random()))]
        return [_anywhere(rng, sizes[0])]
    if total <= GRID and u < 0.45:
        return _in_a_row(rng, sizes, GRID - total)
    if total <= GRID and u < 0.68:
        return [(s, c, r) for s, r, c in _in_a_row(rng, sizes, GRID - total)]
    boxes = _on_each_other(rng, sizes) if u > 0.9 and sizes[0] + sizes[1] <= GRID else []
    for size in sizes[len(boxes) :]:
        for _ in range(12):
            box = _anywhere(rng, size)
            if _apart(box, boxes):
                boxes.append(box)
                break
        else:
            return None
    return boxes


def _things(rng: Rng, count: int, c: Curriculum) -> list[tuple[str, str | None, str]]:
    """(name, tint, turn) for each object."""
    alike = int(rng.integers(2, count + 1)) if count > 1 and rng.random() < c.alike else 1
    names: list[str] = []
    while len(names) < count - alike + 1:
        name = choice(rng, c.names)
        if name not in names:
            names.append(name)
    if alike > 1:
        while BY_NAME[names[0]].plural is None or names[0] in names[1:]:
            names[0] = choice(rng, c.names)
        first = (names[0], sample_tint(rng, names[0], c.painted), sample_turn(rng, names[0], c.turned))
        same = [first] * alike
        if rng.random() < 0.2:
            same = [(names[0], sample_tint(rng, names[0], 0.8), "as drawn") for _ in same]
    else:
        same = []
    rest = names[1:] if alike > 1 else names
    return same + [(n, sample_tint(rng, n, c.painted), sample_turn(rng, n, c.turned)) for n in rest]


def _objects(rng: Rng, count: int, style: str, c: Curriculum) -> tuple[Placed, ...] | None:
    sizes = _sizes(rng, count, style, c.sizes)
    things = _things(rng, count, c)
    alike = len({name for name, _, _ in things}) < count
    if alike and rng.random() < 0.75:
        sizes = [min(sizes)] * count
    boxes = _layout(rng, sizes)
    if boxes is None:
        return None
    order = rng.permutation(count)
    plain = style in ("grey", "line")
    return tuple(
        Placed(name, *boxes[k], None if plain else tint, turn)
        for (name, tint, turn), k in zip(things, order, strict=True)
    )


def _seen(objects: tuple[Placed, ...], ground: Ground, style: str, rng: Rng) -> tuple[Placed, ...]:
    """The same objects, paint changed where it would vanish into the ground."""
    changed = []
    for o in objects:
        if o.tint and not stands_out(o, ground, style):
            o = Placed(o.name, o.size, o.row, o.column, sample_tint(rng, o.name, 0.7), o.turn)
        changed.append(o)
    return tuple(changed)


def _ground(rng: Rng, style: str, c: Curriculum) -> Ground:
    if style == "line":
        return WHITE
    if style == "grey":
        kind = drawn_by(rng, {"solid": 0.5, "scenery": 0.5})
        return Ground("solid", choice(rng, ("white", "grey", "black"))) if kind == "solid" else sample_ground(rng, kind)
    return sample_ground(rng, drawn_by(rng, c.grounds))


def _shifted(scene: Scene, rng: Rng) -> Scene:
    """Things moved off the lattice, if they stay inside."""
    offset = tuple(8 * int(n) for n in rng.integers(-2, 3, 2))
    moved = Scene(scene.objects, scene.ground, scene.style, offset)
    return moved if fits(moved) else scene


def sample(rng: Rng, curriculum: Curriculum = FULL, allowed=in_training) -> Scene:
    """A random scene in which everything can be seen.

    allowed: predicate a scene must meet; by default it holds no held-out combination. Four things in pixel art would
    cover the whole picture: there are three at most.
    """
    while True:
        count, style = drawn_by(rng, curriculum.counts), drawn_by(rng, curriculum.styles)
        scene = _tried(rng, min(count, 3) if style == "pixel" else count, style, curriculum, allowed)
        if scene:
            return _shifted(scene, rng) if rng.random() < curriculum.offset else scene


def _tried(rng: Rng, count: int, style: str, curriculum: Curriculum, allowed) -> Scene | None:
    """A scene of so many things in the style. It is tried often, so that hard counts are not drawn less."""
    for _ in range(40):
        objects = _objects(rng, count, style, curriculum)
        if objects is None:
            continue
        for _ in range(6):
            ground = _ground(rng, style, curriculum)
            scene = Scene(_seen(objects, ground, style, rng), ground, style)
            if valid(scene) and allowed(scene):
                return scene
    return None
