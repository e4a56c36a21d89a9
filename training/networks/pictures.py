"""Pictures to the inputs of the vision encoder and back, as the reference does for 256 x 256."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

FETCH_FACTOR = 28
SIDE = 256


def resized_twice(picture: np.ndarray) -> np.ndarray:
    """uint8 [256, 256, 3] -> the same size, after the two bicubic resizes of the reference (factor 28, then 32)."""
    side = round(SIDE / FETCH_FACTOR) * FETCH_FACTOR
    small = Image.fromarray(picture).resize((side, side), Image.BICUBIC)
    return np.asarray(small.resize((SIDE, SIDE), Image.BICUBIC))


def vision_rows(pictures: np.ndarray | Tensor, patch: int = 16, merge: int = 2) -> Tensor:
    """uint8 [b, h, w, 3] -> float [b, patches, 3 * patch^2] in -1..1, rows in the order of merged blocks, no time axis.

    A tensor's rows are made on its device.
    """
    b, h, w, _ = pictures.shape
    x = torch.as_tensor(pictures).view(b, h // (merge * patch), merge, patch, w // (merge * patch), merge, patch, 3)
    return x.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(b, -1, 3 * patch * patch).float() / 127.5 - 1
