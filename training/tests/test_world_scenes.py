"""The next domain's scenes: words, lattice, codes, pictures, and what training may see."""

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from training.data.vocabulary import NAMES as FIRST_NAMES
from training.world import codes, scenes, splits, vocabulary
from training.world.grounds import CELL, Ground, drawn
from training.world.phrases import nouns
from training.world.render import render, thing
from training.world.sampling import EARLY, FULL, LATE, Curriculum, sample

FEW = replace(FULL, names=vocabulary.NAMES[::6])
"""A sixth of the things: their pictures are quickly made."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(31)


@pytest.fixture(scope="module")
def drawn_scenes() -> list[scenes.Scene]:
    rng = np.random.default_rng(4)
    return [sample(rng, FEW) for _ in range(400)]


def test_the_vocabulary_is_large_and_every_noun_means_one_thing():
    assert len(vocabulary.THINGS) == len(vocabulary.BY_NAME) >= 160
    assert set(FIRST_NAMES) <= set(vocabulary.NAMES)
    words = [w for t in vocabulary.THINGS for w in (t.name, *t.synonyms)]
    assert [w for w, n in Counter(words).items() if n > 1] == []
    assert not set(words) & set(vocabulary.UNKNOWN)
    assert {name for name, _ in nouns().values()} == set(vocabulary.NAMES)
    assert {k for t in vocabulary.THINGS for k in t.kinds} == set(vocabulary.KINDS)
    assert all(t.natural in (None, *vocabulary.COLOUR_NAMES) for t in vocabulary.THINGS)
    assert all(t.cover in vocabulary.COLOUR_NAMES and len(t.tints) == 11 for t in vocabulary.THINGS if t.paintable)


def test_a_scene_survives_json(drawn_scenes):
    for scene in drawn_scenes[:50]:
        assert scenes.from_json(json.loads(json.dumps(scenes.to_json(scene)))) == scene


def test_things_lie_inside_and_apart(drawn_scenes):
    for scene in drawn_scenes:
        taken = np.zeros((8, 8), int)
        for o in scene.objects:
            assert 0 <= o.row <= 8 - o.size and 0 <= o.column <= 8 - o.size
            taken[o.row : o.row + o.size, o.column : o.column + o.size] += 1
        assert taken.max() == 1


def test_everything_in_the_domain_is_drawn(drawn_scenes):
    assert {len(s.objects) for s in drawn_scenes} == {1, 2, 3, 4}
    assert {s.style for s in drawn_scenes} == set(vocabulary.STYLES)
    assert {s.ground.kind for s in drawn_scenes} == set(vocabulary.GROUNDS)
    assert {o.size for s in drawn_scenes for o in s.objects} == set(vocabulary.SIZES.values())
    assert {o.turn for s in drawn_scenes for o in s.objects} == set(vocabulary.TURNS)
    assert {o.place for s in drawn_scenes for o in s.objects} == set(vocabulary.PLACES)
    several = [s for s in drawn_scenes if len(s.objects) > 1]
    assert 0.15 < np.mean([len({o.name for o in s.objects}) < len(s.objects) for s in several]) < 0.4


def test_the_curriculum_is_followed(rng):
    early = [sample(rng, replace(EARLY, names=vocabulary.NAMES[:20])) for _ in range(60)]
    assert {s.style for s in early} == {"3d"} and max(len(s.objects) for s in early) <= 2
    assert all(o.turn == "as drawn" for s in early for o in s.objects)
    late = [sample(rng, replace(LATE, names=vocabulary.NAMES[:20])) for _ in range(100)]
    shifts = {n for s in late for n in s.offset}
    assert len({s.offset for s in late}) > 3 and shifts <= {-16, -8, 0, 8, 16}


def test_an_offset_moves_the_picture_of_every_thing():
    scene = scenes.Scene((scenes.Placed("cat", 3, 2, 2), scenes.Placed("car", 2, 5, 5)), Ground("solid", "white"))
    plain, shifted = render(scene), render(replace(scene, offset=(8, -16)))
    assert np.array_equal(np.roll(plain, (8, -16), (0, 1)), shifted) and not np.array_equal(plain, shifted)
    assert not scenes.fits(replace(scene, objects=(scenes.Placed("cat", 3, 0, 2),), offset=(-8, 0)))


def test_things_can_be_told_from_the_ground(drawn_scenes):
    """Pixels inside every thing differ from the ground alone, well above noise."""
    for scene in drawn_scenes[:120]:
        picture, alone = render(scene).astype(int), render(replace(scene, objects=())).astype(int)
        for o in scene.objects:
            box = np.s_[o.row * CELL : (o.row + o.size) * CELL, o.column * CELL : (o.column + o.size) * CELL]
            inside = thing(o, scene.style)[..., 3] > 200
            apart = np.abs(picture[box] - alone[box]).max(-1)[inside]
            share = 0.03 if scene.style == "line" else 0.5
            assert (apart > 20).mean() > share, (o, scene.ground, scene.style)


def test_styles_look_as_they_should():
    scene = scenes.Scene((scenes.Placed("car", 4, 2, 2),), Ground("solid", "blue", 1))
    grey = render(replace(scene, style="grey"))
    assert np.ptp(grey.astype(int), axis=-1).max() == 0
    pixels = render(replace(scene, style="pixel")).reshape(32, 8, 32, 8, 3)
    assert np.ptp(pixels.astype(int), axis=(1, 3)).max() == 0
    line = render(replace(scene, style="line", ground=Ground("solid", "white")))
    assert np.ptp(line.astype(int), axis=-1).max() < 6 and (line > 240).all(-1).mean() > 0.8
    white = (render(replace(scene, style="sticker")) > 250).all(-1).sum() - (render(scene) > 250).all(-1).sum()
    assert white > 800


def test_grounds_are_far_apart():
    pictures = [drawn(Ground(k, horizon=h)).astype(float) for k in vocabulary.SCENERIES for h in (0, 1)]
    for (i, a), (k, b) in combinations(enumerate(pictures), 2):
        if i // 2 != k // 2:
            assert np.abs(a - b).mean() > 15, (i, k)


# ---------------------------------------------------------------- codes


def same(scene: scenes.Scene) -> tuple:
    return sorted(map(repr, scene.objects)), scene.ground, scene.style


def test_codes_decode_to_their_scene(drawn_scenes):
    for scene in drawn_scenes:
        plan = codes.encode(scene)
        assert plan.what.shape == plan.look.shape == (8, 8)
        assert same(codes.decode(plan)) == same(scene)


def test_codes_draw_their_scene(drawn_scenes):
    for scene in drawn_scenes[:60]:
        assert np.array_equal(codes.render_codes(codes.encode(scene)), render(scene))


def test_codes_are_few_and_each_means_something():
    assert codes.WHAT_CODES + codes.LOOK_CODES < 16_000
    for what in range(0, codes.FIRST_GROUND, 97):
        cell = codes.meaning(what)
        part = codes.PART[cell.size, cell.row, cell.column]
        assert vocabulary.NAMES.index(cell.name) * len(codes.PARTS) + part == what
    for look in range(codes.FIRST_BANK):
        cell = codes.look_meaning(look)
        assert codes.look_code(cell.tint, cell.style, cell.turn) == look
    assert {codes.look_meaning(n).style for n in range(codes.FIRST_BANK, codes.LOOK_CODES)} == set(vocabulary.STYLES)


def test_some_wrong_codes_do_not_change_what_a_plan_means(drawn_scenes, rng):
    """A single wrong cell is outvoted."""
    for scene in [s for s in drawn_scenes if all(o.size > 2 for o in s.objects) and s.ground.kind == "solid"][:40]:
        plan = codes.encode(scene)
        plan.what[tuple(rng.integers(0, 8, 2))] = rng.integers(codes.FIRST_GROUND)
        assert same(codes.decode(plan)) == same(scene)


# ---------------------------------------------------------------- splits


def held_out(rng: np.random.Generator, draws: int, curriculum: Curriculum) -> int:
    """How many scenes drawn for training hold a held-out combination."""
    return sum(not splits.in_training(sample(rng, curriculum)) for _ in range(draws))


def test_training_never_sees_a_held_out_combination(rng):
    assert held_out(rng, 2000, FEW) == 0


@pytest.mark.long
def test_training_never_sees_a_held_out_combination_in_many_draws(rng):
    assert held_out(rng, 100_000, FULL) == 0


def test_a_tenth_of_each_sort_is_held_out():
    painted = [splits.colour_held_out(t.name, c) for t in vocabulary.THINGS for c in t.tints]
    counted = [splits.count_held_out(t.name, n) for t in vocabulary.THINGS if t.plural for n in (2, 3, 4)]
    pairs = [
        splits.relation_held_out(scenes.Placed(a, 2, 0, 0), scenes.Placed(b, 2, row, column))
        for a, b in combinations(vocabulary.NAMES[::8], 2)
        for row, column in ((0, 4), (4, 0))
    ]
    assert all(0.06 < np.mean(sort) < 0.14 for sort in (painted, counted, pairs))
    assert not splits.count_held_out("cat", 1) and not splits.colour_held_out("cat", None)


def test_the_split_catches_what_it_should():
    """Scenes drawn without the split do hold held-out combinations of all three sorts."""
    rng = np.random.default_rng(0)
    free = [sample(rng, FEW, allowed=lambda s: True) for _ in range(300)]
    assert any(splits.colour_held_out(o.name, o.tint) for s in free for o in s.objects)
    assert any(splits.relation_held_out(a, b) for s in free for a, b in combinations(s.objects, 2))
    assert any(splits.count_held_out(*item) for s in free for item in Counter(o.name for o in s.objects).items())


def test_the_same_seed_draws_the_same():
    one, other = ([sample(np.random.default_rng(8), FEW) for _ in range(5)] for _ in range(2))
    assert one == other
