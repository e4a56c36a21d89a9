"""A checkpoint folder as one object that creates, edits and answers, by the official inference semantics."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..conditions import Conditions, conditions, negative
from ..data.tokenizer import Tokenizer
from ..sequences import answer_ids, expanded
from .common import part, read_safetensors
from .decoder import TextDecoder
from .decoding import generate_codes, generate_text
from .dit import DiT
from .pictures import resized_twice, vision_rows
from .sampler import denoise
from .vae import VAE
from .vision import VisionEncoder
from .visual_tokenizer import VisualTokenizer

NEGATIVE = "<|im_start|>system\nYou are a helpful image generator.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n"


class Model:
    """All pictures are uint8 [256, 256, 3]. A seed draws the plan and the noise, independent of the batch."""

    def __init__(self, folder: Path | str):
        folder = Path(folder)
        read = lambda name: json.loads((folder / name).read_text())  # noqa: E731
        config, self.generation, self.settings = read("config.json"), read("t2i_generation_config.json"), read("tusk.json")
        tensors = read_safetensors(folder / "model.safetensors")
        self.tokenizer = Tokenizer(folder)
        self.text = TextDecoder(config["llm_config"]["text_config"])
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
        self.nothing = negative(self.text, self.table, self.tokenizer.encode(NEGATIVE.format(self.settings["negative_prompt"])))

    def _prompts(self, texts: list[str], picture: bool) -> list[list[int]]:
        t = self.tokenizer
        return [expanded(t.encode(t.generate_prompt(text, picture=picture))) for text in texts]

    @torch.no_grad()
    def plan(self, texts: list[str], seeds: list[int], pictures: np.ndarray | None = None) -> np.ndarray:
        """The visual codes [b, 8, 8] drawn for prompts, or for instructions on pictures [b, 256, 256, 3]."""
        g = self.generation
        seen = None if pictures is None else self._seen(pictures)
        draws = [torch.Generator().manual_seed(s) for s in seeds]
        heat = g["temperature"] if g["do_sample"] else 0.0
        prompts = self._prompts(texts, pictures is not None)
        return generate_codes(self.text, self.table, self.head, prompts, seen, heat, g["top_k"], g["top_p"], draws)

    def _seen(self, pictures: np.ndarray) -> tuple[Tensor, list[Tensor]]:
        return self.visual(vision_rows(np.stack([resized_twice(p) for p in pictures])), 16, 16)

    @torch.no_grad()
    def paint(self, texts: list[str], codes: np.ndarray, seeds: list[int], pictures: np.ndarray | None = None) -> np.ndarray:
        """Pictures [b, 256, 256, 3] of plans; `pictures` are the references of an edit."""
        answers = [answer_ids(k).tolist() for k in codes]
        given: Conditions = conditions(self.text, self.table, self._prompts(texts, pictures is not None), answers)
        queries, _ = self.dit.time_caption_embed.image_embedder(given.image)
        noise = torch.stack([torch.randn(8, 32, 32, generator=torch.Generator().manual_seed(s)) for s in seeds])
        references = None if pictures is None else [self.vae.encode(pictures)]
        s = self.settings
        z = denoise(self.dit, noise, given.text, given.text_mask, queries, self.nothing, references,
                    s["steps"], s["text_guidance"], s["image_guidance"])  # fmt: skip
        return np.concatenate([self.vae.decode(p) for p in z.split(8)])

    def create(self, prompts: list[str], seeds: list[int]) -> list[np.ndarray]:
        return list(self.paint(prompts, self.plan(prompts, seeds), seeds))

    def edit_many(self, pictures: list[np.ndarray], instructions: list[str], seeds: list[int]) -> list[np.ndarray]:
        stack = np.stack(pictures)
        return list(self.paint(instructions, self.plan(instructions, seeds, stack), seeds, stack))

    @torch.no_grad()
    def answer_many(self, pictures: list[np.ndarray], questions: list[str]) -> list[str]:
        t = self.tokenizer
        prompts = [expanded(t.encode(t.question_prompt(q))) for q in questions]
        made = generate_text(self.text, self.table, self.head, prompts, self._seen(np.stack(pictures)))
        return [t.decode(ids) for ids in made]
