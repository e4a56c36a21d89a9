"""A scene as two grids of 8 x 8 codes, and back.

`what` [8, 8], 0..WHAT_CODES-1: thing * 54 + part, where a part is one of the 4 + 9 + 16 + 25 (size, row, column) of a
    box of 2, 3, 4 or 5 cells, as drawn on the lattice (a turned thing's cell (0, 0) is its box's top left); from
    FIRST_GROUND on, the ground's kind and zone (grounds.ZONES).
`look` [8, 8], 0..LOOK_CODES-1: for a thing's cell (paint * 6 + style) * 5 + turn, paint 0 = natural; from FIRST_BANK
    on, for a ground's cell style * 292 + the bank colour (training.data's 36 shades and 256 gradient colours) that is
    nearest to what the cell shows before the style is applied.

The styles are part of every cell's look: a picture with no thing in it has one too. The offset of a scene off the
lattice is not part of the codes: they are those of the scene without it.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np

from training.data.scenes import SHADE_CODES, background_bank

from .grounds import CELL, GRID, PIXELS, ZONES, Ground, cell_colours, zone
from .render import lay, styled_ground, thing, whole
from .scenes import Placed, Scene
from .vocabulary import COLOUR_NAMES, NAMES, SCENERIES, SHADES, SIZES, STYLES, TURNS

PARTS: tuple[tuple[int, int, int], ...] = tuple((s, r, c) for s in SIZES.values() for r in range(s) for c in range(s))
"""(size, row, column) of each part."""
PART: dict[tuple[int, int, int], int] = {part: i for i, part in enumerate(PARTS)}
ZONE_NAMES: tuple[tuple[str, str], ...] = tuple((kind, name) for kind, names in ZONES.items() for name in names)
ZONE: dict[tuple[str, str], int] = {pair: i for i, pair in enumerate(ZONE_NAMES)}
FIRST_GROUND = len(NAMES) * len(PARTS)
WHAT_CODES = FIRST_GROUND + len(ZONE_NAMES)

FIRST_BANK = (1 + len(COLOUR_NAMES)) * len(STYLES) * len(TURNS)
BANK = len(background_bank())
LOOK_CODES = FIRST_BANK + len(STYLES) * BANK


@dataclass(frozen=True)
class Codes:
    """what, look: int64 [8, 8]."""

    what: np.ndarray
    look: np.ndarray


# ---------------------------------------------------------------- scene to codes


def look_code(tint: str | None, style: str, turn: str) -> int:
    paint = 0 if tint is None else 1 + COLOUR_NAMES.index(tint)
    return (paint * len(STYLES) + STYLES.index(style)) * len(TURNS) + TURNS.index(turn)


@lru_cache(1024)
def _ground_grids(ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """(what, bank entry) of every cell, [8, 8] each."""
    what = np.array([[FIRST_GROUND + ZONE[ground.kind, zone(ground, r, c)] for c in range(GRID)] for r in range(GRID)])
    if ground.kind == "solid":
        return what, np.full((GRID, GRID), 3 * COLOUR_NAMES.index(ground.colour) + ground.shade)
    distance = ((cell_colours(ground)[:, :, None] - background_bank()) ** 2).sum(-1)
    if ground.kind == "gradient":
        distance[..., :SHADE_CODES] = np.inf
    return what, distance.argmin(-1)


def encode(scene: Scene) -> Codes:
    """The plan of a scene."""
    what, bank = _ground_grids(scene.ground)
    what, look = what.copy(), FIRST_BANK + STYLES.index(scene.style) * BANK + bank
    for o in scene.objects:
        box = np.s_[o.row : o.row + o.size, o.column : o.column + o.size]
        first = NAMES.index(o.name) * len(PARTS) + PART[o.size, 0, 0]
        what[box] = first + np.arange(o.size * o.size).reshape(o.size, o.size)
        look[box] = look_code(o.tint, scene.style, o.turn)
    return Codes(what, look)


# ---------------------------------------------------------------- codes to what they mean


@dataclass(frozen=True)
class ThingCell:
    """A cell of a thing: its class, its box's size, the row and column within."""

    name: str
    size: int
    row: int
    column: int


@dataclass(frozen=True)
class GroundCell:
    kind: str
    zone: str


@dataclass(frozen=True)
class ThingLook:
    tint: str | None
    style: str
    turn: str


@dataclass(frozen=True)
class GroundLook:
    """bank: entry of training.data's background bank."""

    style: str
    bank: int


def meaning(what: int) -> ThingCell | GroundCell:
    if what >= FIRST_GROUND:
        return GroundCell(*ZONE_NAMES[what - FIRST_GROUND])
    name, part = divmod(what, len(PARTS))
    return ThingCell(NAMES[name], *PARTS[part])


