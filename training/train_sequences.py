"""Trains the vision encoder and the text decoder on all three tasks at once, by the clock.

    python -m training.train_sequences OUT --minutes 80 --vae FOLDER --tokenizer FOLDER

Each step: prompts -> codes, pictures + instructions -> codes, pictures + questions -> answers.
Helpers that only training has: the cell a condition state belongs to must be readable in a fixed direction, and
linear heads name class, tint, part and background of every picture token.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from . import restore
from .data import scenes, splits
from .data.tokenizer import Tokenizer
from .data.vocabulary import COLOUR_NAMES, COLOUR_SPELLINGS, OBJECTS, PLACES
from .networks import config as c
from .networks.common import rotate_half
from .networks.codes import CLASS, OBJECT_CODES, PARTS, TINT, CodeTables, content, directions
from .networks.decoder import TextDecoder, condition
from .networks.pictures import vision_rows
from .networks.vae import VAE
from .networks.vision import VisionEncoder
from .sequences import Batch, Sequences
from .train_common import Average, Clock, Log, advance, compile_parts, half_precision, keep, one_quiet_thread, optimisers, plainly, resume, save, scale_rates, train_only
from .validate import validate


CELL_WEIGHT = 0.15
BOOKS_WEIGHT = 0.3
TOLD_WEIGHT = 0.4
COPIERS = ((2, 0), (3, 0))
"""(layer, head) that learn to look at the cell of the old picture where the new picture's next cell lies."""

MATCHERS = ((3, 2),)
"""(layer, head) that learn to look from an object of the old picture at the noun of the instruction that names it."""

TELLERS = ((2, 2), (3, 3))
"""(layer, head) that learn to look, while a plan waits for its next object, at what tells about that one: the first, in an
edit, at where it lies in the old picture, the second at the words about it; where one of the two is missing, both at the other."""

BOOKS = 3
"""After so many layers a state knows what is still to come."""

ASKERS = ((2, 1), (3, 1))
"""(layer, head) that learn to look at the object a question is about while it is answered."""

PLACE_OF = torch.tensor(
    [[PLACES.index(scenes.SceneObject("", size, *divmod(cell, c.GRID)).place) for cell in range(c.GRID**2)] for size, *_ in scenes.SIZE_PARTS]
)
"""Part, cell -> where an object whose box begins there lies, as an index of PLACES."""

FIRST_PARTS = torch.tensor([scenes.SP[size, 0, 0] for size in scenes.SIZES])


def decision_weight(codes: Tensor, cells: Tensor) -> Tensor:
    """Weight of each code: what the words decide counts most.

    Where an object may begin or not, both must weigh the same, or objects begin too often. An edit leaves nothing
    open: there the cells where an object begins or began weigh five times (`Learner.code_loss`).
    """
    inside = (codes < OBJECT_CODES) & ~begins(codes)
    weight = torch.where(cells % c.GRID == 0, 1.5, 1.0)
    weight[cells == 0] = 3.0
    weight[inside] = 0.5
    return weight


def begins(codes: Tensor) -> Tensor:
    """Whether a code is the first of an object."""
    return (codes >= 0) & (codes < OBJECT_CODES) & torch.isin(codes % PARTS, FIRST_PARTS)


def next_object(wanted: Tensor) -> Tensor:
    """For each place [b, n] whose code is ground: the first code of the object that starts next, else -1.

    What an object here would be is known at every ground cell before it, so that all of them teach it.
    """
    n = wanted.shape[1]
    starts = begins(wanted)
    place = torch.where(starts, torch.arange(n), n)
    following = place.flip(1).cummin(1).values.flip(1)
    code = F.pad(wanted, (0, 1), value=-1).gather(1, following)
    return code.masked_fill((wanted < OBJECT_CODES) & ~starts, -1)


def shown_codes(batch: Batch) -> Tensor:
    """The codes to predict [b, n], -1 also where the picture of an edit is hidden."""
    return batch.codes if batch.blind is None else batch.codes.masked_fill(batch.blind[:, None], -1)


def code_cells(batch: Batch) -> Tensor:
    """The cell [b, n] that the code to predict at each place belongs to, -1 where there is none."""
    return F.pad(batch.cells[:, 1:], (0, 1), value=-1)


