"""The scorer of several things counts them, tells them apart, and is the one that was frozen."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from training.data.language import EDIT_KINDS, Request, RequestedObject
from training.data.scenes import Background, Scene, SceneObject, render
from training.scorer import freeze
from training.scorer.several import LARGE, SMALL, Wanted, detect, judge, score_edit
from training.scorer.several_prompts import HANDWRITTEN, QUESTION_KINDS, SETS, load, read, shown

APPLES = (SceneObject("apple", 2, 0, 0), SceneObject("apple", 3, 0, 4, "green"), SceneObject("apple", 2, 5, 1))
SCENE = Scene((*APPLES, SceneObject("dog", 4, 4, 4)), Background("white"))
APPLE, DOG = RequestedObject("apple"), RequestedObject("dog")


@pytest.fixture(scope="module")
def seen() -> tuple:
    picture = render(SCENE)
    return picture, *detect(picture)


def holds(seen: tuple, *objects: RequestedObject, relation: str | None = None) -> bool:
    picture, ends, found = seen
    return judge(picture, Request(objects, relation), ends, found).ok


def test_frozen_parts_are_unchanged():
    assert json.loads(freeze.FROZEN_SEVERAL.read_text()) == freeze.digests(parts=freeze.SEVERAL_PARTS)


def test_each_thing_is_found_with_its_size(seen):
    _, _, found = seen
    assert Counter((d.name, d.tint) for d in found) == Counter((o.name, o.tint) for o in SCENE.objects)
    for o in SCENE.objects:
        y, x = (32 * c for c in o.centre)
        assert any(np.hypot(d.centre[0] - y, d.centre[1] - x) < 8 and abs(d.edge - 32 * o.size + 4) <= 4 for d in found)


def test_as_many_as_asked_for_pass_and_no_other_number(seen):
    assert holds(seen, DOG, APPLE, APPLE, APPLE)
    assert not holds(seen, DOG, APPLE, APPLE)
    assert not holds(seen, DOG, APPLE, APPLE, APPLE, APPLE)
    assert not holds(seen, DOG, DOG, APPLE, APPLE, APPLE)


def test_colours_places_and_sizes_decide_among_equals(seen):
    green, red = RequestedObject("apple", "green"), RequestedObject("apple", "red")
    assert holds(seen, red, green, red, DOG) and not holds(seen, red, green, green, DOG)
    corner = RequestedObject("apple", place="bottom left")
    assert holds(seen, APPLE, APPLE, corner, DOG) and not holds(seen, APPLE, corner, corner, DOG)
    small = Wanted("apple", edge=SMALL)
    assert holds(seen, small, APPLE, small, DOG) and not holds(seen, small, small, small, DOG)
    assert holds(seen, APPLE, APPLE, APPLE, Wanted("dog", edge=LARGE))


def test_two_alike_stand_in_a_relation_one_way_or_the_other():
    picture = render(Scene((SceneObject("owl", 3, 2, 0), SceneObject("owl", 3, 2, 5)), Background("blue")))
    seen = picture, *detect(picture)
    owls = RequestedObject("owl"), RequestedObject("owl")
    assert holds(seen, *owls, relation="left") and holds(seen, *owls, relation="right")
    assert not holds(seen, *owls, relation="above")


def test_flat_things_that_cover_more_than_the_ground_are_not_taken_for_it():
    books = tuple(SceneObject("book", size, row, column, "blue") for size, row, column in ((4, 0, 0), (2, 0, 6), (4, 4, 0), (4, 4, 4)))
    scene = Scene(books, Background("yellow"))
    picture = render(scene)
    assert judge(picture, shown(scene), *detect(picture)).ok


def test_an_empty_picture_holds_nothing():
    picture = render(Scene((), Background("teal")))
    seen = picture, *detect(picture)
    assert holds(seen) and not holds(seen, DOG)


def test_an_edit_must_reach_its_target_and_keep_the_rest(seen):
    before = seen[0]
    fewer = replace(SCENE, objects=SCENE.objects[:1] + SCENE.objects[2:])
    wanted = shown(fewer)
    assert score_edit(before, render(fewer), SCENE, wanted, (1,)).ok
    assert not score_edit(before, before, SCENE, wanted, (1,)).ok
    assert not score_edit(before, render(replace(fewer, background=Background("yellow"))), SCENE, wanted, (1,)).ok
    grown = fewer.with_object(0, size=4)
    assert not score_edit(before, render(grown), SCENE, Request((APPLE, APPLE, DOG), None, ("white",)), (1,)).ok


def test_a_new_thing_may_lie_anywhere_but_must_be_one():
    source = Scene((SceneObject("cat", 3, 0, 0),), Background("green", 2))
    wanted = Request((Wanted("cat", None, "top left"), Wanted("cat")), None, ("green",))
    before = render(source)
    for column in (3, 5):
        target = replace(source, objects=(*source.objects, SceneObject("cat", 3, 4, column)))
        assert score_edit(before, render(target), source, wanted, ()).ok
    three = replace(source, objects=(*source.objects, SceneObject("cat", 3, 0, 5), SceneObject("cat", 3, 5, 3)))
    assert not score_edit(before, render(three), source, wanted, ()).ok


def test_the_frozen_test_is_half_held_out():
    prompts, edits, questions = load()
    drawn = [p for p in prompts if p.set != "by hand"]
    for names, items in ((SETS, [(p.set, p.held_out) for p in drawn]), (EDIT_KINDS, [(e.kind, e.held_out) for e in edits]),
                         (QUESTION_KINDS, [(q.kind, q.held_out) for q in questions])):  # fmt: skip
        counts = Counter(items)
        assert {name for name, _ in counts} == set(names)
        assert all(counts[name, True] == counts[name, False] for name in names)
    assert (len(prompts), len(edits), len(questions)) == (420, 400, 350)
    assert all(1 <= len(e.source.objects) <= 4 for e in edits)


def test_the_frozen_test_asks_for_what_was_written_by_hand():
    written = [read(line) for line in HANDWRITTEN.read_text().splitlines() if not line.startswith("#")]
    assert written == [(p.text, p.request) for p in load()[0] if p.set == "by hand"]


def test_a_line_that_names_no_thing_is_refused():
    with pytest.raises(ValueError, match="unicorn"):
        read("a unicorn => unicorn")
