"""Edits: an instruction, the picture or pictures it is given, and the picture that it should make.

Nine kinds for one picture, and "combine" for two. An edit's request says what the target must hold: all things that
were not spoken of stay where they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.data.scenes import choice

from . import instructions as say
from .atlas import distinct
from .captions import Group, at, colour_word, ground_noun, noun, phrase, said_turn, typed
from .grounds import GRID, WHITE, Ground
from .phrases import COUNTS, RELATION_WORDS, SCENERY_NAMES, SCENERY_PLACES, SIZE_WORDS
from .requests import Related, Request, Wanted, holds, related
from .sampling import sample_ground, sample_tint
from .scenes import MOST_OBJECTS, Placed, Scene, clear_relation, valid
from .splits import in_training
from .vocabulary import BY_NAME, NAMES, PLACES, SHADE_NAMES, SIZE_NAMES, SIZES, STYLES

Rng = np.random.Generator


@dataclass(frozen=True)
class Edit:
    """sources: the pictures in the order of the conversation; `base`: index of the one that is changed."""

    kind: str
    text: str
    sources: tuple[Scene, ...]
    target: Scene
    request: Request
    base: int = 0

    @property
    def source(self) -> Scene:
        return self.sources[self.base]

    @property
    def changed(self) -> tuple[int, ...]:
        """Indices in the target of things that are new or not as they were."""
        return tuple(i for i, o in enumerate(self.target.objects) if o not in self.source.objects)

    @property
    def kept(self) -> tuple[tuple[int, int], ...]:
        """(index in the source, index in the target) of things that stay as they are."""
        before = self.source.objects
        return tuple((before.index(o), i) for i, o in enumerate(self.target.objects) if o in before)

    @property
    def gone(self) -> tuple[int, ...]:
        """Indices in the source of things that are no longer there, or not as they were."""
        return tuple(i for i, o in enumerate(self.source.objects) if o not in self.target.objects)


@dataclass(frozen=True)
class Change:
    """A change before it is wrapped in an Edit. free: things of the target whose place nobody asked for."""

    text: str
    target: Scene
    free: tuple[Placed, ...] = ()
    relation: tuple[str, Placed, Placed] | None = None


def _request(change: Change, source: Scene) -> Request:
    """What the target must hold; the size of a thing only where its class was there before."""
    scene, before = change.target, {o.name for o in source.objects}
    wanted = tuple(
        Wanted(
            o.name,
            1,
            o.colour if scene.coloured else None,
            o.size_name if o.name in before else None,
            None if o in change.free else o.place,
            said_turn(o.turn),
        )
        for o in scene.objects
    )
    relations = ()
    if change.relation:
        how, a, b = change.relation
        relations = (Related(how, scene.objects.index(a), scene.objects.index(b)),)
    return Request(wanted, relations, _ground_asked(scene), scene.style)


def _ground_asked(scene: Scene) -> tuple[str, ...]:
    """A ground as a request says it: colours only where they can be seen."""
    ground = scene.ground
    colours = tuple(c for c in (ground.colour, ground.to) if c)
    visible = scene.coloured or all(c in ("white", "grey", "black") for c in colours)
    return (ground.kind, *colours) if visible else (ground.kind,)


# ---------------------------------------------------------------- words for things


def the(scene: Scene, i: int, rng: Rng, pronoun: bool = True) -> str | None:
    """'the car', 'the blue car', 'the left car', 'it'; None if words can't single the thing out."""
    o = scene.objects[i]
    same = [x for x in scene.objects if x.name == o.name]
    word = noun(o.name, False, rng)
    if len(same) == 1:
        if pronoun and len(scene.objects) == 1 and rng.random() < 0.12:
            return "it"
        colour = f"{colour_word(o.tint, rng)} " if o.tint and scene.coloured and rng.random() < 0.25 else ""
        return f"the {colour}{word}"
    if scene.coloured and o.colour and [x.colour for x in same].count(o.colour) == 1:
        return f"the {colour_word(o.colour, rng)} {word}"
    if len(same) == 2:
        other = same[1] if same[0] is o else same[0]
        if o.size != other.size and rng.random() < 0.5:
            return f"the {'bigger' if o.size > other.size else 'smaller'} {word}"
        how = clear_relation(o, other)
        if how:
            side = {"left": "left", "right": "right", "above": "upper", "below": "lower"}[how]
            tail = {"left": "on the left", "right": "on the right", "above": "at the top", "below": "at the bottom"}[
                how
            ]
            return f"the {side} {word}" if rng.random() < 0.5 else f"the {word} {tail}"
    return None


