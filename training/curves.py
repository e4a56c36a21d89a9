"""Loss curves of runs, one panel for each log.

    python -m training.curves OUT.webp RUN/A/log.jsonl RUN/B/log.jsonl [--keys create edit answer told told_e v]
"""

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402 (after the choice of a backend that needs no screen)

KEYS = ("create", "edit", "answer", "told", "told_e", "v")
SPAN = 15
"""Rows of a log of which a curve shows the median."""


def curves(log: Path, keys: tuple[str, ...] = KEYS) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Steps and running medians of each key that the log holds; of a step that was trained twice, after a restart, the later row."""
    rows = {row["step"]: row for row in map(json.loads, log.read_text().splitlines()) if "step" in row and any(k in row for k in keys)}
    found = {}
    for key in keys:
        steps = np.array(sorted(step for step, row in rows.items() if key in row))
        if len(steps):
            values = np.array([rows[step][key] for step in steps])
            found[key] = steps, np.array([np.median(values[max(0, i - SPAN + 1) : i + 1]) for i in range(len(values))])
    return found


def draw(logs: list[Path], file: Path, keys: tuple[str, ...] = KEYS) -> None:
    figure, panels = plt.subplots(1, len(logs), figsize=(5.5 * len(logs), 3.6), squeeze=False, layout="constrained")
    for panel, log in zip(panels[0], logs, strict=True):
        for key, (steps, values) in curves(log, keys).items():
            panel.plot(steps, values, label=key, linewidth=1.2)
        panel.set(title=log.parent.name, xlabel="step", yscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend(fontsize=8, ncols=2)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("logs", type=Path, nargs="+")
    ask.add_argument("--keys", nargs="+", default=KEYS)
    a = ask.parse_args()
    draw(a.logs, a.out, tuple(a.keys))


if __name__ == "__main__":
    main()
