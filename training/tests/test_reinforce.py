"""Reinforcement learning: what is rewarded becomes likelier, what is not does not, and the judge can see."""

import argparse
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from training import reinforce, verifier
from training.check_plans import edits
from training.data import language, scenes
from training.data.language import Request, RequestedObject
from training.data.splits import in_training
from training.networks import load
from training.networks.model import Model
from training.rewards import PLAN_SLACK, Lattice, SceneTask, Task, checks, close, creating, editing
from training.train_common import Average, advance
from training.verifier import Verifier, ground_names, plans_show, things

MODEL = Path("assets/model")
EDGE = 16
TOLD = "a star in the centre on a blue background"


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return load(MODEL)


@pytest.fixture(scope="module")
def tasks():
    rng = np.random.default_rng(2)
    made = [creating(scenes.sample_several(rng, count), rng) for count in range(scenes.MOST + 1) for _ in range(8)]
    return made + [editing(*pair) for kind in language.EDIT_KINDS for pair in edits(rng, kind, False, 5)]


def judged(made: scenes.Scene, task: SceneTask) -> dict[str, bool]:
    """What of a task the plan of a scene does."""
    return checks(plans_show(scenes.codes(made)[None]), 0, task, PLAN_SLACK)


GROUND = scenes.Background("white")


def apples(*things: tuple[str | None, int, int]) -> scenes.Scene:
    """Small ones by tint, row and column."""
    return scenes.Scene(tuple(scenes.SceneObject("apple", 2, row, column, tint) for tint, row, column in things), GROUND)


def asking(*objects: RequestedObject, relation: str | None = None) -> SceneTask:
    target = apples((None, 0, 0))
    return SceneTask("", scenes.codes(target), None, target, request=Request(objects, relation, ("white",)))


class Toy:
    """Plans are rewarded for the shade of the ground of one of the model's own, pictures for their brightness."""

    def __init__(self, model: Model):
        self.task = Task(TOLD, model.plan([TOLD], [1])[0], None)

    def tasks(self, rng: np.random.Generator, count: int, edits: bool) -> list[Task]:
        return [self.task] * count

    def plan_rewards(self, codes: np.ndarray, tasks: list[Task]) -> torch.Tensor:
        return torch.from_numpy((codes[:, 0, 0] == tasks[0].plan[0, 0]).astype(np.float32))

    def picture_rewards(self, pictures: np.ndarray, tasks: list[Task]) -> torch.Tensor:
        return torch.from_numpy(pictures.mean((1, 2, 3)).astype(np.float32) / 255)


def options(**changed) -> argparse.Namespace:
    values = {"samples": 12, "passes": 2, "temperature": 1.0, "clip": 0.2, "bind": 0.05, "steps": 2, "beta": 1.0}
    return argparse.Namespace(**(values | changed))


# ---------------------------------------------------------------- rewards


def test_plans_read_back_as_the_scenes_they_are_of(tasks) -> None:
    shown = plans_show(np.stack([t.plan for t in tasks]))
    for i, t in enumerate(tasks):
        found, stray = things(shown, i)
        assert {o for o, _ in found} == set(t.target.objects) and stray == 0
        assert (shown.grounds[i] == ground_names(t.target.background)).all()


def test_a_right_plan_earns_all_and_another_tasks_less(tasks) -> None:
    domain, plans = Lattice(Verifier()), np.stack([t.plan for t in tasks])
    assert (domain.plan_rewards(plans, tasks) == 1).all()
    assert (domain.plan_rewards(np.roll(plans, 1, 0), tasks) < 1).float().mean() > 0.9
    filled = [i for i, t in enumerate(tasks) if t.target.objects]
    holed = plans[filled]
    for plan in holed:
        plan[tuple(np.argwhere(plan < scenes.OBJECT_CODES)[0])] = plan[plan >= scenes.OBJECT_CODES][0]
    assert (domain.plan_rewards(holed, [tasks[i] for i in filled]) < 1).all()


def test_several_of_a_class_are_taken_for_one_another_as_fits_best() -> None:
    red, green, right = (RequestedObject("apple", c, p) for c, p in (("red", None), ("green", None), (None, "right")))
    mixed = apples((None, 0, 0), ("green", 3, 6))
    for asked in (asking(red, green), asking(green, red), asking(green, RequestedObject("apple")), asking(red, right), asking(right, red)):
        assert all(judged(mixed, asked).values())
    assert all(judged(mixed, asking(RequestedObject("apple"), RequestedObject("apple"), relation="right")).values())
    assert not judged(mixed, asking(green, green))["colour"] and not judged(mixed, asking(red, red))["colour"]
    assert not judged(mixed, asking(green, RequestedObject("apple", "red", "right")))["place"]
    assert not judged(mixed, asking(green, red, relation="left"))["place"]
    assert judged(mixed, asking(red, green, green)) == {"things": False, "colour": False, "place": False, "whole": True, "ground": True}
    assert not judged(apples((None, 0, 0), ("green", 3, 6), ("green", 6, 0)), asking(red, green))["things"]
    assert not judged(apples(), asking(red))["things"] and all(judged(apples(), asking()).values())
    assert not judged(mixed, asking())["things"]