def _pick(scene: Scene, rng: Rng, test: Callable[[Placed], bool] = lambda o: True) -> tuple[int, str] | None:
    """A thing that passes the test and can be named, with its name."""
    options = [i for i, o in enumerate(scene.objects) if test(o)]
    if not options:
        return None
    i = choice(rng, options)
    words = the(scene, i, rng)
    return (i, words) if words else None


def _new(o: Placed, scene: Scene, rng: Rng) -> str:
    return phrase(Group((replace(o, turn="as drawn"),)), scene, rng, 0.0)[0]


def spots(scene: Scene, o: Placed, test: Callable[[Placed], bool] = lambda o: True) -> list[Placed]:
    """The thing in every free box of the lattice that passes the test, as part of a valid scene."""
    moved = (replace(o, row=r, column=c) for r in range(GRID - o.size + 1) for c in range(GRID - o.size + 1))
    return [m for m in moved if test(m) and valid(scene.plus(m))]


def nearest(options: list[Placed], to: Placed) -> Placed | None:
    """The box whose centre is nearest."""
    return min(
        options, key=lambda m: (m.centre[0] - to.centre[0]) ** 2 + (m.centre[1] - to.centre[1]) ** 2, default=None
    )


# ---------------------------------------------------------------- add, remove, replace


def _some_thing(scene: Scene, rng: Rng, size: int) -> Placed:
    name = choice(rng, NAMES)
    tint = sample_tint(rng, name, 0.35) if scene.coloured else None
    return Placed(name, size, 0, 0, tint)


def _add(scene: Scene, rng: Rng) -> Change | None:
    if len(scene.objects) >= MOST_OBJECTS:
        return None
    new = _some_thing(scene, rng, choice(rng, (2, 3, 3, 4)))
    u = rng.random()
    if u < 0.15 and len(scene.objects) <= 2 and BY_NAME[new.name].plural:
        return _add_two(scene, new, rng)
    if u < 0.5 or not scene.objects:
        place = choice(rng, PLACES)
        options = spots(scene, new, lambda m: m.place == place)
        if not options:
            return None
        new = choice(rng, options)
        text = choice(rng, say.ADD).format(n=_new(new, scene, rng), p=at(place, rng))
        return Change(text, scene.plus(new))
    if u < 0.85:
        picked = _pick(scene, rng)
        how = choice(rng, ("left", "right", "above", "below", "on", "beside"))
        if not picked:
            return None
        o = scene.objects[picked[0]]
        best = nearest(spots(scene, new, lambda m: related(how, m, o)), o)
        if best is None or picked[1] == "it":
            return None
        text = choice(rng, say.ADD).format(
            n=_new(best, scene, rng), p=f"{choice(rng, RELATION_WORDS[how])} {picked[1]}"
        )
        return Change(text, scene.plus(best), (best,), (how, best, o))
    options = spots(scene, new)
    if not options:
        return None
    new = choice(rng, options)
    return Change(
        choice(rng, say.ADD).format(n=_new(new, scene, rng), p="").replace("  ", " ").strip(), scene.plus(new), (new,)
    )


def _add_two(scene: Scene, new: Placed, rng: Rng) -> Change | None:
    added: list[Placed] = []
    for _ in range(2):
        options = spots(scene.plus(*added), new)
        if not options:
            return None
        added.append(choice(rng, options))
    words = phrase(Group(tuple(added)), scene, rng, 0.0)[0]
    if words.split()[0] not in [w.split()[0] for w in COUNTS[2]]:
        return None
    text = (
        choice(rng, say.ADD).format(n=words, p="").replace("  ", " ").strip().replace("there should be", "i would like")
    )
    return Change(text, scene.plus(*added), tuple(added))


def _remove(scene: Scene, rng: Rng) -> Change | None:
    if len(scene.objects) < 2 and rng.random() < 0.85:
        return None
    names = [o.name for o in scene.objects]
    repeated = [n for n in dict.fromkeys(names) if names.count(n) > 1]
    if repeated and rng.random() < 0.4:
        name = choice(rng, repeated)
        words = choice(
            rng, ("the {}", "all {}", "all the {}", "both {}" if names.count(name) == 2 else "every one of the {}")
        )
        gone = [i for i, n in enumerate(names) if n == name]
        return Change(choice(rng, say.REMOVE).format(o=words.format(noun(name, True, rng))), scene.without(*gone))
    picked = _pick(scene, rng)
    if not picked:
        return None
    i, words = picked
    if len(scene.objects) > 1 and rng.random() < 0.15:
        return Change(
            choice(rng, say.ALL_BUT).format(o=words), scene.without(*(k for k in range(len(names)) if k != i))
        )
    return Change(choice(rng, say.REMOVE).format(o=words), scene.without(i))


