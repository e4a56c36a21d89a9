"""The next domain's captions, edits, questions and chats say the truth about their scenes, and can be read back."""

from dataclasses import replace

import numpy as np
import pytest

from training.world import dialogues, edits, questions
from training.world.captions import caption, describe
from training.world.grounds import Ground
from training.world.parse import nearest, parse
from training.world.requests import Related, Request, Wanted, holds
from training.world.sampling import FULL, sample
from training.world.scenes import Placed, Scene, valid
from training.world.splits import in_training
from training.world.vocabulary import BY_NAME, NAMES

FEW = replace(FULL, names=NAMES[::5])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(17)


@pytest.fixture(scope="module")
def drawn_scenes() -> list[Scene]:
    rng = np.random.default_rng(6)
    return [sample(rng, FEW) for _ in range(500)]


# ---------------------------------------------------------------- captions


def test_twenty_thousand_captions_ask_for_what_their_scene_holds_and_parse_back(drawn_scenes, rng):
    for scene in drawn_scenes:
        for _ in range(40):
            c = caption(scene, rng)
            assert holds(scene, c.request), c
            reading = parse(c.text)
            assert reading.request == c.request, c.text
            assert reading.unknown == [], c.text


def test_a_caption_does_not_hold_for_another_scene(drawn_scenes, rng):
    wrong = [
        holds(other, caption(scene, rng).request) for scene, other in zip(drawn_scenes, drawn_scenes[1:], strict=False)
    ]
    assert np.mean(wrong) < 0.01


def test_paint_is_always_said(drawn_scenes, rng):
    for scene in drawn_scenes:
        said = [(w.name, w.colour) for w in caption(scene, rng).request.objects]
        assert all((o.name, o.tint) in said for o in scene.objects if o.tint)


def test_captions_are_varied_and_not_long(drawn_scenes, rng):
    texts = [caption(s, rng).text for s in drawn_scenes]
    assert len(set(texts)) > 0.95 * len(texts)
    assert max(len(t.split()) for t in texts) < 50 and np.mean([len(t.split()) for t in texts]) < 16


def test_a_description_reads_back_to_its_scene(drawn_scenes):
    for scene in drawn_scenes:
        upright = replace(scene, objects=tuple(replace(o, turn="as drawn") for o in scene.objects))
        reading = parse(describe(scene))
        assert reading.unknown == [] and holds(upright, reading.request)
        assert sum(w.count for w in reading.request.objects) == len(scene.objects)


def test_prompts_written_by_hand_are_read():
    cat, dog = Wanted("cat"), Wanted("dog")
    cases = {
        "two cats and a dog, on a beach please": Request((replace(cat, count=2), dog), (), ("beach",)),
        "A dog sitting on top of a box": Request((dog, Wanted("box")), (Related("on", 0, 1),)),
        "cat to the left of dog": Request((cat, dog), (Related("left", 0, 1),)),
        "I would like an orange and an orange cat": Request((Wanted("orange"), replace(cat, colour="orange"))),
        "3 small golden stars above a house at night": Request(
            (Wanted("star", 3, "yellow", "small"), Wanted("house")), (Related("above", 0, 1),), ("night sky",)
        ),
        "bunny between two pine trees in the snow": Request(
            (Wanted("rabbit"), Wanted("pine tree", 2)), (Related("between", 0, 1),), ("snow",)
        ),
        "a cat wearing a hat, on white": Request((cat, Wanted("top hat")), (Related("on", 1, 0),), ("solid", "white")),
        "a house with a tree on its left and a car on its right": Request(
            (Wanted("house"), Wanted("tree"), Wanted("car")), (Related("left", 1, 0), Related("right", 2, 0))
        ),
        "a dog left, a cat right and a mouse in between": Request(
            (replace(dog, place="left"), replace(cat, place="right"), Wanted("mouse")), (Related("between", 2, 0, 1),)
        ),
        "a light bulb on a light blue background": Request((Wanted("light bulb"),), (), ("solid", "blue", "light")),
        "pixel-art dragonless castle, no dog": Request((Wanted("castle"),), (), None, "pixel", ("dog",)),
        "there's a car at the top left and there is a bus at the bottom right": Request(
            (Wanted("car", place="top left"), Wanted("bus", place="bottom right"))
        ),
    }
    for text, request in cases.items():
        assert parse(text).request == request, text


def test_unknown_words_are_named():
    reading = parse("a hamster next to a red car")
    assert reading.unknown[0] == "hamster"
    assert [w.name for w in reading.request.objects] == ["car"]
    assert "guitar" in nearest("gitar") and "elephant" in nearest("elefant")


# ---------------------------------------------------------------- edits


@pytest.mark.parametrize("kind", edits.EDIT_KINDS)
def test_an_edit_reaches_its_request_and_keeps_the_rest(drawn_scenes, rng, kind):
    made: list[edits.Edit] = []
    for a, b in zip(drawn_scenes, drawn_scenes[1:], strict=False):
        e = edits.edit((a, b) if kind == "combine" else a, rng, kind, tries=3)
        if e:
            made.append(e)
        if len(made) == 60:
            break
    assert len(made) == 60
    for e in made:
        assert e.kind == kind and e.target != e.source and valid(e.target) and in_training(e.target)
        assert holds(e.target, e.request) and not holds(e.source, e.request)
        for i, k in e.kept:
            assert e.source.objects[i] == e.target.objects[k]
        assert len(e.kept) + len(e.changed) == len(e.target.objects)
        if kind in ("background", "add"):
            assert not e.gone
        if kind in ("add", "remove", "replace", "adjust", "action"):
            assert e.target.ground == e.source.ground and e.target.style == e.source.style
            assert len(e.kept) >= len(e.source.objects) - 1 or kind == "remove"
        if kind == "extract":
            assert len(e.target.objects) == 1 and e.target.ground == Ground("solid", "white")
    assert len({" ".join(w for w in e.text.lower().split()[:2]) for e in made}) >= 10


