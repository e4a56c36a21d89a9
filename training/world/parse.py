"""Reads a prompt back into its Request, by rules over the grammar's words; what it can't read it names.

It takes the grammar's captions and descriptions, and people's own prompts as far as the words go.
"""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

from .phrases import (
    BACKGROUND_WORDS,
    CHECKERED_WORDS,
    COLOUR_WORDS,
    COUNTS,
    PLACE_WORDS,
    RELATION_TO_IT,
    RELATION_WORDS,
    SCENERY_NAMES,
    SCENERY_PLACES,
    SHADE_WORDS,
    SIZE_WORDS,
    STYLE_WORDS,
    TOGETHER_WORDS,
    TURN_WORDS,
    nouns,
)
from .requests import Related, Request, Wanted

MARKS = {",", ".", ";", ":", "!", "?"}
AND = {"and", "&", "plus", "then", "also", "but", "+"}
ARTICLES = {"a", "an", "the", "some", "one", "another", "single", "my", "this", "that", "its", "any", "1"}
FILLERS = set(
    """
    draw paint create generate make show me picture image photo of drawing illustration imagine please can could you
    i want i'd like to see there is are with in at on style by as scene render it's its it standing sitting lying
    floating flying placed next let's us give need would an from background backdrop against front the a which who
    have has looking being very cute nice beautiful pretty happy lovely cool funny colored coloured color colour
    colourful just only icon icons set row all both each other them they put add place plain really showing objects
    playing that
    """.split()
)
"""Words that change nothing."""
NO = {"no", "without", "not"}

MORE_COLOURS = {
    "golden": "yellow",
    "gold": "yellow",
    "silver": "grey",
    "cyan": "teal",
    "magenta": "pink",
    "crimson": "red",
    "scarlet": "red",
    "navy": "blue",
    "lime": "green",
    "beige": "brown",
    "violet": "purple",
    "aqua": "teal",
}
MORE_SIZES = {"massive": "huge", "gigantic": "huge", "minuscule": "tiny", "mini": "tiny"}
MORE_COUNTS = {"both": 2, "couple of": 2, "pair of": 2, "several": None, "many": None, "multiple": None}
MORE_PLACES = {"left": "left", "right": "right", "middle": "centre", "centre": "centre", "center": "centre"}
MORE_GROUNDS = {
    "meadow": ("meadow", "grass", "field", "lawn", "park", "garden", "grassland", "countryside"),
    "beach": ("beach", "seaside", "shore", "seashore", "by the sea"),
    "snow": ("snow", "snowy", "winter", "snowy background"),
    "room": ("room", "living room", "kitchen", "bedroom", "inside", "indoor", "on the floor"),
    "underwater": ("underwater", "ocean", "undersea", "in the sea", "in the water", "under the water"),
    "space": ("space", "universe", "galaxy", "cosmos"),
    "night sky": ("night sky", "night", "starry night", "starry sky", "nighttime"),
    "desert": ("desert", "dunes", "in the sand"),
}
MORE_STYLES = {
    "line": ("sketch", "outline"),
    "pixel": ("pixels", "pixelart"),
    "grey": ("black white", "in grey"),
    "flat": ("flat colours",),
}


@dataclass
class Reading:
    """A request, and the words that were not understood."""

    request: Request
    unknown: list[str] = field(default_factory=list)


def words_of(text: str) -> list[str]:
    """Lower case words and marks; hyphens part words."""
    text = text.lower().replace("-", " ").replace("’", "'")
    return re.findall(r"[a-z0-9']+|[&+]|[,.;:!?]", text)


# ---------------------------------------------------------------- the table of phrases

Phrase = tuple[str, object]
"""(type, value)."""


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(words_of(phrase))


