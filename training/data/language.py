"""English as people type it about these scenes: captions, edit instructions, questions and answers.

A caption or edit comes with a `Request`: only what its words ask for, which is what the scorer checks.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .scenes import (
    GRID,
    MOST,
    PLACED,
    SIZES,
    Background,
    Scene,
    SceneObject,
    choice,
    contrast,
    MINIMUM_CONTRAST,
    overlap,
    relation,
    sample_background,
    sample_thing,
    visible,
)
from .splits import in_training
from .vocabulary import BY_NAME, COLOUR_NAMES, COLOUR_SPELLINGS, NAMES, PLACES, SHADE_NAMES

Rng = np.random.Generator


@dataclass(frozen=True)
class RequestedObject:
    """A class and what was said of it."""

    name: str
    colour: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class Request:
    """What a text asks a picture to hold: each object, several of a class one by one, and no other.

    relation: how the first object lies to the second.

    background: (colour,) or (top colour, bottom colour) or None.
    """

    objects: tuple[RequestedObject, ...]
    relation: str | None = None
    background: tuple[str, ...] | None = None


def full_request(scene: Scene, anywhere: int | None = None, beside: bool = False) -> Request:
    """Everything the scene says, as a request (sizes and shades apart); one object may lie `anywhere`, or `beside` the other."""
    objects = tuple(RequestedObject(o.name, o.tint, None if i == anywhere else o.place) for i, o in enumerate(scene.objects))
    how = relation(*scene.objects) if len(objects) == 2 and (beside or anywhere is None) else None
    return Request(objects, how, ground_names(scene.background))


def ground_names(background: Background) -> tuple[str, ...]:
    """(colour,) or (top colour, bottom colour)."""
    return (background.colour,) if background.to is None else (background.colour, background.to)


# ---------------------------------------------------------------- words


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _indefinite(words: str) -> str:
    return f"{_article(words)} {words}"


def _spelled(colour: str, rng: Rng) -> str:
    """The colour's name, now and then in its other spelling."""
    others = COLOUR_SPELLINGS.get(colour)
    return choice(rng, others) if others and rng.random() < 0.25 else colour


def _noun(name: str, rng: Rng) -> str:
    """The class's name or, one time in five, a synonym."""
    synonyms = BY_NAME[name].synonyms
    return choice(rng, synonyms) if synonyms and rng.random() < 0.2 else name


SIZE_WORDS = {2: ("small", "little", "tiny"), 4: ("big", "large", "huge")}
"""What is said of the small and the large; the size between has no word."""

COUNT_WORDS = ("no", "one", "two", "three", "four")


def _sized(o: SceneObject, small: float, other: float) -> float:
    """How often a word for the size is said. Of a small thing mostly: what has no word shall be large."""
    return small if o.size == min(SIZE_WORDS) else other


def plural(noun: str) -> str:
    """'foxes', 'butterflies', 'keys', 'green fish'."""
    if noun.endswith("fish"):
        return noun
    if noun == "slice of pizza":
        return "slices of pizza"
    if noun[-1] == "y" and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def _adjectives(o: SceneObject, rng: Rng, sized: float) -> list[str]:
    words = [choice(rng, SIZE_WORDS[o.size])] if o.size in SIZE_WORDS and rng.random() < sized else []
    if o.tint or (o.colour and rng.random() < 0.15):
        words.append(_spelled(o.colour, rng))
    return words


def _phrase(o: SceneObject, rng: Rng, sized: float = 0.2) -> tuple[str, str | None]:
    """('a small red car', colour said or None); sometimes without the article, or 'the sun'."""
    adjectives = _adjectives(o, rng, sized)
    said = o.colour if any(w not in sum(SIZE_WORDS.values(), ()) for w in adjectives) else None
    words = " ".join([*adjectives, _noun(o.name, rng)])
    if o.name in ("sun", "moon", "earth") and rng.random() < 0.5:
        return f"the {words}", said
    u = rng.random()
    return (words if u < 0.1 else f"one {words}" if u < 0.12 else _indefinite(words)), said


def _phrase_of(group: list[SceneObject], rng: Rng, sized: float = 0.1) -> tuple[str, str | None]:
    """The same of several that look alike: ('three red apples', colour said or None)."""
    if len(group) == 1:
        return _phrase(group[0], rng, sized)
    same_size = len({o.size for o in group}) == 1
    adjectives = _adjectives(group[0], rng, sized if same_size else 0)
    said = group[0].colour if any(w not in sum(SIZE_WORDS.values(), ()) for w in adjectives) else None
    u = rng.random()
    count = str(len(group)) if u < 0.12 else COUNT_WORDS[len(group)]
    if len(group) == 2 and u > 0.92:
        count = choice(rng, ("a pair of", "a couple of"))
    return " ".join([count, *adjectives, plural(_noun(group[0].name, rng))]), said


def listed(parts: list[str], rng: Rng | None = None) -> str:
    """'a, b and c'; with an rng now and then with other joints."""
    if len(parts) < 2:
        return "".join(parts)
    u = rng.random() if rng else 0.0
    joint = " and " if u < 0.7 else ", " if u < 0.8 else " with " if u < 0.85 and len(parts) == 2 else ", and "
    if len(parts) == 2 and joint == ", and ":
        joint = " and "
    return ", ".join(parts[:-1]) + joint + parts[-1] if u < 0.95 else " and ".join(parts)


def _shaded(background: Background, rng: Rng) -> str:
    """'blue', 'light blue': the shade is said half the time; plain and colourless grounds have none."""
    name = _spelled(background.colour, rng)
    unsaid = background.shade == 0 or background.colour in ("white", "black") or rng.random() < 0.5
    return name if unsaid else f"{SHADE_NAMES[background.shade]} {name}"


