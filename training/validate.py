"""Greedy answers and codes of a learner on fixed validation scenes, by factor."""

from collections import Counter

import numpy as np
import torch
from torch import Tensor, nn

from .data import language, scenes
from .networks import config as c
from .networks.decoding import expanded, generate_codes, generate_text
from .networks.pictures import resized_twice, vision_rows
from .sequences import Sequences

COUNT = 24
MOSTLY = 0.7


def things(codes: np.ndarray) -> list[tuple[str, str | None]]:
    """(class, tint) of every object of a plan [8, 8] of which at least MOSTLY of the cells are there, sorted."""
    return sorted(((o.name, o.tint) for o in objects(codes)), key=str)


def objects(codes: np.ndarray) -> list[scenes.SceneObject]:
    """Objects of a plan [8, 8] of which at least MOSTLY of the cells are there."""
    said: Counter[scenes.SceneObject] = Counter()
    for row, column in zip(*np.nonzero(codes < scenes.OBJECT_CODES), strict=True):
        ct, sp = divmod(int(codes[row, column]), len(scenes.SIZE_PARTS))
        size, r, k = scenes.SIZE_PARTS[sp]
        name, tint = scenes.CLASS_TINTS[ct]
        said[scenes.SceneObject(name, size, int(row) - r, int(column) - k, tint)] += 1
    return [o for o, cells in said.items() if cells >= MOSTLY * o.size**2]


def picture_of(codes: np.ndarray) -> float:
    """Share of object cells whose right neighbour goes on with the same object (1 = whole objects)."""
    left, right = codes[:, :-1], codes[:, 1:]
    sp = left % len(scenes.SIZE_PARTS)
    size = np.array([s for s, _, _ in scenes.SIZE_PARTS])[sp]
    column = np.array([k for _, _, k in scenes.SIZE_PARTS])[sp]
    inner = (left < scenes.OBJECT_CODES) & (column < size - 1)
    return float((right == left + 1)[inner].mean()) if inner.any() else 0.0


def compared(made: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Figures of codes [n, 8, 8] against the target scene's."""
    right = [things(m) == things(w) for m, w in zip(made, wanted, strict=True)]
    names = [{n for n, _ in things(m)} == {n for n, _ in things(w)} for m, w in zip(made, wanted, strict=True)]
    ground = [
        np.isin(m[m >= scenes.OBJECT_CODES], w).mean() if (m >= scenes.OBJECT_CODES).any() else 0.0
        for m, w in zip(made, wanted, strict=True)
    ]
    whole = [picture_of(m) for m in made]
    return {
        "objects": float(np.mean(names)),
        "tinted": float(np.mean(right)),
        "ground": float(np.mean(ground)),
        "whole": float(np.mean(whole)),
        "cells": float((made == wanted).mean()),
    }


@torch.no_grad()
def decoding_parts(model) -> tuple[nn.Module, Tensor, Tensor]:
    """A learner's text decoder with flat tables: what `decoding` takes before the prompts."""
    embedding, head = model.codes.flat()
    return model.text, torch.cat([model.text.embed_tokens.weight, embedding]), head


@torch.no_grad()
def replies(model, parts, drawn: list[scenes.Scene], asked: list[tuple[int, language.Question]], tokenizer) -> list[str]:
    """Answers to (index of the scene, question)."""
    tokens, deep = model.visual(vision_rows(np.stack([resized_twice(scenes.render(s)) for s in drawn])), 16, 16)
    pick = torch.tensor([i for i, _ in asked])
    prompts = [expanded(tokenizer.encode(tokenizer.question_prompt(q.text))) for _, q in asked]
    made = generate_text(*parts, prompts, (tokens[pick], [d[pick] for d in deep]))
    return [tokenizer.decode(ids).strip() for ids in made]


@torch.no_grad()
def validate(model, averaged: dict[str, Tensor], data: list[Sequences], tokenizer) -> dict[str, float]:
    """Swaps the averaged weights in, measures, swaps back."""
    own = {n: p.detach().clone() for n, p in model.named_parameters()}
    _put(model, averaged)
    parts = decoding_parts(model)
    figures: dict[str, float] = {}
    for label, source in zip(("", "new_"), data, strict=True):
        rng = source.rng = np.random.default_rng(5)
        drawn = [source.scene() for _ in range(COUNT)]
        prompts = [tokenizer.encode(tokenizer.generate_prompt(language.caption(s, rng).text)) for s in drawn]
        made = generate_codes(*parts, prompts)
        wanted = np.stack([scenes.codes(s) for s in drawn])
        figures |= {f"{label}c_{k}": v for k, v in compared(made, wanted).items()}
        if label:
            continue
        pairs = [source.edited() for _ in range(COUNT)]
        prompts = [expanded(tokenizer.encode(tokenizer.generate_prompt(e.text, picture=True))) for _, e in pairs]
        rows = vision_rows(np.stack([resized_twice(scenes.render(s)) for s, _ in pairs]))
        made = generate_codes(*parts, prompts, model.visual(rows, 16, 16))
        wanted = np.stack([scenes.codes(e.target) for _, e in pairs])
        figures |= {f"e_{k}": v for k, v in compared(made, wanted).items()}
        figures |= _edits(made, wanted, [e.kind for _, e in pairs])
        figures |= _answers(model, parts, drawn, rng, tokenizer)
    _put(model, own)
    return figures


def _put(model, values: dict[str, Tensor]) -> None:
    for n, p in model.named_parameters():
        p.data.copy_(values[n])


def _edits(made: np.ndarray, wanted: np.ndarray, kinds: list[str]) -> dict[str, float]:
    good = [things(m) == things(w) and (m == w).mean() > 0.85 for m, w in zip(made, wanted, strict=True)]
    return {f"e_{k}": float(np.mean([g for g, x in zip(good, kinds, strict=True) if x == k])) for k in sorted(set(kinds))}


def _answers(model, parts, drawn, rng, tokenizer) -> dict[str, float]:
    asked = [(i, q) for i, s in enumerate(drawn) for q in language.questions(s, rng, 4)]
    good: dict[str, list[bool]] = {}
    for (_, q), said in zip(asked, replies(model, parts, drawn, asked, tokenizer), strict=True):
        good.setdefault(q.kind, []).append(said == q.answer)
    total = [g for group in good.values() for g in group]
    return {"q_all": float(np.mean(total))} | {f"q_{k}": float(np.mean(v)) for k, v in sorted(good.items())}