def _rows():
    for how, phrases in RELATION_WORDS.items():
        yield from ((p, ("relation", how)) for p in phrases)
    for how, phrases in RELATION_TO_IT.items():
        yield from ((p, ("to it", how)) for p in phrases)
    yield from ((p, ("together", None)) for p in TOGETHER_WORDS)
    for place, phrases in PLACE_WORDS.items():
        yield from ((p, ("place", place)) for p in phrases)
    yield from ((p, ("place", place)) for p, place in MORE_PLACES.items())
    yield "wearing", ("wears", None)
    for style in STYLE_WORDS:
        yield from ((p, ("style", style)) for p in (*STYLE_WORDS[style], *MORE_STYLES.get(style, ())))
    for kind in SCENERY_PLACES:
        yield from ((p, ("ground", kind)) for p in (*MORE_GROUNDS[kind], *SCENERY_PLACES[kind], *SCENERY_NAMES[kind]))


@lru_cache(1)
def _phrases() -> dict[tuple[str, ...], Phrase]:
    return {_key(phrase): value for phrase, value in _rows()}


def _inverted(table: dict) -> dict[tuple[str, ...], object]:
    return {_key(word): key for key, words in table.items() for word in words}


@lru_cache(1)
def _adjectives() -> dict[tuple[str, ...], Phrase]:
    table: dict[tuple[str, ...], Phrase] = {}
    for kind, source in (
        ("size", SIZE_WORDS),
        ("colour", COLOUR_WORDS),
        ("shade", SHADE_WORDS),
        ("turn", TURN_WORDS),
        ("style", STYLE_WORDS),
    ):
        table.update({words: (kind, value) for words, value in _inverted(source).items()})
    table.update({(word,): ("colour", colour) for word, colour in MORE_COLOURS.items()})
    table.update({(word,): ("size", size) for word, size in MORE_SIZES.items()})
    return table


@lru_cache(1)
def _counts() -> dict[tuple[str, ...], int | None]:
    return {**_inverted(COUNTS), **{_key(w): n for w, n in MORE_COUNTS.items()}}


@lru_cache(1)
def _nouns() -> dict[tuple[str, ...], tuple[str, bool]]:
    return {_key(words): value for words, value in nouns().items()}


LONGEST = 7


def _longest(table: dict, words: list[str], i: int):
    """(value, words used) of the longest entry that starts at i, or None."""
    for n in range(min(LONGEST, len(words) - i), 0, -1):
        value = table.get(tuple(words[i : i + n]), table)
        if value is not table:
            return value, n
    return None


# ---------------------------------------------------------------- the reader


