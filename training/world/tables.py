"""The next domain's visual codes as sums of factors: embedding and head while training, flat tables for a checkpoint.

A `what` is a thing and a part of its box, or a zone of a ground; a `look` is paint, style and turn, or a style and a
colour of the bank (codes.py). A code's embedding is the sum of its factors' rows and of what it draws; its logit the
sum of its factors' logits. The softmax over all 12,214 codes so needs some 600 products.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data.scenes import background_bank
from training.networks.codes import CONTENT, FactoredCodes, colour_features, whitened

from .atlas import sprite
from .codes import BANK, FIRST_BANK, FIRST_GROUND, LOOK_CODES, PARTS, WHAT_CODES, ZONE_NAMES
from .grounds import CELL, PIXELS
from .vocabulary import COLOUR_NAMES, NAMES, STYLES, TURNS

COUNTS = {
    "names": len(NAMES),
    "parts": len(PARTS),
    "zones": len(ZONE_NAMES),
    "tints": 1 + len(COLOUR_NAMES),
    "styles": len(STYLES),
    "turns": len(TURNS),
    "ground_styles": len(STYLES),
    "banks": BANK,
}
"""How many rows each factor has; their rows stand one behind the other in this order."""
FACTORS = sum(COUNTS.values())
SPAN: dict[str, slice] = {}
for _name, _count in COUNTS.items():
    _first = max((s.stop for s in SPAN.values()), default=0)
    SPAN[_name] = slice(_first, _first + _count)
GROUPS = (("names", "parts"), ("zones",), ("tints", "styles", "turns"), ("ground_styles", "banks"))
"""The four sorts of codes, each with the factors that any code of the sort has."""
SPREAD = {"names": 2.1, "parts": 2.1, "zones": 2.0, "tints": 1.8, "styles": 1.5, "turns": 1.5, "ground_styles": 1.5, "banks": 1.0}
"""Length of each factor's rows at the start."""


@dataclass(frozen=True)
class Facts:
    """What each of some codes says, one index of each factor; -1 where the code has no such factor. All [n]."""

    values: dict[str, Tensor]

    def __getitem__(self, factor: str) -> Tensor:
        return self.values[factor]


