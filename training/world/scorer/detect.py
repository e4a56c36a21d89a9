"""Detector B: finds things by normalised correlation with templates, on the picture minus its ground. Not learned.

With the ground b and D = picture - b, a thing of colour T and alpha A laid over it changes the picture by
C = A (T - b). The match of a box is cos(D, C); what the thing explains of the picture is its gain,
|D|^2 - |D - C|^2 = 2 D C - |C|^2, in which a template pays for all it shows and the picture does not.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from training.data.vocabulary import lab

from . import backdrop
from .backdrop import Backdrop, shrunk
from .templates import PIECES, Look, looks, small_templates, template

COARSE_EDGES = (60, 92, 124, 156)
"""Longer edges looked for first, px; the fine stages add what lies between."""
RANK = 128
"""Components that stand for the coarse templates."""
BANDS = 4
"""Bands in y in which a coarse window's ground counts as one colour."""
OFF_MIDDLE = 0.42
"""How far the weight of what stands out in a coarse window may lie from its middle, in edges."""
SHORTLIST, LOOKS_EACH = 8, 3
LEAST_EDGE = 36
MOST_OVERLAP = 0.3
"""Share of the smaller square that two things may have in common."""
MOST_TRIES, MOST_AGAIN = 14, 3
"""Peaks of the coarse search that are looked into; and where a thing already counts, which come last."""
LEAST_COARSE = 0.72
"""Coarse correlation from which a peak is looked into; things that count have at least 0.86 there."""
SHARPNESS = 3
"""Power of the match with which a peak's gain counts."""
FINE_SHARPNESS = 6
"""... and that of a look that is fitted there: a wrong one may gain more by explaining a part of its neighbour."""
SURE_MATCH = 0.97
"""Correlation from which a thing's place is not searched for better ones."""
LEAST_MATCH, LEAST_LINE_MATCH = 0.9, 0.75
"""Correlation from which a thing counts; in line drawings, whose lines are two pixels wide, and rivals far."""
LEAST_GAIN = 12.0
"""Squared RGB difference, summed over picture pixels, that a thing explains at least."""
MOST_WITHIN = 0.1
"""Squared steps within blocks, as a share of those at their edges, up to which a picture is drawn in blocks."""
COLOURLESS = 4.0
"""Mean Lab chroma up to which a picture is without colour."""


@dataclass(frozen=True)
class Detection:
    """A thing: class, paint, turn, corner and edge of the square around it (picture px), and how sure.

    match: correlation of the template. style: of the best template. rival: best match of another class at the same
    spot. gain: what it explains of the picture.
    """

    name: str
    tint: str | None
    turn: str
    y: float
    x: float
    edge: float
    match: float
    style: str = "3d"
    rival: float = 0.0
    gain: float = 0.0

    @property
    def centre(self) -> tuple[float, float]:
        """(y, x) in picture px."""
        return self.y + self.edge / 2, self.x + self.edge / 2

    @property
    def counts(self) -> bool:
        return self.match >= (LEAST_LINE_MATCH if self.style == "line" else LEAST_MATCH)

    @property
    def look(self) -> Look:
        return Look(self.name, self.style, self.tint, self.turn)


# ---------------------------------------------------------------- how the picture is drawn


def is_colourless(picture: np.ndarray) -> bool:
    """Whether uint8 [256, 256, 3] shows no colour but for a trace."""
    values = lab(shrunk(picture, 4) / 255)
    return float(np.hypot(values[..., 1], values[..., 2]).mean()) < COLOURLESS


def is_blocky(picture: np.ndarray) -> bool:
    """Whether colours change at the edges of 8 px blocks and hardly in their middles; edges of cells don't count."""
    p = picture.astype(np.float32).mean(-1)
    steps = (np.diff(p, axis=1) ** 2).mean(0) + (np.diff(p, axis=0) ** 2).mean(1)
    after = np.arange(1, 256)
    within, at = steps[np.isin(after % 8, (3, 4, 5))].mean(), steps[(after % 8 == 0) & (after % 32 != 0)].mean()
    return bool(within < MOST_WITHIN * at)


