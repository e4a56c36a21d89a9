"""Examples for the diffusion transformer: prompts, plans and latents, made by several processes.

    python -m training.world.latents OUT --vae FOLDER --tokenizer FOLDER --count 20000 --processes 2

writes them to files. A `Stream` keeps nothing on disk: its processes draw pictures into shared memory and the trainer
encodes them on its own device. An example is a picture to make and the 0, 1 or 2 pictures its instruction is about.
"""

import argparse
import mmap
import multiprocessing
import queue
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.ahead import Forks
from training.data.tokenizer import Tokenizer
from training.networks.vae import VAE
from training.train_common import one_quiet_thread, save

from .captions import caption
from .config import LAYOUT
from .plans import Plan, plan
from .render import render
from .sampling import EARLY, FULL, drawn_by, sample
from .scenes import Scene
from .sequences import Sequences

KINDS = {0: 0.66, 1: 0.28, 2: 0.06}
"""How many pictures an instruction is about -> share of the pictures drawn."""
PICTURES = 96
"""Pictures of a chunk; references count."""
FILE = 8
"""Chunks of a file."""
SHAPE = (256, 256, 3)
LATENT = (8, 32, 32)


@dataclass
class Chunk:
    """Examples with the same number of references. ids int16 [n] of each prompt; plans int16 [b, 8, 16].

    pictures: uint8 or latents [b, references + 1, ...], the picture to make last.
    """

    prompts: list[np.ndarray]
    plans: np.ndarray
    pictures: np.ndarray | Tensor

    @property
    def references(self) -> int:
        return self.pictures.shape[1] - 1


class Examples:
    """Draws chunks. early: share of pictures of the early curriculum."""

    def __init__(self, tokenizer: Tokenizer, seed: int, early: float = 0.0):
        self.sequences = Sequences(tokenizer, seed, early=early)
        self.rng = self.sequences.rng

    def one(self, references: int) -> tuple[list[int], Plan, list[Scene]]:
        """(prompt, plan, pictures). New pictures stand on the lattice, since a plan can't say otherwise."""
        if references:
            change = self.sequences.edited("combine" if references == 2 else None)
            return self.sequences.prompt(change.text, references), plan(change.target), [*change.sources, change.target]
        scene = sample(self.rng, EARLY if self.rng.random() < self.sequences.early else FULL)
        return self.sequences.prompt(caption(scene, self.rng).text), plan(scene), [scene]

    def chunk(self, out: np.ndarray | None = None, references: int | None = None) -> Chunk:
        """A chunk of PICTURES pictures, drawn into `out` uint8 [PICTURES, 256, 256, 3] if given; of any kind unless named."""
        kind = drawn_by(self.rng, KINDS) if references is None else references
        return self.chunk_of(kind, np.empty((PICTURES, *SHAPE), np.uint8) if out is None else out)

    def chunk_of(self, references: int, out: np.ndarray) -> Chunk:
        """As many examples as there is room for in `out`."""
        out = out.reshape(-1, references + 1, *SHAPE)
        prompts, plans = [], []
        for row in out:
            prompt, made, scenes = self.one(references)
            prompts.append(np.array(prompt, np.int16))
            plans.append(made.astype(np.int16))
            for picture, scene in zip(row, scenes, strict=True):
                picture[:] = render(scene)
        return Chunk(prompts, np.stack(plans), out)


def encoded(vae: VAE, chunk: Chunk) -> Chunk:
    """The chunk with float16 latents on the autoencoder's device in place of pictures."""
    flat, batch = chunk.pictures.reshape(-1, *SHAPE), 8 if vae.device.type == "cpu" else PICTURES
    latents = torch.cat([vae.encode(flat[i : i + batch]).half() for i in range(0, len(flat), batch)])
    return Chunk(chunk.prompts, chunk.plans, latents.view(*chunk.pictures.shape[:2], *LATENT))


# ---------------------------------------------------------------- what a trainer draws from


class Store:
    """The newest examples with so many references, at most `capacity` of them."""

    def __init__(self, references: int, capacity: int, device: str):
        self.latents = torch.empty(capacity, references + 1, *LATENT, dtype=torch.half, device=device)
        self.plans = np.empty((capacity, LAYOUT.rows, LAYOUT.columns), np.int16)
        self.prompts: list[np.ndarray] = [np.empty(0, np.int16)] * capacity
        self.capacity, self.made = capacity, 0

    @property
    def held(self) -> int:
        return min(self.made, self.capacity)

    def add(self, chunk: Chunk) -> None:
        where = (self.made + np.arange(len(chunk.plans))) % self.capacity
        self.latents[torch.from_numpy(where).to(self.latents.device)] = chunk.pictures.to(self.latents.device)
        self.plans[where] = chunk.plans
        for i, prompt in zip(where, chunk.prompts, strict=True):
            self.prompts[i] = prompt
        self.made += len(where)


