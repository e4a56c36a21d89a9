"""Trains the visual tokenizer: pictures of 112 px to the scene's codes, and codes to a coarse picture.

    python -m training.train_tokens OUT --content FILE --minutes 4

The codebook is fixed: a projection of what each code draws plus a part for its factors, l2-normalised. The encoder
learns by cross-entropy on the cosines with the codes of the batch and random others; the decoder by regression.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from .data import scenes
from .networks import config as c
from .networks.codes import CLASS, OBJECT_CODES, PARTS, TINT
from .networks.visual_tokenizer import VisualTokenizer
from .train_common import Average, Clock, Log, half_precision, one_quiet_thread, optimisers, save

SIDE = 112


def codebook(content: Tensor, width: int) -> Tensor:
    """[codes, width], unit rows."""
    g = torch.Generator().manual_seed(8)
    draw = lambda n: F.normalize(torch.randn(n, width, generator=g), dim=-1)  # noqa: E731
    projection = torch.randn(content.shape[1], width, generator=g) * content.shape[1] ** -0.5
    drawn = F.normalize(content @ projection, dim=-1)
    ct, sp = torch.arange(OBJECT_CODES) // PARTS, torch.arange(OBJECT_CODES) % PARTS
    names, tints, parts = draw(60), draw(13), draw(PARTS)
    factors = torch.zeros(len(content), width)
    factors[:OBJECT_CODES] = (names[CLASS[ct]] + tints[TINT[ct]] + parts[sp]) * 0.5
    factors[OBJECT_CODES:] = draw(len(content) - OBJECT_CODES) * 0.4
    return F.normalize(drawn + factors, dim=-1)


def small(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.LANCZOS))


def batch(rng, n: int) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, 112, 112] in -1..1 and codes [n, 8, 8]."""
    drawn = [scenes.sample(rng) for _ in range(n)]
    pictures = np.stack([small(scenes.render(s)) for s in drawn])
    codes = np.stack([scenes.codes(s) for s in drawn])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.from_numpy(codes)


def losses(model: VisualTokenizer, pictures: Tensor, codes: Tensor) -> tuple[Tensor, Tensor, float]:
    """Cross-entropy of the codes, regression of the picture, share of cells whose code is right among the candidates."""
    table = model.quantize["embedding"].weight
    flat = codes.flatten()
    known = torch.cat([flat, torch.randint(0, len(table), (512,))]).unique()
    with half_precision():
        features, drawn = model.features(pictures), model.decode(codes)
    cosines = features.float().permute(0, 2, 3, 1).flatten(0, 2) @ table[known].T
    target = torch.searchsorted(known, flat)
    weight = torch.where(flat < OBJECT_CODES, 1.0, 0.3)
    loss = (F.cross_entropy(20 * cosines, target, reduction="none") * weight).sum() / weight.sum()
    error = drawn.float() - pictures
    return loss, error.abs().mean() + (error**2).mean(), (cosines.argmax(1) == target).float().mean().item()


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--content", type=Path, required=True)
    ask.add_argument("--minutes", type=float, default=4)
    ask.add_argument("--size", type=int, default=12)
    ask.add_argument("--start", type=Path, help="averaged weights of an earlier run")
    ask.add_argument("--seed", type=int, default=2)
    a = ask.parse_args()
    one_quiet_thread(2)
    a.out.mkdir(parents=True, exist_ok=True)
    log, rng = Log(a.out / "log.jsonl"), np.random.default_rng(a.seed)
    model = VisualTokenizer(c.VISUAL_TOKENIZER)
    model.quantize["embedding"].weight.data = codebook(torch.load(a.content), c.VISUAL_TOKENIZER["codebook_dim"])
    if a.start:
        model.load_state_dict(torch.load(a.start), strict=False)
    model.quantize.requires_grad_(False)
    model.s2ddecoder.distill_mlp.requires_grad_(False)
    steppers = optimisers(model, ["encoder.trunk.blocks", "s2ddecoder.transformer"], 2e-3, 0.02, {"qkv.weight": 3})
    average, clock, step = Average(model), Clock(time.time() + 60 * a.minutes), 0
    rows: list[tuple] = []
    while clock.share < 1:
        for s, rate in zip(steppers, (2e-3, 0.02), strict=True):
            for g in s.param_groups:
                g["lr"] = rate * clock.factor(step)
        code, picture, right = losses(model, *batch(rng, a.size))
        (code + 4 * picture).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for s in steppers:
            s.step()
        model.zero_grad(set_to_none=True)
        average.update(model)
        step += 1
        rows.append((code.item(), picture.item(), right))
        if step % 20 == 0:
            log(step=step, **dict(zip(("code", "picture", "right"), np.mean(rows, 0).tolist(), strict=True)))
            rows = []
    save(a.out / "average.pt", **average.values)
    model.load_state_dict(average.values, strict=False)
    pictures, codes = batch(np.random.default_rng(3), 8)
    with torch.no_grad():
        shown = torch.cat([pictures, model.decode(codes)]).clamp(-1, 1)
        log(step=step, all_codes=(model.codes(pictures) == codes).float().mean().item())
    grid = ((shown + 1) * 127.5).byte().view(2, 8, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2).reshape(2 * SIDE, 8 * SIDE, 3)
    Image.fromarray(grid.numpy()).save(a.out / "pictures.png")


if __name__ == "__main__":
    main()
