"""Questions about one picture or two, each with its one right answer in lower case.

A question that has no clear answer is not asked; one about a thing that isn't there is answered so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.data.scenes import choice

from .captions import (
    PLACE_ANSWER,
    STYLE_ANSWER,
    Group,
    colour_word,
    describe,
    ground_answer,
    group_named,
    groups,
    named,
    noun,
    reading_order,
    typed,
)
from .edits import Edit, the
from .phrases import COUNTS, RELATION_WORDS, SCENERY_NAMES, STYLE_WORDS, article
from .requests import related
from .scenes import Placed, Scene, between
from .vocabulary import BY_NAME, COLOUR_NAMES, KINDS, NAMES, SCENERIES, STYLES

Rng = np.random.Generator
Found = tuple[str, str, tuple[Placed, ...]]
"""(question, answer, the things that the answer speaks of)."""


@dataclass(frozen=True)
class Question:
    """pictures: how many it is asked of. about: indices of the things that the answer speaks of."""

    kind: str
    text: str
    answer: str
    pictures: int = 1
    about: tuple[int, ...] = ()


NUMBER = {0: "none", 1: "one", **{n: words[0] for n, words in COUNTS.items()}}
PICTURE = ("picture", "picture", "image", "photo")


def listed(parts: list[str]) -> str:
    """'a, b and c'."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def absent(scene: Scene, rng: Rng) -> str:
    return choice(rng, [n for n in NAMES if n not in {o.name for o in scene.objects}])


def there_is_no(name: str) -> str:
    return f"there is no {name}" if BY_NAME[name].plural or not name.endswith("s") else f"there are no {name}"


def upright(scene: Scene) -> Scene:
    """Answers group things however they are turned."""
    return replace(scene, objects=tuple(replace(o, turn="as drawn") for o in scene.objects))


def _names(objects: list[Placed], scene: Scene) -> str:
    """'two cats and a red car' in reading order."""
    own = Scene(tuple(objects), scene.ground, scene.style)
    return listed([group_named(g, scene.coloured) for g in groups(upright(own))])


# ---------------------------------------------------------------- one picture

_WHAT = (
    "what is in the {p}", "what do you see", "what can you see", "what is shown", "what's in the {p}",
    "what is this", "name what you see", "which things are in the {p}", "what does the {p} show",
    "what objects are there", "list everything in the {p}", "what is there",
)  # fmt: skip


def _what(scene: Scene, rng: Rng) -> Found | None:
    if not scene.objects:
        return choice(rng, _WHAT), "nothing", ()
    return choice(rng, _WHAT), _names(list(scene.objects), scene), scene.objects


_HOW_MANY = (
    "how many {n} are there", "how many {n} are in the {p}", "how many {n} do you see", "how many {n} can you see",
    "count the {n}", "what is the number of {n}", "how many {n}", "how many {n} does the {p} show",
    "can you count the {n}", "tell me how many {n} there are",
)  # fmt: skip


def _how_many(scene: Scene, rng: Rng) -> Found | None:
    u = rng.random()
    if u < 0.25:
        word = choice(rng, ("things", "objects", "items"))
        return choice(rng, _HOW_MANY).format(n=word, p="{p}"), NUMBER[len(scene.objects)], scene.objects
    if u < 0.45:
        kind = choice(rng, [k for k in KINDS if k not in ("clothes", "furniture")])
        counted = tuple(o for o in scene.objects if kind in BY_NAME[o.name].kinds)
        if counted or rng.random() < 0.2:
            return choice(rng, _HOW_MANY).format(n=KINDS[kind], p="{p}"), NUMBER[len(counted)], counted
        return None
    name = absent(scene, rng) if u < 0.55 or not scene.objects else choice(rng, scene.objects).name
    if BY_NAME[name].plural is None:
        return None
    counted = tuple(o for o in scene.objects if o.name == name)
    return choice(rng, _HOW_MANY).format(n=noun(name, True, rng), p="{p}"), NUMBER[len(counted)], counted


