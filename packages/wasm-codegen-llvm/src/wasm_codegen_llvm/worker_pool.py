"""A module's batches in worker processes: they go out to whoever is free and come back in order; what LLVM dies of is tried again in parts.

A batch whose worker dies is compiled function by function; a function that dies alone, once more without optimization. If that dies too, or no process
can be started, the function is told as failed, for another backend to compile.
"""

from __future__ import annotations

import os
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, final

from wasm_codegen_llvm import process
from wasm_codegen_llvm.pipe import code_from_plain, error_from_plain
from wasm_codegen_llvm.process import Died, NoWorker, Worker
from wasm_environ.compiler import CompiledCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Progress = Callable[[int], None]


def cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@final
class Setup:
    """What workers are told first: `Service.setup`'s arguments, with the optimization to be chosen."""

    __slots__ = ("module", "optimize", "target", "tunables")

    def __init__(self, target: tuple[Any, ...], tunables: dict[str, Any], module: tuple[bytes, Sequence[str]] | None) -> None:
        self.target = target
        self.optimize: int = tunables["optimize"]
        self.tunables = tunables
        self.module = module

    def arguments(self, optimize: int) -> tuple[Any, ...]:
        """For `Service.setup`."""
        return (*self.target, {**self.tunables, "optimize": optimize}, self.module)


@final
class Seat:
    """A place for one worker at a time, set up for one job; filled again when the worker in it dies."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.worker: Worker | None = None
        self.optimize = -1  # what the worker is set up for

    def ask(self, optimize: int, method: str, *arguments: Any) -> Any:
        """A request's result. Raises the CompileError it ended in, Died, NoWorker."""
        while True:
            if self.worker is None:
                self.worker, self.optimize = process.take(), -1
            rested = self.worker.rested
            try:
                if self.optimize != optimize:
                    self._reply("setup", *self.setup.arguments(optimize))
                    self.optimize = optimize
                return self._reply(method, *arguments)
            except Died:
                if not rested:
                    raise

    def _reply(self, method: str, *arguments: Any) -> Any:
        assert self.worker is not None
        try:
            kind, value = self.worker.ask(method, *arguments)
        except BaseException:
            self.leave(reusable=False)
            raise
        if kind == "error":
            raise error_from_plain(value)
        return value

    def leave(self, reusable: bool) -> None:
        """The worker goes: to wait for other work, or for good."""
        worker, self.worker = self.worker, None
        if worker is not None and reusable:
            process.give_back(worker)
        elif worker is not None:
            worker.kill()


@final
class Job:
    """Compiles the batches of one module in up to `count` workers. `weakened`: (defined function, why) of those compiled without optimization."""

    def __init__(self, setup: Setup, batches: Sequence[tuple[int, int]], imported: int) -> None:
        self.setup = setup
        self.batches = batches
        self.imported = imported
        self.todo: Iterator[tuple[int, tuple[int, int]]] = iter(list(enumerate(batches)))
        self.seats: list[Seat] = []
        self.weakened: list[tuple[int, str]] = []
        self.no_worker = ""
        self.stopped = False  # no more batches are handed out
        self.abandoned = False  # and nobody waits for those under way

    def run(self, count: int, progress: Progress | None) -> list[CompiledCode]:
        """The code of all batches, in order. Raises the error of the lowest failing function."""
        done: dict[int, list[CompiledCode]] = {}
        failed: dict[int, Exception] = {}
        functions = 0
        # Batches are handed out in order, so when one fails, those before it are done or under way: wait for them.
        for index, outcome in self._work() if count <= 1 else self._shared_work(count):
            if isinstance(outcome, Exception):
                self.stopped = True  # hand out no more
                failed[index] = outcome
                continue
            done[index] = outcome
            functions += self.batches[index][1] - self.batches[index][0]
            if progress is not None:
                progress(functions)
        if failed:
            raise failed[min(failed)]
        return [code for index in range(len(self.batches)) for code in done[index]]

    def _work(self) -> Iterator[tuple[int, list[CompiledCode] | Exception]]:
        """Batch after batch in one worker."""
        seat = Seat(self.setup)
        self.seats.append(seat)
        reusable = False
        try:
            for index, (start, end) in self.todo:
                outcome: list[CompiledCode] | Exception
                try:
                    outcome = self._batch(seat, start, end)
                except Exception as error:
                    outcome = error
                yield index, outcome
                if self.stopped:
                    break
            reusable = not self.abandoned  # also after an error: that is a reply like others, and a worker that died has left the seat
        finally:
            seat.leave(reusable)

    def _shared_work(self, count: int) -> Iterator[tuple[int, list[CompiledCode] | Exception]]:
        """The same by several threads, a worker each."""
        results: SimpleQueue[tuple[int, list[CompiledCode] | Exception] | None] = SimpleQueue()

        def run() -> None:
            try:
                for result in self._work():
                    results.put(result)
            finally:
                results.put(None)

        threads = [Thread(target=run, name="wasm-llvm", daemon=True) for _ in range(min(count, len(self.batches)))]
        started: list[Thread] = []
        finished = False
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
            for _ in started:
                while (result := results.get()) is not None:
                    yield result
            finished = True
        finally:
            self.stopped, self.abandoned = True, not finished
            for thread in started:
                while thread.is_alive():
                    for worker in [seat.worker for seat in self.seats] if self.abandoned else []:
                        if worker is not None:
                            worker.process.kill()  # its thread does the rest
                    thread.join(0.1)

    def _batch(self, seat: Seat, start: int, end: int) -> list[CompiledCode]:
        """One batch's code, in more pieces than one where LLVM died of it."""
        if self.no_worker:
            return [self._failure(start, end, self.no_worker)]
        try:
            return [code_from_plain(seat.ask(self.setup.optimize, "batch", start, end))]
        except NoWorker as error:
            self.no_worker = str(error)
            return self._batch(seat, start, end)
        except Died as error:
            if self.stopped:
                raise
            if end - start > 1:
                return [code for index in range(start, end) for code in self._batch(seat, index, index + 1)]
            return [self._again(seat, start, str(error))]

    def _again(self, seat: Seat, index: int, why: str) -> CompiledCode:
        """A function that LLVM dies of, without optimization."""
        if self.setup.optimize:
            try:
                code = code_from_plain(seat.ask(0, "batch", index, index + 1))
            except NoWorker as error:
                why = str(error)
            except Died as error:
                if self.stopped:
                    raise
                why = str(error)
            else:
                self.weakened.append((index, why))
                return code
        return self._failure(index, index + 1, why)

    def _failure(self, start: int, end: int, why: str) -> CompiledCode:
        return CompiledCode(b"", (), failed=tuple((self.imported + index, why) for index in range(start, end)))
