"""Finds objects by normalised correlation with sprites, on the picture minus its background. Nothing is learned.

With b(y) the fitted background and D = picture - b, a sprite of colour T and alpha A laid over the background
changes it by C = A (T - b). The match of a box is cos(D, C); the part of the picture it explains is
cos(D, C)^2 |D|^2, which also weighs how much of what stands out lies in the box.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import atlas

COARSE, FINE = 4, 2
"""Picture pixels per pixel of the two search stages."""
COARSE_EDGES = (76, 92, 108, 124, 140)
"""Longest edges looked for, in picture px; the fine stage adds -8 .. 8."""
COARSE_STRIDE = 2
SHORTLIST, FAIR_SHARE = 8, 0.72
"""Classes that go to the fine stage: at most so many, each explaining this share of what the best one does."""
MOST_OBJECTS = 3
LEAST_COARSE_MATCH = 0.5
LEAST_ENERGY = 2.0
"""Sum of squared differences (64 x 64 px) below which nothing more stands out."""


@dataclass(frozen=True)
class Detection:
    """One object: name and tint of the best sprite, box in picture px, match in -1..1.

    runner_up: best match of another class at the same spot.
    """

    name: str
    tint: str | None
    y: int
    x: int
    edge: int
    match: float
    runner_up: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.y + self.edge / 2, self.x + self.edge / 2


def shrunk(picture: np.ndarray, factor: int) -> np.ndarray:
    """uint8 [h, w, 3] to float32 [h/factor, w/factor, 3] in 0..1 by block means."""
    h, w, _ = picture.shape
    blocks = picture.reshape(h // factor, factor, w // factor, factor, 3).astype(np.float32)
    return blocks.mean((1, 3)) / 255


# ---------------------------------------------------------------- background


def fit_background(small: np.ndarray, near: float = 0.08) -> np.ndarray:
    """Colour at the top and at the bottom, float32 [2, 3]: the straight line in y that most pixels lie on.

    near: RGB distance up to which a pixel counts. 120 seeded trials of two pixels, then least squares.
    """
    h, w, _ = small.shape
    y = (np.arange(h) + 0.5) / h
    rng = np.random.default_rng(0)
    few, best, inside = small[::2, ::2], -1, np.ones((h, w), bool)
    for trial in range(120):
        (r, s), (c, d) = rng.integers(h, size=2), rng.integers(w, size=2)
        slope = 0 if trial % 2 or abs(y[r] - y[s]) < 0.15 else (small[r, c] - small[s, d]) / (y[r] - y[s])
        line = small[r, c] + (y[:, None] - y[r]) * slope
        count = (((few - line[::2, None]) ** 2).sum(-1) < near**2).sum()
        if count > best:
            best, inside = count, ((small - line[:, None]) ** 2).sum(-1) < near**2
    rows = np.broadcast_to(y[:, None], (h, w))[inside]
    design = np.stack([1 - rows, rows], 1)
    if np.ptp(rows) < 0.2:
        return np.repeat(small[inside].mean(0)[None], 2, 0)
    return np.linalg.lstsq(design, small[inside], rcond=None)[0].astype(np.float32)


def background_rows(ends: np.ndarray, h: int) -> np.ndarray:
    """float32 [h, 3]."""
    t = ((np.arange(h, dtype=np.float32) + 0.5) / h)[:, None]
    return ends[0] * (1 - t) + ends[1] * t


# ---------------------------------------------------------------- matching


@dataclass(frozen=True)
class _Bank:
    """Sprites of one edge length as matrices. n: edge in stage px, k: sprites."""

    colour: np.ndarray  # [n*n*3, k]  A T
    alpha: np.ndarray  # [n*n, k]    A
    norm: np.ndarray  # [k]         sum (A T)^2
    cross: np.ndarray  # [n*3, k]    sum over x of A^2 T
    square: np.ndarray  # [n, k]      sum over x of A^2


def _bank(looks: tuple[tuple[str, str | None], ...], n: int) -> _Bank:
    sprites = np.stack([atlas.template(name, tint, n) for name, tint in looks])
    colour, alpha = sprites[..., :3], sprites[..., 3]
    k = len(looks)
    return _Bank(
        colour.reshape(k, -1).T.copy(),
        alpha.reshape(k, -1).T.copy(),
        (colour**2).sum((1, 2, 3)),
        (colour * alpha[..., None]).sum(2).reshape(k, -1).T.copy(),
        (alpha**2).sum(2).T.copy(),
    )


@lru_cache(None)
def _coarse_bank(n: int) -> _Bank:
    return _bank(atlas.looks(), n)


@lru_cache(4096)
def _single_bank(look: tuple[str, str | None], n: int) -> _Bank:
    return _bank((look,), n)


def footprint(d: Detection, side: int, factor: int) -> np.ndarray:
    """Where a detection's sprite lies, widened by 4 px: float32 [side, side] of zeros and ones."""
    n = round(d.edge / factor)
    y, x = d.y // factor, d.x // factor
    alpha = np.zeros((side + n, side + n), bool)
    alpha[y : y + n, x : x + n] = atlas.template(d.name, d.tint, n)[..., 3] > 0.1
    wide = 4 // factor
    shifts = range(-wide, wide + 1)
    return np.any([np.roll(alpha, (i, j), (0, 1)) for i in shifts for j in shifts], 0)[:side, :side].astype(np.float32)


