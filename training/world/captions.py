"""Prompts as people type them, each with the Request that its words make."""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from training.data.scenes import choice

from .grounds import Ground
from .phrases import (
    BACKGROUND_WORDS,
    CHECKERED_WORDS,
    COLOUR_WORDS,
    COUNTS,
    PLACE_WORDS,
    PROMPT_LEADS,
    RELATION_TO_IT,
    RELATION_WORDS,
    SCENERY_NAMES,
    SCENERY_PLACES,
    SHADE_WORDS,
    SIZE_WORDS,
    STYLE_LEADS,
    STYLE_TAILS,
    TOGETHER_WORDS,
    TURN_WORDS,
    article,
    plural_of,
)
from .requests import Related, Request, Wanted, placed_at
from .scenes import Placed, Scene, beside, between, clear_relation, stands_on
from .vocabulary import BY_NAME, NAMES, PLACES

Rng = np.random.Generator


@dataclass(frozen=True)
class Caption:
    """A prompt and what it asks for."""

    text: str
    request: Request


@dataclass(frozen=True)
class Detail:
    """How much is said: probabilities."""

    size: float
    where: float
    ground: float
    quiet_ground: float


FULL = Detail(size=0.4, where=0.9, ground=0.97, quiet_ground=0.8)
SHORT = Detail(size=0.08, where=0.3, ground=0.6, quiet_ground=0.2)
FULL_SHARE = 0.7


# ---------------------------------------------------------------- noun phrases


@dataclass(frozen=True)
class Group:
    """Things that are said in one breath: alike but for size and place."""

    members: tuple[Placed, ...]

    @property
    def one(self) -> Placed:
        return self.members[0]

    @property
    def single(self) -> bool:
        return len(self.members) == 1


def reading_order(objects: tuple[Placed, ...]) -> list[Placed]:
    """Top to bottom in thirds of the picture, left to right within."""
    return sorted(objects, key=lambda o: (int(o.centre[0] * 3 / 8), o.centre[1]))


def groups(scene: Scene) -> list[Group]:
    """The scene's things in reading order, those of one class, paint and turn together."""
    found: dict[tuple, list[Placed]] = {}
    for o in reading_order(scene.objects):
        found.setdefault((o.name, o.tint, o.turn), []).append(o)
    return [Group(tuple(members)) for members in found.values()]


def noun(name: str, plural: bool, rng: Rng) -> str:
    """The class's name or, one time in five, a synonym."""
    thing = BY_NAME[name]
    if thing.synonyms and rng.random() < 0.2:
        synonym = choice(rng, thing.synonyms)
        return plural_of(synonym) if plural else synonym
    return thing.plural if plural else name


def colour_word(colour: str, rng: Rng) -> str:
    spellings = COLOUR_WORDS[colour]
    return choice(rng, spellings[1:]) if len(spellings) > 1 and rng.random() < 0.25 else colour


def said_turn(turn: str) -> str | None:
    """The word for a turn, a key of TURN_WORDS, or None for as drawn."""
    return {"as drawn": None, "turned left": "sideways", "turned right": "sideways"}.get(turn, turn)


def _adjectives(group: Group, scene: Scene, rng: Rng, sized: float) -> tuple[list[str], dict[str, str | None]]:
    """Words before the noun and what they say. Paint is always said, so are turns but for mirroring."""
    o, said, words = group.one, {"colour": None, "size": None, "turn": None}, []
    if len({m.size for m in group.members}) == 1 and rng.random() < sized:
        said["size"] = o.size_name
        words.append(choice(rng, SIZE_WORDS[o.size_name]))
    turn = said_turn(o.turn)
    if turn and (turn != "mirrored" or rng.random() < 0.3):
        said["turn"] = turn
        words.append(choice(rng, TURN_WORDS[turn]))
    if scene.coloured and (o.tint or (o.colour and rng.random() < 0.1)):
        said["colour"] = o.colour
        words.append(colour_word(o.colour, rng))
    return words, said