def _replace(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng)
    if not picked:
        return None
    i, words = picked
    new = _some_thing(scene, rng, scene.objects[i].size)
    if new.name in [o.name for o in scene.objects]:
        return None
    target = scene.with_object(i, name=new.name, tint=new.tint, turn="as drawn")
    return Change(choice(rng, say.REPLACE).format(o=words, n=_new(target.objects[i], scene, rng)), target)


# ---------------------------------------------------------------- adjust


def _recolour(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng, lambda o: BY_NAME[o.name].paintable) if scene.coloured else None
    if not picked:
        return None
    i, words = picked
    o = scene.objects[i]
    colour = choice(rng, [c for c in BY_NAME[o.name].colours if c != o.colour])
    tint = None if colour == BY_NAME[o.name].natural else colour
    text = choice(rng, say.RECOLOUR).format(o=words, c=colour_word(colour, rng)).replace(" a orange", " an orange")
    return Change(text, scene.with_object(i, tint=tint))


def _resize(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng)
    if not picked:
        return None
    i, words = picked
    o = scene.objects[i]
    if rng.random() < 0.7:
        step = choice(rng, (1, -1))
        size, text = o.size + step, choice(rng, say.RESIZE[step])
    else:
        size = choice(rng, [s for s in SIZES.values() if s != o.size])
        text = choice(rng, say.SIZED).replace("{s}", choice(rng, SIZE_WORDS[SIZE_NAMES[size]]))
    if size not in SIZE_NAMES:
        return None
    best = nearest(spots(scene.without(i), replace(o, size=size)), o)
    if best is None or best.place != o.place:
        return None
    return Change(text.format(o=words), scene.with_object(i, size=size, row=best.row, column=best.column))


def _adjust(scene: Scene, rng: Rng) -> Change | None:
    return _recolour(scene, rng) if rng.random() < 0.6 else _resize(scene, rng)


# ---------------------------------------------------------------- background and style


def _other_ground(scene: Scene, rng: Rng) -> Ground | None:
    if scene.style == "line":
        return None
    if scene.style == "grey" and rng.random() < 0.5:
        return Ground("solid", choice(rng, ("white", "grey", "black")))
    kind = choice(rng, ("solid", "scenery")) if rng.random() < 0.75 else choice(rng, ("gradient", "checkered"))
    return sample_ground(rng, "scenery" if scene.style == "grey" else kind)


def _background(scene: Scene, rng: Rng) -> Change | None:
    ground = _other_ground(scene, rng)
    own = scene.ground
    if ground is None or (ground.kind, ground.colour, ground.to) == (own.kind, own.colour, own.to):
        return None
    target = replace(scene, ground=ground)
    if ground.kind in SCENERY_PLACES:
        if rng.random() < 0.4:
            text = choice(rng, say.PUT_INTO).format(p=choice(rng, SCENERY_PLACES[ground.kind]))
        else:
            text = choice(rng, say.BACKGROUND).format(c=choice(rng, SCENERY_NAMES[ground.kind]))
    elif ground.kind == "solid":
        shade = (
            f"{SHADE_NAMES[ground.shade]} "
            if ground.shade and ground.colour not in ("white", "black") and rng.random() < 0.5
            else ""
        )
        text = (
            choice(rng, say.BACKGROUND_COLOUR)
            .format(c=shade + colour_word(ground.colour, rng))
            .replace(" a orange", " an orange")
        )
    else:
        words, said = ground_noun(ground, rng)
        while len(said) == 1:
            words, said = ground_noun(ground, rng)
        text = choice(rng, say.BACKGROUND).format(c=words)
    return Change(text, target)


def restyled(scene: Scene, style: str) -> Scene | None:
    """The scene in another style, or None if its colours can't be known."""
    if style == scene.style:
        return None
    neutral = scene.ground.kind not in ("solid", "gradient", "checkered") or scene.ground.colour in (
        "white",
        "grey",
        "black",
    )
    if scene.style == "grey" and not (neutral and all(o.tint is None for o in scene.objects)):
        return None
    if style == "line":
        unpainted = tuple(replace(o, tint=None) for o in scene.objects)
        return replace(scene, objects=unpainted, ground=WHITE, style=style)
    return replace(scene, style=style)


def _style(scene: Scene, rng: Rng) -> Change | None:
    style = choice(rng, STYLES)
    target = restyled(scene, style)
    return target and Change(choice(rng, say.STYLE).format(s=choice(rng, say.STYLE_NAMES[style])), target)


