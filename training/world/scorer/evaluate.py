"""The table of the larger domain: scores a folder of pictures and texts that any engine made for the frozen test.

    python -m training.world.scorer.evaluate inputs RUN [--each N]      what the engine is to work on
    python -m training.world.scorer.evaluate score RUN [--controls] [--vae FOLDER] [--each N] [--workers N]

`inputs` writes RUN/inputs/: prompts.json, edits.json, questions.json, descriptions.json, chats.json and the pictures
(PNG, 256 x 256) that they name. An engine puts its pictures into RUN and lists all it made in RUN/manifest.json:

    created    [{"index", "seed", "file"}]   one picture for a prompt; further pictures with other seeds as wished
    edited     [{"index", "seed", "file"}]   the edited picture (of `base`, where there are two), same size
    answered   [{"index", "text"}]           the answer to a question
    described  [{"index", "text"}]           the answer to a request for a description
    chatted    [{"index", "texts": [...]}]   one text a turn; the history holds the engine's own earlier texts, and a
                                             turn's `picture`, if any, is shown after it, whatever the engine drew

`index` is the one in inputs. An entry may have a "variant" (such as "without codes"), which makes rows of its own.
Lists may be incomplete; --each N takes the first N of every set or kind. Scoring never loads a model, and intervals
count each seed as a draw of its own.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from training.scorer.report import Tally, contact_sheet, table
from training.train_common import one_quiet_thread

from ..render import render
from ..scenes import Scene
from .cases import EDIT_KINDS, HANDWRITTEN, PROMPT_SETS, ChatCase, EditCase, Prompt, QuestionCase, Test, load
from .detect import see
from .score import Verdict, answer_ok, description_ok, judge, score_edit

WRONG_SHIFT = 7
"""The wrong-prompt control scores a picture against the prompt this many places on in its set."""
SHEET_EACH = 6
Rows = dict[tuple[str, str], Tally]
MODEL = "model"
Job, Result = TypeVar("Job"), TypeVar("Result")


def kind_of(item: Prompt | EditCase | QuestionCase | ChatCase) -> str:
    """The set or kind an item is counted in."""
    return item.set if isinstance(item, Prompt) else getattr(item, "kind", "chat")


def picked(items: Sequence, each: int | None) -> list[int]:
    """Indices of the first `each` items of every set or kind; all without a limit."""
    counts: dict[str, int] = {}
    chosen = []
    for i, item in enumerate(items):
        counts[kind_of(item)] = counts.get(kind_of(item), 0) + 1
        if each is None or counts[kind_of(item)] <= each:
            chosen.append(i)
    return chosen


# ---------------------------------------------------------------- inputs


def write_inputs(run: Path, each: int | None) -> None:
    """The texts and pictures that an engine needs."""
    test, folder = load(), run / "inputs"
    folder.mkdir(parents=True, exist_ok=True)

    def saved(scene: Scene | None, name: str) -> str | None:
        if scene is not None:
            Image.fromarray(render(scene)).save(folder / name)
        return name if scene is not None else None

    def edit(i: int, e: EditCase) -> dict:
        pictures = [saved(s, f"edit-{i:03d}-{k}.png") for k, s in enumerate(e.sources)]
        return {"text": e.text, "pictures": pictures, "base": e.base}

    def chat(i: int, c: ChatCase) -> dict:
        turns = [{"text": t.text, "picture": saved(t.picture, f"chat-{i:03d}-{k}.png")} for k, t in enumerate(c.turns)]
        return {"picture": saved(c.picture, f"chat-{i:03d}.png"), "turns": turns}

    makers: dict[str, tuple[Sequence, Callable[[int, object], dict]]] = {
        "prompts": (test.prompts, lambda i, p: {"text": p.text}),
        "edits": (test.edits, edit),
        "questions": (test.questions, lambda i, q: {"picture": saved(q.scene, f"question-{i:04d}.png"), "text": q.text}),
        "descriptions": (
            test.descriptions,
            lambda i, q: {"picture": saved(q.scene, f"description-{i:03d}.png"), "text": q.text},
        ),
        "chats": (test.chats, chat),
    }
    for name, (items, made) in makers.items():
        listed = [{"index": i} | made(i, items[i]) for i in picked(items, each)]
        (folder / f"{name}.json").write_text(json.dumps(listed, indent=1))


# ---------------------------------------------------------------- score


def _add(rows: Rows, source: str, names: Iterable[str], ok: bool, held_out: bool, checks: dict | None = None) -> None:
    for name in names:
        rows.setdefault((source, name), Tally()).add(ok, held_out, checks)


def wrong_prompt(prompts: Sequence[Prompt], i: int) -> Prompt:
    """Another prompt of the same set that asks for something else."""
    others = [p for p in prompts if p.set == prompts[i].set]
    start = others.index(prompts[i]) + WRONG_SHIFT
    rotated = (others[(start + k) % len(others)] for k in range(len(others)))
    return next(p for p in rotated if p.request != prompts[i].request)


def _opened(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB"))


@dataclass(frozen=True)
class Scored:
    """A picture for an item of the test: a file, or the item's right picture (vae: through that autoencoder).

    wrong: a prompt's picture is also scored against another prompt.
    """

    index: int
    file: Path | None = None
    vae: str | None = None
    wrong: bool = False

    def picture(self, right: Scene) -> np.ndarray:
        return _opened(self.file) if self.file else _round_trip(self.vae)(render(right))


@lru_cache(1)
def _round_trip(vae: str | None) -> Callable[[np.ndarray], np.ndarray]:
    if vae is None:
        return lambda picture: picture
    from training.scorer.calibrate import vae_round_trip

    return vae_round_trip(vae)


def judged(job: Scored) -> tuple[Verdict, bool | None]:
    """A prompt's verdict, and whether the picture passes for another prompt."""
    prompts = load().prompts
    p = prompts[job.index]
    sight = see(job.picture(p.scene))
    return judge(sight, p.request), judge(sight, wrong_prompt(prompts, job.index).request).ok if job.wrong else None