def sole(group: Group, scene: Scene) -> bool:
    """Whether the scene has no further things of the class."""
    return sum(o.name == group.one.name for o in scene.objects) == len(group.members)


def phrase(group: Group, scene: Scene, rng: Rng, sized: float = 0.1) -> tuple[str, Wanted]:
    """('two small red cars', what it says)."""
    adjectives, said = _adjectives(group, scene, rng, sized)
    name, count = group.one.name, len(group.members)
    words = " ".join([*adjectives, noun(name, count > 1, rng)])
    wanted = Wanted(name, count, **said)
    if count > 1:
        if rng.random() < 0.06 and BY_NAME[name].plural != name:
            return words, replace(wanted, count=None)
        return f"{choice(rng, COUNTS[count])} {words}", wanted
    u = rng.random()
    if BY_NAME[name].plural is None and name != "earth" and words.split(" ")[-1] == name:
        return f"some {words}" if u < 0.2 else words, wanted
    if name in ("sun", "moon", "earth") and u < 0.5 and sole(group, scene):
        return f"the {words}", wanted
    if u < 0.1:
        return words, wanted
    return f"one {words}" if u < 0.13 else f"{article(words)} {words}", wanted


def at(place: str, rng: Rng) -> str:
    """'at the top left' and its like; the first forms are the commonest."""
    forms = PLACE_WORDS[place]
    return choice(rng, forms[:4] if rng.random() < 0.7 else forms)


# ---------------------------------------------------------------- grounds and styles


def _is_quiet(ground: Ground) -> bool:
    return ground.kind == "solid" and (ground.colour == "white" or ground.shade == 1)


def ground_noun(ground: Ground, rng: Rng) -> tuple[str, tuple[str, ...]]:
    """('a light blue background', what it says)."""
    back = choice(rng, BACKGROUND_WORDS) if rng.random() < 0.2 else "background"
    if ground.kind == "solid":
        colour, said = colour_word(ground.colour, rng), ("solid", ground.colour)
        if ground.shade and ground.colour not in ("white", "black") and rng.random() < 0.6:
            word = choice(rng, SHADE_WORDS[ground.shade]) if rng.random() < 0.3 else SHADE_WORDS[ground.shade][0]
            colour, said = f"{word} {colour}", (*said, SHADE_WORDS[ground.shade][0])
        words = f"{colour} {back}"
    elif ground.kind == "gradient":
        a, b = colour_word(ground.colour, rng), colour_word(ground.to, rng)
        said = ("gradient", ground.colour, ground.to)
        words = choice(rng, (f"gradient from {a} to {b}", f"{a} to {b} gradient", f"gradient {back} from {a} to {b}"))
    else:
        word = choice(rng, CHECKERED_WORDS)
        if rng.random() < 0.3:
            words, said = f"{word} {back}", ("checkered",)
        else:
            a, b = (ground.colour, ground.to) if rng.random() < 0.5 else (ground.to, ground.colour)
            words, said = f"{colour_word(a, rng)} and {colour_word(b, rng)} {word} {back}", ("checkered", a, b)
    return f"{article(words)} {words}", said


def ground_tail(ground: Ground, rng: Rng) -> tuple[str, tuple[str, ...]]:
    """('on a blue background', what it says)."""
    if ground.kind in SCENERY_PLACES:
        if rng.random() < 0.75:
            return choice(rng, SCENERY_PLACES[ground.kind]), (ground.kind,)
        name = choice(rng, SCENERY_NAMES[ground.kind])
        return choice(rng, ("in front of {}", "with {} as background", "with {} in the background")).format(name), (
            ground.kind,
        )
    words, said = ground_noun(ground, rng)
    if ground.kind == "solid" and rng.random() < 0.12:
        return f"on {words.split(' ', 1)[1].rsplit(' ', 1)[0]}", said
    bare = words.split(" ", 1)[1]
    return choice(
        rng, (f"on {words}", f"on {words}", f"with {words}", f"against {words}", f"in front of {words}", bare)
    ), said