# ---------------------------------------------------------------- actions


def _towards(place: str, rng: Rng) -> str:
    """'to the top left', 'to the middle'."""
    if place == "centre":
        return f"to the {choice(rng, ('centre', 'middle', 'center'))}"
    return f"to the {place}" + (" corner" if " " in place and rng.random() < 0.3 else "")


def _move(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng)
    if not picked:
        return None
    i, words = picked
    o, rest = scene.objects[i], scene.without(i)
    if rest.objects and rng.random() < 0.4:
        how = choice(rng, ("left", "right", "above", "below", "beside", "on"))
        k = choice(rng, [k for k in range(len(scene.objects)) if k != i])
        other = the(scene, k, rng)
        b = scene.objects[k]
        best = nearest(spots(rest, o, lambda m: related(how, m, b) and not related(how, o, b)), o)
        if best is None or other is None:
            return None
        target = scene.with_object(i, row=best.row, column=best.column)
        text = choice(rng, say.MOVE).format(o=words, p=f"{choice(rng, RELATION_WORDS[how])} {other}")
        return Change(text, target, (best,), (how, best, b))
    place = choice(rng, [p for p in PLACES if p != o.place])
    best = nearest(spots(rest, o, lambda m: m.place == place), o)
    if best is None:
        return None
    form = choice(rng, say.MOVE)
    where = at(place, rng) if form in say.BE_AT else _towards(place, rng)
    text = form.format(o=words, p=where)
    return Change(text, scene.with_object(i, row=best.row, column=best.column))


def _turn(scene: Scene, rng: Rng) -> Change | None:
    """Flips and rotations of things as drawn, where one can see them."""
    turn = "mirrored" if rng.random() < 0.4 else choice(rng, tuple(say.ROTATE))
    picked = _pick(scene, rng, lambda o: o.turn == "as drawn" and distinct(o.name, "as drawn", turn))
    if not picked:
        return None
    i, words = picked
    forms = say.FLIP if turn == "mirrored" else say.ROTATE[turn]
    return Change(choice(rng, forms).format(o=words), scene.with_object(i, turn=turn))


def _duplicate(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng, lambda o: BY_NAME[o.name].plural is not None)
    if not picked or len(scene.objects) >= MOST_OBJECTS:
        return None
    i, words = picked
    o = scene.objects[i]
    best = nearest(spots(scene, o, lambda m: m.row == o.row), o) or nearest(spots(scene, o), o)
    if best is None:
        return None
    return Change(choice(rng, say.DUPLICATE).format(o=words), scene.plus(best), (best,))


def _action(scene: Scene, rng: Rng) -> Change | None:
    u = rng.random()
    return (_move if u < 0.45 else _turn if u < 0.78 else _duplicate)(scene, rng)


# ---------------------------------------------------------------- extract


def _extract(scene: Scene, rng: Rng) -> Change | None:
    picked = _pick(scene, rng)
    if not picked or (len(scene.objects) == 1 and scene.ground == WHITE) or scene.style == "sticker":
        return None
    return Change(
        choice(rng, say.EXTRACT).format(o=picked[1]), replace(scene, objects=(scene.objects[picked[0]],), ground=WHITE)
    )


# ---------------------------------------------------------------- two at once, and two pictures

