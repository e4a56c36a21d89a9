"""What the trainings of the diffusion transformer share: its start, the helper heads, and the losses of a batch.

Helpers that only training has: query k shall read the states of cell k, the noise token of cell k shall know its
place after the first joint layer and look at query k in the later ones, and a linear head on the queries names the
cell's latent patch. Their weights fall to zero.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .conditions import Conditions
from .networks import config as c
from .networks.codes import directions
from .networks.dit import DiT, patches
from .train_common import compile_parts, half_precision, optimisers

CELLS = c.GRID * c.GRID
HELP_UNTIL = 0.75
"""Share of the time at which the helper losses are gone."""
HELPS = {"cross": 0.3, "place": 0.1, "look": 0.15, "patch": 0.3}
"""Weights of the helper losses at the start."""
NOISY = -0.6
"""Mean of the logit of t: towards noise."""


class Painter(nn.Module):
    """The diffusion transformer and the helper heads."""

    def __init__(self, dit: dict = c.DIT, refiner: dict = c.REFINER):
        super().__init__()
        self.dit = DiT(dit, refiner)
        self.place = nn.Linear(dit["hidden_size"], CELLS)
        self.patch = nn.Linear(dit["hidden_size"], dit["patch_size"] ** 2 * dit["in_channels"])
        self._start()

    def _start(self) -> None:
        d = self.dit
        for block in [*d.layers, *d.noise_refiner, *d.ref_image_refiner]:
            nn.init.zeros_(block.norm1.linear.weight)
            nn.init.zeros_(block.norm1.linear.bias)
            with torch.no_grad():
                block.norm1.linear.bias.view(4, -1)[1::2] = 0.3
        for layer in (d.norm_out.linear_1, d.norm_out.linear_2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def compile(self) -> None:
        d = self.dit
        compile_parts(d.layers, d.noise_refiner, d.ref_image_refiner, d.context_refiner, d.time_caption_embed.image_embedder.layers)

    def optimisers(self, lr: float, muon: float) -> list[torch.optim.Optimizer]:
        """AdamW and Muon."""
        blocks = ["layers", "noise_refiner", "ref_image_refiner", "context_refiner", "time_caption_embed.image_embedder.layers"]
        return optimisers(self, [f"dit.{b}" for b in blocks], lr, muon, {"in_proj_weight": 3}, ("norm1.linear",))


@dataclass
class Study:
    """A batch to learn from.

    latents [b, 8, h, w]; references: latents [b, 8, h, w] of each picture before the text; things bool [b, 64]: cells
    that hold a thing; reads [heads, 64]: which visual state each of the Q-Former's first heads shall read for a cell.
    """

    condition: Conditions
    latents: Tensor
    references: list[Tensor]
    things: Tensor
    reads: Tensor


def without(condition: Conditions, nothing: Tensor, drop: Tensor) -> Conditions:
    """Samples of `drop` get the states of the negative prompt."""
    n, longest = len(nothing), max(condition.text.shape[1], len(nothing))
    text = F.pad(condition.text, (0, 0, 0, longest - condition.text.shape[1]))
    mask = F.pad(condition.text_mask, (0, longest - condition.text_mask.shape[1]))
    text[drop, :n] = nothing
    mask[drop] = torch.arange(longest, device=mask.device) < n
    return Conditions(text, mask, condition.image)


def signalled(condition: Conditions, reads: Tensor, strength: float) -> Conditions:
    """Each visual state also says which cell it belongs to, so that reading can be learned before the decoder tells it."""
    if strength > 0:
        place = strength * directions(condition.image.shape[-1]).to(condition.image)
        for head in reads:
            condition.image[:, head] += place
    return condition


@dataclass
class Guess:
    """error [b, 64]: squared velocity error of each cell. queries, cross: the Q-Former's output and logits, if there are visual states."""

    error: Tensor
    queries: Tensor | None
    cross: list[Tensor]


def guess(
    model: Painter, study: Study, t: Tensor, noise: Tensor, kept: Tensor, used: Tensor | None = None, watch: dict | None = None
) -> Guess:
    """What the model makes of latents mixed with noise [b, 8, h, w] at t [b]. Masks bool [b]: `kept` samples get the
    visual states, `used` ones their references.
    """
    latents, condition = study.latents, study.condition
    mixed = (1 - t)[:, None, None, None] * noise + t[:, None, None, None] * latents
    with half_precision(latents.device.type):
        queries, cross = (None, []) if condition.image is None else model.dit.time_caption_embed.image_embedder(condition.image)
        refs = study.references or None
        v = model.dit(mixed, t, condition.text, queries, condition.text_mask, refs, kept, used, watch).float()
    return Guess(patches((v - (latents - noise)) ** 2, model.dit.patch).mean(-1), queries, cross)


def losses(model: Painter, study: Study, nothing: Tensor) -> dict[str, Tensor]:
    """Velocity error (things weigh three times) and the helper losses of one batch; without visual states those that need none."""
    latents, device = study.latents, study.latents.device
    size = len(latents)
    drop = torch.rand(size, device=device) < 0.05
    study = replace(study, condition=without(study.condition, nothing, drop))
    t = torch.sigmoid(torch.randn(size, device=device) + NOISY)
    noise = torch.randn_like(latents)
    watch = {"qk": [], "noise": []}
    used = torch.rand(size, device=device) > 0.1 if study.references else None
    made = guess(model, study, t, noise, ~drop, used, watch)
    weight = 1 + 2.0 * study.things
    out = {"v": (made.error * weight).sum() / weight.sum(), "plain": made.error.mean()}
    cells = torch.arange(CELLS, device=device)
    place = model.place(F.rms_norm(watch["noise"][0], watch["noise"][0].shape[-1:]))
    out["place"] = F.cross_entropy(place.flatten(0, 1), cells.repeat(size))
    if made.queries is None:
        return out
    heads = zip(made.cross[0].unbind(1), study.reads, strict=False)
    out["cross"] = torch.stack([F.cross_entropy(a.float().flatten(0, 1), read.repeat(size)) for a, read in heads]).mean()
    out["look"] = torch.stack([look_loss(q, k, study.condition.text_mask, ~drop) for q, k in watch["qk"][1:]]).mean()
    out["patch"] = ((model.patch(made.queries) - patches(latents, model.dit.patch)) ** 2 * weight[..., None]).mean()
    return out


def look_loss(q: Tensor, k: Tensor, text_mask: Tensor, kept: Tensor) -> Tensor:
    """How little the first head of a joint layer (q, k [b, heads, n, d]) looks from each noise token at its query."""
    first = text_mask.shape[1]
    scores = q[:, 0, -CELLS:].float() @ k[:, 0, : first + CELLS].float().transpose(1, 2) * q.shape[-1] ** -0.5
    scores = scores.masked_fill(~F.pad(text_mask, (0, CELLS), value=True)[:, None], -1e9)
    wanted = first + torch.arange(CELLS, device=q.device).repeat(len(q))
    each = F.cross_entropy(scores.flatten(0, 1), wanted, reduction="none").view(len(q), -1).mean(1)
    return (each * kept).sum() / kept.sum()


def total(parts: dict[str, Tensor], share: float) -> Tensor:
    """The loss to run backwards at a share of the time."""
    helps = sum(weight * parts[name] for name, weight in HELPS.items() if name in parts)
    return parts["v"] + max(0.0, 1 - share / HELP_UNTIL) * helps
