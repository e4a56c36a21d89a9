"""The text vocabulary of the embedded model."""

import json

import numpy as np
import pytest
from training.data import tokenizer
from training.data.language import caption, edit, questions
from training.data.scenes import CODES, sample_several
from training.data.tokenizer import Tokenizer
from training.data.vocabulary import COLOUR_NAMES, COLOUR_SPELLINGS, OBJECTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("checkpoint")
    tokenizer.write(target)
    return target


@pytest.fixture(scope="module")
def words(folder) -> Tokenizer:
    return Tokenizer(folder)


def test_layout_of_ids(words):
    assert words.vocab_size <= tokenizer.TEXT_VOCABULARY
    assert words.specials["<|endoftext|>"] == len(words.ranks)
    assert words.first_visual == words.vocab_size + 8
    assert words.size == words.vocab_size + 8 + CODES
    assert words.specials[f"<|visual token {CODES - 1:06d}|>"] == words.size - 1


def test_text_comes_back(words):
    rng = np.random.default_rng(3)
    for _ in range(100):
        text = caption(sample_several(rng), rng).text
        assert words.decode(words.encode(text)) == text
    for text in ("Ein blauer Käfer, 7*8!", "日本 🐱\n\ttabs", ""):
        assert words.decode(words.encode(text)) == text


def test_words_of_the_tables_are_single_tokens(words):
    """The nouns, their synonyms and the colours: what embeddings of words start from is one row each."""
    colours = (*COLOUR_NAMES, *sum(COLOUR_SPELLINGS.values(), ()))
    said = {word for noun in (*sum(((o.name, *o.synonyms) for o in OBJECTS), ()), *colours) for word in noun.split()}
    assert not [word for word in said for form in (word, f" {word}", word.capitalize()) if len(words.encode(form)) > 1]


def test_texts_take_little_more_than_a_token_a_word(words):
    """Numbers, plurals and the verbs of later edits are younger than the ranks and may be several tokens."""
    rng = np.random.default_rng(4)
    pieces: list[str] = []
    for _ in range(300):
        scene = sample_several(rng)
        changed = edit(scene, rng)
        texts = [caption(scene, rng).text, changed.text if changed else ""]
        texts += [t for q in questions(scene, rng, 4) for t in (q.text, q.answer)]
        pieces += [p for t in texts for p in tokenizer.ASCII_PATTERN.findall(t)]
    assert np.mean([len(words.encode(p)) for p in pieces]) < 1.25
    assert max(len(words.encode(p)) for p in set(pieces)) <= 7


def test_a_picture_begins_with_ten_tokens(words):
    prompt = words.generate_prompt("a red apple")
    start = prompt.index("<|im_start|>assistant")
    assert len(words.encode(prompt[start:])) == 10


def test_template_renders_the_prompts(words, folder):
    jinja2 = pytest.importorskip("jinja2")
    text = json.loads((folder / "chat_template.json").read_text())["chat_template"]
    template = jinja2.Environment().from_string(text)
    picture = {"type": "image", "image": "file.png"}
    say = [{"role": "user", "content": "a red apple"}]
    change = [{"role": "user", "content": [picture, {"type": "text", "text": "paint it blue"}]}]
    assert template.render(messages=say, t2i_generate=True, ar_height=8, ar_width=8) == words.generate_prompt("a red apple")
    drawn = template.render(messages=change, t2i_generate=True, ar_height=8, ar_width=8)
    assert drawn == words.generate_prompt("paint it blue", picture=True)
    asked = template.render(messages=change, add_generation_prompt=True)
    assert asked == words.question_prompt("paint it blue")
    told = [*change, {"role": "assistant", "content": "blue"}, {"role": "user", "content": "and the cat?"}]
    again = template.render(messages=told, add_generation_prompt=True)
    assert again == words.conversation_prompt("and the cat?", 0, [("paint it blue", 1, "blue")])
