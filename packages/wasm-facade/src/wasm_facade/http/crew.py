"""Threads that guests run on: started when they are needed, and kept."""

from __future__ import annotations

import threading
from queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Crew:
    """At most `size` threads that do `work(job, mind)`, where `mind` is a dict of the thread's own, and at most `waiting` jobs besides."""

    def __init__(self, size: int, waiting: int, work: Callable[[Any, dict[str, Any]], object]) -> None:
        self._size = size
        self._waiting = waiting
        self._work = work
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._given = 0  # jobs that are not done
        self._ended = False

    def give(self, job: Any) -> bool:
        """Have it done; False: there is too much to do already."""
        with self._lock:
            if self._ended or self._given >= self._size + self._waiting:
                return False
            self._given += 1
            if self._given > len(self._threads) and len(self._threads) < self._size:
                self._start()
        self._jobs.put(job)
        return True

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=f"wasm-http-{len(self._threads)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
            return  # the system has no more: those that there are do it in turn
        self._threads.append(thread)

    def _run(self) -> None:
        mind: dict[str, Any] = {}
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                self._work(job, mind)
            finally:
                del job
                with self._lock:
                    self._given -= 1

    def end(self, seconds: float) -> None:
        """Begin nothing more, and wait until what was begun is done, for so long at most."""
        from time import monotonic

        with self._lock:
            self._ended = True
            threads = self._threads
        for _ in threads:
            self._jobs.put(None)
        until = monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
