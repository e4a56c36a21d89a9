"""Scenes, codes and what training may see."""

import json

import numpy as np
import pytest
from training.data import scenes, splits
from training.data.vocabulary import BY_NAME, COLOUR_NAMES, NAMES, OBJECTS, PLACES, SHADES, lab, tints


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def draw_held_out(rng: np.random.Generator, draws: int) -> int:
    """How many of the scenes sampled for training hold a held-out combination."""
    return sum(not splits.in_training(scenes.sample(rng)) for _ in range(draws))


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


def test_codes_say_what_is_drawn(rng):
    """Codes decoded cell by cell draw the picture again, exactly on plain grounds."""
    plain = 0
    while plain < 20:
        scene = scenes.sample(rng)
        if scene.background.to is None:
            plain += 1
            assert np.array_equal(scenes.render_codes(scenes.codes(scene)), scenes.render(scene))


def test_every_object_code_decodes_to_itself():
    for code in range(0, scenes.OBJECT_CODES, 37):
        meaning = scenes.decode(code)
        assert scenes.object_code(meaning.name, meaning.tint, meaning.size, meaning.row, meaning.column) == code


def test_code_factors_agree_with_the_table():
    for ct, (name, tint) in enumerate(scenes.CLASS_TINTS):
        assert NAMES[scenes.CT_CLASS[ct]] == name
        assert scenes.CT_TINT[ct] == (0 if tint is None else 1 + COLOUR_NAMES.index(tint))


def test_objects_lie_inside_and_apart(rng):
    for _ in range(300):
        taken = np.zeros((scenes.GRID, scenes.GRID), int)
        for o in scenes.sample(rng, two=0.8).objects:
            assert 0 <= o.row and o.row + o.size <= scenes.GRID and 0 <= o.column and o.column + o.size <= scenes.GRID
            taken[o.row : o.row + o.size, o.column : o.column + o.size] += 1
        assert taken.max() == 1


def test_a_placed_object_is_where_it_was_put(rng):
    for place in PLACES:
        for size in scenes.SIZES:
            assert scenes.placed("cat", None, size, place, rng).place == place


def test_training_never_sees_a_held_out_combination(rng):
    assert draw_held_out(rng, 20_000) == 0


@pytest.mark.long
def test_training_never_sees_a_held_out_combination_in_many_draws(rng):
    assert draw_held_out(rng, 100_000) == 0


def test_about_a_tenth_is_held_out():
    painted = [(o.name, t) for o in OBJECTS for t in tints(o.name)]
    share = np.mean([splits.colour_held_out(*pair) for pair in painted])
    assert 0.05 < share < 0.16