def look_meaning(look: int) -> ThingLook | GroundLook:
    if look >= FIRST_BANK:
        style, bank = divmod(look - FIRST_BANK, BANK)
        return GroundLook(STYLES[style], bank)
    rest, turn = divmod(look, len(TURNS))
    paint, style = divmod(rest, len(STYLES))
    return ThingLook(COLOUR_NAMES[paint - 1] if paint else None, STYLES[style], TURNS[turn])


def _most(items: list):
    """The commonest item; of several the first."""
    return max(dict.fromkeys(items), key=items.count)


def _objects(codes: Codes) -> tuple[Placed, ...]:
    """Boxes that most of their cells agree upon, in reading order; a box needs half of its cells."""
    votes: dict[tuple[str, int, int, int], list[ThingLook]] = {}
    for r, c in np.ndindex(GRID, GRID):
        cell, look = meaning(int(codes.what[r, c])), look_meaning(int(codes.look[r, c]))
        if isinstance(cell, ThingCell) and isinstance(look, ThingLook):
            votes.setdefault((cell.name, cell.size, r - cell.row, c - cell.column), []).append(look)
    found = []
    for (name, size, row, column), looks in votes.items():
        if len(looks) * 2 >= size * size and 0 <= row <= GRID - size and 0 <= column <= GRID - size:
            found.append(
                Placed(name, size, row, column, _most([x.tint for x in looks]), _most([x.turn for x in looks]))
            )
    return tuple(found)


@lru_cache(1)
def _gradients() -> tuple[list[Ground], np.ndarray]:
    """Every gradient, and the colours of its rows float32 [132, 8, 3]."""
    grounds = [Ground("gradient", a, to=b) for a, b in permutations(COLOUR_NAMES, 2)]
    return grounds, np.stack([cell_colours(g)[:, 0] for g in grounds])


def _bank_colour(codes: Codes, cells: list[tuple[int, int]]) -> np.ndarray:
    looks = [look_meaning(int(codes.look[cell])) for cell in cells]
    return np.stack([background_bank()[x.bank] for x in looks if isinstance(x, GroundLook)])


def _nearest_colour(colour: np.ndarray) -> str:
    plain = np.array([SHADES[c][0] for c in COLOUR_NAMES], np.float32) / 255
    return COLOUR_NAMES[int(((plain - colour) ** 2).sum(-1).argmin())]


def _ground(codes: Codes) -> Ground:
    """The ground that most of the ground's cells speak of; white if none does."""
    cells = {}
    for r, c in np.ndindex(GRID, GRID):
        cell = meaning(int(codes.what[r, c]))
        if isinstance(cell, GroundCell) and int(codes.look[r, c]) >= FIRST_BANK:
            cells[r, c] = cell
    if not cells:
        return Ground("solid", "white")
    kind = _most([cell.kind for cell in cells.values()])
    own = {at: cell for at, cell in cells.items() if cell.kind == kind}
    if kind in SCENERIES:
        fit = [sum(zone(Ground(kind, horizon=h), *at) == cell.zone for at, cell in own.items()) for h in (0, 1)]
        return Ground(kind, horizon=int(fit[1] > fit[0]))
    if kind == "solid":
        shade = _most([look_meaning(int(codes.look[at])).bank for at in own])
        return Ground(kind, COLOUR_NAMES[min(shade, SHADE_CODES - 1) // 3], min(shade, SHADE_CODES - 1) % 3)
    colours = _bank_colour(codes, list(own))
    if kind == "gradient":
        grounds, rows = _gradients()
        return grounds[int(((rows[:, [r for r, _ in own]] - colours) ** 2).sum((1, 2)).argmin())]
    named = {
        z: [_nearest_colour(x) for x, cell in zip(colours, own.values(), strict=True) if cell.zone == z]
        for z in ("even", "odd")
    }
    even, odd = (_most(named[z]) if named[z] else "white" for z in ("even", "odd"))
    return Ground(kind, even, to=odd)


def decode(codes: Codes) -> Scene:
    """What the codes mean as a whole: things and ground by the majority of their cells."""
    styles = [look_meaning(int(n)).style for n in codes.look.ravel()]
    return Scene(_objects(codes), _ground(codes), _most(styles))


# ---------------------------------------------------------------- codes to pixels


def render_codes(codes: Codes) -> np.ndarray:
    """A picture uint8 [256, 256, 3], cell by cell as each cell says, before the ground that `decode` finds."""
    scene = decode(codes)
    picture = styled_ground(scene.ground, scene.style).copy()
    for r, c in np.ndindex(GRID, GRID):
        cell, look = meaning(int(codes.what[r, c])), look_meaning(int(codes.look[r, c]))
        if isinstance(cell, ThingCell) and isinstance(look, ThingLook):
            whole_thing = thing(Placed(cell.name, cell.size, 0, 0, look.tint, look.turn), look.style)
            y, x = cell.row * CELL, cell.column * CELL
            lay(picture, whole_thing[y : y + CELL, x : x + CELL], r * CELL, c * CELL)
    assert picture.shape == (PIXELS, PIXELS, 3)
    return whole(picture, scene.style)
