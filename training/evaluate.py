"""The table of a checkpoint: makes the frozen test's pictures and answers, then scores them.

    python -m training.evaluate table CHECKPOINT RUN [--seeds 1] [--each N]      both tests, made and scored
    python -m training.evaluate make CHECKPOINT RUN [--seeds 4] [--each N] [--parts create edit answer]
    python -m training.evaluate score RUN [--controls] [--vae FOLDER]
    python -m training.evaluate inputs RUN        pictures and texts for another engine to work on

The last three take `--test`: `pairs` (one or two things; the default) or `several` (one to four).

RUN is a folder: `manifest.json` (lists `created`, `edited`, `answered`) and the pictures it names. Any engine
can fill one: an entry of `created` is {"index", "seed", "file"}, of `edited` likewise, of `answered`
{"index", "text"}; index counts in `training/scorer/prompts.json` or `several.json`, and `inputs` writes what belongs
to it. A manifest's `test` names the test it was made for, `pairs` where it names none. Scoring never loads the model.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.scenes import SIDE, render
from training.scorer.frozen import DEFAULT, TESTS, FrozenTest
from training.scorer.prompts import EditCase, Prompt, QuestionCase
from training.scorer.report import Tally, contact_sheet, table
from training.scorer.score import answer_ok
from training.scorer.several_prompts import SeveralEdit
from training.train_common import one_quiet_thread

BATCH = 16
WRONG_SHIFT = 7
"""The wrong-prompt control scores a picture against the prompt this many places on in its set."""
SHEET, EDITS_EACH, GAP = 64, 3, 8
"""Pictures of the sheet of prompts, as many of each set; edits of each kind on the other, and pixels between before and after."""
Tile = tuple[np.ndarray, str, bool]
PARTS = ("create", "edit", "answer")
Edits = list[EditCase] | list[SeveralEdit]


def picked(items: list, each: int | None) -> list[int]:
    """Indices of the first `each` items of every set or kind; all without a limit."""
    counts: dict[str, int] = {}
    chosen = []
    for i, item in enumerate(items):
        name = item.set if isinstance(item, Prompt) else item.kind
        counts[name] = counts.get(name, 0) + 1
        if each is None or counts[name] <= each:
            chosen.append(i)
    return chosen


def _manifest(run: Path) -> dict:
    """What RUN already holds."""
    file = run / "manifest.json"
    return json.loads(file.read_text()) if file.exists() else {}


def made_for(manifest: dict) -> str:
    """The test that a RUN answers."""
    return manifest.get("test", DEFAULT)


# ---------------------------------------------------------------- make


def batches(jobs: list) -> list[list]:
    return [jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH)]


def make_pictures(model, prompts: list[Prompt], indices: list[int], seeds: int, run: Path) -> list[dict]:
    """Every prompt with seeds 1 to `seeds`."""
    jobs = [(i, seed) for seed in range(1, seeds + 1) for i in indices]
    made = []
    for batch in batches(jobs):
        pictures = model.create([prompts[i].text for i, _ in batch], [seed for _, seed in batch])
        for (i, seed), picture in zip(batch, pictures, strict=True):
            made.append({"index": i, "seed": seed, "file": f"create-{i:03d}-{seed}.png"})
            Image.fromarray(picture).save(run / made[-1]["file"])
    return made


def make_edits(model, edits: Edits, indices: list[int], seeds: int, run: Path) -> list[dict]:
    """Every instruction with seeds 1 to `seeds`, on the true source picture."""
    jobs = [(i, seed) for seed in range(1, seeds + 1) for i in indices]
    made = []
    for batch in batches(jobs):
        sources = [render(edits[i].source) for i, _ in batch]
        pictures = model.edit_many(sources, [edits[i].text for i, _ in batch], [seed for _, seed in batch])
        for (i, seed), picture in zip(batch, pictures, strict=True):
            made.append({"index": i, "seed": seed, "file": f"edit-{i:03d}-{seed}.png"})
            Image.fromarray(picture).save(run / made[-1]["file"])
    return made


def make_answers(model, questions: list[QuestionCase], indices: list[int]) -> list[dict]:
    made = []
    for batch in batches(indices):
        texts = model.answer_many([render(questions[i].scene) for i in batch], [questions[i].text for i in batch])
        made += [{"index": i, "text": text} for i, text in zip(batch, texts, strict=True)]
    return made


def make(options: argparse.Namespace) -> None:
    """Runs the checkpoint over the chosen parts of the test; parts made earlier in RUN stay."""
    from training.networks import load as load_model

    one_quiet_thread(0)
    prompts, edits, questions = TESTS[options.test].load()
    manifest = _manifest(options.run)
    if manifest and made_for(manifest) != options.test:
        raise SystemExit(f"{options.run} holds pictures of another test: choose another folder.")
    model, began = load_model(options.checkpoint), time.time()
    makers = {  # verb -> key of the manifest, entries
        "create": ("created", lambda: make_pictures(model, prompts, picked(prompts, options.each), options.seeds, options.run)),
        "edit": ("edited", lambda: make_edits(model, edits, picked(edits, options.each), options.seeds, options.run)),
        "answer": ("answered", lambda: make_answers(model, questions, picked(questions, options.each))),
    }
    options.run.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        name, maker = makers[part]
        made = maker()
        (options.run / "manifest.json").write_text(json.dumps(_manifest(options.run) | {"test": options.test, name: made}, indent=1))
        print(f"{name}: {len(made)}, {time.time() - began:.0f} s", flush=True)


def write_inputs(options: argparse.Namespace) -> None:
    """prompts.txt (a prompt a line), edit and question pictures, edits.json and questions.json."""
    prompts, edits, questions = TESTS[options.test].load()
    options.run.mkdir(parents=True, exist_ok=True)
    (options.run / "prompts.txt").write_text("".join(p.text + "\n" for p in prompts))
    for name, items in (("edits", edits), ("questions", questions)):
        listed = []
        for i, item in enumerate(items):
            picture = f"{name}-{i:03d}.png"
            Image.fromarray(render(item.source if name == "edits" else item.scene)).save(options.run / picture)
            listed.append({"index": i, "picture": picture, "text": item.text})
        (options.run / f"{name}.json").write_text(json.dumps(listed, indent=1))


# ---------------------------------------------------------------- score

Rows = dict[tuple[str, str], Tally]


def _tally(rows: Rows, source: str, name: str) -> Tally:
    return rows.setdefault((source, name), Tally())


def _wrong(prompts: list[Prompt], i: int) -> Prompt:
    """Another prompt of the same set that asks for other things."""
    others = [p for p in prompts if p.set == prompts[i].set]
    start = others.index(prompts[i]) + WRONG_SHIFT
    rotated = (others[(start + k) % len(others)] for k in range(len(others)))
    return next(p for p in rotated if p.request != prompts[i].request)


def score_created(test: FrozenTest, entries: list[dict], prompts: list[Prompt], run: Path, rows: Rows) -> list[Tile]:
    """Adds the model's rows and its wrong-prompt control; returns tiles for the sheet, the first of each set."""
    tiles: list[Tile] = []
    places = {name: len(range(i, SHEET, len(test.sheet))) for i, name in enumerate(test.sheet)}
    for entry in entries:
        prompt = prompts[entry["index"]]
        picture = np.asarray(Image.open(run / entry["file"]).convert("RGB"))
        seen = test.detect(picture)
        verdict = test.judge(picture, prompt.request, *seen)
        _tally(rows, "model", prompt.set).add(verdict.ok, prompt.held_out, verdict.checks)
        if entry["seed"] == 1:
            wrong = test.judge(picture, _wrong(prompts, entry["index"]).request, *seen)
            _tally(rows, "model, wrong prompt", "all").add(wrong.ok, prompt.held_out)
            if places.get(prompt.set, 0) > 0:
                places[prompt.set] -= 1
                tiles.append((picture, prompt.text, verdict.ok))
    return tiles


