"""Backgrounds: what they are, how they are drawn, and which zone of one each cell shows."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .vocabulary import COLOURS, SCENERIES, SHADES, lab

GRID, CELL = 8, 32
PIXELS = GRID * CELL


@dataclass(frozen=True)
class Ground:
    """One background.

    solid: `colour` in one of three shades. gradient: from `colour` at the top `to` another at the bottom.
    checkered: cells in turn `colour` (top left) and `to`. A scenery has no colours but one of two horizons (0, 1).
    """

    kind: str
    colour: str | None = None
    shade: int = 0
    to: str | None = None
    horizon: int = 0


WHITE = Ground("solid", "white")

ZONES: dict[str, tuple[str, ...]] = {
    "solid": ("solid",),
    "gradient": ("gradient",),
    "checkered": ("even", "odd"),
    "meadow": ("sky", "hill", "grass"),
    "beach": ("sky", "sea", "shore", "sand"),
    "snow": ("sky", "hill", "snow"),
    "room": ("wall", "skirting", "floor"),
    "underwater": ("water", "bottom", "sand"),
    "space": ("near stars", "far stars"),
    "night sky": ("sky", "hill", "land"),
    "desert": ("sky", "dune", "sand"),
}
"""Zones of each kind, top to bottom."""

FIRST_EDGE: dict[str, int] = {
    "meadow": 4,
    "beach": 3,
    "snow": 4,
    "room": 4,
    "underwater": 6,
    "night sky": 6,
    "desert": 4,
}
"""Row of cells where a scenery's first zone ends at horizon 0; horizon 1 is a row lower, in two sceneries higher."""


def _edge(kind: str, horizon: int) -> int:
    return FIRST_EDGE[kind] + (-horizon if kind in ("underwater", "night sky") else horizon)


def zone(ground: Ground, row: int, column: int) -> str:
    """The zone that a cell shows."""
    if ground.kind in ("solid", "gradient"):
        return ground.kind
    if ground.kind == "checkered":
        return ("even", "odd")[(row + column) % 2]
    zones = ZONES[ground.kind]
    if ground.kind == "space":
        return zones[ground.horizon]
    below = row - _edge(ground.kind, ground.horizon)
    if ground.kind == "beach":
        return zones[0 if below < 0 else 1 if below < 2 else 2 if below == 2 else 3]
    return zones[0 if below < 0 else 1 if below == 0 else 2]


@lru_cache(None)
def telling_rows(kind: str) -> tuple[int, ...]:
    """Rows of cells in which the two horizons of a scenery differ."""
    one, other = (Ground(kind, horizon=h) for h in (0, 1))
    return tuple(r for r in range(GRID) if zone(one, r, 0) != zone(other, r, 0))


# ---------------------------------------------------------------- drawing

_Y, _X = np.mgrid[:PIXELS, :PIXELS].astype(np.float32) + 0.5


def _column(top: tuple[int, ...], bottom: tuple[int, ...], until: float = PIXELS) -> np.ndarray:
    """float32 [256, 256, 3]: a vertical ramp that ends at `until` px."""
    t = np.clip(_Y / until, 0, 1)[..., None]
    return np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t


def _lay(picture: np.ndarray, mask: np.ndarray, colour) -> None:
    """Blends a colour (or picture) in where the mask, 0..1 [256, 256], says."""
    picture += (np.asarray(colour, np.float32) - picture) * mask[..., None]


def _under(line) -> np.ndarray:
    """Mask of what lies below a line y(x), edge smoothed."""
    return np.clip(_Y - line + 0.5, 0, 1)


def _dots(picture: np.ndarray, centres, radius: float, colour) -> None:
    for x, y in centres:
        _lay(picture, np.clip(radius + 0.5 - np.hypot(_X - x, _Y - y), 0, 1), colour)


def _wave(height: float, length: float, shift: float) -> np.ndarray:
    return height * np.sin((_X + shift) * (2 * np.pi / length))


def _meadow(y: float) -> np.ndarray:
    picture = _column((150, 208, 250), (214, 238, 252), y)
    _lay(picture, _under(y + 16 + _wave(7, 300, 40)), _column((172, 214, 96), (138, 196, 78)))
    _lay(picture, _under(y + 48 + _wave(9, 340, 210)), (158, 206, 84))
    return picture


def _beach(y: float) -> np.ndarray:
    picture = _column((142, 212, 248), (206, 240, 252), y)
    _lay(picture, _under(y), _column((20, 122, 196), (62, 176, 214)))
    shore = y + 2 * CELL + 14 + _wave(5, 128, 0)
    _lay(picture, _under(shore), (248, 252, 252))
    _lay(picture, _under(shore + 6), (244, 218, 154))
    return picture


