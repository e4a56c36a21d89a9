"""Joint training reaches the decoder, an arm's switch removes what it says, and the table is what the arms found."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training import quick
from training.ablations import ARMS, CLAIMS, Result, Shown, error_cell, routed, table, trained
from training.conditions import Conditions
from training.data import scenes
from training.data.tokenizer import Tokenizer
from training.joint import GENERATION, Joint, Live, gradients
from training.networks.codes import CONTENT
from training.painting import Painter, Study, losses
from training.train_common import Log, train_only
from training.train_pictures import STATE_OF_CELL, prompts
from training.train_sequences import Learner

torch.set_num_threads(1)
TEXTS = ["a red car", "a cat on a blue background"]


@pytest.fixture(scope="module")
def words() -> Tokenizer:
    return Tokenizer(Path("assets/model"))


@pytest.fixture
def learner() -> Learner:
    torch.manual_seed(0)
    made = Learner(torch.randn(scenes.CODES, CONTENT) * CONTENT**-0.5)
    for layer in made.text.layers:
        for out in (layer.self_attn.o_proj, layer.mlp.down_proj, layer.gen_mlp.down_proj):
            torch.nn.init.normal_(out.weight, std=0.05)
    return made


@pytest.fixture
def plans() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [scenes.codes(quick.drawn_scene(rng)) for _ in TEXTS]


def batch_of(seq: Live, plans: list[np.ndarray]) -> Study:
    things = torch.from_numpy(np.stack(plans) < scenes.OBJECT_CODES).flatten(1)
    return Study(seq.conditions(TEXTS, False, plans), torch.randn(2, 8, 32, 32), [], things, STATE_OF_CELL)


def drawing() -> Painter:
    """A painter whose last layer is not zero, so that its error has gradients."""
    painter = Painter()
    torch.nn.init.normal_(painter.dit.norm_out.linear_2.weight, std=0.05)
    return painter


# ---------------------------------------------------------------- joint


@pytest.mark.parametrize("reached", [True, False])
def test_flow_matching_reaches_the_generation_experts_only_in_joint_training(learner, words, plans, reached):
    model = Joint(learner, drawing())
    train_only(model, GENERATION)
    seq = Live(learner, words, reached=reached)
    gradients(model, [], seq, batch_of(seq, plans))
    *conditioning, last = [layer.gen_mlp.down_proj.weight.grad for layer in learner.text.layers]
    assert last is None, "no state after the last layer is part of the condition"
    assert all((g is not None and g.norm() > 0) == reached for g in conditioning)
    assert (learner.codes.classes.grad is not None) == reached
    assert model.painter.dit.time_caption_embed.image_embedder.query.grad.norm() > 0


def test_joint_training_leaves_the_understanding_path_alone(learner, words, plans):
    model = Joint(learner, drawing())
    train_only(model, GENERATION)
    seq = Live(learner, words)
    gradients(model, [quick.plan_loss(learner, quick.Few(words, 0).create(2))], seq, batch_of(seq, plans))
    learned = {n for n, p in model.named_parameters() if p.grad is not None}
    assert {n.split(".")[1] for n in learned if n.startswith("learner")} == {"codes", "text"}
    assert all(".gen_mlp." in n for n in learned if n.startswith("learner.text"))
    assert sum(".gen_mlp." in n for n in learned) == 3 * len(learner.text.layers)


def test_live_states_are_those_of_a_snapshot(learner, words, plans, tmp_path):
    from training.train_pictures import Sequencer

    torch.save({n: p.detach() for n, p in learner.named_parameters()} | {"content": learner.codes.content}, tmp_path / "a.pt")
    snapshot, live = Sequencer(tmp_path / "a.pt", words), Live(learner, words)
    made, wanted = live.conditions(TEXTS, False, plans), snapshot.conditions(TEXTS, False, plans)
    torch.testing.assert_close(made.text, wanted.text)
    torch.testing.assert_close(made.image, wanted.image)
    torch.testing.assert_close(live.nothing, snapshot.nothing)


# ---------------------------------------------------------------- switches


def test_with_experts_plans_are_learned_and_answers_cannot_change(learner, words):
    _learn(learner, words, experts=True)


def test_without_experts_learning_plans_changes_answers(learner, words):
    with pytest.raises(AssertionError, match="answers"):
        _learn(learner, words, experts=False)


@torch.no_grad()
def _said(learner: Learner, words: Tokenizer) -> torch.Tensor:
    """The state of the last word, without visual tokens."""
    ids = torch.tensor([words.encode("what is in the picture?")])
    x = learner.codes.embed_ids(ids, learner.text.embed_tokens.weight, words.first_visual)
    return learner.text(x, None, torch.arange(ids.shape[1]).expand(3, 1, -1))[-1]


def _learn(learner: Learner, words: Tokenizer, experts: bool) -> None:
    routed(learner, experts)
    begun, said = learner.text.layers[0].gen_mlp.up_proj.weight.clone(), _said(learner, words)
    batch = quick.Few(words, 0).create(2)
    loss, _ = quick.plan_loss(learner, batch)
    loss.backward()
    for stepper in learner.optimisers(1e-3, 0.01):
        stepper.step()
    assert not torch.equal(begun, learner.text.layers[0].gen_mlp.up_proj.weight)
    assert torch.equal(said, _said(learner, words)), "answers"


def test_both_arms_of_the_experts_begin_with_the_same_plans_and_learn_as_many_weights(learner, words):
    losses_, counts = [], []
    for experts in (True, False):
        routed(learner, experts)
        counts.append(sum(p.numel() for p in learner.parameters() if p.requires_grad))
        losses_.append(quick.plan_loss(learner, quick.Few(words, 0).create(2))[1]["code"])
    assert losses_[0] == losses_[1]
    assert counts[0] == counts[1] > 0


def test_an_arm_shows_only_the_states_it_names(learner, words, plans):
    both, text, image = (Shown(learner, words, parts).conditions(TEXTS, False, plans) for parts in ("both", "text", "image"))
    assert text.image is None and torch.equal(text.text, both.text)
    assert torch.equal(image.image, both.image)
    assert torch.equal(image.text[0], image.text[1]), "the words' states say nothing of the prompt"
    assert not torch.equal(both.text[0], both.text[1])


def test_layers_are_those_that_are_named(learner, words, plans):
    several, *alone = (Shown(learner, words, layers=x).conditions(TEXTS, False, plans).image for x in ([-1, -3], [-1], [-3]))
    torch.testing.assert_close(several, sum(alone) / 2)
    assert not torch.allclose(alone[0], alone[1])


def test_without_visual_states_only_losses_that_need_none_are_left(learner, words, plans):
    seq = Shown(learner, words, "text")
    assert set(losses(drawing(), batch_of(seq, plans), seq.nothing)) == {"v", "plain", "place"}


def test_prompts_without_a_picture_hold_no_picture_tokens(words):
    assert len({len(p) for p in prompts(words, ["a cat", "a cat"], False)}) == 1
    assert len(prompts(words, ["a cat"], True)[0]) > len(prompts(words, ["a cat"], False)[0]) + 60


def test_an_arm_takes_its_steps_with_falling_rates(tmp_path):
    model = torch.nn.Linear(2, 2)
    steppers, seen = [torch.optim.SGD(model.parameters(), 1.0)], []

    def losses_of(step: int, share: float) -> dict[str, float]:
        model(torch.ones(1, 2)).sum().backward()
        seen.append((share, steppers[0].param_groups[0]["lr"]))
        return {}

    values = trained(model, steppers, [0.5], 100, losses_of, Log(tmp_path / "log.jsonl"))
    shares, rates = zip(*seen, strict=True)
    assert shares == tuple(i / 100 for i in range(100))
    assert max(rates) == 0.5 and rates[0] < 0.05 > rates[-1]
    assert not torch.equal(values["weight"], model.weight), "averaged weights"


# ---------------------------------------------------------------- table


def test_every_arm_belongs_to_a_claim():
    assert {name for names in CLAIMS.values() for name in names} == set(ARMS)


def test_the_table_is_made_of_what_is_there(tmp_path):
    first = Result(200, {"right thing": (30, 48)}, {"velocity error": [0.1, 0.2, 0.3]}, 4.0)
    worse = replace(first, shares={"right thing": (3, 48), "likest the thing": (9, 48)}, errors={"velocity error": [0.2, 0.3, 0.5]})
    for name, result in (("both", first), ("text", worse)):
        (tmp_path / f"{name}.0.json").write_text(json.dumps(asdict(result)))
    (tmp_path / "both.0.jsonl").write_text("{}")
    made = table(tmp_path)
    assert "| text states | 0 | 200 | 4 | 0.3333 (+0.0680 to +0.1987) | 6.2 % (2–17) | 18.8 % (10–32) |" in made
    assert "| text and visual states | 0 | 200 | 4 | 0.2000 | 62.5 % (48–75) | – |" in made
    assert "joint" not in made and "none" not in made


def test_differences_are_taken_example_by_example():
    easy_and_hard = [0.1, 10.0, 5.0, 0.2]
    low, high = error_cell([x + 0.01 + 0.001 * (i % 2) for i, x in enumerate(easy_and_hard)], easy_and_hard).split("(")[1][:-1].split(" to ")
    assert 0 < float(low) < 0.0105 < float(high) < 0.012


def test_conditions_of_the_image_arm_are_complete(learner, words, plans):
    made = Shown(learner, words, "image").conditions(TEXTS, False, plans)
    assert isinstance(made, Conditions) and bool(made.text_mask.all()) and len(made.text) == 2