# ---------------------------------------------------------------- the coarse search


@dataclass(frozen=True)
class _Bank:
    """Coarse templates of k looks. classes [k]; basis [4 PIECES^2, RANK] spans windows of (D, -D (b - c)).

    Colours count from a reference c, the picture's mean ground, so that what hardly differs from it is hardly seen.
    colour [k, RANK] and alpha [k, 3, RANK]: projections of (A T, A) and of A in the place of each colour.
    size: sums in BANDS bands of (A T)^2 [k, 1], -2 A A T and A^2 [k, 4 BANDS].
    """

    looks: tuple[Look, ...]
    classes: torch.Tensor
    basis: torch.Tensor
    colour: torch.Tensor
    alpha: torch.Tensor
    size: torch.Tensor

    def weights(self, c: torch.Tensor) -> torch.Tensor:
        """[RANK + 1 + 4 BANDS, k]: give the gain from a window's projection, a one and its ground b."""
        projected = self.colour - (self.alpha * c[:, None]).sum(1)
        return torch.cat([2 * projected, -self.size], 1).T.contiguous()


def _softened(layers: torch.Tensor) -> torch.Tensor:
    """[b, c, h, w] averaged over 3 x 3, so that a coarse box may lie a little off."""
    return torch.nn.functional.avg_pool2d(layers, 3, 1, 1)


