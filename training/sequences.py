"""Token sequences of the three tasks, as batches for the text decoder.

A batch holds ids [b, n] padded behind, MRoPE positions [3, b, n], the visual code to predict at each place
(-1 = none), the cell a visual token belongs to (-1 = none); for questions the text id to predict, a mask, and of those
about one object (row, place of each word of the answer, cells of the object [64]); for edits which cells the
instruction speaks of, which of the old picture's classes each token names [b, n] (-1 = none), and where the next thing of the
new picture lies in the old one [b, 64, 64]; for edits and prompts which of the asked for classes each token tells about [b, n].
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .data import language, scenes
from .data.tokenizer import Tokenizer
from .data.vocabulary import BY_NAME, NAMES
from .networks import config as c
from .networks.decoding import expanded, plan_ids
from .networks.pictures import resized_twice

ROWS = np.concatenate([np.arange(r * c.GRID, (r + 1) * c.GRID).tolist() + [-1] for r in range(c.GRID)])
"""Cell of each of the 72 places of an answer, -1 for the end of a line."""


EDIT_SHARES = {
    "recolour": 0.07, "background": 0.05, "replace": 0.15, "move": 0.15, "add": 0.11, "remove": 0.13, "extract": 0.08,
    "resize": 0.09, "duplicate": 0.07, "both": 0.1,
}  # fmt: skip
"""How often each kind of edit is drawn: what is harder, more often."""

ASKED = ("where", "count", "what", "is_colour", "where", "place", "colour", "exists", "count", "describe", "place", "background")
"""Kinds of questions in the order they are asked of a picture: what is harder, twice."""

TALKS = 0.25
"""Share of a picture's questions that are conversations."""

APART = 0.5
"""Share of pictures to edit and to ask about where things that look alike lie apart."""


@dataclass
class Batch:
    ids: Tensor
    positions: Tensor
    codes: Tensor
    cells: Tensor
    texts: Tensor | None = None
    mask: Tensor | None = None
    pictures: np.ndarray | None = None
    scene_codes: Tensor | None = None
    blind: Tensor | None = None
    meant: Tensor | None = None
    nouns: Tensor | None = None
    told: Tensor | None = None
    origins: Tensor | None = None
    about: tuple[Tensor, Tensor, Tensor] | None = None


def meant_cells(scene: scenes.Scene, meant: tuple[int, ...]) -> np.ndarray:
    """[64]: 1 where an object lies that the words speak of, 0 where another lies, -1 elsewhere."""
    grid = np.full((c.GRID, c.GRID), -1)
    for i, o in enumerate(scene.objects):
        grid[o.row : o.row + o.size, o.column : o.column + o.size] = i in meant
    return grid.flatten()


def origin_cells(scene: scenes.Scene, edit: language.Edit) -> np.ndarray:
    """bool [64, 64]: for each cell, where in the scene what begins next in the edit's target lies, or what it is made of."""
    out, of = np.zeros((c.GRID**2, c.GRID**2), bool), edit.origins(scene)
    begun = 0
    for o, origin in sorted(zip(edit.target.objects, of, strict=True), key=lambda pair: (pair[0].row, pair[0].column)):
        first = o.row * c.GRID + o.column
        out[begun : first + 1] = meant_cells(scene, origin) == 1
        begun = first + 1
    return out


