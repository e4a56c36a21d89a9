"""Which of the domain's grounds lies behind a picture: the one that most of its pixels agree with."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from training.data.sprites import LUMA

from ..grounds import Ground, drawn
from ..vocabulary import COLOUR_NAMES, SCENERIES, SHADE_NAMES

FACTOR = 4
SMALL = 256 // FACTOR
BLOCK = 8
NEAR = 0.1
"""RGB distance (0..1) at which a pixel no longer speaks for a ground."""
SLACK = 0.03
"""A ground that explains this much less than the best is still accepted."""


def shrunk(picture: np.ndarray, factor: int) -> np.ndarray:
    """[h, w, c] to float32 [h / factor, w / factor, c] by block means."""
    h, w, c = picture.shape
    return picture.reshape(h // factor, factor, w // factor, factor, c).mean((1, 3), dtype=np.float32)


@lru_cache(1)
def grounds() -> tuple[Ground, ...]:
    """All grounds of the domain."""
    solid = [Ground("solid", c, shade) for c in COLOUR_NAMES for shade in range(len(SHADE_NAMES))]
    mixed = [Ground(k, a, to=b) for k in ("gradient", "checkered") for a in COLOUR_NAMES for b in COLOUR_NAMES if a != b]
    return tuple(solid + mixed + [Ground(k, horizon=h) for k in SCENERIES for h in (0, 1)])


def picture_of(ground: Ground, grey: bool, blocky: bool) -> np.ndarray:
    """float32 [256, 256, 3] in 0..1."""
    picture = drawn(ground).astype(np.float32) / 255
    if grey:
        picture = (picture @ LUMA)[..., None].repeat(3, -1)
    return shrunk(picture, BLOCK).repeat(BLOCK, 0).repeat(BLOCK, 1) if blocky else picture


@lru_cache(4)
def _bank(grey: bool, blocky: bool) -> np.ndarray:
    return np.stack([shrunk(picture_of(g, grey, blocky), FACTOR).reshape(-1, 3) for g in grounds()])


@dataclass(frozen=True)
class Backdrop:
    """ground: the best one. picture: it, fitted to the colours found, float32 [256, 256, 3].

    support: share of the pixels that speak for each ground of `grounds()`. grey, blocky: how the picture is drawn.
    """

    ground: Ground
    picture: np.ndarray
    support: np.ndarray
    grey: bool
    blocky: bool

    def accepts(self, asked: tuple[str, ...]) -> bool:
        """Whether a ground that was asked for (see Request) is the best one or hardly worse."""
        fitting = [s for g, s in zip(grounds(), self.support, strict=True) if answers(g, asked)]
        return bool(fitting) and max(fitting) >= self.support.max() - SLACK


def answers(ground: Ground, asked: tuple[str, ...]) -> bool:
    """Whether a ground is what was asked for."""
    kind, *said = asked
    if ground.kind != kind:
        return False
    if kind == "checkered":
        return not said or set(said) == {ground.colour, ground.to}
    if kind == "gradient":
        return not said or tuple(said) == (ground.colour, ground.to)
    shades = {"light": 1, "dark": 2}
    return not said or (ground.colour == said[0] and (len(said) == 1 or ground.shade == shades.get(said[1], 0)))


def fit(picture: np.ndarray, grey: bool, blocky: bool) -> Backdrop:
    """The ground behind uint8 [256, 256, 3]."""
    small = shrunk(picture, FACTOR).reshape(-1, 3) / 255
    support = np.array([_support(small, candidate) for candidate in _bank(grey, blocky)])
    ground = grounds()[int(support.argmax())]
    whole = picture_of(ground, grey, blocky)
    difference = picture.astype(np.float32) / 255 - whole
    near = (difference**2).sum(-1) < NEAR**2
    shift = np.median(difference[near][::7], 0) if near.sum() > 500 else np.zeros(3, np.float32)
    return Backdrop(ground, whole + shift.astype(np.float32), support, grey, blocky)


def _support(small: np.ndarray, candidate: np.ndarray) -> float:
    distance = np.sqrt(((small - candidate) ** 2).sum(-1))
    return float(np.clip(1 - distance / NEAR, 0, 1).mean())
