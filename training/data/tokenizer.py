"""The embedded model's own byte-level BPE, in the layout MammothModa2 checkpoints use.

`python -m training.data.tokenizer train` learns the ranks from the grammar's text (seeded, repeatable) into
`training/art/mammothu.tiktoken`; `python -m training.data.tokenizer write <folder>` puts the files of a
checkpoint there: ranks, `mammothu_vision_tokens.txt`, `tokenizer_config.json` and the chat template.
Ids: ranks, chat and picture specials, `<|extra_*|>`, `<|extra_margin_*|>`, then the generation part, which
starts with `<|endofline|>` at `vocab_size`; the first visual token is 8 after it.
"""

import base64
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from .language import caption, edit, questions
from .scenes import CODES, sample
from .vocabulary import COLOUR_SPELLINGS, COLOURS, NAMES, OBJECTS

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen's split of text into pieces, as tiktoken reads it."""
ASCII_PATTERN = re.compile(
    PATTERN.replace(r"\p{L}\p{N}", "A-Za-z0-9").replace(r"\p{L}", "[A-Za-z]").replace(r"\p{N}", "[0-9]")
)

CHAT_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PICTURE_SPECIALS = (
    "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>",
    "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<tool_call>",
    "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
    "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip
SPECIAL_FORM = re.compile(r"<[^<>]+>")
"""What every special token looks like."""
GENERATION_SPECIALS = (
    "<|endofline|>", "<|endoffile|>", "<|gen_placeholder|>", "<|useless token|>", "<|beginoftext|>",
    "<|image start|>", "<|image end|>", "<|image token|>",
)  # fmt: skip
EXTRAS = 2
EXTRA_MARGIN = 2
TEXT_VOCABULARY = 1536
"""Most ids before the generation part."""
MAXIMUM_RANKS = TEXT_VOCABULARY - len(CHAT_SPECIALS) - len(PICTURE_SPECIALS) - EXTRAS - EXTRA_MARGIN

PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
SYSTEM_GENERATE = "You are a helpful image generator."
SYSTEM_CHAT = "You are a helpful assistant."

CHAT_TEMPLATE = """\
{#- ChatML. With t2i_generate it ends in the start of a picture: grid rows * columns, then its visual tokens. -#}
{%- macro words(content) -%}
{%- if content is string -%}
{{- content -}}
{%- else -%}
{%- for part in content -%}
{%- if part.type == 'image' or 'image' in part or 'image_url' in part -%}
{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
{%- elif part.type == 'image_gen' or 'image_gen' in part -%}
{{- '<|gen_placeholder|>' -}}
{%- elif 'text' in part -%}
{{- part.text -}}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- if t2i_generate and messages[0].role != 'system' -%}
{{- '<|im_start|>system\\nYou are a helpful image generator.<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' ~ message.role ~ '\\n' ~ words(message.content) ~ '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if t2i_generate -%}
{{- '<|im_start|>assistant\\n<|image start|>' ~ ('0' ~ ar_height)[-2:] ~ '*' ~ ('0' ~ ar_width)[-2:] -}}
{{- '<|image token|>' -}}
{%- elif add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""


# ---------------------------------------------------------------- training


def corpus(seed: int = 11, scenes: int = 6000) -> Counter[str]:
    """Pieces of the grammar's text with their counts; each word of the vocabulary is in it."""
    rng = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    for _ in range(scenes):
        scene = sample(rng, allowed=lambda _: True)
        changed = edit(scene, rng, allowed=lambda _: True)
        asked = questions(scene, rng, 4)
        texts = [caption(scene, rng).text, *([changed.text] if changed else [])]
        texts += [t for q in asked for t in (q.text, q.answer)]
        counts.update(piece for text in texts for piece in ASCII_PATTERN.findall(text))
    counts.update({piece: 400 for piece in _certain_pieces()})
    return counts


def _certain_pieces() -> set[str]:
    """Pieces that must be one token: each word of the tables (three ways), and the chat frame."""
    names = [*NAMES, *(s for o in OBJECTS for s in o.synonyms), *COLOURS, *sum(COLOUR_SPELLINGS.values(), ())]
    words = {form for name in names for word in name.split() for form in (word, f" {word}", word.capitalize())}
    frame = f"user\nassistant\nsystem\n{SYSTEM_GENERATE} {SYSTEM_CHAT}"
    return words | set(ASCII_PATTERN.findall(frame))


def train_ranks(counts: Counter[str], limit: int = MAXIMUM_RANKS) -> list[bytes]:
    """Byte-pair merges, most frequent pair first (ties: first in byte order), until every piece is one token."""
    words = {tuple(bytes([b]) for b in piece.encode()): n for piece, n in counts.items()}
    ranks = [bytes([b]) for b in range(256)]
    while len(ranks) < limit:
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:], strict=False):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        ranks.append(best[0] + best[1])
        words = {_merged(word, best): n for word, n in words.items()}
    return ranks