def ground_lead(ground: Ground, rng: Rng) -> tuple[str, tuple[str, ...]]:
    """('a beach with {}', what it says)."""
    if ground.kind in SCENERY_PLACES:
        name = choice(rng, SCENERY_NAMES[ground.kind])
        where = choice(rng, SCENERY_PLACES[ground.kind])
        return choice(rng, (f"{name} with {{}}", f"{where}, {{}}", f"{where} there is {{}}", f"{name}, {{}}")), (
            ground.kind,
        )
    words, said = ground_noun(ground, rng)
    return choice(rng, (f"{words} with {{}}", f"on {words} {{}}", f"{words}, {{}}", f"on {words}, {{}}")), said


# ---------------------------------------------------------------- the things and how they lie

Core = tuple[str, list[Wanted], list[Related]]


def joined(parts: list[str], rng: Rng) -> str:
    """'a, b and c', now and then with other connectives."""
    if len(parts) == 1:
        return parts[0]
    u = rng.random()
    if u < 0.08:
        return ", ".join(parts)
    if u < 0.13:
        return " and ".join(parts)
    last = choice(rng, (" and ", " and ", " and ", ", and ", " & ", " plus ", " with "))
    return ", ".join(parts[:-1]) + last + parts[-1]


def common_place(group: Group) -> str | None:
    """The place that holds for all of a group: a thing's ninth, or the side along which several lie."""
    fits = [p for p in PLACES if placed_at(group.members, p)]
    return fits[0] if fits else None


def _listed(parts: list[Group], scene: Scene, rng: Rng, detail: Detail) -> Core:
    """A list, by lot with the place of each."""
    said = [phrase(g, scene, rng, detail.size) for g in parts]
    if rng.random() >= detail.where:
        return joined([words for words, _ in said], rng), [w for _, w in said], []
    front = rng.random() < 0.12
    texts, wanted = [], []
    for g, (words, want) in zip(parts, said, strict=True):
        place = common_place(g)
        if place:
            where = at(place, rng)
            words = f"{where} {words}" if front else f"{words} {where}"
            want = replace(want, place=place)
        texts.append(words)
        wanted.append(want)
    if front:
        return ", ".join(texts), wanted, []
    return joined(texts, rng), wanted, []


def relations_of(scene: Scene, a: Group, b: Group) -> list[str]:
    """All that can be said of two single things, `a` to `b`."""
    if not (a.single and b.single):
        hows = {clear_relation(x, y) for x in a.members for y in b.members}
        return [how for how in hows if how] if len(hows) == 1 else []
    found = [how for how in [clear_relation(a.one, b.one)] if how]
    if stands_on(a.one, b.one):
        found += ["on", "on"]
    if beside(a.one, b.one):
        found.append("beside")
    return found


def _paired(a: Group, b: Group, how: str, scene: Scene, rng: Rng, detail: Detail) -> Core:
    """'a cat left of a dog' and its like, for two groups that lie so."""
    (first, want_a), (second, want_b) = (phrase(g, scene, rng, detail.size) for g in (a, b))
    wanted = [want_a, want_b]
    u = rng.random()
    if how == "beside" and u < 0.4:
        return f"{first} and {second} {choice(rng, TOGETHER_WORDS)}", wanted, [Related(how, 0, 1)]
    if a.single and b.single and how != "between" and u < 0.12:
        text = f"{second} with {first} {choice(rng, RELATION_TO_IT[how])}"
        return text, [want_b, want_a], [Related(how, 1, 0)]
    if a.single and b.single and u < 0.22 and a.one.name != b.one.name:
        words = choice(rng, RELATION_WORDS[how])
        text = f"{first} and {second}. the {a.one.name} is {words} the {b.one.name}"
        return text, wanted, [Related(how, 0, 1)]
    return (
        f"{first} {choice(rng, RELATION_WORDS[how])} {_definite(second, b, scene, rng)}",
        wanted,
        [Related(how, 0, 1)],
    )


