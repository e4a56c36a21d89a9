"""Curves say what a log holds."""

import json

from PIL import Image
from training.curves import curves, draw


def test_a_step_trained_twice_counts_once_and_other_rows_not_at_all(tmp_path):
    rows = [{"parameters": 5}, {"step": 10, "create": 4.0}, {"step": 20, "create": 9.0}, {"step": 20, "create": 2.0, "edit": 3.0}]
    rows += [{"step": 20, "c_whole": 1.0}, {"step": 30, "create": 1.0, "edit": 3.0}]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = curves(log)
    assert {key: (steps.tolist(), values.tolist()) for key, (steps, values) in found.items()} == {
        "create": ([10, 20, 30], [4.0, 3.0, 2.0]),
        "edit": ([20, 30], [3.0, 3.0]),
    }
    draw([log, log], tmp_path / "curves.webp")
    width, height = Image.open(tmp_path / "curves.webp").size
    assert width > 2 * height
