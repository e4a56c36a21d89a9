"""Captions, edits and questions say the truth about their scenes."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from training.data import language
from training.data.scenes import (
    MINIMUM_CONTRAST,
    MOST,
    PLACED,
    Background,
    Scene,
    SceneObject,
    contrast,
    overlap,
    relation,
    sample,
    sample_several,
    visible,
)
from training.data.splits import in_training
from training.data.vocabulary import BY_NAME, COLOUR_SPELLINGS, OBJECTS, SHADE_NAMES
from training.tests import reading

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


# ---------------------------------------------------------------- several things


def fulfils(scene: Scene, request: language.Request) -> bool:
    """Whether some way to take the scene's things for those asked for, all of them, has what was said of each."""
    return any(
        all(
            o.name == said.name and said.colour in (None, o.colour) and said.place in (None, o.place)
            for o, said in zip(order, request.objects, strict=True)
        )
        and request.relation in (None, *([relation(*order)] if len(order) == 2 else []))
        for order in permutations(scene.objects)
        if len(order) == len(request.objects)
    ) and request.background in (None, ground_names(scene))


def ground_names(scene: Scene) -> tuple[str, ...]:
    ground = scene.background
    return (ground.colour, ground.to) if ground.to else (ground.colour,)


def test_every_noun_has_its_plural():
    for o in OBJECTS:
        for noun in (o.name, *o.synonyms):
            assert language.plural(noun) == reading.PLURALS.get(noun, f"{noun}s")
    assert language.plural("green fish") == "green fish"


@pytest.mark.parametrize("count", range(MOST + 1))
def test_a_caption_says_word_for_word_what_its_request_asks(rng, count):
    """Read back by another grammar: every thing, how many, their colours, places, sizes and relation, and the ground."""
    for _ in range(400):
        scene = sample_several(rng, count)
        c = language.caption(scene, rng)
        said, sizes = reading.caption(c.text)
        assert said.objects == c.request.objects and said.background == c.request.background, c.text
        placed = bool(said.objects) and all(o.place for o in said.objects)
        assert said.relation == c.request.relation or (said.relation is None and placed), c.text
        assert fulfils(scene, c.request), c.text
        sized = Counter((o.name, size) for o, size in zip(said.objects, sizes, strict=True) if size)
        assert sized <= Counter((o.name, o.size) for o in scene.objects), c.text


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_prompt_about_places_says_them_of_all_things_or_of_one(rng, count):
    """Read back by another grammar; many that say all name the things in another order than they lie in."""
    told, turned = [], 0
    for _ in range(300):
        scene = sample_several(rng, count)
        if len({o.name for o in scene.objects}) < count:
            continue
        c = language.placing(scene, rng)
        said, _ = reading.caption(c.text)
        assert said.objects == c.request.objects and fulfils(scene, c.request), c.text
        told.append(sum(o.place is not None for o in c.request.objects))
        lie = [o.name for o in sorted(scene.objects, key=lambda o: (o.row, o.column))]
        turned += told[-1] == count and [o.name for o in c.request.objects] != lie
    assert set(told) == {1, count} and 0.6 < told.count(count) / len(told) < 0.85 and turned > 0.2 * len(told)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_things_without_a_place_lie_in_the_order_they_are_named(rng, count):
    orders = 0
    for _ in range(300):
        scene = sample_several(rng, count)
        request = language.caption(scene, rng).request
        if request.relation or any(o.place for o in request.objects):
            continue
        drawn = [o.name for o in sorted(scene.objects, key=lambda o: (o.row, o.column))]
        corners = all(" " in o.place for o in scene.objects)
        if count == 2 and not corners and relation(*scene.objects) in ("left", "right"):
            drawn = [o.name for o in sorted(scene.objects, key=lambda o: o.column)]
        orders += len(set(drawn)) > 1
        assert [o.name for o in request.objects] == drawn
    assert orders > 20


@pytest.mark.parametrize("kind", ["add", "duplicate"])
def test_a_new_thing_without_a_place_takes_the_first_room_for_one_of_the_others_size(rng, kind):
    plain = 0
    while plain < 60:
        scene = sample_several(rng)
        edit = language.edit(scene, rng, kind)
        if edit is None or edit.anywhere is None or edit.beside:
            continue
        new = edit.target.objects[-1]
        rooms = [(r, c) for r in PLACED[new.size] for c in PLACED[new.size]]
        first = next(SceneObject(new.name, new.size, r[0], c[0], new.tint) for r, c in rooms if room(new, r[0], c[0], scene))
        assert (new.row, new.column) == (first.row, first.column)
        plain += 1


