"""The tiny decoder: what it learns from, that it learns, and that the engine's reference case is what it computes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from training.networks.common import part, read_safetensors
from training.networks.tiny_decoder import TinyDecoder, products
from training.networks.vae import VAE
from training.train_tiny_decoder import Pool, fidelity, loss_of, spoiled

ROOT = Path(__file__).parents[2]
CASE = ROOT / "test/unit/tiny-decoder/case.safetensors"
"""A small decoder, latents and its picture, for the engine; made by `write_case`."""


def small() -> TinyDecoder:
    return TinyDecoder(3, [8, 4, 4], [2, 1, 1])


def write_case() -> None:
    from safetensors.torch import save_file

    torch.manual_seed(5)
    model = small()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.2)
    latents = torch.randn(1, 3, 5, 7)
    with torch.no_grad():
        save_file(model.state_dict() | {"in.latents": latents, "out.image": model(latents)}, CASE)


def test_the_engines_case_is_what_the_network_computes():
    case = read_safetensors(CASE)
    model = small()
    model.load_state_dict({n: v for n, v in case.items() if n not in ("in.latents", "out.image")})
    with torch.no_grad():
        assert torch.allclose(model(case["in.latents"]), case["out.image"], atol=1e-5)


@pytest.fixture(scope="module")
def pool() -> Pool:
    model = ROOT / "assets/model"
    config = json.loads((model / "config.json").read_text())["gen_vae_config"]
    vae = VAE(config, part(read_safetensors(model / "model.safetensors"), "gen_vae."))
    return Pool(vae, np.random.default_rng(1), 6)


def test_targets_are_what_the_autoencoder_decodes(pool):
    latents, targets = pool.batch(3, 16)
    assert latents.shape == (3, 8, 16, 16)
    assert targets.shape == (3, 3, 128, 128)
    with torch.no_grad():
        whole = pool.vae.model.decode(pool.latents[:1])
    assert torch.allclose(whole, pool.targets[:1].float(), atol=2e-3)
    before = pool.latents.clone()
    pool.renew(2)
    assert (pool.latents != before).flatten(1).any(1).sum() == 2


def test_half_of_the_latents_stay_as_they_are():
    latents = torch.randn(400, 2, 4, 4)
    same = (spoiled(latents, torch.Generator().manual_seed(1)) == latents).flatten(1).all(1).float().mean()
    assert 0.4 < same < 0.6


def test_it_learns(pool):
    torch.manual_seed(0)
    model = TinyDecoder(8, [16, 8, 8], [1, 1, 1])
    start = fidelity(model, pool)["psnr"]
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(40):
        latents, targets = pool.batch(4, 8)
        loss_of(model(latents), targets).backward()
        optimiser.step()
        optimiser.zero_grad()
    assert fidelity(model, pool)["psnr"] > start + 3


def test_products_are_a_sixth_of_a_gigaflop_or_so():
    one = TinyDecoder(2, [2, 2, 2], [1, 0, 0])
    expected = 4 * (2 * 2 * 9 + 2 * 2 * 2 * 9 + 8 * 2 * 9) + 16 * 8 * 2 * 9 + 64 * 12 * 2 * 9
    assert products(one, 2) == expected
