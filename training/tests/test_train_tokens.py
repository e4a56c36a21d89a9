"""The visual tokenizer's training, in both domains: its codebook, its pictures, a step, going on from a checkpoint."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from training.networks.codes import CONTENT
from training.networks.visual_tokenizer import VisualTokenizer
from training.train_tokens import DOMAINS, Domain, Examples, codebook, losses, restore, sheet


@pytest.fixture(params=DOMAINS, scope="module")
def domain(request) -> Domain:
    return DOMAINS[request.param](torch.Generator().manual_seed(8))


@pytest.fixture(scope="module")
def model(domain) -> VisualTokenizer:
    torch.manual_seed(1)
    made = VisualTokenizer(domain.sizes)
    content = torch.randn(len(domain.factors), CONTENT)
    made.quantize["embedding"].weight.data = codebook(content, domain.factors, torch.Generator().manual_seed(8))
    return made


def test_every_code_has_a_direction_of_its_own(domain, model):
    table = model.quantize["embedding"].weight
    assert table.shape == (domain.sizes["codebook_size"], domain.sizes["codebook_dim"])
    assert torch.allclose(table.norm(dim=1), torch.ones(len(table)), atol=1e-5)
    some = table[torch.randperm(len(table))[:300]]
    assert (some @ some.T - torch.eye(300)).max() < 0.999


def test_pictures_have_a_patch_for_each_code_and_are_shown_again(domain):
    examples = Examples(domain.draw, 14, np.random.default_rng(1))
    pictures, codes = examples.batch(4, 1)
    assert pictures.shape == (4, 3, 14 * codes.shape[1], 14 * codes.shape[2])
    assert pictures.abs().max() <= 1
    assert codes.max() < domain.sizes["codebook_size"]
    again, _ = examples.batch(4, 1)
    assert len(examples.kept) == 5
    known = {p.numpy().tobytes() for p in pictures}
    assert sum(p.numpy().tobytes() in known for p in again) == 3


def test_a_step_teaches_encoder_and_decoder(domain, model):
    pictures, codes = Examples(domain.draw, 14, np.random.default_rng(2)).batch(2, 2)
    code, picture, right = losses(model, pictures, codes, domain.draws)
    assert 0 <= right <= 1
    (code + picture).backward()
    assert all(p.grad.abs().max() > 0 for p in (model.encoder.trunk["blocks"][0].attn["qkv"].weight, model.decoder.conv_in.weight))
    model.zero_grad()
    assert sheet(model, pictures, codes).size == (2 * pictures.shape[3], 2 * pictures.shape[2])


def test_what_fits_of_a_checkpoint_is_taken(domain, model, tmp_path):
    named = {f"gen_tokenizer.image_tokenizer.{k}": v.clone() for k, v in model.state_dict().items()}
    named["gen_tokenizer.image_tokenizer.quantize.embedding.weight"] = torch.zeros(5, 7)
    save_file(named, tmp_path / "model.safetensors")
    other = VisualTokenizer(domain.sizes)
    own = other.quantize["embedding"].weight.detach().clone()
    assert restore(other, tmp_path) == len(named) - 1
    assert torch.equal(other.decoder.conv_in.weight, model.decoder.conv_in.weight)
    assert torch.equal(other.quantize["embedding"].weight, own)
