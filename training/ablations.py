"""Whether the architecture's claims hold at this scale: small trainings that differ in one thing, and their table.

    python -m training.ablations OUT              # all arms that OUT has no result of, one after the other, then the table
    python -m training.ablations OUT --arms text image [--seed 1]
    python -m training.ablations OUT --table

Arms of a claim take the same number of steps on the same examples with the same seeds; an arm's result is
OUT/NAME.SEED.json. Prompts and scenes that are measured on have seeds of their own and are never the frozen test's.

experts     from version 3.1, in its domain. The feed-forward networks that visual tokens pass begin as copies of those
            that words pass, and learn plans from prompts alone; without experts it is the words' own that learn.
condition   version 3.1's decoder as it is, a diffusion transformer from scratch in the domain of `quick`.
layers      likewise; the mean of which layers' states is the condition.
joint       both from scratch in the domain of `quick`; apart, the pictures' gradient stops at the condition.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from . import check_plans, quick, restore
from .conditions import Conditions
from .data import language, scenes
from .data.tokenizer import Tokenizer
from .joint import Joint, Live, gradients
from .latents import encoded
from .networks.common import part, read_safetensors
from .networks.decoding import generate_codes
from .networks.sampler import denoise
from .networks.vae import VAE
from .painting import NOISY, Painter, guess, losses, total
from .scorer.detect import detect
from .scorer.report import interval, percent
from .scorer.score import answer_ok
from .scorer.score import judge as scored
from .sequences import Sequences
from .train_common import (
    Average, Log, advance, one_quiet_thread, plainly, rate_factor, save, scale_rates, swapped, train_only,
)  # fmt: skip
from .train_pictures import Cache, prompts, study
from .train_sequences import Learner
from .validate import decoding_parts, replies

PICTURES, JUDGED, ASKED = 96, 48, 400
"""Held-out pictures of the velocity error, prompts of the judge, questions."""
BATCH = 16
SEED = 9000
"""Of all that is measured on."""
EVEN = [-1, -2, -3, -4]


@dataclass
class Result:
    """shares: (passed, of). errors: one value of each held-out example, so that arms can be compared pair by pair."""

    steps: int
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)
    errors: dict[str, list[float]] = field(default_factory=dict)
    minutes: float = 0.0
    """Of one core."""

    def share(self, name: str, good: list[bool]) -> None:
        self.shares[name] = (sum(map(bool, good)), len(good))


class Bench:
    """What the arms share: version 3.1, the pictures of `quick` with latents, and others that are held out."""

    def __init__(self, out: Path):
        self.out, self.words = out, Tokenizer(quick.SHIPPED)
        config = json.loads((quick.SHIPPED / "config.json").read_text())
        self.vae = VAE(config["gen_vae_config"], part(read_safetensors(quick.SHIPPED / "model.safetensors"), "gen_vae."))
        out.mkdir(parents=True, exist_ok=True)
        quick.made(out, self.vae)
        self.content = torch.load(out / "content.pt")["content"]
        self._hold_out()
        self.cache, self.held = Cache(out / "pictures"), Cache(out / "held-out")
        self.cache.refresh()
        self.held.refresh()

    def _hold_out(self) -> None:
        file = self.out / "held-out" / "000.pt"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            rng = np.random.default_rng(SEED)
            drawn = [quick.drawn_scene(rng) for _ in range(PICTURES)]
            rows = {"scenes": [scenes.to_json(s) for s in drawn], "instructions": [None] * PICTURES, "sources": {}}
            save(file, latents=encoded(self.vae, drawn), **rows)

    def decoder(self) -> Learner:
        """Version 3.1's."""
        learner = Learner(self.content)
        learner.load_state_dict(restore.sequences(quick.SHIPPED, self.content), strict=False)
        return learner


def trained(
    model: nn.Module, steppers: list, rates: list[float], steps: int, losses_of: Callable[[int, float], dict[str, float]], log: Log
) -> dict[str, Tensor]:
    """Averaged weights after so many steps. losses_of(step, share): runs the step's losses backwards, returns figures."""
    average = Average(model, 0.98)
    for step in range(steps):
        scale_rates(steppers, rates, rate_factor(step, step / steps))
        figures = losses_of(step, step / steps)
        advance(model, steppers, average)
        if step % 20 == 19:
            log(step=step + 1, **figures)
    return average.values


# ---------------------------------------------------------------- what is measured


def captions(count: int) -> list[language.Caption]:
    rng = np.random.default_rng(SEED + 1)
    return [language.caption(quick.drawn_scene(rng), rng) for _ in range(count)]


