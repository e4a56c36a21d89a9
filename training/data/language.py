"""English as people type it about these scenes: captions, edit instructions, questions and answers.

A caption or edit comes with a `Request`: only what its words ask for, which is what the scorer checks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .scenes import (
    PLACED,
    Background,
    Scene,
    SceneObject,
    choice,
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
    """What a text asks a picture to hold. relation: how the first object lies to the second.

    background: (colour,) or (top colour, bottom colour) or None.
    """

    objects: tuple[RequestedObject, ...]
    relation: str | None = None
    background: tuple[str, ...] | None = None


def full_request(scene: Scene) -> Request:
    """Everything the scene says, as a request (sizes and shades apart)."""
    objects = tuple(RequestedObject(o.name, o.tint, o.place) for o in scene.objects)
    how = relation(*scene.objects) if len(objects) == 2 else None
    return Request(objects, how, _ground_names(scene.background))


def _ground_names(background: Background) -> tuple[str, ...]:
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


SIZE_WORDS = {3: ("small", "little", "tiny"), 4: ("big", "large")}


def _adjectives(o: SceneObject, rng: Rng, sized: float) -> list[str]:
    words = [choice(rng, SIZE_WORDS[o.size])] if rng.random() < sized else []
    if o.tint or (o.colour and rng.random() < 0.15):
        words.append(_spelled(o.colour, rng))
    return words


def _phrase(o: SceneObject, rng: Rng, sized: float = 0.06) -> tuple[str, str | None]:
    """('a small red car', colour said or None); sometimes without the article, or 'the sun'."""
    adjectives = _adjectives(o, rng, sized)
    said = o.colour if any(w not in sum(SIZE_WORDS.values(), ()) for w in adjectives) else None
    words = " ".join([*adjectives, _noun(o.name, rng)])
    if o.name in ("sun", "moon", "earth") and rng.random() < 0.5:
        return f"the {words}", said
    u = rng.random()
    return (words if u < 0.1 else f"one {words}" if u < 0.12 else _indefinite(words)), said


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
    phrase, colour = _phrase(o, rng)
    place = o.place if rng.random() < (0.35 if o.place == "centre" else 0.88) else None
    parts = [_at(place, rng)] if place else []
    said = _says_ground(scene.background, rng)
    if said:
        parts.insert(int(rng.integers(len(parts) + 1)), _ground(scene.background, rng))
    separator = choice(rng, (" ", " ", " ", ", "))
    text = separator.join([phrase, *parts])
    ground = _ground_names(scene.background) if said else None
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
        if how in ("right", "below") and rng.random() < 0.7:
            a, b = b, a
        beside = relation(a, b) in ("left", "right") and not diagonal
        form, placed, said = choice(rng, ("{a} and {b}", *(_SIDE_BY_SIDE if beside else ()))), False, None
    (first, colour_a), (second, colour_b) = _phrase(a, rng, 0.02), _phrase(b, rng, 0.02)
    text = form.format(a=first, b=second)
    ground = None
    if _says_ground(scene.background, rng):
        text += choice(rng, (" ", " ", ", ")) + _ground(scene.background, rng)
        ground = _ground_names(scene.background)
    objects = tuple(
        RequestedObject(o.name, colour, o.place if placed else None) for o, colour in ((a, colour_a), (b, colour_b))
    )
    return text, Request(objects, said, ground)


def caption(scene: Scene, rng: Rng) -> Caption:
    """A prompt that the scene fulfils, about 3 to 18 words."""
    text, request = (_caption_one if len(scene.objects) == 1 else _caption_two)(scene, rng)
    if rng.random() < 0.2:
        text = choice(rng, _LEADS).format(text)
    return Caption(_typed(text, rng, ".", 0.06), request)


# ---------------------------------------------------------------- edits


@dataclass(frozen=True)
class Edit:
    """An instruction for a scene and the scene it should become; `changed`: index of the object or None."""

    kind: str
    text: str
    target: Scene
    changed: int | None

    @property
    def request(self) -> Request:
        return full_request(self.target)


def _the(o: SceneObject, scene: Scene, rng: Rng) -> str:
    """'the car', 'the blue car', 'it' (if it is the only one)."""
    if len(scene.objects) == 1 and rng.random() < 0.12:
        return "it"
    colour = f"{o.tint} " if o.tint and rng.random() < 0.25 else ""
    return f"the {colour}{_noun(o.name, rng)}"


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


def _edit_recolour(scene: Scene, rng: Rng) -> Edit | None:
    options = [i for i, o in enumerate(scene.objects) if BY_NAME[o.name].tintable]
    if not options:
        return None
    i = choice(rng, options)
    o = scene.objects[i]
    colour = choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
    tint = None if colour == BY_NAME[o.name].natural else colour
    text = choice(rng, _RECOLOUR).format(o=_the(o, scene, rng), c=_spelled(colour, rng))
    return Edit("recolour", text, scene.with_object(i, tint=tint), i)


def _edit_background(scene: Scene, rng: Rng) -> Edit | None:
    ground = sample_background(rng)
    if _ground_names(ground) == _ground_names(scene.background):
        return None
    if ground.to:
        text = choice(rng, _GRADIENT).format(g=_gradient(ground, rng))
    else:
        text = choice(rng, _BACKGROUND).format(c=_shaded(ground, rng)).replace(" a orange", " an orange")
    return Edit("background", text, Scene(scene.objects, ground), None)


def _edit_replace(scene: Scene, rng: Rng) -> Edit | None:
    i = int(rng.integers(len(scene.objects)))
    o = scene.objects[i]
    name, tint = sample_thing(rng)
    if name in [x.name for x in scene.objects]:
        return None
    tint = tint if rng.random() < 0.5 else None
    target = scene.with_object(i, name=name, tint=tint)
    phrase, _ = _phrase(target.objects[i], rng, 0)
    return Edit("replace", choice(rng, _REPLACE).format(o=_the(o, scene, rng), n=phrase), target, i)


def _edit_move(scene: Scene, rng: Rng) -> Edit | None:
    i = int(rng.integers(len(scene.objects)))
    o = scene.objects[i]
    place = choice(rng, [p for p in PLACES if p != o.place])
    third_y, third_x = divmod(PLACES.index(place), 3)
    row = _nearest(PLACED[o.size][third_y], o.row)
    column = _nearest(PLACED[o.size][third_x], o.column)
    target = scene.with_object(i, row=row, column=column)
    if len(target.objects) == 2 and _overlap(*target.objects):
        return None
    text = choice(rng, _MOVE).format(o=_the(o, scene, rng), p=_towards(place, rng))
    return Edit("move", text, target, i)


def _nearest(options: tuple[int, ...], to: int) -> int:
    return min(options, key=lambda n: abs(n - to))


def _overlap(a: SceneObject, b: SceneObject) -> bool:
    return all(p < q + b.size and q < p + a.size for p, q in ((a.row, b.row), (a.column, b.column)))


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
}
EDIT_KINDS: tuple[str, ...] = tuple(_EDITORS)


def edit(
    scene: Scene, rng: Rng, kind: str | None = None, allowed: Callable[[Scene], bool] = in_training, tries: int = 12
) -> Edit | None:
    """An instruction whose target keeps contrast and is `allowed`, or None if none was found in `tries`."""
    for _ in range(tries):
        found = _EDITORS[kind or choice(rng, EDIT_KINDS)](scene, rng)
        if found and visible(found.target) and allowed(found.target):
            return Edit(found.kind, _typed(found.text, rng, ".", 0.08), found.target, found.changed)
    return None


# ---------------------------------------------------------------- questions


@dataclass(frozen=True)
class Question:
    """A question about a picture, its one right answer, and the index of the object it is about, if it is one."""

    kind: str
    text: str
    answer: str
    about: int | None = None


QUESTION_KINDS: tuple[str, ...] = ("what", "colour", "where", "background", "exists", "is_colour", "describe")

_WHERE_ANSWER = {
    "centre": "in the centre", "left": "on the left", "right": "on the right", "top": "at the top",
    "bottom": "at the bottom",
}  # fmt: skip


def ordered(scene: Scene) -> tuple[SceneObject, ...]:
    """Left before right, top before bottom (by the axis that separates them more)."""
    if len(scene.objects) == 2 and relation(*scene.objects) in ("right", "below"):
        return scene.objects[::-1]
    return scene.objects


def place_answer(place: str) -> str:
    return _WHERE_ANSWER.get(place, f"at the {place}")


def background_answer(background: Background) -> str:
    return f"a gradient from {background.colour} to {background.to}" if background.to else background.colour


def _named(o: SceneObject) -> str:
    return _indefinite(f"{o.tint} {o.name}" if o.tint else o.name)


def describe(scene: Scene) -> str:
    """The one-sentence description."""
    ground = scene.background
    on = f"on {background_answer(ground)}" if ground.to else f"on {_indefinite(ground.colour)} background"
    if len(scene.objects) == 1:
        (o,) = scene.objects
        return f"{_named(o)} {place_answer(o.place)} {on}"
    a, b = ordered(scene)
    how = "to the left of" if relation(a, b) == "left" else "above"
    return f"{_named(a)} {how} {_named(b)} {on}"


def _q_what(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    objects = ordered(scene)
    if len(objects) == 2 and rng.random() < 0.6:
        return _q_what_related(objects, rng)
    forms = (
        "what is in the picture", "what is this", "what do you see", "what is in the image", "what can you see",
        "what is shown", "what's in the picture", "what is it", "name what you see",
    )  # fmt: skip
    return choice(rng, forms), " and ".join(_indefinite(o.name) for o in objects)


def _q_what_related(objects: tuple[SceneObject, ...], rng: Rng) -> tuple[str, str]:
    a, b = objects if rng.random() < 0.5 else objects[::-1]
    how = relation(a, b)
    if rng.random() < 0.35:
        side = {"left": "on the left", "right": "on the right", "above": "at the top", "below": "at the bottom"}[how]
        return f"what is {side}", _indefinite(a.name)
    words = choice(rng, _RELATION_FORMS[how]).format(a="", b=f"the {_noun(b.name, rng)}").strip()
    return f"what is {words}", _indefinite(a.name)


def _q_colour(scene: Scene, rng: Rng) -> tuple[str, str, int | None] | None:
    if rng.random() < 0.05:
        name = _absent(scene, rng)
        return f"what colour is the {_noun(name, rng)}", f"there is no {name}", None
    o = choice(rng, scene.objects)
    if o.colour is None:
        return None
    noun = _noun(o.name, rng)
    forms = [
        f"what colour is the {noun}", f"what color is the {noun}", f"which colour is the {noun}",
        f"what is the colour of the {noun}", f"which color does the {noun} have",
    ]  # fmt: skip
    if len(scene.objects) == 1:
        forms += ["what colour is it", "what color is it"]
    return choice(rng, forms), o.colour, scene.objects.index(o)


def _q_where(scene: Scene, rng: Rng) -> tuple[str, str, int] | None:
    o = choice(rng, scene.objects)
    noun = "it" if len(scene.objects) == 1 and rng.random() < 0.1 else f"the {_noun(o.name, rng)}"
    forms = (f"where is {noun}", f"where is {noun} in the picture", f"where do you see {noun}", f"what is the position of {noun}")
    return choice(rng, forms), place_answer(o.place), scene.objects.index(o)


def _q_background(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    forms = (
        "what colour is the background", "what color is the background", "what is the background",
        "which background does it have", "what background is it", "describe the background",
        "what is the background colour", "what is behind it",
    )  # fmt: skip
    return choice(rng, forms), background_answer(scene.background)


def _absent(scene: Scene, rng: Rng) -> str:
    return choice(rng, [n for n in NAMES if n not in {o.name for o in scene.objects}])


def _q_exists(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    there = rng.random() < 0.5
    name = choice(rng, scene.objects).name if there else _absent(scene, rng)
    noun = _indefinite(_noun(name, rng))
    forms = (f"is there {noun}", f"is there {noun} in the picture", f"do you see {noun}", f"can you see {noun}", f"is it {noun}")
    return choice(rng, forms[: 4 if len(scene.objects) == 2 else 5]), "yes" if there else "no"


def _q_is_colour(scene: Scene, rng: Rng) -> tuple[str, str, int] | None:
    o = choice(rng, scene.objects)
    if o.colour is None:
        return None
    right = rng.random() < 0.5
    colour = o.colour if right else choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
    noun = "it" if len(scene.objects) == 1 and rng.random() < 0.1 else f"the {_noun(o.name, rng)}"
    return f"is {noun} {_spelled(colour, rng)}", "yes" if right else f"no, it is {o.colour}", scene.objects.index(o)


def _q_describe(scene: Scene, rng: Rng) -> tuple[str, str] | None:
    forms = (
        "describe the picture", "describe this picture", "describe the image", "describe what you see",
        "give a description", "what does the picture show", "caption this", "describe it in one sentence",
    )  # fmt: skip
    return choice(rng, forms), describe(scene)


_ASKERS: dict[str, Callable[[Scene, Rng], tuple[str, str] | tuple[str, str, int | None] | None]] = {
    "what": _q_what,
    "colour": _q_colour,
    "where": _q_where,
    "background": _q_background,
    "exists": _q_exists,
    "is_colour": _q_is_colour,
    "describe": _q_describe,
}
_COMMANDS = ("describe", "give", "caption", "name")


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
