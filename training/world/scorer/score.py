"""Verdicts by arithmetic: a picture against a request, an edit against its target, texts against the right ones."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import permutations, product

import numpy as np

from training.data.vocabulary import lab
from training.scorer.score import psnr

from ..grounds import CELL, PIXELS
from ..phrases import COUNTS, PLACE_WORDS
from ..requests import Related, Request, Wanted
from ..vocabulary import BY_NAME, COLOUR_NAMES, PLACES, SIZES, THINGS, rgb
from .backdrop import shrunk
from .cases import EditCase
from .detect import LAST, Detection, Sight, matches, see
from .templates import Look, natural_colour, paint_mask, template

PLACE_SLACK = 8.0
"""Pixels a centre may lie outside its ninth of the picture."""
SIZE_SLACK = 6.0
"""Pixels by which an edge may lie nearer to another size's."""
RELATION_SHARE = 0.6
"""Centres must differ by this share of the mean half edge on the named axis."""
TOUCHING, BESIDE_GAP, ONE_HEIGHT = 20.0, 76.0, 44.0
"""Pixels: gap below a thing that stands on another; gap and difference in height of neighbours."""
COLOUR_SLACK = 4.0
"""Lab distance by which an asked colour may be farther than the nearest."""
TINT_SLACK = 0.01
"""Correlation by which pixel art may match another paint better than the asked one."""
TURN_SLACK = 0.01
"""Correlation by which a thing may match another turn better than the asked one."""
STYLE_SLACK = 0.01
"""Mean correlation by which the things may match another style better than the asked one."""
KEPT_WITHIN = 12.0
"""Pixels an untouched thing may move in an edit."""
LEAST_PSNR = 24.0
"""dB outside the changed boxes of an edit."""
ALLOWANCE, PIXEL_ALLOWANCE = 2, 5
"""Pixels of the finest view around a known thing that still belong to it: in pixel art, a block more."""
STRAY = 0.03
"""Mean squared RGB difference from the ground, over 32 x 32 px without a known thing, from which something is there."""


@dataclass(frozen=True)
class Verdict:
    """checks: each thing asked for and whether it is there. match: least correlation among the things found."""

    checks: dict[str, bool] = field(default_factory=dict)
    match: float = 1.0

    @property
    def ok(self) -> bool:
        return all(self.checks.values())


# ---------------------------------------------------------------- what a detection is


