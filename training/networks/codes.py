"""The visual codes as a product of factors: embedding and head while training, flat tables for the checkpoint.

An object code is (class, tint) x (size, part): its embedding is the sum of the factors' and of the content it
draws; its logit the sum of the factors' logits, so that the softmax over all codes needs a few hundred rows.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data import scenes
from .config import GRID, HIDDEN

PARTS = len(scenes.SIZE_PARTS)
CLASS_TINTS = len(scenes.CLASS_TINTS)
OBJECT_CODES = scenes.OBJECT_CODES
CLASS = torch.from_numpy(scenes.CT_CLASS).long()
TINT = torch.from_numpy(scenes.CT_TINT).long()
CONTENT = 96
SHOWN_AT = {3: (0, 0), 4: (4, 4), 2: (5, 0)}
"""Row and column of the cell where a thing of each size begins in the picture that `content` looks at."""


@lru_cache(2)
def directions(width: int = HIDDEN) -> Tensor:
    """A fixed random unit vector for each of the 64 cells [64, H]: where a state says which cell it belongs to."""
    generator = torch.Generator().manual_seed(64)
    return F.normalize(torch.randn(GRID * GRID, width, generator=generator), dim=-1)


def colour_features(colours: Tensor, count: int = 64) -> Tensor:
    """Smooth random features of colours [n, 3] -> [n, count], near 1 in size."""
    generator = torch.Generator().manual_seed(3)
    w = torch.randn(3, count // 2, generator=generator) * 5
    return torch.cat([(colours @ w).sin(), (colours @ w).cos()], -1) * (2 / count) ** 0.5


class FactoredCodes(nn.Module):
    """Embeddings of codes that are sums of few factors. `specials` [8, H]: the generation ids before the codes."""

    specials: nn.Parameter

    def embed(self, codes: Tensor) -> Tensor:
        """codes [n] -> [n, H]."""
        raise NotImplementedError

    def embed_ids(self, ids: Tensor, text: Tensor, first: int) -> Tensor:
        """ids [b, n], text table [V, H] -> [b, n, H]; generation specials are V..V+7, codes from `first` on."""
        flat = ids.flatten()
        codes = flat >= first
        table = torch.cat([text, self.specials])
        x = F.embedding(flat.masked_fill(codes, 0), table)
        where = codes.nonzero()[:, 0]
        return x.index_copy(0, where, self.embed(flat[where] - first)).view(*ids.shape, -1)


class CodeTables(FactoredCodes):
    """content [codes, CONTENT]: what each code draws, whitened (fixed)."""

    def __init__(self, content: Tensor):
        super().__init__()
        self.register_buffer("content", content)
        colours = torch.from_numpy(scenes.background_bank())
        self.register_buffer("colours", colour_features(colours))
        h = HIDDEN
        basis = torch.linalg.qr(torch.randn(h, h))[0]
        self.from_content = nn.Parameter(basis[:CONTENT].clone())
        self.classes = nn.Parameter(torch.randn(len(scenes.NAMES), h) * 0.7 * h**-0.5 * 3)
        self.tints = nn.Parameter(torch.randn(13, h) * 0.6 * h**-0.5 * 3)
        self.parts = nn.Parameter(torch.randn(PARTS, h) * 0.7 * h**-0.5 * 3)
        self.grounds = nn.Parameter(torch.randn(len(colours), h) * 0.1)
        self.specials = nn.Parameter(torch.randn(8, h) * 0.3)
        self.head_classes = nn.Parameter(torch.randn(len(scenes.NAMES), h) * 0.02)
        self.head_tints = nn.Parameter(torch.randn(13, h) * 0.02)
        self.head_parts = nn.Parameter(torch.randn(PARTS, h) * 0.02)
        self.head_colours = nn.Parameter(torch.randn(self.colours.shape[1], h) * 0.02)
        self.head_grounds = nn.Parameter(torch.randn(len(colours), h) * 0.01)

    def embed(self, codes: Tensor) -> Tensor:
        is_object = codes < OBJECT_CODES
        ct, sp = codes.clamp_max(OBJECT_CODES - 1) // PARTS, codes % PARTS
        factors = self.classes[CLASS[ct]] + self.tints[TINT[ct]] + self.parts[sp]
        ground = self.grounds[(codes - OBJECT_CODES).clamp_min(0)]
        return self.content[codes] @ self.from_content + torch.where(is_object[:, None], factors, ground)

    def _logits(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        ct = h @ (self.head_classes[CLASS] + self.head_tints[TINT]).T
        ground = h @ (self.colours @ self.head_colours + self.head_grounds).T
        return ct, h @ self.head_parts.T, ground

    def log_partition(self, h: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Log of the sum over all codes, h [n, H] -> [n]; and the factors' logits."""
        ct, sp, ground = self._logits(h)
        return torch.logaddexp(ct.logsumexp(-1) + sp.logsumexp(-1), ground.logsumexp(-1)), (ct, sp, ground)

    def loss(self, h: Tensor, codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy [n] of codes [n]; and the logits of (class, tint) and of (size, part)."""
        total, (ct, sp, ground) = self.log_partition(h)
        c = codes.clamp_max(OBJECT_CODES - 1)
        as_object = ct.gather(1, (c // PARTS)[:, None]) + sp.gather(1, (c % PARTS)[:, None])
        as_ground = ground.gather(1, (codes - OBJECT_CODES).clamp_min(0)[:, None])
        return total - torch.where(codes[:, None] < OBJECT_CODES, as_object, as_ground)[:, 0], ct, sp

    @torch.no_grad()
    def flat(self) -> tuple[Tensor, Tensor]:
        """(embedding, head), each [8 + codes, H]."""
        embedding = torch.cat([self.specials, self.embed(torch.arange(scenes.CODES))])
        ct = self.head_classes[CLASS] + self.head_tints[TINT]
        objects = (ct[:, None] + self.head_parts[None]).flatten(0, 1)
        ground = self.colours @ self.head_colours + self.head_grounds
        return embedding, torch.cat([torch.zeros(8, HIDDEN), objects, ground])


@torch.no_grad()
def content(encode) -> Tensor:
    """What every code draws: PCA of the latents and alpha of its cell [codes, CONTENT], about as long as a factor.

    encode: pictures uint8 [n, 256, 256, 3] -> latents [n, 8, 32, 32]. Sprites are drawn on mid grey, and the latent
    of the grey is taken away.
    """
    grey = np.full((256, 256, 3), 128, np.uint8)
    base = encode(grey[None])[0]
    rows = []
    for name, tint in scenes.CLASS_TINTS:
        picture, alpha = grey.astype(np.float32), np.zeros((256, 256), np.float32)
        for size, corner in SHOWN_AT.items():
            side = size * scenes.CELL
            drawn = scenes.sprite(name, side, tint)
            box = tuple(slice(scenes.CELL * k, scenes.CELL * k + side) for k in corner)
            picture[box] = picture[box] * (1 - drawn[..., 3:]) + 255 * drawn[..., :3]
            alpha[box] = drawn[..., 3]
        z = (encode(np.clip(picture + 0.5, 0, 255).astype(np.uint8)[None])[0] - base).unfold(1, 4, 4).unfold(2, 4, 4)
        a = torch.from_numpy(alpha).view(8, 4, 8, 8, 4, 8).mean((2, 5)).permute(0, 2, 1, 3).reshape(8, 8, 16)
        for size, r, c in scenes.SIZE_PARTS:
            y, x = SHOWN_AT[size]
            rows.append(torch.cat([z[:, y + r, x + c].flatten(), a[y + r, x + c] * 2]))
    for colour in scenes.background_bank():
        picture = np.broadcast_to((colour * 255 + 0.5).astype(np.uint8), (256, 256, 3))
        z = (encode(picture[None])[0] - base)[:, 12:16, 12:16]
        rows.append(torch.cat([z.flatten(), torch.zeros(16)]))
    return whitened(torch.stack(rows))


def whitened(x: Tensor) -> Tensor:
    """Vectors [n, any] in their CONTENT main directions, the weaker ones strengthened; about as long as a factor."""
    x = x - x.mean(0)
    u, s, _ = torch.linalg.svd(x.T @ x)
    y = x @ u[:, :CONTENT] * (s[:CONTENT] / s[0] + 1e-3) ** -0.15
    return 3 * y / y.norm(dim=1).mean()
