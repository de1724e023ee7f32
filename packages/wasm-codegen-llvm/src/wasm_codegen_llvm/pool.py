"""Worker processes for one module: batches go out to whoever is free and come back in order.

Plain processes that run `wasm_codegen_llvm.worker`, not `multiprocessing`: nothing is forked, and no main module is imported again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, final

from wasm_codegen_llvm.pipe import code_from_plain, error_from_plain, receive, send
from wasm_environ.compile_errors import CompileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wasm_environ.compiler import CompiledCode

ATTEMPTS: Final = 2  # a worker may have been killed for lack of memory: try once more before giving up


def cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@final
class Worker:
    """One worker process, started and set up."""

    def __init__(self, setup: Sequence[Any]) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "wasm_codegen_llvm.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.requests, self.replies = self.process.stdin, self.process.stdout
        try:
            send(self.requests, setup)
        except OSError:
            pass  # dead already: the first request will tell

    def compile(self, batch: tuple[int, int]) -> tuple[str, Any]:
        """("code", plain code), ("error", plain error), or ("died", how it ended)."""
        try:
            send(self.requests, batch)
            kind, value = receive(self.replies)
            return kind, value
        except (EOFError, OSError):
            return "died", self.stop()

    def stop(self) -> str:
        """End the process; how it ended."""
        for stream in (self.requests, self.replies):
            try:
                stream.close()
            except OSError:
                pass  # it had unsent data, and nobody to send it to
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return f"signal {-code}" if code < 0 else f"exit status {code}"


@final
class Pool:
    """Compiles the batches of one module in `count` workers."""

    def __init__(self, setup: Sequence[Any], count: int) -> None:
        self.setup = setup
        self.count = count
        self.workers: list[Worker] = []
        self.results: SimpleQueue[tuple[int, str, Any]] = SimpleQueue()
        self.todo: Iterator[tuple[int, tuple[int, int]]] = iter(())
        self.stopped = False

    def compile(self, batches: Sequence[tuple[int, int]], progress: Callable[[int], None] | None) -> list[CompiledCode]:
        """The code of all batches, in order. Raises the error of the lowest failing function."""
        self.todo = iter(list(enumerate(batches)))
        threads = [Thread(target=self._run, name="wasm-llvm", daemon=True) for _ in range(min(self.count, len(batches)))]
        try:
            for thread in threads:
                thread.start()
            return self._collect(batches, len(threads), progress)
        finally:
            self.stopped = True
            for worker in list(self.workers):
                worker.process.kill()
            for thread in threads:
                thread.join()

    def _collect(self, batches: Sequence[tuple[int, int]], threads: int, progress: Callable[[int], None] | None) -> list[CompiledCode]:
        """Batches are handed out in order, so when one fails, those before it are done or under way: wait for them."""
        done: dict[int, CompiledCode] = {}
        failed: dict[int, Exception] = {}
        functions = 0
        while threads:
            index, kind, value = self.results.get()
            if kind == "ended":
                threads -= 1
            elif kind == "code":
                done[index] = code_from_plain(value)
                functions += batches[index][1] - batches[index][0]
                if progress is not None:
                    progress(functions)
            else:
                self.stopped = True  # hand out no more
                failed[index] = value
        if failed:
            raise failed[min(failed)]
        return [done[index] for index in range(len(batches))]

    def _run(self) -> None:
        """A thread: one worker at a time, batch after batch."""
        worker = None
        index = -1
        try:
            worker = self._start()
            for index, batch in self.todo:
                kind, value = worker.compile(batch)
                for _ in range(ATTEMPTS - 1):
                    if kind == "died" and not self.stopped:
                        worker = self._start()
                        kind, value = worker.compile(batch)
                if kind == "died":
                    functions = f"defined functions {batch[0]} to {batch[1] - 1}"
                    kind, value = "error", CompileError(f"the compiler process ended ({value}) while it compiled {functions}")
                elif kind == "error":
                    value = error_from_plain(value)
                self.results.put((index, kind, value))
                if self.stopped:
                    break
        except Exception as error:
            self.results.put((index, "error", error))
        finally:
            if worker is not None:
                worker.stop()
            self.results.put((-1, "ended", None))

    def _start(self) -> Worker:
        worker = Worker(self.setup)
        self.workers.append(worker)
        return worker