@lru_cache(3)
def _bank(styles: tuple[str, ...]) -> _Bank:
    every = looks(styles)
    small = _softened(torch.from_numpy(small_templates(styles)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous()
    colour, alpha = small[..., :3], small[..., 3:]
    draw = torch.Generator().manual_seed(0)
    some = torch.randperm(len(small), generator=draw)[:5000]
    against = torch.rand(len(some), 1, 1, 3, generator=draw)
    sample = torch.cat([colour[some] - alpha[some] * against, 0.3 * alpha[some]], -1).flatten(1)
    basis = torch.linalg.eigh(sample.T @ sample)[1][:, -RANK:].contiguous()
    parts = basis.unflatten(0, (-1, 4))
    in_place = torch.stack([alpha.flatten(1) @ parts[:, ch] for ch in range(3)], 1)
    bands = small.unflatten(1, (BANDS, -1))
    own, there = bands[..., :3], bands[..., 3:]
    cross, square = -2 * (own * there).sum((2, 3)), (there**2).sum((2, 3))
    size = torch.cat([(own**2).sum((1, 2, 3, 4))[:, None], torch.cat([cross, square], 2).flatten(1)], 1)
    names = {n: i for i, n in enumerate(dict.fromkeys(look.name for look in every))}
    classes = torch.tensor([names[look.name] for look in every])
    return _Bank(every, classes, basis, small.flatten(1) @ basis, in_place, size)


@dataclass(frozen=True)
class _Windows:
    """Boxes (y, x, edge in picture px) with their gain for each template [w, k], best gain and best match."""

    y: np.ndarray
    x: np.ndarray
    edge: np.ndarray
    gain: torch.Tensor
    best: np.ndarray
    match: np.ndarray


def _windows(layers: torch.Tensor, edge: int, basis: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(projections and ground [w, RANK + 1 + 4 BANDS], energy, y, x, picture px per window px) of one edge's boxes."""
    pool = torch.nn.functional.avg_pool2d
    n = round(256 * PIECES / edge)
    scaled = torch.nn.functional.interpolate(layers, (n, n), mode="bilinear", antialias=True, align_corners=False)
    scaled = torch.cat([_softened(scaled[:, :4]), scaled[:, 4:]], 1)
    energy = (scaled[:, :3] ** 2).sum(1, keepdim=True)
    place = torch.arange(n, dtype=torch.float32)
    moments = torch.cat([energy, energy * place[:, None], energy * place], 1)
    whole, down, right = pool(moments, PIECES, 1)[0]
    across = n - PIECES + 1
    corner, middle = torch.arange(across, dtype=torch.float32), (PIECES - 1) / 2
    safe = whole.clamp(min=1e-9)
    off = torch.maximum((down / safe - corner[:, None] - middle).abs(), (right / safe - corner - middle).abs())
    stands_out = whole * PIECES**2 * (256 / n) ** 2 > LEAST_GAIN
    keep = torch.nonzero((stands_out & (off <= OFF_MIDDLE * PIECES)).flatten()).flatten()
    pixels = torch.nn.functional.unfold(scaled[:, :4], PIECES)[0, :, keep].T
    projected = pixels.unflatten(1, (4, PIECES**2)).transpose(1, 2).flatten(1) @ basis
    rows = PIECES // BANDS
    bands = pool(scaled[:, 4:8], (rows, PIECES), 1)[0]
    ground = [bands[:, r * rows : r * rows + across].flatten(1)[:, keep].T for r in range(BANDS)]
    features = torch.cat([projected, torch.ones(len(keep), 1), *ground], 1)
    y, x = keep // across * (256 / n), keep % across * (256 / n)
    return features, whole.flatten()[keep] * PIECES**2, y, x, torch.full((len(keep),), 256 / n)


def _search(difference: np.ndarray, ground: np.ndarray, bank: _Bank) -> _Windows:
    """All coarse boxes in the middle of which something stands out."""
    c = ground.mean((0, 1))
    weights = bank.weights(torch.from_numpy(c))
    product = -(difference * (ground - c)).sum(-1, keepdims=True)
    square = (ground**2).sum(-1, keepdims=True)
    layers = np.concatenate([difference, product, ground, square], -1).transpose(2, 0, 1)[None]
    layers = torch.from_numpy(np.ascontiguousarray(layers))
    parts = [_windows(layers, edge, bank.basis) for edge in COARSE_EDGES]
    features, energies, y, x, step = (torch.cat(column) for column in zip(*parts, strict=True))
    edges = np.concatenate([np.full(len(p[0]), e) for p, e in zip(parts, COARSE_EDGES, strict=True)])
    if not len(features):
        return _Windows(y.numpy(), x.numpy(), edges, torch.zeros(0, len(bank.looks)), np.zeros(0), np.zeros(0))
    rough = features.bfloat16() @ weights.bfloat16()
    k = rough.max(1).indices
    chosen = weights[:, k].T
    gain = (features * chosen).sum(1)
    size = -(features[:, RANK:] * chosen[:, RANK:]).sum(1).clamp(max=-1e-4)
    match = ((gain + size) / 2 / (size * energies.clamp(min=1e-6)).sqrt()).clamp(0, 1)
    return _Windows(y.numpy(), x.numpy(), edges, rough, (gain * step**2).numpy(), match.numpy())


# ---------------------------------------------------------------- the fine search


@dataclass(frozen=True)
class View:
    """The picture at 1 / factor, float32 [n, n, 9]: D, -D b, b, b^2, D^2."""

    layers: np.ndarray
    factor: int

    @staticmethod
    def of(picture: np.ndarray, ground: np.ndarray, factor: int) -> "View":
        b = shrunk(ground, factor)
        d = shrunk(picture, factor) / 255 - b
        sums = [-(d * b).sum(-1), *np.moveaxis(b, -1, 0), (b**2).sum(-1), (d**2).sum(-1)]
        return View(np.concatenate([d, np.stack(sums, -1)], -1), factor)


def _cleared(view: View, d: Detection) -> None:
    """What a found thing covers no longer differs from the ground."""
    alpha = template(d.look, int(d.edge), view.factor)[..., 3] > 0.05
    n, side = len(alpha), len(view.layers)
    y, x = (max(0, round((c + d.edge / 2) / view.factor - n / 2)) for c in (d.y, d.x))
    part = view.layers[y : y + n, x : x + n]
    part[alpha[: side - y, : side - x]] *= np.array([0, 0, 0, 0, 1, 1, 1, 1, 0], np.float32)


def matches(view: View, look: Look, edge: int, ys: np.ndarray, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(match, gain in picture px) of a look in boxes with corners ys, xs in pixels of the view."""
    t = template(look, edge, view.factor)
    n, (colour, alpha) = len(t), (t[..., :3], t[..., 3:])
    weights = np.zeros((n, n, 9, 3), np.float32)
    weights[..., :3, 0], weights[..., 3:4, 0] = colour, alpha
    weights[..., 4:7, 1], weights[..., 7:8, 1] = -2 * colour * alpha, alpha**2
    weights[..., 8, 2] = 1
    windows = sliding_window_view(view.layers, (n, n), (0, 1))[ys, xs].transpose(0, 2, 3, 1).reshape(len(ys), -1)
    dot, size, energy = (windows @ weights.reshape(-1, 3)).T
    size = size + (colour**2).sum()
    match = dot / np.sqrt(np.maximum(size * energy, 1e-6))
    return match, (2 * dot - size) * view.factor**2


@dataclass(frozen=True)
class Reach:
    """How far and how finely a stage looks: edges and corners in picture px."""

    edges: tuple[int, ...]
    corner: int
    step: int


LAST = 2
"""Picture pixels per pixel of the last fine stage."""
STAGES = (
    (8, Reach((-10, 0, 10), 8, 8), 8),
    (4, Reach((-10, -5, 0, 5, 10), 8, 4), 3),
    (LAST, Reach((-4, -2, 0, 2, 4), 2, 2), 2),
)
"""(picture pixels per pixel, reach, how many of the best looks go on) of each fine stage."""
PIXEL_REACH = Reach((-8, -6, -4, -2, 0, 2, 4, 6, 8), 8, 2)
"""The last stage's in pixel art, which matches only where the blocks fall on blocks."""


@dataclass(frozen=True)
class Fit:
    """A look with its centre and edge in picture px, its match and gain."""

    look: Look
    y: float
    x: float
    edge: int
    match: float = 0.0
    gain: float = 0.0

    @property
    def score(self) -> float:
        return self.gain * max(self.match, 0.0) ** FINE_SHARPNESS


def refined(view: View, near: Fit, reach: Reach) -> Fit | None:
    """Where near a fit its look fits best; None if it does not fit into the picture."""
    best: Fit | None = None
    f, side = view.factor, len(view.layers)
    for edge in (near.edge + more for more in reach.edges):
        n = -(-edge // f)
        if edge < LEAST_EDGE or n > side:
            continue
        steps = np.arange(-reach.corner, reach.corner + 1, reach.step) / f
        ys, xs = (np.unique(np.clip(np.round(c / f - n / 2 + steps), 0, side - n).astype(int)) for c in (near.y, near.x))
        ys, xs = (a.ravel() for a in np.meshgrid(ys, xs, indexing="ij"))
        match, gain = matches(view, near.look, edge, ys, xs)
        i = int((gain * match.clip(0) ** FINE_SHARPNESS).argmax())
        one = Fit(near.look, (ys[i] + n / 2) * f, (xs[i] + n / 2) * f, edge, float(match[i]), float(gain[i]))
        if best is None or one.score > best.score:
            best = one
    return best


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Sight:
    """What detector B makes of a picture. last: the finest view, in which further looks can be matched."""

    picture: np.ndarray
    backdrop: Backdrop
    last: View
    found: tuple[Detection, ...]


def see(picture: np.ndarray) -> Sight:
    """The ground and the things of uint8 [256, 256, 3], surest and largest first."""
    grey, blocky = is_colourless(picture), is_blocky(picture)
    behind = backdrop.fit(picture, grey, blocky)
    views = [View.of(picture, behind.picture, factor) for factor, _, _ in STAGES]
    last = View.of(picture, behind.picture, LAST)
    styles = ("grey", "line") if grey else ("flat",) if blocky else ("3d", "flat", "sticker")
    bank = _bank(styles)
    difference = picture.astype(np.float32) / 255 - behind.picture
    windows = _search(difference, behind.picture, bank)
    fits: list[Detection] = []
    score = np.where(windows.match >= LEAST_COARSE, windows.best * windows.match**SHARPNESS, 0)
    taken, again = np.zeros(len(score), bool), 0
    for _ in range(MOST_TRIES):
        elsewhere = np.where(taken, 0, score)
        if not (elsewhere > 0).any():
            again += 1
            if again > MOST_AGAIN or not (score > 0).any():
                break
            elsewhere = score
        peak = int(elsewhere.argmax())
        one = _identified(windows, bank, peak, score > 0, views, blocky)
        if one and one.counts:
            fits.append(one)
            taken |= (own := _taken(windows, one))
            if one.match >= SURE_MATCH:
                score[own] = 0
                for view in views:
                    _cleared(view, one)
        score[(windows.edge == windows.edge[peak]) & (_away(windows, peak) <= 0.15 * windows.edge[peak])] = 0
    return Sight(picture, behind, last, _apart(fits))


def _apart(fits: list[Detection]) -> tuple[Detection, ...]:
    """Those that explain most, as far as they don't overlap."""
    chosen: list[Detection] = []
    for one in sorted(fits, key=lambda d: -d.gain * d.match**2):
        if all(_overlap(one, d) <= MOST_OVERLAP for d in chosen):
            chosen.append(one)
    return tuple(chosen)


def _away(w: _Windows, i: int) -> np.ndarray:
    """Distance of all boxes' middles from one, px."""
    return np.hypot(w.y + w.edge / 2 - w.y[i] - w.edge[i] / 2, w.x + w.edge / 2 - w.x[i] - w.edge[i] / 2)


def _identified(
    w: _Windows, bank: _Bank, peak: int, free: np.ndarray, views: list[View], blocky: bool
) -> Detection | None:
    """The best look near a coarse peak."""
    near = np.flatnonzero((_away(w, peak) < 0.25 * w.edge[peak]) & (w.edge == w.edge[peak]) & free)
    best, where = w.gain[near].float().max(0)
    fits: list[Fit] = []
    for k in _shortlist(best, bank):
        box, look = near[int(where[k])], bank.looks[k]
        look = replace(look, style="pixel") if blocky else look
        fits.append(Fit(look, w.y[box] + w.edge[box] / 2, w.x[box] + w.edge[box] / 2, int(w.edge[box])))
    for view, (_, reach, keep) in zip(views, STAGES, strict=True):
        reach = PIXEL_REACH if blocky and view.factor == LAST else reach
        fits = [f for f in (refined(view, c, reach) for c in fits) if f]
        fits = sorted(fits, key=lambda f: -f.score)[:keep]
    if not fits:
        return None
    top = fits[0]
    rival = max((f.match for f in fits[1:] if f.look.name != top.look.name), default=0.0)
    look, y, x = top.look, float(top.y - top.edge / 2), float(top.x - top.edge / 2)
    return Detection(look.name, look.tint, look.turn, y, x, top.edge, top.match, look.style, rival, top.gain)


def _shortlist(best: torch.Tensor, bank: _Bank) -> list[int]:
    """The LOOKS_EACH best looks of each of the SHORTLIST best classes."""
    count = int(bank.classes.max()) + 1
    by_class = torch.full((count,), -torch.inf).scatter_reduce(0, bank.classes, best, "amax")
    chosen = []
    for c in by_class.topk(min(SHORTLIST, count)).indices:
        own = torch.nonzero(bank.classes == c).flatten()
        chosen += own[best[own].topk(min(LOOKS_EACH, len(own))).indices].tolist()
    return chosen


def _overlap(a: Detection, b: Detection) -> float:
    """Common area as a share of the smaller square."""
    h = min(a.y + a.edge, b.y + b.edge) - max(a.y, b.y)
    w = min(a.x + a.edge, b.x + b.edge) - max(a.x, b.x)
    return max(0.0, h) * max(0.0, w) / min(a.edge, b.edge) ** 2


def _taken(w: _Windows, d: Detection) -> np.ndarray:
    """Which boxes share more than a quarter of themselves or of the thing with it."""
    h = np.minimum(w.y + w.edge, d.y + d.edge) - np.maximum(w.y, d.y)
    v = np.minimum(w.x + w.edge, d.x + d.edge) - np.maximum(w.x, d.x)
    return np.maximum(h, 0) * np.maximum(v, 0) > 0.25 * np.minimum(w.edge, d.edge) ** 2
