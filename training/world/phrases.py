"""The words of the grammar, for those who write (captions.py, edits.py) and for the one who reads (parse.py)."""

from .vocabulary import COLOUR_NAMES, COLOUR_SPELLINGS, THINGS

COUNTS: dict[int, tuple[str, ...]] = {
    2: ("two", "2", "a pair of", "a couple of"),
    3: ("three", "3"),
    4: ("four", "4"),
}  # fmt: skip
SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "tiny": ("tiny", "very small"),
    "small": ("small", "little"),
    "big": ("big", "large"),
    "huge": ("huge", "giant", "enormous", "very big"),
}
COLOUR_WORDS: dict[str, tuple[str, ...]] = {c: (c, *COLOUR_SPELLINGS.get(c, ())) for c in COLOUR_NAMES}
SHADE_WORDS: dict[int, tuple[str, ...]] = {1: ("light", "pale", "bright"), 2: ("dark", "deep")}
TURN_WORDS: dict[str, tuple[str, ...]] = {
    "mirrored": ("mirrored", "flipped"),
    "upside down": ("upside-down", "upside down"),
    "sideways": ("sideways", "tilted"),
}
"""sideways: turned right or left."""

PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "centre": (
        "in the centre", "in the middle", "in the center", "centered", "at the centre",
        "in the middle of the picture",
    ),
    "left": ("on the left", "at the left", "on the left side", "to the left", "at the left edge"),
    "right": ("on the right", "at the right", "on the right side", "to the right", "at the right edge"),
    "top": ("at the top", "on the top", "at the top of the picture", "at the upper edge"),
    "bottom": ("at the bottom", "at the bottom of the picture", "on the bottom", "at the lower edge"),
}  # fmt: skip
for _place in ("top left", "top right", "bottom left", "bottom right"):
    _names = (_place, _place.replace("top", "upper").replace("bottom", "lower"), _place.replace(" ", "-"))
    PLACE_WORDS[_place] = tuple(
        form.format(name)
        for name in _names
        for form in ("at the {}", "in the {}", "in the {} corner", "{}", "at the {} corner")
    )

RELATION_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("to the left of", "left of", "on the left of", "on the left side of"),
    "right": ("to the right of", "right of", "on the right of", "on the right side of"),
    "above": ("above", "over"),
    "below": ("below", "under", "beneath", "underneath"),
    "on": ("on", "on top of", "standing on", "sitting on"),
    "beside": ("next to", "beside", "by the side of"),
    "between": ("between", "in between"),
}
"""As said between two things: "a cat [left of] a dog"."""
RELATION_TO_IT: dict[str, tuple[str, ...]] = {
    "left": ("to its left", "on its left"),
    "right": ("to its right", "on its right"),
    "above": ("above it", "over it"),
    "below": ("below it", "under it", "beneath it"),
    "on": ("on it", "on top of it"),
    "beside": ("next to it", "beside it"),
}
"""As said of the second thing: "a dog with a cat [to its left]"."""
TOGETHER_WORDS = ("side by side", "next to each other", "beside each other")

STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "3d": ("3d", "3d render", "3-d", "3d rendering", "3d style"),
    "flat": ("flat", "flat icon", "flat icons", "flat design", "flat style", "flat illustration", "flat art"),
    "pixel": ("pixel art", "pixel style", "pixelated", "8-bit", "8 bit", "pixel-art", "pixel art style"),
    "line": ("line drawing", "line art", "outline drawing", "coloring page", "colouring page", "line drawing style"),
    "grey": ("greyscale", "grayscale", "black and white", "monochrome", "black-and-white", "black and white photo"),
    "sticker": ("sticker", "stickers", "sticker style"),
}
STYLE_LEADS: dict[str, tuple[str, ...]] = {
    "3d": ("a 3d render of {}", "3d render of {}"),
    "flat": ("a flat icon of {}", "flat illustration of {}", "flat design of {}"),
    "pixel": ("pixel art of {}", "a pixel art picture of {}", "8-bit {}"),
    "line": ("a line drawing of {}", "line drawing of {}", "line art of {}", "a coloring page with {}"),
    "grey": ("a black and white picture of {}", "a greyscale image of {}", "black and white photo of {}"),
    "sticker": ("a sticker of {}", "stickers of {}", "sticker of {}"),
}
STYLE_TAILS: dict[str, tuple[str, ...]] = {
    "3d": (", 3d", ", 3d render", " in 3d"),
    "flat": (", flat", " in flat style", ", flat design", ", flat icons"),
    "pixel": (", pixel art", " as pixel art", " in pixel art style", ", 8-bit"),
    "line": (", line drawing", " as a line drawing", ", line art", " as an outline drawing"),
    "grey": (", black and white", " in black and white", ", greyscale", " in grayscale", ", monochrome"),
    "sticker": (", sticker", " as a sticker", " as stickers", ", sticker style"),
}

SCENERY_PLACES: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "on a meadow", "on the grass", "in a field", "in the grass"),
    "beach": ("on the beach", "at the beach", "on a beach", "at the seaside"),
    "snow": ("in the snow", "in a snowy landscape", "on the snow", "in a winter landscape"),
    "room": ("in a room", "in the living room", "indoors", "inside a room"),
    "underwater": ("underwater", "under water", "under the sea", "in the ocean", "at the bottom of the sea"),
    "space": ("in space", "in outer space", "in the universe"),
    "night sky": ("at night", "in the night sky", "under the night sky", "before a night sky"),
    "desert": ("in the desert", "in a desert", "in the dunes"),
}
SCENERY_NAMES: dict[str, tuple[str, ...]] = {
    "meadow": ("a meadow", "a grass field", "a green meadow"),
    "beach": ("a beach", "a sandy beach", "the seaside"),
    "snow": ("a snowy landscape", "a winter landscape", "snow"),
    "room": ("a room", "a living room"),
    "underwater": ("an underwater scene", "an underwater world"),
    "space": ("space", "outer space", "the universe"),
    "night sky": ("a night sky", "the night sky", "a starry night sky"),
    "desert": ("a desert", "the desert", "sand dunes"),
}
BACKGROUND_WORDS = ("background", "backdrop")
CHECKERED_WORDS = ("checkered", "checkerboard", "chequered", "checked")

PROMPT_LEADS = (
    "draw {}", "a picture of {}", "an image of {}", "show me {}", "create {}", "generate {}", "make {}",
    "please draw {}", "make a picture of {}", "i want {}", "paint {}", "a drawing of {}", "can you draw {}",
    "i'd like to see {}", "a picture with {}", "draw me {}", "an illustration of {}", "imagine {}", "there is {}",
    "picture of {}", "could you please make {}",
)  # fmt: skip


def plural_of(noun: str) -> str:
    """Regular plural; of "cup of coffee" it is "cups of coffee"."""
    head, of, rest = noun.partition(" of ")
    if head.endswith(("s", "x", "ch", "sh")):
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return head + of + rest


def nouns() -> dict[str, tuple[str, bool]]:
    """Every noun in lower case -> (class, whether it is a plural). Where both are alike ("fish"), it is none."""
    table: dict[str, tuple[str, bool]] = {}
    for thing in THINGS:
        if thing.plural:
            table.update({plural_of(s): (thing.name, True) for s in thing.synonyms})
            table[thing.plural] = (thing.name, True)
    for thing in THINGS:
        table.update({s: (thing.name, False) for s in (thing.name, *thing.synonyms)})
    return table


def article(words: str) -> str:
    """a or an, by spelling and the few words whose sound differs from it."""
    if words.startswith(("uni", "ufo")):
        return "a"
    return "an" if words[0] in "aeiou8" or words.startswith("hour") else "a"