def room(new: SceneObject, row: int, column: int, scene: Scene) -> bool:
    """Whether the thing fits there and can be seen."""
    there = replace(new, row=row, column=column)
    return not any(overlap(there, o) for o in scene.objects) and contrast(there, scene.background) >= MINIMUM_CONTRAST


def test_a_thing_made_bigger_keeps_its_corner_where_it_can(rng):
    kept = 0
    for _ in range(200):
        scene = sample_several(rng)
        edit = language.edit(scene, rng, "resize")
        if edit is None:
            continue
        (i,) = edit.changed
        old, new = scene.objects[i], edit.target.objects[i]
        corner = replace(old, size=new.size)
        free = max(old.row, old.column) + new.size <= 8 and not any(overlap(corner, o) for k, o in enumerate(scene.objects) if k != i)
        if free and contrast(corner, scene.background) >= MINIMUM_CONTRAST:
            assert (new.row, new.column) == (old.row, old.column)
            kept += 1
    assert kept > 60


def test_a_request_of_more_or_fewer_or_others_is_not_fulfilled(rng):
    for _ in range(200):
        scene = sample_several(rng, 3)
        asked = language.caption(scene, rng).request
        assert not fulfils(replace(scene, objects=scene.objects[:2]), asked)
        assert not fulfils(scene, replace(asked, objects=asked.objects[:2]))


# ---------------------------------------------------------------- edits


def named(text: str, scene: Scene, mention: int = 0) -> tuple[int, ...]:
    """Which of the scene's things an instruction speaks of: 'it' where there is one, else a mention of all."""
    if re.search(r"\bit\b", text.lower()):
        return (0,) if len(scene.objects) == 1 else ()
    found = reading.mentions(text)
    return found[mention].among(scene) if len(found) > mention else ()


def same_but(source: Scene, e: language.Edit, fields: tuple[str, ...]) -> bool:
    """Whether only these fields of the changed things differ, and nothing else of the scene."""
    if len(source.objects) != len(e.target.objects) or source.background != e.target.background:
        return False
    pairs = enumerate(zip(source.objects, e.target.objects, strict=True))
    return all(new == (replace(old, **{f: getattr(new, f) for f in fields}) if i in e.changed else old) for i, (old, new) in pairs)


def recoloured(text: str, source: Scene, e: language.Edit) -> bool:
    colour = (reading.colours(text) or (None,))[-1]
    painted = all(e.target.objects[i].colour == colour != source.objects[i].colour for i in e.changed)
    return same_but(source, e, ("tint",)) and painted and named(text, source) == e.changed != ()


def grounded(text: str, source: Scene, e: language.Edit) -> bool:
    shade = [k for k, word in enumerate(SHADE_NAMES) if f"{word} " in text.lower()]
    right = reading.colours(text) == ground_names(e.target) != ground_names(source) and shade in ([], [e.target.background.shade])
    return right and not e.changed and e.target.objects == source.objects


def replaced(text: str, source: Scene, e: language.Edit) -> bool:
    found = reading.mentions(text)
    there = {o.name for o in source.objects}
    old = [m for m in found if m.name in there]
    new = [m for m in found if m.name not in there]
    if len(new) != 1 or len(old) > 1 or not same_but(source, e, ("name", "tint")):
        return False
    meant = named(text, source) if not old else old[0].among(source)
    made = [e.target.objects[i] for i in e.changed]
    coloured = all(new[0].colour in ((o.tint,) if o.tint else (None, o.colour)) for o in made)
    return meant == e.changed != () and {o.name for o in made} == {new[0].name} and (new[0].count or 1) == len(made) and coloured


def moved(text: str, source: Scene, e: language.Edit) -> bool:
    places = reading.places(text)
    if not places or len(e.changed) != 1 or not same_but(source, e, ("row", "column")):
        return False
    meant = named(text, source)
    if reading.mentions(text):
        mention = reading.mentions(text)[0]
        meant = replace(mention, place=mention.place if len(places) == 2 else None).among(source)
    (i,) = e.changed
    return meant == e.changed and e.target.objects[i].place == places[-1] != source.objects[i].place


def one_more(text: str, source: Scene, e: language.Edit) -> bool:
    """One more thing, the last, where it was said; `anywhere` exactly where no place was said."""
    same = e.target.background == source.background and e.target.objects[:-1] == source.objects
    if e.changed or not same or not e.target.objects:
        return False
    new, places, relations = e.target.objects[-1], reading.places(text), reading.relations(text)
    beside = all(len(source.objects) == 1 and relation(new, source.objects[0]) == how for how in relations)
    return beside and places in ([], [new.place]) and e.anywhere == (None if places else len(source.objects))