def picture_start(batch: Batch) -> tuple[Tensor, Tensor]:
    """Where the old picture's tokens begin in each row [b], 0 where there are none, and whether there are [b]."""
    pads = batch.ids == c.IMAGE_PAD
    return pads.int().argmax(1), pads.any(1)


def still_to_come(wanted: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each place [b, n]: how many objects begin there or later, which classes [b, n, names], and in which thirds of the
    picture they lie [b, n, PLACES]. cells: of the picture, one for each place."""
    starts, code = begins(wanted), wanted.clamp(0, OBJECT_CODES - 1)
    kinds = F.one_hot(CLASS[code // PARTS], len(scenes.NAMES)) * starts[..., None]
    lies = F.one_hot(PLACE_OF[code % PARTS, cells.clamp_min(0)], len(PLACES)) * starts[..., None]
    each, where = (a.flip(1).cumsum(1).flip(1) for a in (kinds, lies))
    return each.sum(-1), (each > 0).float(), (where > 0).float()


class Learner(nn.Module):
    """Vision encoder, text decoder, factored codes and the helper heads."""

    def __init__(self, contents: Tensor):
        super().__init__()
        self.visual = VisionEncoder(c.VISION)
        self.text = TextDecoder(c.TEXT)
        del self.text.gen_embed_tokens
        self.codes = CodeTables(contents)
        self.names = nn.Linear(c.HIDDEN, len(scenes.NAMES) + 1)
        self.paints = nn.Linear(c.HIDDEN, 14)
        self.parts = nn.Linear(c.HIDDEN, PARTS + 1)
        self.grounds = nn.Linear(c.HIDDEN, scenes.BACKGROUND_CODES + 1)
        self.old_names = nn.Linear(c.HIDDEN, len(scenes.NAMES) + 1)
        self.old_parts = nn.Linear(c.HIDDEN, PARTS + 1)
        self.meant = nn.Linear(c.HIDDEN, 2)
        self.cell_scale = nn.Parameter(torch.tensor(10.0))
        self.left = nn.Linear(c.HIDDEN, scenes.MOST + 1)
        self.left_names = nn.Linear(c.HIDDEN, len(scenes.NAMES))
        self.left_places = nn.Linear(c.HIDDEN, len(PLACES))
        self._start()

    def _start(self) -> None:
        """Residual branches start at zero; embeddings have length 3."""
        nn.init.normal_(self.text.embed_tokens.weight, std=3 * c.HIDDEN**-0.5)
        for layer in self.text.layers:
            for out in (layer.self_attn.o_proj, layer.mlp.down_proj, layer.gen_mlp.down_proj):
                nn.init.zeros_(out.weight)
        for block in self.visual.blocks:
            for out in (block.attn.proj, block.mlp.linear_fc2):
                nn.init.zeros_(out.weight)
        nn.init.constant_(self.text.norm.weight, 0.2)
        nn.init.normal_(self.visual.pos_embed.weight, std=0.3)
        nn.init.zeros_(self.visual.deepstack_merger_list[0].linear_fc2.weight)

    @torch.no_grad()
    def name_words(self, tokenizer: Tokenizer) -> None:
        """Words of nouns and colours start near the vectors of the classes and tints they name.

        Pieces that more than one thing's words share stay as they are.
        """
        phrases = [(n, self.codes.classes[i]) for i, o in enumerate(OBJECTS) for n in (o.name, *o.synonyms)]
        phrases += [
            (n, self.codes.tints[1 + i]) for i, name in enumerate(COLOUR_NAMES) for n in (name, *COLOUR_SPELLINGS.get(name, ()))
        ]
        meant: dict[int, dict[int, Tensor]] = {}
        for phrase, vector in phrases:
            for token in tokenizer.encode(" " + phrase):
                meant.setdefault(token, {})[vector.data_ptr()] = vector
        for token, vectors in meant.items():
            if len(vectors) == 1:
                own = self.text.embed_tokens.weight[token]
                own.mul_(0.15).add_(next(iter(vectors.values())), alpha=1.2)

    def optimisers(self, lr: float, muon: float) -> list[torch.optim.Optimizer]:
        """AdamW and Muon."""
        blocks = ["text.layers", "visual.blocks", "visual.merger", "visual.deepstack"]
        return optimisers(self, blocks, lr, muon, {"qkv.weight": 3})

    @half_precision()
    def states(self, batch: Batch) -> tuple[list[Tensor], Tensor | None]:
        """All hidden states, and the picture tokens [b, 64, H] if there are pictures."""
        x = self.codes.embed_ids(batch.ids, self.text.embed_tokens.weight, c.FIRST_CODE)
        gen = batch.ids >= c.VOCABULARY if batch.texts is None else None
        if batch.pictures is None:
            return self.text(x, gen, batch.positions, batch.mask), None
        tokens, deep = self.visual(vision_rows(batch.pictures), 16, 16)
        pads = batch.ids == c.IMAGE_PAD
        keep = torch.ones(len(tokens), dtype=torch.bool) if batch.blind is None else ~batch.blind
        keep = keep & pads.any(1)
        where = (pads & keep[:, None]).flatten().nonzero()[:, 0]
        x = x.flatten(0, 1).index_copy(0, where, tokens[keep].flatten(0, 1).to(x.dtype)).view_as(x)
        pictures = (where, [d[keep].flatten(0, 1) for d in deep])
        return self.text(x, gen, batch.positions, batch.mask, pictures), tokens

    def old_codes(self, batch: Batch) -> Tensor:
        """The old picture's code at the cell that each place names, ground where it names none."""
        cells = code_cells(batch)
        return batch.scene_codes.gather(1, cells.clamp_min(0)).masked_fill(cells < 0, OBJECT_CODES)

    def code_loss(self, states: list[Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Cross-entropy of codes (see decision_weight), and of the cell each state belongs to."""
        wanted = shown_codes(batch)
        at = wanted >= 0
        codes = wanted[at]
        weight = decision_weight(codes, code_cells(batch)[at])
        if batch.scene_codes is not None:
            weight = torch.where(begins(codes) | begins(self.old_codes(batch)[at]), 5.0, weight)
        each, ct, sp = self.codes.loss(self.text.norm(states[-1][at]), codes)
        loss = (each * weight).sum() / weight.sum()
        coming = next_object(wanted)[at]
        open_ = coming >= 0
        self.coming = F.cross_entropy(ct[open_], coming[open_] // PARTS)
        loss = loss + 0.5 * self.coming + 0.1 * F.cross_entropy(sp[open_], coming[open_] % PARTS)
        self.first = each[begins(codes)].mean()
        cells = batch.cells >= 0
        mean = F.normalize(condition(states, c.CONDITION_LAYERS)[cells], dim=-1)
        return loss, F.cross_entropy(self.cell_scale * mean @ directions().T, batch.cells[cells])

    @half_precision()
    def copy_loss(self, states: list[Tensor], batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """How little the COPIERS look at the old picture's cell while they name the code of the same cell; how badly
        the class and part there can be read from the state after the first of them; how badly, after the last,
        whether the instruction speaks of the object there; and how little the MATCHERS look at the noun that names it, or
        at the first token where none does. Its first cell weighs most: what follows tells by what was drawn.

        Without it a decoder this small passes whole objects through a summary, and what an edit keeps drifts.
        """
        first, shown = picture_start(batch)
        cells = code_cells(batch)
        row, place = ((cells >= 0) & (shown & ~batch.blind)[:, None]).nonzero(as_tuple=True)
        key = first[row] + cells[row, place]
        copy = -sum(each.gather(1, key[:, None]).mean() for each in self.looks(states, batch, COPIERS, row, place)) / len(COPIERS)
        old = self.old_codes(batch)[row, place]
        is_object = old < OBJECT_CODES
        known = F.rms_norm(states[COPIERS[0][0] + 1][row, place].float(), (c.HIDDEN,))
        names = CLASS[old.clamp_max(OBJECT_CODES - 1) // PARTS].masked_fill(~is_object, len(scenes.NAMES))
        parts = (old % PARTS).masked_fill(~is_object, PARTS)
        read = F.cross_entropy(self.old_names(known), names) + F.cross_entropy(self.old_parts(known), parts)
        known = F.rms_norm(states[COPIERS[-1][0] + 1][row, place].float(), (c.HIDDEN,))
        speaks = F.cross_entropy(self.meant(known), batch.meant[row, cells[row, place]], ignore_index=-1, reduction="none")
        weight = torch.where(begins(old), 5.0, 1.0) * is_object
        meant = (speaks * weight).sum() / weight.sum()
        named = batch.nouns[row] == names[:, None]
        return copy, read, meant, self.look_loss(states, batch, MATCHERS, row, place, [named] * len(MATCHERS), weight)

    def looks(self, states: list[Tensor], batch: Batch, heads: tuple[tuple[int, int], ...], row: Tensor, place: Tensor) -> list[Tensor]:
        """Log shares [k, n] of what each head looks at from each of the places."""
        ahead = torch.ones(batch.ids.shape[1], batch.ids.shape[1], dtype=torch.bool).triu(1)
        return [self.scores(states, batch, *head).masked_fill(ahead, -1e9).log_softmax(-1)[row, place] for head in heads]

    def look_loss(
        self, states: list[Tensor], batch: Batch, heads: tuple[tuple[int, int], ...], row: Tensor, place: Tensor, wanted: list[Tensor], weight: Tensor
    ) -> Tensor:
        """How little each head looks from each of the places at its wanted tokens [k, n]; at the first token where there are none."""
        loss = 0.0
        for each, tokens in zip(self.looks(states, batch, heads, row, place), wanted, strict=True):
            tokens[:, 0] |= ~tokens.any(1)
            loss = loss - (each.masked_fill(~tokens, -1e9).logsumexp(-1) * weight).sum()
        return loss / (len(heads) * weight.sum())

    def books_loss(self, states: list[Tensor], batch: Batch) -> Tensor:
        """How badly a state tells how many objects of the plan are still to begin, of which classes, and where.

        Without it a plan of several things ends with some of them missing: at no cell does the next one have to begin. And
        where the place of a later thing is said, an earlier one takes it.
        """
        wanted = shown_codes(batch)
        at = wanted >= 0
        count, kinds, places = still_to_come(wanted, code_cells(batch))
        known = F.rms_norm(states[BOOKS][at].float(), (c.HIDDEN,))
        told = ((self.left_names, kinds), (self.left_places, places))
        return F.cross_entropy(self.left(known), count[at]) + sum(
            F.binary_cross_entropy_with_logits(head(known), y[at], reduction="none").sum(-1).mean() for head, y in told
        )

    @half_precision()
    def tell_loss(self, states: list[Tensor], batch: Batch) -> Tensor:
        """How little the TELLERS look at what tells about the next object of a plan: its noun and the words behind it, where
        its place is said, and in an edit where it lies in the old picture."""
        wanted = shown_codes(batch)
        coming = next_object(wanted)
        row, place = (coming >= 0).nonzero(as_tuple=True)
        weight = torch.where(begins(wanted[row, place]), 5.0, 1.0)
        words = batch.told[row] == CLASS[coming[row, place] // PARTS][:, None]
        there = words
        if batch.origins is not None:
            there = self.old_places(batch, row, place)
            there, words = (torch.where(a.any(1, keepdim=True), a, b) for a, b in ((there, words), (words, there)))
        return self.look_loss(states, batch, TELLERS, row, place, [there, words], weight)

    @staticmethod
    def old_places(batch: Batch, row: Tensor, place: Tensor) -> Tensor:
        """bool [k, n]: the tokens of the old picture where what begins next after each of the places lies."""
        first, shown = picture_start(batch)
        there = batch.origins[row, code_cells(batch)[row, place]] & shown[row, None]
        tokens = first[row, None] + torch.arange(c.GRID**2)
        return torch.zeros(len(row), batch.ids.shape[1], dtype=torch.bool).scatter(1, tokens, there)

    @half_precision()
    def about_loss(self, states: list[Tensor], batch: Batch) -> Tensor:
        """How little the ASKERS look at the object a question is about at each word of the answer."""
        row, place, cells = batch.about
        tokens = picture_start(batch)[0][row, None] + torch.arange(c.GRID**2)
        losses = []
        for layer, head in ASKERS:
            score = self.scores(states, batch, layer, head)[row, place] + batch.mask[row, 0, place]
            each = score.log_softmax(-1).gather(1, tokens)
            losses.append(-each.masked_fill(~cells, -1e9).logsumexp(-1).mean())
        return sum(losses) / len(losses)

    def scores(self, states: list[Tensor], batch: Batch, layer: int, head: int) -> Tensor:
        """Attention scores [b, n, n] of one head, not masked."""
        cos, sin = self.text.rotation(batch.positions)
        block = self.text.layers[layer]
        x, attention = block.input_layernorm(states[layer]), block.self_attn
        rows = slice(head * cos.shape[-1] * 2, (head + 1) * cos.shape[-1] * 2)
        q = rotate_half(attention.q_norm(F.linear(x, attention.q_proj.weight[rows]))[:, None], cos, sin)[:, 0]
        k = rotate_half(attention.k_norm(F.linear(x, attention.k_proj.weight[rows]))[:, None], cos, sin)[:, 0]
        return (q @ k.transpose(1, 2)).float() * q.shape[-1] ** -0.5

    def answer_loss(self, states: list[Tensor], batch: Batch) -> Tensor:
        """Cross-entropy of answer words among text and visual ids."""
        at = batch.texts >= 0
        h = self.text.norm(states[-1][at])
        words = h @ self.text.embed_tokens.weight.T
        visual = torch.logaddexp(self.codes.log_partition(h)[0], torch.tensor(8.0).log())
        total = torch.logaddexp(words.logsumexp(-1), visual)
        return (total - words.gather(1, batch.texts[at][:, None])[:, 0]).mean()

    def perception_loss(self, tokens: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Class, tint, part and background of each picture token; and its cell in the fixed directions."""
        flat, codes = tokens.flatten(0, 1).float(), codes.flatten()
        is_object = codes < OBJECT_CODES
        ct = codes.clamp_max(OBJECT_CODES - 1) // PARTS
        wanted = (
            (self.names, torch.where(is_object, CLASS[ct], len(scenes.NAMES))),
            (self.paints, torch.where(is_object, TINT[ct], 13)),
            (self.parts, torch.where(is_object, codes % PARTS, PARTS)),
            (self.grounds, torch.where(is_object, scenes.BACKGROUND_CODES, codes - OBJECT_CODES)),
        )
        weight = torch.where(is_object, 1.0, 0.3)
        normal = F.rms_norm(flat, flat.shape[-1:])
        losses = [(F.cross_entropy(head(normal), y, reduction="none") * weight).sum() / weight.sum() for head, y in wanted]
        cell = torch.arange(64).repeat(len(tokens))
        place = F.cross_entropy(self.cell_scale * F.normalize(flat, dim=-1) @ directions().T, cell)
        return sum(losses), place


def contents(path: Path, vae: str) -> Tensor:
    """The codes' content vectors, made once."""
    if not path.exists():
        torch.save(content(VAE.load(vae).encode), path)
    return torch.load(path)


def numbers(suffix: str = "", **losses: Tensor) -> dict[str, float]:
    """Numbers for the log."""
    return {name + suffix: loss.item() for name, loss in losses.items()}


def step_losses(model: Learner, batches: list[Batch]):
    """Yields (loss to run backwards, figures) for prompts, edits and, where there are some, questions (`Sequences.step`)."""
    prompts, edits, *asked = batches
    states, _ = model.states(prompts)
    code, cell = model.code_loss(states, prompts)
    books, told = model.books_loss(states, prompts), model.tell_loss(states, prompts)
    loss = code + CELL_WEIGHT * cell + BOOKS_WEIGHT * books + TOLD_WEIGHT * told
    yield loss, numbers(create=code, books=books, told=told, cell=cell, first=model.first, coming=model.coming)
    states, tokens = model.states(edits)
    code, cell = model.code_loss(states, edits)
    seen, place = model.perception_loss(tokens, edits.scene_codes)
    copy, read, meant, match = model.copy_loss(states, edits)
    books, told = model.books_loss(states, edits), model.tell_loss(states, edits)
    loss = code + 0.3 * CELL_WEIGHT * cell + BOOKS_WEIGHT * books + TOLD_WEIGHT * told + 0.4 * seen + 0.15 * place
    yield (
        loss + 0.1 * copy + 0.3 * read + 0.5 * meant + 0.2 * match,
        numbers(edit=code, copy=copy, read=read, meant=meant, match=match)
        | numbers("_e", books=books, told=told, cell=cell, first=model.first, coming=model.coming),
    )
    for batch in asked:
        states, tokens = model.states(batch)
        answer, about = model.answer_loss(states, batch), model.about_loss(states, batch)
        seen, place = model.perception_loss(tokens, batch.scene_codes)
        yield answer + 0.1 * about + 0.4 * seen + 0.15 * place, numbers(answer=answer, about=about, seen=seen, place=place)


class Steps(IterableDataset):
    """The batches of one step after the other."""

    def __init__(self, data: Sequences, sizes: tuple[int, int, int, int], short: int, placing: int):
        self.data, self.sizes, self.short, self.placing = data, sizes, short, placing

    def __iter__(self) -> Iterator[list[Batch]]:
        while True:
            yield self.data.step(self.sizes, self.short, self.placing)


def on_any_core(_: int) -> None:
    """Takes a process off the core that its parent was pinned to, where that can be."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def ahead(steps: Steps) -> Iterator[list[Batch]]:
    """The same, drawn by another process on any core, while the step before is learned."""
    return iter(DataLoader(steps, batch_size=None, num_workers=1, prefetch_factor=2, worker_init_fn=on_any_core))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--minutes", type=float, default=80)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--tokenizer", required=True)
    ask.add_argument("--sizes", type=int, nargs=4, default=(24, 14, 8, 6), help="creates, edits, pictures, questions each")
    ask.add_argument("--lr", type=float, default=3e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--fall", type=float, default=0.25, help="share of the time over which the rates fall")
    ask.add_argument("--every", type=float, default=5, help="minutes between checkpoints")
    ask.add_argument("--hold", nargs="*", default=(), help="prefixes of parameters that stay as they are")
    ask.add_argument("--only", default="", help="parameters whose names do not match this pattern stay as they are")
    ask.add_argument("--short", type=int, default=0, help="how many of the prompts name one painted object and no place")
    ask.add_argument("--placing", type=int, default=0, help="how many of the prompts say where each of several things lies")
    ask.add_argument("--model", type=Path, help="a checkpoint folder to go on from")
    ask.add_argument("--ahead", action="store_true", help="another process draws the batches, for those who have a core to spare")
    ask.add_argument("--seed", type=int, default=0)
    a = ask.parse_args()
    one_quiet_thread(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.jsonl")
    tokenizer = Tokenizer(a.tokenizer)
    model = Learner(contents(a.out / "content.pt", a.vae))
    model.name_words(tokenizer)
    if a.model:
        found = restore.sequences(a.model, model.codes.content)
        missing = model.load_state_dict(found, strict=False)
        log(restored=len(found), new=", ".join(missing.missing_keys), unknown=", ".join(missing.unexpected_keys))
    train_only(model, a.only, a.hold)
    compile_parts(model.text.layers, model.visual.blocks)
    steppers = model.optimisers(a.lr, a.muon)
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    steps = Steps(Sequences(tokenizer, step + 1 if step else a.seed), a.sizes, a.short, a.placing)
    batches = ahead(steps) if a.ahead else iter(steps)
    log(parameters=sum(p.numel() for p in model.parameters()), **{k: str(v) for k, v in vars(a).items()})
    checking = [Sequences(tokenizer, 77), Sequences(tokenizer, 78, lambda s: not splits.in_training(s))]
    last, figures, began = time.time(), [], time.time()
    while clock.share < 1:
        factor = clock.factor(step)
        scale_rates(steppers, [a.lr, a.muon], factor)
        row = {}
        for loss, values in step_losses(model, next(batches)):
            loss.backward()
            row |= values
        advance(model, steppers, average)
        step += 1
        figures.append(row)
        if step % 10 == 0:
            pace = (time.time() - began) / len(figures) if len(figures) > 1 else 0.0
            log(step=step, rate=factor, pace=pace, **{k: float(np.mean([f[k] for f in figures])) for k in row})
            figures, began = [], time.time()
        if time.time() - last > 60 * a.every or clock.share >= 1:
            keep(*run, step)
            save(a.out / "average.pt", **average.values, content=model.codes.content)
            with plainly():
                log(step=step, **validate(model, average.values, checking, tokenizer))
            last = began = time.time()
            figures = []


if __name__ == "__main__":
    main()