def _gradient(background: Background, rng: Rng) -> str:
    a, b = _spelled(background.colour, rng), _spelled(background.to, rng)
    return choice(rng, (f"gradient from {a} to {b}", f"{a} to {b} gradient"))


def _ground(background: Background, rng: Rng) -> str:
    """'on a blue background' and its like."""
    if background.to:
        words = _gradient(background, rng)
        on = choice(rng, ("on a {}", "on a {}", "in front of a {}", "with a {} as background", "with a {} background"))
        return on.format(words) if "from" not in words or "{} background" not in on else f"on a {words}"
    forms = (
        "on a {} background", "on a {} background", "on a {} background", "with a {} background",
        "on {}", "in front of a {} background", "against a {} background", "{} background",
    )  # fmt: skip
    text = choice(rng, forms).format(_shaded(background, rng))
    return text.replace(" a orange", " an orange")


_CORNER = ("at the {}", "in the {}", "in the {} corner", "{}")
_PLACE_FORMS: dict[str, tuple[str, ...]] = {
    "centre": ("in the centre", "in the middle", "in the center", "centered", "at the centre"),
    "left": ("on the left", "at the left", "on the left side", "to the left"),
    "right": ("on the right", "at the right", "on the right side", "to the right"),
    "top": ("at the top", "on the top", "at the top of the picture", "on top"),
    "bottom": ("at the bottom", "at the bottom of the picture", "on the bottom"),
}


def _corner_name(place: str, rng: Rng) -> str:
    u = rng.random()
    if u < 0.1:
        return place.replace("top", "upper").replace("bottom", "lower")
    return place.replace(" ", "-") if u < 0.15 else place


def _at(place: str, rng: Rng) -> str:
    """'at the top left' and its like."""
    if place in _PLACE_FORMS:
        return choice(rng, _PLACE_FORMS[place])
    return choice(rng, _CORNER).format(_corner_name(place, rng))


def _typed(text: str, rng: Rng, end: str = "", ended: float = 0.0) -> str:
    """As typed: a capital at the start one time in four, the closing mark with probability `ended`."""
    if rng.random() < 0.25:
        text = text[0].upper() + text[1:]
    return text + end if rng.random() < ended else text


# ---------------------------------------------------------------- captions

_LEADS = (
    "draw {}", "a picture of {}", "an image of {}", "show me {}", "create {}", "generate {}", "make {}",
    "please draw {}", "make a picture of {}", "i want {}", "paint {}", "a drawing of {}",
)  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """A prompt and what it asks for."""

    text: str
    request: Request


def _says_ground(background: Background, rng: Rng) -> bool:
    """Bright quiet grounds are often not worth a word."""
    quiet = background.to is None and (background.colour == "white" or background.shade == 1)
    return rng.random() < (0.6 if quiet else 0.9)


def _caption_one(scene: Scene, rng: Rng) -> tuple[str, Request]:
    (o,) = scene.objects
    phrase, colour = _phrase(o, rng, _sized(o, 0.9, 0.2))
    place = o.place if rng.random() < (0.35 if o.place == "centre" else 0.88) else None
    parts = [_at(place, rng)] if place else []
    said = _says_ground(scene.background, rng)
    if said:
        parts.insert(int(rng.integers(len(parts) + 1)), _ground(scene.background, rng))
    separator = choice(rng, (" ", " ", " ", ", "))
    text = separator.join([phrase, *parts])
    ground = ground_names(scene.background) if said else None
    return text, Request((RequestedObject(o.name, colour, place),), None, ground)


_RELATION_FORMS: dict[str, tuple[str, ...]] = {
    "left": ("{a} to the left of {b}", "{a} left of {b}", "{a} on the left of {b}", "{a} on the left side of {b}"),
    "right": ("{a} to the right of {b}", "{a} right of {b}", "{a} on the right of {b}", "{a} on the right side of {b}"),
    "above": ("{a} above {b}", "{a} over {b}", "{a} on top of {b}"),
    "below": ("{a} below {b}", "{a} under {b}", "{a} beneath {b}", "{a} underneath {b}"),
}
_OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
_SIDE_BY_SIDE = ("{a} next to {b}", "{a} beside {b}", "{a} and {b} side by side", "{a} and {b} next to each other")


def _caption_two(scene: Scene, rng: Rng) -> tuple[str, Request]:
    a, b = scene.objects if rng.random() < 0.5 else scene.objects[::-1]
    how = relation(a, b)
    diagonal = " " in a.place and " " in b.place
    u = rng.random()
    if u < (0.1 if diagonal else 0.55):
        form, placed, said = choice(rng, _RELATION_FORMS[how]), False, how
    elif u < 0.75:
        form, placed, said = f"{{a}} {_at(a.place, rng)} and {{b}} {_at(b.place, rng)}", True, how
    else:
        if (b.row, b.column) < (a.row, a.column) if diagonal else how in ("right", "below"):
            a, b = b, a
        beside = relation(a, b) in ("left", "right") and not diagonal
        form, placed, said = choice(rng, ("{a} and {b}", *(_SIDE_BY_SIDE if beside else ()))), False, None
    (first, colour_a), (second, colour_b) = (_phrase(o, rng, _sized(o, 0.7, 0.02)) for o in (a, b))
    text = form.format(a=first, b=second)
    ground = None
    if _says_ground(scene.background, rng):
        text += choice(rng, (" ", " ", ", ")) + _ground(scene.background, rng)
        ground = ground_names(scene.background)
    objects = tuple(
        RequestedObject(o.name, colour, o.place if placed else None) for o, colour in ((a, colour_a), (b, colour_b))
    )
    return text, Request(objects, said, ground)


