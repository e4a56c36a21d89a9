"""Scenes on the 8 x 8 cell lattice: what is in a picture, how it is drawn, and its visual codes.

A scene is JSON-able (`to_json`, `from_json`). A cell inside an object's box has an object code
that says class, tint, size and part; any other cell has a background code that says its colour.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np

from .sprites import CELL, sprite
from .vocabulary import COLOUR_NAMES, COLOURS, NAMES, OBJECTS, PLACES, SHADES, lab, tints

GRID = 8
SIDE = GRID * CELL
SIZES: tuple[int, ...] = (3, 4, 2)
"""Edge of an object's box in cells: 96, 128 and 64 px, in the order of their codes."""
MOST = 4
"""Objects of a picture."""


@dataclass(frozen=True)
class SceneObject:
    """name of the class; size in cells; row, column of the box's top left cell; tint or None."""

    name: str
    size: int
    row: int
    column: int
    tint: str | None = None

    @property
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
        """The colour a person would name: the tint, or the natural colour if there is one."""
        return self.tint or OBJECTS[NAMES.index(self.name)].natural


@dataclass(frozen=True)
class Background:
    """A plain colour in one of three shades, or a vertical gradient from `colour` (top) to `to`."""

    colour: str
    shade: int = 0
    to: str | None = None

    def column(self) -> np.ndarray:
        """Colour of each picture row, float32 [256, 3] in 0..1."""
        if self.to is None:
            return np.broadcast_to(np.array(SHADES[self.colour][self.shade], np.float32) / 255, (SIDE, 3))
        t = ((np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE)[:, None]
        ends = np.array([COLOURS[self.colour], COLOURS[self.to]], np.float32) / 255
        return ends[0] * (1 - t) + ends[1] * t


@dataclass(frozen=True)
class Scene:
    """Up to MOST objects that do not overlap, before a background."""

    objects: tuple[SceneObject, ...]
    background: Background

    def with_object(self, index: int, **changes) -> "Scene":
        """The same scene with some fields of one object changed."""
        objects = list(self.objects)
        objects[index] = replace(objects[index], **changes)
        return replace(self, objects=tuple(objects))


def to_json(scene: Scene) -> dict:
    return asdict(scene)


def from_json(data: dict) -> Scene:
    return Scene(tuple(SceneObject(**o) for o in data["objects"]), Background(**data["background"]))


def overlap(a: SceneObject, b: SceneObject) -> bool:
    """Whether two boxes share a cell."""
    return all(p < q + b.size and q < p + a.size for p, q in ((a.row, b.row), (a.column, b.column)))


def relation(a: SceneObject, b: SceneObject) -> str:
    """How `a` lies to `b` on the axis that separates them more: left, right, above or below."""
    dy, dx = (p - q for p, q in zip(a.centre, b.centre, strict=True))
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"


# ---------------------------------------------------------------- drawing


def render(scene: Scene) -> np.ndarray:
    """uint8 [256, 256, 3]."""
    picture = np.repeat(scene.background.column()[:, None], SIDE, 1)
    for o in scene.objects:
        side = o.size * CELL
        part = picture[o.row * CELL : o.row * CELL + side, o.column * CELL : o.column * CELL + side]
        drawn = sprite(o.name, side, o.tint)
        part *= 1 - drawn[..., 3:]
        part += drawn[..., :3]
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


# ---------------------------------------------------------------- visual codes

CLASS_TINTS: tuple[tuple[str, str | None], ...] = tuple(
    (name, tint) for name in NAMES for tint in (None, *tints(name))
)
"""ct -> (class, tint or None for natural)."""
CT: dict[tuple[str, str | None], int] = {pair: i for i, pair in enumerate(CLASS_TINTS)}
CT_CLASS = np.array([NAMES.index(name) for name, _ in CLASS_TINTS])
"""ct -> class index 0..59."""
CT_TINT = np.array([0 if tint is None else 1 + COLOUR_NAMES.index(tint) for _, tint in CLASS_TINTS])
"""ct -> 0 natural, 1 + colour index."""

SIZE_PARTS: tuple[tuple[int, int, int], ...] = tuple((s, r, c) for s in SIZES for r in range(s) for c in range(s))
"""sp -> (size in cells, row of the part, column of the part)."""
SP: dict[tuple[int, int, int], int] = {part: i for i, part in enumerate(SIZE_PARTS)}

OBJECT_CODES = len(CLASS_TINTS) * len(SIZE_PARTS)
GRADIENT_CODES = 256


def _gradient_cells() -> np.ndarray:
    """Mean colours of all rows of all gradients, float32 [66 * 8, 3]."""
    pairs = [(a, b) for i, a in enumerate(COLOUR_NAMES) for b in COLOUR_NAMES[i + 1 :]]
    return np.concatenate([Background(a, to=b).column().reshape(GRID, CELL, 3).mean(1) for a, b in pairs])


def _spread(points: np.ndarray, count: int) -> np.ndarray:
    """`count` centres for `points` [n, 3]: farthest-point seeding, then 20 Lloyd steps. No randomness."""
    centres = points[:1]
    while len(centres) < count:
        far = ((points[:, None] - centres) ** 2).sum(-1).min(1).argmax()
        centres = np.concatenate([centres, points[far : far + 1]])
    for _ in range(20):
        nearest = ((points[:, None] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack([points[nearest == k].mean(0) for k in range(count)])
    return centres


@lru_cache(1)
def background_bank() -> np.ndarray:
    """Colour of each background code, float32 [36 + 256, 3]: the shades in order, then gradient cells."""
    shades = np.array([s for c in COLOUR_NAMES for s in SHADES[c]], np.float32) / 255
    return np.concatenate([shades, _spread(_gradient_cells(), GRADIENT_CODES)]).astype(np.float32)


SHADE_CODES = 3 * len(COLOUR_NAMES)
BACKGROUND_CODES = SHADE_CODES + GRADIENT_CODES
CODES = OBJECT_CODES + BACKGROUND_CODES
"""Object codes are ct * len(SIZE_PARTS) + sp; background codes follow from OBJECT_CODES on."""


def object_code(name: str, tint: str | None, size: int, row: int, column: int) -> int:
    """row, column: the part inside the object's box, in cells."""
    return CT[name, tint] * len(SIZE_PARTS) + SP[size, row, column]


@lru_cache(None)
def background_codes(background: Background) -> np.ndarray:
    """int64 [8], one code per row of cells."""
    if background.to is None:
        shade = 3 * COLOUR_NAMES.index(background.colour) + background.shade
        return np.full(GRID, OBJECT_CODES + shade)
    rows = background.column().reshape(GRID, CELL, 3).mean(1)
    distance = ((rows[:, None] - background_bank()[SHADE_CODES:]) ** 2).sum(-1)
    return OBJECT_CODES + SHADE_CODES + distance.argmin(1)


def codes(scene: Scene) -> np.ndarray:
    """int64 [8, 8] in 0..CODES-1."""
    grid = np.repeat(background_codes(scene.background)[:, None], GRID, 1)
    for o in scene.objects:
        first = object_code(o.name, o.tint, o.size, 0, 0)
        box = first + np.arange(o.size * o.size).reshape(o.size, o.size)
        grid[o.row : o.row + o.size, o.column : o.column + o.size] = box
    return grid


@dataclass(frozen=True)
class ObjectCode:
    """What an object code says."""

    name: str
    tint: str | None
    size: int
    row: int
    column: int


def decode(code: int) -> ObjectCode | np.ndarray:
    """An object code's meaning, or a background code's colour float32[3] in 0..1."""
    if code >= OBJECT_CODES:
        return background_bank()[code - OBJECT_CODES]
    ct, sp = divmod(code, len(SIZE_PARTS))
    return ObjectCode(*CLASS_TINTS[ct], *SIZE_PARTS[sp])


def code_cell(code: int) -> np.ndarray:
    """What a code draws: premultiplied RGBA float32 [32, 32, 4]; a background cell is opaque."""
    meaning = decode(code)
    if isinstance(meaning, np.ndarray):
        return np.broadcast_to(np.append(meaning, np.float32(1)), (CELL, CELL, 4)).astype(np.float32)
    drawn = sprite(meaning.name, meaning.size * CELL, meaning.tint)
    y, x = meaning.row * CELL, meaning.column * CELL
    return drawn[y : y + CELL, x : x + CELL]


def render_codes(grid: np.ndarray) -> np.ndarray:
    """A picture uint8 [256, 256, 3] of codes [8, 8]; the ground behind object cells is their row's.

    The row's ground is the first background code of the row, or of the nearest row that has one.
    """
    ground = _row_grounds(grid)
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    for r, c in np.ndindex(GRID, GRID):
        cell = code_cell(int(grid[r, c]))
        picture[r * CELL : (r + 1) * CELL, c * CELL : (c + 1) * CELL] = cell[..., :3] + (1 - cell[..., 3:]) * ground[r]
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


def _row_grounds(grid: np.ndarray) -> np.ndarray:
    found = {r: int(row[row >= OBJECT_CODES][0]) for r, row in enumerate(grid) if (row >= OBJECT_CODES).any()}
    if not found:
        return np.ones((GRID, 3), np.float32)
    return np.stack([decode(found[min(found, key=lambda k: abs(k - r))]) for r in range(GRID)])


# ---------------------------------------------------------------- contrast

MINIMUM_CONTRAST = 28.0
"""Least CIE76 distance between an object's mean colour and the ground around it."""


@lru_cache(None)
def mean_lab(name: str, tint: str | None) -> np.ndarray:
    """Alpha-weighted mean colour of a sprite, Lab float32[3]."""
    drawn = sprite(name, max(SIZES) * CELL, tint)
    return lab(drawn[..., :3].sum((0, 1)) / drawn[..., 3].sum())


@lru_cache(None)
def _row_contrast(name: str, tint: str | None, background: Background) -> tuple[float, ...]:
    """Lab distance of a sprite's mean colour to the ground in each row of cells."""
    ground = lab(background.column().reshape(GRID, CELL, 3).mean(1))
    return tuple(np.sqrt(((ground - mean_lab(name, tint)) ** 2).sum(-1)).tolist())


def contrast(o: SceneObject, background: Background) -> float:
    """Least Lab distance of the object's mean colour to the ground beside its box."""
    return min(_row_contrast(o.name, o.tint, background)[o.row : o.row + o.size])


def visible(scene: Scene) -> bool:
    """Every object stands out from the background, and a cell of that is free: else no code says its colour."""
    free = GRID * GRID - sum(o.size**2 for o in scene.objects)
    return free > 0 and all(contrast(o, scene.background) >= MINIMUM_CONTRAST for o in scene.objects)


# ---------------------------------------------------------------- drawing lots

PLACED: dict[int, tuple[tuple[int, ...], ...]] = {4: ((0,), (2,), (4,)), 3: ((0,), (2, 3), (5,)), 2: ((0,), (3,), (6,))}
"""size -> rows (or columns) of the box for the first, middle and last third."""


def choice(rng: np.random.Generator, options):
    """One of a sequence, evenly."""
    return options[int(rng.integers(len(options)))]


def sample_background(rng: np.random.Generator) -> Background:
    """20 % gradients; plain shades lean to white and light ones."""
    u = rng.random()
    if u < 0.2:
        a, b = rng.choice(len(COLOUR_NAMES), 2, replace=False)
        return Background(COLOUR_NAMES[a], to=COLOUR_NAMES[b])
    if u < 0.32:
        return Background("white", int(rng.integers(3)))
    return Background(choice(rng, COLOUR_NAMES), int(rng.choice(3, p=[0.5, 0.3, 0.2])))


def sample_thing(rng: np.random.Generator) -> tuple[str, str | None]:
    """(class, tint): classes evenly, a paintable class painted two times in three."""
    name = choice(rng, NAMES)
    options = tints(name)
    return name, choice(rng, options) if options and rng.random() < 0.67 else None


Box = tuple[int, int, int]
"""Size, row and column."""


def _at_thirds(size: int, row: int, column: int, rng: np.random.Generator) -> Box:
    """A box in one of the nine places, given as thirds."""
    return (size, choice(rng, PLACED[size][row]), choice(rng, PLACED[size][column]))


def placed(name: str, tint: str | None, size: int, place: str, rng: np.random.Generator) -> SceneObject:
    """The object in one of the nine places."""
    return SceneObject(name, *_at_thirds(size, *divmod(PLACES.index(place), 3), rng), tint)


def _single(rng: np.random.Generator) -> tuple[SceneObject, ...]:
    place = "centre" if rng.random() < 0.35 else choice(rng, PLACES)
    size = int(rng.choice((3, 4), p=[0.3, 0.7]))
    return (placed(*sample_thing(rng), size, place, rng),)


def _side_by_side(rng: np.random.Generator) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Boxes (size, row, column), the first to the left of the second."""
    a, b = (int(s) for s in rng.choice((3, 4), 2, p=[0.4, 0.6]))
    column_a = int(rng.integers(0, 5 - a))
    column_b = int(rng.integers(4, 9 - b))
    row = 2 if a == b == 4 or rng.random() < 0.6 else 3
    return (a, min(row, 8 - a), column_a), (b, min(row, 8 - b), column_b)


def _two(rng: np.random.Generator) -> tuple[SceneObject, ...]:
    """Side by side 50 %, one above the other 32 %, in opposite corners 18 %; never twice the same class."""
    u = rng.random()
    if u < 0.82:
        boxes = _side_by_side(rng)
        if u >= 0.5:
            boxes = tuple((s, c, r) for s, r, c in boxes)
    else:
        s, t = (int(n) for n in rng.choice((3, 4), 2))
        corners = [(s, 0, 0), (t, 8 - t, 8 - t)] if rng.random() < 0.5 else [(s, 0, 8 - s), (t, 8 - t, 0)]
        boxes = tuple(corners)
    things = [sample_thing(rng), sample_thing(rng)]
    while things[0][0] == things[1][0]:
        things[1] = sample_thing(rng)
    return tuple(SceneObject(name, *box, tint) for (name, tint), box in zip(things, boxes, strict=True))


def sample(rng: np.random.Generator, two: float = 0.5, allowed=None) -> Scene:
    """A random scene of one large thing or, with probability `two`, two different ones; with contrast.

    allowed: predicate a scene must meet; None = `splits.in_training` (no held-out combination).
    """
    return _accepted(rng, lambda: _two(rng) if rng.random() < two else _single(rng), allowed)


def _accepted(rng: np.random.Generator, objects: Callable[[], tuple[SceneObject, ...]], allowed) -> Scene:
    """The first scene of drawn objects before a drawn background that has contrast and is allowed."""
    from .splits import in_training

    accept = allowed or in_training
    while True:
        drawn = objects()
        for _ in range(8):
            scene = Scene(drawn, sample_background(rng))
            if visible(scene) and accept(scene):
                return scene


# ---------------------------------------------------------------- drawing lots: up to MOST objects

COUNT_SHARES = (0.015, 0.25, 0.3, 0.235, 0.2)
"""How often a scene has no object, one, two, three, four."""

SIZE_SHARES = {2: 0.2, 3: 0.35, 4: 0.45}
SAME_SIZE = 0.7

KINDS: dict[int, tuple[tuple[tuple[int, ...], float], ...]] = {
    0: (((), 1.0),),
    1: (((1,), 1.0),),
    2: (((1, 1), 0.72), ((2,), 0.28)),
    3: (((1, 1, 1), 0.42), ((2, 1), 0.25), ((3,), 0.33)),
    4: (((1, 1, 1, 1), 0.25), ((2, 1, 1), 0.15), ((2, 2), 0.15), ((3, 1), 0.15), ((4,), 0.3)),
}
"""Number of objects -> how many there are of each class, and how often."""


def _size(rng: np.random.Generator) -> int:
    return int(rng.choice(list(SIZE_SHARES), p=list(SIZE_SHARES.values())))


def _sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Mostly all alike."""
    return [_size(rng)] * count if rng.random() < SAME_SIZE else [_size(rng) for _ in range(count)]


def _quadrants(rng: np.random.Generator, count: int) -> list[Box]:
    """A box in each of `count` corners."""
    corners = [divmod(int(quadrant), 2) for quadrant in sorted(rng.choice(4, count, replace=False))]
    return [_at_thirds(s, 2 * r, 2 * c, rng) for s, (r, c) in zip(_sizes(rng, count), corners, strict=True)]


def _around(rng: np.random.Generator, count: int) -> list[Box]:
    """A large box in the centre, small ones at the edges."""
    edges = [(r, c) for r in (0, 3, 6) for c in (0, 3, 6) if (r, c) != (3, 3)]
    picked = rng.choice(len(edges), count - 1, replace=False)
    return [(4, 2, 2), *((2, *edges[i]) for i in picked)]


def _row_of_three(rng: np.random.Generator) -> list[Box]:
    row = choice(rng, (0, 3, 3, 3, 6))
    return [(2, row, column) for column in (0, 3, 6)]


def _pair(rng: np.random.Generator) -> list[Box]:
    """Side by side, or in opposite corners."""
    a, b = _sizes(rng, 2)
    if rng.random() < 0.8:
        return [_at_thirds(a, 1, 0, rng), _at_thirds(b, 1, 2, rng)]
    left, right = (0, 2) if rng.random() < 0.5 else (2, 0)
    return [_at_thirds(a, 0, left, rng), _at_thirds(b, 2, right, rng)]


def _boxes(rng: np.random.Generator, count: int) -> list[Box]:
    """Where so many objects lie: only places of PLACED, so that a plan is easily begun; half of the pairs and rows stand upright."""
    if count == 0:
        return []
    if count == 1:
        place = 4 if rng.random() < 0.35 else int(rng.integers(9))
        return [_at_thirds(_size(rng), *divmod(place, 3), rng)]
    u = rng.random()
    if u < 0.15:
        return _around(rng, count)
    if count == 2 or (count == 3 and u < 0.4):
        boxes = _pair(rng) if count == 2 else _row_of_three(rng)
        return [(s, c, r) for s, r, c in boxes] if rng.random() < 0.45 else boxes
    return _quadrants(rng, count)


def _classes(rng: np.random.Generator, count: int, apart: bool) -> list[tuple[str, str | None]]:
    """(class, tint) of so many objects; those of one class mostly look alike. Like follows like unless `apart`."""
    groups, shares = zip(*KINDS[count], strict=True)
    kinds: list[list[tuple[str, str | None]]] = []
    for number in groups[int(rng.choice(len(groups), p=shares))]:
        while (thing := sample_thing(rng))[0] in {kind[0][0] for kind in kinds}:
            pass
        options = (None, *tints(thing[0]))
        mixed = number > 1 and len(options) > 1 and rng.random() < 0.15
        drawn = [(thing[0], choice(rng, options)) if mixed else thing for _ in range(number)]
        kinds.append(sorted(drawn, key=drawn.index))
    things = [thing for i in rng.permutation(len(kinds)) for thing in kinds[i]]
    return [things[i] for i in rng.permutation(count)] if apart else things


def sample_several(rng: np.random.Generator, count: int | None = None, allowed=None, apart: float = 0.0) -> Scene:
    """A random scene of up to MOST objects with contrast, also several of a class, of all sizes.

    count: how many; by COUNT_SHARES if not given. allowed: as in `sample`. apart: share of scenes where things that look
    alike lie anywhere; in the others they follow each other, as a prompt names them.
    """

    def objects() -> tuple[SceneObject, ...]:
        number = int(rng.choice(MOST + 1, p=COUNT_SHARES)) if count is None else count
        boxes, things = sorted(_boxes(rng, number), key=lambda box: box[1:]), _classes(rng, number, rng.random() < apart)
        return tuple(SceneObject(name, *box, tint) for (name, tint), box in zip(things, boxes, strict=True))

    return _accepted(rng, objects, allowed)
