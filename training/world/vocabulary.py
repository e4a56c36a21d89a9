"""Every word of the domain that names something: things, colours, sizes, places, grounds, styles, turns.

The things stand in things.txt; the 12 colours, their shades and the nine places are those of training.data.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.data.vocabulary import COLOUR_NAMES, COLOUR_SPELLINGS, COLOURS, PLACES, SHADE_NAMES, SHADES, lab, rgb

__all__ = ["COLOURS", "COLOUR_NAMES", "COLOUR_SPELLINGS", "PLACES", "SHADES", "SHADE_NAMES", "lab", "rgb"]


@dataclass(frozen=True)
class Thing:
    """One drawable thing.

    plural: None for what is never counted (fire, grapes).
    natural: the colour a person would name for the unpainted picture, or None if it has no clear one.
    cover: the colour of the part that paint covers, or None if it can't be painted.
    kinds: category words that hold for it ("bird", "animal").
    """

    name: str
    emoji: str
    plural: str | None
    synonyms: tuple[str, ...]
    natural: str | None
    cover: str | None
    kinds: tuple[str, ...]

    @cached_property
    def tints(self) -> tuple[str, ...]:
        """Colours it can be painted in."""
        return tuple(c for c in COLOUR_NAMES if c != self.cover) if self.cover else ()

    @property
    def paintable(self) -> bool:
        return self.cover is not None

    @cached_property
    def colours(self) -> tuple[str, ...]:
        """All the colours that people could ask for and get, if it can be painted: the natural one too."""
        return (*self.tints, self.natural) if self.paintable and self.natural else self.tints


PARENTS: dict[str, str] = {
    "bird": "animal", "insect": "animal", "fruit": "food", "vegetable": "food", "flower": "plant",
}  # fmt: skip
KINDS: dict[str, str] = {
    "animal": "animals", "bird": "birds", "insect": "insects", "fruit": "fruits", "vegetable": "vegetables",
    "food": "foods", "plant": "plants", "flower": "flowers", "vehicle": "vehicles", "instrument": "instruments",
    "building": "buildings", "tool": "tools", "clothes": "clothes", "furniture": "furniture",
}  # fmt: skip
"""Category word -> its plural."""


def _thing(line: str) -> Thing:
    first, plural, synonyms, colour, kinds = (part.strip() for part in line.split("|"))
    emoji, name = first.split(" ", 1)
    own = tuple(kinds.split())
    return Thing(
        name,
        emoji,
        None if plural == "-" else plural,
        tuple(s.strip() for s in synonyms.split(",") if s.strip()),
        None if colour.startswith("~") else colour.rstrip("*") or None,
        colour.strip("~*") if colour.endswith("*") else None,
        own + tuple(PARENTS[k] for k in own if k in PARENTS),
    )


_LINES = (Path(__file__).parent / "things.txt").read_text(encoding="utf-8").splitlines()
THINGS: tuple[Thing, ...] = tuple(_thing(line) for line in _LINES if line and not line.startswith("#"))
NAMES: tuple[str, ...] = tuple(t.name for t in THINGS)
BY_NAME: dict[str, Thing] = {t.name: t for t in THINGS}

UNKNOWN: tuple[str, ...] = (
    "hamster", "chili pepper", "egg", "fried egg", "sushi", "cup of tea", "glass of milk", "glass of wine",
    "american football", "baseball", "volleyball", "bowling pin", "teddy bear", "kite", "piano", "palette",
    "scooter", "school", "church", "printer", "flashlight", "paperclip", "newspaper", "sun hat", "jeans", "socks",
    "gloves", "bathtub", "bar of soap", "telescope", "microscope", "test tube", "trash can", "shopping cart", "coin",
    "circus tent", "coconut", "sword", "bow", "magic wand", "tennis racket", "die", "tower", "log", "ribbon",
    "fountain", "wrench", "island", "basket", "broom", "envelope", "shell", "radio", "money bag", "battery",
    "crayon",
)  # fmt: skip
"""Things that are never drawn: a person may ask for them all the same."""

SIZES: dict[str, int] = {"tiny": 2, "small": 3, "big": 4, "huge": 5}
"""Size word -> edge of the box in cells of 32 px."""
SIZE_NAMES: dict[int, str] = {cells: name for name, cells in SIZES.items()}

TURNS: tuple[str, ...] = ("as drawn", "mirrored", "turned right", "upside down", "turned left")
"""mirrored: left and right swapped; the other three turn clockwise by 90, 180 and 270 degrees."""

STYLES: tuple[str, ...] = ("3d", "flat", "pixel", "line", "grey", "sticker")

COLOURED_GROUNDS: tuple[str, ...] = ("solid", "gradient", "checkered")
SCENERIES: tuple[str, ...] = ("meadow", "beach", "snow", "room", "underwater", "space", "night sky", "desert")
GROUNDS: tuple[str, ...] = COLOURED_GROUNDS + SCENERIES
