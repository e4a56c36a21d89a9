"""Batches drawn by other processes while the trainer learns from earlier ones."""

import multiprocessing
import os
import pickle
import queue
import threading
from collections.abc import Callable
from typing import Any

from .train_common import one_quiet_thread


class Forks:
    """Processes that each call `work` with one of `jobs` until they are closed. To be made before CUDA is used.

    They give way to the trainer, which also compiles on all cores.
    """

    def __init__(self, work: Callable[..., None], jobs: list[tuple]):
        context = multiprocessing.get_context("fork")
        self.processes = [context.Process(target=self._yielding, args=(work, *job), daemon=True) for job in jobs]
        for process in self.processes:
            process.start()

    @staticmethod
    def _yielding(work: Callable[..., None], *job: Any) -> None:
        os.nice(5)
        work(*job)

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()


class Ahead:
    """Calls to it give what `make(seed)()` gives, drawn by forks with seeds of their own. To be made before CUDA is used.

    make: builds a process's source; the source is called with `share`, which the trainer may set at any time.
    ready: what a thread makes of each draw, ahead of the trainer, such as a copy on its device.
    """

    def __init__(
        self,
        make: Callable[[int], Callable[[float], Any]],
        workers: int,
        seed: int,
        ready: Callable[[Any], Any] = lambda drawn: drawn,
        depth: int = 3,
    ):
        context = multiprocessing.get_context("fork")
        self.shared, self.queue = context.Value("d", 0.0), context.Queue(depth * workers)
        self.forks = Forks(self._work, [(make, 1000 * seed + i) for i in range(workers)])
        self.ready: queue.Queue[Any] = queue.Queue(2)
        threading.Thread(target=self._take, args=(ready,), daemon=True).start()

    def _work(self, make: Callable[[int], Callable[[float], Any]], seed: int) -> None:
        one_quiet_thread(seed)
        source = make(seed)
        while True:
            self.queue.put(pickle.dumps(source(self.shared.value)))

    def _take(self, ready: Callable[[Any], Any]) -> None:
        while True:
            self.ready.put(ready(pickle.loads(self.queue.get())))

    def __call__(self, share: float) -> Any:
        self.shared.value = share
        return self.ready.get()

    def close(self) -> None:
        self.forks.close()
