"""How often sampled plans hold exactly what was asked, and turns of conversations are answered rightly.

    python -m training.check_plans CHECKPOINT [--count 100] [--temperature T] [--only plans edits talks]

Prompts, edits and conversations are drawn with a seed of their own: none is the frozen test's. In a conversation the model
reads its own earlier answers.
"""

import argparse
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np

from .data import language, scenes
from .data.language import EDIT_KINDS, Caption, Edit, Question, Request
from .data.splits import in_training
from .data.tokenizer import Tokenizer
from .networks import load
from .networks.model import Model, Said, assert_codes
from .sequences import Sequences
from .train_common import one_quiet_thread
from .validate import objects, things

BATCH = 50
SEED = 4242


def unseen(scene: scenes.Scene) -> bool:
    return not in_training(scene)


def prompts(tokenizer: Tokenizer, count: int) -> dict[str, list[Caption]]:
    """Sets of captions by what they say."""
    seen, new = Sequences(tokenizer, SEED), Sequences(tokenizer, SEED + 1, unseen)
    rng = seen.rng

    def captions(two: float, allowed: Callable | None) -> list[Caption]:
        return [language.caption(scenes.sample(rng, two, allowed), rng) for _ in range(count)]

    def several(number: int, allowed: Callable | None = None) -> list[Caption]:
        return [language.caption(scenes.sample_several(rng, number, allowed), rng) for _ in range(count)]

    return {
        "one painted object": [seen.short()[1] for _ in range(count)],
        "one painted object, held-out colour": [new.short()[1] for _ in range(count)],
        "one object": captions(0.0, None),
        "two objects": captions(1.0, None),
        "two objects, held-out": captions(1.0, unseen),
        "none": several(0),
        "one, any size": several(1),
        "two, also of one class": several(2),
        "three": several(3),
        "three, held-out": several(3, unseen),
        "four": several(4),
        "four, held-out": several(4, unseen),
    }


def edits(rng: np.random.Generator, kind: str, held_out: bool, count: int) -> list[tuple[scenes.Scene, Edit]]:
    """(scene, edit); held out: of what the target holds."""
    found: list[tuple[scenes.Scene, Edit]] = []
    while len(found) < count:
        scene = scenes.sample_several(rng, allowed=unseen if kind == "background" and held_out else None)
        edit = language.edit(scene, rng, kind, allowed=unseen if held_out else in_training, tries=1)
        if edit:
            found.append((scene, edit))
    return found


def holds(codes: np.ndarray, asked: Request) -> bool:
    """Exactly the objects that were asked for, in the colours, at the places and to each other as was said."""
    found = objects(codes)
    return len(found) == len(asked.objects) and any(_answers(way, asked) for way in permutations(found))


def _answers(found: tuple[scenes.SceneObject, ...], asked: Request) -> bool:
    """Whether each object is what was asked for at its place in the list."""
    for o, wanted in zip(found, asked.objects, strict=True):
        if o.name != wanted.name or wanted.colour not in (None, o.colour) or wanted.place not in (None, o.place):
            return False
    return asked.relation is None or scenes.relation(found[0], found[1]) == asked.relation


def reaches(codes: np.ndarray, edit: Edit) -> bool:
    """Every object's cell is the target's, and no other is an object's; one whose place is open may lie anywhere."""
    rest = [o for i, o in enumerate(edit.target.objects) if i != edit.anywhere]
    wanted = scenes.codes(scenes.Scene(tuple(rest), edit.target.background))
    if edit.anywhere is not None:
        free = edit.target.objects[edit.anywhere]
        found = [o for o in objects(codes) if (o.name, o.tint) == (free.name, free.tint) and o not in rest]
        if len(found) != 1 or any(scenes.overlap(found[0], o) for o in rest):
            return False
        wanted = scenes.codes(scenes.Scene((*rest, found[0]), edit.target.background))
    cells = wanted < scenes.OBJECT_CODES
    return bool(((codes < scenes.OBJECT_CODES) == cells).all() and (codes[cells] == wanted[cells]).all())


