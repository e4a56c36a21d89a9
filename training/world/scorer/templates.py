"""The scorer's own forms of the art: every thing in every style, paint and turn, at any size.

A template is a square whose edge is the thing's longer one, premultiplied RGBA float32 in 0..1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from training.data.sprites import LUMA, dominant_mask, hue_saturation

from ..atlas import sprite, thumbnail, turned
from ..vocabulary import BY_NAME, NAMES, TURNS, rgb

BASE, PAD = 160, 2
RIM = 4.5
"""Visible width of a sticker's rim, px of the picture."""
BLOCK = 8
"""Edge of a pixel of pixel art, px of the picture."""
PIECES = 16
"""Edge of a coarse template."""


@dataclass(frozen=True)
class Look:
    """A thing as it can be drawn. style: one of STYLES."""

    name: str
    style: str
    tint: str | None = None
    turn: str = "as drawn"

    @property
    def art(self) -> str:
        return {"flat": "flat", "pixel": "flat", "line": "line"}.get(self.style, "3d")


def _image(premultiplied: np.ndarray) -> Image.Image:
    return Image.frombytes("RGBa", premultiplied.shape[1::-1], np.ascontiguousarray(premultiplied).tobytes())


@lru_cache(2048)
def _base(name: str, art: str, tint: str | None) -> Image.Image:
    return _image(sprite(name, art, BASE, tint)[PAD:-PAD, PAD:-PAD])


@lru_cache(None)
def _rough(name: str, art: str, tint: str | None) -> Image.Image:
    """36 px, for where nothing finer is seen."""
    return _image(thumbnail(name, art, tint)[PAD:-PAD, PAD:-PAD])


