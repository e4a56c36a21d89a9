"""Condition states of the frozen text decoder, batched, as the diffusion transformer gets them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .networks import config as c
from .networks.codes import FactoredCodes
from .networks.decoder import TextDecoder, condition
from .networks.decoding import padded

@dataclass
class Conditions:
    """text [b, n, H] with mask [b, n] (padded behind), image [b, plan + 3, H] or None."""

    text: Tensor
    text_mask: Tensor
    image: Tensor | None


Embed = Callable[[Tensor], Tensor]
"""ids [b, n] -> embeddings [b, n, H]."""


def states(
    text: TextDecoder, embed: Embed, rows: list[list[int]], layout: c.Layout = c.LAYOUT, layers: list[int] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Plain text positions, no pictures. Rows are padded in front: (ids, present, condition states [b, n, H]).

    layers: whose mean the condition is; the checkpoint's own if not given.
    """
    device = text.embed_tokens.weight.device
    ids, present = (x.to(device) for x in padded(rows, layout))
    positions = (present.long().cumsum(1) - 1).clamp_min(0).expand(3, -1, -1)
    n = ids.shape[1]
    sees = torch.ones(n, n, dtype=torch.bool, device=device).tril() & present[:, None]
    sees |= torch.eye(n, dtype=torch.bool, device=device)
    mask = torch.zeros(len(ids), 1, n, n, device=device).masked_fill(~sees[:, None], -1e9)
    layers = layers or c.condition_layers(len(text.layers))
    return ids, present, condition(text(embed(ids), ids >= text.start, positions, mask), layers)


def looked_up(table: Tensor) -> Embed:
    """table [V, H]: all embeddings, flat."""
    return lambda ids: F.embedding(ids, table)


def front(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The masked rows of x [b, n, H] moved to the front, cut to the longest."""
    order = (~mask).long().argsort(dim=1, stable=True)[:, : int(mask.sum(1).max())]
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[-1])), mask.gather(1, order)


def joined(prompts: list[list[int]], answers: list[list[int]], layout: c.Layout = c.LAYOUT) -> list[list[int]]:
    """Rows of prompt, plan and the end of the picture."""
    return [[*p, *a, layout.image_end] for p, a in zip(prompts, answers, strict=True)]


def picked(ids: Tensor, present: Tensor, mean: Tensor, layout: c.Layout = c.LAYOUT) -> Conditions:
    """What of the states [b, n, H] of `joined` rows the diffusion transformer gets."""
    plan = layout.length + 1
    question = torch.arange(ids.shape[1], device=ids.device) < ids.shape[1] - plan - 10
    shown = present & question & (ids < layout.vocabulary)
    for hidden in (layout.image_pad, layout.image_pad + 1, layout.vision_start, layout.vision_start + 1):
        shown &= ids != hidden
    start = mean.shape[1] - plan - 7
    visual = torch.cat([mean[:, start : start + 1], mean[:, -plan - 1 :]], 1)
    return Conditions(*front(mean, shown), visual)


@torch.no_grad()
def conditions(
    text: TextDecoder, table: Tensor, prompts: list[list[int]], answers: list[list[int]], layout: c.Layout = c.LAYOUT
) -> Conditions:
    """prompts end in the ten-token answer prefix; answers are the visual ids of a plan each."""
    return picked(*states(text, looked_up(table), joined(prompts, answers, layout), layout), layout)


@torch.no_grad()
def negative(text: TextDecoder, table: Tensor, ids: list[int], layout: c.Layout = c.LAYOUT) -> Tensor:
    """All states of the negative prompt [n, H]."""
    return states(text, looked_up(table), [ids], layout)[2][0]


NOTHING = "<|im_start|>system\nYou are a helpful image generator.<|im_end|>\n<|im_start|>user\n<|im_end|>\n"
"""The negative prompt, empty, in the plain template."""


class Snapshot:
    """The newest saved state of a text decoder in training, frozen: ids of prompts and plans to condition states.

    tables: the visual codes' module of a content table. nothing: ids of the negative prompt.
    """

    def __init__(
        self,
        path: Path,
        tables: Callable[[Tensor], FactoredCodes],
        text: dict,
        nothing: list[int],
        layout: c.Layout = c.LAYOUT,
        device: str = "cpu",
    ):
        self.path, self.tables, self.config, self.ids = path, tables, text, nothing
        self.layout, self.device, self.stamp = layout, device, 0.0
        self.refresh()

    def refresh(self) -> bool:
        """Reads the snapshot again if it is newer."""
        stamp = self.path.stat().st_mtime
        if stamp == self.stamp:
            return False
        values = torch.load(self.path, map_location="cpu")
        codes = self.tables(values["content"])
        own = {n: values.get(f"codes.{n}", values.get(n)) for n in codes.state_dict()}
        codes.load_state_dict({n: v for n, v in own.items() if v is not None}, strict=False)
        embedding, self.head = (x.to(self.device) for x in codes.flat())
        self.text = TextDecoder(self.config).to(self.device)
        self.text.load_state_dict({k[5:]: v for k, v in values.items() if k.startswith("text.")}, strict=False)
        self.table = torch.cat([self.text.embed_tokens.weight.detach(), embedding])
        self.stamp = stamp
        self.nothing = negative(self.text, self.table, self.ids, self.layout)
        return True

    def __call__(self, prompts: list[list[int]], answers: list[list[int]]) -> Conditions:
        return conditions(self.text, self.table, prompts, answers, self.layout)
