"""Writes a checkpoint in the official layout, float16.

    python -m training.export OUT --sequences A/average.pt --pictures B/average.pt --vae FOLDER [--tokens C/average.pt]
    python -m training.export OUT --model FOLDER --sequences A/average.pt --pictures B/average.pt --only PATTERN

The second form takes a checkpoint as it is and puts only the tensors whose names match in place of its own.
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import torch
from torch import Tensor

from .data import language, tokenizer, vocabulary
from .networks import config as c
from .networks.codes import CodeTables, FactoredCodes
from .networks.common import halves

SAMPLING = {"temperature": 0.4, "top_k": 50, "top_p": 0.95}
SETTINGS = {"steps": 20, "text_guidance": 1.0, "image_guidance": 1.0, "plan_guidance": 1.0}


def language_tensors(values: dict[str, Tensor], codes: FactoredCodes | None = None) -> dict[str, Tensor]:
    """Text decoder and vision encoder; the factored codes (absent: those of `data`) become flat tables."""
    codes = codes or CodeTables(values["content"])
    codes.load_state_dict({n: values[f"codes.{n}"] for n, _ in codes.named_parameters()}, strict=False)
    embedding, head = codes.flat()
    out = {f"llm_model.model.language_model.{k[5:]}": v for k, v in values.items() if k.startswith("text.")}
    out |= {f"llm_model.model.{k}": v for k, v in values.items() if k.startswith("visual.")}
    out["llm_model.model.language_model.gen_embed_tokens.weight"] = embedding
    out["llm_model.gen_head.weight"] = head
    return out


def picture_tensors(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"gen_transformer.{k[4:]}": v for k, v in values.items() if k.startswith("dit.")}


def vae_tensors(folder: Path) -> tuple[dict[str, Tensor], dict]:
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(str(folder))
    config = {k: v for k, v in dict(vae.config).items() if k != "_name_or_path"}
    return {f"gen_vae.{k}": v for k, v in vae.state_dict().items()}, config


def token_tensors(path: Path | None, sizes: dict = c.VISUAL_TOKENIZER) -> dict[str, Tensor]:
    """The visual tokenizer, untrained without a path."""
    from .networks.visual_tokenizer import VisualTokenizer

    model = VisualTokenizer(sizes)
    if path is not None:
        own = model.state_dict().keys()
        model.load_state_dict({k: v for k, v in torch.load(path).items() if k in own}, strict=False)
    return {f"gen_tokenizer.image_tokenizer.{k}": v for k, v in model.state_dict().items()}


def config(vae: dict) -> dict:
    """config.json"""
    shared = {"tie_word_embeddings": True, "extra_gen_vocab": True, "gen_vocab_size": c.TEXT["gen_vocab_size"]}
    return {
        "architectures": ["Mammothmoda2Model"],
        "model_type": "mammothmoda2",
        "torch_dtype": "float16",
        "initializer_range": 0.02,
        "llm_config": {
            "model_type": "mammothmoda2_qwen3_vl",
            "text_config": c.TEXT,
            "vision_config": c.VISION,
            "image_token_id": c.IMAGE_PAD,
            "video_token_id": c.IMAGE_PAD + 1,
            "vision_start_token_id": c.VISION_START,
            "vision_end_token_id": c.VISION_END,
            **shared,
            "gen_vocab_start_index": c.VOCABULARY,
            "moe_type": "ffn",
        },
        "gen_vae_config": vae,
        "gen_dit_config": c.DIT,
        "gen_condition_mode": "text_image",
        "gen_condition_layers": c.CONDITION_LAYERS,
        "gen_text_condition_with_answer": False,
        "gen_image_condition_refiner_config": c.REFINER,
        "gen_axes_dim_rope": c.DIT["axes_dim_rope"],
        "gen_axes_lens": c.DIT["axes_lens"],
        "gen_transport_config": {"do_shift": True, "dynamic_time_shift": True, "time_shift_version": "v2"},
        "gen_tokenizer_config": c.VISUAL_TOKENIZER,
    }


def generation_configs() -> dict[str, dict]:
    ends = {"eos_token_id": [c.IM_END, c.END_OF_TEXT], "pad_token_id": c.END_OF_TEXT}
    pictures = {"do_sample": True, **SAMPLING, "repetition_penalty": 1.0, **ends, "eol_token_id": c.END_OF_LINE}
    pictures |= {"visual_token_start_id": c.FIRST_CODE, "visual_token_end_id": c.FIRST_CODE + c.CODES}
    return {
        "t2i_generation_config.json": pictures,
        "und_generation_config.json": {"do_sample": False, **ends, "max_new_tokens": 48},
    }


PREPROCESSOR = {
    "image_processor_type": "Qwen2VLImageProcessor",
    "processor_class": "Mammothmoda2Processor",
    "size": {"shortest_edge": 60000, "longest_edge": 70000},
    "patch_size": 16,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 3,
    "do_resize": True,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "do_convert_rgb": True,
}
"""The limits are pixel counts: pictures of any size reach the encoder at about 256 x 256, as in training."""


def tusk() -> dict:
    """tusk.json: how the model wants to be used."""
    sizes = [word for size in sorted(language.SIZE_WORDS) for word in language.SIZE_WORDS[size]]
    words = [*vocabulary.NAMES, *vocabulary.COLOUR_NAMES, *vocabulary.PLACES, *sizes]
    return {
        "name": "Tusk 5",
        "sizes": [[256, 256]],
        "pixels_per_token": 32,
        **SETTINGS,
        "negative_prompt": "",
        "vocabulary": words,
        "languages": ["en"],
        "conversation": {"exchanges": language.LONGEST_TALK - 1},
        "abilities": [
            "up to four of 60 objects in a picture, also several of a kind",
            "12 colours for 20 of the objects, three sizes",
            "plain and gradient backgrounds",
            "nine places, left, right, above and below",
            "edits: add, another one, remove, keep only, replace, recolour, bigger, smaller, move, change the background, two at once",
            "questions: what, how many, which colour, where, which background, yes or no, a description; and what else?",
        ],
        "examples": {
            "create": [
                "three red apples",
                "a fox, a pizza and two stars on a blue background",
                "a dog at the top right, a cat at the top left and a rainbow at the bottom left",
                "a rocket to the left of the moon",
            ],
            "edit": ["add a small star", "change the background to pink", "make the car green", "make the cat smaller", "remove the pizza"],
            "ask": ["what is in the picture?", "how many things are there?", "what colour is the car?", "describe this picture"],
        },
    }


TINY_DECODER = "tiny_decoder.safetensors"
"""Beside config.json: what quick presets make pixels with."""


def written(out: Path, tensors: dict[str, Tensor]) -> None:
    """model.safetensors in float16. Raises ValueError if a value does not fit."""
    from safetensors.torch import save_file

    save_file(halves(dict(sorted(tensors.items()))), out / "model.safetensors", metadata={"format": "pt"})


def described(out: Path, files: dict[str, dict]) -> None:
    """Writes JSON files by name."""
    for name, data in files.items():
        (out / name).write_text(json.dumps(data, indent=2) + "\n")


def whole(a: argparse.Namespace) -> None:
    tokenizer.write(a.out)
    vae, vae_config = vae_tensors(a.vae)
    tensors = language_tensors(torch.load(a.sequences)) | picture_tensors(torch.load(a.pictures))
    written(a.out, tensors | vae | token_tensors(a.tokens))
    files = {"config.json": config(vae_config), "preprocessor_config.json": PREPROCESSOR, "tusk.json": tusk()}
    described(a.out, files | generation_configs())
    if a.tiny:
        shutil.copy(a.tiny, a.out / TINY_DECODER)


def patched(a: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    tensors = load_file(a.model / "model.safetensors")
    made = language_tensors(torch.load(a.sequences)) | picture_tensors(torch.load(a.pictures))
    if other := sorted(k for k, v in made.items() if k in tensors and v.shape != tensors[k].shape):
        raise ValueError(f"{other[0]} has another shape in {a.model}: a checkpoint of other codes can't be patched, export it whole")
    new = {k: v for k, v in made.items() if re.search(a.only, k)}
    if a.out.resolve() != a.model.resolve():
        shutil.copytree(a.model, a.out, dirs_exist_ok=True)
    written(a.out, tensors | new)
    described(a.out, {"tusk.json": tusk()})
    print(f"{len(new)} of {len(tensors)} tensors are new")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True)
    ask.add_argument("--pictures", type=Path, required=True)
    ask.add_argument("--tokens", type=Path)
    ask.add_argument("--vae", type=Path)
    ask.add_argument("--tiny", type=Path, help="tiny_decoder.safetensors of that VAE")
    ask.add_argument("--model", type=Path, help="a checkpoint folder to patch")
    ask.add_argument("--only", help="pattern of the tensors to put into it")
    a = ask.parse_args()
    if a.model and a.only:
        patched(a)
    elif a.vae:
        whole(a)
    else:
        ask.error("either --vae, or --model and --only")
    print({p.name: p.stat().st_size for p in sorted(a.out.iterdir())})


if __name__ == "__main__":
    main()
