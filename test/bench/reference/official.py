"""The official PyTorch code on a checkpoint folder: imported from where it lies, nothing of it is copied.

What stands in for packages that need not be installed, and why results stay as they are:
- flash-attn: torch's `sdpa` in the language model, the official plain processor in the diffusion transformer.
- torchvision: the same arithmetic for ToTensor and Normalize.
- constants of the two tokenizers: taken from the checkpoint's optional keys, the official ones where absent.
"""

import contextlib
import functools
import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys
import types
import warnings
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402

MODULES = {
    "attention": "mammothmoda2.model.mammothmoda2_dit.attention_processor",
    "tokenization": "mammothmoda2.model.mammothmoda2_qwen3_vl.tokenization_mammothmoda2_qwen3_vl",
    "mammothtok": "mammothmoda2.model.mammothmoda2_visual_tokenizers.mammothtok",
    "aimv2": "mammothmoda2.model.mammothmoda2_visual_tokenizers.aimv2_models",
    "visual_tokenizer": "mammothmoda2.model.mammothmoda2_visual_tokenizers.visual_discrete_tokenizer",
    "modeling": "mammothmoda2.model.modeling_mammothmoda2",
    "processing": "mammothmoda2.model.processing_mammothmoda2",
    "t2i": "mammothmoda2.utils.t2i_utils",
    "vision": "mammothmoda2.utils.vision_processor",
    "qwen_pictures": "transformers.models.qwen2_vl.image_processing_qwen2_vl",
}

VISUAL_TOKENIZER_CONSTANTS = dict(
    image_size=448, patch_size=14, embed_dim=1024, num_blocks=24, num_heads=8, mlp_hidden_dim=2816,
    codebook_size=16384, codebook_dim=8, decoder_width=1024, decoder_layers=24, decoder_heads=16,
    decoder_mlp_ratio=4.0, decoder_ch=128, decoder_ch_mult=[1, 1, 2, 2, 4], decoder_num_res_blocks=2,
    decoder_norm_groups=32, distill_depth=3, distill_out_dim=1536)


class Compose:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, value):
        for step in self.steps:
            value = step(value)
        return value


class ToTensor:
    """Height x width x channels in 8 bits -> channels first, 0..1."""

    def __call__(self, picture):
        pixels = np.array(picture, dtype=np.uint8)
        pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = torch.tensor(mean).view(-1, 1, 1), torch.tensor(std).view(-1, 1, 1)

    def __call__(self, value):
        return (value - self.mean) / self.std


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    module.__path__ = []
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def replace_missing_packages():
    import transformers.modeling_flash_attention_utils as flash

    if importlib.util.find_spec("torchvision") is None:
        transforms = stand_in("torchvision.transforms", Compose=Compose, ToTensor=ToTensor, Normalize=Normalize,
                              InterpolationMode=types.SimpleNamespace(BICUBIC="bicubic"))
        stand_in("torchvision", transforms=transforms, io=stand_in("torchvision.io"), __version__="0.0")
    flash._lazy_imports = lambda *_, **__: (None, None, None, None)
    stand_in("flash_attn.bert_padding", index_first_axis=None)
    stand_in("flash_attn")


def import_official(path):
    """The official modules under the short names of MODULES. `path`: the folder with `mammothmoda2`, or its parent."""
    folder = next((f for f in (Path(path), Path(path) / "mamoda2") if (f / "mammothmoda2" / "model").is_dir()), None)
    if folder is None:
        raise SystemExit(f"{path} does not hold the official code: there is no folder mammothmoda2/model in it")
    sys.path.insert(0, str(folder))
    import diffusers.models.autoencoders.autoencoder_kl  # noqa: F401  (before the stand-ins exist)
    import transformers
    from loguru import logger

    logger.remove()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    replace_missing_packages()
    importlib.import_module("mammothmoda2")
    return types.SimpleNamespace(**{k: importlib.import_module(v) for k, v in MODULES.items()})


def adaptive_norm(mammothtok, groups):
    """The official adaptive group norm with another number of groups."""

    class AdaptiveNorm(mammothtok.AdaptiveGroupNorm):
        def __init__(self, z_channel, in_filters, num_groups=32, eps=1e-6):
            super().__init__(z_channel, 32, num_groups, eps)  # 32 only satisfies the fixed 32 groups
            self.gn = torch.nn.GroupNorm(groups, in_filters, eps=eps, affine=False)
            self.gamma = torch.nn.Linear(z_channel, in_filters)
            self.beta = torch.nn.Linear(z_channel, in_filters)

    return AdaptiveNorm


def decoder_transformer(mammothtok, sizes):
    """The official decoder transformer with other widths and depths (its own choice is from a list of names)."""
    width, heads, layers = sizes["decoder_width"], sizes["decoder_heads"], sizes["decoder_layers"]

    class DecoderTransformer(mammothtok.ViTDecoder2D):
        def __init__(self, **arguments):
            super().__init__(**arguments)  # the smallest official size; its parts are replaced below
            self.width, self.num_layers, self.num_heads = width, layers, heads
            self.decoder_embed = torch.nn.Linear(self.token_size, width)
            self.transformer = torch.nn.ModuleList(
                mammothtok.TransformerLayer(width, heads, mlp_ratio=sizes["decoder_mlp_ratio"],
                                            dropout=arguments["dropout"], query_rope=self.use_rope)
                for _ in range(layers))
            self.ln_post = torch.nn.LayerNorm(width)
            self.conv_out = torch.nn.Conv2d(width, self.token_size, 3, padding=1)
            self.distill_mlp = torch.nn.Sequential(  # training only, but part of the checkpoint
                torch.nn.Linear(width, 4 * width), torch.nn.SiLU(), torch.nn.Linear(4 * width, 4 * width),
                torch.nn.SiLU(), torch.nn.Linear(4 * width, sizes["distill_out_dim"]))

    return DecoderTransformer


