"""Threads that guests run on: as many as there are processors, and more while guests wait for something else than those."""

from __future__ import annotations

import os
import threading
from asyncio import get_running_loop
from queue import SimpleQueue
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from typing import Any

LONG = 0.01  # seconds after which a job is one that waits, or computes long: others do not wait for it


class Crew:
    """At most `size` threads that do `work(job, mind)`, where `mind` is a dict of the thread's own, and at most `waiting` jobs besides.

    Jobs that are short are done by few threads, one after the other: more would take turns at Python's lock, and find nothing in the processor's caches.
    `_wanted`: so many threads there may be for now; `_begun`: since when each does its job.
    """

    def __init__(self, size: int, waiting: int, work: Callable[[Any, dict[str, Any]], object]) -> None:
        self._size = size
        self._waiting = waiting
        self._work = work
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._begun: dict[int, float] = {}
        self._few = min(size, os.cpu_count() or 1)
        self._wanted = self._few
        self._looks: AbstractEventLoop | None = None  # which will call `_look`
        self._given = 0  # jobs that are not done
        self._number = 0
        self._ended = False

    def has_room(self) -> bool:
        """Whether a job would begin at once."""
        return self._given < self._size and not self._ended

    def give(self, job: Any) -> bool:
        """Have it done; False: there is too much to do already. Called where an event loop runs."""
        with self._lock:
            if self._ended or self._given >= self._size + self._waiting:
                return False
            self._given += 1
            if self._given > len(self._threads):
                if len(self._threads) < self._wanted:
                    self._start()
                elif self._looks is None or self._looks.is_closed():  # a loop that ended before it looked never will
                    self._look_later()
        self._jobs.put(job)
        return True

    def _look_later(self) -> None:
        self._looks = get_running_loop()
        self._looks.call_later(LONG, self._look)

    def _look(self) -> None:
        """Jobs have waited: have more threads if those that there are do something long, and fewer again if not."""
        with self._lock:
            self._looks = None
            left = self._given - len(self._begun)
            if self._ended or left <= 0:
                return
            before = monotonic() - LONG
            long = sum(begun <= before for begun in self._begun.values())
            self._wanted = min(self._size, 2 * long + self._few)
            for _ in range(min(left, self._wanted - len(self._threads))):
                self._start()
            self._look_later()

    def _start(self) -> None:
        self._number += 1
        thread = threading.Thread(target=self._run, args=(self._number,), name=f"wasm-http-{self._number}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
            return  # the system has no more: those that there are do it in turn
        self._threads.append(thread)

    def _run(self, number: int) -> None:
        mind: dict[str, Any] = {}
        while True:
            job = self._jobs.get()
            if job is None:
                return
            with self._lock:
                self._begun[number] = monotonic()  # not while `_look` goes through them
            try:
                self._work(job, mind)
            finally:
                del job
                with self._lock:
                    self._given -= 1
                    del self._begun[number]
                    surplus = len(self._threads) > self._wanted and not self._ended
                    if surplus:
                        self._threads.remove(threading.current_thread())
            if surplus:
                return

    def end(self, seconds: float) -> None:
        """Begin nothing more, and wait until what was begun is done, for so long at most."""
        with self._lock:
            self._ended = True
            threads = list(self._threads)
        for _ in threads:
            self._jobs.put(None)
        until = monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