_COLOUR = (
    "what colour is {o}", "what color is {o}", "which colour is {o}", "what is the colour of {o}",
    "what is the color of {o}", "which color does {o} have", "what colour does {o} have",
    "tell me the colour of {o}", "{o} is what colour", "can you tell the color of {o}",
)  # fmt: skip


def _colour(scene: Scene, rng: Rng) -> Found | None:
    if not scene.coloured or not scene.objects:
        return None
    i = int(rng.integers(len(scene.objects)))
    o = scene.objects[i]
    words = _the_uncoloured(scene, i, rng)
    return (choice(rng, _COLOUR).format(o=words), o.colour, (o,)) if words and o.colour else None


def _the_uncoloured(scene: Scene, i: int, rng: Rng) -> str | None:
    """'the car', not by its colour."""
    return the(replace(scene, style="grey"), i, rng)


_WHERE = (
    "where is {o}", "where is {o} in the {p}", "where do you see {o}", "what is the position of {o}",
    "in which part of the {p} is {o}", "where can i find {o}", "where's {o}", "whereabouts is {o}",
    "tell me where {o} is", "where in the {p} is {o}",
)  # fmt: skip


def _where(scene: Scene, rng: Rng) -> Found | None:
    if not scene.objects:
        return None
    i = int(rng.integers(len(scene.objects)))
    words = the(scene, i, rng)
    beside_its_kind = sum(o.name == scene.objects[i].name for o in scene.objects) > 1
    if not words or (beside_its_kind and (" on the " in words or " at the " in words)):
        return None
    return choice(rng, _WHERE).format(o=words, p="{p}"), PLACE_ANSWER[scene.objects[i].place], (scene.objects[i],)


_RELATION = (
    "what is {r}", "what's {r}", "what do you see {r}", "which thing is {r}", "what is there {r}",
    "what can you see {r}", "what lies {r}", "name the thing {r}", "which object is {r}", "tell me what is {r}",
)  # fmt: skip


def _relation(scene: Scene, rng: Rng) -> Found | None:
    """Everything that lies so; asked if something does, and now and then if nothing does."""
    if len(scene.objects) < 2:
        return None
    i = int(rng.integers(len(scene.objects)))
    words = the(scene, i, rng, pronoun=False)
    how = choice(rng, ("left", "right", "above", "below", "on", "beside"))
    others = [o for k, o in enumerate(scene.objects) if k != i]
    found = [o for o in others if related(how, o, scene.objects[i])]
    if not words or (not found and (how in ("on", "beside") or rng.random() < 0.85)):
        return None
    if not found and any(_half(how, o, scene.objects[i]) for o in others):
        return None
    text = choice(rng, _RELATION).format(r=f"{choice(rng, RELATION_WORDS[how])} {words}")
    return text, _names(found, scene) if found else "nothing", tuple(found)


def _half(how: str, a: Placed, b: Placed) -> bool:
    """Whether `a` lies that way at all, so that "nothing" would be a harsh answer."""
    axis, sign = {"left": (1, -1), "right": (1, 1), "above": (0, -1), "below": (0, 1)}[how]
    return sign * (a.centre[axis] - b.centre[axis]) > 0


_HOW_RELATED = (
    "is {a} {r} {b}", "is {a} {r} {b} or not", "would you say {a} is {r} {b}", "do you see {a} {r} {b}",
    "can you see {a} {r} {b}",
)  # fmt: skip


def _is_related(scene: Scene, rng: Rng) -> Found | None:
    if len(scene.objects) < 2:
        return None
    i, k = (int(n) for n in rng.choice(len(scene.objects), 2, replace=False))
    one, other = the(scene, i, rng, pronoun=False), the(scene, k, rng, pronoun=False)
    hows = [h for h in ("left", "right", "above", "below") if related(h, scene.objects[i], scene.objects[k])]
    if not one or not other or not hows:
        return None
    right = rng.random() < 0.5
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}[hows[0]]
    asked = hows[0] if right else opposite
    text = choice(rng, _HOW_RELATED).format(a=one, b=other, r=choice(rng, RELATION_WORDS[asked]))
    return text, "yes" if right else "no", (scene.objects[i], scene.objects[k])