def picture_positions(ids: np.ndarray) -> np.ndarray:
    """[3, n]: text counts on, a picture's tokens take (t, row, column) of its grid."""
    n = len(ids)
    pads = np.flatnonzero(ids == c.IMAGE_PAD)
    if len(pads) == 0:
        return np.broadcast_to(np.arange(n), (3, n))
    first = pads[0]
    text = np.arange(n)
    text[pads[-1] + 1 :] = first + c.GRID + np.arange(n - pads[-1] - 1)
    out = np.stack([text] * 3)
    k = np.arange(c.GRID * c.GRID)
    out[:, pads] = first + np.stack([0 * k, k // c.GRID, k % c.GRID])
    return out


def phrases(nouns: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """[b, n]: each noun's class also at the words behind it, up to the next noun or the prompt's end: its place is told there."""
    spoken = np.where((nouns >= 0) | (ids == c.IM_END), np.arange(ids.shape[1]), 0)
    return np.take_along_axis(nouns, np.maximum.accumulate(spoken, 1), 1)


def nouns(tokenizer: Tokenizer, name: str) -> list[list[int]]:
    """Ids of a class's nouns, also of several, as they stand within a sentence and at its start."""
    words = [(noun, language.plural(noun)) for noun in (name, *BY_NAME[name].synonyms)]
    return [tokenizer.encode(text) for both in words for noun in both for text in (f" {noun}", noun, noun.capitalize())]


class Sequences:
    """Draws training batches. `allowed` is the filter of scenes (None = training split)."""

    def __init__(self, tokenizer: Tokenizer, seed: int, allowed=None):
        self.tokenizer, self.rng, self.allowed = tokenizer, np.random.default_rng(seed), allowed
        self.nouns = {name: nouns(tokenizer, name) for name in NAMES}

    def scene(self, apart: float = APART) -> scenes.Scene:
        return scenes.sample_several(self.rng, allowed=self.allowed, apart=apart)

    def edited(self, kind: str | None = None):
        """(scene, edit) of a drawable instruction; its kind by EDIT_SHARES unless named."""
        kind = kind or str(self.rng.choice(list(EDIT_SHARES), p=list(EDIT_SHARES.values())))
        while True:
            scene = self.scene()
            edit = language.edit(scene, self.rng, kind)
            if edit is not None:
                return scene, edit

    def step(self, sizes: tuple[int, int, int, int], short: int = 0, placing: int = 0) -> list[Batch]:
        """Batches of one training step: prompts, edits and, if pictures are asked about, questions.

        sizes: how many prompts, edits, pictures, and questions each.
        """
        creates, edits, asks, questions = sizes
        return [self.create(creates, short, placing), self.edit(edits, max(1, edits // 8)), *([self.ask(asks, questions)] if asks else [])]

    def create(self, n: int, short: int = 0, placing: int = 0) -> Batch:
        """n prompts; the first `short` of them name one painted object and neither its place nor, mostly, the ground; `placing`
        others say where each of several things lies."""
        drawn = [self.short() for _ in range(short)] + [self.placing() for _ in range(placing)]
        drawn += [(s, language.caption(s, self.rng)) for s in (self.scene(0.0) for _ in range(n - len(drawn)))]
        prompts = [self.tokenizer.generate_prompt(caption.text) for _, caption in drawn]
        batch = self.generation([self.tokenizer.encode(p) for p in prompts], [scenes.codes(s) for s, _ in drawn])
        nouns = np.stack([self.named(row.tolist(), s) for row, (s, _) in zip(batch.ids, drawn, strict=True)])
        batch.told = torch.from_numpy(phrases(nouns, batch.ids.numpy()))
        return batch

    def short(self) -> tuple[scenes.Scene, language.Caption]:
        """One painted object, its place not said, its ground one time in ten of those where it is."""
        while True:
            scene = scenes.sample(self.rng, two=0.0, allowed=self.allowed)
            if scene.objects[0].tint is None:
                continue
            caption = language.caption(scene, self.rng)
            if caption.request.objects[0].place is None and (caption.request.background is None or self.rng.random() < 0.1):
                return scene, caption

    def placing(self) -> tuple[scenes.Scene, language.Caption]:
        """Two to four things of as many classes, and where they lie."""
        count = int(self.rng.choice((2, 3, 4), p=(0.2, 0.45, 0.35)))
        while True:
            scene = scenes.sample_several(self.rng, count, self.allowed)
            if len({o.name for o in scene.objects}) == count:
                return scene, language.placing(scene, self.rng)

    def edit(self, n: int, blind: int = 0) -> Batch:
        """The last `blind` samples see plain padding where the picture was, as in the condition pass."""
        pairs = [self.edited() for _ in range(n)]
        prompts = [expanded(self.tokenizer.encode(self.tokenizer.generate_prompt(e.text, picture=True))) for _, e in pairs]
        batch = self.generation(prompts, [scenes.codes(e.target) for _, e in pairs], blind)
        batch.pictures = np.stack([resized_twice(scenes.render(s)) for s, _ in pairs])
        batch.scene_codes = torch.from_numpy(np.stack([scenes.codes(s) for s, _ in pairs])).flatten(1)
        batch.meant = torch.from_numpy(np.stack([meant_cells(s, e.changed) for s, e in pairs]))
        batch.blind = torch.arange(n) >= n - blind
        batch.origins = torch.from_numpy(np.stack([origin_cells(s, e) for s, e in pairs]))
        rows = [row.tolist() for row in batch.ids]
        batch.nouns, asked = (
            torch.from_numpy(np.stack([self.named(row, scene) for row, scene in zip(rows, of, strict=True)]))
            for of in ([s for s, _ in pairs], [e.target for _, e in pairs])
        )
        batch.told = torch.from_numpy(phrases(asked.numpy(), batch.ids.numpy()))
        return batch

    def named(self, ids: list[int], scene: scenes.Scene) -> np.ndarray:
        """[n]: index of the class of the scene whose noun a token belongs to, -1 elsewhere."""
        out = np.full(len(ids), -1)
        for name in {o.name for o in scene.objects}:
            for noun in self.nouns[name]:
                for i in [i for i, first in enumerate(ids) if first == noun[0] and ids[i : i + len(noun)] == noun]:
                    out[i : i + len(noun)] = NAMES.index(name)
        return out

    def generation(self, prompts: list[list[int]], codes: list[np.ndarray], blind: int = 0) -> Batch:
        """Prompt, 72 visual ids, end marker; 5 % of the prompts are hidden but for their last ten ids."""
        rows = [np.array([*p, *plan_ids(k), c.IMAGE_END]) for p, k in zip(prompts, codes, strict=True)]
        where = [
            np.broadcast_to(np.arange(len(r)), (3, len(r))) if i >= len(rows) - blind else picture_positions(r)
            for i, r in enumerate(rows)
        ]
        for i, p in enumerate(prompts):
            if self.rng.random() < 0.05:
                rows[i] = rows[i][len(p) - 10 :]
                where[i] = np.broadcast_to(np.arange(len(rows[i])), (3, len(rows[i])))
        n, longest = len(rows), max(map(len, rows))
        ids = np.full((n, longest), c.END_OF_TEXT)
        positions = np.zeros((3, n, longest), np.int64)
        wanted, cells = np.full((n, longest), -1), np.full((n, longest), -1)
        for i, (row, place, k) in enumerate(zip(rows, where, codes, strict=True)):
            end = len(row)
            ids[i, :end], positions[:, i, :end] = row, place
            wanted[i, end - 74 : end - 2] = np.where(ROWS < 0, -1, k.flatten()[ROWS])
            cells[i, end - 73 : end - 1] = ROWS
        return Batch(*(torch.from_numpy(a) for a in (ids, positions, wanted, cells)))

    def ask(self, n: int, count: int) -> Batch:
        """n pictures, `count` questions each, packed: a question sees the picture and itself.

        A share of TALKS of the questions are conversations; there a question sees the ones before it.
        """
        drawn = [self.scene() for _ in range(n)]
        talks = round(count * TALKS)
        asked = [
            [[q] for q in language.questions(s, self.rng, count - talks, ASKED)]
            + [language.conversation(s, self.rng, int(self.rng.integers(2, language.LONGEST_TALK + 1))) for _ in range(talks)]
            for s in drawn
        ]
        batch = self.questions([[[(q.text, q.answer) for q in talk] for talk in group] for group in asked])
        batch.about = self._about(batch, drawn, [[q for talk in group for q in talk] for group in asked])
        batch.pictures = np.stack([resized_twice(scenes.render(s)) for s in drawn])
        batch.scene_codes = torch.from_numpy(np.stack([scenes.codes(s) for s in drawn])).flatten(1)
        return batch

    @staticmethod
    def _about(batch: Batch, drawn: list[scenes.Scene], asked: list[list[language.Question]]) -> tuple[Tensor, Tensor, Tensor]:
        said = batch.texts >= 0
        turn = (said & ~F.pad(said, (1, 0))[:, :-1]).cumsum(1) - 1
        found = [
            (i, place, meant_cells(s, q.about) == 1)
            for i, (s, group) in enumerate(zip(drawn, asked, strict=True))
            for g, q in enumerate(group)
            if q.about
            for place in (said[i] & (turn[i] == g)).nonzero()[:, 0].tolist()
        ]
        rows, places, cells = zip(*found, strict=True)
        return torch.tensor(rows), torch.tensor(places), torch.from_numpy(np.stack(cells))

    def questions(self, asked: list[list[list[tuple[str, str]]]]) -> Batch:
        """For each picture conversations of (question, answer)."""
        encode = self.tokenizer.encode
        head = expanded(encode(self.tokenizer.question_prompt("").split("<|vision_end|>")[0] + "<|vision_end|>"))
        base = picture_positions(np.array(head))
        rows, wanted, groups, where = [], [], [], []
        for talks in asked:
            ids, want, group, place = list(head), [-1] * len(head), [0] * len(head), [base]
            for g, talk in enumerate(talks, 1):
                length = 0
                for k, (question, answer) in enumerate(talk):
                    text = self.tokenizer.question_prompt(question, 0 if k else 1)
                    prompt = encode("\n" + text if k else text.split("<|vision_end|>")[1])
                    reply = [*encode(answer), c.IM_END]
                    ids += prompt + reply
                    want += [-1] * (len(prompt) - 1) + reply + [-1]
                    length += len(prompt) + len(reply)
                group += [g] * length
                place.append(np.stack([np.arange(base.max() + 1, base.max() + 1 + length)] * 3))
            rows.append(ids)
            wanted.append(want)
            groups.append(group)
            where.append(np.concatenate(place, 1))
        n, longest = len(rows), max(map(len, rows))
        ids, text = np.full((n, longest), c.END_OF_TEXT), np.full((n, longest), -1)
        group, positions = np.full((n, longest), -1), np.zeros((3, n, longest), np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)], text[i, : len(row)], group[i, : len(row)] = row, wanted[i], groups[i]
            positions[:, i, : len(row)] = where[i]
        g = torch.from_numpy(group)
        order = torch.ones(longest, longest, dtype=torch.bool).tril()
        sees = order & ((g[:, :, None] == g[:, None]) | (g[:, None] == 0))
        none = torch.full((n, longest), -1)
        batch = Batch(torch.from_numpy(ids), torch.from_numpy(positions), none, none, torch.from_numpy(text))
        batch.mask = torch.zeros(n, 1, longest, longest).masked_fill(~sees[:, None], -1e9)
        return batch
