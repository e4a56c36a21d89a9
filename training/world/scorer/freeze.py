"""The scorer's identity: `python -m training.world.scorer.freeze` writes the SHA-256 of all it consists of.

A change after the freeze is a new version of the scorer, and every earlier checkpoint is scored again.
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).parent
FROZEN = HERE / "FROZEN.json"
PARTS = (
    "score.py", "detect.py", "backdrop.py", "templates.py", "test.json", "handwritten.txt",
    "../things.txt", "../vocabulary.py", "../grounds.py", "../requests.py", "../atlas.py",
    "../art-3d.webp", "../art-flat.webp", "../art-line.webp",
    "../../data/vocabulary.py", "../../data/sprites.py",
)  # fmt: skip
"""Everything a verdict depends on."""


def digests() -> dict[str, str]:
    """Part -> SHA-256 in hex."""
    return {part: hashlib.sha256((HERE / part).read_bytes()).hexdigest() for part in PARTS}


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(digests(), indent=2) + "\n")
