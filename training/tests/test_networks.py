"""The networks against the parity cases the engine is checked with."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from training.networks.common import part
from training.networks.decoder import TextDecoder
from training.networks.dit import DiT
from training.networks.vision import VisionEncoder
from training.networks.visual_tokenizer import VisualTokenizer

CASES = Path(__file__).parents[2] / "test" / "parity" / "alpha"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="no parity cases")


@pytest.fixture(scope="module")
def checkpoint() -> tuple[dict, dict]:
    return json.loads((CASES / "checkpoint/config.json").read_text()), load_file(CASES / "checkpoint/model.safetensors")


def case(stage: str, name: str) -> dict[str, torch.Tensor]:
    return load_file(CASES / "cases" / stage / f"{name}.safetensors")


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


@torch.no_grad()
def test_vision_encoder(checkpoint):
    config, tensors = checkpoint
    model = VisionEncoder(config["llm_config"]["vision_config"])
    model.load_state_dict(part(tensors, "llm_model.model.visual."))
    t = case("vision-encoder", "landscape")
    _, h, w = t["in.image_grid_thw"][0].tolist()
    out, deep = model(t["in.pixel_values"][None], h, w)
    assert difference(out[0], t["out.embeds"]) < 5e-5
    assert difference(deep[1][0], t["out.deepstack.1"]) < 5e-5


@torch.no_grad()
def test_text_decoder(checkpoint):
    config, tensors = checkpoint
    model = TextDecoder(config["llm_config"]["text_config"])
    model.load_state_dict(part(tensors, "llm_model.model.language_model."))
    t = case("text-decoder", "mixed")
    ids = t["in.input_ids"].long()
    states = model(model.embed(ids), ids >= model.start, t["out.position_ids"].long())
    assert difference(states[-1][0], t["out.hidden.4"]) < 5e-5


@torch.no_grad()
@pytest.mark.parametrize(("name", "t"), [("text-image", 0.37), ("edit-two-unequal", 0.44)])
def test_diffusion_transformer(checkpoint, name, t):
    config, tensors = checkpoint
    model = DiT(config["gen_dit_config"], config["gen_image_condition_refiner_config"])
    model.load_state_dict(part(tensors, "gen_transformer."))
    x = case("dit", name)
    queries, _ = model.time_caption_embed.image_embedder(x["in.image"])
    references = [x[f"in.reference.{i}"][None] for i in range(5) if f"in.reference.{i}" in x]
    v = model(x["in.latents"], torch.tensor([t]), x["in.text"], queries, references=references)
    assert difference(v, x["out.velocity"]) < 5e-5


@torch.no_grad()
def test_visual_tokenizer(checkpoint):
    config, tensors = checkpoint
    model = VisualTokenizer(config["gen_tokenizer_config"])
    model.load_state_dict(part(tensors, "gen_tokenizer.image_tokenizer."))
    t = case("visual-tokenizer", "encode-42x42")
    assert (model.codes(t["in.image"])[0] == t["out.codes"]).all()
    t = case("visual-tokenizer", "decode-3x4")
    assert difference(model.decode(t["in.codes"].long()[None]), t["out.image"]) < 5e-5
