"""The scorer's identity: `python -m training.world.scorer.freeze` writes the SHA-256 of all it consists of.

A change after the freeze is a new version of the scorer, and every earlier checkpoint is scored again.
"""

import json
from pathlib import Path

from training.scorer.freeze import digests

HERE = Path(__file__).parent
FROZEN = HERE / "FROZEN.json"
PARTS = (
    "score.py", "detect.py", "backdrop.py", "templates.py", "test.json", "handwritten.txt",
    "../things.txt", "../vocabulary.py", "../grounds.py", "../requests.py", "../atlas.py",
    "../art-3d.webp", "../art-flat.webp", "../art-line.webp",
    "../../data/vocabulary.py", "../../data/sprites.py", "../../scorer/score.py",
)  # fmt: skip
"""Everything a verdict depends on."""


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(digests(HERE, PARTS), indent=2) + "\n")
