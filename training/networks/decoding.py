"""Autoregressive decoding in batches: visual codes of a picture, words of an answer."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import config as c
from .decoder import TextDecoder


def mrope(ids: Tensor, present: Tensor, layout: c.Layout = c.LAYOUT) -> Tensor:
    """Positions [3, b, n] of rows padded in front; a picture's tokens take (t, row, column) of its 8 x 8 grid."""
    out = torch.ones(3, *ids.shape, dtype=torch.long)
    for b, row in enumerate(ids):
        first, position, i = int((~present[b]).sum()), 0, 0
        i = first
        while i < len(row):
            if row[i] == layout.image_pad:
                k = torch.arange(c.PICTURE_TOKENS)
                grid = torch.stack([0 * k, k // c.GRID, k % c.GRID]) + position
                out[:, b, i : i + len(k)] = grid
                position, i = position + c.GRID, i + len(k)
            else:
                out[:, b, i] = position
                position, i = position + 1, i + 1
    return out


def plan_ids(codes: np.ndarray, layout: c.Layout = c.LAYOUT) -> np.ndarray:
    """codes [..., rows, columns] -> ids [..., rows * (columns + 1)], each row ended."""
    ends = [(0, 0)] * (codes.ndim - 1) + [(0, 1)]
    ids = np.pad(codes + layout.first_code, ends, constant_values=layout.end_of_line)
    return ids.reshape(*codes.shape[:-2], -1)


def expanded(ids: list[int], layout: c.Layout = c.LAYOUT) -> list[int]:
    """Each <|image_pad|> becomes the tokens of a picture."""
    return [k for i in ids for k in ([i] * c.PICTURE_TOKENS if i == layout.image_pad else [i])]


def padded(prompts: list[list[int]], layout: c.Layout = c.LAYOUT) -> tuple[Tensor, Tensor]:
    """ids [b, n] padded in front, and which are there."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[layout.end_of_text] * (longest - len(p)) + list(p) for p in prompts])
    present = torch.tensor([[False] * (longest - len(p)) + [True] * len(p) for p in prompts])
    return ids, present


class Decoding:
    """A batch of rows that grow by one token at a time."""

    def __init__(
        self, text: TextDecoder, table: Tensor, prompts: list[list[int]], pictures=None, plain: bool = False, layout: c.Layout = c.LAYOUT
    ):
        """table [V, H]: all embeddings. pictures = (tokens [p, 64, H], DeepStack features), in the order of the prompts."""
        self.text, self.table = text, table
        self.ids, self.present = padded(prompts, layout)
        positions = mrope(self.ids, self.present, layout)
        if plain:
            positions = (self.present.long().cumsum(1) - 1).clamp_min(0).expand(3, -1, -1)
        self.next = positions.amax((0, 2)) + 1
        x, placed = F.embedding(self.ids, table), None
        if pictures is not None:
            where = (self.ids == layout.image_pad).flatten().nonzero()[:, 0]
            x = x.flatten(0, 1).index_copy(0, where, pictures[0].flatten(0, 1)).view_as(x)
            placed = (where, [d.flatten(0, 1) for d in pictures[1]])
        n = self.ids.shape[1]
        sees = torch.ones(n, n, dtype=torch.bool).tril() & self.present[:, None]
        sees |= torch.eye(n, dtype=torch.bool)
        mask = torch.zeros(len(x), 1, n, n).masked_fill(~sees[:, None], -1e9)
        self.cache: list[list] = [[] for _ in text.layers]
        self.states = text(x, self.ids >= text.start, positions, mask, placed, self.cache)
        self.last = text.norm(self.states[-1][:, -1])

    def push(self, ids: Tensor) -> None:
        """ids [b]"""
        x = F.embedding(ids[:, None], self.table)
        self.present = torch.cat([self.present, torch.ones(len(ids), 1, dtype=torch.bool)], 1)
        mask = torch.zeros(self.present.shape)[:, None, None].masked_fill(~self.present[:, None, None], -1e9)
        positions = self.next[None, :, None].expand(3, -1, -1)
        states = self.text(x, ids[:, None] >= self.text.start, positions, mask, None, self.cache)
        self.next = self.next + 1
        self.ids = torch.cat([self.ids, ids[:, None]], 1)
        self.last = self.text.norm(states[-1][:, -1])


@torch.no_grad()
def generate_codes(
    text: TextDecoder,
    table: Tensor,
    head: Tensor,
    prompts: list[list[int]],
    pictures=None,
    temperature: float = 0.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generators: list[torch.Generator] | None = None,
    layout: c.Layout = c.LAYOUT,
) -> np.ndarray:
    """Codes [b, rows, columns]; head [8 + codes, H]. Greedy at temperature 0."""
    rows = Decoding(text, table, prompts, pictures, layout=layout)
    out = []
    for _ in range(layout.rows):
        for _ in range(layout.columns):
            logits = rows.last @ head[8:].T
            if temperature > 0:
                code = sampled(logits / temperature, top_k, top_p, generators)
            else:
                code = logits.argmax(-1)
            out.append(code)
            rows.push(code + layout.first_code)
        rows.push(torch.full_like(code, layout.end_of_line))
    return torch.stack(out, 1).view(-1, layout.rows, layout.columns).numpy()


def sampled(scores: Tensor, top_k: int, top_p: float, generators: list[torch.Generator] | None) -> Tensor:
    """One id of each row, after top-k and top-p (at least 3 are kept)."""
    if top_k:
        low = scores.topk(max(top_k, 3)).values[:, -1:]
        scores = scores.masked_fill(scores < low, float("-inf"))
    if top_p < 1:
        ordered, order = scores.sort(descending=True)
        before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
        drop = before > top_p
        drop[:, :3] = False
        scores = scores.masked_fill(drop.scatter(1, order, drop), float("-inf"))
    chances = scores.softmax(-1)
    rows = [torch.multinomial(p, 1, generator=generators[i] if generators else None) for i, p in enumerate(chances)]
    return torch.cat(rows)


@torch.no_grad()
def generate_text(
    text: TextDecoder, table: Tensor, head: Tensor, prompts, pictures, most: int = 40, layout: c.Layout = c.LAYOUT
) -> list[list[int]]:
    """Greedy answers without their end marker."""
    rows = Decoding(text, table, prompts, pictures, layout=layout)
    everything = torch.cat([text.embed_tokens.weight, head])
    made: list[Tensor] = []
    done = torch.zeros(len(prompts), dtype=torch.bool)
    for _ in range(most):
        ids = (rows.last @ everything.T).argmax(-1)
        done |= (ids == layout.im_end) | (ids == layout.end_of_text)
        made.append(ids.masked_fill(done, -1))
        if bool(done.all()):
            break
        rows.push(ids)
    return [[i for i in row if i >= 0] for row in torch.stack(made, 1).tolist()]