@lru_cache(None)
def _anchors(name: str, art: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Colour names and their Lab values: the twelve, and the natural look under its name."""
    names, values = list(COLOUR_NAMES), [lab(rgb(c)) for c in COLOUR_NAMES]
    if BY_NAME[name].natural:
        names.append(BY_NAME[name].natural)
        values.append(lab(natural_colour(name, art)))
    return tuple(names), np.stack(values)


def colours_of(picture: np.ndarray, d: Detection) -> set[str]:
    """The names that fit the median colour over the part of a thing that carries its colour."""
    mask = paint_mask(d.look, round(d.edge))
    rows, columns = np.nonzero(mask)
    ys, xs = rows + round(d.y), columns + round(d.x)
    inside = (ys >= 0) & (ys < PIXELS) & (xs >= 0) & (xs < PIXELS)
    if not inside.any():
        return set()
    median = np.median(lab(picture[ys[inside], xs[inside]].astype(np.float32) / 255), 0)
    names, values = _anchors(d.name, d.look.art)
    away = np.sqrt(((values - median) ** 2).sum(-1))
    return {n for n, a in zip(names, away, strict=True) if a <= away.min() + COLOUR_SLACK}


def has_size(d: Detection, size: str) -> bool:
    """Whether no other size's edge is nearer by more than the slack; the edge is 4 px short of the box."""
    away = {name: abs(d.edge + 4 - cells * CELL) for name, cells in SIZES.items()}
    return away[size] <= min(away.values()) + 2 * SIZE_SLACK


def match_as(sight: Sight, d: Detection, look: Look) -> float:
    """How well another look matches where a thing was found."""
    n = -(-int(d.edge) // LAST)
    side = len(sight.last.layers)
    corner = [round((c + d.edge / 2) / LAST - n / 2) for c in (d.y, d.x)]
    ys, xs = (np.clip(np.arange(c - 1, c + 2), 0, side - n) for c in corner)
    ys, xs = (a.ravel() for a in np.meshgrid(ys, xs, indexing="ij"))
    return float(matches(sight.last, look, int(d.edge), ys, xs)[0].max())


def is_turned(sight: Sight, d: Detection, turn: str) -> bool:
    """Whether a thing matches the asked turn about as well as the one it was found in."""
    turns = ("turned left", "turned right") if turn == "sideways" else (turn,)
    return d.turn in turns or any(
        match_as(sight, d, Look(d.name, d.style, d.tint, t)) >= d.match - TURN_SLACK for t in turns
    )


def has_colour(sight: Sight, d: Detection, colour: str) -> bool:
    """Whether the name fits the thing's colour; in pixel art, which mixes colours, also by the painted template."""
    if colour in colours_of(sight.picture, d):
        return True
    tint = None if colour == BY_NAME[d.name].natural else colour
    return d.style == "pixel" and match_as(sight, d, Look(d.name, d.style, tint, d.turn)) >= d.match - TINT_SLACK


def in_place(centre: tuple[float, float], place: str) -> bool:
    """Whether a centre (y, x in px) lies in the named ninth."""
    third = PIXELS / 3
    thirds = divmod(PLACES.index(place), 3)
    return all(t * third - PLACE_SLACK <= c <= (t + 1) * third + PLACE_SLACK for t, c in zip(thirds, centre, strict=True))


_SIDES = {"left": (1, 0), "right": (1, 2), "top": (0, 0), "bottom": (0, 2)}


def placed(members: tuple[Detection, ...], place: str) -> bool:
    """One thing lies in that ninth; several there or, for the four sides, along the side."""
    if len(members) == 1 or place not in _SIDES:
        return all(in_place(d.centre, place) for d in members)
    axis, third = _SIDES[place]
    low, high = third * PIXELS / 3 - PLACE_SLACK, (third + 1) * PIXELS / 3 + PLACE_SLACK
    return all(low <= d.centre[axis] <= high for d in members)


_AXES = {"left": (1, -1), "right": (1, 1), "above": (0, -1), "below": (0, 1)}


def related(how: str, a: Detection, b: Detection) -> bool:
    """How `a` lies to `b`."""
    dy, dx = a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]
    if how == "on":
        touching = abs(a.y + a.edge - b.y) <= TOUCHING
        return touching and abs(dx) <= b.edge / 4 + PLACE_SLACK
    if how == "beside":
        gap = abs(dx) - (a.edge + b.edge) / 2
        return abs(dx) > abs(dy) and abs(dy) <= ONE_HEIGHT and -TOUCHING <= gap <= BESIDE_GAP
    axis, sign = _AXES[how]
    return sign * (dy, dx)[axis] > RELATION_SHARE * (a.edge + b.edge) / 4


def between(c: Detection, a: Detection, b: Detection) -> bool:
    """`c` lies between `a` and `b`, on a row or a column of the three."""
    for how in _AXES:
        across = 1 - _AXES[how][0]
        if related(how, a, c) and related(how, c, b):
            return all(abs(c.centre[across] - o.centre[across]) <= ONE_HEIGHT for o in (a, b))
    return False


# ---------------------------------------------------------------- pictures

Members = tuple[tuple[Detection, ...], ...]


def _shares(found: tuple[Detection, ...], wanted: tuple[Wanted, ...]) -> Iterator[Members]:
    """Every way to give each wanted things of its class, as many as there are."""
    names = dict.fromkeys(w.name for w in wanted)
    orders = [permutations([d for d in found if d.name == name]) for name in names]
    for order in product(*orders):
        left = {name: list(own) for name, own in zip(names, order, strict=True)}
        members = []
        for w in wanted:
            own = left[w.name]
            count = w.count or max(2, len(own) - sum(v.count or 2 for v in wanted if v.name == w.name and v is not w))
            members.append(tuple(own[:count]))
            del own[:count]
        yield tuple(members)


def _relation_holds(r: Related, members: Members) -> bool:
    ones, others = members[r.a], members[r.b]
    if not ones or not others:
        return False
    if r.how != "between":
        return all(related(r.how, a, b) for a, b in product(ones, others))
    if r.c is None:
        return len(others) == 2 and all(between(a, *others) for a in ones)
    return bool(members[r.c]) and all(between(a, b, c) for a, b, c in product(ones, others, members[r.c]))


def _member_checks(sight: Sight, request: Request, members: Members) -> dict[str, bool]:
    """What was said of the things, for one way to share them out."""
    checks: dict[str, bool] = {}
    for i, (w, own) in enumerate(zip(request.objects, members, strict=True)):
        said = {
            "colour": lambda d, w=w: has_colour(sight, d, w.colour),
            "size": lambda d, w=w: has_size(d, w.size),
            "turn": lambda d, w=w: is_turned(sight, d, w.turn),
        }
        for what, test in said.items():
            if getattr(w, what):
                checks[f"{what} {w.name} {i}"] = bool(own) and all(test(d) for d in own)
        if w.place:
            checks[f"place {w.name} {i}"] = bool(own) and placed(own, w.place)
    for r in request.relations:
        checks[f"relation {r.how}"] = _relation_holds(r, members)
    return checks


def judge(sight: Sight, request: Request) -> Verdict:
    """Whether what was seen in a picture is exactly what was asked for."""
    found = sight.found
    asked = Counter({w.name: 0 for w in request.objects})
    for w in request.objects:
        asked[w.name] += w.count or 2
    several = {w.name for w in request.objects if w.count is None}
    there = Counter(d.name for d in found)
    checks = {f"object {name}": there[name] >= min(1, n) for name, n in asked.items()}
    for name, n in asked.items():
        checks[f"count {name}"] = there[name] == n or (name in several and there[name] > n)
    checks["else"] = set(there) <= set(asked) and not strays(sight)
    for name in request.without:
        checks[f"without {name}"] = there[name] == 0
    ways = (_member_checks(sight, request, m) for m in _shares(found, request.objects))
    checks |= max(ways, key=lambda c: sum(c.values()), default={})
    if request.ground:
        checks["ground"] = sight.backdrop.accepts(request.ground)
    if request.style:
        checks["style"] = has_style(sight, request.style)
    return Verdict(checks, min((d.match for d in found), default=1.0))


def score(picture: np.ndarray, request: Request) -> Verdict:
    """The same from uint8 [256, 256, 3]."""
    return judge(see(picture), request)


def _footprints(sight: Sight, wide: int = 1) -> np.ndarray:
    """bool [128, 128]: where the found things lie, `wide` pixels of the view more."""
    side = len(sight.last.layers)
    taken = np.zeros((side + 96, side + 96), bool)
    for d in sight.found:
        alpha = template(d.look, int(d.edge), LAST)[..., 3] > 0.05
        n = len(alpha)
        y, x = (max(0, round((c + d.edge / 2) / LAST - n / 2)) for c in (d.y, d.x))
        taken[y : y + n, x : x + n] |= alpha
    taken = taken[:side, :side]
    for axis in (0, 1):
        taken = taken | np.any([np.roll(taken, k, axis) for k in range(-wide, wide + 1)], 0)
    return taken


def strays(sight: Sight) -> bool:
    """Whether something stands out that is no known thing."""
    wide = PIXEL_ALLOWANCE if sight.backdrop.blocky else ALLOWANCE
    energy = np.where(_footprints(sight, wide), 0, sight.last.layers[..., 8])
    blocks = shrunk(energy[..., None], 8)[..., 0]
    windows = (blocks[1:, 1:] + blocks[:-1, 1:] + blocks[1:, :-1] + blocks[:-1, :-1]) / 4
    return bool(windows.max() > STRAY)


# ---------------------------------------------------------------- styles


def has_style(sight: Sight, style: str) -> bool:
    """Whether the things match the style's art about best; without colour, with blocks, if the style has them.

    A colourless picture of colourless things may be 3-D, flat or a sticker all the same.
    """
    behind, found = sight.backdrop, sight.found
    if (style == "pixel") != behind.blocky or (style in ("grey", "line") and not behind.grey):
        return False
    if style == "line" and (behind.ground.kind, behind.ground.colour) != ("solid", "white"):
        return False
    if not found or style == "pixel":
        return True
    kinds = {"grey": ("grey", "line"), "line": ("grey", "line")}.get(style, ("3d", "flat", "sticker", "line"))
    if behind.grey and style not in kinds[:2]:
        kinds = (*kinds, "grey")
    means = {k: float(np.mean([_as_style(sight, d, k) for d in found])) for k in kinds}
    return means[style] >= max(means.values()) - STYLE_SLACK


def _as_style(sight: Sight, d: Detection, style: str) -> float:
    tint = d.tint if style in ("3d", "flat", "sticker") else None
    return d.match if style == d.style else match_as(sight, d, Look(d.name, style, tint, d.turn))


# ---------------------------------------------------------------- edits


def score_edit(before: np.ndarray, after: np.ndarray, case: EditCase, sight: Sight | None = None) -> Verdict:
    """The target's request holds, untouched things stay where they were, and so do the pixels elsewhere.

    Pixels are compared if neither the ground nor the style changes.
    """
    sight = sight or see(after)
    verdict = judge(sight, case.request)
    checks = dict(verdict.checks)
    source, target = case.source, case.target
    for o in source.objects:
        if o in target.objects:
            centre = tuple(c * CELL + shift for c, shift in zip(o.centre, source.offset, strict=True))
            near = [d for d in sight.found if d.name == o.name and np.hypot(*np.subtract(d.centre, centre)) <= KEPT_WITHIN]
            checks[f"kept {o.name}"] = bool(near) and checks.get(f"kept {o.name}", True)
    if source.ground == target.ground and source.style == target.style:
        checks["rest"] = psnr(before, after, _untouched(case, sight)) >= LEAST_PSNR
    return Verdict(checks, verdict.match)


def _untouched(case: EditCase, sight: Sight) -> np.ndarray:
    """bool [256, 256]: outside the boxes of what goes and comes, 8 px wider, in the target and as detected."""
    source, target = case.source.objects, case.target.objects
    kept = [o for o in source if o in target]
    boxes = [(o.row * CELL, o.column * CELL, o.size * CELL) for o in (*source, *target) if o not in kept]
    for d in sight.found:
        stays = any(np.hypot(*np.subtract(d.centre, [c * CELL for c in o.centre])) <= KEPT_WITHIN for o in kept)
        if not stays:
            boxes.append((round(d.y), round(d.x), round(d.edge)))
    outside = np.ones((PIXELS, PIXELS), bool)
    for y, x, edge in boxes:
        outside[max(0, y - 8) : y + edge + 8, max(0, x - 8) : x + edge + 8] = False
    return outside


# ---------------------------------------------------------------- texts


def answer_ok(said: str, right: str) -> bool:
    """Word for word, apart from case, spaces and a mark at the end."""
    plain = [" ".join(text.lower().split()).rstrip(".!? ") for text in (said, right)]
    return plain[0] == plain[1]


@lru_cache(1)
def _described() -> re.Pattern:
    """A thing as a description says it: count or article, colour, noun, place."""
    nouns = sorted({n for t in THINGS for n in (t.name, t.plural) if n}, key=len, reverse=True)
    numbers = sorted({w for words in COUNTS.values() for w in words}, key=len, reverse=True)
    places = sorted((words[0] for words in PLACE_WORDS.values()), key=len, reverse=True)
    choices = ("|".join(map(re.escape, words)) for words in (numbers, COLOUR_NAMES, nouns, places))
    number, colour, noun, place = choices
    return re.compile(rf"(?<!\w)(?:(?P<n>{number}|an?) )?(?:(?P<c>{colour}) )?(?P<o>{noun})(?!\w)(?: (?P<p>{place}))?")


def described(text: str) -> Counter[tuple[str, str | None, str | None]]:
    """(class, colour said, place said) of every thing of a description, with how many."""
    numbers = {word: n for n, words in COUNTS.items() for word in words}
    names = {n: t.name for t in THINGS for n in (t.name, t.plural) if n}
    things: Counter = Counter()
    body = re.split(r" (?:in|on|under) (?:a|an|the) (?!centre|middle|center|left|right|top|bottom)", text.lower())[0]
    for found in _described().finditer(body):
        things[names[found["o"]], found["c"], found["p"]] += numbers.get(found["n"], 1)
    return things


def description_ok(said: str, right: str) -> tuple[bool, bool]:
    """(all things and how many, these with colour and place too)."""
    own, asked = described(said), described(right)
    classes = [Counter() for _ in range(2)]
    for total, things in zip(classes, (own, asked), strict=True):
        for (name, _, _), n in things.items():
            total[name] += n
    return classes[0] == classes[1], own == asked
