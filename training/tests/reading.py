"""A reader with a grammar of its own: what captions, descriptions, instructions and questions say, in their order."""

import re
from dataclasses import dataclass

from training.data.language import Request, RequestedObject
from training.data.scenes import Scene
from training.data.vocabulary import COLOUR_NAMES, COLOUR_SPELLINGS, OBJECTS

PLURALS = {
    "bunny": "bunnies", "bus": "buses", "butterfly": "butterflies", "cactus": "cactuses", "doggy": "doggies", "fish": "fish",
    "fox": "foxes", "kitty": "kitties", "piggy": "piggies", "puppy": "puppies", "slice of pizza": "slices of pizza",
    "strawberry": "strawberries", "tropical fish": "tropical fish",
}  # fmt: skip
"""Every plural that does not just add an s."""
NOUNS = {noun: o.name for o in OBJECTS for noun in (o.name, *o.synonyms)}
MANY = {PLURALS.get(noun, noun + "s"): name for noun, name in NOUNS.items()}
COLOURS = {c: c for c in COLOUR_NAMES} | {s: c for c, others in COLOUR_SPELLINGS.items() for s in others}
NUMBERS = {
    "no": 0, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "2": 2, "3": 3, "4": 4, "a pair of": 2,
    "a couple of": 2,
}  # fmt: skip
SIZED = {"small": 2, "little": 2, "tiny": 2, "big": 4, "large": 4, "huge": 4}
RELATED = {
    "left": "left", "right": "right", "above": "above", "over": "above", "top": "above", "below": "below", "under": "below",
    "beneath": "below", "underneath": "below",
}  # fmt: skip


def _any(words) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_COLOUR = rf"(?:{_any(COLOURS)})\b"
_SHADED = rf"(?:light |dark )?{_COLOUR}"
_GRADIENT = rf"(?:gradient from {_COLOUR} to {_COLOUR}|{_COLOUR} to {_COLOUR} gradient)"
_CORNER = r"(?:top|bottom|upper|lower)[ -](?:left|right)(?: corner)?"
_SIDE = r"(?:centre|center|middle|left|right|top|bottom)(?: side)?(?: of the picture)?"
_PLACE = rf"(?:(?:(?:at|in|on|to) the )?{_CORNER}|(?:at|in|on|to) the {_SIDE}|centered|on top)\b(?! of| side)"

COLOUR = re.compile(rf"\b{_COLOUR}")
PLACE = re.compile(rf"\b(?:{_PLACE})")
RELATION = re.compile(
    r"\b(?:(?:(?:to|on) the )?(?P<side>left|right)(?: side)? of|on (?P<top>top) of|(?P<over>above|over|below|underneath|under|beneath))\b"
)
THING = re.compile(
    rf"\b(?P<the>the )?(?:(?P<count>{_any(NUMBERS)}) )?(?:(?P<size>{_any(SIZED)}) )?(?:(?P<colour>{_COLOUR}) )?"
    rf"(?P<noun>{_any({**NOUNS, **MANY})})\b(?: (?P<place>{_PLACE}))?"
)
_GROUND = re.compile(
    rf"(?:,? ?(?:(?:on|with|in front of|against) an? )?(?:{_GRADIENT}|{_SHADED} background)(?: as background| background)?|,? on {_SHADED})"
)
_LEAD = r"(?:(?:make )?an? (?:picture|image|drawing) of|(?:please )?draw|show me|create|generate|make|i want|paint) "
_EMPTY = re.compile(rf"(?:nothing on an?|just an?|an empty|only an?|a plain) (?:{_GRADIENT}|{_SHADED} (?:background|picture))")
_JOINT = re.compile(r",? and |, | with | next to (?!each)| beside | side by side| next to each other| ")


@dataclass(frozen=True)
class Mention:
    """Things as they were spoken of. count: None = 'the cats', however many there are."""

    name: str
    count: int | None
    size: int | None
    colour: str | None
    place: str | None

    def among(self, scene: Scene) -> tuple[int, ...]:
        """Indices of the scene's things that the words fit."""
        said = {"size": self.size, "tint": self.colour, "place": self.place}
        fits = [
            i for i, o in enumerate(scene.objects)
            if o.name == self.name and all(value in (None, getattr(o, field)) for field, value in said.items())
        ]  # fmt: skip
        return tuple(fits) if self.count in (None, len(fits)) else ()


def colours(text: str) -> tuple[str, ...]:
    return tuple(COLOURS[word] for word in COLOUR.findall(text.lower()))


def place(words: str) -> str:
    """One of PLACES."""
    for spoken, name in {"upper": "top", "lower": "bottom", "center": "centre", "middle": "centre"}.items():
        words = words.replace(spoken, name)
    return " ".join(name for name in ("top", "bottom", "centre", "left", "right") if name in words)


def places(text: str) -> list[str]:
    return [place(found[0]) for found in PLACE.finditer(text.lower())]


def relations(text: str) -> list[str]:
    return [RELATED[next(filter(None, found.groups()))] for found in RELATION.finditer(text.lower())]


def _mention(found: re.Match) -> Mention:
    noun, count = found["noun"], found["count"]
    assert noun in (MANY if count and NUMBERS[count] > 1 else NOUNS) or not count, f"{count} {noun}"
    return Mention(
        NOUNS.get(noun) or MANY[noun],
        NUMBERS[count] if count and count != "no" else None if noun in MANY else 1,
        found["size"] and SIZED[found["size"]],
        found["colour"] and COLOURS[found["colour"]],
        found["place"] and place(found["place"]),
    )


def mentions(text: str) -> list[Mention]:
    return [_mention(found) for found in THING.finditer(text.lower())]


def caption(text: str) -> tuple[Request, list[int | None]]:
    """All that a caption or description asks for, word for word, and the size it says of each thing."""
    rest = re.sub(rf"^{_LEAD}", "", text.lower().removesuffix("."))
    if _EMPTY.fullmatch(rest):
        return Request((), None, colours(rest)), []
    things: list[Mention] = []
    relation = ground = None
    while rest:
        if found := _GROUND.match(rest):
            ground = colours(found[0])
        elif found := re.compile(rf" {RELATION.pattern} ").match(rest):
            (relation,) = relations(found[0])
        elif found := re.compile(rf",? (?:{_PLACE})").match(rest):
            things[-1] = Mention(**{**things[-1].__dict__, "place": place(found[0])})
        elif found := THING.match(rest):
            things.append(_mention(found))
        else:
            found = _JOINT.match(rest)
        assert found, f"cannot read {rest!r} of {text!r}"
        rest = rest[found.end() :]
    each = [m for m in things for _ in range(m.count or 1)]
    return Request(tuple(RequestedObject(m.name, m.colour, m.place) for m in each), relation, ground), [m.size for m in each]
