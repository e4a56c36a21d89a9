"""Draws scenes: the ground, then every thing in the style's art, then what the style does to the whole picture."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from training.data.sprites import LUMA

from .atlas import sprite, turned
from .grounds import CELL, PIXELS, Ground, drawn
from .scenes import Placed, Scene

PIXEL = 8
"""Edge of a pixel of pixel art, px."""
RIM = 5
"""Width of a sticker's white rim, px."""


@lru_cache(1024)
def _sticker(name: str, side: int, tint: str | None) -> np.ndarray:
    """The picture on a hard-edged white shape that is RIM px wider; both within the box."""
    inner = np.zeros((side, side, 4), np.uint8)
    inner[RIM:-RIM, RIM:-RIM] = sprite(name, "3d", side - 2 * RIM, tint)
    alpha = Image.fromarray(np.where(inner[..., 3] > 100, 255, 0).astype(np.uint8))
    blurred = np.asarray(alpha.filter(ImageFilter.GaussianBlur(RIM * 0.7)), np.float32) / 255
    shape = np.maximum(np.clip((blurred - 0.06) / 0.08, 0, 1)[..., None], inner[..., 3:] / np.float32(255))
    colour = inner[..., :3] + np.float32(255) * (shape - inner[..., 3:] / np.float32(255))
    return np.concatenate([colour, 255 * shape], -1).clip(0, 255).astype(np.uint8)


@lru_cache(1024)
def _pixelated(name: str, side: int, tint: str | None) -> np.ndarray:
    """The flat picture in blocks of PIXEL px, each wholly there or not."""
    n = side // PIXEL
    blocks = sprite(name, "flat", side, tint).reshape(n, PIXEL, n, PIXEL, 4).mean((1, 3), dtype=np.float32)
    there = blocks[..., 3:] > 110
    colour = blocks[..., :3] * 255 / np.maximum(blocks[..., 3:], 1)
    small = np.concatenate([colour * there, 255 * there], -1).clip(0, 255)
    return small.astype(np.uint8).repeat(PIXEL, 0).repeat(PIXEL, 1)


def thing(o: Placed, style: str) -> np.ndarray:
    """A thing as the style draws it, premultiplied RGBA uint8 [side, side, 4]."""
    side = o.size * CELL
    if style == "sticker":
        picture = _sticker(o.name, side, o.tint)
    elif style == "pixel":
        picture = _pixelated(o.name, side, o.tint)
    else:
        picture = sprite(o.name, {"flat": "flat", "line": "line"}.get(style, "3d"), side, o.tint)
    return turned(picture, o.turn)


def lay(picture: np.ndarray, part: np.ndarray, y: int, x: int) -> None:
    """Composites a premultiplied picture onto uint8 [256, 256, 3] in place."""
    side = part.shape[0]
    under = picture[y : y + side, x : x + side]
    kept = under * (255 - part[..., 3:].astype(np.uint16))
    under[...] = part[..., :3] + (kept + 127) // 255


def styled_ground(ground: Ground, style: str) -> np.ndarray:
    """The ground alone in the style, uint8 [256, 256, 3]; grey is left to `whole`."""
    picture = drawn(ground)
    if style != "pixel":
        return picture
    n = PIXELS // PIXEL
    small = picture.reshape(n, PIXEL, n, PIXEL, 3).mean((1, 3), dtype=np.float32)
    return (small + 0.5).astype(np.uint8).repeat(PIXEL, 0).repeat(PIXEL, 1)


def whole(picture: np.ndarray, style: str) -> np.ndarray:
    """What a style does to the whole picture."""
    if style != "grey":
        return picture
    return (picture @ LUMA + 0.5).astype(np.uint8)[..., None].repeat(3, -1)


def render(scene: Scene) -> np.ndarray:
    """uint8 [256, 256, 3]."""
    picture = styled_ground(scene.ground, scene.style).copy()
    dy, dx = scene.offset
    for o in scene.objects:
        lay(picture, thing(o, scene.style), o.row * CELL + dy, o.column * CELL + dx)
    return whole(picture, scene.style)
