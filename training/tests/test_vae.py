"""The picture autoencoder's closed-form start and the folding of its latents."""

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL

from training.networks.pyramid import fold, start
from training.networks.vae import VAE
from training.train_vae import CONFIG, crops, draw, floats, quality


@pytest.fixture(scope="module")
def drawn():
    return draw(np.random.default_rng(4), 40)


@pytest.fixture(scope="module")
def vae(drawn):
    torch.manual_seed(0)
    vae = AutoencoderKL(**CONFIG)
    start(vae, crops(drawn, np.random.default_rng(1), 300, 64))
    return vae.eval()


def test_start_reconstructs_before_any_training(vae, drawn):
    torch.manual_seed(0)
    untrained = quality(AutoencoderKL(**CONFIG), drawn[:4])
    started = quality(vae, drawn[:4])
    assert started["psnr"] > 23
    assert untrained["psnr"] < 15


def test_fold_centres_the_latents_and_keeps_the_pictures(vae, drawn):
    pieces = crops(drawn, np.random.default_rng(2), 16, 64)
    with torch.no_grad():
        before = vae.decode(vae.encode(pieces).latent_dist.mode()).sample
        importance = fold(vae, pieces)
        posterior = vae.encode(pieces).latent_dist
        after = vae.decode(posterior.mode()).sample
    assert (after - before).abs().max() < 1e-3
    assert posterior.mean.mean((0, 2, 3)).abs().max() < 1e-4
    assert importance.max() == 1
    assert torch.allclose(posterior.mean.std((0, 2, 3)), importance**0.7, rtol=1e-3)
    assert posterior.std.max() < 0.03


def test_own_autoencoder_is_the_official_one(vae, tmp_path):
    vae.save_pretrained(tmp_path)
    own = VAE.load(tmp_path)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    with torch.no_grad():
        z = vae.encode(floats(pictures)).latent_dist.mode()
        assert (own.encode(pictures) - z).abs().max() < 1e-4
        wanted = vae.decode(z).sample
        assert (own.model.decode(z) - wanted).abs().max() < 1e-4
