"""Writes a checkpoint of the next domain in the official layout, float16.

    python -m training.world.export OUT --sequences A/average.pt --pictures B/average.pt --vae FOLDER [--tokens C/average.pt]
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import torch
from torch import Tensor

from training import export
from training.export import PREPROCESSOR, SETTINGS, TINY_DECODER, described, picture_tensors, token_tensors, vae_tensors, written

from . import tokens
from .config import CONFIG, Config
from .tables import CodeTables
from .phrases import CHECKERED_WORDS, COLOUR_WORDS, SCENERY_NAMES, SCENERY_PLACES, SHADE_WORDS, SIZE_WORDS, STYLE_WORDS, TURN_WORDS
from .vocabulary import KINDS, NAMES, PLACES, STYLES, THINGS


def language_tensors(values: dict[str, Tensor], config: Config = CONFIG) -> dict[str, Tensor]:
    """Text decoder and vision encoder; the factored codes become flat tables."""
    return export.language_tensors(values, CodeTables(values["content"], config.text["hidden_size"]))


def config_json(vae: dict, config: Config = CONFIG) -> dict:
    ids = config.layout
    language = {
        "text_config": config.text,
        "vision_config": config.vision,
        "image_token_id": ids.image_pad,
        "video_token_id": ids.image_pad + 1,
        "vision_start_token_id": ids.vision_start,
        "vision_end_token_id": ids.vision_start + 1,
        "gen_vocab_size": config.text["gen_vocab_size"],
        "gen_vocab_start_index": ids.vocabulary,
    }
    base = export.config(vae)
    return base | {
        "llm_config": base["llm_config"] | language,
        "gen_dit_config": config.dit,
        "gen_condition_layers": config.condition_layers,
        "gen_image_condition_refiner_config": config.refiner,
        "gen_axes_dim_rope": config.dit["axes_dim_rope"],
        "gen_axes_lens": config.dit["axes_lens"],
        "gen_tokenizer_config": config.visual_tokenizer,
    }


def generation_configs(config: Config = CONFIG) -> dict[str, dict]:
    ids = config.layout
    ends = {"eos_token_id": [ids.im_end, ids.end_of_text], "pad_token_id": ids.end_of_text}
    pictures = ends | {
        "eol_token_id": ids.end_of_line,
        "visual_token_start_id": ids.first_code,
        "visual_token_end_id": ids.first_code + ids.codes,
    }
    own = {"t2i_generation_config.json": pictures, "und_generation_config.json": ends | {"max_new_tokens": 64}}
    return {name: settings | own[name] for name, settings in export.generation_configs().items()}


def known() -> list[str]:
    """Every word or phrase that names something, once: sceneries without their article or place word."""
    things = [name for thing in THINGS for name in (thing.name, *thing.synonyms)]
    plurals = [t.plural for t in THINGS if t.plural and not t.plural.endswith("s")]
    tables = (COLOUR_WORDS, SIZE_WORDS, SHADE_WORDS, TURN_WORDS, STYLE_WORDS)
    said = [form for table in tables for forms in table.values() for form in forms]
    places = [form for table in (SCENERY_NAMES, SCENERY_PLACES) for forms in table.values() for form in forms]
    sceneries = [re.sub(r"^((an?|the|in|on|at|under|before|inside) )+", "", form) for form in places]
    return list(dict.fromkeys([*things, *plurals, *KINDS, *said, *PLACES, *sceneries, *CHECKERED_WORDS, "gradient"]))


def tusk(config: Config = CONFIG) -> dict:
    """tusk.json: how the model wants to be used. pixels_per_token: [high, wide], a plan's tokens are not square."""
    return {
        "name": "Tusk 6",
        "sizes": [[256, 256]],
        "pixels_per_token": [256 // config.layout.rows, 256 // config.layout.columns],
        **SETTINGS,
        "negative_prompt": "",
        "conversation": True,
        "vocabulary": known(),
        "languages": ["en"],
        "abilities": [
            f"up to four of {len(NAMES)} things in a picture",
            "12 colours, four sizes, nine places, things that are turned or mirrored",
            "plain, gradient and checkered backgrounds and eight sceneries",
            f"{len(STYLES)} styles",
            "edits: add, remove, replace, recolour, resize, move, turn, copy, cut out, background, style",
            "questions and chats about one picture or two",
        ],
        "examples": {
            "create": ["a red car and two cats in a meadow", "a huge blue whale underwater", "pixel art of a rocket in space"],
            "edit": ["make the car green", "remove the cats", "put a hat on the dog"],
            "ask": ["what is in the picture?", "how many cats are there?", "what is next to the car?"],
        },
    }


def write(out: Path, tensors: dict[str, Tensor], vae: dict, config: Config = CONFIG) -> None:
    """All files of a checkpoint."""
    tokens.write(out)
    written(out, tensors)
    files = {"config.json": config_json(vae, config), "preprocessor_config.json": PREPROCESSOR, "tusk.json": tusk(config)}
    described(out, files | generation_configs(config))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True)
    ask.add_argument("--pictures", type=Path, required=True)
    ask.add_argument("--tokens", type=Path)
    ask.add_argument("--vae", type=Path, required=True)
    ask.add_argument("--tiny", type=Path, help="tiny_decoder.safetensors of that VAE")
    a = ask.parse_args()
    vae, vae_config = vae_tensors(a.vae)
    tensors = language_tensors(torch.load(a.sequences)) | picture_tensors(torch.load(a.pictures))
    write(a.out, tensors | vae | token_tensors(a.tokens, CONFIG.visual_tokenizer), vae_config)
    if a.tiny:
        shutil.copy(a.tiny, a.out / TINY_DECODER)
    print({p.name: p.stat().st_size for p in sorted(a.out.iterdir())})


if __name__ == "__main__":
    main()
