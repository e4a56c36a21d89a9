"""Sizes of the next embedded model.

A plan has 8 rows of 16 visual tokens, `what` and `look` of each cell in turn (codes.py): the codes of `look` follow
those of `what` in one vocabulary.
"""

from dataclasses import dataclass

from training.networks import config as small
from training.networks.config import Layout

from .codes import LOOK_CODES, WHAT_CODES

HIDDEN = 192
LAYERS = 6
LAYOUT = Layout(ranks=2530, codes=WHAT_CODES + LOOK_CODES, rows=8, columns=16)


@dataclass(frozen=True)
class Config:
    """What the networks of a checkpoint are built from: the dicts of its config.json."""

    layout: Layout
    text: dict
    vision: dict
    dit: dict
    refiner: dict
    visual_tokenizer: dict
    condition_layers: list[int]


CONFIG = Config(
    layout=LAYOUT,
    text=small.TEXT
    | {
        "vocab_size": LAYOUT.vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": 512,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 48,
        "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [8, 8, 8]},
        "gen_vocab_size": 8 + LAYOUT.codes,
        "gen_vocab_start_index": LAYOUT.vocabulary,
    },
    vision=small.VISION
    | {"out_hidden_size": HIDDEN, "depth": 4, "hidden_size": 160, "intermediate_size": 480, "num_heads": 5},
    dit=small.DIT | {"text_feat_dim": HIDDEN, "hidden_size": 320, "num_attention_heads": 5, "num_kv_heads": 5, "num_layers": 5, "ffn_dim_multiplier": 0.6},
    refiner=small.REFINER,
    visual_tokenizer=small.VISUAL_TOKENIZER | {"codebook_size": LAYOUT.codes},
    condition_layers=small.condition_layers(LAYERS),
)