def score_edited(test: FrozenTest, entries: list[dict], edits: Edits, run: Path, rows: Rows) -> list[Tile]:
    """Adds the model's rows; returns tiles of before and after, the first of each kind."""
    tiles: dict[str, list[Tile]] = {}
    gap = np.full((SIDE, GAP, 3), 255, np.uint8)
    for entry in entries:
        e = edits[entry["index"]]
        before, after = render(e.source), np.asarray(Image.open(run / entry["file"]).convert("RGB"))
        verdict = test.score_edit(before, after, e)
        for name in (f"edit: {e.kind}", "edits, all"):
            _tally(rows, "model", name).add(verdict.ok, e.held_out, verdict.checks)
        tiles.setdefault(e.kind, []).append((np.concatenate([before, gap, after], 1), e.text, verdict.ok))
    return [tile for kind in tiles.values() for tile in kind[:EDITS_EACH]]


def score_answered(entries: list[dict], questions: list[QuestionCase], rows: Rows) -> None:
    """Exact match by kind, and what the most frequent answer of the kind would reach."""
    for entry in entries:
        q = questions[entry["index"]]
        ok = answer_ok(entry["text"], q.answer)
        for name in (f"question: {q.kind}", "questions, all"):
            _tally(rows, "model", name).add(ok, q.held_out)
    for entry in entries:
        q = questions[entry["index"]]
        answers = [x.answer for x in questions if x.kind == q.kind]
        usual = max(sorted(set(answers)), key=answers.count)
        _tally(rows, "most frequent answer", "questions, all").add(q.answer == usual, q.held_out)


