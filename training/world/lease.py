"""The whole recipe on one GPU by the clock: text decoder and diffusion transformer train side by side.

    python -m training.world.lease RUN --vae VAE --out FOLDER --minutes 12 --watch 9.3
    python -m training.world.lease RUN --vae VAE --out FOLDER                    # later: watches on, or starts again what died
    python -m training.world.lease RUN --vae VAE --out FOLDER --start EARLIER    # goes on from an earlier FOLDER's pieces
    python -m training.world.lease RUN --vae VAE --out FOLDER --dry              # two minutes of one CPU thread, tiny batches

The trainings run in sessions of their own, so that they go on when this command ends after --watch minutes. What
stands in RUN is taken up again, and the first call's clock holds. FOLDER gets the averaged weights in pieces of at most
16 MiB (training.world.pieces), the logs and the newest validation sheet, at most eight files. It needs torch, numpy,
pillow and tiktoken, and nothing from the network.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from training.train_common import save

from . import tokens
from .pieces import join, split
from .train_pictures import begin

PARTS = ("sequences", "pictures")
TRIES = 4
"""Starts of a training; from the second on it compiles nothing, in case that is what failed."""
EXPORT = 100
"""Seconds between exports."""
TAIL = 25
"""Seconds kept at the end of --watch for the last export."""
DRAWING = {"sequences": 0.56, "pictures": 0.32}
"""Share of the cores that draw for each training."""
GPU = {
    "sequences": "--creates 192 --edits 128 --combined 80 --pictures 64 --questions 6 --chats 56 --pairs 24 --every 1.5 --check 0".split(),
    "pictures": "--size 512 --capacity 200000 --every 1.5 --show 4 --signal 1.5 --signal-share 0.3".split(),
}
AGAIN = {"sequences": "--early 0.01".split(), "pictures": "--signal 0 --early 0.01".split()}
"""Of what was learned before: it needs no easy scenes and no place signal."""
DRY = {
    "sequences": "--creates 3 --edits 3 --combined 2 --pictures 1 --questions 2 --chats 1 --pairs 1 --every 0.3 --check 0 --workers 1 --eager".split(),
    "pictures": "--size 4 --capacity 300 --every 0.3 --show 9 --shown 6 6 6 --workers 1 --eager".split(),
}


def alive(pid: int | None) -> bool:
    """Whether a process runs (one of ours that has ended is buried first)."""
    if pid is None:
        return False
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Lease:
    """State of a run: RUN/lease.json with the clock's start and end and each training's process and tries."""

    def __init__(self, a: argparse.Namespace):
        self.a, self.file = a, a.run / "lease.json"
        a.run.mkdir(parents=True, exist_ok=True)
        new = {"start": time.time(), "end": time.time() + 60 * a.minutes, "pid": {}, "tries": dict.fromkeys(PARTS, 0)}
        self.state = json.loads(self.file.read_text()) if self.file.exists() else new

    def save(self) -> None:
        self.file.write_text(json.dumps(self.state))

    @property
    def left(self) -> float:
        """Minutes of the clock."""
        return (self.state["end"] - time.time()) / 60

    def command(self, part: str) -> list[str]:
        a = self.a
        out, common = a.run / part, ["--vae", str(a.vae), "--minutes", f"{self.left:.2f}", "--device", "cpu" if a.dry else "cuda"]
        more = list((DRY if a.dry else GPU)[part])
        if (a.run / f"{part}.pt").exists():
            more += ["--start", str(a.run / f"{part}.pt"), *AGAIN[part]]
        if part == "pictures":
            more += ["--sequences", str(a.run / "sequences" / "average.pt")]
        if not a.dry:
            more += ["--workers", str(max(1, int(DRAWING[part] * (os.cpu_count() or 4))))]
        if a.eager or self.state["tries"][part] > 1:
            more.append("--eager")
        return [sys.executable, "-m", f"training.world.train_{part}", str(out), *common, *more]

    def start(self, part: str) -> None:
        self.state["tries"][part] += 1
        with (self.a.run / f"{part}.txt").open("ab") as log:
            process = subprocess.Popen(
                self.command(part), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.state["pid"][part] = process.pid
        self.save()

    def tend(self) -> None:
        """Starts what does not run though there is time left."""
        for part in PARTS:
            if not alive(self.state["pid"].get(part)) and self.left > 0.2 and self.state["tries"][part] < TRIES:
                print(f"{part}: start {self.state['tries'][part] + 1}, {self.left:.1f} minutes left", flush=True)
                self.start(part)

    def export(self) -> None:
        """Writes to FOLDER what there is."""
        out = self.a.out
        out.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            folder = self.a.run / part
            if (folder / "average.pt").exists():
                split(torch.load(folder / "average.pt", map_location="cpu"), out / part)
            lines = [(f / name).read_text() for f, name in ((folder, "log.jsonl"), (self.a.run, f"{part}.txt")) if (f / name).exists()]
            (out / f"{part}.log").write_text("\n".join(lines)[-4_000_000:])
        sheets = sorted((self.a.run / "pictures").glob("*.png"))
        if sheets:
            shutil.copyfile(sheets[-1], out / "pictures.png")
        print(f"{self.left:.1f} minutes left: {', '.join(f'{p.name} {p.stat().st_size}' for p in sorted(out.iterdir()))}", flush=True)

    def stop(self) -> None:
        for pid in self.state["pid"].values():
            if alive(pid):
                os.killpg(pid, signal.SIGTERM)

    def running(self) -> bool:
        return any(alive(pid) for pid in self.state["pid"].values())


def started(run: Path, pieces: Path) -> None:
    """Puts the weights to begin from where the trainings look for them."""
    (run / "sequences").mkdir(exist_ok=True)
    weights = {part: join(pieces / part) for part in PARTS if (pieces / f"{part}-0").exists()}
    for part, values in weights.items():
        save(run / f"{part}.pt", **values)
    decoder = weights["sequences"]
    save(run / "sequences" / "content.pt", content=decoder["content"])
    save(run / "sequences" / "average.pt", **decoder)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("run", type=Path)
    ask.add_argument("--vae", type=Path, required=True)
    ask.add_argument("--out", type=Path, required=True, help="folder of what shall be kept")
    ask.add_argument("--minutes", type=float, default=12, help="length of the whole training, counted from its first call")
    ask.add_argument("--watch", type=float, default=9.3, help="minutes after which this command ends")
    ask.add_argument("--grace", type=float, default=1.5, help="minutes for the last validation after the clock has run out")
    ask.add_argument("--start", type=Path, help="folder of pieces to begin from: sequences-0, ..., and pictures-0, ... if there are any")
    ask.add_argument("--eager", action="store_true", help="nothing is compiled: no two minutes of it, slower steps")
    ask.add_argument("--dry", action="store_true")
    a = ask.parse_args()
    watched = time.time() + 60 * a.watch - TAIL
    lease = Lease(a)
    first = a.run / "sequences" / "average.pt"
    if not first.exists():
        tokens.write(a.run / "tokenizer")
        if a.start:
            started(a.run, a.start)
        else:
            begin(first, a.vae, tokens.Tokenizer(a.run / "tokenizer"))
    lease.tend()
    exported = time.time()
    while time.time() < watched and (lease.left > 0 or (lease.running() and lease.left > -a.grace)):
        time.sleep(1)
        lease.tend()
        if time.time() - exported > EXPORT:
            lease.export()
            exported = time.time()
    lease.export()
    if lease.left <= 0:
        lease.stop()
    else:
        print("the trainings go on; call again to watch them", flush=True)


if __name__ == "__main__":
    main()
