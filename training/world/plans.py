"""A scene's two grids of codes as one plan of 8 x 16 visual tokens: what and look of each cell in turn, and back."""

import numpy as np

from training.networks.decoding import plan_ids

from .codes import FIRST_BANK, FIRST_GROUND, WHAT_CODES, Codes, encode
from .config import LAYOUT
from .scenes import Scene

Plan = np.ndarray
"""int64 [8, 16]; a look's code stands WHAT_CODES above its own number."""


def plan(scene: Scene) -> Plan:
    codes = encode(scene)
    return np.stack([codes.what, codes.look + WHAT_CODES], -1).reshape(LAYOUT.rows, LAYOUT.columns)


def codes_in(made: Plan) -> Codes:
    """The two grids; what stands in the wrong column counts as plain white ground."""
    what, look = made[:, ::2], made[:, 1::2] - WHAT_CODES
    return Codes(np.where(what < WHAT_CODES, what, FIRST_GROUND), np.where(look >= 0, look, FIRST_BANK))


def visual_ids(made: Plan) -> np.ndarray:
    """The ids of a plan, each row ended [136]."""
    return plan_ids(made, LAYOUT)
