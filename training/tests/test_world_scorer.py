"""The larger domain's scorer passes right pictures and texts, refuses wrong ones, and is the one that was frozen."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from PIL import Image

from training.scorer.calibrate import blurred, shuffled
from training.scorer.freeze import digests
from training.world.grounds import Ground
from training.world.render import render
from training.world.requests import Related, Request, Wanted, holds
from training.world.scenes import Placed, Scene, valid
from training.world.scorer import freeze
from training.world.scorer.calibrate import everything
from training.world.scorer.cases import EDIT_KINDS, HANDWRITTEN, PROMPT_SETS, EditCase, load
from training.world.scorer.detect import Sight, see
from training.world.scorer.evaluate import full_table, kind_of, score_run, write_inputs
from training.world.scorer.handwritten import read
from training.world.scorer.score import answer_ok, description_ok, judge, score_edit
from training.world.splits import in_training
from training.world.vocabulary import BY_NAME

SCENE = Scene(
    (Placed("car", 3, 5, 0, "blue"), Placed("cat", 3, 5, 4), Placed("star", 2, 0, 6)), Ground("solid", "green", 1)
)
CAR, CAT, STAR = Wanted("car"), Wanted("cat"), Wanted("star")


@pytest.fixture(scope="module")
def sight() -> Sight:
    return see(render(SCENE))


def test_frozen_parts_are_unchanged():
    assert json.loads(freeze.FROZEN.read_text()) == digests(freeze.HERE, freeze.PARTS)


# ---------------------------------------------------------------- pictures


def test_all_that_a_picture_holds_is_seen(sight):
    verdict = judge(sight, everything(SCENE))
    assert verdict.ok, verdict.checks
    request = Request((CAR, CAT, STAR), (Related("left", 0, 1), Related("above", 2, 1), Related("beside", 0, 1)))
    assert judge(sight, request).ok


@pytest.mark.parametrize(
    "wrong",
    [
        Request((CAR, CAT)),
        Request((CAR, CAT, STAR, Wanted("dog"))),
        Request((Wanted("bus"), CAT, STAR)),
        Request((replace(CAR, count=2), CAT, STAR)),
        Request((replace(CAR, colour="red"), CAT, STAR)),
        Request((replace(CAR, size="huge"), CAT, STAR)),
        Request((replace(CAR, place="top left"), CAT, STAR)),
        Request((replace(CAR, turn="upside down"), CAT, STAR)),
        Request((CAR, CAT, STAR), (Related("right", 0, 1),)),
        Request((CAR, CAT, STAR), (Related("on", 2, 1),)),
        Request((CAR, CAT, STAR), (), ("solid", "blue")),
        Request((CAR, CAT, STAR), (), ("solid", "green", "dark")),
        Request((CAR, CAT, STAR), (), ("meadow",)),
        Request((CAR, CAT, STAR), (), None, "pixel"),
        Request((CAR, CAT, STAR), (), None, "flat"),
        Request((CAR, CAT, STAR), (), None, "grey"),
        Request((CAR, CAT), (), None, None, ("star",)),
    ],
)
def test_wrong_requests_fail(sight, wrong):
    assert not judge(sight, wrong).ok


def test_damage_passes_as_far_as_people_would_see_the_same():
    assert judge(see(blurred(1.5)(render(SCENE))), everything(SCENE)).ok
    assert not judge(see(shuffled(render(SCENE))), Request((CAR, CAT, STAR))).ok


@pytest.mark.parametrize(
    "scene",
    [
        Scene((Placed("owl", 4, 4, 0), Placed("guitar", 4, 1, 4)), Ground("beach"), "pixel"),
        Scene((Placed("owl", 3, 5, 0), Placed("guitar", 4, 1, 4)), Ground("solid", "white"), "line"),
        Scene((Placed("owl", 3, 5, 0), Placed("guitar", 4, 1, 4)), Ground("snow"), "grey"),
    ],
    ids=lambda s: s.style,
)
def test_every_style_is_told(scene):
    verdict = judge(see(render(scene)), everything(scene))
    assert verdict.ok, verdict.checks


# ---------------------------------------------------------------- edits


def test_an_edit_must_reach_its_target_and_keep_the_rest(sight):
    target = SCENE.with_object(0, tint="pink")
    case = EditCase("adjust", "make the car pink", (SCENE,), 0, target, everything(target), False)
    before = render(SCENE)
    assert score_edit(before, render(target), case).ok
    assert not score_edit(before, before, case, sight).ok
    moved = score_edit(before, render(target.with_object(1, row=1)), case)
    assert not moved.ok and not moved.checks["kept cat"] and not moved.checks["rest"]


# ---------------------------------------------------------------- texts


def test_answers_match_word_for_word():
    assert answer_ok("  A cat. ", "a cat") and not answer_ok("a cat and a dog", "a cat")


def test_descriptions_are_read():
    right = "two red cars, a palm tree at the top left and grapes at the bottom on a blue background"
    assert description_ok(right, right) == (True, True)
    assert description_ok(right.replace("top left", "top right"), right) == (True, False)
    assert description_ok(right.replace("red", "blue", 1), right) == (True, False)
    assert description_ok(right.replace("two", "three"), right) == (False, False)
    assert description_ok(right.replace("palm tree", "tree"), right) == (False, False)
    for case in load().descriptions:
        assert description_ok(case.answer, case.answer) == (True, True)
        assert not description_ok("nothing", case.answer)[0]


# ---------------------------------------------------------------- the frozen test


def test_the_frozen_test_is_whole_and_half_held_out():
    test = load()
    assert Counter(p.set for p in test.prompts) == dict.fromkeys(PROMPT_SETS, 100) | {HANDWRITTEN: 300}
    assert Counter(e.kind for e in test.edits) == dict.fromkeys((*EDIT_KINDS, "combine"), 60)
    assert (len(test.questions), len(test.descriptions), len(test.chats)) == (2000, 200, 200)
    for name in PROMPT_SETS[1:]:
        assert sum(p.held_out for p in test.prompts if p.set == name) == 50
    for part in (test.edits, test.questions, test.descriptions):
        assert sum(c.held_out for c in part) == len(part) / 2
    assert all(3 <= len(c.turns) <= 5 for c in test.chats)


def test_held_out_means_that_training_never_sees_it():
    test = load()
    for case in (*test.prompts, *test.questions, *test.descriptions):
        assert in_training(case.scene) != case.held_out
    assert all(in_training(e.target) for e in test.edits if not e.held_out)
    assert all(not (in_training(e.target) and in_training(e.source)) for e in test.edits if e.held_out)


def test_every_prompt_has_a_right_scene():
    test = load()
    for p in test.prompts:
        assert valid(p.scene) and holds(p.scene, p.request), p.text
    for e in test.edits:
        assert holds(e.target, e.request) and not holds(e.source, e.request), e.text


def test_hand_written_prompts_are_well_formed():
    written = list(read())
    assert len({text for text, _ in written}) == 300
    own = [(p.text, p.request) for p in load().prompts if p.set == HANDWRITTEN]
    assert own == written
    for _, request in written:
        assert request.objects and all(w.name in BY_NAME for w in request.objects)
        assert all(max(r.a, r.b, r.c or 0) < len(request.objects) for r in request.relations)


def test_a_folder_of_pictures_and_answers_is_scored(tmp_path):
    write_inputs(tmp_path, 1)
    questions = json.loads((tmp_path / "inputs" / "questions.json").read_text())
    assert {kind_of(load().questions[q["index"]]) for q in questions} == {q.kind for q in load().questions}
    test, chat = load(), load().chats[0]
    Image.fromarray(render(test.prompts[0].scene)).save(tmp_path / "one.png")
    manifest = {
        "created": [{"index": 0, "seed": 1, "file": "one.png"}],
        "answered": [{"index": 0, "text": test.questions[0].answer}, {"index": 1, "text": "no idea"}],
        "described": [{"index": 0, "text": test.descriptions[0].answer}],
        "chatted": [{"index": 0, "texts": [t.answer for t in chat.turns]}],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    lines = score_run(tmp_path, False, None, None).splitlines()
    shares = {tuple(c.strip() for c in line.split("|")[1:3]): line.split("**")[1] for line in lines if "**" in line}
    assert shares["model", "single"] == "100.0 %" and shares["model, wrong prompt", "prompts, all"] == "0.0 %"
    assert shares["model", "questions, all"] == "50.0 %" and shares["model", "chats: whole"] == "100.0 %"
    assert (tmp_path / "sheet.png").exists() and full_table({}).startswith("| scored")