def test_an_edit_names_one_thing_only(rng):
    """Of two alike things, one is singled out or none is named."""
    twins = Scene((Placed("cat", 3, 0, 0), Placed("cat", 3, 0, 5)), Ground("solid", "blue"))
    assert {edits.the(twins, 0, rng) for _ in range(60)} <= {
        f"the {left}" for word in ("cat", "kitty", "kitten") for left in (f"left {word}", f"{word} on the left")
    }
    corners = Scene((Placed("cat", 3, 0, 0), Placed("cat", 3, 5, 5)), Ground("solid", "blue"))
    assert edits.the(corners, 0, rng) is None


# ---------------------------------------------------------------- questions


def test_answers_are_true(drawn_scenes, rng):
    for scene in drawn_scenes[:400]:
        names = [o.name for o in scene.objects]
        for q in questions.questions(scene, rng):
            assert q.answer == q.answer.lower()
            if q.kind == "absent":
                assert not any(f" {n}" in q.answer for n in names if f"no {n}" == q.answer[9:])
            if q.kind == "where":
                assert q.answer in {questions.PLACE_ANSWER[o.place] for o in scene.objects}
            if q.kind in ("what", "describe"):
                read = parse(q.answer).request
                assert sum(w.count for w in read.objects) == len(names) and {w.name for w in read.objects} == set(names)
            if q.kind in ("colour", "is_colour"):
                assert scene.coloured
            if q.kind in ("biggest", "smallest"):
                sizes = [o.size for o in scene.objects]
                best = (max if q.kind == "biggest" else min)(sizes)
                assert sizes.count(best) == 1 and scene.objects[sizes.index(best)].name in q.answer
            if q.kind == "list" and q.answer != "none":
                assert all(n in names for n in q.answer.replace(" and ", ", ").split(", "))


def test_every_kind_of_question_is_asked(drawn_scenes, rng):
    kinds = {q.kind for s in drawn_scenes[:400] for q in questions.questions(s, rng)}
    assert kinds == set(questions.QUESTION_KINDS)


def test_known_scenes_get_known_answers(rng):
    scene = Scene(
        (Placed("cat", 3, 4, 0), Placed("car", 2, 5, 3, "blue"), Placed("dog", 3, 4, 5)), Ground("meadow"), "flat"
    )

    def answers(kind: str) -> set[str]:
        return {q.answer for q in (questions.question(scene, rng, kind) for _ in range(150)) if q}

    assert answers("what") == {"a cat, a blue car and a dog"}
    assert answers("between") == {"a blue car"}
    assert answers("colour") == {"orange", "blue", "brown"}
    assert answers("biggest") == set() and answers("smallest") == {"the car"}
    assert answers("describe") == {
        "a cat at the bottom left, a blue car at the bottom and a dog at the bottom right in a meadow, flat"
    }
    assert "flat" in answers("style") and "a meadow" in answers("background")
    assert answers("is_colour") <= {"yes", "no, it is orange", "no, it is blue", "no, it is brown"}


def test_two_pictures_are_compared(drawn_scenes, rng):
    cat, dog = (Scene((Placed(n, 3, 2, 2),), Ground("solid", "blue")) for n in ("cat", "dog"))
    asked = [questions.compare(cat, dog, rng) for _ in range(100)]
    assert {q.answer for q in asked} <= {"the first", "the second", "neither", "both have the same number"}
    assert all(q.answer == "the first" for q in asked if any(w in q.text.lower() for w in ("cat", "kitt")))
    said = {
        questions.difference(e): e
        for e in (edits.edit(s, rng, "adjust", tries=3) for s in drawn_scenes[:60])
        if e is not None
    }
    assert any(text and text.endswith("bigger now") for text in said)


# ---------------------------------------------------------------- chats


def test_chats_refer_back_and_stay_true(drawn_scenes, rng):
    kinds: set[str] = set()
    for k, scene in enumerate(drawn_scenes[:250]):
        chat = dialogues.dialogue(rng, scene if k % 3 else None)
        assert 3 <= len(chat.turns) <= 5
        picture = chat.picture
        for turn in chat.turns:
            kinds.add(turn.kind)
            assert (turn.picture is not None) == (turn.kind in ("change", "draw"))
            if turn.kind == "draw":
                wish = parse(turn.answer.removeprefix(dialogues.DRAW))
                assert turn.answer.startswith(dialogues.DRAW) and holds(turn.picture, wish.request)
            if turn.kind == "change":
                assert turn.answer.startswith(dialogues.CHANGE) and valid(turn.picture) and turn.picture != picture
            if turn.kind == "ask" and turn.text.lower().rstrip("?!. ").endswith("what colour is it now"):
                assert turn.answer in {o.colour for o in picture.objects}
            picture = turn.picture or picture
    assert kinds == {"ask", "change", "draw", "talk"}


def test_what_it_cannot_draw_is_said():
    assert dialogues.unknown_answer("hamster").startswith("i don't know hamster.")
    assert all(w not in BY_NAME for w in ("hamster", "sword"))


def test_the_same_seed_says_the_same(drawn_scenes):
    def say() -> list:
        rng = np.random.default_rng(5)
        one = [(caption(s, rng), edits.edit(s, rng), questions.questions(s, rng)) for s in drawn_scenes[:20]]
        return [*one, dialogues.dialogue(rng, drawn_scenes[0])]

    assert say() == say()
