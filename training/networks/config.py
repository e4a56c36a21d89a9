"""Sizes of the embedded model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Ids as a tokenizer with so many BPE ranks numbers them (data.tokenizer), and the grid of a plan.

    rows, columns: visual tokens of a plan, without the end of each line. A picture that is looked at has
    PICTURE_TOKENS whatever the plan's grid.
    """

    ranks: int
    codes: int
    rows: int = 8
    columns: int = 8

    @property
    def end_of_text(self) -> int:
        return self.ranks

    @property
    def im_end(self) -> int:
        return self.ranks + 2

    @property
    def vision_start(self) -> int:
        return self.ranks + 9

    @property
    def image_pad(self) -> int:
        return self.ranks + 12

    @property
    def vocabulary(self) -> int:
        """Ids before the generation part; the first of that is the end of a line."""
        return self.ranks + 30

    @property
    def end_of_line(self) -> int:
        return self.vocabulary

    @property
    def first_code(self) -> int:
        return self.vocabulary + 8

    @property
    def image_end(self) -> int:
        return self.vocabulary + 6

    @property
    def length(self) -> int:
        """Visual ids of a plan, ends of lines included."""
        return self.rows * (self.columns + 1)


HIDDEN = 192
LAYERS = 5
GRID = 8
PICTURE_TOKENS = GRID * GRID
LAYOUT = Layout(ranks=1137, codes=8412)
VOCABULARY, CODES, FIRST_CODE = LAYOUT.vocabulary, LAYOUT.codes, LAYOUT.first_code
IMAGE_PAD, VISION_START, VISION_END = LAYOUT.image_pad, LAYOUT.vision_start, LAYOUT.vision_start + 1
END_OF_TEXT, IM_START, IM_END = LAYOUT.end_of_text, LAYOUT.ranks + 1, LAYOUT.im_end
END_OF_LINE, IMAGE_START, IMAGE_END, IMAGE_TOKEN = (VOCABULARY + i for i in (0, 5, 6, 7))


def condition_layers(depth: int) -> list[int]:
    """Which states of a text decoder of `depth` layers condition a picture.

    Embeddings (short) weigh as much as the last layer but one (long): they say best what a cell draws.
    """
    return [-2] + [-1 - depth] * 48


CONDITION_LAYERS = condition_layers(LAYERS)

TEXT = {
    "model_type": "mammothmoda2_qwen3_vl_text",
    "vocab_size": VOCABULARY,
    "hidden_act": "silu",
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-6,
    "attention_dropout": 0.0,
    "initializer_range": 0.02,
    "use_cache": True,
    "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [8, 8, 8]},
    "hidden_size": HIDDEN,
    "intermediate_size": 384,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 48,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "extra_gen_vocab": True,
    "gen_vocab_size": 8 + CODES,
    "gen_vocab_start_index": VOCABULARY,
    "moe_type": "ffn",
}
VISION = {
    "model_type": "mammothmoda2_qwen3_vl",
    "hidden_act": "gelu_pytorch_tanh",
    "in_channels": 3,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "initializer_range": 0.02,
    "out_hidden_size": HIDDEN,
    "depth": 3,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_heads": 4,
    "patch_size": 16,
    "num_position_embeddings": 256,
    "deepstack_visual_indexes": [0],
}
DIT = {
    "_class_name": "Transformer2DModel",
    "out_channels": None,
    "text_feat_dim": HIDDEN,
    "is_image_embedder": False,
    "patch_size": 4,
    "in_channels": 8,
    "hidden_size": 256,
    "num_layers": 4,
    "num_refiner_layers": 1,
    "num_attention_heads": 4,
    "num_kv_heads": 4,
    "multiple_of": 64,
    "ffn_dim_multiplier": 0.66,
    "norm_eps": 1e-5,
    "axes_dim_rope": [16, 24, 24],
    "axes_lens": [1024, 512, 512],
    "timestep_scale": 1000.0,
}
REFINER = {"norm_eps": 1e-5, "dropout": 0.0, "num_queries": 64, "num_layers": 1}
VISUAL_TOKENIZER = {
    "image_size": 112,
    "patch_size": 14,
    "decoder_mlp_ratio": 2.0,
    "distill_depth": 1,
    "distill_out_dim": 16,
    "embed_dim": 96,
    "num_blocks": 2,
    "num_heads": 3,
    "mlp_hidden_dim": 192,
    "codebook_size": CODES,
    "codebook_dim": 32,
    "decoder_width": 64,
    "decoder_layers": 1,
    "decoder_heads": 2,
    "decoder_ch": 16,
    "decoder_ch_mult": [1, 1, 1, 1, 2],
    "decoder_num_res_blocks": 1,
    "decoder_norm_groups": 4,
}
