"""The way from an engine's pictures to the table, walked by an engine that knows every right picture."""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training import evaluate
from training.data.scenes import render
from training.scorer.frozen import TESTS

SHIPPED = Path(__file__).parents[2] / "assets" / "model"
FIRST_TWO = {"pairs": {"single": 0, "two": 100}, "several": {"counting": 0, "two kinds": 60}}
"""test -> set -> index of a prompt."""


class Oracle:
    """Looks each prompt up in the test; edits and answers likewise."""

    def __init__(self, prompts: list, edits: list, questions: list, indices: list[int]):
        self.pictures = {prompts[i].text: render(prompts[i].scene) for i in indices}
        self.targets = {e.text: render(e.target) for e in edits[:1]}
        self.answers = {q.text: q.answer for q in questions[:3]}

    def create(self, prompts: list[str], seeds: list[int]) -> list[np.ndarray]:
        return [self.pictures[text] for text in prompts]

    def edit_many(self, pictures: list[np.ndarray], instructions: list[str], seeds: list[int]) -> list[np.ndarray]:
        return [self.targets[text] for text in instructions]

    def answer_many(self, pictures: list[np.ndarray], questions: list[str]) -> list[str]:
        return [self.answers[text] for text in questions]


@pytest.fixture(scope="module", params=tuple(TESTS))
def scored(request, tmp_path_factory) -> tuple[str, evaluate.Rows]:
    """The test's name and the rows of a run that is right everywhere."""
    run, test, indices = tmp_path_factory.mktemp("run"), TESTS[request.param], list(FIRST_TWO[request.param].values())
    prompts, edits, questions = test.load()
    oracle = Oracle(prompts, edits, questions, indices)
    created = evaluate.make_pictures(oracle, prompts, indices, 1, run)
    edited = evaluate.make_edits(oracle, edits, [0], 1, run)
    rows: evaluate.Rows = {}
    evaluate.score_created(test, created, prompts, run, rows)
    evaluate.score_edited(test, edited, edits, run, rows)
    evaluate.score_answered(evaluate.make_answers(oracle, questions, [0, 1, 2]), questions, rows)
    return request.param, rows


def test_an_engine_that_is_right_passes_everywhere(scored):
    name, rows = scored
    right = {name: t for (source, name), t in rows.items() if source == "model"}
    assert {*FIRST_TWO[name], "edit: recolour", "edits, all", "questions, all"} <= set(right)
    assert all(t.passed == t.total > 0 for t in right.values())


def test_wrong_prompts_do_not_pass(scored):
    _, rows = scored
    assert rows["model, wrong prompt", "all"].passed == 0


def test_the_first_of_each_set_are_picked():
    prompts, edits, _ = TESTS["pairs"].load()
    assert len(evaluate.picked(prompts, 3)) == 15
    assert evaluate.picked(edits, None) == list(range(120))


def test_a_run_without_pictures_has_an_empty_table(tmp_path, capsys):
    evaluate.score_run(argparse.Namespace(run=tmp_path, test="pairs", controls=False, vae=None))
    assert "scored" in capsys.readouterr().out and not (tmp_path / "sheet.webp").exists()


def test_pictures_and_edits_lie_on_sheets(tmp_path):
    """The first of each set and kind, edits beside what they were made of."""
    prompts, edits, _ = TESTS["pairs"].load()
    shown, changed = evaluate.picked(prompts, 1), evaluate.picked(edits, evaluate.EDITS_EACH + 1)
    entries = {"created": [], "edited": []}
    for part, indices, drawn in (("created", shown, [p.scene for p in prompts]), ("edited", changed, [e.target for e in edits])):
        for i in indices:
            entries[part].append({"index": i, "seed": 1, "file": f"{part}-{i}.png"})
            Image.fromarray(render(drawn[i])).save(tmp_path / f"{part}-{i}.png")
    (tmp_path / "manifest.json").write_text(json.dumps({"test": "pairs", **entries}))
    evaluate.score_run(argparse.Namespace(run=tmp_path, test="pairs", controls=False, vae=None))
    sheet, pairs = (np.asarray(Image.open(tmp_path / f"{name}.webp")) for name in ("sheet", "edits"))
    assert sheet.shape == (192 + 34, 8 * 192, 3)
    kinds = len({e.kind for e in edits})
    assert pairs.shape == (kinds * (192 + 34), 3 * (round(184 * (2 * 256 + evaluate.GAP) / 256) + 8), 3)
    first = render(edits[changed[0]].source)
    small = np.asarray(Image.fromarray(first).resize((184, 184), Image.LANCZOS)).astype(int)
    assert abs(pairs[4:188, 4:188].astype(int) - small).mean() < 4


def test_one_command_makes_and_scores_both_tests(tmp_path, capsys):
    """Of the shipped model, the first of every set and kind."""
    evaluate.both(argparse.Namespace(checkpoint=SHIPPED, run=tmp_path, seeds=1, each=1))
    said = capsys.readouterr().out
    for name, test in TESTS.items():
        prompts, edits, questions = test.load()
        made = json.loads((tmp_path / name / "manifest.json").read_text())
        assert [len(made[part]) for part in ("created", "edited", "answered")] == [
            len({of(item) for item in items})
            for items, of in ((prompts, lambda p: p.set), (edits, lambda e: e.kind), (questions, lambda q: q.kind))
        ]
        assert (tmp_path / name / "table.md").read_text() in said and (tmp_path / name / "sheet.webp").exists()
    passed = [float(share) for share in re.findall(r"\| model \| (?:single|counting) \| \*\*([\d.]+) %", said)]
    assert passed == [100.0, 100.0]


def test_pictures_of_one_test_are_not_scored_by_another(tmp_path):
    (tmp_path / "manifest.json").write_text('{"test": "several", "created": []}')
    with pytest.raises(SystemExit, match="--test several"):
        evaluate.score_run(argparse.Namespace(run=tmp_path, test="pairs", controls=False, vae=None))
