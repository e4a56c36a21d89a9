"""The way from an engine's pictures to the table, walked by an engine that knows every right picture."""

import argparse

import numpy as np
import pytest
from training import evaluate
from training.data.scenes import render
from training.scorer.prompts import load


class Oracle:
    """Looks each prompt up in the test; edits and answers likewise."""

    def __init__(self):
        prompts, edits, questions = load()
        self.pictures = {p.text: render(p.scene) for p in prompts[:1] + prompts[100:101]}
        self.targets = {e.text: render(e.target) for e in edits[:1]}
        self.answers = {q.text: q.answer for q in questions[:3]}

    def create(self, prompts: list[str], seeds: list[int]) -> list[np.ndarray]:
        return [self.pictures[text] for text in prompts]

    def edit_many(self, pictures: list[np.ndarray], instructions: list[str], seeds: list[int]) -> list[np.ndarray]:
        return [self.targets[text] for text in instructions]

    def answer_many(self, pictures: list[np.ndarray], questions: list[str]) -> list[str]:
        return [self.answers[text] for text in questions]


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> evaluate.Rows:
    run, oracle, (prompts, edits, questions) = tmp_path_factory.mktemp("run"), Oracle(), load()
    created = evaluate.make_pictures(oracle, prompts, [0, 100], 1, run)
    edited = evaluate.make_edits(oracle, edits, [0], 1, run)
    rows: evaluate.Rows = {}
    evaluate.score_created(created, prompts, run, rows)
    evaluate.score_edited(edited, edits, run, rows)
    evaluate.score_answered(evaluate.make_answers(oracle, questions, [0, 1, 2]), questions, rows)
    return rows


def test_an_engine_that_is_right_passes_everywhere(rows):
    right = {name: t for (source, name), t in rows.items() if source == "model"}
    assert {"single", "two", "edit: recolour", "edits, all", "questions, all"} <= set(right)
    assert all(t.passed == t.total > 0 for t in right.values())


def test_wrong_prompts_do_not_pass(rows):
    assert rows["model, wrong prompt", "all"].passed == 0


def test_the_first_of_each_set_are_picked():
    prompts, edits, _ = load()
    assert len(evaluate.picked(prompts, 3)) == 15
    assert evaluate.picked(edits, None) == list(range(120))


def test_a_run_without_pictures_has_an_empty_table(tmp_path, capsys):
    evaluate.score_run(argparse.Namespace(run=tmp_path, controls=False, vae=None))
    assert "scored" in capsys.readouterr().out and not (tmp_path / "sheet.png").exists()