def _scaled(picture: Image.Image, n: int, spread: float = 1.0) -> np.ndarray:
    """float32 [n, n, 4]: a square that is `spread` times the picture's edge, the picture in its middle."""
    if spread > 1.0:
        margin = -(-picture.width * (spread - 1) // 2)
        wide = Image.new("RGBa", (picture.width + 2 * int(margin),) * 2)
        wide.paste(picture, (int(margin),) * 2)
        cut = (wide.width - picture.width * spread) / 2
        box, picture = (cut, cut, wide.width - cut, wide.width - cut), wide
    else:
        box = (0, 0, picture.width, picture.width)
    how = Image.BOX if n <= picture.width / spread else Image.BICUBIC
    return np.asarray(picture.resize((n, n), how, box), np.float32) / 255


def _grey(template: np.ndarray) -> np.ndarray:
    return np.concatenate([(template[..., :3] @ LUMA)[..., None].repeat(3, -1), template[..., 3:]], -1)


def stickered(picture: Image.Image, edge: int, rim: float) -> np.ndarray:
    """uint8 RGBA: the picture on a white shape that is `rim` px wider, both within `edge` px."""
    inner = edge - round(2 * rim)
    alone = np.zeros((edge, edge, 4), np.float32)
    start = (edge - inner) // 2
    alone[start : start + inner, start : start + inner] = _scaled(picture, inner)
    hard = Image.fromarray((alone[..., 3] > 0.4).astype(np.uint8) * 255)
    soft = np.asarray(hard.filter(ImageFilter.GaussianBlur(rim / 1.28)), np.float32) / 255
    shape = np.maximum(np.clip((soft - 0.06) / 0.08, 0, 1), alone[..., 3])[..., None]
    whole = np.concatenate([alone[..., :3] + shape - alone[..., 3:], shape], -1)
    return (whole.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _blocks(picture: Image.Image, edge: int) -> np.ndarray:
    """uint8 RGBA: as pixel art, each block wholly there or not."""
    blocks = max(2, round((edge + 2 * PAD) / BLOCK))
    box = Image.new("RGBa", (blocks * BLOCK,) * 2)
    inner = blocks * BLOCK - 2 * PAD
    box.paste(picture.resize((inner, inner), Image.BOX if inner <= picture.width else Image.BICUBIC), (PAD, PAD))
    small = np.asarray(box.reduce(BLOCK), np.float32)
    there = small[..., 3:] > 110
    colour = small[..., :3] * 255 / np.maximum(small[..., 3:], 1)
    hard = (np.concatenate([colour, np.full_like(small[..., 3:], 255)], -1) * there).clip(0, 255).astype(np.uint8)
    return hard.repeat(BLOCK, 0).repeat(BLOCK, 1)


@lru_cache(4096)
def _upright(name: str, style: str, tint: str | None, edge: int, factor: int) -> np.ndarray:
    look = Look(name, style, tint)
    picture, n = (_base if factor < 4 else _rough)(name, look.art, tint), -(-edge // factor)
    if style == "sticker":
        picture = _image(stickered(picture, edge, RIM))
    elif style == "pixel":
        drawn = _blocks(picture, edge)
        margin = max(0, (len(drawn) - edge) // 2)
        picture = _image(drawn[margin : len(drawn) - margin, margin : len(drawn) - margin])
    scaled = _scaled(picture, n, n * factor / edge)
    return _grey(scaled) if style == "grey" else scaled


def template(look: Look, edge: int, factor: int) -> np.ndarray:
    """[n, n, 4] for a longer edge of `edge` px of the picture, at 1 / factor of its size; n is rounded up."""
    return turned(_upright(look.name, look.style, look.tint, edge, factor), look.turn)


# ---------------------------------------------------------------- where paint lies


@lru_cache(None)
def _cover(name: str, art: str) -> Image.Image:
    """Where a thing carries its colour, L: the hue cluster of its own colour, or what has hardly any hue."""
    straight = np.asarray(_base(name, art, None).convert("RGBA"), np.float32) / 255
    own = BY_NAME[name].cover or BY_NAME[name].natural
    if own in (None, "grey", "white", "black"):
        pale = (hue_saturation(straight[..., :3])[1] < 0.34) & (straight[..., :3] @ LUMA > 0.3)
        mask = pale if own else np.ones(straight.shape[:2], bool)
    else:
        mask = dominant_mask(straight, rgb(own)) > 0.6
    return Image.fromarray(((mask & (straight[..., 3] > 0.9)) * 255).astype(np.uint8))


@lru_cache(4096)
def paint_mask(look: Look, edge: int) -> np.ndarray:
    """bool [edge, edge]: the part of a drawn thing that carries its colour."""
    inner = edge - round(2 * RIM) if look.style == "sticker" else edge
    start = (edge - inner) // 2
    mask = np.zeros((edge, edge), bool)
    cover = _cover(look.name, look.art).resize((inner, inner), Image.BOX)
    mask[start : start + inner, start : start + inner] = np.asarray(cover) > 200
    return turned(mask, look.turn)


@lru_cache(None)
def natural_colour(name: str, art: str) -> np.ndarray:
    """Median RGB 0..1 of the unpainted thing's paint mask."""
    straight = np.asarray(_base(name, art, None).convert("RGBA"), np.float32) / 255
    mask = np.asarray(_cover(name, art)) > 200
    return np.median(straight[mask][:, :3], 0) if mask.any() else np.full(3, 0.5, np.float32)


# ---------------------------------------------------------------- the coarse bank


def _small(name: str, style: str, tint: str | None) -> np.ndarray:
    """[PIECES, PIECES, 4]."""
    look = Look(name, style, tint)
    picture = _rough(name, look.art, tint)
    if style == "sticker":
        picture = _image(stickered(picture, 36, 1.8))
    small = _scaled(picture, PIECES)
    return _grey(small) if style == "grey" else small


def looks(styles: tuple[str, ...]) -> tuple[Look, ...]:
    """Every look in the styles; paint only where colours can be seen."""
    return tuple(
        Look(t, style, tint, turn)
        for style in styles
        for t in NAMES
        for tint in (None, *(BY_NAME[t].tints if style not in ("grey", "line") else ()))
        for turn in TURNS
    )


def small_templates(styles: tuple[str, ...]) -> np.ndarray:
    """[looks, PIECES, PIECES, 4] in the order of `looks`."""
    every = looks(styles)
    return np.stack(
        [turned(upright, turn) for look in every[:: len(TURNS)]
         for upright in (_small(look.name, look.style, look.tint),) for turn in TURNS]
    )  # fmt: skip
