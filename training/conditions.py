"""Condition states of the frozen text decoder, batched, as the diffusion transformer gets them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .networks import config as c
from .networks.decoder import TextDecoder, condition
from .networks.decoding import padded

HIDDEN_IDS = (c.IMAGE_PAD, c.IMAGE_PAD + 1, c.VISION_START, c.VISION_END)
"""Prompt ids whose states are no text condition."""


@dataclass
class Conditions:
    """text [b, n, H] with mask [b, n] (padded behind), image [b, 75, H] or None."""

    text: Tensor
    text_mask: Tensor
    image: Tensor | None


@torch.no_grad()
def states(text: TextDecoder, table: Tensor, rows: list[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Plain text positions, no pictures. Rows are padded in front: (ids, present, condition states [b, n, H])."""
    ids, present = padded(rows)
    positions = (present.long().cumsum(1) - 1).clamp_min(0).expand(3, -1, -1)
    n = ids.shape[1]
    sees = torch.ones(n, n, dtype=torch.bool).tril() & present[:, None] | torch.eye(n, dtype=torch.bool)
    mask = torch.zeros(len(ids), 1, n, n).masked_fill(~sees[:, None], -1e9)
    return ids, present, condition(text(F.embedding(ids, table), ids >= c.VOCABULARY, positions, mask), c.CONDITION_LAYERS)


def front(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The masked rows of x [b, n, H] moved to the front, cut to the longest."""
    order = (~mask).long().argsort(dim=1, stable=True)[:, : int(mask.sum(1).max())]
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[-1])), mask.gather(1, order)


def conditions(text: TextDecoder, table: Tensor, prompts: list[list[int]], answers: list[list[int]]) -> Conditions:
    """prompts end in the ten-token answer prefix; answers are 72 visual ids each."""
    rows = [[*p, *a, c.IMAGE_END] for p, a in zip(prompts, answers, strict=True)]
    ids, present, mean = states(text, table, rows)
    question = torch.arange(ids.shape[1]) < ids.shape[1] - 73 - 10
    shown = present & question & (ids < c.VOCABULARY)
    for hidden in HIDDEN_IDS:
        shown &= ids != hidden
    start = mean.shape[1] - 73 - 7
    visual = torch.cat([mean[:, start : start + 1], mean[:, -74:]], 1)
    return Conditions(*front(mean, shown), visual)


def negative(text: TextDecoder, table: Tensor, ids: list[int]) -> Tensor:
    """All states of the negative prompt [n, H]."""
    return states(text, table, [ids])[2][0]