def score_controls(test: FrozenTest, prompts: list[Prompt], edits: Edits, vae: str | None, rows: Rows) -> None:
    """Right pictures, the same through the VAE, and right pictures under wrong prompts and unedited."""
    through = {"ground truth": lambda picture: picture}
    if vae:
        from training.scorer.calibrate import vae_round_trip

        through["VAE round trip"] = vae_round_trip(vae)
    for source, damage in through.items():
        for i, p in enumerate(prompts):
            picture = damage(render(p.scene))
            seen = test.detect(picture)
            verdict = test.judge(picture, p.request, *seen)
            _tally(rows, source, "prompts, all").add(verdict.ok, p.held_out, verdict.checks)
            if source == "ground truth":
                wrong = test.judge(picture, _wrong(prompts, i).request, *seen)
                _tally(rows, "ground truth, wrong prompt", "prompts, all").add(wrong.ok, p.held_out)
        for e in edits:
            before, after = render(e.source), damage(render(e.target))
            verdict = test.score_edit(before, after, e)
            _tally(rows, source, "edits, all").add(verdict.ok, e.held_out, verdict.checks)
    for e in edits:
        before = render(e.source)
        verdict = test.score_edit(before, before, e)
        _tally(rows, "source left unedited", "edits, all").add(verdict.ok, e.held_out)


def score_run(options: argparse.Namespace) -> None:
    """Prints the table, writes it to RUN/table.md, the first pictures to RUN/sheet.webp and the first edits to RUN/edits.webp."""
    test, manifest = TESTS[options.test], _manifest(options.run)
    if manifest and made_for(manifest) != options.test:
        raise SystemExit(f"{options.run} was made for another test: score it with --test {made_for(manifest)}.")
    prompts, edits, questions = test.load()
    rows: Rows = {}
    tiles = score_created(test, manifest.get("created", []), prompts, options.run, rows)
    changes = score_edited(test, manifest.get("edited", []), edits, options.run, rows)
    score_answered(manifest.get("answered", []), questions, rows)
    if options.controls:
        score_controls(test, prompts, edits, options.vae, rows)
    print(table(rows))
    (options.run / "table.md").write_text(table(rows) + "\n")
    if tiles:
        contact_sheet(tiles, options.run / "sheet.webp", columns=8)
    if changes:
        contact_sheet(changes, options.run / "edits.webp", columns=3)


def both(options: argparse.Namespace) -> None:
    """Makes and scores each test in a folder of its name in RUN."""
    for test in TESTS:
        run = options.run / test
        make(argparse.Namespace(**vars(options) | {"run": run, "test": test, "parts": PARTS}))
        score_run(argparse.Namespace(run=run, test=test, controls=False, vae=None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    for verb, job, seeds in (("table", both, 1), ("make", make, 4)):
        making = verbs.add_parser(verb)
        making.add_argument("checkpoint", type=Path)
        making.add_argument("run", type=Path)
        making.add_argument("--seeds", type=int, default=seeds)
        making.add_argument("--each", type=int, help="only the first N of every set or kind")
        making.set_defaults(job=job)
    making.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    scoring = verbs.add_parser("score")
    scoring.add_argument("run", type=Path)
    scoring.add_argument("--controls", action="store_true", help="also the rows that need no model")
    scoring.add_argument("--vae", help="a diffusers AutoencoderKL for the round-trip row")
    scoring.set_defaults(job=score_run)
    giving = verbs.add_parser("inputs")
    giving.add_argument("run", type=Path)
    giving.set_defaults(job=write_inputs)
    for verb in (making, scoring, giving):
        verb.add_argument("--test", choices=tuple(TESTS), default=DEFAULT, help="one or two things, or one to four")
    options = parser.parse_args()
    options.job(options)


if __name__ == "__main__":
    main()