def test_an_edit_left_undone_or_overdone_is_seen(tasks) -> None:
    edited, overdone = [t for t in tasks if t.source], 0
    for t in edited:
        assert not judged(t.source, t)["ground" if t.target.objects == t.source.objects else "target"]
        new = tuple(o for o in t.target.objects if o not in t.source.objects)
        if new != t.target.objects:
            assert not judged(scenes.Scene(new, t.target.background), t)["rest"]
            overdone += 1
        free = [(r, c) for r in (0, 3, 6) for c in (0, 3, 6)]
        more = (scenes.SceneObject("umbrella", 2, *at) for at in free)
        fits = [o for o in more if not any(scenes.overlap(o, x) for x in t.target.objects)]
        if fits:
            assert not judged(scenes.Scene((*t.target.objects, fits[0]), t.target.background), t)["rest"]
            overdone += 1
    assert overdone > len(edited)


def test_half_of_two_changes_and_one_left_of_those_to_go_are_seen() -> None:
    cat, star = scenes.SceneObject("cat", 4, 2, 2), scenes.SceneObject("star", 2, 0, 0, "green")
    apple, other = apples((None, 6, 0), (None, 6, 6)).objects
    scene = scenes.Scene((cat, star, apple, other), GROUND)
    without = editing(scene, language.Edit("remove", "", scenes.Scene((cat, star), GROUND), (2, 3)))
    assert all(judged(without.target, without).values())
    assert not judged(scenes.Scene((cat, star, other), GROUND), without)["target"]
    assert not judged(scenes.Scene((cat,), GROUND), without)["rest"]
    blue, away = scene.with_object(1, tint="blue"), scene.with_object(1, tint="blue").with_object(2, column=3)
    two = editing(scene, language.Edit("both", "", away, (1, 2)))
    assert all(judged(away, two).values()) and not judged(blue, two)["target"]


def test_what_may_lie_anywhere_is_looked_for_everywhere() -> None:
    cat, star = scenes.SceneObject("cat", 4, 2, 2), scenes.SceneObject("star", 2, 0, 0, "green")
    scene, target = scenes.Scene((cat,), GROUND), scenes.Scene((cat, star), GROUND)
    free, fixed = (editing(scene, language.Edit("add", "", target, (), at)) for at in (1, None))
    moved = target.with_object(1, row=6, column=6)
    assert all(judged(moved, free).values()) and not judged(moved, fixed)["target"]
    assert not judged(target.with_object(1, tint="blue"), free)["target"] and not judged(scene, free)["target"]
    assert not judged(scenes.Scene((cat, star, moved.objects[1]), GROUND), free)["rest"]
    beside = editing(scene, language.Edit("add", "", target, (), 1, True))
    assert scenes.relation(star, cat) == "left" and all(judged(target.with_object(1, row=6), beside).values())
    assert not judged(moved, beside)["target"]
    twin = scenes.Scene((star, moved.objects[1]), GROUND)
    again = editing(scenes.Scene((star,), GROUND), language.Edit("duplicate", "", twin, (), 1))
    assert all(judged(twin.with_object(1, column=3), again).values())
    assert not judged(scenes.Scene((star,), GROUND), again)["target"]


def test_a_plan_without_a_cell_of_its_ground_tells_none() -> None:
    cats = tuple(scenes.SceneObject("cat", 4, *at) for at in ((0, 0), (0, 4), (4, 0), (4, 4)))
    assert (plans_show(scenes.codes(scenes.Scene(cats, scenes.Background("red")))[None]).grounds == -1).all()


def test_tasks_hold_every_number_of_things_and_every_kind_of_edit() -> None:
    domain, rng = Lattice(Verifier()), np.random.default_rng(6)
    made, changed = domain.tasks(rng, 60, False), domain.tasks(rng, 60, True)
    assert {len(t.target.objects) for t in made} >= set(range(1, scenes.MOST + 1))
    assert all(in_training(t.target) and t.request and t.pictures is None for t in made)
    assert all(in_training(t.target) and t.source and t.pictures.shape == (1, 256, 256, 3) for t in changed)
    assert any(t.anywhere is not None for t in changed)
    grown = {len(t.target.objects) - len(t.source.objects) for t in changed}
    assert {-1, 0, 1} <= grown