_EXTREME = {
    "biggest": (
        "what is the biggest thing", "which object is biggest", "what is the largest object",
        "which thing is the largest", "what is biggest", "name the biggest object", "which one is the biggest",
        "what's the biggest thing in the {p}", "which is the largest", "tell me the biggest thing",
    ),
    "smallest": (
        "what is the smallest thing", "which object is smallest", "what is the smallest object",
        "which thing is the tiniest", "what is smallest", "name the smallest object", "which one is the smallest",
        "what's the smallest thing in the {p}", "which is the littlest", "tell me the smallest thing",
    ),
}  # fmt: skip


def _extreme(which: str) -> Callable[[Scene, Rng], Found | None]:
    def ask(scene: Scene, rng: Rng) -> Found | None:
        ordered = sorted(scene.objects, key=lambda o: -o.size if which == "biggest" else o.size)
        if len(ordered) < 2 or ordered[0].size == ordered[1].size:
            return None
        answer = the_plain(scene, ordered[0])
        unclear = any(the_plain(scene, o) == answer for o in ordered[1:])
        return None if unclear else (choice(rng, _EXTREME[which]), answer, (ordered[0],))

    return ask


def the_plain(scene: Scene, o: Placed) -> str:
    """'the cat'; with its paint if there are others of its class: 'the red car'."""
    alike = sum(x.name == o.name for x in scene.objects) > 1
    return f"the {o.tint} {o.name}" if alike and o.tint and scene.coloured else f"the {o.name}"


_STYLE = (
    "what style is this", "which style does the {p} have", "what is the style of the {p}",
    "in which style is it drawn", "what kind of {p} is this", "what art style is it", "how is it drawn",
    "which style is it", "name the style", "what style is the {p} in",
)  # fmt: skip
_IN_STYLE = ("is this {s}", "is it {s}", "is the {p} {s}", "would you call this {s}", "is that {s}")


def _style(scene: Scene, rng: Rng) -> Found | None:
    u = rng.random()
    if u < 0.2:
        forms = ("is it in colour", "is the {p} in color", "is it a colour {p}", "does the {p} have colours")
        return choice(rng, forms), "yes" if scene.coloured else f"no, {STYLE_ANSWER[scene.style]}", ()
    if u < 0.45:
        asked = scene.style if rng.random() < 0.5 else choice(rng, [s for s in STYLES if s != scene.style])
        text = choice(rng, _IN_STYLE).replace("{s}", choice(rng, STYLE_WORDS[asked][:1] + (STYLE_ANSWER[asked],)))
        return text, "yes" if asked == scene.style else f"no, {STYLE_ANSWER[scene.style]}", ()
    return choice(rng, _STYLE), STYLE_ANSWER[scene.style], ()


_BACKGROUND = (
    "what is the background", "what is in the background", "describe the background",
    "which background does it have", "what background is it", "what is behind the things",
    "what is the {p}'s background", "what kind of background is there", "what do you see in the background",
    "how does the background look",
)  # fmt: skip
_BACKGROUND_COLOUR = (
    "what colour is the background",
    "what color is the background",
    "which colour does the background have",
    "what is the background colour",
)
_SETTING = (
    "where does it take place",
    "where is the scene set",
    "what is the setting",
    "what place is shown",
    "where are we",
)


def _background(scene: Scene, rng: Rng) -> Found | None:
    scenery = scene.ground.kind in SCENERIES
    if not scenery and not scene.coloured:
        return None
    u = rng.random()
    if scenery:
        if u < 0.2:
            asked = (
                scene.ground.kind
                if rng.random() < 0.5
                else choice(rng, [k for k in SCENERIES if k != scene.ground.kind])
            )
            return (
                f"is the background {choice(rng, SCENERY_NAMES[asked])}",
                "yes" if asked == scene.ground.kind else f"no, {ground_answer(scene.ground)}",
                (),
            )
        return choice(rng, _SETTING if u < 0.35 else _BACKGROUND), ground_answer(scene.ground), ()
    if scene.ground.kind == "solid" and u < 0.5:
        return choice(rng, _BACKGROUND_COLOUR), scene.ground.colour, ()
    return choice(rng, _BACKGROUND), ground_answer(scene.ground), ()