def _merged(word: tuple[bytes, ...], pair: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    if pair[0] not in word:
        return word
    out, i = [], 0
    while i < len(word):
        joined = word[i : i + 2] == pair
        out.append(pair[0] + pair[1] if joined else word[i])
        i += 2 if joined else 1
    return tuple(out)


# ---------------------------------------------------------------- files


RANKS = Path(__file__).parent.parent / "art" / "mammothu.tiktoken"
"""The learned ranks; kept, so that ids stay when the grammar grows."""


def train() -> None:
    """Learns the ranks anew into RANKS: ids change, so no earlier checkpoint fits them."""
    save_ranks(train_ranks(corpus()), RANKS)


def save_ranks(ranks: list[bytes], path: Path) -> None:
    path.write_text("".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(ranks)))


def write(folder: Path, codes: int = CODES, learned: Path = RANKS) -> None:
    """All tokenizer and template files of a checkpoint; `learned`: the file of ranks."""
    folder.mkdir(parents=True, exist_ok=True)
    ranks = learned.read_text()
    (folder / "mammothu.tiktoken").write_text(ranks)
    visual = [*GENERATION_SPECIALS[5:], *(f"<|visual token {code:06d}|>" for code in range(codes))]
    (folder / "mammothu_vision_tokens.txt").write_text("\n".join(visual) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(_config(ranks.count("\n")), indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}, indent=2) + "\n")


def _config(ranks: int) -> dict:
    return {
        "tokenizer_class": "MammothUTokenizer",
        "bos_token": "<|beginoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "img_token": "<|image token|>",
        "boi_token": "<|image start|>",
        "eoi_token": "<|image end|>",
        "eol_token": "<|endofline|>",
        "eof_token": "<|endoffile|>",
        "errors": "replace",
        "model_max_length": 4096,
        "special_start_id": ranks,
        "num_extra": EXTRAS,
        "num_extra_margin": EXTRA_MARGIN,
    }


class Tokenizer:
    """Text to ids and back, from a checkpoint folder."""

    def __init__(self, folder: Path | str):
        folder = Path(folder)
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        lines = (folder / "mammothu.tiktoken").read_text().split("\n")
        self.ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in lines if line)}
        extras = [f"<|extra_{i}|>" for i in range(settings["num_extra"])]
        margin = [f"<|extra_margin_{i}|>" for i in range(settings["num_extra_margin"])]
        visual = (folder / "mammothu_vision_tokens.txt").read_text().split("\n")
        names = [*CHAT_SPECIALS, *PICTURE_SPECIALS, *extras, *margin, *GENERATION_SPECIALS[:5], *filter(None, visual)]
        self.specials = {name: settings["special_start_id"] + i for i, name in enumerate(names)}

    @cached_property
    def _encoding(self):
        import tiktoken

        return tiktoken.Encoding("tusk", pat_str=PATTERN, mergeable_ranks=self.ranks, special_tokens=self.specials)

    @property
    def vocab_size(self) -> int:
        """Ids before the generation part = `gen_vocab_start_index`."""
        return self.specials["<|endofline|>"]

    @property
    def first_visual(self) -> int:
        return self.specials["<|visual token 000000|>"]

    @property
    def size(self) -> int:
        return len(self.ranks) + len(self.specials)

    def encode(self, text: str) -> list[int]:
        """Ids of NFC text; special tokens are recognised anywhere.

        They are looked for here: tiktoken would read the list of all visual tokens anew for each text.
        """
        text, ids, last = unicodedata.normalize("NFC", text), [], 0
        for match in SPECIAL_FORM.finditer(text):
            if match.group() in self.specials:
                ids += [*self._encoding.encode_ordinary(text[last : match.start()]), self.specials[match.group()]]
                last = match.end()
        return ids + self._encoding.encode_ordinary(text[last:])

    def decode(self, ids: list[int]) -> str:
        return self._encoding.decode(ids, errors="replace")

    def generate_prompt(self, text: str, picture: int = 0, rows: int = 8, columns: int = 8) -> str:
        """The prompt for a new picture, or for an edit: `picture` = how many stand before the text."""
        return (
            f"<|im_start|>system\n{SYSTEM_GENERATE}<|im_end|>\n<|im_start|>user\n{PICTURE * picture}{text}<|im_end|>\n"
            f"<|im_start|>assistant\n<|image start|>{rows:02d}*{columns:02d}<|image token|>"
        )

    def question_prompt(self, text: str, pictures: int = 1) -> str:
        """The prompt for an answer about the pictures before the text (no system line, as the template renders it)."""
        return f"<|im_start|>user\n{PICTURE * pictures}{text}<|im_end|>\n<|im_start|>assistant\n"

    def conversation_prompt(self, text: str, pictures: int, before: Sequence[tuple[str, int, str]]) -> str:
        """The same after turns that were answered: (text, pictures, answer) of each."""
        turns = [self.question_prompt(asked, shown) + f"{answer}<|im_end|>\n" for asked, shown, answer in before]
        return "".join([*turns, self.question_prompt(text, pictures)])


if __name__ == "__main__":
    train() if sys.argv[1] == "train" else write(Path(sys.argv[2]))