class Pool:
    """Examples by the number of their references."""

    def __init__(self, capacity: int, device: str):
        self.stores = {k: Store(k, int(capacity * share) + PICTURES, device) for k, share in KINDS.items()}
        self.read: set[str] = set()

    def add(self, chunk: Chunk) -> None:
        self.stores[chunk.references].add(chunk)

    def load(self, folder: Path) -> None:
        """Adds the files of a folder that were not there before."""
        for path in sorted(folder.glob("*.pt")):
            if path.name not in self.read:
                self.read.add(path.name)
                for chunk in torch.load(path, weights_only=False)["chunks"]:
                    self.add(chunk)

    @property
    def ready(self) -> bool:
        """Whether there is something of each kind."""
        return all(store.held for store in self.stores.values())

    def batch(self, rng: np.random.Generator, size: int, references: int) -> Chunk:
        store = self.stores[references]
        at = rng.integers(store.held, size=size)
        latents = store.latents[torch.from_numpy(at).to(store.latents.device)].float()
        return Chunk([store.prompts[i] for i in at], store.plans[at].astype(np.int64), latents)


class Stream:
    """Processes that draw chunks of pictures. To be made before CUDA is used: they are forks.

    early: the share of the early curriculum from now on.
    """

    def __init__(self, tokenizer: Path, workers: int, seed: int):
        context = multiprocessing.get_context("fork")
        self.early = context.Value("d", 0.0)
        slots = 3 * workers
        self.memory = mmap.mmap(-1, slots * PICTURES * int(np.prod(SHAPE)))
        self.slots = np.frombuffer(self.memory, np.uint8).reshape(slots, PICTURES, *SHAPE)
        self.free, self.ready = context.Queue(), context.Queue()
        for slot in range(slots):
            self.free.put(slot)
        self.forks = Forks(self._work, [(tokenizer, 1000 * seed + i) for i in range(workers)])

    def _work(self, tokenizer: Path, seed: int) -> None:
        one_quiet_thread(seed)
        examples, turn = Examples(Tokenizer(tokenizer), seed), seed
        while True:
            slot = self.free.get()
            examples.sequences.early = self.early.value
            first = list(KINDS)[turn % len(KINDS)] if turn < seed + len(KINDS) else None
            chunk = examples.chunk(self.slots[slot], first)
            turn += 1
            self.ready.put((slot, chunk.prompts, chunk.plans))

    def feed(self, pool: Pool, vae: VAE, most: int, wait: float = 0.0) -> int:
        """Encodes up to `most` finished chunks into the pool; waits up to `wait` seconds for the first. Returns how many."""
        for done in range(most):
            try:
                slot, prompts, plans = self.ready.get(timeout=wait if done == 0 else 0.001)
            except queue.Empty:
                return done
            pictures = self.slots[slot].reshape(len(plans), -1, *SHAPE)
            pool.add(encoded(vae, Chunk(prompts, plans, pictures)))
            self.free.put(slot)
        return most

    def close(self) -> None:
        self.forks.close()


# ---------------------------------------------------------------- files


def write(folder: Path, vae: Path, tokenizer: Path, seed: int, count: int, early: float) -> None:
    """Files of FILE chunks each, until `count` pictures are drawn; goes on where an earlier call stopped."""
    one_quiet_thread(seed)
    encoder, words = VAE.load(vae), Tokenizer(tokenizer)
    for part in range(-(-count // (FILE * PICTURES))):
        path = folder / f"{seed:05d}-{part:04d}.pt"
        if not path.exists():
            examples = Examples(words, 10000 * seed + part, early)
            kinds = (*KINDS, *[None] * (FILE - len(KINDS)))
            save(path, chunks=[encoded(encoder, examples.chunk(references=kind)) for kind in kinds])
            print(path, flush=True)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--vae", type=Path, required=True)
    ask.add_argument("--tokenizer", type=Path, required=True)
    ask.add_argument("--count", type=int, default=20000, help="pictures, references included")
    ask.add_argument("--processes", type=int, default=1)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--early", type=float, default=0.0, help="share of the early curriculum")
    a = ask.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("fork")
    each = -(-a.count // a.processes)
    jobs = [(a.out, a.vae, a.tokenizer, 100 * a.seed + i, each, a.early) for i in range(a.processes)]
    processes = [context.Process(target=write, args=job) for job in jobs]
    for p in processes:
        p.start()
    for p in processes:
        p.join()


if __name__ == "__main__":
    main()
