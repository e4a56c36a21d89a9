"""The scorer's own sprites: the 60 named classes and further things that a picture should not be taken for.

`python -m training.scorer.atlas <emoji folder> <mini vocabulary>` rebuilds `training/art/scorer.webp` and its
list of names from the assets of @lobehub/fluent-emoji-3d 1.1.0, cut and resized apart from the training atlas.
"""

import json
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.sprites import cropped, emoji_file, painted
from training.data.vocabulary import BY_NAME, OBJECTS, rgb, tints

ART = Path(__file__).parent.parent / "art"
SHEET, LIST = ART / "scorer.webp", ART / "scorer.json"
EDGE = 72
"""Longest edge of a stored sprite, px; each lies in the middle of a square of that size."""
COLUMNS = 12
DISTRACTORS = (
    "horse,bee,elephant,pine tree,cloud,snowman,bread,ice cream,coffee,trophy,drum,bicycle,sailboat,castle,tent,"
    "light bulb,alarm clock,backpack,ghost,pumpkin,tiger,lion,cow,koala,mouse,chicken,chick,unicorn,snail,ladybug,"
    "snake,octopus,crab,dolphin,shark,sheep,tulip,planet,snowflake,orange,grapes,cherries,peach,tomato,avocado,"
    "eggplant,corn,broccoli,cheese,taco,cupcake,lollipop,target,trumpet,violin,helicopter,ufo,ship,volcano,phone,"
    "laptop,television,hourglass,candle,lock,hammer,magnet,pencil,envelope,glasses,shirt,boot,ring,couch,door,bucket,"
    "skull,bomb,shield,truck,tractor,clover,cookie,medal,box,basket,watch,water drop"
).split(",")
"""88 things of the same style that are not in the vocabulary."""


def square(picture: Image.Image, edge: int) -> Image.Image:
    """Longest edge `edge`, in the middle of a transparent square of that size (area average)."""
    picture = picture.convert("RGBa")
    scale = edge / max(picture.size)
    size = tuple(max(1, round(n * scale)) for n in picture.size)
    box = Image.new("RGBA", (edge, edge))
    box.paste(picture.resize(size, Image.BOX).convert("RGBA"), ((edge - size[0]) // 2, (edge - size[1]) // 2))
    return box


def build(folder: Path, vocabulary: Path) -> None:
    """Writes the sheet and its names, the 60 classes first."""
    emoji = {v["name"]: v["emoji"] for v in json.loads(vocabulary.read_text())}
    named = [(o.name, o.emoji) for o in OBJECTS] + [(name, emoji[name]) for name in DISTRACTORS]
    sheet = Image.new("RGBA", (COLUMNS * EDGE, -(-len(named) // COLUMNS) * EDGE))
    for i, (_, symbol) in enumerate(named):
        picture = square(cropped(Image.open(emoji_file(folder, symbol))), EDGE)
        sheet.paste(picture, (i % COLUMNS * EDGE, i // COLUMNS * EDGE))
    sheet.save(SHEET, lossless=True, quality=100, method=6)
    LIST.write_text(json.dumps([name for name, _ in named]) + "\n")


@lru_cache(1)
def names() -> tuple[str, ...]:
    return tuple(json.loads(LIST.read_text()))


@lru_cache(None)
def straight(name: str, tint: str | None = None) -> np.ndarray:
    """RGBA float32 [72, 72, 4] in 0..1, not premultiplied."""
    i = names().index(name)
    y, x = i // COLUMNS * EDGE, i % COLUMNS * EDGE
    sprite = np.asarray(_sheet().crop((x, y, x + EDGE, y + EDGE)), np.float32) / 255
    return sprite if tint is None else painted(sprite, rgb(BY_NAME[name].natural), rgb(tint))


@lru_cache(1)
def _sheet() -> Image.Image:
    return Image.open(SHEET).convert("RGBA")


@lru_cache(1)
def looks() -> tuple[tuple[str, str | None], ...]:
    """Every (name, tint) the scorer compares with."""
    return tuple((n, t) for n in names() for t in (None, *(tints(n) if n in BY_NAME else ())))


@lru_cache(None)
def template(name: str, tint: str | None, edge: int) -> np.ndarray:
    """Premultiplied RGBA float32 [edge, edge, 4] at any edge length."""
    picture = Image.fromarray((straight(name, tint) * 255 + 0.5).astype(np.uint8)).convert("RGBa")
    return np.asarray(picture.resize((edge, edge), Image.BICUBIC if edge > EDGE else Image.BOX), np.float32) / 255


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