def planned(learner: Learner, words: Tokenizer, asked: list[language.Caption]) -> np.ndarray:
    """Greedy plans [n, 8, 8]."""
    return generate_codes(*decoding_parts(learner), prompts(words, [c.text for c in asked], False))


def plans_right(learner: Learner, words: Tokenizer, asked: list[language.Caption]) -> list[bool]:
    return [check_plans.holds(codes, c.request) for codes, c in zip(planned(learner, words, asked), asked, strict=True)]


def questions(count: int) -> tuple[list[scenes.Scene], list[tuple[int, language.Question]]]:
    """Four of each scene; every second scene holds what training never sees."""
    rng = np.random.default_rng(SEED + 2)
    drawn = [scenes.sample(rng, allowed=check_plans.unseen if i % 2 else None) for i in range(count // 4)]
    return drawn, [(i, q) for i, s in enumerate(drawn) for q in language.questions(s, rng, 4)]


def velocity_errors(painter: Painter, seq: Live, held: Cache) -> list[float]:
    """Of each held-out picture, things three times; captions, times and noise are always the same."""
    rng, dice = np.random.default_rng(SEED + 3), torch.Generator().manual_seed(SEED)
    errors: list[float] = []
    for _ in range(PICTURES // BATCH):
        batch = study(seq, held, rng, BATCH, False, 0.0)
        t = torch.sigmoid(torch.randn(BATCH, generator=dice) + NOISY)
        noise = torch.randn(batch.latents.shape, generator=dice)
        error, weight = guess(painter, batch, t, noise, torch.ones(BATCH, dtype=torch.bool)).error, 1 + 2.0 * batch.things
        errors += ((error * weight).sum(1) / weight.sum(1)).tolist()
    return errors


def drawn(painter: Painter, seq: Live, asked: list[language.Caption], codes: np.ndarray, vae: VAE) -> np.ndarray:
    """Pictures of plans, in 16 steps."""
    made = []
    for i in range(0, len(asked), BATCH):
        condition = seq.conditions([c.text for c in asked[i : i + BATCH]], False, list(codes[i : i + BATCH]))
        noise = torch.stack([torch.randn(8, 32, 32, generator=torch.Generator().manual_seed(s)) for s in range(i, i + len(condition.text))])
        queries = None if condition.image is None else painter.dit.time_caption_embed.image_embedder(condition.image)[0]
        latents = denoise(painter.dit, noise, condition.text, condition.text_mask, queries, steps=16)
        made += [vae.decode(z) for z in latents.split(8)]
    return np.concatenate(made)


def judge(result: Result, pictures: np.ndarray, asked: list[language.Caption]) -> None:
    """By the scorer: whether what the picture is most like is the thing asked for, and its own verdict, which wants it sharp."""
    seen = [detect(p) for p in pictures]
    verdicts = [scored(p, c.request, *s) for p, c, s in zip(pictures, asked, seen, strict=True)]
    likest = [max(found, key=lambda d: d.match).name if found else None for _, found in seen]
    result.share("likest the thing", [name == c.request.objects[0].name for name, c in zip(likest, asked, strict=True)])
    result.share("right thing", [v.checks[f"object {c.request.objects[0].name}"] for v, c in zip(verdicts, asked, strict=True)])
    result.share("all as asked", [v.ok for v in verdicts])


# ---------------------------------------------------------------- generation experts


def routed(learner: Learner, experts: bool) -> None:
    """Visual tokens pass copies of the words' feed-forward networks, or these themselves. Only what they pass learns."""
    for layer in learner.text.layers:
        if experts:
            layer.gen_mlp.load_state_dict(layer.mlp.state_dict())
        else:
            layer.gen_mlp = layer.mlp
    train_only(learner, r"^text\.layers\.\d+\.gen_mlp" if experts else r"^text\.layers\.\d+\.mlp")


def expert_arm(bench: Bench, seed: int, log: Log, experts: bool, answers: bool = False, steps: int = 250) -> Result:
    """Creates are added to what answers; `answers`: and these go on being trained, too."""
    learner, words, result = bench.decoder(), bench.words, Result(steps)
    routed(learner, experts)
    shown, asked = questions(ASKED)
    sets = check_plans.prompts(words, 40)
    new = [c for name, group in sets.items() for c in group if "held-out" in name]
    known = [c for name, group in sets.items() for c in group if "held-out" not in name]

    def answered() -> list[str]:
        return replies(learner, decoding_parts(learner), shown, asked, words)

    with plainly():
        before = answered()
        result.share("plans right before", plans_right(learner, words, known + new))
    creates, asks, rates = Sequences(words, seed), Sequences(words, seed + 1), [1e-3, 0.01]

    def losses_of(step: int, share: float) -> dict[str, float]:
        batch = creates.create(BATCH)
        loss, _ = learner.code_loss(learner.states(batch)[0], batch)
        loss.backward()
        figures = {"code": loss.item(), "first": learner.first.item()}
        if answers:
            batch = asks.ask(6, 6)
            loss = learner.answer_loss(learner.states(batch)[0], batch)
            loss.backward()
            figures["answer"] = loss.item()
        return figures

    values = trained(learner, learner.optimisers(*rates), rates, steps, losses_of, log)
    with swapped(learner, values), plainly():
        result.share("plans right", plans_right(learner, words, known))
        result.share("plans right, held-out", plans_right(learner, words, new))
        after = answered()
    right = [q.answer for _, q in asked]
    result.share("answers right before", [answer_ok(a, r) for a, r in zip(before, right, strict=True)])
    result.share("answers right", [answer_ok(a, r) for a, r in zip(after, right, strict=True)])
    result.share("answers changed", [a != b for a, b in zip(before, after, strict=True)])
    return result


# ---------------------------------------------------------------- condition, layers


class Shown(Live):
    """Text states, visual states (with the words of the empty prompt), or both."""

    def __init__(self, learner: Learner, words: Tokenizer, parts: str = "both", layers: list[int] | None = None):
        super().__init__(learner, words, layers, reached=False)
        self.parts = parts

    def conditions(self, texts: list[str], picture: bool, codes: list[np.ndarray]) -> Conditions:
        made = super().conditions(texts, picture, codes)
        if self.parts == "text":
            return replace(made, image=None)
        if self.parts == "image":
            text = self.nothing.repeat(len(texts), 1, 1)
            return Conditions(text, torch.ones(text.shape[:2], dtype=torch.bool), made.image)
        return made


def picture_arm(
    bench: Bench, seed: int, log: Log, parts: str = "both", layers: list[int] | None = None, steps: int = 150
) -> Result:
    """A diffusion transformer from scratch on version 3.1's states."""
    learner = bench.decoder()
    seq = Shown(learner, bench.words, parts, layers)
    torch.manual_seed(seed)
    painter, rng, rates = Painter(), np.random.default_rng(seed), list(quick.RATES["pictures"])

    def losses_of(step: int, share: float) -> dict[str, float]:
        made = losses(painter, study(seq, bench.cache, rng, BATCH, False, 0.0), seq.nothing)
        total(made, share).backward()
        return {k: v.item() for k, v in made.items()}

    values = trained(painter, painter.optimisers(*rates), rates, steps, losses_of, log)
    result = Result(steps)
    with swapped(painter, values), plainly():
        see(result, bench, learner, painter, seq)
    return result


def see(result: Result, bench: Bench, learner: Learner, painter: Painter, seq: Live) -> None:
    """The velocity error, and what the judge says of pictures from the decoder's own plans."""
    asked = captions(JUDGED)
    codes = planned(learner, bench.words, asked)
    result.share("plans right", [check_plans.holds(k, c.request) for k, c in zip(codes, asked, strict=True)])
    judge(result, drawn(painter, seq, asked, codes, bench.vae), asked)
    result.errors["velocity error"] = velocity_errors(painter, seq, bench.held)


# ---------------------------------------------------------------- joint


def plan_losses(learner: Learner, words: Tokenizer) -> list[float]:
    """Next-token loss of held-out prompts, of eight at a time."""
    data = quick.Few(words, SEED + 4)
    return [quick.plan_loss(learner, data.create(8))[1]["code"] for _ in range(24)]


def joint_arm(bench: Bench, seed: int, log: Log, reached: bool, steps: int = 200) -> Result:
    """Both networks from scratch, side by side; the pictures' gradient goes on into the decoder, or stops at the condition."""
    torch.manual_seed(seed)
    learner = Learner(bench.content)
    learner.name_words(bench.words)
    model = Joint(learner, Painter())
    seq = Live(learner, bench.words, reached=reached)
    data, rng = quick.Few(bench.words, seed), np.random.default_rng(seed)

    def losses_of(step: int, share: float) -> dict[str, float]:
        batch = study(seq, bench.cache, rng, BATCH, False, 2.5 * max(0.0, 1 - share / 0.4))
        return gradients(model, [quick.plan_loss(learner, data.create(BATCH))], seq, batch, share)

    rates = [*quick.RATES["plans"], *quick.RATES["pictures"]]
    values = trained(model, model.optimisers(rates[:2], rates[2:]), rates, steps, losses_of, log)
    result = Result(steps)
    with swapped(model, values), plainly():
        see(result, bench, learner, model.painter, seq)
        result.errors["plan loss"] = plan_losses(learner, bench.words)
    return result


# ---------------------------------------------------------------- arms and table

ARMS: dict[str, Callable[..., Result]] = {
    "both": picture_arm,
    "text": partial(picture_arm, parts="text"),
    "image": partial(picture_arm, parts="image"),
    "experts": partial(expert_arm, experts=True),
    "none": partial(expert_arm, experts=False),
    "none-mixed": partial(expert_arm, experts=False, answers=True),
    "joint": partial(joint_arm, reached=True),
    "apart": partial(joint_arm, reached=False),
    "last": partial(picture_arm, layers=EVEN[:1]),
    "several": partial(picture_arm, layers=EVEN),
}
CLAIMS = {
    "Generation experts": {
        "experts": "experts for visual tokens", "none": "none", "none-mixed": "none, answers trained on beside",
    },
    "Condition": {"both": "text and visual states", "text": "text states", "image": "visual states"},
    "Layers": {
        "both": "embeddings and the last but one, 48 : 1 (shipped)", "last": "the last alone", "several": "the last four, even",
    },
    "Training": {"apart": "apart: the pictures' gradient stops at the condition", "joint": "joint"},
}  # fmt: skip
"""Arms of each claim and how the table names them; errors are compared with the first."""


def share_cell(passed: int, of: int) -> str:
    low, high = interval(passed, of)
    return f"{percent(passed, of)} ({100 * low:.0f}–{100 * high:.0f})"


def error_cell(values: list[float], first: list[float]) -> str:
    """Mean; and the mean difference to the first arm, example by example, with its 95 % interval."""
    cell, gap = f"{np.mean(values):.4f}", np.subtract(values, first)
    if not gap.any():
        return cell
    half = 1.96 * gap.std(ddof=1) / len(gap) ** 0.5
    return f"{cell} ({gap.mean() - half:+.4f} to {gap.mean() + half:+.4f})"


def table(out: Path) -> str:
    """Markdown of all results in OUT: shares with Wilson's 95 % interval, errors with that of their difference."""
    found = {tuple(f.stem.rsplit(".", 1)): Result(**json.loads(f.read_text())) for f in sorted(out.glob("*.[0-9]*.json"))}
    lines: list[str] = []
    for claim, names in CLAIMS.items():
        rows = [(name, seed) for name in names for arm, seed in found if arm == name]
        if not rows:
            continue
        shares = list(dict.fromkeys(k for row in rows for k in found[row].shares))
        errors = list(dict.fromkeys(k for row in rows for k in found[row].errors))
        lines += ["", f"| {claim} | seed | steps | minutes | " + " | ".join(errors + shares) + " |", "|---" * (4 + len(errors + shares)) + "|"]
        for name, seed in rows:
            made, first = found[name, seed], found.get((next(iter(names)), seed), found[name, seed])
            cells = [error_cell(made.errors[k], first.errors.get(k, made.errors[k])) if k in made.errors else "–" for k in errors]
            cells += [share_cell(*made.shares[k]) if k in made.shares else "–" for k in shares]
            lines.append(f"| {names[name]} | {seed} | {made.steps} | {made.minutes:.0f} | " + " | ".join(cells) + " |")
    return "\n".join(lines[1:])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--steps", type=int, help="in place of an arm's own; all arms in OUT should take as many")
    ask.add_argument("--table", action="store_true", help="only what is there")
    a = ask.parse_args()
    if not a.table:
        one_quiet_thread(a.seed)
        bench = Bench(a.out)
        for name in a.arms:
            file, began = a.out / f"{name}.{a.seed}.json", time.process_time()
            if not file.exists():
                torch.manual_seed(a.seed)
                arm = ARMS[name] if a.steps is None else partial(ARMS[name], steps=a.steps)
                result = arm(bench, a.seed, Log(a.out / f"{name}.{a.seed}.jsonl"))
                result.minutes = (time.process_time() - began) / 60
                file.write_text(json.dumps(asdict(result)))
    print(table(a.out))


if __name__ == "__main__":
    main()
