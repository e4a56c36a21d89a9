"""What the training loops share: Muon, averaged weights, a schedule by the clock, logs."""

import ctypes
import json
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn


def one_quiet_thread(seed: int) -> None:
    """One thread, no denormals, and freed memory is kept: mapping fresh pages would cost half of each step.

    On a GPU float32 products may be rounded to TF32.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 2**28)):
            libc.mallopt(option, value)


def half_precision(device: str = "cpu"):
    """Matrix products in bfloat16 where the processor has them; weights and sums stay float32."""
    return torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or torch.cpu._is_avx512_bf16_supported())


def compile_parts(*lists: nn.ModuleList) -> None:
    """Compiles the blocks where a C++ compiler is at hand: two minutes once, a third off each step."""
    torch._dynamo.config.recompile_limit = 32
    if shutil.which("g++"):
        for blocks in lists:
            for block in blocks:
                block.compile(dynamic=True)


@contextmanager
def plainly():
    """Evaluation: no gradients, nothing compiled, float32."""
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        yield


class Muon(torch.optim.Optimizer):
    """Momentum, then the nearest semi-orthogonal matrix by Newton-Schulz steps. For matrices, and for convolution
    kernels, which count as matrices [out, in * 9].

    `splits` maps a parameter to the number of equal blocks of rows that count as matrices of their own. All of one
    shape are made orthogonal together: one by one a GPU would wait for each of some thousand small products.
    """

    def __init__(self, params, lr: float = 0.02, momentum: float = 0.95, steps: int = 3, splits=None):
        super().__init__(params, {"lr": lr})
        self.momentum, self.steps, self.splits = momentum, steps, splits or {}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    rows = len(p) // self.splits.get(p, 1)
                    for block, way in zip(p.split(rows), self._direction(p).split(rows), strict=True):
                        alike.setdefault(way.shape, []).append((block, way))
            for shape, pairs in alike.items():
                blocks, ways = zip(*pairs, strict=True)
                moves = self._orthogonal(torch.stack(ways).flatten(2)).view(-1, *shape)
                torch._foreach_mul_(blocks, 1 - group["lr"] * 0.01)
                torch._foreach_add_(blocks, moves.unbind(), alpha=-group["lr"])

    def _direction(self, p: Tensor) -> Tensor:
        state = self.state[p]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        return p.grad.lerp(state["momentum"].lerp_(p.grad, 1 - self.momentum), self.momentum)

    def _orthogonal(self, x: Tensor) -> Tensor:
        """x [k, rows, columns]."""
        rows, columns = x.shape[1:]
        x = x.mT if rows > columns else x
        x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        for _ in range(self.steps):
            a = x @ x.mT
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        return ((x.mT if rows > columns else x) * max(1, rows / columns) ** 0.5).contiguous()


def optimisers(model: nn.Module, matrices: list[str], lr: float, muon: float, splits: dict[str, int], never: tuple = ()):
    """Muon for the matrices below the given prefixes, AdamW for the rest (and for names that hold one of `never`).

    splits: name ending -> blocks of rows that are matrices of their own. Either may be left with no parameters.
    """
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    chosen = {n: p for n, p in named if p.ndim == 2 and n.startswith(tuple(matrices)) and not any(x in n for x in never)}
    blocks = {p: k for n, p in chosen.items() for ending, k in splits.items() if n.endswith(ending)}
    rest = [p for n, p in named if n not in chosen]
    return [
        torch.optim.AdamW([{"params": rest}], lr=lr, betas=(0.9, 0.95), weight_decay=0.0),
        Muon([{"params": list(chosen.values())}], lr=muon, splits=blocks),
    ]


def scale_rates(steppers: list, rates: list[float], factor: float) -> None:
    """Each optimiser's rate becomes its own of `rates` x factor."""
    for stepper, rate in zip(steppers, rates, strict=True):
        for group in stepper.param_groups:
            group["lr"] = rate * factor


@contextmanager
def swapped(model: nn.Module, values: dict[str, Tensor]):
    """The model with other values of its parameters, for a while."""
    own = {n: p.detach().clone() for n, p in model.named_parameters()}
    for n, p in model.named_parameters():
        p.data.copy_(values[n])
    yield model
    for n, p in model.named_parameters():
        p.data.copy_(own[n])


def train_only(model: nn.Module, only: str, hold: tuple[str, ...] | list[str] = ()) -> None:
    """Parameters whose names do not match `only`, or begin with one of `hold`, stay as they are."""
    for name, p in model.named_parameters():
        p.requires_grad_(re.search(only, name) is not None and not name.startswith(tuple(hold)))


class Average:
    """Exponential moving average of a model's parameters."""

    def __init__(self, model: nn.Module, decay: float = 0.998):
        self.decay, self.count = decay, 0
        self.values = {n: p.detach().clone() for n, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.count += 1
        decay = min(self.decay, 1 - 6 / (self.count + 6))
        own = [p.detach() for _, p in model.named_parameters()]
        torch._foreach_lerp_([self.values[n] for n, _ in model.named_parameters()], own, 1 - decay)


def advance(model: nn.Module, steppers: list, average: Average) -> None:
    """One step of all optimisers along the gradients that are there; none if these are not finite."""
    if nn.utils.clip_grad_norm_(model.parameters(), 1.0).isfinite():
        for s in steppers:
            s.step()
        average.update(model)
    model.zero_grad(set_to_none=True)


def rate_factor(step: int, share: float, fall: float = 0.4, floor: float = 0.03, warm: int = 30) -> float:
    """Of the rates at a share of the training: up over the first `warm` steps, down to `floor` over the last `fall`."""
    return min(1, (step + 1) / warm) * min(1, max(floor, (1 - share) / fall))


class Clock:
    """Schedule by wall clock: warm up, hold, then fall to `floor` over the last `fall` of the time."""

    def __init__(self, end: float, fall: float = 0.4, floor: float = 0.03, warm: int = 30):
        self.start, self.end, self.fall, self.floor, self.warm = time.time(), end, fall, floor, warm

    @property
    def share(self) -> float:
        return (time.time() - self.start) / (self.end - self.start)

    def factor(self, step: int) -> float:
        return rate_factor(step, self.share, self.fall, self.floor, self.warm)


def save(path: Path, **state) -> None:
    """Written whole or not at all."""
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def keep(path: Path, model: nn.Module, average: Average, steppers: list, clock: Clock, step: int) -> None:
    """All that `resume` needs to go on."""
    save(path, model=model.state_dict(), average=average.values, count=average.count, step=step,
         optimisers=[s.state_dict() for s in steppers], start=clock.start)  # fmt: skip


def resume(path: Path, model: nn.Module, average: Average, steppers: list, clock: Clock) -> int:
    """Puts back what `keep` wrote, if anything. Returns the steps done so far; the clock runs on from its first start."""
    if not path.exists():
        return 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    average.values, average.count = state["average"], state["count"]
    for stepper, own in zip(steppers, state["optimisers"], strict=True):
        stepper.load_state_dict(own)
    clock.start = state["start"]
    return state["step"]


class Log:
    """One JSON object a line, to a file and the terminal."""

    def __init__(self, path: Path):
        self.path, self.start = path, time.time()

    def __call__(self, **values) -> None:
        values = {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}
        line = json.dumps({"t": round(time.time() - self.start), **values})
        print(line, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")
