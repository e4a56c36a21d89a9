"""Token sequences of the next domain's tasks, as batches for the text decoder.

Prompts of plans are padded in front, so that the visual tokens of all rows stand in the same columns; questions and
chats are padded behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from training.data.tokenizer import Tokenizer
from training.networks.config import GRID, PICTURE_TOKENS
from training.networks.decoding import expanded
from training.networks.pictures import resized_twice

from . import sampling
from .captions import Caption, caption, group_named, groups
from .codes import encode
from .config import LAYOUT
from .dialogues import Dialogue, dialogue
from .edits import Edit, edit
from .plans import plan, visual_ids
from .questions import QUESTION_KINDS, Question, compare, compare_edit, questions, upright
from .render import render
from .sampling import EARLY, LATE
from .scenes import Scene
from .splits import in_training

PREFIX = 10
"""Ids of a prompt's answer prefix: all that a prompt shows that is hidden."""
HIDDEN_SHARE = 0.05
EDIT_SHARES = {
    "add": 0.13, "remove": 0.09, "replace": 0.17, "adjust": 0.17, "background": 0.09, "style": 0.06, "action": 0.15,
    "extract": 0.05, "hybrid": 0.09,
}  # fmt: skip
"""How often each kind of edit of one picture is drawn."""
ASKED = (*QUESTION_KINDS, "where", "is_colour", "describe", "relation", "colour", "how_many", "exists", "where", "what")
"""Kinds of questions in the order they are asked of a picture: what is harder, twice."""
CODE_PLACES = np.arange(LAYOUT.rows * LAYOUT.columns) + np.arange(LAYOUT.rows).repeat(LAYOUT.columns)
"""Place of each of a plan's 128 codes among its visual ids."""


