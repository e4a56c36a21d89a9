"""The third phase: reinforcement learning of a checkpoint's plans and of its pictures, by the clock.

    python -m training.reinforce OUT --model assets/model --verifier FOLDER --phases plans pictures --minutes 15

plans: of each prompt several plans are sampled; those that do better than their group become likelier (clipped policy
gradient, bound to the start by the KL divergence). Only the generation experts learn: answers cannot change.
pictures: DiffusionNFT (arXiv 2509.16117) on the diffusion transformer. Of each true plan several pictures are drawn in
few steps by the old policy, a moving average of the new; at a random time of the forward process the new one is pulled
towards pictures that did better than their group and pushed away from the others.

OUT/model becomes the checkpoint with what was learned, after each phase. Pictures start from OUT's plans where there are
any. Both phases take turns of creating and editing. A phase that was stopped goes on.
"""

import argparse
import shutil
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .conditions import Conditions, conditions
from .export import written
from .networks import load
from .networks.decoder import TextDecoder
from .networks.decoding import Decoding, generate_codes, plan_ids
from .networks.dit import DiT
from .networks.model import Model, assert_codes
from .networks.sampler import denoise
from .painting import NOISY
from .rewards import Domain, Lattice, Task
from .train_common import Average, Clock, Log, advance, half_precision, keep, one_quiet_thread, resume, save, scale_rates, train_only
from .verifier import load_verifier

EXPERTS = "gen_mlp"
CHUNK = 32
"""Plans whose gradients are computed at once."""
Figures = dict[str, float]


def relative(rewards: Tensor) -> Tensor:
    """How much better than its group each sample did, in spreads of the whole batch; rewards [groups, samples]."""
    away = rewards - rewards.mean(1, keepdim=True)
    return away / (away.square().mean().sqrt() + 1e-6)


# ---------------------------------------------------------------- plans


@dataclass
class Prompted:
    """Prompts, each with what is seen of its pictures: tokens [k, 64, H] and DeepStack features, or nothing."""

    prompts: list[list[int]]
    seen: tuple[Tensor, list[Tensor]] | None

    def picked(self, rows: list[int]) -> "Prompted":
        prompts = [self.prompts[i] for i in rows]
        if self.seen is None:
            return Prompted(prompts, None)
        tokens, deep = self.seen
        each = len(tokens) // len(self.prompts)
        at = torch.tensor([i * each + k for i in rows for k in range(each)])
        return Prompted(prompts, (tokens[at], [d[at] for d in deep]))