_EXISTS = (
    "is there {n}", "is there {n} in the {p}", "do you see {n}", "can you see {n}", "does the {p} show {n}",
    "is {n} in the {p}", "does the {p} contain {n}", "are you able to see {n}", "can you find {n}",
    "do you spot {n}",
)  # fmt: skip


def _exists(scene: Scene, rng: Rng) -> Found | None:
    if rng.random() < 0.2:
        kind = choice(rng, [k for k in KINDS if k not in ("clothes", "furniture")])
        found = tuple(o for o in scene.objects if kind in BY_NAME[o.name].kinds)
        return choice(rng, _EXISTS).format(n=f"{article(kind)} {kind}", p="{p}"), "yes" if found else "no", found
    there = bool(scene.objects) and rng.random() < 0.5
    name = choice(rng, scene.objects).name if there else absent(scene, rng)
    word = noun(name, False, rng)
    if BY_NAME[name].plural is not None:
        word = f"{article(word)} {word}"
    forms = [f for f in _EXISTS if not (word.endswith("s") and f.startswith("is ")) or word.startswith("a")]
    found = tuple(o for o in scene.objects if o.name == name)
    return choice(rng, forms).format(n=word, p="{p}"), "yes" if there else "no", found


_IS_COLOUR = (
    "is {o} {c}",
    "is {o} {c} or not",
    "would you say {o} is {c}",
    "does {o} look {c}",
    "is the colour of {o} {c}",
    "so {o} is {c}, right",
)


def _is_colour(scene: Scene, rng: Rng) -> Found | None:
    if not scene.coloured or not scene.objects:
        return None
    i = int(rng.integers(len(scene.objects)))
    o, words = scene.objects[i], _the_uncoloured(scene, i, rng)
    if not words or o.colour is None:
        return None
    right = rng.random() < 0.5
    colour = o.colour if right else choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
    text = choice(rng, _IS_COLOUR).format(o=words, c=colour_word(colour, rng))
    return text, "yes" if right else f"no, it is {o.colour}", (o,)


_LIST = (
    "list the {k}", "list all {k}", "which {k} are there", "name the {k}", "what {k} do you see",
    "which {k} are in the {p}", "what {k} are there", "tell me all the {k}", "which {k} can you see",
    "give me a list of the {k}",
)  # fmt: skip


def _list(scene: Scene, rng: Rng) -> Found | None:
    kinds = sorted({k for o in scene.objects for k in BY_NAME[o.name].kinds} - {"furniture"})
    if not kinds:
        return None
    kind = choice(rng, kinds)
    if rng.random() < 0.08:
        kind = choice(rng, [k for k in KINDS if k != "furniture"])
    found = tuple(o for o in reading_order(scene.objects) if kind in BY_NAME[o.name].kinds)
    names = list(dict.fromkeys(o.name for o in found))
    return choice(rng, _LIST).format(k=KINDS[kind], p="{p}"), listed(names) if names else "none", found


_DESCRIBE = (
    "describe the {p}", "describe this {p}", "describe what you see", "give a description", "caption this",
    "describe it in one sentence", "what does this {p} look like", "tell me about the {p}", "write a caption",
    "describe everything", "how would you describe the {p}",
)  # fmt: skip


def _describe(scene: Scene, rng: Rng) -> Found | None:
    return choice(rng, _DESCRIBE), describe(scene), scene.objects


_BETWEEN = (
    "what is between {a} and {b}", "what is in between {a} and {b}", "what's between {a} and {b}",
    "which thing is between {a} and {b}", "what do you see between {a} and {b}", "what stands between {a} and {b}",
    "name what is between {a} and {b}", "which object is between {a} and {b}", "tell me what is between {a} and {b}",
    "what can you see between {a} and {b}",
)  # fmt: skip


