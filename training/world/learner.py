"""The vision encoder and the text decoder while they learn the next domain, with the helpers that only training has.

- a code is a sum of factors (tables.py), and the words of nouns and colours start from the rows of what they name;
- every ground cell before a thing learns which thing comes next, so that its words teach it forty times, and there
  two heads shall look at the prompt's words for it;
- what a picture token shows must be readable from it, and which cell it and each condition state belong to;
- in an edit, two heads shall look at the old picture's cell while the same cell of the new one is named; what lies
  there must be readable after the first, and after the second whether the instruction changes it;
- in an answer, two heads shall look at the things that each word speaks of.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data.tokenizer import Tokenizer
from training.networks.codes import directions
from training.networks.common import rotate_half
from training.networks.config import GRID, PICTURE_TOKENS
from training.networks.decoder import TextDecoder, condition
from training.networks.pictures import vision_rows
from training.networks.vision import VisionEncoder

from .codes import FIRST_GROUND, PART, PARTS, WHAT_CODES
from .config import CONFIG, Config
from .phrases import COLOUR_WORDS, nouns
from .sequences import CODE_PLACES, PREFIX, Answers, Batch, Plans
from .tables import FACTORS, MEANINGS, SPAN, CodeTables
from .vocabulary import COLOUR_NAMES, NAMES, SIZES

COPIERS = ((2, 0), (3, 0))
"""(layer, head) that learn to look at the old picture's cell."""
ASKERS = ((2, 1), (3, 1))
"""(layer, head) that learn to look at the things an answer speaks of."""
POINTERS = ((2, 2), (3, 2))
"""(layer, head) that learn to look at the words for the thing that comes next."""
PATCHES = 2 * GRID
"""Patches of the vision encoder along an edge of a picture."""
FACT_WEIGHTS = {"parts": 1.0, "tints": 1.0, "turns": 0.5, "zones": 0.5, "banks": 0.5, "styles": 0.3}

FIRST_PARTS = [PART[size, 0, 0] for size in SIZES.values()]


def begins(what: Tensor) -> Tensor:
    """Whether a `what` is the first cell of a thing."""
    return (what < FIRST_GROUND) & torch.isin(what % len(PARTS), torch.tensor(FIRST_PARTS, device=what.device))


def coming(what: Tensor) -> Tensor:
    """Cell where the next thing begins, seen from each cell [b, 64]; 64 inside a thing and where none follows."""
    n = what.shape[1]
    starts = begins(what)
    cell = torch.where(starts, torch.arange(n, device=what.device), n)
    following = cell.flip(1).cummin(1).values.flip(1)
    return following.masked_fill((what < FIRST_GROUND) & ~starts, n)


def decision_weights(what: Tensor) -> tuple[Tensor, Tensor]:
    """How much each `what` and each `look` counts [b, 64]: what the words decide counts most.

    Where a thing may begin or not, both must weigh the same, or things begin too often.
    """
    cell = torch.arange(what.shape[1], device=what.device)
    starts = begins(what)
    inside = (what < FIRST_GROUND) & ~starts
    kind = torch.where(cell % GRID == 0, 1.5, 1.0).repeat(len(what), 1)
    look = torch.where(starts, 1.5, torch.where(inside, 0.2, 0.4))
    kind[inside] = 0.5
    kind[:, 0], look[:, 0] = 3.0, 2.0
    return kind, look