def prompted(model: Model, tasks: list[Task]) -> Prompted:
    """All tasks are about the same number of pictures."""
    given = None if tasks[0].pictures is None else np.concatenate([t.pictures for t in tasks])
    with torch.no_grad():
        seen = None if given is None else model.seen(given)
    return Prompted(model.prompts([t.text for t in tasks], 0 if given is None else len(given) // len(tasks)), seen)


@half_precision()
def log_chances(text: TextDecoder, model: Model, asked: Prompted, codes: Tensor, temperature: float) -> Tensor:
    """Log-probability [b, rows * columns] of each code of plans [b, rows, columns] as `text` would sample it."""
    grid = model.layout
    answers = plan_ids(codes.numpy(), grid)[:, :-1].tolist()
    rows = Decoding(text, model.table, [p + a for p, a in zip(asked.prompts, answers, strict=True)], asked.seen, layout=grid)
    at = torch.arange(grid.length).view(grid.rows, -1)[:, :-1].flatten() - grid.length
    logits = (text.norm(rows.states[-1][:, at]) @ model.head[8:].T).float() / temperature
    return logits.log_softmax(-1).gather(-1, codes.flatten(1)[..., None])[..., 0]


def policy_loss(new: Tensor, old: Tensor, start: Tensor, advantages: Tensor, clip: float, bind: float) -> tuple[Tensor, Tensor]:
    """Log-probabilities [b, n] under three policies, advantages [b] -> clipped loss with the bound, and the divergence.

    The divergence from the start is estimated on the samples: exp(d) - d - 1, d = start - new.
    """
    ratio, gain = (new - old).exp(), advantages[:, None]
    better = torch.minimum(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)
    away = start - new
    divergence = (away.exp() - away - 1).mean()
    return bind * divergence - better.mean(), divergence.detach()


def plan_step(model: Model, start: TextDecoder, domain: Domain, tasks: list[Task], move: Callable, a: argparse.Namespace) -> Figures:
    """Samples, rewards and learns one batch. `move` steps along the gradients that are there."""
    asked, rows = prompted(model, tasks), [i for i in range(len(tasks)) for _ in range(a.samples)]
    every = asked.picked(rows)
    codes = generate_codes(model.text, model.table, model.head, every.prompts, every.seen, a.temperature, layout=model.layout)
    rewards = domain.plan_rewards(codes, [tasks[i] for i in rows]).view(-1, a.samples)
    gains = relative(rewards).flatten()
    figures = {"reward": rewards.mean().item(), "perfect": (rewards == 1).float().mean().item()}
    live = [i for i, g in enumerate(gains.tolist()) if g != 0]
    parts = [live[i : i + CHUNK] for i in range(0, len(live), CHUNK)]
    batches = [(every.picked(p), torch.from_numpy(codes[p]), gains[p]) for p in parts]
    with torch.no_grad():
        before = [[log_chances(t, model, b, k, a.temperature) for t in (model.text, start)] for b, k, _ in batches]
    away = [0.0]
    for _ in range(a.passes if live else 0):
        away = []
        for (some, plans, gain), (old, first) in zip(batches, before, strict=True):
            new = log_chances(model.text, model, some, plans, a.temperature)
            loss, divergence = policy_loss(new, old, first, gain, a.clip, a.bind)
            (loss * len(plans) / len(live)).backward()
            away.append(divergence.item())
        move()
    return figures | {"live": len(live) / len(rows), "kl": float(np.mean(away))}


# ---------------------------------------------------------------- pictures


def nft_loss(new: Tensor, old: Tensor, velocity: Tensor, rewards: Tensor, beta: float) -> Tensor:
    """DiffusionNFT's loss of velocities [b, c, h, w] for rewards [b] in 0..1.

    The policy that is learned mixes with the old one to a positive policy, which shall draw what was rewarded, and to a
    negative one, which shall draw the rest. Each error is divided by its own size, so that all times weigh alike.
    """

    def error(guess: Tensor) -> Tensor:
        away = (guess - velocity).flatten(1)
        return away.square().mean(1) / away.detach().abs().mean(1).clamp_min(1e-5)

    positive, negative = error(old.lerp(new, beta)), error(old.lerp(new, -beta))
    return (rewards * positive + (1 - rewards) * negative).mean()


@dataclass
class Scenery:
    """What the diffusion transformer gets beside noise and time: conditions and reference latents [b, 8, h, w]."""

    condition: Conditions
    references: list[Tensor] | None

    def __call__(self, dit: DiT, x: Tensor, t: Tensor) -> Tensor:
        c = self.condition
        with half_precision():
            queries, _ = dit.time_caption_embed.image_embedder(c.image)
            return dit(x, t, c.text, queries, c.text_mask, self.references).float()

    def drawn(self, dit: DiT, noise: Tensor, steps: int) -> Tensor:
        c = self.condition
        with torch.no_grad(), half_precision():
            queries, _ = dit.time_caption_embed.image_embedder(c.image)
            return denoise(dit, noise, c.text, c.text_mask, queries, references=self.references, steps=steps).float()


def scenery(model: Model, tasks: list[Task], samples: int) -> Scenery:
    """Each task's true plan and pictures, `samples` times."""
    count = 0 if tasks[0].pictures is None else len(tasks[0].pictures)
    answers = plan_ids(np.stack([t.plan for t in tasks]), model.layout).tolist()
    said = conditions(model.text, model.table, model.prompts([t.text for t in tasks], count), answers, model.layout)
    references = [model.vae.encode(np.stack([t.pictures[k] for t in tasks])) for k in range(count)]
    again = lambda x: x.repeat_interleave(samples, 0)  # noqa: E731
    return Scenery(Conditions(again(said.text), again(said.text_mask), again(said.image)), [again(r) for r in references] or None)


def picture_step(model: Model, old: DiT, domain: Domain, tasks: list[Task], move: Callable, a: argparse.Namespace) -> Figures:
    """Draws with the old policy, rewards and learns one batch. `move` steps along the gradients that are there."""
    view = scenery(model, tasks, a.samples)
    latents = view.drawn(old, torch.randn(len(tasks) * a.samples, 8, 32, 32), a.steps)
    pictures = np.concatenate([model.vae.decode(z) for z in latents.split(8)])
    raw = domain.picture_rewards(pictures, [t for t in tasks for _ in range(a.samples)]).view(-1, a.samples)
    rewards = (0.5 + 0.5 * relative(raw).clamp(-1, 1)).flatten()
    losses = []
    for _ in range(a.passes):
        t, noise = torch.sigmoid(torch.randn(len(latents)) + NOISY), torch.randn_like(latents)
        mixed = noise.lerp(latents, t[:, None, None, None])
        with torch.no_grad():
            known = view(old, mixed, t)
        loss = nft_loss(view(model.dit, mixed, t), known, latents - noise, rewards, a.beta)
        loss.backward()
        move()
        losses.append(loss.item())
    spread = (raw - raw.mean(1, keepdim=True)).square().mean().sqrt().item()
    return {"reward": raw.mean().item(), "spread": spread, "loss": float(np.mean(losses))}


# ---------------------------------------------------------------- the loop


def learn(folder: Path, network: nn.Module, average: Average, lr: float, a: argparse.Namespace, step_of: Callable) -> None:
    """step_of(rng, step, move) -> figures, until the time is over; leaves folder/average.pt."""
    folder.mkdir(parents=True, exist_ok=True)
    steppers = [torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=lr, betas=(0.9, 0.95), weight_decay=0.0)]
    clock = Clock(time.time() + 60 * a.minutes, warm=5)
    run = (folder / "latest.pt", network, average, steppers, clock)
    step, log = resume(*run), Log(folder / "log.jsonl")
    log(learning=sum(p.numel() for p in network.parameters() if p.requires_grad), **{k: str(v) for k, v in vars(a).items()})
    rng = np.random.default_rng(a.seed + step)
    torch.manual_seed(a.seed + step)
    saved, figures = time.time(), []
    while clock.share < 1:
        scale_rates(steppers, [lr], clock.factor(step))
        made = step_of(rng, step, lambda: advance(network, steppers, average))
        figures.append({k + ("_e" if step % 2 else ""): v for k, v in made.items()})
        step += 1
        if step % 10 == 0:
            names = sorted({k for f in figures for k in f})
            log(step=step, pace=(time.time() - saved) / 10 if len(figures) == 10 else 0.0,
                **{k: float(np.mean([f[k] for f in figures if k in f])) for k in names})  # fmt: skip
            keep(*run, step)
            saved, figures = time.time(), []
    keep(*run, step)
    save(folder / "average.pt", **average.values)


def learn_plans(folder: Path, model: Model, domain: Domain, a: argparse.Namespace) -> None:
    start = deepcopy(model.text).requires_grad_(False)
    train_only(model.text, EXPERTS)

    def step_of(rng: np.random.Generator, step: int, move: Callable) -> Figures:
        return plan_step(model, start, domain, domain.tasks(rng, a.prompts, step % 2 == 1), move, a)

    learn(folder, model.text, Average(model.text), a.lr_plans, a, step_of)
    model.text.requires_grad_(False)


def learn_pictures(folder: Path, model: Model, domain: Domain, a: argparse.Namespace) -> None:
    old, average = deepcopy(model.dit).requires_grad_(False), Average(model.dit, decay=0.9)

    def step_of(rng: np.random.Generator, step: int, move: Callable) -> Figures:
        old.load_state_dict(average.values)
        return picture_step(model, old, domain, domain.tasks(rng, a.tasks, step % 2 == 1), move, a)

    learn(folder, model.dit, average, a.lr_pictures, a, step_of)


def learned(out: Path) -> dict[str, Tensor]:
    """What the phases in OUT left, by the names of a checkpoint; empty before the first."""
    found = {}
    if (out / "plans" / "average.pt").exists():
        values = torch.load(out / "plans" / "average.pt")
        found |= {f"llm_model.model.language_model.{k}": v for k, v in values.items() if EXPERTS in k}
    if (out / "pictures" / "average.pt").exists():
        found |= {f"gen_transformer.{k}": v for k, v in torch.load(out / "pictures" / "average.pt").items()}
    return found


def ship(out: Path, checkpoint: Path) -> Path:
    """OUT/model: the checkpoint with what was learned in place of its own. Returns its folder."""
    from safetensors.torch import load_file

    shutil.copytree(checkpoint, out / "model", dirs_exist_ok=True)
    written(out / "model", load_file(checkpoint / "model.safetensors") | learned(out))
    return out / "model"


def start_of(phase: str, out: Path, checkpoint: Path) -> Path:
    """Plans start from the checkpoint and stay bound to it, also when they go on; pictures start from OUT's plans."""
    return checkpoint if phase == "plans" else ship(out, checkpoint)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--model", type=Path, required=True, help="the checkpoint folder to start from")
    ask.add_argument("--verifier", type=Path, required=True, help="a folder of training.verifier")
    ask.add_argument("--phases", nargs="+", choices=("plans", "pictures"), default=("plans", "pictures"))
    ask.add_argument("--minutes", type=float, default=15, help="of each phase")
    ask.add_argument("--samples", type=int, default=8, help="plans or pictures of a task")
    ask.add_argument("--passes", type=int, default=2, help="steps of the optimiser for each batch")
    ask.add_argument("--prompts", type=int, default=12, help="tasks a step of plans")
    ask.add_argument("--temperature", type=float, default=0.8, help="of sampled plans")
    ask.add_argument("--lr-plans", type=float, default=2e-4)
    ask.add_argument("--clip", type=float, default=0.2)
    ask.add_argument("--bind", type=float, default=0.05, help="weight of the divergence from the start")
    ask.add_argument("--tasks", type=int, default=4, help="tasks a step of pictures")
    ask.add_argument("--steps", type=int, default=8, help="of drawing a picture")
    ask.add_argument("--lr-pictures", type=float, default=5e-5)
    ask.add_argument("--beta", type=float, default=1.0, help="how far positive and negative policy lie from the old one")
    ask.add_argument("--seed", type=int, default=61)
    a = ask.parse_args()
    one_quiet_thread(a.seed)
    domain = Lattice(load_verifier(a.verifier))
    learners = {"plans": learn_plans, "pictures": learn_pictures}
    for phase in a.phases:
        model = load(start_of(phase, a.out, a.model))
        assert_codes(model)
        learners[phase](a.out / phase, model, domain, a)
        ship(a.out, a.model)


if __name__ == "__main__":
    main()
