"""A checkpoint's flat tables give back factors that make the same tables."""

from pathlib import Path

import pytest
import torch

from training import restore
from training.networks.codes import CONTENT, CodeTables
from training.data import scenes

MODEL = Path("assets/model")


@pytest.fixture(scope="module")
def content() -> torch.Tensor:
    return torch.randn(scenes.CODES, CONTENT, generator=torch.Generator().manual_seed(0)) * CONTENT**-0.5


def test_factors_of_flat_tables(content: torch.Tensor) -> None:
    torch.manual_seed(1)
    embedding, head = CodeTables(content).flat()
    again = CodeTables(content)
    again.load_state_dict(restore.code_factors(embedding, head, content), strict=False)
    for made, wanted in zip(again.flat(), (embedding, head), strict=True):
        torch.testing.assert_close(made, wanted, atol=1e-4, rtol=0)


def test_the_shipped_model_fills_every_weight_of_the_learner(content: torch.Tensor) -> None:
    from training.train_sequences import Learner

    learner = Learner(content)
    left = learner.load_state_dict(restore.sequences(MODEL, content), strict=False)
    helpers = ("names", "paints", "parts", "grounds", "old_names", "old_parts", "meant", "cell_scale", "left", "left_names", "left_places")
    assert not left.unexpected_keys
    assert {k.split(".")[0] for k in left.missing_keys} - set(helpers) == {"codes"}
    assert [k for k in left.missing_keys if k.startswith("codes")] == ["codes.content", "codes.colours"]


def test_the_shipped_model_fills_every_weight_of_the_painter() -> None:
    from training.train_pictures import Painter

    left = Painter().load_state_dict(restore.pictures(MODEL), strict=False)
    assert not left.unexpected_keys
    assert all(k.startswith(("place.", "patch.")) for k in left.missing_keys)
