"""What the embedded model knows by name: 60 objects, 12 colours, 36 background shades, 9 places.

Everything else in `training/data` derives from the tables here.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ObjectClass:
    """One drawable thing.

    natural: colour a person would name for the untinted sprite, or None if it has no single one.
    tintable: may be painted in any colour of COLOURS other than its natural one.
    """

    name: str
    emoji: str
    synonyms: tuple[str, ...] = ()
    natural: str | None = None
    tintable: bool = False

    @property
    def article(self) -> str:
        return "" if self.name == "fire" else "an" if self.name[0] in "aeiou" else "a"


def _plain(name: str, emoji: str, *synonyms: str, natural: str | None = None) -> ObjectClass:
    return ObjectClass(name, emoji, synonyms, natural)


def _paintable(name: str, emoji: str, *synonyms: str, natural: str) -> ObjectClass:
    return ObjectClass(name, emoji, synonyms, natural, tintable=True)


OBJECTS: tuple[ObjectClass, ...] = (
    _plain("cat", "🐱", "kitty", "kitten", natural="orange"),
    _plain("dog", "🐶", "puppy", "doggy", natural="brown"),
    _plain("rabbit", "🐰", "bunny"),
    _plain("fox", "🦊", natural="orange"),
    _plain("bear", "🐻", "teddy bear", natural="brown"),
    _plain("panda", "🐼", "panda bear"),
    _plain("pig", "🐷", "piggy", natural="pink"),
    _plain("frog", "🐸", natural="green"),
    _plain("monkey", "🐵", natural="brown"),
    _plain("penguin", "🐧"),
    _plain("duck", "🦆"),
    _plain("owl", "🦉", natural="brown"),
    _paintable("butterfly", "🦋", natural="red"),
    _plain("turtle", "🐢", "tortoise", natural="green"),
    _paintable("fish", "🐠", "tropical fish", natural="blue"),
    _plain("whale", "🐳", natural="blue"),
    _plain("cactus", "🌵", natural="green"),
    _plain("tree", "🌳", "leafy tree", natural="green"),
    _plain("sunflower", "🌻", natural="yellow"),
    _paintable("rose", "🌹", natural="red"),
    _paintable("mushroom", "🍄", "toadstool", natural="red"),
    _plain("moon", "🌙", "crescent moon", natural="yellow"),
    _plain("sun", "☀️", natural="orange"),
    _paintable("star", "⭐", natural="yellow"),
    _plain("rainbow", "🌈"),
    _plain("fire", "🔥", "flame", natural="orange"),
    _plain("earth", "🌍", "globe", "planet earth"),
    _paintable("apple", "🍎", natural="red"),
    _plain("pear", "🍐", natural="green"),
    _plain("lemon", "🍋", natural="yellow"),
    _plain("banana", "🍌", natural="yellow"),
    _plain("watermelon", "🍉", "watermelon slice", natural="red"),
    _plain("strawberry", "🍓", natural="red"),
    _plain("pineapple", "🍍", natural="orange"),
    _plain("carrot", "🥕", natural="orange"),
    _plain("hamburger", "🍔", "burger"),
    _plain("pizza", "🍕", "pizza slice", "slice of pizza"),
    _paintable("donut", "🍩", "doughnut", natural="brown"),
    _plain("cake", "🎂", "birthday cake"),
    _plain("soccer ball", "⚽", "football"),
    _plain("basketball", "🏀", natural="orange"),
    _paintable("balloon", "🎈", natural="red"),
    _paintable("gift", "🎁", "present", natural="yellow"),
    _paintable("guitar", "🎸", "electric guitar", natural="red"),
    _paintable("car", "🚗", "automobile", natural="red"),
    _paintable("bus", "🚌", natural="yellow"),
    _plain("train", "🚂", "locomotive", "steam train"),
    _plain("airplane", "✈️", "plane", "jet"),
    _plain("rocket", "🚀", "spaceship", "rocket ship"),
    _plain("house", "🏠", "home"),
    _paintable("key", "🔑", natural="yellow"),
    _paintable("book", "📕", natural="red"),
    _paintable("crown", "👑", natural="yellow"),
    _paintable("umbrella", "☂️", natural="purple"),
    _paintable("chair", "🪑", natural="brown"),
    _paintable("bell", "🔔", natural="yellow"),
    _paintable("heart", "❤️", natural="red"),
    _plain("robot", "🤖"),
    _paintable("diamond", "💎", "gem", natural="blue"),
    _plain("camera", "📷"),
)
NAMES: tuple[str, ...] = tuple(o.name for o in OBJECTS)
BY_NAME: dict[str, ObjectClass] = {o.name: o for o in OBJECTS}

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (225, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 50),
    "green": (70, 180, 70),
    "blue": (40, 110, 225),
    "purple": (125, 65, 190),
    "pink": (245, 140, 195),
    "brown": (140, 88, 50),
    "black": (30, 30, 35),
    "white": (250, 250, 250),
    "grey": (140, 140, 145),
    "teal": (35, 170, 170),
}
COLOUR_NAMES: tuple[str, ...] = tuple(COLOURS)
COLOUR_SPELLINGS: dict[str, tuple[str, ...]] = {"grey": ("gray",), "purple": ("violet",), "teal": ("turquoise",)}

SHADE_NAMES: tuple[str, ...] = ("plain", "light", "dark")
SHADES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "red": ((225, 40, 40), (240, 85, 80), (150, 20, 25)),
    "orange": ((245, 140, 30), (253, 178, 100), (220, 108, 10)),
    "yellow": ((250, 215, 50), (255, 238, 140), (228, 188, 20)),
    "green": ((70, 180, 70), (140, 220, 130), (22, 105, 45)),
    "blue": ((40, 110, 225), (135, 190, 250), (20, 50, 140)),
    "purple": ((125, 65, 190), (180, 135, 230), (78, 32, 130)),
    "pink": ((245, 140, 195), (252, 195, 225), (228, 85, 155)),
    "brown": ((140, 88, 50), (178, 128, 84), (92, 54, 28)),
    "black": ((30, 30, 35), (48, 48, 54), (10, 10, 12)),
    "white": ((250, 250, 250), (255, 255, 255), (240, 240, 242)),
    "grey": ((140, 140, 145), (182, 182, 187), (95, 95, 100)),
    "teal": ((35, 170, 170), (120, 218, 212), (10, 112, 116)),
}
"""Background shades, RGB 0..255, in the order of SHADE_NAMES."""

PLACES: tuple[str, ...] = (
    "top left", "top", "top right",
    "left", "centre", "right",
    "bottom left", "bottom", "bottom right",
)  # fmt: skip
"""Places in reading order: index = 3 * vertical third + horizontal third."""


def tints(name: str) -> tuple[str, ...]:
    """Colours the object can be painted in, its natural one left out."""
    thing = BY_NAME[name]
    return tuple(c for c in COLOUR_NAMES if c != thing.natural) if thing.tintable else ()


def rgb(colour: str) -> np.ndarray:
    """float32[3], 0..1."""
    return np.array(COLOURS[colour], np.float32) / 255


def lab(rgb01: np.ndarray) -> np.ndarray:
    """sRGB [..., 3] in 0..1 to CIE L*a*b* under D65, float32."""
    linear = np.where(rgb01 <= 0.04045, rgb01 / 12.92, ((rgb01 + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1).astype(np.float32)
