"""The picture autoencoder: pictures to latents and back, from a diffusers AutoencoderKL's folder or tensors."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .autoencoder import Autoencoder
from .common import read_safetensors


class VAE:
    """uint8 pictures [n, h, w, 3] <-> scaled latents [n, 8, h / 8, w / 8] (the mode of the posterior)."""

    def __init__(self, config: dict, tensors: dict[str, Tensor]):
        """config, tensors: an AutoencoderKL's."""
        self.model = Autoencoder(config).eval()
        self.model.load_state_dict(tensors)
        self.scale, self.shift = config["scaling_factor"], config.get("shift_factor") or 0.0
        self.device = torch.device("cpu")

    @classmethod
    def load(cls, folder: Path | str) -> "VAE":
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text())
        return cls(config, read_safetensors(folder / "diffusion_pytorch_model.safetensors"))

    def to(self, device: torch.device | str) -> "VAE":
        self.device = torch.device(device)
        self.model.to(self.device)
        return self

    @torch.no_grad()
    def encode(self, pictures: np.ndarray) -> Tensor:
        """The latents stay on the autoencoder's device."""
        x = torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device)
        return (self.model.encode(x.permute(0, 3, 1, 2).float() / 127.5 - 1) - self.shift) * self.scale

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        x = self.model.decode(latents.to(self.device) / self.scale + self.shift)
        x = ((x / 2 + 0.5).clamp(0, 1) * 255).round()
        return x.permute(0, 2, 3, 1).byte().cpu().numpy()
