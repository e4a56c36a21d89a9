"""Figures for people: counts with intervals, the table, the contact sheet."""

from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


@dataclass
class Tally:
    """Passes of a row, all and those with a combination held out of training; and which checks failed."""

    passed: int = 0
    total: int = 0
    held_passed: int = 0
    held_total: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, ok: bool, held_out: bool, checks: dict[str, bool] | None = None) -> None:
        self.passed += ok
        self.total += 1
        self.held_passed += ok and held_out
        self.held_total += held_out
        for name in {name.split()[0] for name, good in (checks or {}).items() if not good}:
            self.failures[name] = self.failures.get(name, 0) + 1


def interval(passed: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if total == 0:
        return 0.0, 1.0
    z, share = 1.96, passed / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return middle - half, middle + half


def percent(passed: int, total: int) -> str:
    return f"{100 * passed / total:.1f} %" if total else "–"


def table(rows: dict[tuple[str, str], Tally]) -> str:
    """Markdown: one line per (what was scored, set)."""
    lines = ["| scored | set | passes | 95 % | n | held out (n) | seen | failed checks |", "|---|---|---|---|---|---|---|---|"]
    for (source, name), t in rows.items():
        low, high = interval(t.passed, t.total)
        seen = percent(t.passed - t.held_passed, t.total - t.held_total)
        held = f"{percent(t.held_passed, t.held_total)} ({t.held_total})" if t.held_total else "–"
        failed = ", ".join(f"{k} {n}" for k, n in sorted(t.failures.items(), key=lambda item: -item[1])[:4])
        lines.append(
            f"| {source} | {name} | **{percent(t.passed, t.total)}** | {100 * low:.0f}–{100 * high:.0f} | {t.total} "
            f"| {held} | {seen} | {failed} |"
        )
    return "\n".join(lines)


def contact_sheet(tiles: list[tuple[np.ndarray, str, bool]], file: Path, columns: int = 6, side: int = 192) -> None:
    """Pictures uint8 [h, w, 3], all of one size, with their prompts; a green or red edge says what the scorer said. side: of a
    picture's height and its edge, px."""
    text_height, rows = 34, -(-len(tiles) // columns)
    height, width = tiles[0][0].shape[:2]
    across = round((side - 8) * width / height) + 8
    sheet = Image.new("RGB", (columns * across, rows * (side + text_height)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, text, ok) in enumerate(tiles):
        x, y = i % columns * across, i // columns * (side + text_height)
        sheet.paste(Image.fromarray(picture).resize((across - 8, side - 8), Image.LANCZOS), (x + 4, y + 4))
        draw.rectangle((x + 2, y + 2, x + across - 3, y + side - 3), outline="green" if ok else "red", width=2)
        draw.multiline_text((x + 6, y + side), _wrapped(text, across // 6 - 2), fill="black", spacing=2)
    sheet.save(file)


def _wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:3])