class Learner(nn.Module):
    """The two networks, factored codes, and linear heads of the helpers."""

    def __init__(self, contents: Tensor, config: Config = CONFIG):
        super().__init__()
        self.config, self.layout = config, config.layout
        self.width = config.text["hidden_size"]
        self.visual = VisionEncoder(config.vision)
        self.text = TextDecoder(config.text)
        del self.text.gen_embed_tokens
        self.codes = CodeTables(contents, self.width)
        self.shown = nn.Linear(self.width, FACTORS + 1)
        self.copied = nn.Linear(self.width, FACTORS + 1)
        self.meant = nn.Linear(self.width, 2)
        self.cell_scale = nn.Parameter(torch.tensor(10.0))
        self.register_buffer("nouns", torch.zeros(self.layout.vocabulary, len(NAMES), dtype=torch.bool), persistent=False)
        self._start()

    def _start(self) -> None:
        """Residual branches start at zero; embeddings have length 3."""
        nn.init.normal_(self.text.embed_tokens.weight, std=3 * self.width**-0.5)
        branches = [x for y in self.text.layers for x in (y.self_attn.o_proj, y.mlp.down_proj, y.gen_mlp.down_proj)]
        branches += [x for y in self.visual.blocks for x in (y.attn.proj, y.mlp.linear_fc2)]
        branches += [y.linear_fc2 for y in self.visual.deepstack_merger_list]
        for branch in branches:
            nn.init.zeros_(branch.weight)
        nn.init.constant_(self.text.norm.weight, 0.2)
        nn.init.normal_(self.visual.pos_embed.weight, std=0.3)

    @torch.no_grad()
    def name_words(self, tokenizer: Tokenizer) -> None:
        """Words of nouns and colours start near the rows of what they name; `nouns` [ids, things]: which ids name which.

        Pieces that more than one thing's words share stay as they are.
        """
        rows = {n: SPAN["names"].start + NAMES.index(name) for n, (name, _) in nouns().items()}
        rows |= {w: SPAN["tints"].start + 1 + i for i, c in enumerate(COLOUR_NAMES) for w in COLOUR_WORDS[c]}
        meant: dict[int, set[int]] = {}
        for phrase, row in rows.items():
            for token in (*tokenizer.encode(" " + phrase), *tokenizer.encode(phrase)):
                meant.setdefault(token, set()).add(row)
        for token, found in meant.items():
            self.nouns[token, [row for row in found if row < len(NAMES)]] = True
            if len(found) == 1:
                own = self.text.embed_tokens.weight[token]
                own.mul_(0.15).add_(self.codes.factors[found.pop()], alpha=1.2)

    # ------------------------------------------------------------ forward

    def states(self, batch: Batch) -> tuple[list[Tensor], Tensor | None]:
        """All hidden states, and the tokens [p, 64, H] of the pictures if there are any."""
        x = self.codes.embed_ids(batch.ids, self.text.embed_tokens.weight, self.layout.first_code)
        gen = batch.ids >= self.layout.vocabulary if isinstance(batch, Plans) else None
        mixed = (batch.first - PREFIX, batch.first) if isinstance(batch, Plans) else None
        if batch.pictures is None:
            return self.text(x, gen, batch.positions, batch.mask, mixed=mixed), None
        tokens, deep = self.visual(vision_rows(batch.pictures), PATCHES, PATCHES)
        pads = batch.ids == self.layout.image_pad
        where = pads.flatten().nonzero()[:, 0]
        if isinstance(batch, Plans):
            seen = ~batch.blind[where // batch.ids.shape[1]]
            where, kept = where[seen], [t.flatten(0, 1)[seen] for t in (tokens, *deep)]
        else:
            kept = [t.flatten(0, 1) for t in (tokens, *deep)]
        x = x.flatten(0, 1).index_copy(0, where, kept[0].to(x.dtype)).view_as(x)
        return self.text(x, gen, batch.positions, batch.mask, (where, kept[1:]), mixed=mixed), tokens

    def scores(self, states: list[Tensor], batch: Batch, layer: int, head: int, columns: slice) -> Tensor:
        """Attention scores [b, places, n] of one head at some columns; what a place doesn't see is -1e9."""
        cos, sin = self.text.rotation(batch.positions)
        block = self.text.layers[layer]
        x, attention = block.input_layernorm(states[layer]), block.self_attn
        width = self.config.text["head_dim"]
        rows = slice(head * width, (head + 1) * width)
        q = attention.q_norm(F.linear(x[:, columns], attention.q_proj.weight[rows]))
        k = attention.k_norm(F.linear(x, attention.k_proj.weight[rows]))
        q = rotate_half(q, cos[:, 0, columns], sin[:, 0, columns])
        k = rotate_half(k, cos[:, 0], sin[:, 0])
        score = (q @ k.transpose(1, 2)).float() * width**-0.5
        return score.masked_fill(~batch.mask[:, 0, columns], -1e9)

    # ------------------------------------------------------------ plans

    def plan_loss(self, states: list[Tensor], batch: Plans) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the codes and of what comes next, and figures: loss of things' first cells and looks, of what is coming."""
        shown = ~batch.blind
        places = torch.from_numpy(CODE_PLACES).to(batch.ids.device) + batch.first - 1
        h = self.text.norm(states[-1][:, places][shown])
        codes = batch.codes[shown]
        each, logits = self.codes.loss(h.flatten(0, 1), codes.flatten())
        each, logits = each.view(-1, PICTURE_TOKENS, 2), logits.view(-1, PICTURE_TOKENS, 2, FACTORS)
        what, look = codes[:, ::2], codes[:, 1::2]
        kind_weight, look_weight = decision_weights(what)
        starts = begins(what)
        if batch.old is not None:
            changes = starts | begins(batch.old[shown, 0])
            kind_weight, look_weight = kind_weight.masked_fill(changes, 5.0), look_weight.masked_fill(changes, 3.0)
        weight = torch.stack([kind_weight, look_weight], -1)
        loss = (each * weight).sum() / weight.sum()
        next_thing, next_loss = self._coming_loss(logits, what, look)
        figures = {"first": each[..., 0][starts].mean(), "look": each[..., 1][starts].mean(), "coming": next_thing}
        return loss + next_loss, {"code": loss, **figures}

    def _coming_loss(self, logits: Tensor, what: Tensor, look: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the next thing's class; and the weighted sum of it and of its part, paint and turn."""
        at = coming(what)
        open_ = at < PICTURE_TOKENS
        row = open_.nonzero()[:, 0]
        kind, look = (MEANINGS.facts(x[row, at[open_]]) for x in (what, look))
        of = lambda k, name: logits[..., k, SPAN[name]][open_]  # noqa: E731
        name = F.cross_entropy(of(0, "names"), kind["names"])
        part = F.cross_entropy(of(0, "parts"), kind["parts"])
        tint = F.cross_entropy(of(1, "tints"), look["tints"])
        turn = F.cross_entropy(of(1, "turns"), look["turns"])
        return name, 0.5 * name + 0.1 * part + 0.25 * tint + 0.1 * turn

    def pointing_loss(self, states: list[Tensor], batch: Plans) -> Tensor:
        """How little the POINTERS look at words for the thing that comes next, where the prompt has any."""
        what = batch.codes[:, ::2].masked_fill(batch.blind[:, None], FIRST_GROUND)
        at = coming(what)
        row, cell = (at < PICTURE_TOKENS).nonzero(as_tuple=True)
        name = what[row, at[row, cell]] // len(PARTS)
        ids = batch.ids.masked_fill(batch.ids >= self.layout.vocabulary, self.layout.end_of_text)
        place = torch.from_numpy(CODE_PLACES[::2]).to(row.device)[cell]
        words = self.nouns[ids[row], name[:, None]] & batch.mask[row, 0, place + batch.first - 1]
        said, losses = words.any(1), []
        for layer, head in POINTERS:
            score = self.scores(states, batch, layer, head, slice(batch.first - 1, None))[row[said], place[said]]
            losses.append(-score.log_softmax(-1).masked_fill(~words[said], -1e9).logsumexp(-1).sum())
        return sum(losses) / len(losses) / said.sum().clamp_min(1)

    def cell_loss(self, states: list[Tensor], batch: Plans) -> Tensor:
        """How badly the cell can be read from the condition states of its two codes."""
        places = torch.from_numpy(CODE_PLACES).to(batch.ids.device) + batch.first
        places = places[places < batch.ids.shape[1]]
        mean = F.normalize(condition([s[:, places] for s in states], self.config.condition_layers).float(), dim=-1)
        cell = torch.arange(len(places), device=places.device) // 2
        return F.cross_entropy((self.cell_scale * mean @ self._directions(mean)).flatten(0, 1), cell.repeat(len(mean)))

    def _directions(self, like: Tensor) -> Tensor:
        return directions(self.width).to(like).T

    def copy_loss(self, states: list[Tensor], batch: Plans) -> dict[str, Tensor]:
        """Of an edit. copy: how little the COPIERS look at the old picture's cell. read: how badly what lies there can be
        read after the first of them; meant: how badly, after the last, whether it stays as it is.
        """
        able = batch.mask[torch.arange(len(batch.ids)), 0, -1, batch.base] & ~batch.blind
        places = torch.from_numpy(CODE_PLACES).to(batch.ids.device)
        cell = torch.arange(len(places), device=places.device) // 2
        key = (batch.base[:, None] + cell)[..., None]
        looks = []
        for layer, head in COPIERS:
            score = self.scores(states, batch, layer, head, slice(batch.first - 1, None))[:, places]
            looks.append(-score.log_softmax(-1).gather(2, key)[able].mean())
        at = places + batch.first - 1
        first, last = (self._plain(states[layer + 1][:, at][able]) for layer, _ in COPIERS)
        what, look = (batch.old[able, k][:, cell].flatten() for k in (0, 1))
        meant = F.cross_entropy(self.meant(last), batch.meant[able][:, cell].flatten(), ignore_index=-1)
        return {"copy": sum(looks) / len(looks), "read": self._facts_loss(self.copied(first), what, look), "meant": meant}

    def _plain(self, x: Tensor) -> Tensor:
        """States as the linear heads of the helpers get them [n, H]."""
        return F.rms_norm(x.flatten(0, -2).float(), (self.width,))

    # ------------------------------------------------------------ pictures and answers

    def _facts_loss(self, logits: Tensor, what: Tensor, look: Tensor) -> Tensor:
        """How badly everything that codes [n] say is read: logits [n, FACTORS + 1], the last one for "no thing"."""
        kind, seen = MEANINGS.facts(what), MEANINGS.facts(look + WHAT_CODES)
        wanted = {"parts": kind["parts"], "zones": kind["zones"], "tints": seen["tints"], "turns": seen["turns"]}
        wanted |= {"banks": seen["banks"], "styles": torch.maximum(seen["styles"], seen["ground_styles"])}
        is_thing = kind["names"] >= 0
        names = torch.cat([logits[:, SPAN["names"]], logits[:, FACTORS:]], 1)
        each = F.cross_entropy(names, torch.where(is_thing, kind["names"], len(NAMES)), reduction="none")
        weight = torch.where(is_thing, 1.0, 0.3)
        loss = (each * weight).sum() / weight.sum()
        for name, y in wanted.items():
            known = F.cross_entropy(logits[:, SPAN[name]], y, ignore_index=-1, reduction="sum")
            loss = loss + FACT_WEIGHTS[name] * known / (y >= 0).sum().clamp_min(1)
        return loss

    def perception_loss(self, tokens: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """How badly a picture token says what lies in its cell; and which cell it is."""
        loss = self._facts_loss(self.shown(self._plain(tokens)), batch.seen[:, 0].flatten(), batch.seen[:, 1].flatten())
        flat = F.normalize(tokens.flatten(0, 1).float(), dim=-1)
        cell = torch.arange(PICTURE_TOKENS, device=tokens.device).repeat(len(tokens))
        return loss, F.cross_entropy(self.cell_scale * flat @ self._directions(flat), cell)

    def answer_loss(self, states: list[Tensor], batch: Answers) -> Tensor:
        """Cross-entropy of answers' words among all text and visual ids."""
        at = batch.texts >= 0
        h = self.text.norm(states[-1][at])
        words = (h @ self.text.embed_tokens.weight.T).float()
        visual = torch.logaddexp(self.codes.log_partition(h)[0], torch.tensor(8.0, device=h.device).log())
        total = torch.logaddexp(words.logsumexp(-1), visual)
        return (total - words.gather(1, batch.texts[at][:, None])[:, 0]).mean()

    def about_loss(self, states: list[Tensor], batch: Answers) -> Tensor:
        """How little the ASKERS look at the things that each word of an answer speaks of."""
        row, place, first, cells = batch.about
        if len(row) == 0:
            return states[0].sum() * 0
        key, losses = first[:, None] + torch.arange(PICTURE_TOKENS, device=row.device), []
        for layer, head in ASKERS:
            chances = self.scores(states, batch, layer, head, slice(None))[row, place].log_softmax(-1)
            losses.append(-chances.gather(1, key).masked_fill(~cells, -1e9).logsumexp(-1).mean())
        return sum(losses) / len(losses)