def build_visual_tokenizer(official, sizes):
    """The official VisualDiscreteTokenizer, its constants replaced by `sizes` while it is built."""
    from addict import Dict

    tok = official.mammothtok
    original_arguments = tok.VQVitModel2DPlusArgs

    def arguments(**given):
        return original_arguments(**{
            **given, "z_channels": sizes["embed_dim"], "codebook_size": sizes["codebook_size"],
            "codebook_embed_dim": sizes["codebook_dim"], "out_inner_dim": sizes["distill_out_dim"],
            "distill_depth": sizes["distill_depth"], "decoder_size": "tiny",
            "decoder_ch_mult": sizes["decoder_ch_mult"], "image_size": sizes["image_size"]})

    def encoder():
        return official.aimv2.AIMv2VisionEncoder(
            patch_size=sizes["patch_size"], embed_dim=sizes["embed_dim"], mlp_hidden_dim=sizes["mlp_hidden_dim"],
            num_blocks=sizes["num_blocks"], num_heads=sizes["num_heads"], pos_embed_type="sincos", head_type=None)

    groups = sizes["decoder_norm_groups"]
    decoder = functools.partial(tok.Decoder, ch=sizes["decoder_ch"], num_res_blocks=sizes["decoder_num_res_blocks"])
    with patch.object(official.visual_tokenizer, "VQVitModel2DPlusArgs", arguments), patch.multiple(
            tok, aimv2_large_native=encoder, AdaptiveGroupNorm=adaptive_norm(tok, groups), Decoder=decoder,
            Normalize=lambda channels, norm_type="group": torch.nn.GroupNorm(groups, channels, eps=1e-6, affine=True),
            ViTDecoder2D=decoder_transformer(tok, sizes)):
        return official.visual_tokenizer.VisualDiscreteTokenizer(
            config=Dict(mode="mammothtok_aimv2", image_size=sizes["image_size"],
                        codebook_size=sizes["codebook_size"], spatial_scale_factor=1))


def sized_visual_tokenizer(official, config):
    if "gen_tokenizer_config" not in config:
        return contextlib.nullcontext()
    sizes = {**VISUAL_TOKENIZER_CONSTANTS, **config["gen_tokenizer_config"]}
    return patch.object(official.modeling, "get_mammothmoda2_visual_tokenizer",
                        lambda _mode: build_visual_tokenizer(official, sizes))


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def load_tokenizer(official, folder):
    keys = read_json(folder / "tokenizer_config.json")
    tok = official.tokenization
    tail = tok.EXTRAS[-5:]  # <|endofline|> ... <|beginoftext|>
    tok.EXTRAS = (*(f"<|extra_{i}|>" for i in range(keys.get("num_extra", 181))),
                  *(f"<|extra_margin_{i}|>" for i in range(keys.get("num_extra_margin", 214))), *tail)
    tok.SPECIAL_START_ID = keys.get("special_start_id", 151643)
    return tok.MammothUTokenizer.from_pretrained(folder)


def load_processor(official, folder, tokenizer):
    """The official processor on the Pillow-based picture processor, without one for videos."""
    keys = read_json(folder / "preprocessor_config.json")
    options = {k: v for k, v in keys.items() if k not in ("image_processor_type", "processor_class", "size")}
    if "size" in keys:  # the Pillow-based class ignores `size` and reads these two
        options.update(min_pixels=keys["size"]["shortest_edge"], max_pixels=keys["size"]["longest_edge"])
    base = official.qwen_pictures.Qwen2VLImageProcessor
    known = set(base.preprocess.__code__.co_varnames)

    class PictureProcessor(base):
        def preprocess(self, images, **given):  # the official processor also passes keys of its own
            return super().preprocess(images, **{k: v for k, v in given.items() if k in known})

    class Processor(official.processing.Mammothmoda2Processor):
        def check_argument_for_proper_class(self, *_):  # would insist on a video processor
            return None

    template = folder / "chat_template.jinja"
    text = (template.read_text(encoding="utf-8") if template.is_file()
            else read_json(folder / "chat_template.json")["chat_template"])
    return Processor(PictureProcessor(**options), tokenizer, None, chat_template=text)


def fastest_attention(plain):
    """torch's fused attention, or the official `plain` one, its equal, where that is measured to be faster."""

    def attention(query, key, value, scale):
        short = query.dtype == torch.bfloat16 and query.shape[-2] <= 2000
        function = plain if short else torch.nn.functional.scaled_dot_product_attention
        return function(query, key, value, scale=scale)

    return attention


def load_model(official, folder, dtype):
    """`from_pretrained` as in the official README. @param dtype: of the weights"""
    with sized_visual_tokenizer(official, read_json(folder / "config.json")):
        model = official.modeling.Mammothmoda2Model.from_pretrained(
            str(folder), attn_implementation="sdpa", dtype=dtype)
    plain = official.attention.scaled_dot_product_attention
    official.attention.scaled_dot_product_attention = fastest_attention(plain)
    for module in model.gen_transformer.modules():
        if hasattr(module, "set_processor") and hasattr(module, "to_q"):
            module.set_processor(official.attention.AttnProcessor())
    return model.eval()
