"""What training never sees: a tenth of (thing, colour), (thing, relation, thing) and (count, thing), by hash."""

from collections import Counter
from functools import lru_cache
from itertools import combinations

from training.data.splits import HELD_OUT_SHARE, _hashed

from .scenes import Placed, Scene, relation

hashed = lru_cache(None)(_hashed)


def colour_held_out(name: str, tint: str | None) -> bool:
    """Whether this painted thing is kept for tests."""
    return tint is not None and hashed("colour", name, tint) < HELD_OUT_SHARE


def relation_held_out(a: Placed, b: Placed) -> bool:
    """Whether the pair in its order (left to right or top to bottom) is kept for tests; two of a kind never are."""
    if a.name == b.name:
        return False
    how = relation(a, b)
    first, second = (a, b) if how in ("left", "above") else (b, a)
    return hashed("relation", first.name, "left" if how in ("left", "right") else "above", second.name) < HELD_OUT_SHARE


def count_held_out(name: str, count: int) -> bool:
    """Whether so many of this thing, two or more, are kept for tests."""
    return count > 1 and hashed("count", name, str(count)) < HELD_OUT_SHARE


def in_training(scene: Scene) -> bool:
    """True if no combination of the scene is held out."""
    objects = scene.objects
    return not (
        any(colour_held_out(o.name, o.tint) for o in objects)
        or any(count_held_out(*item) for item in Counter(o.name for o in objects).items())
        or any(relation_held_out(a, b) for a, b in combinations(objects, 2))
    )
