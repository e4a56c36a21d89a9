"""The next domain's pictures: examples, conditions of untrained decoders, losses, the autoencoder, pieces."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training.conditions import negative
from training.data.tokenizer import Tokenizer
from training.networks.autoencoder import Autoencoder
from training.networks.common import read_safetensors
from training.networks.decoder import TextDecoder, condition
from training.networks.decoding import Decoding
from training.networks.vae import VAE
from training.painting import Painter, losses, total
from training.train_common import Average, advance
from training.train_vae import CONFIG as VAE_CONFIG
from training.train_vae import fidelity, floats
from training.world import latents, tokens
from training.world.codes import FIRST_GROUND, decode
from training.world.config import CONFIG, LAYOUT
from training.world.latents import Chunk, Examples, Pool, Stream
from training.world.learner import Learner
from training.world.pieces import join, split
from training.world.plans import codes_in
from training.world.render import render
from training.world.roundtrip import held_out, line, losses as roundtrip_losses
from training.world.splits import in_training
from training.world.tables import CONTENT
from training.world.train_pictures import READS, Sequencer, correlation, study, things_in

SMALL = CONFIG.dit | {"hidden_size": 64, "num_attention_heads": 1, "num_kv_heads": 1, "num_layers": 2}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokens.write(folder)
    return Tokenizer(folder)


@pytest.fixture(scope="module")
def sequencer(tokenizer, tmp_path_factory) -> Sequencer:
    """The decoder before its first step, its codes' content by lot."""
    torch.manual_seed(0)
    table = torch.randn(LAYOUT.codes, CONTENT) * 3 * CONTENT**-0.5
    model = Learner(table)
    path = tmp_path_factory.mktemp("sequences") / "average.pt"
    torch.save({n: p.detach() for n, p in model.named_parameters()} | {"content": table}, path)
    return Sequencer(path, tokenizer)


@pytest.fixture(scope="module")
def vae() -> VAE:
    torch.manual_seed(1)
    config = VAE_CONFIG | {"in_channels": 3, "out_channels": 3}
    return VAE(config, Autoencoder(config).state_dict())


def drawn(tokenizer, references: int, count: int) -> Chunk:
    return Examples(tokenizer, 3).chunk_of(references, np.empty((count * (references + 1), *latents.SHAPE), np.uint8))


def in_latents(chunk: Chunk) -> Chunk:
    """Latents by lot in place of pictures."""
    shape = *chunk.pictures.shape[:2], *latents.LATENT
    return Chunk(chunk.prompts, chunk.plans.astype(np.int64), torch.randn(shape, generator=torch.Generator().manual_seed(2)))


@pytest.mark.parametrize("references", [0, 1, 2])
def test_an_example_is_a_prompt_a_plan_and_its_pictures(tokenizer, references):
    chunk = drawn(tokenizer, references, 3)
    assert chunk.pictures.shape == (3, references + 1, 256, 256, 3)
    for prompt, plan, pictures in zip(chunk.prompts, chunk.plans, chunk.pictures, strict=True):
        assert (prompt == LAYOUT.image_pad).sum() == 64 * references
        assert tokenizer.decode(prompt[-7:].tolist()).endswith("<|image start|>08*16<|image token|>")
        scene = decode(codes_in(plan.astype(int)))
        if references == 0:
            assert np.array_equal(render(scene), pictures[-1])
            assert in_training(scene)


def test_safetensors_are_read_as_float32(tmp_path):
    from safetensors.torch import save_file

    tensors = {"a": torch.randn(3, 2), "b": torch.randn(4).half(), "c": torch.randn(2, 1).bfloat16()}
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    found = read_safetensors(tmp_path / "x.safetensors")
    assert {k: v.dtype for k, v in found.items()} == dict.fromkeys(tensors, torch.float32)
    assert all(torch.equal(found[k], v.float()) for k, v in tensors.items())


def test_round_trip_scenes_are_held_out_and_losses_are_told(vae):
    scenes = held_out("sticker", 3, np.random.default_rng(2))
    assert not any(in_training(s) for s in scenes)
    assert {s.style for s in scenes} == {"sticker"}
    same = floats(render(scenes[0])[None])[0]
    assert fidelity(same, same, scenes[0])["ground"] == 0
    rows = roundtrip_losses(vae, scenes)
    assert [("flat" in row) == (s.ground.kind == "solid") for row, s in zip(rows, scenes, strict=True)]
    assert line("x", rows).startswith("| x | ")


def test_visual_states_of_an_untrained_decoder_are_its_codes(tokenizer, sequencer):
    """Embeddings weigh so much that `what` and `look` of a cell stand where the Q-Former is told to read them."""
    batch = study(sequencer, in_latents(drawn(tokenizer, 0, 2)), 0.0)
    chunk = in_latents(drawn(tokenizer, 0, 2))
    for head, column in ((0, 0), (1, 1)):
        states = batch.condition.image[:, READS[head]]
        codes = torch.from_numpy(chunk.plans[:, :, column::2]).flatten(1)
        assert torch.nn.functional.cosine_similarity(states, sequencer.table[LAYOUT.first_code + codes], dim=-1).min() > 0.99
    assert torch.equal(batch.things, torch.from_numpy(chunk.plans[:, :, ::2] < FIRST_GROUND).flatten(1))