def look_alikes(objects: tuple[SceneObject, ...]) -> list[list[SceneObject]]:
    """Objects of the same class and tint together, in the order of the first of each."""
    groups: dict[tuple[str, str | None], list[SceneObject]] = {}
    for o in objects:
        groups.setdefault((o.name, o.tint), []).append(o)
    return list(groups.values())


def _caption_empty(scene: Scene, rng: Rng) -> tuple[str, Request]:
    ground = scene.background
    names = _gradient(ground, rng) if ground.to else _shaded(ground, rng)
    forms = ("nothing on a {}", "just a {}", "an empty {}", "only a {}", "a plain {}")
    thing = names if ground.to else f"{names} {choice(rng, ('background', 'background', 'picture'))}"
    text = choice(rng, forms).format(thing).replace(" a orange", " an orange")
    return text, Request((), None, ground_names(ground))


SAYS_ALL = 0.5
"""How often a prompt of several things says each one's place. Where it does not, things lie in the order they are named,
line by line: a plan then never has to choose which of them comes first."""


SAYS_ONE = 0.1
"""How often it says the place of one of them only."""

MIXED = 0.5
"""How often a prompt that says all places names the things in any order."""


def _caption_several(
    scene: Scene, rng: Rng, says_all: float = SAYS_ALL, says_one: float = SAYS_ONE, mixed: float = MIXED
) -> tuple[str, Request]:
    groups = look_alikes(tuple(sorted(scene.objects, key=lambda o: (o.row, o.column))))
    every, one = rng.random(), int(rng.integers(len(groups)))
    if every < says_all and len(groups) == len(scene.objects) and rng.random() < mixed:
        groups = [groups[i] for i in rng.permutation(len(groups))]
    parts, objects = [], []
    for i, group in enumerate(groups):
        words, colour = _phrase_of(group, rng)
        tells = len(group) == 1 and (every < says_all or (every < says_all + says_one and i == one))
        place = group[0].place if tells else None
        parts.append(f"{words} {_at(place, rng)}" if place else words)
        objects += [RequestedObject(o.name, colour, place) for o in group]
    text, ground = listed(parts, rng), None
    if _says_ground(scene.background, rng) and rng.random() < 0.8:
        text += choice(rng, (" ", " ", ", ")) + _ground(scene.background, rng)
        ground = ground_names(scene.background)
    return text, Request(tuple(objects), None, ground)


def caption(scene: Scene, rng: Rng) -> Caption:
    """A prompt that the scene fulfils, about 3 to 25 words."""
    count = len(scene.objects)
    pair = count == 2 and scene.objects[0].name != scene.objects[1].name
    writer = _caption_empty if count == 0 else _caption_one if count == 1 else _caption_two if pair else _caption_several
    return _prompt(*writer(scene, rng), rng)


def placing(scene: Scene, rng: Rng) -> Caption:
    """A prompt that says where things lie: all of them, mostly not line by line, or one of them."""
    return _prompt(*_caption_several(scene, rng, says_all=0.7, says_one=0.3, mixed=0.7), rng)


def _prompt(text: str, request: Request, rng: Rng) -> Caption:
    """The words as a person types them."""
    if rng.random() < 0.2:
        text = choice(rng, _LEADS).format(text)
    return Caption(_typed(text, rng, ".", 0.06), request)


# ---------------------------------------------------------------- edits


@dataclass(frozen=True)
class Edit:
    """An instruction for a scene and the scene it should become.

    changed: indices of the scene's objects that do not stay as they are. anywhere: index of an object of the target
    whose place the words leave open. beside: whether they say how it lies to the only other one.
    """

    kind: str
    text: str
    target: Scene
    changed: tuple[int, ...] = ()
    anywhere: int | None = None
    beside: bool = False

    @property
    def request(self) -> Request:
        return full_request(self.target, self.anywhere, self.beside)

    def origins(self, scene: Scene) -> list[tuple[int, ...]]:
        """For each object of the target the indices of the scene's it comes from: itself, what it replaces or repeats, or none."""
        if self.kind in ("remove", "extract"):
            return [(i,) for i in range(len(scene.objects)) if i not in self.changed]
        known = range(len(scene.objects))
        return [(i,) if i in known else _alike(scene, o.name) for i, o in enumerate(self.target.objects)]


def _the(o: SceneObject, scene: Scene, rng: Rng) -> str | None:
    """'the car', 'the blue car', 'the apple on the left', 'it' (if it is the only one); None if no words tell it apart."""
    if len(scene.objects) == 1 and rng.random() < 0.12:
        return "it"
    same = [x for x in scene.objects if x.name == o.name]
    noun = _noun(o.name, rng)
    if len(same) == 1:
        return f"the {o.tint} {noun}" if o.tint and rng.random() < 0.25 else f"the {noun}"
    if o.tint and [x.tint for x in same].count(o.tint) == 1:
        return f"the {o.tint} {noun}"
    if [x.place for x in same].count(o.place) == 1:
        return f"the {noun} {_at(o.place, rng)}"
    return None


def _alike(scene: Scene, name: str) -> tuple[int, ...]:
    """Indices of the objects of a class."""
    return tuple(i for i, o in enumerate(scene.objects) if o.name == name)