def _snow(y: float) -> np.ndarray:
    picture = _column((128, 172, 214), (190, 214, 236), y)
    _dots(picture, [(x, y0 % (y - 12) + 8) for x, y0 in _STARS[:14]], 3.2, (250, 252, 255))
    _lay(picture, _under(y + 16 + _wave(9, 280, 150)), (226, 234, 246))
    _lay(picture, _under(y + 40 + _wave(8, 230, 20)), (244, 248, 253))
    return picture


def _room(y: float) -> np.ndarray:
    picture = _column((246, 226, 200), (238, 214, 184), y)
    floor = y + 22
    _lay(picture, _under(floor - 10), (252, 248, 240))
    _lay(picture, _under(floor), (188, 138, 92))
    for line in range(int(floor) + 26, PIXELS, 26):
        _lay(picture, np.clip(1.5 - np.abs(_Y - line), 0, 1), (158, 110, 70))
    return picture


def _underwater(y: float) -> np.ndarray:
    picture = _column((88, 200, 240), (22, 92, 176), y)
    bubbles = ((28, 60, 7), (40, 40, 4), (226, 92, 7), (214, 70, 4), (120, 22, 5))
    for x, top, radius in bubbles:
        _dots(picture, [(x, top)], radius, (150, 222, 248))
    _lay(picture, _under(y + 14 + _wave(6, 200, 90)), (226, 204, 150))
    return picture


_STARS = tuple((int(x), int(y)) for x, y in np.random.default_rng(3).integers(8, PIXELS - 8, (24, 2)))


def _space(shift: int) -> np.ndarray:
    picture = _column((14, 12, 34), (26, 18, 54))
    stars = [((x + shift) % PIXELS, (y + shift // 2) % PIXELS) for x, y in _STARS]
    _dots(picture, stars[::2], 2.9, (255, 255, 255))
    _dots(picture, stars[1::2], 2.2, (176, 176, 216))
    return picture


def _night(y: float) -> np.ndarray:
    picture = _column((22, 36, 100), (96, 84, 168), y)
    _dots(picture, [s for s in _STARS if s[1] < y - 20][::2], 2.6, (250, 244, 210))
    _lay(picture, _under(y + 14 + _wave(9, 250, 60)), (26, 46, 62))
    return picture


def _desert(y: float) -> np.ndarray:
    picture = _column((250, 186, 120), (255, 226, 170), y)
    _lay(picture, _under(y + 16 + _wave(11, 300, 200)), (228, 172, 92))
    _lay(picture, _under(y + 52 + _wave(13, 260, 60)), (240, 190, 112))
    return picture


_DRAW = {
    "meadow": _meadow, "beach": _beach, "snow": _snow, "room": _room, "underwater": _underwater,
    "night sky": _night, "desert": _desert,
}  # fmt: skip


def _coloured(ground: Ground) -> np.ndarray:
    if ground.kind == "solid":
        return np.broadcast_to(np.array(SHADES[ground.colour][ground.shade], np.float32), (PIXELS, PIXELS, 3))
    if ground.kind == "gradient":
        return _column(COLOURS[ground.colour], COLOURS[ground.to])
    even = ((_Y // CELL + _X // CELL) % 2 == 0)[..., None]
    return np.where(even, np.array(COLOURS[ground.colour], np.float32), np.array(COLOURS[ground.to], np.float32))


@lru_cache(256)
def drawn(ground: Ground) -> np.ndarray:
    """uint8 [256, 256, 3], shared: not to be written to."""
    if ground.kind in SCENERIES:
        edge = 80 * ground.horizon if ground.kind == "space" else _edge(ground.kind, ground.horizon) * CELL
        picture = _space(edge) if ground.kind == "space" else _DRAW[ground.kind](float(edge))
    else:
        picture = _coloured(ground)
    result = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    result.setflags(write=False)
    return result


@lru_cache(512)
def cell_colours(ground: Ground) -> np.ndarray:
    """Mean colour of each cell, float32 [8, 8, 3] in 0..1."""
    cells = drawn(ground).reshape(GRID, CELL, GRID, CELL, 3)
    return cells.mean((1, 3), dtype=np.float32) / 255


@lru_cache(512)
def cell_lab(ground: Ground, grey: bool) -> np.ndarray:
    """Mean Lab of each cell, float32 [8, 8, 3]; `grey`: of the picture without colour."""
    colours = cell_colours(ground)
    if grey:
        colours = np.repeat((colours @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, -1)
    return lab(colours)
