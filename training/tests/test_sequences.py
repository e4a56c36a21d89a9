"""Training batches: what a token sees, where it stands, and what words are about."""

from itertools import islice

import numpy as np
import pytest
import torch
from training.data import language, scenes, tokenizer
from training.data.tokenizer import Tokenizer
from training.data.vocabulary import PLACES
from training.networks import config as c
from training.networks.decoding import expanded
from training.sequences import Sequences, meant_cells, origin_cells, phrases, picture_positions
from training.train_sequences import Learner, Steps, ahead, still_to_come

TALK = [("where is the cat?", "on the left"), ("what colour is it?", "orange"), ("and the star?", "green")]


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.write(folder)
    return Tokenizer(folder)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_packed_conversation_sees_what_the_model_is_asked_and_nothing_of_others(words, turns):
    talk = TALK[:turns]
    batch = Sequences(words, 0).questions([[[("what is it?", "a car")], talk, [("how many keys", "none")]]])
    *_, last, _ = (batch.texts[0] == c.IM_END).nonzero()[:, 0] + 1
    sees = batch.mask[0, 0, last] == 0
    (*before, (question, answer)) = talk
    prompt = expanded(words.encode(words.conversation_prompt(question, 0 if before else 1, [(q, 0 if i else 1, a) for i, (q, a) in enumerate(before)])))
    alone = np.array([*prompt, *words.encode(answer), c.IM_END])
    assert batch.ids[0, sees].tolist() == alone.tolist()
    assert (batch.positions[:, 0, sees].numpy() == picture_positions(alone)).all()
    wanted = batch.texts[0, sees]
    assert wanted[wanted >= 0].tolist() == [t for _, said in talk for t in (*words.encode(said), c.IM_END)]
    assert (batch.ids[0, sees][1:][wanted[:-1] >= 0] == wanted[:-1][wanted[:-1] >= 0]).all()


def test_words_are_about_the_cells_of_all_things_they_name():
    things = [scenes.SceneObject("apple", 2, 0, 0), scenes.SceneObject("apple", 2, 6, 6), scenes.SceneObject("cat", 4, 2, 2)]
    scene = scenes.Scene(tuple(things), scenes.Background("white"))
    cells = meant_cells(scene, (0, 1)).reshape(c.GRID, c.GRID)
    assert (cells == 1).sum() == 8 and (cells[:2, :2] == 1).all() and (cells[6:, 6:] == 1).all()
    assert (cells[2:6, 2:6] == 0).all() and (cells == -1).sum() == 64 - 24


def test_every_batch_is_of_the_domain(words):
    """Edits and answers as they are drawn: what is meant lies in the old picture, what is asked about is one of its things."""
    seq = Sequences(words, 3)
    edits, asked = seq.edit(12), seq.ask(4, 8)
    thing = edits.scene_codes < scenes.OBJECT_CODES
    assert ((edits.meant >= 0) == thing).all() and (edits.meant == 1).any()
    rows, places, cells = asked.about
    assert (asked.texts[rows, places] >= 0).all() and cells.any(1).all()
    assert not (cells & (asked.scene_codes[rows] >= scenes.OBJECT_CODES)).any()
    made = seq.create(8).codes
    assert made.min() == -1 and scenes.OBJECT_CODES <= made.max() < scenes.CODES


def test_a_noun_and_the_words_behind_it_tell_about_its_things(words) -> None:
    text = "Cat at the bottom left, a small dog in the middle and two red apples"
    ids = words.encode(words.generate_prompt(text))
    names = ("cat", "dog", "apple")
    scene = scenes.Scene(tuple(scenes.SceneObject(n, 2, 2 * i, 2 * i) for i, n in enumerate(names)), scenes.Background("white"))
    told = phrases(Sequences(words, 0).named(ids, scene)[None], np.array([ids]))[0]
    said = {n: words.decode([i for i, k in zip(ids, told, strict=True) if k == scenes.NAMES.index(n)]) for n in names}
    assert said == {"cat": "Cat at the bottom left, a small", "dog": " dog in the middle and two red", "apple": " apples"}


def test_until_a_thing_begins_its_origin_is_where_it_lay() -> None:
    """A pear moves below a cat that stays; a star, which is nowhere yet, comes last."""
    cat, pear, star = (scenes.SceneObject(n, 2, r, k) for n, r, k in (("cat", 3, 0), ("pear", 0, 3), ("star", 6, 6)))
    moved, white = scenes.SceneObject("pear", 2, 6, 0), scenes.Background("white")
    edit = language.Edit("move", "", scenes.Scene((cat, moved, star), white), (1,))
    cells = origin_cells(scenes.Scene((cat, pear), white), edit)
    lay = {name: meant_cells(scenes.Scene((o,), white), (0,)) == 1 for name, o in (("cat", cat), ("pear", pear))}
    assert (cells[: 3 * 8 + 1] == lay["cat"]).all() and (cells[3 * 8 + 1 : 6 * 8 + 1] == lay["pear"]).all()
    assert not cells[6 * 8 + 1 :].any()


def test_a_plan_is_told_by_the_old_picture_and_the_words(words) -> None:
    """The tokens that are looked at from a cell before something begins: of the old picture where that lies, and none where all is drawn."""
    batch = Sequences(words, 7).edit(16, 2)
    row, place = (batch.cells[:, 1:] >= 0).nonzero(as_tuple=True)
    there = Learner.old_places(batch, row, place)
    pads, cells = batch.ids == c.IMAGE_PAD, batch.origins[row, batch.cells[row, place + 1]]
    shown = pads.any(1)[row]
    assert 0 < shown.sum() < len(shown) or pads.any(1).all()
    assert (there & ~pads[row]).sum() == 0 and torch.equal(there[shown].sum(1), cells[shown].sum(1)) and not there[~shown].any()
    things = batch.scene_codes[row] < scenes.OBJECT_CODES
    assert (cells & ~things).sum() == 0 and cells.any()


def test_what_is_still_to_come_falls_where_things_begin() -> None:
    """Counted from the scene's own boxes."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        scene = scenes.sample_several(rng)
        codes = scenes.codes(scene).flatten()
        count, kinds, places = still_to_come(torch.from_numpy(codes)[None], torch.arange(c.GRID**2)[None])
        corners = [(o.row * c.GRID + o.column, scenes.NAMES.index(o.name), PLACES.index(o.place)) for o in scene.objects]
        for cell in range(c.GRID**2):
            left = [(name, place) for corner, name, place in corners if corner >= cell]
            assert count[0, cell] == len(left)
            assert set(kinds[0, cell].nonzero()[:, 0].tolist()) == {name for name, _ in left}
            assert set(places[0, cell].nonzero()[:, 0].tolist()) == {place for _, place in left}


def test_batches_drawn_ahead_are_the_same(words) -> None:
    plain, other = (Steps(Sequences(words, 5), (3, 2, 2, 4), 1, 1) for _ in range(2))
    for one, two in zip(islice(plain, 3), islice(ahead(other), 3), strict=True):
        assert len(one) == len(two) == 3
        for a, b in zip(one, two, strict=True):
            assert torch.equal(a.ids, b.ids) and torch.equal(a.codes, b.codes)
            assert (a.pictures is None and b.pictures is None) or np.array_equal(a.pictures, b.pictures)