def _some(scene: Scene, rng: Rng, indices: list[int] | None = None, together: float = 0.6) -> tuple[tuple[int, ...], str] | None:
    """One object or, with probability `together`, all that look like it, and the words for them."""
    options = list(range(len(scene.objects))) if indices is None else indices
    if not options:
        return None
    i = choice(rng, options)
    o = scene.objects[i]
    alike = _alike(scene, o.name)
    if len(alike) > 1 and len({scene.objects[k].tint for k in alike}) == 1 and rng.random() < together:
        count = f"{COUNT_WORDS[len(alike)]} " if rng.random() < 0.15 else ""
        return alike, f"the {count}{plural(_noun(o.name, rng))}"
    words = _the(o, scene, rng)
    return ((i,), words) if words else None


def _with(scene: Scene, indices: tuple[int, ...], **changes) -> Scene:
    return replace(scene, objects=tuple(replace(o, **changes) if i in indices else o for i, o in enumerate(scene.objects)))


_RECOLOUR = (
    "make {o} {c}", "make {o} {c}", "paint {o} {c}", "colour {o} {c}", "color {o} {c}", "recolour {o} {c}",
    "turn {o} {c}", "change {o} to {c}", "change the colour of {o} to {c}", "change the color of {o} to {c}",
    "{o} should be {c}", "i want {o} to be {c}",
)  # fmt: skip
_BACKGROUND = (
    "change the background to {c}", "change the background to {c}", "make the background {c}",
    "make the background {c}", "set the background to {c}", "turn the background {c}", "paint the background {c}",
    "replace the background with {c}", "i want a {c} background", "put it on a {c} background", "{c} background",
    "use a {c} background", "change the background colour to {c}", "change the background color to {c}",
)  # fmt: skip
_GRADIENT = (
    "change the background to a {g}", "make the background a {g}", "set the background to a {g}",
    "replace the background with a {g}", "use a {g} as background", "put it on a {g}",
)  # fmt: skip
_REPLACE = (
    "replace {o} with {n}", "replace {o} with {n}", "replace {o} by {n}", "turn {o} into {n}", "swap {o} for {n}",
    "swap {o} with {n}", "change {o} to {n}", "change {o} into {n}", "put {n} in place of {o}",
    "exchange {o} for {n}", "make {o} {n}", "i want {n} instead of {o}",
)  # fmt: skip
_MOVE = ("move {o} {p}", "move {o} {p}", "put {o} {p}", "place {o} {p}", "shift {o} {p}", "bring {o} {p}")


_ADD = ("add {n}", "add {n}", "add {n}", "put {n}", "place {n}", "draw {n}", "insert {n}", "i want {n}", "please add {n}")
_REMOVE = (
    "remove {o}", "remove {o}", "delete {o}", "erase {o}", "take away {o}", "take {o} away", "get rid of {o}",
    "take {o} out", "i want no {n}", "without {o}",
)  # fmt: skip
_EXTRACT = (
    "keep only {o}", "remove everything but {o}", "remove everything except {o}", "only keep {o}",
    "delete all but {o}", "leave only {o}", "remove all other things but {o}",
)  # fmt: skip
_BIGGER = ("make {o} bigger", "make {o} larger", "enlarge {o}", "{o} should be bigger", "a bigger {n}", "grow {o}")
_SMALLER = ("make {o} smaller", "shrink {o}", "{o} should be smaller", "a smaller {n}", "reduce {o}")
_DUPLICATE = ("add another {n}", "add another {n}", "another {n}", "one more {n}", "add one more {n}", "duplicate {o}", "copy {o}")


def _edit_recolour(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng, [i for i, o in enumerate(scene.objects) if BY_NAME[o.name].tintable])
    if not found:
        return None
    indices, words = found
    o = scene.objects[indices[0]]
    colour = choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
    tint = None if colour == BY_NAME[o.name].natural else colour
    text = choice(rng, _RECOLOUR).format(o=words, c=_spelled(colour, rng))
    return Edit("recolour", text, _with(scene, indices, tint=tint), indices)


def _edit_background(scene: Scene, rng: Rng) -> Edit | None:
    ground = sample_background(rng)
    if ground_names(ground) == ground_names(scene.background):
        return None
    if ground.to:
        text = choice(rng, _GRADIENT).format(g=_gradient(ground, rng))
    else:
        text = choice(rng, _BACKGROUND).format(c=_shaded(ground, rng)).replace(" a orange", " an orange")
    return Edit("background", text, Scene(scene.objects, ground))


def _edit_replace(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng, together=0.4)
    name, tint = sample_thing(rng)
    if not found or name in [x.name for x in scene.objects]:
        return None
    indices, words = found
    target = _with(scene, indices, name=name, tint=tint if rng.random() < 0.5 else None)
    phrase, _ = _phrase_of([target.objects[i] for i in indices], rng, 0)
    return Edit("replace", choice(rng, _REPLACE).format(o=words, n=phrase), target, indices)


def _fits(o: SceneObject, scene: Scene, without: int | None = None) -> bool:
    """Whether the object finds free cells of the scene, where it can be seen."""
    others = [x for i, x in enumerate(scene.objects) if i != without]
    return contrast(o, scene.background) >= MINIMUM_CONTRAST and not any(overlap(o, x) for x in others)


def _edit_move(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng, together=0)
    if not found:
        return None
    (i,), words = found
    o = scene.objects[i]
    place = choice(rng, [p for p in PLACES if p != o.place])
    third_y, third_x = divmod(PLACES.index(place), 3)
    moved = replace(o, row=_nearest(PLACED[o.size][third_y], o.row), column=_nearest(PLACED[o.size][third_x], o.column))
    if not _fits(moved, scene, i):
        return None
    text = choice(rng, _MOVE).format(o=words, p=_towards(place, rng))
    return Edit("move", text, scene.with_object(i, row=moved.row, column=moved.column), (i,))