def added(text: str, source: Scene, e: language.Edit) -> bool:
    said = reading.mentions(text)
    if not said or not one_more(text, source, e):
        return False
    new = e.target.objects[-1]
    described = said[0].colour in ((new.tint,) if new.tint else (None, new.colour)) and said[0].size in (None, new.size)
    return new.name == said[0].name not in [o.name for o in source.objects] and described and (said[0].count or 1) == 1


def duplicated(text: str, source: Scene, e: language.Edit) -> bool:
    if not one_more(text, source, e):
        return False
    new, alike = e.target.objects[-1], {(o.name, o.tint) for o in source.objects if o.name == reading.mentions(text)[0].name}
    return alike == {(new.name, new.tint)}


def removed(text: str, source: Scene, e: language.Edit) -> bool:
    rest = tuple(o for i, o in enumerate(source.objects) if i not in e.changed)
    return named(text, source) == e.changed != () and e.target == replace(source, objects=rest)


def extracted(text: str, source: Scene, e: language.Edit) -> bool:
    kept = named(text, source)
    gone = tuple(i for i in range(len(source.objects)) if i not in kept)
    return kept != () and gone == e.changed != () and e.target == replace(source, objects=tuple(source.objects[i] for i in kept))


def resized(text: str, source: Scene, e: language.Edit) -> bool:
    if len(e.changed) != 1 or not same_but(source, e, ("size", "row", "column")):
        return False
    old, new = (s.objects[e.changed[0]] for s in (source, e.target))
    step = 1 if re.search("bigger|larger|enlarge|grow", text.lower()) else -1
    near = all(abs(p - q) <= 1 for p, q in zip(old.centre, new.centre, strict=True))
    return named(text, source) == e.changed and new.size == old.size + step and near


def halves(source: Scene, e: language.Edit) -> Iterator[tuple[language.Edit, language.Edit]]:
    """Every way to share what an edit changed between two that follow each other."""
    new = e.target.objects[len(source.objects) :]
    for cut in range(len(e.changed) + 1):
        old = tuple(e.target.objects[i] if i in e.changed[:cut] else o for i, o in enumerate(source.objects))
        for more, ground in product({(), new}, {source.background, e.target.background}):
            first = replace(e, target=Scene((*old, *more), ground), changed=e.changed[:cut], anywhere=e.anywhere if more else None)
            yield first, replace(e, changed=e.changed[cut:], anywhere=None if more else e.anywhere)


def both(text: str, source: Scene, e: language.Edit) -> bool:
    """Two instructions, each followed in turn."""
    first, second = re.split(r", then |, | and ", text)
    return any(does(first, source, one) and does(second, one.target, two) for one, two in halves(source, e))


FOLLOWED = {
    "recolour": recoloured, "background": grounded, "replace": replaced, "move": moved, "add": added, "remove": removed,
    "extract": extracted, "resize": resized, "duplicate": duplicated, "both": both,
}  # fmt: skip


def does(text: str, source: Scene, e: language.Edit) -> bool:
    """Whether a clause of two is followed as one of the kinds that these can be."""
    return any(follow(text, source, e) for follow in (recoloured, grounded, replaced, moved, resized, added))


@pytest.mark.parametrize("kind", language.EDIT_KINDS)
def test_an_edit_does_what_it_says_and_nothing_else(rng, kind):
    made = 0
    while made < 200:
        scene = sample_several(rng, 1 if made % 2 and kind != "extract" else None)
        e = language.edit(scene, rng, kind)
        if e is None:
            continue
        made += 1
        assert e.kind == kind and e.target != scene and visible(e.target) and in_training(e.target)
        assert FOLLOWED[kind](e.text, scene, e), (e.text, scene, e.target, e.changed, e.anywhere)
        assert e.anywhere is None or kind in ("add", "duplicate", "both")
        *_, last = re.split(r", then |, | and ", e.text) if kind == "both" else [e.text]
        assert e.beside == bool(reading.relations(last)) and (not e.beside or e.request.relation == relation(*e.target.objects))
        assert fulfils(e.target, e.request)
        assert [o.place is None for o in e.request.objects] == [i == e.anywhere for i in range(len(e.target.objects))]
        for o, origin in zip(e.target.objects, e.origins(scene), strict=True):
            assert all((was := scene.objects[i]) == o or i in e.changed or (kind == "duplicate" and was.name == o.name) for i in origin)
            assert origin or e.kind in ("add", "both")


