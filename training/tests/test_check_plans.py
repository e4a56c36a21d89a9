"""The plan of a scene holds what its caption asks for, and another scene's plan does not."""

import numpy as np
import pytest

from training.check_plans import edits, holds, reaches
from training.data import language, scenes


def test_a_scenes_own_plan_holds_its_caption_and_another_ones_does_not() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        scene, other = scenes.sample_several(rng), scenes.sample_several(rng)
        asked = language.caption(scene, rng).request
        assert holds(scenes.codes(scene), asked)
        if {o.name for o in other.objects} != {o.name for o in scene.objects}:
            assert not holds(scenes.codes(other), asked)


def test_an_empty_plan_and_another_colour_are_refused() -> None:
    green = scenes.Scene((scenes.SceneObject("car", 4, 2, 2, "green"),), scenes.Background("white"))
    blue = scenes.Scene((scenes.SceneObject("car", 4, 2, 2, "blue"),), scenes.Background("white"))
    asked = language.Request((language.RequestedObject("car", "green"),))
    assert holds(scenes.codes(green), asked)
    assert not holds(scenes.codes(blue), asked)
    assert not holds(np.full((8, 8), scenes.OBJECT_CODES), asked)


def test_another_place_or_the_other_way_round_is_refused() -> None:
    cat, star = scenes.SceneObject("cat", 3, 2, 0), scenes.SceneObject("star", 3, 2, 5)
    plan = scenes.codes(scenes.Scene((cat, star), scenes.Background("white")))
    for place, right in (("left", True), ("top left", False)):
        assert holds(plan, language.Request((language.RequestedObject("star"), language.RequestedObject("cat", None, place)))) is right
    for how in ("left", "right"):
        asked = language.Request((language.RequestedObject("cat"), language.RequestedObject("star")), how)
        assert holds(plan, asked) is (how == "left")


def test_one_too_few_or_too_many_of_a_class_is_refused() -> None:
    apples = [scenes.SceneObject("apple", 2, 0, column, None) for column in (0, 3, 6)]
    two, three = (scenes.codes(scenes.Scene(tuple(apples[:n]), scenes.Background("white"))) for n in (2, 3))
    asked = language.Request((language.RequestedObject("apple"),) * 2)
    assert holds(two, asked)
    assert not holds(three, asked) and not holds(two, language.Request((language.RequestedObject("apple"),) * 3))


@pytest.mark.parametrize("kind", [k for k in language.EDIT_KINDS if k != "background"])
def test_an_edit_reaches_its_target_alone(kind: str) -> None:
    for scene, edit in edits(np.random.default_rng(4), kind, False, 6):
        assert reaches(scenes.codes(edit.target), edit)
        assert not reaches(scenes.codes(scene), edit) or scene.objects == edit.target.objects


def test_what_may_lie_anywhere_may_lie_elsewhere() -> None:
    ground = scenes.Background("white")
    cat, star = scenes.SceneObject("cat", 4, 2, 2), scenes.SceneObject("star", 2, 0, 0)
    moved = scenes.codes(scenes.Scene((cat, scenes.SceneObject("star", 2, 6, 6)), ground))
    target = scenes.Scene((cat, star), ground)
    assert reaches(moved, language.Edit("add", "", target, (), 1))
    assert not reaches(moved, language.Edit("add", "", target))
    assert not reaches(scenes.codes(scenes.Scene((cat,), ground)), language.Edit("add", "", target, (), 1))
