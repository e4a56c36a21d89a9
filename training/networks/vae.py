"""The picture autoencoder (diffusers AutoencoderKL): pictures to latents and back."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class VAE:
    """uint8 pictures [n, h, w, 3] <-> scaled latents [n, 8, h / 8, w / 8] (the mode of the posterior)."""

    def __init__(self, model):
        self.model = model.eval()
        self.scale = model.config.scaling_factor
        self.shift = model.config.shift_factor or 0.0

    @classmethod
    def load(cls, folder: Path | str) -> "VAE":
        from diffusers import AutoencoderKL

        return cls(AutoencoderKL.from_pretrained(str(folder)))

    @torch.no_grad()
    def encode(self, pictures: np.ndarray) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        return (self.model.encode(x).latent_dist.mode() - self.shift) * self.scale

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        x = self.model.decode(latents / self.scale + self.shift).sample
        x = ((x / 2 + 0.5).clamp(0, 1) * 255).round()
        return x.permute(0, 2, 3, 1).byte().numpy()
