"""Captions, edits and questions say the truth about their scenes."""

import numpy as np
import pytest
from training.data import language
from training.data.scenes import SceneObject, relation, sample, visible
from training.data.splits import in_training
from training.data.vocabulary import BY_NAME, COLOUR_SPELLINGS

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(21)


def spoken(text: str, name: str) -> bool:
    """Whether the text names the class."""
    return any(word in text.lower() for word in (name, *BY_NAME[name].synonyms))


def colour_spoken(text: str, colour: str) -> bool:
    return any(word in text.lower() for word in (colour, *COLOUR_SPELLINGS.get(colour, ())))


def test_a_caption_asks_for_what_the_scene_holds(rng):
    for _ in range(500):
        scene = sample(rng)
        c = language.caption(scene, rng)
        by_name: dict[str, SceneObject] = {o.name: o for o in scene.objects}
        assert {o.name for o in c.request.objects} == set(by_name)
        for o in c.request.objects:
            assert spoken(c.text, o.name)
            assert o.colour in (None, by_name[o.name].colour)
            assert o.colour is None or colour_spoken(c.text, o.colour)
            assert o.place in (None, by_name[o.name].place)
        if c.request.relation:
            a, b = (by_name[o.name] for o in c.request.objects)
            assert relation(a, b) == c.request.relation


def test_a_painted_object_is_always_named_with_its_colour(rng):
    for _ in range(200):
        scene = sample(rng)
        said = {o.name: o.colour for o in language.caption(scene, rng).request.objects}
        assert all(said[o.name] == o.tint for o in scene.objects if o.tint)


def test_captions_are_short_and_varied(rng):
    texts = [language.caption(sample(rng), rng).text for _ in range(400)]
    assert max(len(t.split()) for t in texts) <= 28
    assert np.mean([len(t.split()) for t in texts]) < 13
    assert len(set(texts)) > 390


@pytest.mark.parametrize("kind", language.EDIT_KINDS)
def test_an_edit_changes_one_thing(rng, kind):
    made = 0
    while made < 60:
        scene = sample(rng)
        e = language.edit(scene, rng, kind)
        if e is None:
            continue
        made += 1
        assert e.kind == kind and e.target != scene and visible(e.target) and in_training(e.target)
        if kind == "background":
            assert e.target.objects == scene.objects and e.changed is None
            continue
        assert e.target.background == scene.background
        others = [i for i in range(len(scene.objects)) if i != e.changed]
        assert all(e.target.objects[i] == scene.objects[i] for i in others)
        old, new = scene.objects[e.changed], e.target.objects[e.changed]
        assert old.size == new.size
        changed = {"recolour": old.tint != new.tint, "replace": old.name != new.name, "move": old.place != new.place}
        assert changed[kind]


def test_answers_are_true(rng):
    for _ in range(300):
        scene = sample(rng)
        names = {o.name for o in scene.objects}
        for q in language.questions(scene, rng):
            assert q.answer == q.answer.lower()
            if q.kind == "exists":
                assert (q.answer == "yes") == any(spoken(q.text, n) for n in names)
            if q.kind == "where":
                assert q.answer in {language.place_answer(o.place) for o in scene.objects}
            if q.kind == "background":
                assert q.answer == language.background_answer(scene.background)
            if q.kind == "describe":
                assert all(n in q.answer for n in names)


def test_every_kind_of_question_is_asked(rng):
    kinds = {q.kind for _ in range(20) for q in language.questions(sample(rng), rng)}
    assert kinds == set(language.QUESTION_KINDS)


def test_the_same_seed_says_the_same():
    def draw() -> list:
        rng = np.random.default_rng(5)
        scenes = [sample(rng) for _ in range(20)]
        return [(language.caption(s, rng), language.edit(s, rng), language.questions(s, rng)) for s in scenes]

    assert draw() == draw()