_SINGLE: dict[str, Callable[[Scene, Rng], Change | None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "adjust": _adjust,
    "background": _background,
    "style": _style,
    "action": _action,
    "extract": _extract,
}


def _hybrid(scene: Scene, rng: Rng) -> Change | None:
    first, second = (
        str(k)
        for k in rng.choice(("add", "remove", "replace", "adjust", "action", "background", "style"), 2, replace=False)
    )
    if first == "style":
        first, second = second, first
    a = _SINGLE[first](scene, rng)
    b = a and valid(a.target) and _SINGLE[second](a.target, rng)
    if not b or not a.target.objects:
        return None
    came = [o.name for o in b.target.objects if o not in a.target.objects]
    alone = first == "remove" and len(a.target.objects) == 1 < len(scene.objects) - 1
    unclear = alone or second in ("add", "replace") and any(o.name in came for o in a.target.objects)
    touched_twice = any(o not in scene.objects and o not in b.target.objects for o in a.target.objects)
    unspoken = " it" in f" {a.text}" or " it" in f" {b.text}" and second not in ("background", "style")
    if (
        touched_twice
        or unspoken
        or unclear
        or any(t.startswith(("can you", "please", "i don't", "as ")) for t in (a.text, b.text))
    ):
        return None
    free = tuple(o for o in (*a.free, *b.free) if o in b.target.objects)
    relation = next(
        (r for r in (b.relation, a.relation) if r and r[1] in b.target.objects and r[2] in b.target.objects), None
    )
    return Change(choice(rng, say.JOINED).format(a=a.text, b=b.text), b.target, free, relation)


def _from_other(scene: Scene, other: Scene, n: str, rng: Rng) -> Change | None:
    """A change of `scene` by something of `other`, which is called `n` ("second")."""
    what = choice(rng, ("thing", "thing", "thing", "swap", "ground", "style", "colour"))
    if what == "ground":
        return (
            Change(choice(rng, say.GROUND_OTHER).format(n=n), replace(scene, ground=other.ground))
            if other.coloured
            else None
        )
    if what == "style":
        target = restyled(scene, other.style)
        return target and Change(choice(rng, say.STYLE_OTHER).format(n=n), target)
    theirs, ours = _pick(other, rng), _pick(scene, rng)
    if not theirs or not ours or "it" in (theirs[1], ours[1]) or (scene.coloured and not other.coloured):
        return None
    o, i = other.objects[theirs[0]], ours[0]
    if what == "colour":
        a = scene.objects[i]
        takes = o.colour in BY_NAME[a.name].colours and o.colour != a.colour
        if not (takes and scene.coloured and other.coloured):
            return None
        tint = None if o.colour == BY_NAME[a.name].natural else o.colour
        return Change(
            choice(rng, say.COLOUR_OTHER).format(a=ours[1], o=theirs[1], n=n), scene.with_object(i, tint=tint)
        )
    tint = o.tint if scene.coloured else None
    if what == "swap":
        target = scene.with_object(i, name=o.name, tint=tint, turn=o.turn)
        return Change(choice(rng, say.SWAP_OTHER).format(a=ours[1], o=theirs[1], n=n), target)
    return _thing_from_other(scene, replace(o, tint=tint, size=min(o.size, 3)), theirs[1], i, ours[1], n, rng)


def _thing_from_other(scene: Scene, new: Placed, theirs: str, i: int, ours: str, n: str, rng: Rng) -> Change | None:
    if rng.random() < 0.7:
        how = choice(rng, ("on", "on", "left", "right", "above", "below", "beside"))
        best = nearest(spots(scene, new, lambda m: related(how, m, scene.objects[i])), scene.objects[i])
        where = f"{choice(rng, RELATION_WORDS[how])} {ours}"
        relation = best and (how, best, scene.objects[i])
    else:
        place = choice(rng, PLACES)
        options = spots(scene, new, lambda m: m.place == place)
        best, where, relation = (choice(rng, options) if options else None), at(place, rng), None
    if best is None:
        return None
    text = choice(rng, say.OF_OTHER).format(o=theirs, n=n, p=where)
    return Change(text, scene.plus(best), (best,) if relation else (), relation)


EDIT_KINDS: tuple[str, ...] = (*_SINGLE, "hybrid", "combine")


def _combine(scenes: tuple[Scene, Scene], rng: Rng) -> tuple[Change | None, int]:
    base = int(rng.integers(2))
    n = (
        choice(rng, ("first", "1st"))
        if base == 1 and rng.random() < 0.8
        else choice(rng, ("second", "2nd", "other"))
        if base == 0
        else "other"
    )
    return _from_other(scenes[base], scenes[1 - base], n, rng), base


def edit(
    sources: Scene | tuple[Scene, ...],
    rng: Rng,
    kind: str | None = None,
    allowed: Callable[[Scene], bool] = in_training,
    tries: int = 12,
) -> Edit | None:
    """An instruction whose target is valid and `allowed`, or None if none was found in `tries`.

    sources: one scene, or two for "combine". kind: None = any that the number of sources allows.
    """
    scenes = sources if isinstance(sources, tuple) else (sources,)
    if (len(scenes) == 2) != (kind == "combine") and kind is not None:
        raise ValueError(f"{kind} takes {2 if kind == 'combine' else 1} pictures, not {len(scenes)}")
    for _ in range(tries):
        own, base = kind or ("combine" if len(scenes) == 2 else choice(rng, EDIT_KINDS[:-1])), 0
        if own == "combine":
            change, base = _combine(scenes, rng)
        else:
            change = (_hybrid if own == "hybrid" else _SINGLE[own])(scenes[0], rng)
        if change and valid(change.target) and allowed(change.target):
            request = _request(change, scenes[base])
            if not holds(scenes[base], request):
                return Edit(own, typed(change.text, rng, ".", 0.08), scenes, change.target, request, base)
    return None
