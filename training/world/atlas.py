"""Three atlases of every thing (3-D, flat, line drawing) and its sized, painted, turned pictures.

`python -m training.world.atlas build FOLDER [ART ...]` rebuilds the sheets from the npm packages
@lobehub/fluent-emoji-3d 1.1.0 and @iconify-json/fluent-emoji-flat 1.2.6 (art: Microsoft Fluent Emoji, MIT) in
FOLDER/node_modules; it alone needs `pip install resvg-py==0.5.0`. The line drawings are the flat pictures' outlines.
"""

import io
import json
import re
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.sprites import LUMA, cropped, dominant_mask, emoji_file, fitted, hue_saturation

from .vocabulary import BY_NAME, NAMES, THINGS, rgb

HERE = Path(__file__).parent
SIDE = 160
COLUMNS = 16
ARTS: tuple[str, ...] = ("3d", "flat", "line")
INK = 0.12
"""Grey of the lines of a line drawing."""


# ---------------------------------------------------------------- building


def _flat_body(icons: dict, names: dict, emoji: str) -> str:
    points = [f"{ord(c):x}" for c in emoji]
    keys = ("-".join(points), "-".join(p for p in points if p != "fe0f"))
    return icons[next(names[k] for k in keys if k in names)]["body"]


def _outlined(body: str) -> str:
    """The SVG body with white fills and dark outlines; dark little parts such as eyes stay filled."""

    def redraw(match: re.Match) -> str:
        value = match.group(1)
        level = np.array([int(value[i : i + 2], 16) for i in (0, 2, 4)]) @ LUMA if len(value) == 6 else 255
        ink = f"#{int(INK * 255):02x}" + f"{int(INK * 255):02x}" * 2
        return f'fill="{ink if level < 70 else "#fff"}" stroke="{ink}" stroke-width=".8" stroke-linejoin="round"'

    long = re.sub(r'fill="#([0-9a-f])([0-9a-f])([0-9a-f])"', r'fill="#\1\1\2\2\3\3"', body)
    return re.sub(r'fill="#([0-9a-f]{6})"', redraw, long)


def _drawn(body: str) -> Image.Image:
    import resvg_py

    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 34 34" width="544" height="544">{body}</svg>'
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA")


