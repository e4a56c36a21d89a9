"""Scenes, codes and what training may see."""

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from training.data import language, scenes, splits
from training.data.vocabulary import BY_NAME, COLOUR_NAMES, NAMES, OBJECTS, PLACES, SHADES, lab, tints


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def several() -> list[scenes.Scene]:
    rng = np.random.default_rng(8)
    return [scenes.sample_several(rng) for _ in range(1500)]


def held_out(scene: scenes.Scene) -> bool:
    """Whether the scene holds a colour, a pair or a number of things that is kept for tests."""
    counts = Counter(o.name for o in scene.objects)
    return (
        any(splits.colour_held_out(o.name, o.tint) for o in scene.objects)
        or any(splits.relation_held_out(a, b) for a, b in combinations(scene.objects, 2) if a.name != b.name)
        or any(splits.count_held_out(name, count) for name, count in counts.items())
    )


def draw_held_out(rng: np.random.Generator, draws: int) -> int:
    """How many of the scenes sampled for training, and of what edits make of them, hold a held-out combination."""
    found = 0
    for _ in range(draws):
        scene = scenes.sample_several(rng)
        edit = language.edit(scene, rng, tries=1)
        found += held_out(scenes.sample(rng)) + held_out(scene) + (edit is not None and held_out(edit.target))
    return found


def test_vocabulary_holds_sixty_classes_and_names_are_clear():
    assert len(OBJECTS) == len(BY_NAME) == 60
    assert sum(o.tintable for o in OBJECTS) == 20
    words = [w for o in OBJECTS for w in (o.name, *o.synonyms)]
    assert len(words) == len(set(words))


def test_every_shade_is_nearest_to_its_own_name():
    anchors = {c: lab(np.array(SHADES[c], np.float32) / 255) for c in COLOUR_NAMES}
    for name, values in anchors.items():
        for other, others in anchors.items():
            if other != name:
                assert np.sqrt(((values[:, None] - others) ** 2).sum(-1)).min() > 6, (name, other)


def test_a_scene_survives_json(rng):
    for _ in range(50):
        scene = scenes.sample(rng)
        assert scenes.from_json(json.loads(json.dumps(scenes.to_json(scene)))) == scene


@pytest.mark.parametrize("draw", [scenes.sample, scenes.sample_several])
def test_codes_say_what_is_drawn(rng, draw):
    """Codes decoded cell by cell draw the picture again, exactly on plain grounds."""
    plain = 0
    while plain < 30:
        scene = draw(rng)
        if scene.background.to is None:
            plain += 1
            assert np.array_equal(scenes.render_codes(scenes.codes(scene)), scenes.render(scene))


def test_a_plan_says_all_of_its_scene(several):
    """All cells of an object tell it, any other the ground's colour in its row; some cell does."""
    for scene in several:
        boxes: Counter[scenes.SceneObject] = Counter()
        rows = scene.background.column().reshape(scenes.GRID, scenes.CELL, 3).mean(1)
        grounds = 0
        for (row, column), code in np.ndenumerate(scenes.codes(scene)):
            said = scenes.decode(int(code))
            if isinstance(said, scenes.ObjectCode):
                boxes[scenes.SceneObject(said.name, said.size, row - said.row, column - said.column, said.tint)] += 1
            else:
                grounds += 1
                assert np.abs(said - rows[row]).max() < (1e-6 if scene.background.to is None else 0.1)
        assert boxes == {o: o.size**2 for o in scene.objects}
        assert grounds > 0


def test_larger_scenes_have_every_number_of_things_of_every_size(several):
    kinds = Counter(len(s.objects) for s in several)
    assert set(kinds) == set(range(scenes.MOST + 1))
    sizes = {(len(s.objects), o.size) for s in several for o in s.objects}
    assert sizes == {(n, size) for n in range(1, scenes.MOST + 1) for size in scenes.SIZES}
    groups = {tuple(sorted(Counter(o.name for o in s.objects).values())) for s in several}
    assert groups == {(), (1,), (1, 1), (2,), (1, 1, 1), (1, 2), (3,), (1, 1, 1, 1), (1, 1, 2), (2, 2), (1, 3), (4,)}
    for number in range(scenes.MOST + 1):
        assert len(scenes.sample_several(np.random.default_rng(number), number).objects) == number