def _between(scene: Scene, rng: Rng) -> Found | None:
    triples = [
        (c, i, k)
        for c in scene.objects
        for i, a in enumerate(scene.objects)
        for k, b in enumerate(scene.objects)
        if i != k and c not in (a, b) and between(c, a, b)
    ]
    if not triples:
        return None
    _, i, k = choice(rng, triples)
    a, b = scene.objects[i], scene.objects[k]
    amid = [c for c in scene.objects if c not in (a, b) and between(c, a, b)]
    if a.name == b.name:
        if sum(o.name == a.name for o in scene.objects) > 2 or BY_NAME[a.name].plural is None:
            return None
        text = choice(rng, _BETWEEN).replace("{a} and {b}", f"the {choice(rng, ('', 'two '))}{BY_NAME[a.name].plural}")
        return text, _names(amid, scene), tuple(amid)
    one, other = the(scene, i, rng, pronoun=False), the(scene, k, rng, pronoun=False)
    if not one or not other:
        return None
    return choice(rng, _BETWEEN).format(a=one, b=other), _names(amid, scene), tuple(amid)


def _absent(scene: Scene, rng: Rng) -> Found | None:
    """Something is asked about a thing that isn't there."""
    name = absent(scene, rng)
    word = f"the {noun(name, False, rng)}"
    how = choice(rng, RELATION_WORDS[choice(rng, ("left", "right", "above", "below"))])
    forms = (*_COLOUR[:6], *_WHERE[:5], f"what is {how} {{o}}",
             f"is {{o}} {choice(rng, COLOUR_NAMES)}", "how big is {o}", "is {o} big")  # fmt: skip
    return choice(rng, forms).format(o=word, p="{p}"), there_is_no(name), ()


_TURNED = ("is {o} upside down", "is {o} the right way up", "is {o} standing on its head")


def _turned(scene: Scene, rng: Rng) -> Found | None:
    options = [i for i, o in enumerate(scene.objects) if o.turn in ("as drawn", "upside down")]
    options = [i for i in options if scene.objects[i].turn == "upside down" or rng.random() < 0.3]
    if not options:
        return None
    i = choice(rng, options)
    words, form = the(scene, i, rng), choice(rng, _TURNED)
    over = scene.objects[i].turn == "upside down"
    if not words:
        return None
    return form.format(o=words), "yes" if over != ("right way" in form) else "no", (scene.objects[i],)


_ASKERS: dict[str, Callable[[Scene, Rng], Found | None]] = {
    "what": _what,
    "how_many": _how_many,
    "colour": _colour,
    "where": _where,
    "relation": _relation,
    "is_related": _is_related,
    "biggest": _extreme("biggest"),
    "smallest": _extreme("smallest"),
    "style": _style,
    "background": _background,
    "exists": _exists,
    "is_colour": _is_colour,
    "list": _list,
    "describe": _describe,
    "between": _between,
    "absent": _absent,
    "turned": _turned,
}
QUESTION_KINDS: tuple[str, ...] = tuple(_ASKERS)
_COMMANDS = ("describe", "give", "caption", "name", "list", "count", "tell", "write", "compare", "spot")


def asked(text: str, rng: Rng) -> str:
    """As typed, with the word for the picture filled in."""
    text = text.replace("{p}", choice(rng, PICTURE))
    command = text.startswith(_COMMANDS)
    return typed(text, rng, "." if command else "?", 0.2 if command else 0.85)


def question(scene: Scene, rng: Rng, kind: str) -> Question | None:
    """One question of the kind, or None if the scene has no clear answer to it."""
    found = _ASKERS[kind](scene, rng)
    if found is None:
        return None
    text, answer, about = found
    return Question(kind, asked(text, rng), answer, about=tuple(scene.objects.index(o) for o in about))


def questions(scene: Scene, rng: Rng, count: int = 8, kinds: tuple[str, ...] = QUESTION_KINDS) -> list[Question]:
    """Up to `count` questions, kinds in turn from a random start."""
    start, found = int(rng.integers(len(kinds))), []
    for k in range(start, start + 4 * count):
        one = question(scene, rng, kinds[k % len(kinds)])
        if one and len(found) < count:
            found.append(one)
    return found


# ---------------------------------------------------------------- two pictures