@dataclass(frozen=True)
class _View:
    """The picture at one stage: difference [h, w, 3] from the background, its product with it [h, w], rows [h, 3]."""

    difference: np.ndarray
    product: np.ndarray
    rows: np.ndarray

    @staticmethod
    def of(picture: np.ndarray, factor: int, ends: np.ndarray) -> "_View":
        small = shrunk(picture, factor)
        rows = background_rows(ends, len(small))
        difference = small - rows[:, None]
        return _View(difference, (difference * rows[:, None]).sum(-1), rows)

    def without(self, d: "Detection", factor: int) -> "_View":
        """The view where a found object counts as background; its outline is widened by 4 px."""
        clear = 1 - footprint(d, len(self.difference), factor)
        return _View(self.difference * clear[..., None], self.product * clear, self.rows)


def _matches(view: _View, bank: _Bank, n: int, ys: np.ndarray, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(match [p, k], energy [p]) of boxes with top left corners ys, xs [p] in stage px."""
    windows = sliding_window_view(view.difference, (n, n), (0, 1))[ys, xs].transpose(0, 2, 3, 1).reshape(len(ys), -1)
    products = sliding_window_view(view.product, (n, n))[ys, xs].reshape(len(ys), -1)
    dot = windows @ bank.colour - products @ bank.alpha
    rows = sliding_window_view(view.rows, n, 0).transpose(0, 2, 1)[ys]
    size = bank.norm - 2 * rows.reshape(len(ys), -1) @ bank.cross + (rows**2).sum(-1) @ bank.square
    energy = (windows**2).sum(1)
    return dot / np.sqrt(np.maximum(size * energy[:, None], 1e-6)), energy


@dataclass(frozen=True)
class _Candidates:
    """Coarse matches: for p boxes (y, x, edge in picture px) against k sprites."""

    y: np.ndarray
    x: np.ndarray
    edge: np.ndarray
    match: np.ndarray
    explained: np.ndarray


def _search(view: _View) -> _Candidates:
    """All coarse boxes that hold a fair share of what stands out."""
    parts = []
    side = len(view.difference)
    for edge in COARSE_EDGES:
        n = edge // COARSE
        steps = np.arange(0, side - n + 1, COARSE_STRIDE)
        ys, xs = (a.ravel() for a in np.meshgrid(steps, steps, indexing="ij"))
        energies = sliding_window_view((view.difference**2).sum(-1), (n, n))[ys, xs].sum((1, 2))
        keep = energies > 0.3 * energies.max()
        ys, xs = ys[keep], xs[keep]
        match, energy = _matches(view, _coarse_bank(n), n, ys, xs)
        explained = np.maximum(match, 0) ** 2 * energy[:, None]
        parts.append((ys * COARSE, xs * COARSE, np.full(len(ys), edge), match, explained))
    return _Candidates(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Reach:
    """How far and how finely the fine stage looks: edge in picture px (by 4), corners in stage px by `step`."""

    edge: int
    corner: int
    step: int


AROUND, POLISH = Reach(8, 4, 2), Reach(4, 1, 1)


@dataclass(frozen=True)
class _Found:
    explained: float
    look: tuple[str, str | None]
    box: tuple[int, int, int]
    match: float


def _refined(view: _View, look: tuple[str, str | None], box: tuple[int, int, int], reach: Reach) -> _Found:
    """One sprite near a box (y, x, edge in picture px): where it explains most."""
    (y, x, edge), side, best = box, len(view.difference), None
    for e in range(edge - reach.edge, edge + reach.edge + 1, 4):
        n, shift = e // FINE, (edge - e) // 2
        steps = np.arange(-reach.corner, reach.corner + 1, reach.step)
        ys = np.unique(np.clip((y + shift) // FINE + steps, 0, side - n))
        xs = np.unique(np.clip((x + shift) // FINE + steps, 0, side - n))
        ys, xs = (a.ravel() for a in np.meshgrid(ys, xs, indexing="ij"))
        match, energy = _matches(view, _single_bank(look, n), n, ys, xs)
        explained = np.maximum(match[:, 0], 0) ** 2 * energy
        i = int(explained.argmax())
        if best is None or explained[i] > best.explained:
            best = _Found(float(explained[i]), look, (int(ys[i]) * FINE, int(xs[i]) * FINE, e), float(match[i, 0]))
    return best


def _shortlist(c: _Candidates, peak: int) -> list[tuple[int, int]]:
    """(box, sprite) of the SHORTLIST best classes near the peak box, each class in its two best tints."""
    y, x = c.y + c.edge / 2, c.x + c.edge / 2
    boxes = np.flatnonzero(np.hypot(y - y[peak], x - x[peak]) < 0.3 * c.edge[peak])
    best_box = boxes[c.explained[boxes].argmax(0)]
    best = c.explained[best_box, np.arange(c.explained.shape[1])]
    chosen, count = [], {}
    for k in best.argsort()[::-1]:
        name = atlas.looks()[k][0]
        if best[k] < FAIR_SHARE * best.max() or (len(count) == SHORTLIST and name not in count):
            break
        count[name] = count.get(name, 0) + 1
        if count[name] <= 2:
            chosen.append((int(best_box[k]), int(k)))
    return chosen


def detect(picture: np.ndarray) -> tuple[np.ndarray, list[Detection]]:
    """(background ends [2, 3], objects, what explains most first) of uint8 [256, 256, 3]."""
    ends = fit_background(shrunk(picture, COARSE))
    coarse, fine = _View.of(picture, COARSE, ends), _View.of(picture, FINE, ends)
    found: list[Detection] = []
    while len(found) < MOST_OBJECTS and (coarse.difference**2).sum() > LEAST_ENERGY:
        candidates = _search(coarse)
        peak, sprite = np.unravel_index(candidates.explained.argmax(), candidates.explained.shape)
        if candidates.match[peak, sprite] < LEAST_COARSE_MATCH:
            break
        found.append(_identify(fine, candidates, _shortlist(candidates, int(peak))))
        coarse, fine = coarse.without(found[-1], COARSE), fine.without(found[-1], FINE)
    return ends, found


def _identify(fine: _View, c: _Candidates, shortlist: list[tuple[int, int]]) -> Detection:
    """The best sprite of a shortlist after refinement, with the best match of another class beside it."""
    near = [_refined(fine, atlas.looks()[k], (int(c.y[b]), int(c.x[b]), int(c.edge[b])), AROUND) for b, k in shortlist]
    near.sort(key=lambda f: -f.explained)
    rival = next((f for f in near if f.look[0] != near[0].look[0]), None)
    finalists = [_refined(fine, f.look, f.box, POLISH) for f in (near[0], *([rival] if rival else []))]
    finalists.sort(key=lambda f: -f.explained)
    best, other = finalists[0], finalists[-1].match if rival else 0.0
    return Detection(*best.look, *best.box, best.match, other)
