"""A checkpoint folder as one object that creates, edits and answers, by the official inference semantics."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..conditions import Conditions, conditions, negative
from ..data.scenes import CODES
from ..data.tokenizer import Tokenizer
from .common import part, read_safetensors
from .config import Layout, condition_layers
from .decoder import TextDecoder
from .decoding import expanded, generate_codes, generate_text, plan_ids
from .dit import DiT
from .pictures import resized_twice, vision_rows
from .sampler import denoise
from .vae import VAE
from .vision import VisionEncoder
from .visual_tokenizer import VisualTokenizer

NEGATIVE = "<|im_start|>system\nYou are a helpful image generator.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n"


@dataclass
class Said:
    """One turn of a conversation. pictures: uint8 [256, 256, 3] each, shown before the words. answer: the model's."""

    text: str
    pictures: list[np.ndarray] = field(default_factory=list)
    answer: str = ""


def assert_codes(model: "Model") -> None:
    """Raises ValueError if a checkpoint's plans are not in the codes of `data.scenes`, so that nothing can read them."""
    if model.layout.codes != CODES:
        raise ValueError(f"the checkpoint plans with {model.layout.codes} codes, the scenes of training/data have {CODES}: train one of these")


def layout_of(tokenizer: Tokenizer, codes: int, settings: dict) -> Layout:
    """Ids and grid of a checkpoint; settings: its tusk.json."""
    step, (width, height) = settings["pixels_per_token"], settings["sizes"][0]
    high, wide = step if isinstance(step, list) else (step, step)
    return Layout(tokenizer.specials["<|endoftext|>"], codes, height // high, width // wide)


class Model:
    """All pictures are uint8 [256, 256, 3]. A seed draws the plan and the noise, independent of the batch."""

    def __init__(self, folder: Path | str):
        folder = Path(folder)
        read = lambda name: json.loads((folder / name).read_text())  # noqa: E731
        config, self.generation, self.settings = read("config.json"), read("t2i_generation_config.json"), read("tusk.json")
        self.longest = read("und_generation_config.json")["max_new_tokens"]
        tensors = read_safetensors(folder / "model.safetensors")
        self.tokenizer = Tokenizer(folder)
        self.layout = layout_of(self.tokenizer, config["gen_tokenizer_config"]["codebook_size"], self.settings)
        self.text = TextDecoder(config["llm_config"]["text_config"])
        if config["gen_condition_layers"] != condition_layers(len(self.text.layers)):
            raise ValueError(f"{folder}: the states named by gen_condition_layers are not those that pictures are learned from")
        self.text.load_state_dict(part(tensors, "llm_model.model.language_model."))
        self.visual = VisionEncoder(config["llm_config"]["vision_config"])
        self.visual.load_state_dict(part(tensors, "llm_model.model.visual."))
        self.head = tensors["llm_model.gen_head.weight"]
        self.table = torch.cat([self.text.embed_tokens.weight.detach(), self.text.gen_embed_tokens.weight.detach()])
        self.dit = DiT(config["gen_dit_config"], config["gen_image_condition_refiner_config"])
        self.dit.load_state_dict(part(tensors, "gen_transformer."))
        self.vae = VAE(config["gen_vae_config"], part(tensors, "gen_vae."))
        self.visual_tokenizer = VisualTokenizer(config["gen_tokenizer_config"])
        self.visual_tokenizer.load_state_dict(part(tensors, "gen_tokenizer.image_tokenizer."))
        ids = self.tokenizer.encode(NEGATIVE.format(self.settings["negative_prompt"]))
        self.nothing = negative(self.text, self.table, ids, self.layout)

    def prompts(self, texts: list[str], pictures: int) -> list[list[int]]:
        """Ids of prompts about so many pictures each, up to where a plan begins."""
        t, grid = self.tokenizer, self.layout
        return [expanded(t.encode(t.generate_prompt(x, pictures, grid.rows, grid.columns)), grid) for x in texts]

    @torch.no_grad()
    def plan(self, texts: list[str], seeds: list[int], pictures: np.ndarray | None = None) -> np.ndarray:
        """The visual codes [b, rows, columns] drawn for prompts, or for instructions on pictures.

        pictures: [b, 256, 256, 3], or [b, k, 256, 256, 3] where each instruction is about k of them.
        """
        g, given = self.generation, _several(pictures)
        seen = None if given is None else self.seen(given.reshape(-1, *given.shape[2:]))
        draws = [torch.Generator().manual_seed(s) for s in seeds]
        heat = g["temperature"] if g["do_sample"] else 0.0
        prompts = self.prompts(texts, 0 if given is None else given.shape[1])
        return generate_codes(
            self.text, self.table, self.head, prompts, seen, heat, g["top_k"], g["top_p"], draws, self.layout
        )

    def seen(self, pictures: Sequence[np.ndarray]) -> tuple[Tensor, list[Tensor]]:
        """Tokens [p, 64, H] and DeepStack features of pictures."""
        return self.visual(vision_rows(np.stack([resized_twice(p) for p in pictures])), 16, 16)

    @torch.no_grad()
    def paint(
        self, texts: list[str], codes: np.ndarray, seeds: list[int], pictures: np.ndarray | None = None, planned: bool = True
    ) -> np.ndarray:
        """Pictures [b, 256, 256, 3] of plans; `pictures` (see `plan`) are the references of an edit.

        planned: without it the diffusion transformer gets the words' states alone.
        """
        given = _several(pictures)
        prompts = self.prompts(texts, 0 if given is None else given.shape[1])
        answers = plan_ids(codes, self.layout).tolist()
        said: Conditions = conditions(self.text, self.table, prompts, answers, self.layout)
        queries = self.dit.time_caption_embed.image_embedder(said.image)[0] if planned else None
        noise = torch.stack([torch.randn(8, 32, 32, generator=torch.Generator().manual_seed(s)) for s in seeds])
        references = None if given is None else [self.vae.encode(given[:, k]) for k in range(given.shape[1])]
        s = self.settings
        z = denoise(self.dit, noise, said.text, said.text_mask, queries, self.nothing, references,
                    s["steps"], s["text_guidance"], s["image_guidance"])  # fmt: skip
        return np.concatenate([self.vae.decode(p) for p in z.split(8)])

    def create(self, prompts: list[str], seeds: list[int], planned: bool = True) -> list[np.ndarray]:
        return list(self.paint(prompts, self.plan(prompts, seeds), seeds, planned=planned))

    def edit_many(self, pictures: Sequence[np.ndarray], instructions: list[str], seeds: list[int]) -> list[np.ndarray]:
        """pictures: for each instruction one, or as many as all others have [k, 256, 256, 3]."""
        stack = np.stack(pictures)
        return list(self.paint(instructions, self.plan(instructions, seeds, stack), seeds, stack))

    def answer_many(self, pictures: list[np.ndarray], questions: list[str]) -> list[str]:
        return self.reply_many([[Said(q, [p])] for p, q in zip(pictures, questions, strict=True)])

    @torch.no_grad()
    def reply_many(self, chats: list[list[Said]]) -> list[str]:
        """The answer to the last turn of each conversation."""
        t, shown = self.tokenizer, [p for chat in chats for turn in chat for p in turn.pictures]
        told = [[(s.text, len(s.pictures), s.answer) for s in chat] for chat in chats]
        prompts = [t.conversation_prompt(text, shown_now, before) for *before, (text, shown_now, _) in told]
        ids, seen = [expanded(t.encode(p), self.layout) for p in prompts], self.seen(shown) if shown else None
        made = generate_text(self.text, self.table, self.head, ids, seen, self.longest, self.layout)
        return [t.decode(words) for words in made]


def _several(pictures: np.ndarray | None) -> np.ndarray | None:
    """One picture each [b, h, w, 3] as [b, 1, h, w, 3]."""
    return pictures[:, None] if pictures is not None and pictures.ndim == 4 else pictures
