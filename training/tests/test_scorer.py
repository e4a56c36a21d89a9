"""The scorer passes right pictures, refuses wrong ones, and is the one that was frozen."""

import json
from dataclasses import replace

import numpy as np
import pytest
from training.data.language import Request, RequestedObject, full_request
from training.data.scenes import Background, Scene, SceneObject, render
from training.data.splits import in_training
from training.scorer import freeze
from training.scorer.calibrate import blurred, half_gone, shuffled
from training.scorer.prompts import load
from training.scorer.report import interval
from training.scorer.score import answer_ok, background_names, score, score_edit

SCENE = Scene((SceneObject("car", 4, 2, 0, "blue"), SceneObject("cat", 3, 2, 5)), Background("green", 1))


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return render(SCENE)


def test_frozen_parts_are_unchanged():
    assert json.loads(freeze.FROZEN.read_text()) == freeze.digests()


def test_right_pictures_pass(picture):
    assert score(picture, full_request(SCENE)).ok
    assert score(blurred(3)(picture), full_request(SCENE)).ok


@pytest.mark.parametrize(
    "wrong",
    [
        Request((RequestedObject("bus"), RequestedObject("cat"))),
        Request((RequestedObject("car"),)),
        Request((RequestedObject("car", "red"), RequestedObject("cat"))),
        Request((RequestedObject("car"), RequestedObject("cat")), "right"),
        Request((RequestedObject("car"), RequestedObject("cat")), None, ("blue",)),
        Request((RequestedObject("car"), RequestedObject("cat")), None, ("green", "white")),
        Request((RequestedObject("car", place="top left"), RequestedObject("cat"))),
    ],
)
def test_wrong_requests_fail(picture, wrong):
    assert not score(picture, wrong).ok


def test_damaged_objects_fail(picture):
    single = Scene((SceneObject("owl", 4, 2, 2),), Background("white"))
    request = Request((RequestedObject("owl"),))
    assert score(render(single), request).ok
    assert not score(half_gone(render(single)), request).ok
    assert not score(shuffled(render(single)), request).ok
    assert not score(np.full_like(picture, 128), request).ok


def test_gradients_are_named():
    assert background_names(Background("blue", to="white").column()[[0, -1]]) == ("blue", "white")


def test_an_edit_must_reach_its_target_and_keep_the_rest(picture):
    target = SCENE.with_object(0, tint="pink")
    request = full_request(target)
    assert score_edit(picture, render(target), SCENE, "recolour", request, 0).ok
    assert not score_edit(picture, picture, SCENE, "recolour", request, 0).ok
    moved = target.with_object(1, row=5)
    assert not score_edit(picture, render(moved), SCENE, "recolour", request, 0).ok
    repainted = replace(target, background=Background("yellow"))
    assert not score_edit(picture, render(repainted), SCENE, "recolour", request, 0).ok


def test_answers_match_word_for_word():
    assert answer_ok("  A cat. ", "a cat")
    assert not answer_ok("a cat and a dog", "a cat")


def test_interval_holds_the_share():
    low, high = interval(90, 100)
    assert low < 0.9 < high and 0.8 < low and high < 0.96


def test_the_frozen_test_is_half_held_out_where_it_can_be():
    prompts, edits, questions = load()
    assert (len(prompts), len(edits), len(questions)) == (400, 120, 400)
    for name in ("two", "colours", "position"):
        held = [p.held_out for p in prompts if p.set == name]
        assert sum(held) == len(held) / 2
    assert all(in_training(p.scene) != p.held_out for p in prompts)
    assert sum(e.held_out for e in edits) == 60 and sum(q.held_out for q in questions) == 200
