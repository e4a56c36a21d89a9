"""What reinforcement learning asks of a domain, and the shipped domain's answer: tasks and how well they were done.

    python -m training.rewards CHECKPOINT --verifier FOLDER [--count 24]

prints how many plans and pictures of a checkpoint do what was asked, on tasks of their own seed: half of them hold a
combination that training never sees. Plans are read as they stand, pictures by `verifier`.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from .check_plans import edits, unseen
from .data import language, scenes
from .data.language import EDIT_KINDS, Request
from .data.scenes import Scene, SceneObject
from .networks import load
from .networks.model import assert_codes
from .sequences import EDIT_SHARES
from .train_common import one_quiet_thread
from .verifier import Shown, Verifier, ground_names, likeness, load_verifier, plans_show, things


@dataclass
class Task:
    """A prompt, or an instruction about pictures [k, 256, 256, 3]; plan: codes [rows, columns] of a picture that is right."""

    text: str
    plan: np.ndarray
    pictures: np.ndarray | None


T = TypeVar("T", bound=Task)


class Domain(Protocol[T]):
    """Tasks to practise on and the reward of what was made of them."""

    def tasks(self, rng: np.random.Generator, count: int, edits: bool) -> list[T]: ...

    def plan_rewards(self, codes: np.ndarray, tasks: list[T]) -> Tensor:
        """codes [b, rows, columns] -> [b] in 0..1."""
        ...

    def picture_rewards(self, pictures: np.ndarray, tasks: list[T]) -> Tensor:
        """uint8 [b, 256, 256, 3] -> [b] in 0..1."""
        ...


# ---------------------------------------------------------------- the shipped domain


@dataclass
class SceneTask(Task):
    """target: a scene that is right. A prompt has a `request`; an edit has a source, `anywhere` and `beside` (`language.Edit`)."""

    target: Scene
    request: Request | None = None
    source: Scene | None = None
    anywhere: int | None = None
    beside: bool = False


def creating(scene: Scene, rng: np.random.Generator) -> SceneTask:
    said = language.caption(scene, rng)
    return SceneTask(said.text, scenes.codes(scene), None, scene, request=said.request)


def editing(scene: Scene, edit: language.Edit) -> SceneTask:
    picture = scenes.render(scene)[None]
    return SceneTask(edit.text, scenes.codes(edit.target), picture, edit.target, None, scene, edit.anywhere, edit.beside)


PLAN_SLACK, PICTURE_SLACK = 0.0, 0.4
"""Share of a thing's cells that may say something else."""


def checks(shown: Shown, i: int, task: SceneTask, slack: float) -> dict[str, bool]:
    """What of the task picture i does. whole: every thing is all there and nothing else is."""
    found, stray = things(shown, i)
    made = [o for o, _ in found]
    whole = all(share >= 1 - slack for _, share in found) and stray <= slack * sum(o.size**2 for o in made)
    said = _edit_checks(made, task) if task.request is None else _request_checks(made, task.request)
    wanted = ground_names(task.target.background)
    if task.request is not None and task.request.background is None:
        grounded = bool((shown.grounds[i] >= 0).all())
    else:
        grounded = bool((shown.grounds[i] == wanted).all())
    return {**said, "whole": whole, "ground": grounded}


Assignment = tuple[SceneObject | None, ...]
"""What stands for each thing asked for, None where there is nothing left."""


def _assignments(made: list[SceneObject], names: list[str]) -> Iterator[Assignment]:
    """Every way to take things that were made for those of the same name that were asked for."""
    if not names:
        yield ()
        return
    for o in [o for o in made if o.name == names[0]] or [None]:
        left = [x for x in made if x is not o]
        yield from ((o, *others) for others in _assignments(left, names[1:]))


def _met(taken: Assignment, request: Request) -> dict[str, list[bool]]:
    """Which of the colours and of the places that were said are right, the relation of two being a place."""
    pairs = list(zip(taken, request.objects, strict=True))
    places = [o is not None and said.place in (None, o.place) for o, said in pairs]
    if request.relation:
        places.append(None not in taken and scenes.relation(*taken) == request.relation)
    return {"colour": [o is not None and said.colour in (None, o.colour) for o, said in pairs], "place": places}


def _request_checks(made: list[SceneObject], request: Request) -> dict[str, bool]:
    """Exactly the things that were asked for, each as and where it was asked, taken for one another as fits best."""
    names = [o.name for o in request.objects]
    ways = (_met(taken, request) for taken in _assignments(made, names))
    met = max(ways, key=lambda m: sum(sum(right) for right in m.values()))
    exactly = Counter(o.name for o in made) == Counter(names)
    return {"things": exactly, **{what: all(right) for what, right in met.items()}}


def _edit_checks(made: list[SceneObject], task: SceneTask) -> dict[str, bool]:
    """What is new as in the target, what goes gone, the others as they were, and no more of them."""
    wanted, before = task.target.objects, task.source.objects
    fixed = [o for i, o in enumerate(wanted) if i != task.anywhere]
    new, gone = [o for o in fixed if o not in before], [o for o in before if o not in wanted]
    placed = task.anywhere is None or any(_stands_for(o, task) for o in made if o not in fixed)
    return {
        "target": placed and all(o in made for o in new) and not any(o in made for o in gone),
        "rest": all(o in made for o in fixed if o in before) and len(made) == len(wanted),
    }