def _nearest(options: tuple[int, ...], to: int) -> int:
    return min(options, key=lambda n: abs(n - to))


def _room(name: str, tint: str | None, scene: Scene, sizes: list[int], places: list[str]) -> SceneObject | None:
    """The thing in the first of the places that has room for it, in the first of the sizes that finds one."""
    for size in sizes:
        for place in places:
            row, column = (PLACED[size][third][0] for third in divmod(PLACES.index(place), 3))
            new = SceneObject(name, size, row, column, tint)
            if _fits(new, scene):
                return new
    return None


def _beside(name: str, tint: str | None, scene: Scene, sizes: list[int], rng: Rng) -> tuple[SceneObject, str] | None:
    """The thing on one side of the only other one, as near its middle as may be, and 'to the left of the cat'."""
    (o,) = scene.objects
    how = choice(rng, tuple(_RELATION_FORMS))
    along = 0 if how in ("left", "right") else 1
    found = [new for place in PLACES for size in sizes if (new := _room(name, tint, scene, [size], [place])) and relation(new, o) == how]
    if not found:
        return None
    new = min(found, key=lambda new: (sizes.index(new.size), abs(new.centre[along] - o.centre[along])))
    return new, choice(rng, _RELATION_FORMS[how]).format(a="", b=f"the {_noun(o.name, rng)}").strip()


def _added(
    kind: str, name: str, tint: str | None, scene: Scene, rng: Rng, told: float, words: Callable[[SceneObject], str], size: int | None = None
) -> Edit | None:
    """The edit with one thing more; its place is said with probability `told`, else it is the first free one.

    size: of the thing; if not given that of the others, where it finds room. words: the instruction but for the place.
    """
    usual = size or (scene.objects[0].size if scene.objects else choice(rng, SIZES))
    sizes = [usual, *sorted((s for s in SIZES if s < usual), reverse=True)]
    u = rng.random()
    if u < 0.2 and len(scene.objects) == 1:
        beside = _beside(name, tint, scene, sizes, rng)
        if beside is None:
            return None
        new, where = beside
        return Edit(kind, f"{words(new)} {where}", replace(scene, objects=(*scene.objects, new)), (), 1, True)
    says = u < told
    new = _room(name, tint, scene, sizes, [choice(rng, PLACES)] if says else list(PLACES))
    if new is None:
        return None
    text = f"{words(new)} {_at(new.place, rng)}" if says else words(new)
    return Edit(kind, text, replace(scene, objects=(*scene.objects, new)), (), None if says else len(scene.objects))


def _edit_add(scene: Scene, rng: Rng) -> Edit | None:
    name, tint = sample_thing(rng)
    if len(scene.objects) == MOST or name in [o.name for o in scene.objects]:
        return None
    size = choice(rng, SIZES) if rng.random() < 0.3 else None

    def words(new: SceneObject) -> str:
        return choice(rng, _ADD).format(n=_phrase(new, rng, 1.0 if size else 0.1)[0])

    return _added("add", name, tint, scene, rng, 0.7, words, size)


def _edit_duplicate(scene: Scene, rng: Rng) -> Edit | None:
    if not 0 < len(scene.objects) < MOST:
        return None
    o = choice(rng, scene.objects)
    alike = _alike(scene, o.name)
    if len({scene.objects[i].tint for i in alike}) > 1:
        return None
    noun = _noun(o.name, rng)
    forms = _DUPLICATE if len(alike) == 1 else _DUPLICATE[:-2]
    return _added("duplicate", o.name, o.tint, scene, rng, 0.5, lambda _: choice(rng, forms).format(n=noun, o=f"the {noun}"), o.size)


def _edit_remove(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng)
    if not found or (len(found[0]) == len(scene.objects) and rng.random() < 0.8):
        return None
    indices, words = found
    target = replace(scene, objects=tuple(o for i, o in enumerate(scene.objects) if i not in indices))
    noun, thing = words.removeprefix("the "), BY_NAME[scene.objects[indices[0]].name]
    plain = words.startswith("the ") and noun in (thing.name, *thing.synonyms)
    forms = [f for f in _REMOVE if plain or "{n}" not in f]
    return Edit("remove", choice(rng, forms).format(o=words, n=noun), target, indices)


def _edit_extract(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng) if len(scene.objects) > 1 else None
    if not found or len(found[0]) == len(scene.objects):
        return None
    kept, words = found
    target = replace(scene, objects=tuple(scene.objects[i] for i in kept))
    gone = tuple(i for i in range(len(scene.objects)) if i not in kept)
    return Edit("extract", choice(rng, _EXTRACT).format(o=words), target, gone)


def _resized(o: SceneObject, size: int) -> list[SceneObject]:
    """The object at another size, its centre at most a cell away: nearest first, among those with the same top left corner."""
    half = size / 2
    boxes = [replace(o, size=size, row=r, column=c) for r in range(GRID + 1 - size) for c in range(GRID + 1 - size)]
    y, x = o.centre
    near = [b for b in boxes if max(abs(b.row + half - y), abs(b.column + half - x)) <= 1]
    corner = (o.row, o.column)
    return sorted(near, key=lambda b: ((b.centre[0] - y) ** 2 + (b.centre[1] - x) ** 2, (b.row, b.column) != corner))


