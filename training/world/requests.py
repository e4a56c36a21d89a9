"""What a text asks a picture to hold, and whether a scene holds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from .scenes import Placed, Scene, beside, between, clear_relation, stands_on


@dataclass(frozen=True)
class Wanted:
    """Some things of one class and what was said of them. count: None = at least two. turn: a key of TURN_WORDS."""

    name: str
    count: int | None = 1
    colour: str | None = None
    size: str | None = None
    place: str | None = None
    turn: str | None = None


@dataclass(frozen=True)
class Related:
    """How wanted `a` lies to wanted `b` (indices); for between also `c`: a lies between b and c, or among b if None."""

    how: str
    a: int
    b: int
    c: int | None = None


@dataclass(frozen=True)
class Request:
    """Only what the words say.

    ground: (scenery,), or ("solid", colour[, shade word]), ("gradient", top, bottom), ("checkered"[, colour, colour]).
    without: classes that must be absent. A picture with further things does not hold a request.
    """

    objects: tuple[Wanted, ...] = ()
    relations: tuple[Related, ...] = ()
    ground: tuple[str, ...] | None = None
    style: str | None = None
    without: tuple[str, ...] = ()


_BANDS = {"left": ("left", "top left", "bottom left"), "right": ("right", "top right", "bottom right"),
          "top": ("top", "top left", "top right"), "bottom": ("bottom", "bottom left", "bottom right")}  # fmt: skip


def placed_at(members: tuple[Placed, ...], place: str) -> bool:
    """One thing lies in that ninth; several lie in that ninth or, for left, right, top and bottom, along that side."""
    allowed = (place,) if len(members) == 1 else _BANDS.get(place, (place,))
    return all(o.place in allowed for o in members)


def turned_as(o: Placed, turn: str) -> bool:
    return o.turn in ("turned left", "turned right") if turn == "sideways" else o.turn == turn


def related(how: str, a: Placed, b: Placed) -> bool:
    if how == "on":
        return stands_on(a, b)
    return beside(a, b) if how == "beside" else clear_relation(a, b) == how


def _is(o: Placed, wanted: Wanted) -> bool:
    return (
        o.name == wanted.name
        and wanted.colour in (None, o.colour)
        and wanted.size in (None, o.size_name)
        and (wanted.turn is None or turned_as(o, wanted.turn))
    )


Members = tuple[tuple[Placed, ...], ...]


def assignments(objects: tuple[Placed, ...], wanted: tuple[Wanted, ...]) -> Iterator[Members]:
    """Every way to give each wanted its things so that none is left over."""
    if not wanted:
        if not objects:
            yield ()
        return
    first, rest = wanted[0], wanted[1:]
    for count in (first.count,) if first.count else range(2, len(objects) + 1):
        for members in combinations(objects, count):
            if all(_is(o, first) for o in members) and (first.place is None or placed_at(members, first.place)):
                left = tuple(o for o in objects if o not in members)
                yield from ((members, *others) for others in assignments(left, rest))


def _relation_holds(r: Related, members: Members) -> bool:
    if r.how != "between":
        return all(related(r.how, a, b) for a, b in product(members[r.a], members[r.b]))
    if r.c is None:
        return len(members[r.b]) == 2 and all(between(a, *members[r.b]) for a in members[r.a])
    return all(between(a, b, c) for a, b, c in product(members[r.a], members[r.b], members[r.c]))


def ground_holds(scene: Scene, ground: tuple[str, ...]) -> bool:
    own = scene.ground
    if ground[0] != own.kind:
        return False
    if own.kind == "checkered":
        return len(ground) == 1 or set(ground[1:]) == {own.colour, own.to}
    if own.kind == "gradient":
        return len(ground) == 1 or ground[1:] == (own.colour, own.to)
    if own.kind == "solid" and len(ground) > 1:
        return ground[1] == own.colour and (
            len(ground) == 2 or ("plain", "light", "dark").index(ground[2]) == own.shade
        )
    return True


def holds(scene: Scene, request: Request) -> bool:
    """Whether the scene is a picture of exactly what was asked for."""
    if request.style not in (None, scene.style) or (request.ground and not ground_holds(scene, request.ground)):
        return False
    if any(o.name in request.without for o in scene.objects):
        return False
    return any(
        all(_relation_holds(r, members) for r in request.relations)
        for members in assignments(scene.objects, request.objects)
    )