class Meanings:
    """Every code's factors. rows [codes, 3]: its rows among FACTORS, FACTORS = none."""

    @cached_property
    def rows(self) -> Tensor:
        what, look = torch.arange(WHAT_CODES), torch.arange(LOOK_CODES)
        none = FACTORS
        thing = torch.stack(
            [SPAN["names"].start + what // len(PARTS), SPAN["parts"].start + what % len(PARTS), torch.full_like(what, none)], 1
        )
        thing[FIRST_GROUND:, 0] = SPAN["zones"].start + torch.arange(len(ZONE_NAMES))
        thing[FIRST_GROUND:, 1] = none
        paint, turns, styles = look // (len(TURNS) * len(STYLES)), look % len(TURNS), look // len(TURNS) % len(STYLES)
        seen = torch.stack([SPAN["tints"].start + paint, SPAN["styles"].start + styles, SPAN["turns"].start + turns], 1)
        bank = torch.arange(LOOK_CODES - FIRST_BANK)
        seen[FIRST_BANK:, 0] = SPAN["ground_styles"].start + bank // BANK
        seen[FIRST_BANK:, 1] = SPAN["banks"].start + bank % BANK
        seen[FIRST_BANK:, 2] = none
        return torch.cat([thing, seen])

    def facts(self, codes: Tensor) -> Facts:
        """codes [n], any of both grids."""
        rows = self.rows.to(codes.device)[codes]
        found = {}
        for name, span in SPAN.items():
            inside = (rows >= span.start) & (rows < span.stop)
            found[name] = torch.where(inside, rows - span.start, -1).amax(-1)
        return Facts(found)


MEANINGS = Meanings()


class CodeTables(FactoredCodes):
    """content [codes, CONTENT]: what each code draws, whitened (fixed)."""

    def __init__(self, content: Tensor, width: int):
        super().__init__()
        self.width = width
        self.register_buffer("content", content)
        self.register_buffer("colours", colour_features(torch.from_numpy(background_bank())), persistent=False)
        self.register_buffer("rows", MEANINGS.rows, persistent=False)
        spread = torch.cat([torch.full((count,), SPREAD[name]) for name, count in COUNTS.items()])
        basis = torch.linalg.qr(torch.randn(width, width))[0]
        self.from_content = nn.Parameter(basis[:CONTENT].clone())
        self.factors = nn.Parameter(torch.randn(FACTORS, width) * width**-0.5 * spread[:, None])
        self.specials = nn.Parameter(torch.randn(8, width) * 0.3)
        self.head_factors = nn.Parameter(torch.randn(FACTORS, width) * 0.02)
        self.head_colours = nn.Parameter(torch.randn(self.colours.shape[1], width) * 0.02)

    def embed(self, codes: Tensor) -> Tensor:
        factors = F.pad(self.factors, (0, 0, 0, 1))
        return self.content[codes] @ self.from_content + F.embedding(self.rows[codes], factors).sum(1)

    def head(self) -> Tensor:
        """Row of the output layer of every factor [FACTORS, H]; near colours of the bank share theirs."""
        banks = F.pad(self.colours @ self.head_colours, (0, 0, SPAN["banks"].start, 0))
        return self.head_factors + banks

    def log_partition(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Log of the sum over all codes, h [n, H] -> [n]; and the factors' logits [n, FACTORS]."""
        logits = (h @ self.head().T).float()
        sorts = [sum(logits[:, SPAN[name]].logsumexp(-1) for name in group) for group in GROUPS]
        return torch.stack(sorts).logsumexp(0), logits

    def loss(self, h: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy [n] of codes [n]; and the factors' logits."""
        total, logits = self.log_partition(h)
        return total - F.pad(logits, (0, 1)).gather(1, self.rows[codes]).sum(1), logits

    @torch.no_grad()
    def flat(self) -> tuple[Tensor, Tensor]:
        """(embedding, head), each [8 + codes, H]."""
        embedding = torch.cat([self.specials, self.embed(torch.arange(len(self.rows), device=self.rows.device))])
        head = F.embedding(self.rows, F.pad(self.head(), (0, 0, 0, 1))).sum(1)
        return embedding, F.pad(head, (0, 0, 8, 0))


BOXES = ((5, 0, 0, 0), (3, 0, 5, 5), (2, 0, 0, 5), (4, 1, 0, 0))
"""(size, picture, row, column): where `content` draws a thing in each of its sizes, in two pictures."""


@torch.no_grad()
def content(encode) -> Tensor:
    """What every code draws: main directions of the latents and alpha of its cell [codes, CONTENT].

    encode: pictures uint8 [n, 256, 256, 3] -> latents [n, 8, 32, 32]. Things are drawn on mid grey, unpainted, in 3-D;
    the latent of the grey is taken away. Zones and the looks of things draw nothing that could be told alone: zeros.
    """
    grey = np.full((PIXELS, PIXELS, 3), 128, np.uint8)
    base = encode(grey[None])[0]
    things = torch.cat([_thing_cells(encode, base, name) for name in NAMES])
    colours = []
    for colour in background_bank():
        plain = np.broadcast_to((colour * 255 + 0.5).astype(np.uint8), grey.shape)
        colours.append(F.pad((encode(plain[None])[0] - base)[:, 12:16, 12:16].flatten(), (0, 16)))
    drawn = whitened(torch.cat([things, torch.stack(colours)]))
    table = torch.zeros(WHAT_CODES + LOOK_CODES, CONTENT)
    table[:FIRST_GROUND] = drawn[:FIRST_GROUND]
    table[WHAT_CODES + FIRST_BANK :] = drawn[FIRST_GROUND:].repeat(len(STYLES), 1)
    return table


def _thing_cells(encode, base: Tensor, name: str) -> Tensor:
    """Latents and alpha of every part of a thing [54, 144]."""
    pictures = np.full((2, PIXELS, PIXELS, 3), 128, np.float32)
    alpha = np.zeros((2, PIXELS, PIXELS), np.float32)
    for size, k, row, column in BOXES:
        drawn = sprite(name, "3d", size * CELL).astype(np.float32)
        box = np.s_[k, row * CELL : (row + size) * CELL, column * CELL : (column + size) * CELL]
        pictures[box] = pictures[box] * (1 - drawn[..., 3:] / 255) + drawn[..., :3]
        alpha[box] = drawn[..., 3] / 255
    z = encode(np.clip(pictures + 0.5, 0, 255).astype(np.uint8)) - base
    cells = z.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).flatten(3)
    covered = torch.from_numpy(alpha).view(2, 8, 4, 8, 8, 4, 8).mean((3, 6)).permute(0, 1, 3, 2, 4).flatten(3)
    both = torch.cat([cells, 2 * covered], -1)
    at = {size: (k, row, column) for size, k, row, column in BOXES}
    return torch.stack([both[at[s][0], at[s][1] + r, at[s][2] + c] for s, r, c in PARTS])