def test_pictures_learn_from_the_states_that_the_checkpoint_names(sequencer):
    torch.manual_seed(3)
    text = TextDecoder(CONFIG.text)
    with torch.no_grad():
        every = Decoding(text, sequencer.table, [sequencer.ids], plain=True, layout=LAYOUT).states
    wanted = condition(every, CONFIG.condition_layers)[0]
    torch.testing.assert_close(negative(text, sequencer.table, sequencer.ids, LAYOUT), wanted)


def test_the_signal_tells_the_cell_of_both_codes(tokenizer, sequencer):
    chunk = in_latents(drawn(tokenizer, 0, 1))
    added = study(sequencer, chunk, 2.0).condition.image - study(sequencer, chunk, 0.0).condition.image
    assert torch.allclose(added[:, READS[0]], added[:, READS[1]], atol=1e-5)
    assert torch.allclose(added[:, READS[0]].norm(dim=-1), torch.tensor(2.0), atol=1e-4)
    assert (added.abs().sum(-1) > 0).sum() == 128


@pytest.mark.parametrize("references", [0, 1, 2])
def test_a_batch_teaches_all_that_takes_part(tokenizer, sequencer, references):
    torch.manual_seed(4)
    model = Painter(SMALL, CONFIG.refiner)
    steppers, average = model.optimisers(1e-3, 0.02), Average(model)
    batch = study(sequencer, in_latents(drawn(tokenizer, references, 4)), 2.0)
    parts = losses(model, batch, sequencer.nothing)
    assert all(p.isfinite() for p in parts.values())
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    total(parts, 0.1).backward()
    advance(model, steppers, average)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert ("dit.ref_image_patch_embedder.weight" in moved) == (references > 0)
    assert {"dit.norm_out.linear_2.weight", "patch.weight", "place.weight"} <= moved


def test_helpers_learn_to_read_the_cells_states(tokenizer, sequencer):
    torch.manual_seed(5)
    model = Painter(SMALL, CONFIG.refiner)
    steppers, average = model.optimisers(3e-3, 0.02), Average(model)
    batch, seen = study(sequencer, in_latents(drawn(tokenizer, 0, 2)), 2.5), []
    for _ in range(15):
        parts = losses(model, batch, sequencer.nothing)
        seen.append(parts["cross"].item())
        total(parts, 0.0).backward()
        advance(model, steppers, average)
    assert seen[0] == pytest.approx(np.log(LAYOUT.length + 3), abs=0.8)
    assert seen[-1] < seen[0] - 0.5


def test_a_pool_keeps_the_newest(tokenizer):
    pool = Pool(0, "cpu")
    store = pool.stores[0]
    for value in range(4):
        pictures = torch.full((40, 1, *latents.LATENT), float(value)).half()
        pool.add(Chunk([np.array([value], np.int16)] * 40, np.full((40, 8, 16), value), pictures))
    assert store.held == store.capacity == latents.PICTURES
    batch = pool.batch(np.random.default_rng(0), 200, 0)
    assert set(batch.plans[:, 0, 0]) == {1, 2, 3}
    assert all(p[0] == plan[0, 0] == z[0, 0, 0, 0] for p, plan, z in zip(batch.prompts, batch.plans, batch.pictures, strict=True))
    assert not pool.ready


def test_a_stream_draws_in_other_processes(tokenizer, vae, monkeypatch, tmp_path):
    monkeypatch.setattr(latents, "PICTURES", 4)
    monkeypatch.setattr(latents, "KINDS", {0: 1.0})
    tokens.write(tmp_path)
    stream, pool = Stream(tmp_path, 1, 1), Pool(8, "cpu")
    try:
        assert stream.feed(pool, vae, 1, wait=60) == 1
    finally:
        stream.close()
    wanted = Examples(tokenizer, 1000).chunk_of(0, np.empty((4, *latents.SHAPE), np.uint8))
    store = pool.stores[0]
    assert store.made == 4
    assert np.array_equal(store.plans[:4], wanted.plans)
    assert torch.allclose(store.latents[:4, 0].float(), vae.encode(wanted.pictures[:, 0]), atol=2e-2, rtol=1e-2)


def test_things_are_found_and_compared(tokenizer):
    chunk = drawn(tokenizer, 0, 1)
    picture, boxes = chunk.pictures[0, -1], list(things_in(chunk.plans[0].astype(int)))
    assert len(boxes) == len(decode(codes_in(chunk.plans[0].astype(int))).objects)
    part = picture[boxes[0]]
    assert correlation(part, part) == pytest.approx(1, abs=1e-3)
    assert correlation(part, 255 - part) == pytest.approx(-1, abs=1e-3)
    assert abs(correlation(part, np.full_like(part, 90))) < 1e-3


def test_weights_come_back_from_their_pieces(tmp_path: Path):
    values = {"a": torch.randn(50, 30), "b": torch.arange(7)}
    files = split(values, tmp_path / "w", most=1000)
    assert len(files) > 3 and all(f.stat().st_size <= 1000 for f in files)
    found = join(tmp_path / "w")
    assert torch.equal(found["a"], values["a"].half().float()) and torch.equal(found["b"], values["b"])
    assert len(split({"a": torch.zeros(1)}, tmp_path / "w", most=10**6)) == 1
    assert len(list(tmp_path.glob("w-*"))) == 1
    with pytest.raises(ValueError, match="not finite in float16: a"):
        split({"a": torch.tensor([1e6])}, tmp_path / "v")