def test_larger_scenes_show_every_thing(several):
    for scene in several[:300]:
        picture = scenes.render(scene).astype(float)
        bare = scenes.render(scenes.Scene((), scene.background)).astype(float)
        away = np.abs(picture - bare).max(-1) > 16
        assert scenes.visible(scene)
        for o in scene.objects:
            y, x, side = o.row * scenes.CELL, o.column * scenes.CELL, o.size * scenes.CELL
            assert away[y : y + side, x : x + side].mean() > 0.1, o
            away[y : y + side, x : x + side] = False
        assert not away.any()


def test_a_scene_that_hides_its_ground_or_a_thing_is_not_visible():
    corners = ((0, 0), (0, 4), (4, 0), (4, 4))
    cats = tuple(scenes.SceneObject("cat", 4, *at) for at in corners)
    assert scenes.visible(scenes.Scene(cats[:3], scenes.Background("blue")))
    assert not scenes.visible(scenes.Scene(cats, scenes.Background("blue")))
    assert not scenes.visible(scenes.Scene((scenes.SceneObject("star", 2, 0, 0),), scenes.Background("yellow")))


def test_every_object_code_decodes_to_itself():
    for code in range(0, scenes.OBJECT_CODES, 37):
        meaning = scenes.decode(code)
        assert scenes.object_code(meaning.name, meaning.tint, meaning.size, meaning.row, meaning.column) == code


def test_code_factors_agree_with_the_table():
    for ct, (name, tint) in enumerate(scenes.CLASS_TINTS):
        assert NAMES[scenes.CT_CLASS[ct]] == name
        assert scenes.CT_TINT[ct] == (0 if tint is None else 1 + COLOUR_NAMES.index(tint))


def test_objects_lie_inside_and_apart(rng, several):
    for scene in [*(scenes.sample(rng, two=0.8) for _ in range(300)), *several]:
        taken = np.zeros((scenes.GRID, scenes.GRID), int)
        for o in scene.objects:
            assert 0 <= o.row and o.row + o.size <= scenes.GRID and 0 <= o.column and o.column + o.size <= scenes.GRID
            taken[o.row : o.row + o.size, o.column : o.column + o.size] += 1
        assert taken.max() <= 1 and taken.sum() == sum(o.size**2 for o in scene.objects)


def test_a_placed_object_is_where_it_was_put(rng):
    for place in PLACES:
        for size in scenes.SIZES:
            assert scenes.placed("cat", None, size, place, rng).place == place


def test_training_never_sees_a_held_out_combination(rng):
    assert draw_held_out(rng, 20_000) == 0


@pytest.mark.long
def test_training_never_sees_a_held_out_combination_in_many_draws(rng):
    assert draw_held_out(rng, 100_000) == 0


def test_a_scene_with_one_held_out_combination_is_not_in_training(rng):
    """Of each kind some, each alone: dropping any of the three filters lets one through."""
    alone: Counter[str] = Counter()
    while min(alone[kind] for kind in ("colour", "relation", "count")) < 20:
        scene = scenes.sample_several(rng, allowed=lambda scene: True)
        counts = Counter(o.name for o in scene.objects)
        kinds = {
            "colour": any(splits.colour_held_out(o.name, o.tint) for o in scene.objects),
            "relation": any(splits.relation_held_out(a, b) for a, b in combinations(scene.objects, 2) if a.name != b.name),
            "count": any(splits.count_held_out(*item) for item in counts.items()),
        }
        assert splits.in_training(scene) == (not any(kinds.values()))
        if sum(kinds.values()) == 1:
            alone.update(kind for kind, there in kinds.items() if there)


def test_about_a_tenth_is_held_out():
    painted = [(o.name, t) for o in OBJECTS for t in tints(o.name)]
    share = np.mean([splits.colour_held_out(*pair) for pair in painted])
    assert 0.05 < share < 0.16
    assert not any(splits.count_held_out(name, 1) for name in NAMES)
    for number in (2, 3, 4):
        assert 0.02 < np.mean([splits.count_held_out(name, number) for name in NAMES]) < 0.2