def _definite(words: str, group: Group, scene: Scene, rng: Rng) -> str:
    """Relations name their second thing with an article, so that 'on' never meets a bare noun."""
    bare = words.split(" ", 1)[0] not in ("a", "an", "the", "one", "some", "two", "2", "three", "3", "four", "4")
    if not bare or not group.single or BY_NAME[group.one.name].plural is None:
        return words
    return f"the {words}" if rng.random() < 0.3 and sole(group, scene) else f"{article(words)} {words}"


def _amid(scene: Scene, parts: list[Group], rng: Rng, detail: Detail) -> Core | None:
    """'a snowman between two trees', 'a cat between a dog and a tree'."""
    for middle in parts:
        if not middle.single:
            continue
        for a, b in permutations([g for g in parts if g is not middle and g.single], 2):
            if len(parts) == 3 and between(middle.one, a.one, b.one):
                said = [phrase(g, scene, rng, detail.size) for g in (middle, a, b)]
                one, other = (_definite(words, g, scene, rng) for (words, _), g in zip(said[1:], (a, b), strict=True))
                text = f"{said[0][0]} {choice(rng, RELATION_WORDS['between'])} {one} and {other}"
                return text, [w for _, w in said], [Related("between", 0, 1, 2)]
        for pair in (g for g in parts if len(g.members) == 2):
            if len(parts) == 2 and between(middle.one, *pair.members):
                said = [phrase(g, scene, rng, detail.size) for g in (middle, pair)]
                text = f"{said[0][0]} {choice(rng, RELATION_WORDS['between'])} {said[1][0]}"
                return text, [w for _, w in said], [Related("between", 0, 1)]
    return None


def _core(scene: Scene, rng: Rng, detail: Detail) -> Core:
    """What is there and how it lies."""
    parts = groups(scene)
    if rng.random() < 0.5:
        parts = [parts[i] for i in rng.permutation(len(parts))]
    if len(parts) == 1 or rng.random() >= detail.where:
        return _listed(parts, scene, rng, detail)
    if rng.random() < 0.5:
        amid = _amid(scene, parts, rng, detail)
        if amid:
            return amid
    a, b, *rest = parts
    hows = relations_of(scene, a, b)
    if hows and rng.random() < 0.6:
        text, wanted, relations = _paired(a, b, choice(rng, hows), scene, rng, detail)
        if not rest:
            return text, wanted, relations
        more, others, _ = _listed(rest, scene, rng, replace(detail, where=detail.where if len(rest) == 1 else 0.5))
        return f"{text}, {choice(rng, ('and', 'plus', 'with', 'and'))} {more}", wanted + others, relations
    return _listed(parts, scene, rng, detail)


# ---------------------------------------------------------------- captions


def _absent(scene: Scene, rng: Rng) -> tuple[str, str]:
    """('without a dog', 'dog')."""
    name = choice(rng, [n for n in NAMES if n not in {o.name for o in scene.objects}])
    thing = BY_NAME[name]
    one = name if thing.plural is None else f"{article(name)} {name}"
    return choice(
        rng, (f"without {one}", f"without any {thing.plural or name}", f"but no {name}", f"no {thing.plural or name}")
    ), name


def typed(text: str, rng: Rng, end: str = "", ended: float = 0.0) -> str:
    """As typed: capitals, the closing mark with probability `ended`, now and then doubled or missing marks."""
    u = rng.random()
    if u < 0.25:
        text = text[0].upper() + text[1:]
    elif u < 0.27:
        text = text.upper()
    elif u < 0.29:
        text = text.title()
    v = rng.random()
    if v < 0.03:
        text = text.replace(", ", " ,")
    elif v < 0.06:
        text = text.replace(", ", ",")
    elif v < 0.08:
        text = text.replace(" ", "  ", 1)
    if rng.random() < ended:
        text += end if rng.random() < 0.9 else choice(rng, ("!", "..", " ."))
    return text