def talks(rng: np.random.Generator, held_out: bool, count: int) -> list[tuple[scenes.Scene, list[Question]]]:
    """Scenes with conversations of three to five turns."""
    found: list[tuple[scenes.Scene, list[Question]]] = []
    while len(found) < count:
        scene = scenes.sample_several(rng, allowed=unseen if held_out else None)
        talk = language.conversation(scene, rng, int(rng.integers(3, language.LONGEST_TALK + 1)))
        if len(talk) >= 3:
            found.append((scene, talk))
    return found


def right_turns(model: Model, pairs: list[tuple[scenes.Scene, list[Question]]]) -> list[list[bool]]:
    """Which turns of each conversation are answered rightly."""
    chats: list[list[Said]] = [[] for _ in pairs]
    right: list[list[bool]] = [[] for _ in pairs]
    for k in range(language.LONGEST_TALK):
        going = [i for i, (_, talk) in enumerate(pairs) if len(talk) > k]
        for i in going:
            scene, talk = pairs[i]
            chats[i].append(Said(talk[k].text, [] if k else [scenes.render(scene)]))
        for part in (going[j : j + BATCH] for j in range(0, len(going), BATCH)):
            for i, answer in zip(part, model.reply_many([chats[i] for i in part]), strict=True):
                chats[i][-1].answer = answer
                right[i].append(answer == pairs[i][1][k].answer)
    return right


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("checkpoint", type=Path)
    ask.add_argument("--count", type=int, default=100, help="prompts of a set, edits of a kind")
    ask.add_argument("--temperature", type=float, help="in place of the checkpoint's own")
    ask.add_argument("--only", nargs="+", choices=("plans", "edits", "talks"), default=("plans", "edits", "talks"))
    a = ask.parse_args()
    one_quiet_thread(0)
    model = load(a.checkpoint)
    assert_codes(model)
    model.generation |= {} if a.temperature is None else {"temperature": a.temperature}

    def plans(texts: list[str], pictures: np.ndarray | None = None) -> np.ndarray:
        parts = [slice(i, i + BATCH) for i in range(0, len(texts), BATCH)]
        seeds = list(range(1, len(texts) + 1))
        return np.concatenate([model.plan(texts[p], seeds[p], None if pictures is None else pictures[p]) for p in parts])

    print("| asked | exactly | empty | n |\n|---|---|---|---|")
    for name, captions in prompts(model.tokenizer, a.count).items() if "plans" in a.only else ():
        made = plans([c.text for c in captions])
        right = np.mean([holds(codes, c.request) for codes, c in zip(made, captions, strict=True)])
        empty = np.mean([not things(codes) for codes in made])
        print(f"| {name} | {100 * right:.0f} % | {100 * empty:.0f} % | {a.count} |", flush=True)
    rng = np.random.default_rng(SEED)
    for kind in EDIT_KINDS if "edits" in a.only else ():
        for held_out in (False, True):
            pairs = edits(rng, kind, held_out, a.count)
            made = plans([e.text for _, e in pairs], np.stack([scenes.render(s) for s, _ in pairs]))
            right = np.mean([reaches(codes, e) for codes, (_, e) in zip(made, pairs, strict=True)])
            print(f"| edit: {kind}{', held-out' if held_out else ''} | {100 * right:.0f} % | – | {a.count} |", flush=True)
    for held_out in (False, True) if "talks" in a.only else ():
        right = right_turns(model, talks(np.random.default_rng(SEED + held_out), held_out, a.count))
        turns, whole = np.mean([turn for talk in right for turn in talk]), np.mean([all(talk) for talk in right])
        print(f"| conversations{', held-out' if held_out else ''}: turns / whole | {100 * turns:.0f} / {100 * whole:.0f} % | – | {a.count} |")


if __name__ == "__main__":
    main()
