"""The scorer's identity: `python -m training.scorer.freeze` writes the SHA-256 of all it consists of.

A change after the freeze is a new version of the scorer, and every earlier checkpoint is scored again.
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).parent
FROZEN = HERE / "FROZEN.json"
PARTS = ("score.py", "detect.py", "atlas.py", "prompts.json", "../art/scorer.webp", "../art/scorer.json",
         "../data/vocabulary.py", "../data/sprites.py")  # fmt: skip
"""Everything a verdict depends on."""


def digests(folder: Path = HERE, parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    """Part -> SHA-256 in hex."""
    return {part: hashlib.sha256((folder / part).read_bytes()).hexdigest() for part in parts}


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(digests(), indent=2) + "\n")