def test_pixels_beside_the_wanted_ones_count() -> None:
    picture = np.full((256, 256, 3), 100, np.uint8)
    other = picture.copy()
    other[:64] += EDGE + 4
    assert close(picture, picture) == 1 and close(other, picture) == 0.75


# ---------------------------------------------------------------- verifier


def test_a_few_steps_of_the_verifier_beat_chance() -> None:
    torch.manual_seed(0)
    judge, rng = Verifier((16, 32, 64)), np.random.default_rng(5)
    steppers, average = verifier.steppers_of(judge, 3e-3, 0.03), Average(judge)
    drawn = verifier.drawn(rng, 48)
    pictures = torch.from_numpy(np.stack([scenes.render(s) for s in drawn]))
    held = slice(36, None)
    losses = [verifier.loss(judge, pictures[held], drawn[held]).item()]
    for _ in range(20):
        some = rng.integers(36, size=12)
        verifier.loss(judge, verifier.worn(pictures[some]), [drawn[i] for i in some]).backward()
        advance(judge, steppers, average)
    losses.append(verifier.loss(judge, pictures[held], drawn[held]).item())
    shown, _ = judge.read(pictures[held].numpy())
    named = np.mean([g == ground_names(s.background) for g, s in zip(shown.grounds, drawn[held], strict=True)])
    assert losses[1] < 0.85 * losses[0]
    assert named > 3 / 12


def test_likeness_of_a_scene_without_things_is_that_of_its_ground() -> None:
    empty, other = scenes.Scene((), GROUND), scenes.Scene((), scenes.Background("blue"))
    factors = [torch.from_numpy(x) for x in verifier.code_factors(scenes.codes(empty)[None])]
    sizes = (verifier.NO_THING, verifier.NO_PAINT, verifier.NO_PART)
    cells = [20.0 * torch.nn.functional.one_hot(x, n + 1).permute(0, 3, 1, 2) for x, n in zip(factors, sizes, strict=True)]
    ends = 20.0 * torch.nn.functional.one_hot(torch.from_numpy(ground_names(GROUND)), 12).T[None]
    guess = verifier.Guess(*cells, ends)
    assert verifier.likeness(guess, [empty]).item() > 0.99
    assert abs(verifier.likeness(guess, [other]).item() - 0.5) < 0.01


def test_cells_that_agree_make_a_thing_though_some_do_not() -> None:
    scene = scenes.Scene((scenes.SceneObject("car", 4, 2, 3, "green"),), scenes.Background("white"))
    shown = plans_show(scenes.codes(scene)[None])
    shown.names[0, 2, 3] = shown.names[0, 2, 4] = verifier.NO_THING
    ((thing, share),), stray = things(shown, 0)
    assert thing == scene.objects[0] and share == 14 / 16 and stray == 0
    shown.names[0, 3:, 3:] = verifier.NO_THING
    assert things(shown, 0)[0] == []


# ---------------------------------------------------------------- plans


def test_groups_without_a_difference_teach_nothing() -> None:
    gains = reinforce.relative(torch.tensor([[1.0, 1.0, 1.0], [0.0, 1.0, 0.5]]))
    assert (gains[0] == 0).all() and gains[1, 1] > 0 > gains[1, 0] and gains[1, 2].abs() < 1e-6


def test_a_rewarded_choice_becomes_likelier_and_the_bound_holds_it_back() -> None:
    def learned(bind: float) -> float:
        torch.manual_seed(1)
        logits = torch.zeros(1, 5, requires_grad=True)
        stepper = torch.optim.SGD([logits], lr=1.0)
        for _ in range(40):
            old = logits.detach().log_softmax(-1)[0]
            drawn = torch.multinomial(old.exp(), 32, replacement=True)
            gains = reinforce.relative((drawn == 3).float()[None])[0]
            for _ in range(2):
                new = logits.log_softmax(-1)[0][drawn][:, None]
                start = torch.full_like(new, 0.2).log()
                loss, _ = reinforce.policy_loss(new, old[drawn][:, None], start, gains, 0.2, bind)
                stepper.zero_grad()
                loss.backward()
                stepper.step()
        return logits.softmax(-1)[0, 3].item()

    free, bound = learned(0.0), learned(2.0)
    assert free > 0.9
    assert 0.2 < bound < 0.7


