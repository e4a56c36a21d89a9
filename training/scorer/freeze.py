"""The scorer's identity: `python -m training.scorer.freeze` writes the SHA-256 of all it consists of.

A change after the freeze is a new version of the scorer, and every earlier checkpoint is scored again.
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).parent
FROZEN, FROZEN_SEVERAL = HERE / "FROZEN.json", HERE / "FROZEN_SEVERAL.json"
PARTS = ("score.py", "detect.py", "atlas.py", "prompts.json", "../art/scorer.webp", "../art/scorer.json",
         "../data/vocabulary.py", "../data/sprites.py")  # fmt: skip
"""Everything a verdict depends on."""
SEVERAL_PARTS = ("several.py", "several.json", *(part for part in PARTS if part != "prompts.json"))
"""The same of the test of several things."""


def digests(folder: Path = HERE, parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    """Part -> SHA-256 in hex."""
    return {part: hashlib.sha256((folder / part).read_bytes()).hexdigest() for part in parts}


if __name__ == "__main__":
    for file, parts in ((FROZEN, PARTS), (FROZEN_SEVERAL, SEVERAL_PARTS)):
        file.write_text(json.dumps(digests(parts=parts), indent=2) + "\n")