def build(folder: Path, arts: tuple[str, ...] = ARTS) -> None:
    """Writes one sheet for each of the arts, in vocabulary order: near-lossless 3-D, lossless flat and line."""
    modules = folder / "node_modules"
    flat = modules / "@iconify-json" / "fluent-emoji-flat"
    icons, names = (json.loads((flat / f"{n}.json").read_text()) for n in ("icons", "chars"))
    for art in arts:
        sheet = Image.new("RGBA", (COLUMNS * SIDE, -(-len(THINGS) // COLUMNS) * SIDE))
        for i, thing in enumerate(THINGS):
            if art == "3d":
                picture = Image.open(emoji_file(modules / "@lobehub" / "fluent-emoji-3d" / "assets", thing.emoji))
            else:
                body = _flat_body(icons["icons"], names, thing.emoji)
                picture = _drawn(_outlined(body) if art == "line" else body)
            sprite = fitted(cropped(picture), SIDE)
            sheet.paste(sprite, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
        if art == "3d":
            sheet.save(HERE / "art-3d.webp", quality=94, alpha_quality=100, method=6)
        else:
            sheet.save(HERE / f"art-{art}.webp", lossless=True, quality=100, method=6)


# ---------------------------------------------------------------- pictures


@lru_cache(None)
def _sheet(art: str) -> np.ndarray:
    return np.asarray(Image.open(HERE / f"art-{art}.webp").convert("RGBA"))


def natural(name: str, art: str) -> np.ndarray:
    """The unpainted picture, straight (not premultiplied) RGBA uint8 [160, 160, 4]."""
    i = NAMES.index(name)
    y, x = i // COLUMNS * SIDE, i % COLUMNS * SIDE
    return _sheet(art)[y : y + SIDE, x : x + SIDE]


def _cover(sprite: np.ndarray, own: str) -> np.ndarray:
    """Weight 0..1 [side, side] of what paint covers: the hue cluster of the own colour, or what has hardly any hue."""
    if own not in ("grey", "white"):
        return dominant_mask(sprite, rgb(own))
    saturation = hue_saturation(sprite[..., :3])[1]
    return np.clip((0.34 - saturation) / 0.1, 0, 1) * np.clip((sprite[..., :3] @ LUMA - 0.3) / 0.1, 0, 1)


def _painted(sprite: np.ndarray, own: str, colour: np.ndarray) -> np.ndarray:
    """Recoloured by a ramp over lightness that keeps the shading; the covered part's median becomes `colour`."""
    cover = _cover(sprite, own)
    luma = sprite[..., :3] @ LUMA
    middle = max(float(np.median(luma[cover * sprite[..., 3] > 0.5])), 0.05)
    level = (luma / middle / 2)[..., None]
    shadow = colour * np.clip(2 * level, 0, 1) ** 0.7
    light = colour + (1 - colour) * np.clip(2 * level - 1, 0, 1) * 0.7
    mixed = sprite[..., :3] + (np.where(level < 0.5, shadow, light) - sprite[..., :3]) * cover[..., None]
    return np.concatenate([np.clip(mixed, 0, 1), sprite[..., 3:]], -1)


def _in_paint(picture: Image.Image, name: str, tint: str) -> Image.Image:
    straight = _painted(np.asarray(picture, np.float32) / 255, BY_NAME[name].cover, rgb(tint))
    return Image.fromarray((straight * 255 + 0.5).astype(np.uint8))


@lru_cache(1024)
def _painted_picture(name: str, art: str, tint: str) -> Image.Image:
    return _in_paint(_picture(name, art), name, tint)


@lru_cache(None)
def thumbnail(name: str, art: str, tint: str | None = None) -> np.ndarray:
    """Premultiplied RGBA uint8 [40, 40, 4], for mean colours."""
    small = fitted(_picture(name, art), 40)
    return _premultiplied(small if tint is None else _in_paint(small, name, tint))


@lru_cache(2 * len(NAMES))
def _picture(name: str, art: str) -> Image.Image:
    return cropped(Image.fromarray(natural(name, art)))


@lru_cache(None)
def aspect(name: str, art: str = "3d") -> tuple[float, float]:
    """(height, width) of the picture as shares of its longer edge."""
    width, height = _picture(name, art).size
    return height / max(width, height), width / max(width, height)


@lru_cache(4096)
def sprite(name: str, art: str, side: int, tint: str | None = None) -> np.ndarray:
    """Premultiplied RGBA uint8 [side, side, 4] of the thing as drawn, its longer edge 4 px short of the box."""
    if tint is not None and not BY_NAME[name].paintable:
        raise ValueError(f"{name} cannot be painted")
    picture = _picture(name, art) if tint is None or art == "line" else _painted_picture(name, art, tint)
    return _premultiplied(fitted(picture, side))


def _premultiplied(picture: Image.Image) -> np.ndarray:
    straight = np.asarray(picture).astype(np.uint16)
    straight[..., :3] = (straight[..., :3] * straight[..., 3:] + 127) // 255
    return straight.astype(np.uint8)


def turned(drawn: np.ndarray, turn: str) -> np.ndarray:
    """A view of a square picture [side, side, ...] turned as TURNS says."""
    if turn == "mirrored":
        return drawn[:, ::-1]
    quarters = {"as drawn": 0, "turned right": 3, "upside down": 2, "turned left": 1}[turn]
    return np.rot90(drawn, quarters) if quarters else drawn


@lru_cache(None)
def distinct(name: str, one: str, other: str) -> bool:
    """Whether two turns of a thing can be told apart in every art."""
    for art in ARTS[:2]:
        small = sprite(name, art, 64).astype(np.float32) / 255
        difference = np.abs(turned(small, one) - turned(small, other)).sum() / small[..., 3].sum()
        if difference < 0.6:
            return False
    return True


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "build":
        sys.exit(__doc__)
    build(Path(sys.argv[2]), tuple(sys.argv[3:]) or ARTS)