def test_words_that_fit_two_things_are_not_used(rng):
    """Of two apples of two colours no one is 'the apple', and another apple has no one colour."""
    apples = (SceneObject("apple", 2, 0, 0, "green"), SceneObject("apple", 2, 6, 6, "blue"))
    scene = Scene(apples, Background("white"))
    assert not any(language.edit(scene, rng, "duplicate", allowed=lambda _: True) for _ in range(50))
    for e in filter(None, (language.edit(scene, rng, "move", allowed=lambda _: True) for _ in range(50))):
        assert any(reading.mentions(e.text)[0].colour == scene.objects[i].tint or len(reading.places(e.text)) == 2 for i in e.changed)
    asked = language.questions(scene, rng, 60, ("colour", "count"))
    assert all(q.answer.startswith("there is no") for q in asked if q.kind == "colour") and any(q.answer == "two" for q in asked)


@pytest.mark.parametrize("kind", language.EDIT_KINDS)
def test_another_edits_target_is_not_what_an_edit_says(rng, kind):
    """The reader refuses what the words do not say: the scene as it was, and mostly where another instruction led."""
    refused, tried = 0, 0
    while tried < 60:
        scene = sample_several(rng)
        e, other = language.edit(scene, rng, kind), language.edit(scene, rng, kind)
        if e is None or other is None or other.target == e.target:
            continue
        tried += 1
        assert not FOLLOWED[kind](e.text, scene, replace(e, target=scene))
        refused += not FOLLOWED[kind](e.text, scene, replace(other, text=e.text))
    assert refused > 30


# ---------------------------------------------------------------- questions


def enumerated(answer: str) -> Counter:
    """How many of each class 'an apple, two cats and a star' are; 'nothing' is none."""
    found: Counter[str] = Counter()
    for m in reading.mentions(answer):
        found[m.name] += m.count or 1
    assert found or answer == "nothing", answer
    return found


def referred(q: language.Question, scene: Scene, before: Sequence[language.Question]) -> tuple[int, ...]:
    """Things that a question names, or those of the question before it, or the only one there is."""
    if said := reading.mentions(q.text):
        return tuple(i for i, o in enumerate(scene.objects) if o.name == said[0].name)
    if before and before[-1].about:
        return before[-1].about
    return (0,) if len(scene.objects) == 1 else ()


def true(q: language.Question, scene: Scene, before: Sequence[language.Question] = ()) -> bool:
    """Whether a question has the one right answer and is about the things that it is about."""
    text, objects = q.text.lower(), scene.objects
    which, said = referred(q, scene, before), reading.mentions(q.text)
    singular = not said or not which or said[0].count in (None, len(which))
    shown = {objects[i].colour for i in which}
    if q.kind == "colour":
        right = q.answer == (shown.pop() if len(shown) == 1 else None if which else f"there is no {said[0].name}") and singular
    elif q.kind == "is_colour":
        (colour,) = shown
        right = q.answer == ("yes" if reading.colours(text)[-1] == colour else f"no, it is {colour}") and len(which) == 1 and singular
    elif q.kind == "where":
        right = [objects[i].place for i in which] == reading.places(q.answer) and len(which) == 1 and singular
    elif q.kind == "exists":
        right = q.answer == ("yes" if which else "no") and len(said) == 1
    elif q.kind == "count":
        kinds = {objects[i].name for i in which}
        which = tuple(i for i, o in enumerate(objects) if o.name in kinds or re.search("things|objects|items", text))
        right = q.answer == ("none", "one", "two", "three", "four")[len(which)]
    elif q.kind == "place":
        (place,) = reading.places(text)
        which = tuple(i for i, o in enumerate(objects) if o.place == place)
        right = enumerated(q.answer) == Counter(objects[i].name for i in which) and len(which) < 2
    elif q.kind == "what":
        right = enumerated(q.answer) == Counter(o.name for o in (what_related(text, scene) or objects))
        which = q.about if q.about == (0,) and len(objects) == 1 else ()
    elif q.kind == "else":
        named = {i for past in before for i in past.about}
        right, which = enumerated(q.answer) == Counter(o.name for i, o in enumerate(objects) if i not in named), ()
    elif q.kind == "background":
        right, which = reading.colours(q.answer) == ground_names(scene) and ("gradient" in q.answer) == (scene.background.to is not None), ()
    else:
        right, which = described(q.answer, scene), ()
    return right and q.about == which and q.answer == q.answer.lower()