def _edit_resize(scene: Scene, rng: Rng) -> Edit | None:
    found = _some(scene, rng, together=0)
    if not found:
        return None
    (i,), words = found
    o = scene.objects[i]
    steps = sorted(SIZES)
    size = choice(rng, [s for s in steps if abs(steps.index(s) - steps.index(o.size)) == 1])
    target = next((b for b in _resized(o, size) if _fits(b, scene, i)), None)
    if target is None:
        return None
    alone = len(_alike(scene, o.name)) == 1
    forms = [f for f in (_BIGGER if size > o.size else _SMALLER) if alone or "{n}" not in f]
    text = choice(rng, forms).format(o=words, n=_noun(o.name, rng))
    return Edit("resize", text, scene.with_object(i, size=size, row=target.row, column=target.column), (i,))


_FIRST, _SECOND = ("recolour", "replace", "move", "background", "add", "resize"), ("recolour", "background", "replace", "move", "add")


def _edit_both(scene: Scene, rng: Rng) -> Edit | None:
    """Two changes to different things, in one sentence."""
    kind = choice(rng, _FIRST)
    one = _EDITORS[kind](scene, rng)
    if one is None:
        return None
    two = _EDITORS[choice(rng, [k for k in _SECOND if k != kind or k == "recolour"])](one.target, rng)
    if two is None or set(one.changed) & set(two.changed) or any(i >= len(scene.objects) for i in two.changed):
        return None
    if " it " in f" {two.text} " or (one.anywhere is not None and two.anywhere is not None):
        return None
    text = one.text + choice(rng, (" and ", " and ", ", then ", ", ")) + two.text
    anywhere = one.anywhere if two.anywhere is None else two.anywhere
    return Edit("both", text, two.target, one.changed + two.changed, anywhere, two.beside)


def _towards(place: str, rng: Rng) -> str:
    """'to the top left', 'in the top left corner', 'to the middle'."""
    corner = " " in place
    name = _corner_name(place, rng) if corner else place
    if place == "centre":
        name = choice(rng, ("centre", "middle", "center"))
    u = rng.random()
    if u < 0.65:
        return f"to the {name}" + (" corner" if corner and rng.random() < 0.3 else "")
    return f"in the {name} corner" if corner and u < 0.85 else _at(place, rng)


_EDITORS: dict[str, Callable[[Scene, Rng], Edit | None]] = {
    "recolour": _edit_recolour,
    "background": _edit_background,
    "replace": _edit_replace,
    "move": _edit_move,
    "add": _edit_add,
    "remove": _edit_remove,
    "extract": _edit_extract,
    "resize": _edit_resize,
    "duplicate": _edit_duplicate,
    "both": _edit_both,
}
EDIT_KINDS: tuple[str, ...] = tuple(_EDITORS)


def edit(
    scene: Scene, rng: Rng, kind: str | None = None, allowed: Callable[[Scene], bool] = in_training, tries: int = 12
) -> Edit | None:
    """An instruction whose target keeps contrast and is `allowed`, or None if none was found in `tries`."""
    for _ in range(tries):
        found = _EDITORS[kind or choice(rng, EDIT_KINDS)](scene, rng)
        if found and visible(found.target) and allowed(found.target):
            return replace(found, text=_typed(found.text, rng, ".", 0.08))
    return None


# ---------------------------------------------------------------- questions


@dataclass(frozen=True)
class Question:
    """A question about a picture, its one right answer, and the indices of the objects it is about, if it names some."""

    kind: str
    text: str
    answer: str
    about: tuple[int, ...] = ()


QUESTION_KINDS: tuple[str, ...] = ("what", "colour", "where", "background", "exists", "is_colour", "describe", "count", "place")

_WHERE_ANSWER = {
    "centre": "in the centre", "left": "on the left", "right": "on the right", "top": "at the top",
    "bottom": "at the bottom",
}  # fmt: skip


def ordered(scene: Scene) -> tuple[SceneObject, ...]:
    """As they are read: two by the axis that separates them more, others by thirds of the height, then left to right."""
    if len(scene.objects) == 2:
        return scene.objects[::-1] if relation(*scene.objects) in ("right", "below") else scene.objects
    return tuple(sorted(scene.objects, key=lambda o: (int(3 * o.centre[0] / GRID), o.centre[1])))


def place_answer(place: str) -> str:
    return _WHERE_ANSWER.get(place, f"at the {place}")


def background_answer(background: Background) -> str:
    return f"a gradient from {background.colour} to {background.to}" if background.to else background.colour


def _named(o: SceneObject) -> str:
    return _indefinite(f"{o.tint} {o.name}" if o.tint else o.name)


def _counted(names: list[str]) -> str:
    """'an apple, two cats and a star'."""
    counts = Counter(names)
    return listed([_indefinite(n) if k == 1 else f"{COUNT_WORDS[k]} {plural(n)}" for n, k in counts.items()])


def describe(scene: Scene) -> str:
    """The one-sentence description."""
    ground = scene.background
    on = f"on {background_answer(ground)}" if ground.to else f"on {_indefinite(ground.colour)} background"
    if not scene.objects:
        return f"nothing {on}"
    if len(scene.objects) == 1:
        (o,) = scene.objects
        return f"{_named(o)} {place_answer(o.place)} {on}"
    a, b = ordered(scene)[:2]
    if len(scene.objects) > 2 or a.name == b.name:
        return f"{_counted([f'{o.tint} {o.name}' if o.tint else o.name for o in ordered(scene)])} {on}"
    how = "to the left of" if relation(a, b) == "left" else "above"
    return f"{_named(a)} {how} {_named(b)} {on}"


def _single_out(scene: Scene, rng: Rng) -> int | None:
    """An object that is the only one of its class, if there is one."""
    options = [i for i, o in enumerate(scene.objects) if len(_alike(scene, o.name)) == 1]
    return choice(rng, options) if options else None