_WHICH = (
    "which picture has {n}", "which image shows {n}", "in which picture is {n}", "which one has {n}",
    "where do you see {n}, in the first or the second", "which of the two pictures has {n}",
    "which of them shows {n}", "in which image can you see {n}", "which photo has {n}", "which picture contains {n}",
)  # fmt: skip
_MORE = (
    "which picture has more things", "which image has more objects", "where are more things",
    "in which picture are more objects", "which one shows more things", "which of the two has more objects",
    "which picture is fuller", "which image contains more things", "which one has more in it",
    "where do you see more objects",
)  # fmt: skip
_CHANGED = (
    "what changed", "what is different", "what is the difference", "what has changed",
    "what is different in the second picture", "spot the difference", "what changed between the two pictures",
    "how do the pictures differ", "compare the two pictures", "what is new",
)  # fmt: skip


def compare(first: Scene, second: Scene, rng: Rng) -> Question | None:
    """A question about any two pictures."""
    if rng.random() < 0.7:
        scenes = [s for s in (first, second) if s.objects]
        name = choice(rng, choice(rng, scenes).objects).name if scenes and rng.random() < 0.9 else absent(first, rng)
        has = [any(o.name == name for o in s.objects) for s in (first, second)]
        word = noun(name, False, rng)
        text = choice(rng, _WHICH).format(n=word if BY_NAME[name].plural is None else f"{article(word)} {word}")
        answer = "both" if all(has) else "the first" if has[0] else "the second" if has[1] else "neither"
    else:
        counts = len(first.objects), len(second.objects)
        text = choice(rng, _MORE)
        answer = (
            "the first"
            if counts[0] > counts[1]
            else "the second"
            if counts[1] > counts[0]
            else "both have the same number"
        )
    return Question("compare", asked(text, rng), answer, 2)


def difference(edit: Edit) -> str | None:
    """What an edit with one source changed, in words; None if it takes more than one short sentence."""
    before, after = edit.source, edit.target
    if edit.kind == "style":
        return f"the style is {STYLE_ANSWER[after.style]} now"
    if edit.kind == "background":
        return (
            f"the background is {ground_answer(after.ground)} now"
            if after.coloured or after.ground.kind in SCENERIES
            else None
        )
    if before.ground != after.ground or before.style != after.style:
        return None
    gone, came = [before.objects[i] for i in edit.gone], [after.objects[i] for i in edit.changed]
    if came and not gone:
        names = (
            group_named(Group(tuple(replace(o, turn="as drawn") for o in came)), after.coloured)
            if len({(o.name, o.tint) for o in came}) == 1
            else None
        )
        return (
            names and f"there {'is' if len(came) == 1 else 'are'} {names} more"
            if any(o.name == came[0].name for o in before.objects)
            else names and f"{names} {'is' if len(came) == 1 else 'are'} new"
        )
    if gone and not came:
        return f"{listed([the_plain(before, o) for o in gone])} {'is' if len(gone) == 1 else 'are'} gone"
    return _changed(before, after, gone[0], came[0]) if len(gone) == len(came) == 1 else None


def _changed(before: Scene, after: Scene, old: Placed, new: Placed) -> str | None:
    """One thing that isn't as it was."""
    name = the_plain(before, old)
    if old.name != new.name:
        return f"{name} became {named(new, after.coloured)}"
    if old.tint != new.tint:
        return f"{name} is {new.colour} now" if after.coloured else None
    if old.size != new.size:
        return f"{name} is {'bigger' if new.size > old.size else 'smaller'} now"
    if old.turn != new.turn:
        return f"{name} is {new.turn if new.turn in ('mirrored', 'upside down') else 'turned'} now"
    return f"{name} is {PLACE_ANSWER[new.place]} now" if old.place != new.place else f"{name} has moved"


def compare_edit(edit: Edit, rng: Rng) -> Question | None:
    """What changed between the source and the target of an edit of one picture."""
    answer = difference(edit) if len(edit.sources) == 1 else None
    return Question("compare", asked(choice(rng, _CHANGED), rng), answer, 2) if answer else None