def test_the_models_own_plans_follow_a_toy_reward(model: Model) -> None:
    torch.manual_seed(3)
    model = copied(model)
    domain, start = Toy(model), deepcopy(model.text).requires_grad_(False)
    reinforce.train_only(model.text, reinforce.EXPERTS)
    stepper, average = torch.optim.AdamW([p for p in model.text.parameters() if p.requires_grad], lr=1e-3), Average(model.text)
    wanted = domain.tasks(np.random.default_rng(0), 1, False)
    asked = reinforce.prompted(model, wanted).picked([0] * 16)
    plans = reinforce.generate_codes(model.text, model.table, model.head, asked.prompts, temperature=1.0)
    good = domain.plan_rewards(plans, wanted) == 1
    assert 0 < good.sum() < 16

    @torch.no_grad()
    def chances() -> torch.Tensor:
        return reinforce.log_chances(model.text, model, asked, torch.from_numpy(plans), 1.0).sum(1)

    before = chances()
    for _ in range(2):
        figures = reinforce.plan_step(model, start, domain, wanted, lambda: advance(model.text, [stepper], average), options())
    gained = chances() - before
    assert gained[good].mean() > gained[~good].mean() + 0.5
    assert 0 < figures["kl"] < 0.2
    changed = {n for n, p in model.text.named_parameters() if not torch.equal(p, dict(start.named_parameters())[n])}
    assert changed and all(reinforce.EXPERTS in n for n in changed)


def copied(model: Model) -> Model:
    """The same networks with a text decoder and a diffusion transformer of their own."""
    other = object.__new__(Model)
    other.__dict__ |= model.__dict__ | {"text": deepcopy(model.text), "dit": deepcopy(model.dit)}
    return other


# ---------------------------------------------------------------- pictures


def test_the_gradient_points_to_what_was_rewarded_and_away_from_what_was_not() -> None:
    torch.manual_seed(4)
    old, velocity = torch.randn(3, 8, 4, 4), torch.randn(3, 8, 4, 4)
    new = old.clone().requires_grad_(True)
    reinforce.nft_loss(new, old, velocity, torch.tensor([1.0, 0.0, 0.5]), beta=1.0).backward()
    downhill = -(new.grad * (velocity - old)).flatten(1).sum(1)
    assert downhill[0] > 0 > downhill[1]
    assert downhill[2].abs() < 1e-6


def test_a_policy_of_two_pictures_learns_the_rewarded_one() -> None:
    velocity = torch.stack([torch.full((8, 4, 4), 1.0), torch.full((8, 4, 4), -1.0)])
    old, rewards = torch.zeros(1, 8, 4, 4), torch.tensor([1.0, 0.0])
    new = old.clone().requires_grad_(True)
    for _ in range(50):
        (slope,) = torch.autograd.grad(reinforce.nft_loss(new.expand_as(velocity), old.expand_as(velocity), velocity, rewards, 1.0), new)
        new = (new - 3 * slope).detach().requires_grad_(True)
    assert new.mean() > 0.5


def test_a_step_of_pictures_changes_the_diffusion_transformer_alone(model: Model) -> None:
    model = copied(model)
    domain = Toy(model)
    old, text = deepcopy(model.dit).requires_grad_(False), deepcopy(model.text)
    stepper, average = torch.optim.AdamW(model.dit.parameters(), lr=1e-4), Average(model.dit)
    task = domain.tasks(np.random.default_rng(0), 1, False)
    figures = reinforce.picture_step(model, old, domain, task, lambda: advance(model.dit, [stepper], average), options(samples=2, passes=1))
    assert np.isfinite(figures["loss"]) and figures["spread"] > 0
    assert not torch.equal(model.dit.norm_out.linear_2.weight, old.norm_out.linear_2.weight)
    assert all(torch.equal(a, b) for a, b in zip(model.text.parameters(), text.parameters(), strict=True))


# ---------------------------------------------------------------- the loop


def test_what_was_learned_is_shipped_alone_and_a_stopped_phase_goes_on(model: Model, tmp_path: Path) -> None:
    text, steps = deepcopy(model.text), []
    reinforce.train_only(text, reinforce.EXPERTS)

    def step_of(rng, step, move) -> dict[str, float]:
        steps.append(step)
        sum(p.sum() for p in text.parameters() if p.requires_grad).backward()
        move()
        return {"reward": 1.0}

    a = argparse.Namespace(minutes=0.01, seed=0)
    for _ in range(2):
        reinforce.learn(tmp_path / "plans", text, Average(text), 1e-3, a, step_of)
    assert steps == list(range(len(steps)))
    new, own = (load_file(f / "model.safetensors") for f in (reinforce.ship(tmp_path, MODEL), MODEL))
    changed = {k for k in own if not torch.equal(own[k], new[k])}
    assert changed and changed == {k for k in own if reinforce.EXPERTS in k}
    assert reinforce.start_of("plans", tmp_path, MODEL) == MODEL
    assert reinforce.start_of("pictures", tmp_path, MODEL) == tmp_path / "model"
