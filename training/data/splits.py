"""What training never sees: a tenth of (object, colour), of (object, relation, object) and of (count, object), by hash."""

import hashlib
from collections import Counter
from itertools import combinations

from .scenes import Scene, SceneObject, relation

HELD_OUT_SHARE = 0.1


def _hashed(*words: str) -> float:
    """A fixed number in 0..1 for a combination of words."""
    digest = hashlib.sha256("|".join(words).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def colour_held_out(name: str, tint: str | None) -> bool:
    """Whether this painted object is kept for tests."""
    return tint is not None and _hashed("colour", name, tint) < HELD_OUT_SHARE


def relation_held_out(a: SceneObject, b: SceneObject) -> bool:
    """Whether the pair in its order (left to right or top to bottom) is kept for tests."""
    how = relation(a, b)
    first, second = (a, b) if how in ("left", "above") else (b, a)
    axis = "left" if how in ("left", "right") else "above"
    return _hashed("relation", first.name, axis, second.name) < HELD_OUT_SHARE


def count_held_out(name: str, count: int) -> bool:
    """Whether so many of one class (two or more) are kept for tests."""
    return count > 1 and _hashed("count", str(count), name) < HELD_OUT_SHARE


def in_training(scene: Scene) -> bool:
    """True if no combination of the scene is held out."""
    if any(colour_held_out(o.name, o.tint) for o in scene.objects):
        return False
    if any(count_held_out(*item) for item in Counter(o.name for o in scene.objects).items()):
        return False
    return not any(relation_held_out(a, b) for a, b in combinations(scene.objects, 2) if a.name != b.name)