def _stands_for(o: SceneObject, task: SceneTask) -> bool:
    """Whether it is the thing that may lie anywhere, on the side of the other one that was said."""
    wanted = task.target.objects
    alike = (o.name, o.tint) == (wanted[task.anywhere].name, wanted[task.anywhere].tint)
    return alike and (not task.beside or scenes.relation(wanted[0], o) == scenes.relation(*wanted))


def close(picture: np.ndarray, wanted: np.ndarray) -> float:
    """Share of the pixels within 16 grey levels of those wanted: edges are sharp, what an edit keeps stays."""
    away = np.abs(picture.astype(int) - wanted).max(-1)
    return float((away < 16).mean())


class Lattice:
    """Up to four things on the lattice. A plan earns half for the share of its checks, half for all of them.

    A picture earns alike for all of its checks, for how sure the verifier is of the target, and for how close it is.
    """

    def __init__(self, verifier: Verifier):
        self.verifier = verifier

    def tasks(self, rng: np.random.Generator, count: int, edits: bool) -> list[SceneTask]:
        if not edits:
            return [creating(scenes.sample_several(rng), rng) for _ in range(count)]
        made: list[SceneTask] = []
        while len(made) < count:
            scene = scenes.sample_several(rng)
            edit = language.edit(scene, rng, str(rng.choice(list(EDIT_SHARES), p=list(EDIT_SHARES.values()))))
            if edit:
                made.append(editing(scene, edit))
        return made

    def plan_rewards(self, codes: np.ndarray, tasks: list[SceneTask]) -> Tensor:
        shown = plans_show(codes)
        every = [list(checks(shown, i, task, PLAN_SLACK).values()) for i, task in enumerate(tasks)]
        return torch.tensor([(np.mean(e) + all(e)) / 2 for e in every], dtype=torch.float32)

    def picture_rewards(self, pictures: np.ndarray, tasks: list[SceneTask]) -> Tensor:
        shown, guess = self.verifier.read(pictures)
        sure = likeness(guess, [t.target for t in tasks]).tolist()
        rewards = [
            np.mean([all(checks(shown, i, task, PICTURE_SLACK).values()), share, close(pictures[i], scenes.render(task.target))])
            for i, (task, share) in enumerate(zip(tasks, sure, strict=True))
        ]
        return torch.tensor(rewards, dtype=torch.float32)


# ---------------------------------------------------------------- how well a checkpoint does

SEED = 5151
BATCH = 24
LINE = "| {} | {:.1%} | {:.1%} | {:.2%} | {} |"


def trials(count: int) -> dict[str, list[SceneTask]]:
    """Sets of tasks, each with and without a combination that training never sees."""
    rng = np.random.default_rng(SEED)
    allowed: dict[str, Callable | None] = {"": None, ", held-out": unseen}
    sets = {f"create{k}": [creating(scenes.sample_several(rng, allowed=f), rng) for _ in range(count)] for k, f in allowed.items()}
    for kind in EDIT_KINDS:
        sets |= {f"{kind}{k}": [editing(*pair) for pair in edits(rng, kind, f is not None, count)] for k, f in allowed.items()}
    return sets


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("checkpoint", type=Path)
    ask.add_argument("--verifier", type=Path, required=True)
    ask.add_argument("--count", type=int, default=24, help="tasks of a set")
    a = ask.parse_args()
    one_quiet_thread(0)
    model, verifier = load(a.checkpoint), load_verifier(a.verifier)
    assert_codes(model)
    print("| asked | plans right | pictures right | pixels as planned | n |\n|---|---|---|---|---|")
    rows = []
    for name, tasks in trials(a.count).items():
        right: list[tuple[bool, bool]] = []
        alike: list[float] = []
        for start in range(0, len(tasks), BATCH):
            some = tasks[start : start + BATCH]
            texts, seeds = [t.text for t in some], list(range(start + 1, start + 1 + len(some)))
            given = None if some[0].pictures is None else np.stack([t.pictures for t in some])
            codes = model.plan(texts, seeds, given)
            pictures = model.paint(texts, codes, seeds, given)
            plans, (shown, _) = plans_show(codes), verifier.read(pictures)
            for i, t in enumerate(some):
                right.append((all(checks(plans, i, t, PLAN_SLACK).values()), all(checks(shown, i, t, PICTURE_SLACK).values())))
            alike += [close(p, scenes.render_codes(k)) for p, k in zip(pictures, codes, strict=True)]
        rows.append([*np.mean(right, 0), np.mean(alike)])
        print(LINE.format(name, *rows[-1], len(tasks)), flush=True)
    print(LINE.format("mean", *np.mean(rows, 0), len(rows) * a.count))


if __name__ == "__main__":
    main()
