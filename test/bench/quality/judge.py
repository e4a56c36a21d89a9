"""The recipe's scorer over pictures any engine made of the frozen test. Run in the repository's folder:

    judge.py --list                    JSON: the test's prompts and instructions, texts alone
    judge.py --sources FOLDER          the pictures the instructions are about, as FOLDER/source-<index>.png
    judge.py FOLDER                    JSON: {"file": passed} for the pictures FOLDER/manifest.json names; an entry of
                                       `created` and `edited` is {"index", "file"}
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, ".")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from training.data.scenes import render  # noqa: E402
from training.scorer.detect import detect  # noqa: E402
from training.scorer.prompts import load  # noqa: E402
from training.scorer.score import judge, score_edit  # noqa: E402


def passed(folder: Path) -> dict[str, bool]:
    prompts, edits, _ = load()
    manifest = json.loads((folder / "manifest.json").read_text())
    picture = lambda entry: np.asarray(Image.open(folder / entry["file"]).convert("RGB"))  # noqa: E731
    verdicts = {}
    for entry in manifest["created"]:
        made = picture(entry)
        verdicts[entry["file"]] = judge(made, prompts[entry["index"]].request, *detect(made)).ok
    for entry in manifest["edited"]:
        e = edits[entry["index"]]
        verdict = score_edit(render(e.source), picture(entry), e.source, e.kind, e.request, e.changed)
        verdicts[entry["file"]] = verdict.ok
    return {file: bool(ok) for file, ok in verdicts.items()}


def main(arguments: list[str]) -> None:
    prompts, edits, _ = load()
    if arguments == ["--list"]:
        print(json.dumps({"prompts": [p.text for p in prompts], "instructions": [e.text for e in edits]}))
    elif arguments[0] == "--sources":
        for i, e in enumerate(edits):
            Image.fromarray(render(e.source)).save(Path(arguments[1]) / f"source-{i}.png")
    else:
        print(json.dumps(passed(Path(arguments[0]))))


main(sys.argv[1:])
