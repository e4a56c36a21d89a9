"""The plan of a scene holds what its caption asks for, and another scene's plan does not."""

import numpy as np

from training.check_plans import edits, holds, reaches
from training.data import language, scenes


def test_a_scenes_own_plan_holds_its_caption_and_another_ones_does_not() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        scene, other = scenes.sample(rng), scenes.sample(rng)
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


def test_an_edit_reaches_its_target_alone() -> None:
    for kind in ("recolour", "replace", "move"):
        for scene, edit in edits(np.random.default_rng(4), kind, False, 5):
            assert reaches(scenes.codes(edit.target), edit.target)
            assert not reaches(scenes.codes(scene), edit.target)