def caption(scene: Scene, rng: Rng, detail: Detail | None = None, leads: tuple[str, ...] = PROMPT_LEADS) -> Caption:
    """A prompt that the scene fulfils; `detail` None = 70 % full, 30 % short. leads: what one in five begins with."""
    detail = detail or (FULL if rng.random() < FULL_SHARE else SHORT)
    text, wanted, relations = _core(scene, rng, detail)
    without, ground, style = (), None, None
    if rng.random() < 0.05:
        words, name = _absent(scene, rng)
        text, without = f"{text}, {words}", (name,)
    says_ground = rng.random() < (detail.quiet_ground if _is_quiet(scene.ground) else detail.ground)
    if scene.style == "line" or (scene.style == "grey" and scene.ground.kind == "solid"):
        says_ground = says_ground and rng.random() < 0.2
    ground_first = says_ground and rng.random() < 0.15
    if says_ground:
        if ground_first:
            form, ground = ground_lead(scene.ground, rng)
            text = form.format(text)
        else:
            words, ground = ground_tail(scene.ground, rng)
            text += choice(rng, (" ", " ", ", ")) + words
    if scene.style != "3d" or rng.random() < 0.06:
        style = scene.style
        lead = rng.random() < 0.5 and not ground_first
        text = choice(rng, STYLE_LEADS[style]).format(text) if lead else text + choice(rng, STYLE_TAILS[style])
    elif rng.random() < 0.2:
        text = choice(rng, leads).format(text)
    request = Request(tuple(wanted), tuple(relations), ground, style, without)
    return Caption(typed(text, rng, ".", 0.07), request)


# ---------------------------------------------------------------- the description


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


PLACE_ANSWER = {p: PLACE_WORDS[p][0] for p in PLACES}


def named(o: Placed, coloured: bool = True) -> str:
    """'a red car', 'grapes'."""
    words = f"{o.tint} {o.name}" if o.tint and coloured else o.name
    return words if BY_NAME[o.name].plural is None else f"{article(words)} {words}"


def group_named(group: Group, coloured: bool = True) -> str:
    """'two red cars'."""
    o, count = group.one, len(group.members)
    if count == 1:
        return named(o, coloured)
    colour = f"{o.tint} " if o.tint and coloured else ""
    return f"{COUNTS[count][0]} {colour}{BY_NAME[o.name].plural}"


def ground_answer(ground: Ground) -> str:
    """'blue', 'a gradient from red to blue', 'a beach'."""
    if ground.kind == "solid":
        return ground.colour
    if ground.kind == "gradient":
        return f"a gradient from {ground.colour} to {ground.to}"
    if ground.kind == "checkered":
        return f"{ground.colour} and {ground.to} checkered"
    return SCENERY_NAMES[ground.kind][0]


def ground_described(ground: Ground, coloured: bool) -> str:
    """'on a blue background', 'on a beach'."""
    if ground.kind in SCENERY_PLACES:
        return SCENERY_PLACES[ground.kind][0]
    if not coloured:
        return ""
    if ground.kind == "gradient":
        return f"on {ground_answer(ground)}"
    words = f"{ground_answer(ground)} background"
    return f"on {article(words)} {words}"


STYLE_ANSWER = {
    "3d": "3d",
    "flat": "flat",
    "pixel": "pixel art",
    "line": "line drawing",
    "grey": "black and white",
    "sticker": "sticker",
}


def describe(scene: Scene) -> str:
    """The one-sentence description: every group with paint and place, the ground, and a style other than 3-D."""
    parts = []
    for g in groups(Scene(tuple(replace(o, turn="as drawn") for o in scene.objects), scene.ground, scene.style)):
        place = common_place(g)
        parts.append(group_named(g, scene.coloured) + (f" {PLACE_ANSWER[place]}" if place else ""))
    text = _list(parts) if parts else "nothing"
    ground = ground_described(scene.ground, scene.coloured)
    text = f"{text} {ground}" if ground else text
    return text if scene.style == "3d" else f"{text}, {STYLE_ANSWER[scene.style]}"