class _Reader:
    """Goes once through the words, from left to right."""

    def __init__(self, text: str):
        self.words = words_of(text)
        self.i = 0
        self.objects: list[Wanted] = []
        self.relations: list[Related] = []
        self.ground: tuple[str, ...] | None = None
        self.style: str | None = None
        self.without: list[str] = []
        self.unknown: list[str] = []
        self.last: int | None = None
        """The object that a place or relation would belong to."""
        self.fresh = True
        """Whether a connective or nothing stands before."""
        self.it: int | None = None
        """The object that 'it' last meant."""
        self.waiting: str | None = None
        """A place said before its thing."""

    def read(self) -> Reading:
        rules = (
            self._mark,
            self._negation,
            self._coloured_ground,
            self._noun_first,
            self._phrase,
            self._thing,
            self._late_adjective,
            self._filler,
        )
        while self.i < len(self.words):
            if not any(rule() for rule in rules):
                self.unknown.append(self.words[self.i])
                self.i += 1
        request = Request(tuple(self.objects), tuple(self.relations), self.ground, self.style, tuple(self.without))
        return Reading(request, self.unknown)

    def _peek(self, offset: int = 0) -> str:
        at = self.i + offset
        return self.words[at] if at < len(self.words) else ""

    # each rule: reads something at self.i and returns True, or leaves all as it is and returns False

    def _mark(self) -> bool:
        if self._peek() not in MARKS and self._peek() not in AND:
            return False
        self.i += 1
        self.fresh = True
        return True

    def _filler(self) -> bool:
        if self._peek() not in FILLERS:
            return False
        self.i += 1
        return True

    def _negation(self) -> bool:
        if self._peek() not in NO:
            return False
        found = self._noun_phrase(self.i + 1)
        if found is None:
            return False
        wanted, self.i, _ = found
        self.without.append(wanted.name)
        return True

    def _colour_at(self, i: int) -> tuple[str, str | None, int] | None:
        """(colour, shade word, words used)."""
        shade = SHADES_BY_WORD.get(self.words[i]) if i < len(self.words) else None
        at = i + (shade is not None)
        word = self.words[at] if at < len(self.words) else ""
        colour = next((c for c, spellings in COLOUR_WORDS.items() if word in spellings), MORE_COLOURS.get(word))
        return (colour, shade, at + 1 - i) if colour else None

    def _coloured_ground(self) -> bool:
        """Solid, gradient and checkered backgrounds."""
        i = self.i
        prepositions = {"on", "with", "against", "in", "front", "of", "before", "is"} | ARTICLES
        while i < len(self.words) and self.words[i] in prepositions:
            i += 1
        led = [w for w in self.words[self.i : i] if w in ("on", "against", "front", "is")]
        return self._gradient(i) or self._checkered(i) or self._solid(i, bool(led)) or self._named_background(i)

    def _set_ground(self, ground: tuple[str, ...], i: int) -> bool:
        self.ground, self.i, self.fresh = ground, i, True
        return True

    def _skip(self, i: int, words) -> int:
        while i < len(self.words) and self.words[i] in words:
            i += 1
        return i

    def _gradient(self, i: int) -> bool:
        """'gradient [background] from a to b', 'a to b gradient'."""
        first = self._colour_at(i)
        if first and self._word(i + first[2]) in ("to", "and"):
            second = self._colour_at(i + first[2] + 1)
            end = i + first[2] + 1 + second[2] if second else 0
            if second and self._word(end) == "gradient":
                return self._set_ground(("gradient", first[0], second[0]), self._skip(end + 1, BACKGROUND_WORDS))
        if self._word(i) != "gradient":
            return False
        j = self._skip(i + 1, {*BACKGROUND_WORDS, "from", "of", "between"})
        first = self._colour_at(j)
        second = self._colour_at(j + first[2] + 1) if first and self._word(j + first[2]) in ("to", "and") else None
        if not second:
            return self._set_ground(("gradient",), j)
        return self._set_ground(("gradient", first[0], second[0]), j + first[2] + 1 + second[2])

    def _checkered(self, i: int) -> bool:
        """'red and white checkered [background]', 'checkered [red and white] background'."""
        colours: tuple[str, ...] = ()
        j = i
        if self._word(j) in CHECKERED_WORDS:
            j += 1
            colours, j = self._two_colours(j)
        else:
            colours, j = self._two_colours(j)
            if not colours or self._word(j) not in CHECKERED_WORDS:
                return False
            j += 1
        return self._set_ground(("checkered", *colours), self._skip(j, {*BACKGROUND_WORDS, "pattern"}))

    def _two_colours(self, i: int) -> tuple[tuple[str, ...], int]:
        first = self._colour_at(i)
        if first and self._word(i + first[2]) == "and":
            second = self._colour_at(i + first[2] + 1)
            if second:
                return (first[0], second[0]), i + first[2] + 1 + second[2]
        return (), i

    def _solid(self, i: int, led: bool) -> bool:
        """'light blue background'; 'on light blue' if no thing follows."""
        found = self._colour_at(i)
        if not found:
            if self._word(i) == "plain" and self._word(i + 1) in BACKGROUND_WORDS:
                return self._set_ground(("solid",), i + 2)
            return False
        colour, shade, used = found
        if self._word(i + used) in BACKGROUND_WORDS:
            return self._set_ground(("solid", colour, *([shade] if shade else [])), i + used + 1)
        last = i + used - 1
        bare_orange = (
            self.words[last] == "orange"
            and self.words[i - 1] not in ARTICLES
            and not self._noun_phrase_after_colour(last)
        )
        if led and self.words[self.i] != "with" and (bare_orange or self._noun_phrase(i) is None):
            return self._set_ground(("solid", colour, *([shade] if shade else [])), i + used)
        return False

    def _named_background(self, i: int) -> bool:
        """'background: blue', 'the background is a beach'."""
        if self._word(i) not in BACKGROUND_WORDS:
            return False
        j = self._skip(i + 1, {":", "is", "should", "be", "in", "of", "a", "an", "colour", "color"})
        found = self._colour_at(j)
        if not found or self._noun_phrase(j) or _longest(_phrases(), self.words, j):
            return False
        return self._set_ground(("solid", found[0], *([found[1]] if found[1] else [])), j + found[2])

    def _word(self, i: int) -> str:
        return self.words[i] if i < len(self.words) else ""

    def _noun_first(self) -> bool:
        """A noun that begins like a phrase of another sort ('light bulb', 'top hat', 'hot dog') is taken as a noun."""
        noun = _longest(_nouns(), self.words, self.i)
        other = _longest(_phrases(), self.words, self.i)
        return bool(noun and (not other or noun[1] >= other[1])) and self._thing()

    def _phrase(self) -> bool:
        found = _longest(_phrases(), self.words, self.i)
        if not found:
            return False
        (kind, value), used = found
        rules = {
            "relation": self._relation,
            "to it": self._to_it,
            "together": self._together,
            "wears": self._wears,
            "place": self._place,
        }
        if kind in rules:
            return rules[kind](value, self.i + used)
        after = self._skip(self.i + used, {*BACKGROUND_WORDS, "style", "landscape"})
        if kind == "style":
            self.style, self.i = value, after
        elif kind == "ground":
            self._set_ground((value,), after)
        else:
            self.i = after
        return True

    def _place(self, place: str, end: int) -> bool:
        between = {"there", "is", "are", "stands", *((",", ":", "with") if self.last is None else ())}
        start_of_thing = self._noun_phrase(self._skip(end, between))
        if (self.fresh or self.last is None) and start_of_thing and not self._is_ground(end):
            self.waiting = place
        elif self.last is not None:
            if self.objects[self.last].place is None:
                self.objects[self.last] = replace(self.objects[self.last], place=place)
        else:
            self.waiting = place
        self.i = end
        return True

    def _is_ground(self, i: int) -> bool:
        found = _longest(_phrases(), self.words, i)
        return bool(found and found[0][0] == "ground")

    def _relation(self, how: str, end: int) -> bool:
        """Something said before, then the thing it lies to."""
        subject = self.last
        if self.fresh and self.relations and subject is not None and subject == self.relations[-1].b:
            subject = self.relations[-1].a
        if subject is None:
            return False
        found = self._noun_phrase(end)
        if how == "between" and found is None and subject >= 2:
            self.relations.append(Related(how, subject, subject - 2, subject - 1))
            self.i = end
            return True
        if found is None or (how == "on" and self._is_ground(end)):
            return False
        first, self.i, definite = found
        b = self._mention(first, definite)
        c = None
        if how == "between" and first.count == 1 and self._peek() in AND:
            second = self._noun_phrase(self.i + 1)
            if second:
                self.i = second[1]
                c = self._mention(second[0], second[2])
        self.relations.append(Related(how, subject, b, c))
        self.last, self.fresh = b, False
        return True

    def _to_it(self, how: str, end: int) -> bool:
        if self.last is None or self.last == 0:
            return False
        before = self.relations[-1] if self.relations else None
        again = self.it is not None and before is not None and before.a == self.last - 1
        self.it = self.it if again else self.last - 1
        self.relations.append(Related(how, self.last, self.it))
        self.i = end
        return True

    def _wears(self, _: None, end: int) -> bool:
        """'a dog wearing a hat': the hat is on the dog."""
        found = self._noun_phrase(end)
        if self.last is None or found is None:
            return False
        wearer, (thing, self.i, definite) = self.last, found
        self.last = self._mention(thing, definite)
        self.relations.append(Related("on", self.last, wearer))
        return True

    def _together(self, _: None, end: int) -> bool:
        if len(self.objects) < 2:
            return False
        self.relations.append(Related("beside", len(self.objects) - 2, len(self.objects) - 1))
        self.i = end
        return True

    def _thing(self) -> bool:
        found = self._noun_phrase(self.i)
        if found is None:
            return False
        wanted, self.i, definite = found
        if self.waiting:
            wanted, self.waiting = replace(wanted, place=self.waiting), None
        self.last = self._mention(wanted, definite)
        self.fresh = False
        return True

    def _late_adjective(self) -> bool:
        """'a heart, red', 'a cat that is upside down': said of the single thing before."""
        found = _longest(_adjectives(), self.words, self.i)
        if not found or self.last is None or self.objects[self.last].count != 1:
            return False
        (kind, value), used = found
        if kind not in ("colour", "size", "turn") or getattr(self.objects[self.last], kind) is not None:
            return False
        self.objects[self.last] = replace(self.objects[self.last], **{kind: value})
        self.i += used
        return True

    def _mention(self, wanted: Wanted, definite: bool) -> int:
        """The index of a thing: of the one mentioned before if it is named with 'the', else a new one."""
        if definite:
            for k, known in enumerate(self.objects):
                if known.name == wanted.name and wanted.colour in (None, known.colour):
                    return k
        self.objects.append(wanted)
        return len(self.objects) - 1

    def _noun_phrase(self, i: int) -> tuple[Wanted, int, bool] | None:
        """(what, index after it, whether 'the' stood before) of a noun with its article, count and adjectives."""
        if i < len(self.words) and self.words[i] in AND:
            return None
        definite, count, counted = False, 1, False
        said: dict[str, str] = {}
        style = None
        while i < len(self.words):
            word = self.words[i]
            noun = _longest(_nouns(), self.words, i)
            if noun and not (word == "orange" and self._noun_phrase_after_colour(i)):
                (name, plural), used = noun
                after = i + used
                if after < len(self.words) and self.words[after] in BACKGROUND_WORDS:
                    return None
                if plural and not counted:
                    count = None
                if style:
                    self.style = style
                return (
                    Wanted(name, count, said.get("colour"), said.get("size"), None, said.get("turn")),
                    after,
                    definite,
                )
            number = _longest(_counts(), self.words, i)
            if number and not counted:
                count, counted = number[0], True
                i += number[1]
                continue
            adjective = _longest(_adjectives(), self.words, i)
            if adjective:
                (kind, value), used = adjective
                if kind == "style":
                    style = value
                elif kind != "shade":
                    said.setdefault(kind, value)
                i += used
            elif word in ARTICLES:
                definite = definite or word in ("the", "this", "that")
                i += 1
            elif word in QUALITIES:
                i += 1
            else:
                return None
        return None

    def _noun_phrase_after_colour(self, i: int) -> bool:
        """Whether 'orange' at i is a colour: a thing follows it, perhaps after further adjectives."""
        if self._word(i + 1) in AND or self._word(i + 1) in MARKS or self._word(i + 1) in ARTICLES:
            return False
        return self._word(i + 1) in BACKGROUND_WORDS or self._noun_phrase(i + 1) is not None


SHADES_BY_WORD = {word: ("", "light", "dark")[n] for n, words in SHADE_WORDS.items() for word in words}
QUALITIES = set(
    """
    cute nice beautiful pretty happy lovely cool funny shiny old new fresh smiling sweet tasty fluffy friendly fast
    lonely sleepy colorful colourful real simple round delicious
    """.split()
)


def parse(text: str) -> Reading:
    """What a prompt asks for."""
    return _Reader(text).read()


@lru_cache(1)
def _known_words() -> tuple[str, ...]:
    return tuple(nouns())


def nearest(word: str, count: int = 3) -> list[str]:
    """The known nouns that are spelled most like a word."""
    return get_close_matches(word.lower(), _known_words(), count, 0.5)