def _q_what(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    objects = ordered(scene)
    if len(objects) == 2 and objects[0].name != objects[1].name and rng.random() < 0.6:
        return _q_what_related(objects, rng)
    forms = (
        "what is in the picture", "what is this", "what do you see", "what is in the image", "what can you see",
        "what is shown", "what's in the picture", "what is it", "name what you see",
    )  # fmt: skip
    return choice(rng, forms), _counted([o.name for o in objects]) or "nothing"


def _q_what_related(objects: tuple[SceneObject, ...], rng: Rng) -> tuple[str, str]:
    a, b = objects if rng.random() < 0.5 else objects[::-1]
    how = relation(a, b)
    if rng.random() < 0.35:
        side = {"left": "on the left", "right": "on the right", "above": "at the top", "below": "at the bottom"}[how]
        return f"what is {side}", _indefinite(a.name)
    words = choice(rng, _RELATION_FORMS[how]).format(a="", b=f"the {_noun(b.name, rng)}").strip()
    return f"what is {words}", _indefinite(a.name)


def _q_colour(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    if rng.random() < 0.05:
        name = _absent(scene, rng)
        return f"what colour is the {_noun(name, rng)}", f"there is no {name}", ()
    if not scene.objects:
        return None
    o = choice(rng, scene.objects)
    alike = _alike(scene, o.name)
    if o.colour is None or len({scene.objects[i].tint for i in alike}) > 1:
        return None
    noun = _noun(o.name, rng)
    if len(alike) > 1:
        many = plural(noun)
        return choice(rng, (f"what colour are the {many}", f"what color are the {many}", f"which colour do the {many} have")), o.colour, alike
    forms = [
        f"what colour is the {noun}", f"what color is the {noun}", f"which colour is the {noun}",
        f"what is the colour of the {noun}", f"which color does the {noun} have",
    ]  # fmt: skip
    if len(scene.objects) == 1:
        forms += ["what colour is it", "what color is it"]
    return choice(rng, forms), o.colour, alike


def _q_where(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    i = _single_out(scene, rng)
    if i is None:
        return None
    o = scene.objects[i]
    noun = "it" if len(scene.objects) == 1 and rng.random() < 0.1 else f"the {_noun(o.name, rng)}"
    forms = (f"where is {noun}", f"where is {noun} in the picture", f"where do you see {noun}", f"what is the position of {noun}")
    return choice(rng, forms), place_answer(o.place), (i,)


def _q_count(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    u = rng.random()
    if u < 0.3:
        what, which = choice(rng, ("things", "objects", "things", "items")), tuple(range(len(scene.objects)))
    else:
        name = _absent(scene, rng) if u < 0.42 or not scene.objects else choice(rng, scene.objects).name
        what, which = plural(_noun(name, rng)), _alike(scene, name)
    forms = (
        f"how many {what} are there", f"how many {what} are in the picture", f"how many {what} do you see",
        f"how many {what} can you see", f"count the {what}", f"how many {what}",
    )  # fmt: skip
    return choice(rng, forms), COUNT_WORDS[len(which)] if which else "none", which


def _q_place(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    taken = Counter(o.place for o in scene.objects)
    empty = rng.random() < 0.12 or not taken
    options = [p for p in PLACES if taken[p] == (0 if empty else 1)]
    if not options or (empty and len(scene.objects) == 2):
        return None
    place = choice(rng, options)
    forms = ("what is {p}", "what is {p}", "which thing is {p}", "what do you see {p}", "what can you see {p}")
    found = tuple(i for i, o in enumerate(scene.objects) if o.place == place)
    return choice(rng, forms).format(p=_at(place, rng)), _indefinite(scene.objects[found[0]].name) if found else "nothing", found


def _q_background(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    forms = (
        "what colour is the background", "what color is the background", "what is the background",
        "which background does it have", "what background is it", "describe the background",
        "what is the background colour", "what is behind it",
    )  # fmt: skip
    return choice(rng, forms), background_answer(scene.background)


def _absent(scene: Scene, rng: Rng) -> str:
    return choice(rng, [n for n in NAMES if n not in {o.name for o in scene.objects}])


def _q_exists(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    there = rng.random() < 0.5 and len(scene.objects) > 0
    name = choice(rng, scene.objects).name if there else _absent(scene, rng)
    noun = _indefinite(_noun(name, rng))
    forms = (f"is there {noun}", f"is there {noun} in the picture", f"do you see {noun}", f"can you see {noun}", f"is it {noun}")
    return choice(rng, forms[: 5 if len(scene.objects) == 1 else 4]), "yes" if there else "no", _alike(scene, name)


def _q_is_colour(scene: Scene, rng: Rng) -> tuple[str, str, tuple[int, ...]] | None:
    i = _single_out(scene, rng)
    if i is None or scene.objects[i].colour is None:
        return None
    o = scene.objects[i]
    right = rng.random() < 0.5
    colour = o.colour if right else choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
    noun = "it" if len(scene.objects) == 1 and rng.random() < 0.1 else f"the {_noun(o.name, rng)}"
    return f"is {noun} {_spelled(colour, rng)}", "yes" if right else f"no, it is {o.colour}", (i,)


def _q_describe(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    forms = (
        "describe the picture", "describe this picture", "describe the image", "describe what you see",
        "give a description", "what does the picture show", "caption this", "describe it in one sentence",
    )  # fmt: skip
    return choice(rng, forms), describe(scene)


_ASKERS: dict[str, Callable[[Scene, Rng], tuple[str, str] | tuple[str, str, tuple[int, ...]] | None]] = {
    "what": _q_what,
    "colour": _q_colour,
    "where": _q_where,
    "background": _q_background,
    "exists": _q_exists,
    "is_colour": _q_is_colour,
    "describe": _q_describe,
    "count": _q_count,
    "place": _q_place,
}
_COMMANDS = ("describe", "give", "caption", "name", "count")


def question(scene: Scene, rng: Rng, kind: str) -> Question | None:
    """One question of the kind, or None if the scene has no clear answer to it."""
    found = _ASKERS[kind](scene, rng)
    if found is None:
        return None
    text, answer, *about = found
    command = text.startswith(_COMMANDS)
    return Question(kind, _typed(text, rng, "." if command else "?", 0.2 if command else 0.85), answer, *about)


def questions(scene: Scene, rng: Rng, count: int = 8, kinds: tuple[str, ...] = QUESTION_KINDS) -> list[Question]:
    """`count` questions, kinds in turn from a random start."""
    start, asked = int(rng.integers(len(kinds))), []
    for k in range(start, start + 4 * count):
        found = question(scene, rng, kinds[k % len(kinds)])
        if found and len(asked) < count:
            asked.append(found)
    return asked


# ---------------------------------------------------------------- conversations

LONGEST_TALK = 5


def conversation(scene: Scene, rng: Rng, turns: int) -> list[Question]:
    """Up to `turns` questions about one picture, of which later ones refer back: 'it', 'them', 'and the cat?', 'else'."""
    talk: list[Question] = []
    mentioned: set[int] = set()
    tries = 0
    while len(talk) < turns and tries < 6 * turns:
        tries += 1
        asker = choice(rng, (_about_it, _about_another, _what_else, _about_it, _about_another, _a_question)) if talk else _a_question
        found = asker(scene, talk, mentioned, rng)
        if found is None or (found.kind, found.about) in {(q.kind, q.about) for q in talk}:
            continue
        talk.append(found if asker is _a_question else replace(found, text=_typed(found.text, rng, "?", 0.85)))
        mentioned.update(found.about)
    return talk


def _a_question(scene: Scene, talk: list[Question], mentioned: set[int], rng: Rng) -> Question | None:
    kind = choice(rng, ("colour", "where", "exists", "place", "count", "what", "colour", "where"))
    found = question(scene, rng, kind)
    if found and kind == "what" and not found.about and len(scene.objects) == 1:
        return replace(found, about=(0,))
    return found


def _and(text: str, rng: Rng) -> str:
    return f"and {text}" if rng.random() < 0.5 else text


def _about_it(scene: Scene, talk: list[Question], mentioned: set[int], rng: Rng) -> Question | None:
    """What the last question named, called 'it' or 'they'."""
    about = talk[-1].about
    if not about or len({scene.objects[i].name for i in about}) > 1:
        return None
    o, many = scene.objects[about[0]], len(about) > 1
    kind = choice(rng, ("colour", "where", "is_colour", "count"))
    coloured = o.colour is not None and len({scene.objects[i].tint for i in about}) == 1
    if kind == "colour" and coloured:
        words = ("what colour are they", "what color are they") if many else ("what colour is it", "what color is it", "which colour")
        return Question(kind, _and(choice(rng, words), rng), o.colour, about)
    if kind == "where" and not many:
        return Question(kind, _and("where is it", rng), place_answer(o.place), about)
    if kind == "is_colour" and coloured and not many:
        right = rng.random() < 0.5
        colour = o.colour if right else choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
        return Question(kind, f"is it {_spelled(colour, rng)}", "yes" if right else f"no, it is {o.colour}", about)
    if kind == "count" and _alike(scene, o.name) == about:
        return Question(kind, _and(choice(rng, ("how many are there", "how many of them are there", "how many")), rng), COUNT_WORDS[len(about)], about)
    return None


def _about_another(scene: Scene, talk: list[Question], mentioned: set[int], rng: Rng) -> Question | None:
    """The last question again, of another thing."""
    last = talk[-1]
    name = _absent(scene, rng) if rng.random() < 0.1 else choice(rng, scene.objects).name if scene.objects else None
    about = _alike(scene, name) if name else ()
    if name is None or about == last.about:
        return None
    noun = _noun(name, rng)
    answer = None
    if last.kind in ("colour", "is_colour"):
        if not about:
            answer = f"there is no {name}"
        elif scene.objects[about[0]].colour and len({scene.objects[i].tint for i in about}) == 1:
            answer = scene.objects[about[0]].colour
    elif last.kind == "where" and len(about) == 1:
        answer = place_answer(scene.objects[about[0]].place)
    elif last.kind == "count":
        answer = COUNT_WORDS[len(about)] if about else "none"
    elif last.kind == "exists":
        answer = "yes" if about else "no"
    if answer is None:
        return None
    many = last.kind == "count" or len(about) > 1
    words = plural(noun) if last.kind == "count" else _indefinite(noun) if last.kind == "exists" else f"the {plural(noun) if many else noun}"
    kind = "colour" if last.kind == "is_colour" else last.kind
    return Question(kind, choice(rng, ("and {}", "and {}", "what about {}")).format(words), answer, about)


def _what_else(scene: Scene, talk: list[Question], mentioned: set[int], rng: Rng) -> Question | None:
    """All that no question has named yet."""
    if any(q.kind in ("what", "else") or (q.kind == "count" and len(q.about) == len(scene.objects)) for q in talk):
        return None
    if any(q.kind == "place" and len(q.about) and len(_alike(scene, scene.objects[q.about[0]].name)) > 1 for q in talk):
        return None
    rest = [o.name for o in ordered(scene) if scene.objects.index(o) not in mentioned]
    forms = ("what else is there", "what else do you see", "what else is in the picture", "is there anything else", "anything else")
    return Question("else", choice(rng, forms), _counted(rest) or "nothing")
