"""The text vocabulary of the next domain: BPE ranks learned from its own words (training.data.tokenizer).

`python -m training.world.tokens train` learns them anew into `world.tiktoken` (ids change: no earlier checkpoint fits
them); `python -m training.world.tokens write FOLDER` puts a checkpoint's tokenizer files there.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from training.data import tokenizer
from training.data.tokenizer import ASCII_PATTERN

from .captions import caption
from .config import CONFIG
from .dialogues import dialogue
from .edits import edit
from .phrases import COLOUR_WORDS, nouns
from .questions import questions
from .sampling import FULL, sample
from .vocabulary import KINDS

RANKS = Path(__file__).parent / "world.tiktoken"


def corpus(seed: int = 11, scenes: int = 1500) -> Counter[str]:
    """Pieces of the grammar's text with their counts; each noun and colour is in it."""
    rng = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    for _ in range(scenes):
        scene = sample(rng, FULL, lambda _: True)
        changed = edit(scene, rng, allowed=lambda _: True)
        texts = [caption(scene, rng).text, *([changed.text] if changed else [])]
        texts += [t for q in questions(scene, rng, 4) for t in (q.text, q.answer)]
        texts += [t for turn in dialogue(rng, scene).turns for t in (turn.text, turn.answer)]
        counts.update(piece for text in texts for piece in ASCII_PATTERN.findall(text))
    counts.update({piece: 60 for piece in _certain_pieces()})
    return counts


def _certain_pieces() -> set[str]:
    """Pieces that shall be one token: each word of the tables, with and without a space, and the chat frame."""
    names = [*nouns(), *KINDS, *KINDS.values(), *(w for words in COLOUR_WORDS.values() for w in words)]
    words = {form for name in names for word in name.split() for form in (word, f" {word}")}
    frame = f"user\nassistant\nsystem\n{tokenizer.SYSTEM_GENERATE} {tokenizer.SYSTEM_CHAT}"
    return words | set(ASCII_PATTERN.findall(frame))


def train() -> None:
    ranks = tokenizer.train_ranks(corpus(), CONFIG.layout.ranks)
    tokenizer.save_ranks(ranks, RANKS)


def write(folder: Path) -> None:
    """All tokenizer and template files of a checkpoint."""
    tokenizer.write(folder, CONFIG.layout.codes, RANKS)


if __name__ == "__main__":
    train() if sys.argv[1] == "train" else write(Path(sys.argv[2]))
