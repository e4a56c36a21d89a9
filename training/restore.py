"""The way back from a checkpoint to what the training loops hold, so that a shipped model can be trained on.

    python -m training.train_sequences OUT --model assets/model ...

The checkpoint holds the codes' tables flat; the factors they are sums of are found again by least squares. Several
sets of factors give the same sums: any of them does. A checkpoint that knows fewer sizes of things gives the parts of the
others a start: those at the same corner of the first size.
"""

from pathlib import Path

import torch
from torch import Tensor

from .data import scenes
from .networks.codes import CLASS, OBJECT_CODES, PARTS, TINT, CodeTables
from .networks.common import part, read_safetensors


def _one_hot(index: Tensor, count: int) -> Tensor:
    return torch.nn.functional.one_hot(index, count).double()


def _solved(columns: list[Tensor], wanted: Tensor) -> list[Tensor]:
    """Factors whose sum `columns @ factors` is nearest to `wanted`, the smallest of them."""
    widths = [c.shape[1] for c in columns]
    found = torch.linalg.lstsq(torch.cat(columns, 1), wanted.double(), driver="gelsd").solution
    return [f.float() for f in found.split(widths)]


def known_parts(codes: int) -> int:
    """How many of scenes.SIZE_PARTS the codes of a checkpoint tell apart."""
    return (codes - scenes.BACKGROUND_CODES) // len(scenes.CLASS_TINTS)


def all_parts(factors: Tensor) -> Tensor:
    """factors [known parts, H] with those of the other sizes [PARTS, H]."""
    first = scenes.SIZES[0]
    others = [scenes.SP[first, *((first - 1) * k // (size - 1) for k in at)] for size, *at in scenes.SIZE_PARTS[len(factors) :]]
    return torch.cat([factors, factors[others]])


def code_factors(embedding: Tensor, head: Tensor, content: Tensor) -> dict[str, Tensor]:
    """Parameters of `CodeTables` from flat tables [8 + codes, H]. content [scenes.CODES, CONTENT]"""
    tables = CodeTables(content)
    known = known_parts(len(embedding) - 8)
    count = len(scenes.CLASS_TINTS) * known
    objects = torch.arange(count)
    ct, sp = objects // known, objects % known
    drawn, ground_content = content[ct * PARTS + sp], content[OBJECT_CODES:]
    factors = [_one_hot(CLASS[ct], len(scenes.NAMES)), _one_hot(TINT[ct], 13), _one_hot(sp, known)]
    specials, codes = embedding.split([8, len(embedding) - 8])
    from_content, classes, tints, parts = _solved([drawn.double(), *factors], codes[:count])
    grounds = codes[count:] - ground_content @ from_content
    logits, ground = head[8:].split([count, len(codes) - count])
    head_classes, head_tints, head_parts = _solved(factors, logits)
    (head_colours,) = _solved([tables.colours.double()], ground)
    parts, head_parts = all_parts(parts), all_parts(head_parts)
    return {
        "from_content": from_content, "classes": classes, "tints": tints, "parts": parts, "grounds": grounds,
        "specials": specials, "head_classes": head_classes, "head_tints": head_tints, "head_parts": head_parts,
        "head_colours": head_colours, "head_grounds": ground - tables.colours @ head_colours,
    }  # fmt: skip


def sequences(folder: Path, content: Tensor) -> dict[str, Tensor]:
    """Vision encoder, text decoder and code factors by the names of `Learner`. The helper heads are not in a checkpoint."""
    tensors = read_safetensors(folder / "model.safetensors")
    text = part(tensors, "llm_model.model.language_model.")
    embedding = text.pop("gen_embed_tokens.weight")
    values = {f"text.{k}": v for k, v in text.items()}
    values |= {f"visual.{k}": v for k, v in part(tensors, "llm_model.model.visual.").items()}
    found = code_factors(embedding, tensors["llm_model.gen_head.weight"], content)
    return values | {f"codes.{k}": v for k, v in found.items()}


def pictures(folder: Path) -> dict[str, Tensor]:
    """The diffusion transformer and its condition refiner by the names of `train_pictures`."""
    return {f"dit.{k}": v for k, v in part(read_safetensors(folder / "model.safetensors"), "gen_transformer.").items()}