def what_related(text: str, scene: Scene) -> tuple[SceneObject, ...]:
    """The one of two things that 'what is left of the cat' or 'what is at the top' asks for."""
    how = reading.relations(text) or [{"top": "above", "bottom": "below"}.get(p, p) for p in reading.places(text)]
    return tuple(o for o, other in permutations(scene.objects, 2) if [relation(o, other)] == how) if how else ()


def described(answer: str, scene: Scene) -> bool:
    """Whether a description names all things with their paint, one's place, two kinds' relation, and the ground."""
    said, _ = reading.caption(answer)
    things = Counter((o.name, o.colour) for o in said.objects) == Counter((o.name, o.tint) for o in scene.objects)
    pair = len(scene.objects) == 2 and scene.objects[0].name != scene.objects[1].name
    placed = [o.place for o in said.objects] == [o.place if len(scene.objects) == 1 else None for o in scene.objects]
    plain = language.Request(said.objects, said.relation, said.background)
    return things and placed and (said.relation is not None) == pair and fulfils(scene, plain)


@pytest.mark.parametrize("kind", language.QUESTION_KINDS)
@pytest.mark.parametrize("draw", [sample, sample_several])
def test_answers_are_true(rng, kind, draw):
    asked = 0
    while asked < 250:
        scene = draw(rng)
        if q := language.question(scene, rng, kind):
            asked += 1
            assert q.kind == kind and true(q, scene), (q, scene)


def test_answers_count_say_nothing_none_and_one_colour_of_several():
    """The answers that only scenes of none or several things have."""
    ground, rng = Background("blue"), np.random.default_rng(0)
    stars = Scene((SceneObject("star", 2, 0, 0, "green"), SceneObject("star", 2, 6, 6, "green"), SceneObject("cat", 4, 2, 2)), ground)
    empty = Scene((), ground)

    def answers(scene: Scene, kind: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for q in filter(None, (language.question(scene, rng, kind) for _ in range(300))):
            found.setdefault(q.answer, set()).add(q.text.lower().rstrip("?."))
        return found

    assert "how many stars" in answers(stars, "count")["two"]
    assert "how many things" in answers(stars, "count")["three"]
    assert set(answers(stars, "count")) == {"none", "one", "two", "three"}
    assert set(answers(empty, "count")) == {"none"} and set(answers(empty, "place")) == {"nothing"}
    assert set(answers(empty, "what")) == {"nothing"} and set(answers(empty, "describe")) == {"nothing on a blue background"}
    assert set(answers(stars, "place")) == {"a star", "a cat", "nothing"}
    assert "what colour are the stars" in answers(stars, "colour")["green"]
    assert set(answers(stars, "what")) == {"two stars and a cat"}
    assert set(answers(stars, "describe")) == {"two green stars and a cat on a blue background"}
    assert set(answers(stars, "where")) == {"in the centre"}


def test_a_false_answer_is_not_true(rng):
    """The check of answers refuses those of other scenes."""
    refused = [
        not true(q, other)
        for scene, other in ((sample_several(rng, 3), sample_several(rng, 2)) for _ in range(200))
        for q in language.questions(scene, rng, kinds=("what", "where", "place", "describe"))
        if q.about == () or max(q.about) < 2
    ]
    assert np.mean(refused) > 0.9


def test_a_conversation_refers_back_and_answers_truly(rng):
    kinds: Counter[str] = Counter()
    back = 0
    for _ in range(600):
        scene, turns = sample_several(rng), int(rng.integers(2, language.LONGEST_TALK + 1))
        talk = language.conversation(scene, rng, turns)
        assert len(talk) <= turns
        for i, q in enumerate(talk):
            assert true(q, scene, talk[:i]), (talk[: i + 1], scene)
            back += i > 0 and not reading.mentions(q.text)
        kinds.update(q.kind for q in talk)
    assert set(kinds) == {"colour", "where", "exists", "place", "count", "what", "is_colour", "else"}
    assert back > 300


def test_every_kind_of_question_is_asked(rng):
    kinds = {q.kind for _ in range(20) for q in language.questions(sample_several(rng), rng)}
    assert kinds == set(language.QUESTION_KINDS)


def test_the_same_seed_says_the_same():
    def draw() -> list:
        rng = np.random.default_rng(5)
        scenes = [sample(rng) for _ in range(20)]
        return [(language.caption(s, rng), language.edit(s, rng), language.questions(s, rng)) for s in scenes]

    assert draw() == draw()
