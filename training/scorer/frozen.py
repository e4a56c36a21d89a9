"""The frozen tests by name, each with the scorer that belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.data.language import Request, full_request
from training.data.scenes import Scene, sample, sample_several

from . import detect, prompts, score, several, several_prompts
from .detect import Detection
from .prompts import EditCase, Prompt, QuestionCase
from .score import Verdict
from .several_prompts import SeveralEdit, anything


@dataclass(frozen=True)
class FrozenTest:
    """load: prompts, edits and questions. detect, judge: as in detect.py and score.py. score_edit: before, after, case.

    sheet: sets whose first pictures are shown. scene: one for the calibration, the i-th, of any combination.
    shown: everything a scene holds.
    """

    load: Callable[[], tuple[list[Prompt], list[EditCase] | list[SeveralEdit], list[QuestionCase]]]
    detect: Callable[[np.ndarray], tuple[np.ndarray, list[Detection]]]
    judge: Callable[[np.ndarray, Request, np.ndarray, list[Detection]], Verdict]
    score_edit: Callable[[np.ndarray, np.ndarray, EditCase | SeveralEdit], Verdict]
    sheet: tuple[str, ...]
    scene: Callable[[np.random.Generator, int], Scene]
    shown: Callable[[Scene], Request]


TESTS: dict[str, FrozenTest] = {
    "pairs": FrozenTest(
        prompts.load,
        detect.detect,
        score.judge,
        lambda before, after, e: score.score_edit(before, after, e.source, e.kind, e.request, e.changed),
        ("single", "two", "colours", "position"),
        lambda rng, i: sample(rng, allowed=anything),
        full_request,
    ),
    "several": FrozenTest(
        several_prompts.load,
        several.detect,
        several.judge,
        lambda before, after, e: several.score_edit(before, after, e.source, e.request, e.changed),
        ("counting", "two kinds", "three", "four", "places", "by hand"),
        lambda rng, i: sample_several(rng, several_prompts.COUNTS[i % len(several_prompts.COUNTS)], anything),
        several_prompts.shown,
    ),
}
DEFAULT = "pairs"