def judged_edit(job: Scored) -> Verdict:
    case = load().edits[job.index]
    return score_edit(render(case.source), job.picture(case.target), case)


def judged_scene(index: int) -> bool:
    """Whether the picture of a question passes for the prompt of the same index."""
    test = load()
    return judge(see(render(test.questions[index].scene)), test.prompts[index].request).ok


def judged_source(index: int) -> Verdict:
    """An edit whose source was left as it is."""
    case = load().edits[index]
    return score_edit(render(case.source), render(case.source), case)


class Judges:
    """Maps a list in so many processes, and says how far it is."""

    def __init__(self, workers: int):
        start = partial(one_quiet_thread, 0)
        self.pool = get_context("spawn").Pool(workers, start) if workers > 1 else None

    def __call__(self, what: str, verdict_of: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
        began, results = time.time(), (self.pool.imap(verdict_of, jobs) if self.pool else map(verdict_of, jobs))
        for done, result in enumerate(results, 1):
            if done % 50 == 0 or done == len(jobs):
                print(f"{what}: {done} of {len(jobs)} scored, {(time.time() - began) / done:.2f} s each", file=sys.stderr, flush=True)
            yield result

    def __enter__(self) -> "Judges":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.terminate()


def add_pictures(rows: Rows, source: str, jobs: list[Scored], judges: Judges) -> list[bool]:
    """Verdicts of prompts' pictures, and of those against other prompts."""
    prompts, passed = load().prompts, []
    for job, (verdict, other) in zip(jobs, judges(source, judged, jobs), strict=True):
        p = prompts[job.index]
        _add(rows, source, [p.set], verdict.ok, p.held_out, verdict.checks)
        if other is not None:
            _add(rows, f"{source}, wrong prompt", ["prompts, all"], other, p.held_out)
        passed.append(verdict.ok)
    return passed


def add_edits(rows: Rows, source: str, indices: list[int], verdicts: Iterable[Verdict]) -> None:
    for i, verdict in zip(indices, verdicts, strict=True):
        case = load().edits[i]
        _add(rows, source, [f"edit: {case.kind}"], verdict.ok, case.held_out, verdict.checks)


def by_variant(entries: list[dict]) -> dict[str, list[dict]]:
    parts: dict[str, list[dict]] = {}
    for entry in entries:
        parts.setdefault(entry.get("variant", MODEL), []).append(entry)
    return parts


def score_created(entries: list[dict], run: Path, rows: Rows, judges: Judges) -> list[tuple]:
    """Returns tiles for the contact sheet: the first of every set, none left out."""
    tiles, counts, prompts = [], {}, load().prompts
    for source, own in by_variant(entries).items():
        jobs = [Scored(e["index"], run / e["file"], wrong=source == MODEL and e["seed"] == 1) for e in own]
        for job, ok in zip(jobs, add_pictures(rows, source, jobs, judges), strict=True):
            p = prompts[job.index]
            counts[p.set] = counts.get(p.set, 0) + job.wrong
            if job.wrong and counts[p.set] <= SHEET_EACH:
                tiles.append((_opened(job.file), p.text, ok))
    return tiles


def score_edited(entries: list[dict], run: Path, rows: Rows, judges: Judges) -> None:
    for source, own in by_variant(entries).items():
        jobs = [Scored(e["index"], run / e["file"]) for e in own]
        add_edits(rows, source, [j.index for j in jobs], judges(f"{source}, edits", judged_edit, jobs))


def score_texts(manifest: dict, test: Test, rows: Rows) -> None:
    """Answers, descriptions and chats."""
    for entry in manifest.get("answered", []):
        q = test.questions[entry["index"]]
        _add(rows, MODEL, [f"question: {q.kind}", "questions, all"], answer_ok(entry["text"], q.answer), q.held_out)
    for entry in manifest.get("described", []):
        q = test.descriptions[entry["index"]]
        things, everything = description_ok(entry["text"], q.answer)
        _add(rows, MODEL, ["descriptions: all things"], things, q.held_out)
        _add(rows, MODEL, ["descriptions: with colour and place"], everything, q.held_out)
    for entry in manifest.get("chatted", []):
        chat = test.chats[entry["index"]]
        right = [answer_ok(said, t.answer) for said, t in zip(entry["texts"], chat.turns, strict=True)]
        for ok in right:
            _add(rows, MODEL, ["chats: turns"], ok, chat.held_out)
        _add(rows, MODEL, ["chats: whole"], all(right), chat.held_out)


def add_majority(rows: Rows, test: Test) -> None:
    """What the most frequent answer of each kind reaches."""
    answers: dict[str, list[str]] = {}
    for q in test.questions:
        answers.setdefault(q.kind, []).append(q.answer)
    usual = {kind: max(sorted(set(own)), key=own.count) for kind, own in answers.items()}
    for q in test.questions:
        _add(rows, "most frequent answer", [f"question: {q.kind}", "questions, all"], q.answer == usual[q.kind], q.held_out)


def add_controls(rows: Rows, test: Test, vae: str | None, each: int | None, judges: Judges) -> None:
    """Right pictures, the same through the VAE, under wrong prompts, a random scene, and sources left unedited."""
    prompts, edits = picked(test.prompts, each), picked(test.edits, each)
    for source, through in {"ground truth": None, **({"VAE round trip": vae} if vae else {})}.items():
        add_pictures(rows, source, [Scored(i, vae=through, wrong=through is None) for i in prompts], judges)
        jobs = [Scored(i, vae=through) for i in edits]
        add_edits(rows, source, edits, judges(f"{source}, edits", judged_edit, jobs))
    for i, ok in zip(prompts, judges("random scene", judged_scene, prompts), strict=True):
        _add(rows, "random scene", ["prompts, all"], ok, test.prompts[i].held_out)
    source = "source left unedited"
    add_edits(rows, source, edits, judges(source, judged_source, edits))


# ---------------------------------------------------------------- report


def mean_line(rows: Rows, source: str, title: str, names: Sequence[str]) -> str | None:
    """The mean of several rows with its 95 % interval, as a line of the table; None if one of them is missing."""
    own = [rows[source, name] for name in names if (source, name) in rows]
    if len(own) < len(names):
        return None
    shares = [t.passed / t.total for t in own]
    mean = sum(shares) / len(shares)
    spread = 1.96 * sqrt(sum(s * (1 - s) / t.total for s, t in zip(shares, own, strict=True))) / len(own)
    held = [t for t in own if t.held_total]
    share_held = f"{100 * sum(t.held_passed / t.held_total for t in held) / len(held):.1f} %" if held else "–"
    seen = [t for t in own if t.total > t.held_total]
    share_seen = sum((t.passed - t.held_passed) / (t.total - t.held_total) for t in seen) / max(len(seen), 1)
    lowest = min(zip(shares, names, strict=True))
    return (
        f"| {source} | {title} | **{100 * mean:.1f} %** | {100 * (mean - spread):.0f}–{100 * min(mean + spread, 1):.0f} "
        f"| {sum(t.total for t in own)} | {share_held} ({sum(t.held_total for t in own)}) | {100 * share_seen:.1f} % "
        f"| lowest: {lowest[1]} {100 * lowest[0]:.0f} % |"
    )


MEANS = (
    ("GenEval-mini, mean of six", PROMPT_SETS),
    ("ImgEdit-mini, mean of nine", tuple(f"edit: {kind}" for kind in EDIT_KINDS)),
)


def full_table(rows: Rows) -> str:
    """All rows in the order of the test, then the means of each source."""
    order = [*PROMPT_SETS, HANDWRITTEN]
    place = {name: i for i, name in enumerate(order)}
    ordered = dict(sorted(rows.items(), key=lambda item: place.get(item[0][1], len(order))))
    sources = dict.fromkeys(source for source, _ in rows)
    means = [mean_line(rows, source, title, names) for source in sources for title, names in MEANS]
    return "\n".join([table(ordered), *(m for m in means if m)])


def score_run(run: Path, controls: bool, vae: str | None, each: int | None, workers: int = 1) -> str:
    """The table of all that RUN holds; writes RUN/table.md and the first pictures to RUN/sheet.png."""
    test, rows = load(), {}
    file = run / "manifest.json"
    manifest = json.loads(file.read_text()) if file.exists() else {}
    with Judges(workers) as judges:
        tiles = score_created(manifest.get("created", []), run, rows, judges)
        score_edited(manifest.get("edited", []), run, rows, judges)
        score_texts(manifest, test, rows)
        add_majority(rows, test)
        if controls:
            add_controls(rows, test, vae, each, judges)
    seeds = sorted({entry["seed"] for part in ("created", "edited") for entry in manifest.get(part, [])})
    text = f"{full_table(rows)}\n\nSeeds: {', '.join(map(str, seeds)) or 'none'}."
    run.mkdir(parents=True, exist_ok=True)
    (run / "table.md").write_text(text + "\n")
    if tiles:
        contact_sheet(tiles, run / "sheet.png")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    giving, scoring = verbs.add_parser("inputs"), verbs.add_parser("score")
    for own in (giving, scoring):
        own.add_argument("run", type=Path)
        own.add_argument("--each", type=int, help="only the first N of every set or kind (of inputs, of controls)")
    scoring.add_argument("--controls", action="store_true", help="also the rows that need no model")
    scoring.add_argument("--vae", help="a diffusers AutoencoderKL for the round-trip rows")
    scoring.add_argument("--workers", type=int, default=1, help="processes that score")
    options = parser.parse_args()
    one_quiet_thread(0)
    if options.verb == "inputs":
        write_inputs(options.run, options.each)
    else:
        print(score_run(options.run, options.controls, options.vae, options.each, options.workers))


if __name__ == "__main__":
    main()
