"""The sprite atlas and its tinted, resized, premultiplied forms.

`python -m training.data.sprites <emoji folder>` rebuilds `training/art/atlas.webp` from the assets
folder of the npm package @lobehub/fluent-emoji-3d 1.1.0 (art: Microsoft Fluent Emoji, MIT).
"""

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from .vocabulary import BY_NAME, NAMES, OBJECTS, rgb

ATLAS = Path(__file__).parent.parent / "art" / "atlas.webp"
ATLAS_SIDE = 128
COLUMNS = 10
CELL = 32
MARGIN = 4
"""Pixels left free in a box of 96 or 128, both sides together: neighbours never touch."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def emoji_file(folder: Path, emoji: str) -> Path:
    """The picture of an emoji: file names are code points joined by '-', variation selector optional."""
    points = [f"{ord(c):x}" for c in emoji]
    bare = [p for p in points if p != "fe0f"]
    for name in ("-".join(points), "-".join(bare), "-".join([*bare, "fe0f"])):
        if (folder / f"{name}.webp").exists():
            return folder / f"{name}.webp"
    raise FileNotFoundError(f"no picture of {emoji} ({'-'.join(points)}) in {folder}")


def cropped(picture: Image.Image) -> Image.Image:
    """RGBA cut to the box where alpha is above 3 %."""
    alpha = np.asarray(picture.convert("RGBA"))[..., 3] > 8
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    return picture.convert("RGBA").crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """Scaled into a transparent square of `side` px, its longer edge MARGIN px short of it, centred."""
    scale = (side - MARGIN) / max(picture.size)
    size = tuple(max(1, round(n * scale)) for n in picture.size)
    small = picture.convert("RGBa").resize(size, Image.LANCZOS).convert("RGBA")
    box = Image.new("RGBA", (side, side))
    box.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    return box


def build_atlas(folder: Path) -> None:
    """Writes the 60 sprites at ATLAS_SIDE px, COLUMNS to a row, in vocabulary order, losslessly."""
    rows = -(-len(OBJECTS) // COLUMNS)
    sheet = Image.new("RGBA", (COLUMNS * ATLAS_SIDE, rows * ATLAS_SIDE))
    for i, thing in enumerate(OBJECTS):
        sprite = fitted(cropped(Image.open(emoji_file(folder, thing.emoji))), ATLAS_SIDE)
        sheet.paste(sprite, (i % COLUMNS * ATLAS_SIDE, i // COLUMNS * ATLAS_SIDE))
    ATLAS.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(ATLAS, lossless=True, quality=100, method=6)


@lru_cache(1)
def _atlas() -> np.ndarray:
    return np.asarray(Image.open(ATLAS).convert("RGBA"))


@lru_cache(None)
def natural(name: str, side: int) -> np.ndarray:
    """The untinted sprite, straight (not premultiplied) RGBA float32 [side, side, 4] in 0..1."""
    i = NAMES.index(name)
    y, x = i // COLUMNS * ATLAS_SIDE, i % COLUMNS * ATLAS_SIDE
    picture = Image.fromarray(_atlas()[y : y + ATLAS_SIDE, x : x + ATLAS_SIDE])
    if side != ATLAS_SIDE:
        picture = fitted(cropped(picture), side)
    return np.asarray(picture, np.float32) / 255


def hue_saturation(colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hue in turns 0..1 and HSV saturation of RGB [..., 3]."""
    high, low = colour.max(-1), colour.min(-1)
    chroma = high - low
    safe = np.maximum(chroma, 1e-6)
    r, g, b = colour[..., 0], colour[..., 1], colour[..., 2]
    hue = np.where(high == r, (g - b) / safe % 6, np.where(high == g, (b - r) / safe + 2, (r - g) / safe + 4))
    return hue / 6, chroma / np.maximum(high, 1e-6)


def _hue_distance(a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
    return np.abs((a - b + 0.5) % 1 - 0.5)


def dominant_mask(sprite: np.ndarray, colour: np.ndarray, width: float = 0.14) -> np.ndarray:
    """Weight 0..1 [side, side] of the largest hue cluster near `colour`: what paint would cover.

    width: half-width of the cluster in turns of hue; pixels of little saturation stay as they are.
    """
    near = _hue_distance(np.arange(0.5, 36) / 36, hue_saturation(colour)[0]) < width
    hue, saturation = hue_saturation(sprite[..., :3])
    weight = sprite[..., 3] * saturation * sprite[..., :3].max(-1)
    histogram = np.bincount((hue * 36).astype(int).ravel() % 36, weight.ravel(), 36)
    smooth = sum(np.roll(histogram, k) for k in (-2, -1, 0, 1, 2))
    peak = ((smooth * near).argmax() + 0.5) / 36
    inside = np.clip((width - _hue_distance(hue, peak)) / 0.03 + 0.5, 0, 1)
    return inside * np.clip((saturation - 0.12) / 0.12, 0, 1)


def painted(sprite: np.ndarray, own: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """The sprite with the cluster of its `own` colour recoloured by a luminance ramp that keeps the shading."""
    mask = dominant_mask(sprite, own)
    luma = sprite[..., :3] @ LUMA
    covered = (mask * sprite[..., 3]) > 0.5
    level = (luma / max(float(np.median(luma[covered])), 0.05) / 2)[..., None]
    shadow = colour * np.clip(2 * level, 0, 1) ** 0.7
    light = colour + (1 - colour) * np.clip(2 * level - 1, 0, 1) * 0.7
    ramp = np.where(level < 0.5, shadow, light)
    mixed = sprite[..., :3] + (ramp - sprite[..., :3]) * mask[..., None]
    return np.concatenate([np.clip(mixed, 0, 1), sprite[..., 3:]], -1).astype(np.float32)


@lru_cache(None)
def sprite(name: str, side: int, tint: str | None = None) -> np.ndarray:
    """Premultiplied RGBA float32 [side, side, 4] in 0..1; `tint` a colour name or None."""
    assert tint is None or BY_NAME[name].tintable, f"{name} cannot be painted"
    straight = natural(name, side)
    if tint is not None:
        straight = painted(straight, rgb(BY_NAME[name].natural), rgb(tint))
    return np.concatenate([straight[..., :3] * straight[..., 3:], straight[..., 3:]], -1)


if __name__ == "__main__":
    build_atlas(Path(sys.argv[1]))
