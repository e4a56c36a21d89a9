"""A contact sheet: `python -m training.world.sheet OUT.png [seed]` draws 24 scenes and three edits of each kind."""

import sys
import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .captions import caption
from .edits import EDIT_KINDS, Edit, edit
from .render import render
from .sampling import FULL, sample
from .scenes import Scene

WIDTH, GAP, TEXT = 1608, 8, 48
SCENES, EDITS_EACH = 24, 3


def _cell(pictures: list[np.ndarray], side: int, text: str) -> Image.Image:
    """Pictures side by side over their text."""
    width = len(pictures) * (side + 4)
    cell = Image.new("RGB", (width, side + TEXT), "white")
    for k, picture in enumerate(pictures):
        cell.paste(Image.fromarray(picture).resize((side, side), Image.LANCZOS), (k * (side + 4), 0))
    lines = "\n".join(textwrap.wrap(text, max(20, width // 6))[:3])
    ImageDraw.Draw(cell).text((2, side + 3), lines, "black", ImageFont.load_default(12))
    return cell


def _rows(cells: list[Image.Image]) -> list[list[Image.Image]]:
    """As many cells to a row as fit."""
    rows: list[list[Image.Image]] = [[]]
    for cell in cells:
        if rows[-1] and sum(c.width + GAP for c in rows[-1]) + cell.width > WIDTH:
            rows.append([])
        rows[-1].append(cell)
    return rows


def _stacked(cells: list[Image.Image]) -> Image.Image:
    rows = _rows(cells)
    sheet = Image.new("RGB", (WIDTH, sum(row[0].height + GAP for row in rows)), "white")
    y = 0
    for row in rows:
        for k, cell in enumerate(row):
            sheet.paste(cell, (k * (cell.width + GAP), y))
        y += row[0].height + GAP
    return sheet


def _edits(rng: np.random.Generator) -> list[Edit]:
    made: list[Edit] = []
    for kind in EDIT_KINDS:
        while sum(e.kind == kind for e in made) < EDITS_EACH:
            scenes: tuple[Scene, ...] = tuple(sample(rng, FULL) for _ in range(2 if kind == "combine" else 1))
            found = edit(scenes, rng, kind)
            if found:
                made.append(found)
    return made


def sheet(seed: int) -> Image.Image:
    """The whole sheet."""
    rng = np.random.default_rng(seed)
    scenes = [sample(rng, FULL) for _ in range(SCENES)]
    parts = [_stacked([_cell([render(s)], 256, caption(s, rng).text) for s in scenes])]
    one, two = [], []
    for e in _edits(rng):
        pictures = [render(s) for s in (*e.sources, e.target)]
        (one if len(e.sources) == 1 else two).append(_cell(pictures, 190 if len(e.sources) == 1 else 168, e.text))
    parts += [_stacked(one), _stacked(two)]
    whole = Image.new("RGB", (WIDTH, sum(p.height + GAP for p in parts)), "white")
    y = 0
    for part in parts:
        whole.paste(part, (0, y))
        y += part.height + GAP
    return whole


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sheet(int(sys.argv[2]) if len(sys.argv) > 2 else 1).save(sys.argv[1])