@dataclass
class Batch:
    """ids [b, n], positions [3, b, n], mask bool [b, 1, n, n] (what each place sees: a padded one itself, since attention
    over nothing is not a number to some kernels).

    pictures uint8 [p, 256, 256, 3], in the order in which the rows' picture tokens stand; seen [p, 2, 64]: their codes.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    pictures: Tensor | None
    seen: Tensor | None

    def to(self, device: str):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                setattr(self, field.name, value.to(device, non_blocking=True))
        return self


@dataclass
class Plans(Batch):
    """first: column of the first visual id. codes [b, 128]. blind [b]: rows that see no pictures.

    Of edits: old [b, 2, 64]: codes of the picture that is changed; base [b]: column of its first token; meant [b, 64]: 1
    where a thing lies that does not stay as it is, 0 where another lies, -1 elsewhere.
    """

    first: int
    codes: Tensor
    blind: Tensor
    old: Tensor | None = None
    base: Tensor | None = None
    meant: Tensor | None = None


@dataclass
class Answers(Batch):
    """texts [b, n]: the id to predict at each place, -1 for none.

    about: (row, place, column of the picture's first token, cells bool [64]) of each word that speaks of things.
    """

    texts: Tensor
    about: tuple[Tensor, Tensor, Tensor, Tensor]

    def to(self, device: str):
        self.about = tuple(t.to(device) for t in self.about)
        return super().to(device)


def positions_of(ids: np.ndarray) -> np.ndarray:
    """[3, n]: text counts on, a picture's tokens take (t, row, column) of their grid."""
    text = np.arange(len(ids))
    blocks = np.flatnonzero(ids == LAYOUT.image_pad).reshape(-1, PICTURE_TOKENS)
    for block in blocks:
        text[block[-1] + 1 :] -= PICTURE_TOKENS - GRID
    out = np.stack([text] * 3)
    k = np.arange(PICTURE_TOKENS)
    for block in blocks:
        out[:, block] = text[block[0]] + np.stack([0 * k, k // GRID, k % GRID])
    return out


def drawn(pictures: list[Scene]) -> tuple[Tensor | None, Tensor | None]:
    """The pictures as the vision encoder gets them, and their codes."""
    if not pictures:
        return None, None
    pixels = np.stack([resized_twice(render(s)) for s in pictures])
    return torch.from_numpy(pixels), torch.from_numpy(np.stack([_both(s) for s in pictures]))


def _both(scene: Scene) -> np.ndarray:
    codes = encode(scene)
    return np.stack([codes.what.flatten(), codes.look.flatten()])


def cells_of(scene: Scene, indices: tuple[int, ...]) -> np.ndarray:
    """bool [64]: where these things lie."""
    grid = np.zeros((GRID, GRID), bool)
    for o in (scene.objects[i] for i in indices):
        grid[o.row : o.row + o.size, o.column : o.column + o.size] = True
    return grid.flatten()


def meant_cells(change: Edit) -> np.ndarray:
    """See Plans.meant."""
    source, everything = change.source, tuple(range(len(change.source.objects)))
    gone = () if change.kind == "style" else change.gone
    return np.where(cells_of(source, everything), cells_of(source, gone).astype(int), -1)


Span = tuple[int, int, tuple[int, ...]]
"""First and last + 1 character of an answer and the things they speak of."""


def spoken(scene: Scene, question: Question) -> list[Span]:
    """Which words of an answer speak of which things: in lists and descriptions each in its turn."""
    whole = [(0, len(question.answer) + 1, question.about)]
    if len(question.about) < 2 or question.kind not in ("what", "list", "describe", "relation", "between"):
        return whole if question.about else []
    chosen = [scene.objects[i] for i in question.about]
    index = {(o.row, o.column): i for i, o in enumerate(scene.objects)}
    starts: list[tuple[int, tuple[int, ...]]] = []
    for group in groups(upright(Scene(tuple(chosen), scene.ground, scene.style))):
        name = group.one.name if question.kind == "list" else group_named(group, scene.coloured)
        at = question.answer.find(name, starts[-1][0] + 1 if starts else 0)
        if at >= 0:
            starts.append((at, tuple(index[o.row, o.column] for o in group.members)))
    if not starts:
        return whole
    ends = [at for at, _ in starts[1:]] + [len(question.answer) + 1]
    return [(at, end, things) for (at, things), end in zip(starts, ends, strict=True)]


@dataclass
class _Row:
    """One row of questions or a chat while it grows. Places of group 0 are seen by all that follow."""

    ids: list[int]
    texts: list[int]
    group: list[int]
    positions: np.ndarray

    def says(self, prompt: list[int], reply: list[int], group: int, positions: np.ndarray) -> int:
        """Adds a prompt and its reply; returns the place that predicts the reply's first word."""
        self.ids += prompt + reply
        self.texts += [-1] * (len(prompt) - 1) + reply + [-1]
        self.group += [group] * (len(prompt) + len(reply))
        self.positions = np.concatenate([self.positions, positions], 1)
        return len(self.ids) - len(reply) - 1


class Sequences:
    """Draws training batches. `early`: share of scenes of the early curriculum. `allowed`: filter of scenes."""

    def __init__(self, tokenizer: Tokenizer, seed: int, allowed=in_training, early: float = 0.0):
        self.tokenizer, self.rng, self.allowed, self.early = tokenizer, np.random.default_rng(seed), allowed, early

    def scene(self) -> Scene:
        return sampling.sample(self.rng, EARLY if self.rng.random() < self.early else LATE, self.allowed)

    def edited(self, kind: str | None = None) -> Edit:
        """A drawable edit, its kind by EDIT_SHARES unless named ("combine" takes two pictures)."""
        kind = kind or str(self.rng.choice(list(EDIT_SHARES), p=np.array([*EDIT_SHARES.values()]) / sum(EDIT_SHARES.values())))
        while True:
            sources = (self.scene(), self.scene()) if kind == "combine" else self.scene()
            found = edit(sources, self.rng, kind, self.allowed)
            if found is not None:
                return found

    # ------------------------------------------------------------ plans

    def prompt(self, text: str, pictures: int = 0) -> list[int]:
        """Ids of a prompt for a plan."""
        return expanded(
            self.tokenizer.encode(self.tokenizer.generate_prompt(text, pictures, LAYOUT.rows, LAYOUT.columns)), LAYOUT
        )

    def captioned(self) -> tuple[Scene, Caption]:
        scene = self.scene()
        return scene, caption(scene, self.rng)

    def create(self, n: int) -> Plans:
        pairs = [self.captioned() for _ in range(n)]
        return self._plans([self.prompt(c.text) for _, c in pairs], [s for s, _ in pairs])

    def edit(self, n: int, kind: str | None = None, blind: int = 0) -> Plans:
        """n edits; the last `blind` rows see no picture, as in the condition pass."""
        changes = [self.edited(kind) for _ in range(n)]
        batch = self._plans([self.prompt(e.text, len(e.sources)) for e in changes], [e.target for e in changes], blind)
        pads = (batch.ids == LAYOUT.image_pad).int().argmax(1)
        batch.base = pads + torch.tensor([e.base * (PICTURE_TOKENS + 2) for e in changes])
        batch.pictures, batch.seen = drawn([s for e in changes for s in e.sources])
        batch.old = torch.from_numpy(np.stack([_both(e.source) for e in changes]))
        batch.meant = torch.from_numpy(np.stack([meant_cells(e) for e in changes]))
        return batch

    def _plans(self, prompts: list[list[int]], targets: list[Scene], blind: int = 0) -> Plans:
        b, first = len(prompts), max(map(len, prompts))
        n = first + LAYOUT.length - 1
        plans = [plan(s) for s in targets]
        ids, places, starts = np.full((b, n), LAYOUT.end_of_text), np.zeros((3, b, n), np.int64), np.zeros(b, np.int64)
        for i, (prompt, made) in enumerate(zip(prompts, plans, strict=True)):
            ids[i, first - len(prompt) :] = [*prompt, *visual_ids(made)[:-1]]
            hidden = self.rng.random() < HIDDEN_SHARE
            starts[i] = start = first - (PREFIX if hidden else len(prompt))
            plain = hidden or i >= b - blind
            places[:, i, start:] = np.arange(n - start) if plain else positions_of(ids[i, start:])
        sees = torch.ones(n, n, dtype=torch.bool).tril() & (torch.arange(n) >= torch.from_numpy(starts)[:, None, None])
        sees |= torch.eye(n, dtype=torch.bool)
        return Plans(
            torch.from_numpy(ids), torch.from_numpy(places), sees[:, None], None, None, first,
            torch.from_numpy(np.stack(plans)).flatten(1), torch.arange(b) >= b - blind,
        )  # fmt: skip

    # ------------------------------------------------------------ answers

    def ask(self, n: int, count: int) -> Answers:
        """n pictures with `count` questions each; these are packed: each sees the picture and itself."""
        rows, pictures, about = [], [], []
        for i in range(n):
            scene = self.scene()
            asked = questions(scene, self.rng, count, ASKED)
            row, places = self._packed(1, [(q.text, q.answer) for q in asked])
            for q, place in zip(asked, places, strict=True):
                about += [(i, place + k, cells) for k, cells in self._words(scene, q)]
            rows.append(row)
            pictures.append(scene)
        return self._answers(rows, drawn(pictures), about)

    def talk(self, chats: int, pairs: int) -> Answers:
        """Whole chats, and pairs of pictures that are compared."""
        rows, pictures = [], []
        for _ in range(pairs):
            (one, other), asked = self._compared()
            rows.append(self._packed(2, [(q.text, q.answer) for q in asked])[0])
            pictures += [one, other]
        for _ in range(chats):
            row, shown = self._chat(dialogue(self.rng, self.scene() if self.rng.random() < 0.8 else None))
            rows.append(row)
            pictures += shown
        return self._answers(rows, drawn(pictures), [])

    def _words(self, scene: Scene, q: Question):
        """(index of a word of the answer, cells of the things it speaks of)."""
        ends = np.cumsum([len(self.tokenizer.decode([i])) for i in self.tokenizer.encode(q.answer)]).tolist()
        starts = [0, *ends]
        for first, last, things in spoken(scene, q):
            cells = cells_of(scene, things)
            yield from ((k, cells) for k, at in enumerate(starts) if first <= at < last)

    def _compared(self) -> tuple[tuple[Scene, Scene], list[Question]]:
        if self.rng.random() < 0.5:
            change = self.edited()
            found = compare_edit(change, self.rng)
            if found is not None:
                return (change.source, change.target), [found, compare(change.source, change.target, self.rng)]
        one, other = self.scene(), self.scene()
        return (one, other), [compare(one, other, self.rng) for _ in range(2)]

    def _reply(self, answer: str) -> list[int]:
        return [*self.tokenizer.encode(answer), LAYOUT.im_end]

    def _packed(self, pictures: int, pairs: list[tuple[str, str]]) -> tuple[_Row, list[int]]:
        """Questions that don't see each other; and for each the place that predicts its answer's first word."""
        shown = "<|vision_end|>"
        split = self.tokenizer.question_prompt("", pictures).rindex(shown) + len(shown)
        head = expanded(self.tokenizer.encode(self.tokenizer.question_prompt("", pictures)[:split]), LAYOUT)
        row = _Row(head, [-1] * len(head), [0] * len(head), positions_of(np.array(head)))
        start, places = row.positions.max() + 1, []
        for group, (question, answer) in enumerate(pairs, 1):
            prompt, reply = self.tokenizer.encode(self.tokenizer.question_prompt(question, pictures)[split:]), self._reply(answer)
            places.append(row.says(prompt, reply, group, np.stack([start + np.arange(len(prompt) + len(reply))] * 3)))
        return row, places

    def turns(self, chat: Dialogue) -> Iterator[tuple[list[int], list[int], list[Scene]]]:
        """Of each turn: its prompt, its answer, and the pictures in the prompt (none or one).

        A picture that a turn made stands before the next turn's words.
        """
        new = chat.picture
        for k, turn in enumerate(chat.turns):
            text = ("\n" if k else "") + self.tokenizer.question_prompt(turn.text, int(new is not None))
            yield expanded(self.tokenizer.encode(text), LAYOUT), self._reply(turn.answer), [] if new is None else [new]
            new = turn.picture

    def _chat(self, chat: Dialogue) -> tuple[_Row, list[Scene]]:
        nowhere = np.zeros((3, 0), np.int64)
        row, shown = _Row([], [], [], nowhere), []
        for prompt, reply, pictures in self.turns(chat):
            row.says(prompt, reply, 0, nowhere)
            shown += pictures
        row.positions = positions_of(np.array(row.ids))
        return row, shown

    def _answers(self, rows: list[_Row], seen: tuple[Tensor | None, Tensor | None], about: list) -> Answers:
        b, n = len(rows), max(len(r.ids) for r in rows)
        ids, texts = np.full((b, n), LAYOUT.end_of_text), np.full((b, n), -1)
        group, positions = np.full((b, n), -1), np.zeros((3, b, n), np.int64)
        for i, row in enumerate(rows):
            end = len(row.ids)
            ids[i, :end], texts[i, :end], group[i, :end], positions[:, i, :end] = row.ids, row.texts, row.group, row.positions
        g = torch.from_numpy(group)
        sees = torch.ones(n, n, dtype=torch.bool).tril() & ((g[:, :, None] == g[:, None]) | (g[:, None] == 0))
        first = (ids == LAYOUT.image_pad).argmax(1)
        of = [np.array(x) for x in zip(*((i, place, first[i], cells) for i, place, cells in about), strict=True)]
        of = of or [np.zeros(0, int)] * 3 + [np.zeros((0, PICTURE_TOKENS), bool)]
        return Answers(
            torch.from_numpy(ids), torch.from_numpy(positions), sees[:, None], *seen, torch.from_numpy(texts),
            tuple(torch.from_numpy(x) for x in of),
        )  # fmt: skip
