"""The way from a checkpoint to the table: an untrained one makes everything the frozen test asks for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training.export import picture_tensors, token_tensors
from training.networks.autoencoder import Autoencoder
from training.networks.model import Model, Said
from training.painting import Painter
from training.train_vae import CONFIG as VAE_CONFIG
from training.world import export
from training.world.config import CONFIG, LAYOUT
from training.world.evaluate import PARTS, Job, batches, make, sizes
from training.world.learner import Learner
from training.world.render import render
from training.world.scorer.cases import Test, load
from training.world.sequences import Sequences
from training.world.tables import CONTENT

torch.set_num_threads(1)
SMALL = replace(
    CONFIG, dit=CONFIG.dit | {"hidden_size": 64, "num_attention_heads": 1, "num_kv_heads": 1, "num_layers": 1}
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """Untrained, two steps a picture, answers of four words."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoint")
    learner = Learner(torch.randn(LAYOUT.codes, CONTENT) * 3 * CONTENT**-0.5)
    values = dict(learner.named_parameters()) | {"content": learner.codes.content}
    config = VAE_CONFIG | {"in_channels": 3, "out_channels": 3}
    vae = {f"gen_vae.{k}": v for k, v in Autoencoder(config).state_dict().items()}
    tensors = export.language_tensors(values) | picture_tensors(Painter(SMALL.dit, SMALL.refiner).state_dict())
    export.write(folder, tensors | vae | token_tensors(None, CONFIG.visual_tokenizer), config, SMALL)
    for name, changes in (("tusk.json", {"steps": 2}), ("und_generation_config.json", {"max_new_tokens": 4})):
        (folder / name).write_text(json.dumps(json.loads((folder / name).read_text()) | changes))
    return folder


@pytest.fixture(scope="module")
def model(checkpoint) -> Model:
    return Model(checkpoint)


@pytest.fixture(scope="module")
def test() -> Test:
    """Of each part the first item, and an edit with two pictures."""
    whole = load()
    combined = next(e for e in whole.edits if len(e.sources) == 2)
    return Test(whole.prompts[:1], (whole.edits[0], combined), whole.questions[:1], whole.descriptions[:1], whole.chats[:1])


def test_a_checkpoint_makes_all_parts_and_goes_on(model, test, tmp_path, capsys):
    make(model, test, tmp_path, list(PARTS), 1, None)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [e.get("variant") for e in manifest["created"]] == [None, "without codes"]
    assert all((tmp_path / e["file"]).exists() for part in ("created", "edited") for e in manifest[part])
    assert len(manifest["edited"]) == 2 and len(manifest["answered"]) == len(manifest["described"]) == 1
    assert len(manifest["chatted"][0]["texts"]) == len(test.chats[0].turns)
    capsys.readouterr()
    make(model, test, tmp_path, ["create", "edit"], 2, None)
    again = json.loads((tmp_path / "manifest.json").read_text())
    assert [(e["index"], e["seed"]) for e in again["created"]] == [(0, 1), (0, 1), (0, 2)]
    assert again["edited"] == manifest["edited"] and capsys.readouterr().out.startswith("create: 1 of 1")


def test_plans_have_the_grid_of_the_checkpoint(model):
    assert model.layout == LAYOUT
    assert model.plan(["a cat", "a dog on a boat"], [1, 2]).shape == (2, LAYOUT.rows, LAYOUT.columns)


def test_prompts_of_chats_are_those_that_were_learned(model, monkeypatch):
    chat, own = load().chats[0], Sequences(model.tokenizer, 1)
    wanted: list[int] = []
    for prompt, reply, _ in own.turns(chat):
        wanted += [*prompt, *reply]
    said, shown = [], chat.picture
    for turn in chat.turns:
        said.append(Said(turn.text, [] if shown is None else [render(shown)], turn.answer))
        shown = turn.picture
    asked = []
    monkeypatch.setattr("training.networks.model.generate_text", lambda *given: asked.extend(given[3]) or [[]])
    model.reply_many([said])
    last = [*model.tokenizer.encode(chat.turns[-1].answer), LAYOUT.im_end]
    assert asked[0] == wanted[: len(wanted) - len(last)]


def test_batches_hold_edits_of_one_kind_of_input():
    jobs = [Job(i, 1, like=1 + (i >= 20)) for i in range(40)]
    assert [len(b) for b in batches(jobs)] == [16, 4, 16, 4]
    assert all(len({j.like for j in b}) == 1 for b in batches(jobs))


def test_sizes_count_every_parameter(checkpoint, model):
    whole = sum(p.numel() for m in (model.dit, model.visual, model.text) for p in m.parameters())
    said = sizes(checkpoint)
    assert said.startswith("File ") and float(said.split("parameters ")[1].split(" ")[0]) * 1e6 > whole
