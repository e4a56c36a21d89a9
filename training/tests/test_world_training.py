"""The next domain's decoder: its batches say what they should, it learns, and its checkpoint is the official layout."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from training.data.tokenizer import Tokenizer
from training.networks.common import part, read_safetensors
from training.networks.decoder import TextDecoder
from training.networks.decoding import mrope
from training.networks.vision import VisionEncoder
from training.train_common import Average, advance, half_precision, optimisers
from training.world import export, tokens
from training.world.codes import FIRST_BANK, PARTS, WHAT_CODES, decode, look_meaning, meaning
from training.world.config import CONFIG, LAYOUT, Config
from training.world.learner import Learner, coming
from training.world.plans import codes_in, plan, visual_ids
from training.world.questions import question
from training.world.sampling import EARLY, sample
from training.world.sequences import CODE_PLACES, Sequences, cells_of, positions_of, spoken
from training.world.tables import MEANINGS, CodeTables
from training.world.train_sequences import MATRICES, Sizes, means, step_loss
from training.world.validate import plans
from training.world.vocabulary import COLOUR_NAMES, NAMES

torch.set_num_threads(1)
WIDTH = 96
TINY = Config(
    layout=LAYOUT,
    text=CONFIG.text
    | {
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "num_key_value_heads": 3,
        "head_dim": 24,
        "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [4, 4, 4]},
    },
    vision=CONFIG.vision
    | {"out_hidden_size": WIDTH, "depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2},
    dit=CONFIG.dit,
    refiner=CONFIG.refiner,
    visual_tokenizer=CONFIG.visual_tokenizer,
    condition_layers=[-2] + [-5] * 48,
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokens.write(folder)
    return Tokenizer(folder)


@pytest.fixture
def data(tokenizer) -> Sequences:
    return Sequences(tokenizer, 5, early=1.0)


@pytest.fixture(scope="module")
def contents() -> torch.Tensor:
    table = torch.randn(LAYOUT.codes, 96, generator=torch.Generator().manual_seed(1)) * 0.3
    table[WHAT_CODES : WHAT_CODES + FIRST_BANK] = 0
    return table


@pytest.fixture
def learner(contents, tokenizer) -> Learner:
    torch.manual_seed(2)
    model = Learner(contents, TINY)
    model.name_words(tokenizer)
    return model


# ---------------------------------------------------------------- words and codes


def test_ids_are_those_of_the_layout(tokenizer):
    assert tokenizer.vocab_size == LAYOUT.vocabulary
    assert tokenizer.first_visual == LAYOUT.first_code
    assert tokenizer.size == LAYOUT.first_code + LAYOUT.codes
    named = {"<|image_pad|>": LAYOUT.image_pad, "<|im_end|>": LAYOUT.im_end, "<|vision_start|>": LAYOUT.vision_start}
    assert {name: tokenizer.specials[name] for name in named} == named


def test_nearly_every_noun_and_colour_is_one_token(tokenizer):
    words = {w for name in (*NAMES, *COLOUR_NAMES) for w in name.split()}
    whole = [len(tokenizer.encode(f" {w}")) == 1 for w in words]
    assert np.mean(whole) > 0.98


def test_a_prompt_is_what_the_chat_template_writes(tokenizer):
    from jinja2 import Environment
    from training.data.tokenizer import CHAT_TEMPLATE

    parts = [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "swap them"}]
    say = [{"role": "user", "content": parts}]
    written = Environment().from_string(CHAT_TEMPLATE).render(messages=say, t2i_generate=True, ar_height=8, ar_width=16)
    assert written == tokenizer.generate_prompt("swap them", 2, LAYOUT.rows, LAYOUT.columns)
    assert len(tokenizer.encode(written.split("swap them<|im_end|>\n")[1])) == 10


def test_a_plan_reads_back_as_its_scene():
    rng = np.random.default_rng(8)
    for scene in (sample(rng, EARLY) for _ in range(20)):
        found = decode(codes_in(plan(scene)))
        assert found.ground == scene.ground
        assert found.style == scene.style
        assert set(found.objects) == set(scene.objects)


def test_flat_tables_are_the_factored_ones(contents):
    tables = CodeTables(contents, WIDTH)
    embedding, head = tables.flat()
    codes = torch.randint(0, LAYOUT.codes, (40,), generator=torch.Generator().manual_seed(3))
    h = torch.randn(40, WIDTH)
    torch.testing.assert_close(embedding[8:][codes], tables.embed(codes))
    wanted = F.cross_entropy((h @ head.T)[:, 8:], codes, reduction="none")
    torch.testing.assert_close(tables.loss(h, codes)[0], wanted, atol=1e-4, rtol=1e-4)


def test_factors_say_what_a_code_means():
    rng = np.random.default_rng(2)
    for n in rng.integers(WHAT_CODES, size=30):
        facts, cell = MEANINGS.facts(torch.tensor([int(n)])), meaning(int(n))
        if hasattr(cell, "name"):
            assert (NAMES[facts["names"]], PARTS[facts["parts"]]) == (cell.name, (cell.size, cell.row, cell.column))
        else:
            assert (facts["names"], facts["parts"]) == (-1, -1)
            assert facts["zones"] >= 0
    for n in rng.integers(FIRST_BANK, size=30):
        facts, look = MEANINGS.facts(torch.tensor([WHAT_CODES + int(n)])), look_meaning(int(n))
        assert (look.tint is None) == (facts["tints"] == 0)
        assert facts["banks"] == facts["zones"] == -1


# ---------------------------------------------------------------- batches


def test_prompts_end_where_the_plans_begin(data, tokenizer):
    batch = data.create(6)
    assert batch.ids.shape == (6, batch.first + LAYOUT.length - 1)
    at = batch.ids[:, batch.first + torch.from_numpy(CODE_PLACES)] - LAYOUT.first_code
    torch.testing.assert_close(at, batch.codes)
    assert (batch.ids[:, batch.first - 1] == tokenizer.specials["<|image token|>"]).all()
    for i in range(6):
        start = int(batch.mask[i, 0, -1].int().argmax())
        assert tokenizer.decode(batch.ids[i, start:].tolist()).startswith(("<|im_start|>system", "<|im_start|>assistant"))
        torch.testing.assert_close(batch.positions[:, i, start:], torch.arange(batch.ids.shape[1] - start).expand(3, -1))


def test_edits_show_the_old_picture(data):
    batch = data.edit(5, "combine", blind=1)
    assert len(batch.pictures) == 10
    assert (batch.ids == LAYOUT.image_pad).sum() == 640
    for i, first in enumerate(batch.base):
        assert (batch.ids[i, first : first + 64] == LAYOUT.image_pad).all()
        assert any(torch.equal(batch.old[i], batch.seen[k]) for k in (2 * i, 2 * i + 1))
    things = batch.old[:, 0] < WHAT_CODES - 28
    assert ((batch.meant >= 0) == things).all()


def test_every_place_sees_at_least_itself(data):
    for batch in (data.create(6), data.edit(4), data.ask(2, 3), data.talk(2, 1)):
        assert batch.mask[:, 0].diagonal(dim1=1, dim2=2).all()


def test_positions_are_those_of_decoding(data):
    prompt = data.prompt("put the cat of the second picture on the table", 2)
    ids = torch.tensor([prompt])
    torch.testing.assert_close(torch.from_numpy(positions_of(np.array(prompt))), mrope(ids, ids >= 0, LAYOUT)[:, 0])


def test_answers_follow_their_questions(data, tokenizer):
    batch = data.ask(3, 4)
    assert len(batch.pictures) == 3
    row, place = (batch.texts >= 0).nonzero(as_tuple=True)
    torch.testing.assert_close(batch.texts[row, place], batch.ids[row, place + 1])
    assert (batch.texts == LAYOUT.im_end).sum() == 12
    row, place, first, cells = batch.about
    assert (batch.texts[row, place] >= 0).all()
    assert (batch.ids[row, first] == LAYOUT.image_pad).all()
    assert cells.any(1).all()


def test_a_question_does_not_see_the_others(data):
    batch = data.ask(1, 3)
    ends = (batch.ids[0] == LAYOUT.im_end).nonzero()[:, 0]
    head = int((batch.ids[0] == LAYOUT.image_pad).nonzero()[-1]) + 1
    asked_second = int(ends[1]) + 2
    seen = batch.mask[0, 0, asked_second]
    assert seen[: head + 1].all()
    assert not seen[head + 1 : ends[1] + 1].any()


def test_chats_are_answered_turn_by_turn(data, tokenizer):
    batch = data.talk(4, 1)
    text = tokenizer.decode([i for i in batch.ids[1].tolist() if i != LAYOUT.image_pad])
    turns = int((batch.texts[1] == LAYOUT.im_end).sum())
    assert 3 <= turns <= 5
    assert text.count("<|im_start|>assistant\n") == turns
    assert (batch.ids == LAYOUT.image_pad).sum() == 64 * len(batch.pictures)


def test_each_word_of_a_list_speaks_of_its_thing():
    rng = np.random.default_rng(4)
    while True:
        scene = sample(rng, replace(EARLY, counts={2: 1.0}, alike=0.0))
        found = question(scene, rng, "what")
        spans = spoken(scene, found)
        first, second = (scene.objects[things[0]] for _, _, things in spans)
        assert first.name in found.answer[spans[0][0] : spans[0][1]]
        assert second.name in found.answer[spans[1][0] : spans[1][1]]
        assert cells_of(scene, spans[0][2]).sum() == first.size**2
        return


def test_what_comes_next_is_known_on_the_ground_before_it():
    rng = np.random.default_rng(9)
    scene = sample(rng, replace(EARLY, counts={2: 1.0}))
    what = torch.from_numpy(plan(scene)[:, ::2].flatten())[None]
    at = coming(what)[0]
    starts = sorted(8 * o.row + o.column for o in scene.objects)
    assert at[0] == starts[0]
    assert at[starts[0]] == starts[0]
    assert at[starts[0] + 1] == 64
    assert at[63] == (starts[1] if starts[1] == 63 else 64)


# ---------------------------------------------------------------- learning, and the checkpoint


def test_a_step_without_finite_gradients_changes_nothing():
    layer = torch.nn.Linear(4, 4)
    steppers, average, before = optimisers(layer, ["weight"], 1e-3, 0.02, {}), Average(layer), layer.weight.detach().clone()
    for bad, changes in ((float("nan"), False), (0.0, True)):
        (layer(torch.ones(1, 4)).sum() + bad * layer.weight.sum()).backward()
        advance(layer, steppers, average)
        assert (not torch.equal(layer.weight, before)) == changes
        assert average.count == int(changes)
        assert layer.weight.grad is None


def test_a_tiny_model_learns(learner, data):
    steppers = optimisers(learner, MATRICES, 3e-3, 0.02, {"qkv.weight": 3})
    sizes = Sizes(creates=4, edits=3, combined=2, pictures=2, questions=3, chats=2, pairs=1)
    drawn = [list(sizes.batches(data, step)) for step in (0, 1, 3)]
    rows = []
    for _ in range(4):
        for batches in drawn:
            row = {}
            with half_precision():
                for batch in batches:
                    loss, figures = step_loss(learner, batch)
                    loss.backward()
                    row |= {k: v.item() for k, v in figures.items()}
            for s in steppers:
                s.step()
            learner.zero_grad(set_to_none=True)
            rows.append(row)
    first, last = means(rows[:3]), means(rows[-3:])
    falls = ("create", "coming", "point", "edit", "read", "answer", "talk", "seen")
    assert {k: (first[k], last[k]) for k in falls if last[k] >= first[k]} == {}


@torch.no_grad()
def test_the_checkpoint_decodes_as_the_learner_does(learner, data, tmp_path):
    values = dict(learner.named_parameters()) | {"content": learner.codes.content}
    export.write(tmp_path, export.language_tensors(values, TINY) | export.token_tensors(None, CONFIG.visual_tokenizer), {}, TINY)
    tensors = read_safetensors(tmp_path / "model.safetensors")
    text, visual = TextDecoder(TINY.text), VisionEncoder(TINY.vision)
    text.load_state_dict(part(tensors, "llm_model.model.language_model."))
    visual.load_state_dict(part(tensors, "llm_model.model.visual."))
    assert tensors["gen_tokenizer.image_tokenizer.quantize.embedding.weight"].shape[0] == LAYOUT.codes
    assert Tokenizer(tmp_path).size == LAYOUT.first_code + LAYOUT.codes
    batch = data.create(2)
    states, _ = learner.states(batch)
    gen = batch.ids >= LAYOUT.vocabulary
    found = text(text.embed(batch.ids), gen, batch.positions, batch.mask)
    at = batch.first - 1 + CODE_PLACES[-1]
    learned = learner.text.norm(states[-1][:, at]) @ learner.codes.flat()[1].T
    shipped = text.norm(found[-1][:, at]) @ tensors["llm_model.gen_head.weight"].T
    torch.testing.assert_close(shipped, learned, atol=2e-3, rtol=2e-2)


@torch.no_grad()
def test_greedy_decoding_agrees_with_the_teacher(learner, data):
    """The plan that is decoded step by step is the one that a single pass over it names."""
    prompt = data.prompt("a cat")
    (made,) = plans(learner, [prompt])
    ids = torch.tensor([[*prompt, *visual_ids(made)[:-1]]])
    embedding, head = learner.codes.flat()
    x = F.embedding(ids, torch.cat([learner.text.embed_tokens.weight, embedding]))
    states = learner.text(x, ids >= LAYOUT.vocabulary, torch.arange(ids.shape[1]).expand(3, 1, -1))
    named = (learner.text.norm(states[-1][0, len(prompt) - 1 + CODE_PLACES]) @ head[8:].T).argmax(-1)
    assert (named.view(8, 16).numpy() == made).all()
