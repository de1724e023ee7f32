"""One worker process seen from outside: started, asked, ended; at most one waits for more work, so that small modules start at once.

Plain processes, not `multiprocessing`: nothing is forked, and no main module is imported again. No locks: signal handlers and forked children may
come in at any point.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
from typing import Any, Final, final

from wasm_codegen_llvm import pipe

MODULE: Final = "wasm_codegen_llvm.worker"
# The environment's variable with a Python that LLVM runs in, where this one has none: it has llvmlite and this package, of the same version.
OTHER_PYTHON: Final = "WASM_LLVM_PYTHON"
START_SECONDS: Final = 120  # a worker that is not ready by then is none
REASON_WORDS: Final = ("Assertion", "LLVM ERROR", "UNREACHABLE", "Error:")  # of the line that says why, among what a dying process printed
REASON_LENGTH: Final = 200


class NoWorker(Exception):
    """No process can be started that LLVM runs in; why."""


class Died(Exception):
    """The worker ended before it replied; how."""


@final
class Worker:
    """A worker process. Raises NoWorker when there can be none."""

    def __init__(self) -> None:
        self.rested = False  # it waited for work, and may have ended for that
        other = os.environ.get(OTHER_PYTHON)
        command = [other or interpreter(), "-P", "-m", MODULE]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} if other else {**os.environ, "PYTHONPATH": path}
        self.errors = os.memfd_create("wasm-llvm-errors")
        try:
            self.process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            os.close(self.errors)
            raise NoWorker(f"a process for it cannot be started: {error.strerror or error}") from error
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.requests, self.replies = self.process.stdin.fileno(), self.process.stdout.fileno()
        _ALIVE.add(self)
        try:
            self._await_ready()
        except BaseException:
            self.end()
            raise

    def _await_ready(self) -> None:
        poll = select.poll()  # not select.select: the descriptor may be above 1023
        poll.register(self.replies, select.POLLIN)
        try:
            if poll.poll(1000 * START_SECONDS) and pipe.receive(self.replies) == ("ready", None):
                return
        except (EOFError, OSError, ValueError, TypeError, MemoryError):
            raise NoWorker(f"the process for it ended: {self.end()}") from None
        raise NoWorker(f"{sys.executable} started something else than a process for it")

    def ask(self, method: str, *arguments: Any) -> tuple[str, Any]:
        """The reply to a request, see `pipe.py`. Raises Died; after any exception this worker is not to be used any more."""
        try:
            pipe.send(self.requests, (method, arguments))
            kind, value = pipe.receive(self.replies)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise Died(self.end()) from None
        self.rested = False
        return kind, value

    def end(self) -> str:
        """End the process if it still runs; how it ended."""
        if self not in _ALIVE:
            return "ended already"
        _ALIVE.discard(self)
        try:
            code = self.process.wait(1)  # it may be about to end by itself
        except subprocess.TimeoutExpired:
            code = None
        return self._close(code)

    def kill(self) -> None:
        """End the process at once."""
        if self in _ALIVE:
            _ALIVE.discard(self)
            self._close(None)

    def _close(self, code: int | None) -> str:
        if code is None:
            self.process.kill()
            self.process.wait()
        how = fate(code, self.errors)
        self._close_descriptors()
        return how

    def _close_descriptors(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        os.close(self.errors)

    def forget(self) -> None:
        """In a forked child, where the worker is the parent's: let go of the pipes, so that it sees when the parent is gone."""
        self._close_descriptors()
        self.process.returncode = 0


def fate(code: int | None, errors: int) -> str:
    """How a process ended, with the line of its last words that says why."""
    if code is None:
        return "it did not reply"
    if code == -signal.SIGXCPU:
        how = "it took too much processor time"
    elif code < 0:
        how = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    else:
        how = f"exit status {code}"
    size = os.fstat(errors).st_size
    lines = os.pread(errors, 1 << 16, max(size - (1 << 16), 0)).decode("utf-8", "replace").splitlines()
    said = [line.strip() for line in lines if any(word in line for word in REASON_WORDS)] or [line.strip() for line in lines if line.strip()][-1:]
    return f"{how}: {said[0][-REASON_LENGTH:]}" if said else how


def interpreter() -> str:
    """The Python to run workers with. Raises NoWorker in a program that embeds Python, whose own executable must not be started again."""
    name = os.path.basename(sys.executable or "").lower()
    if getattr(sys, "frozen", False) or not ("python" in name or "pypy" in name):
        raise NoWorker("this program has no Python interpreter to start a process for it with")
    return sys.executable


_ALIVE: set[Worker] = set()
_IDLE: list[Worker] = []


def take() -> Worker:
    """A worker of this process: the one that waits, or a new one."""
    while True:
        try:
            worker = _IDLE.pop()
        except IndexError:
            return Worker()
        worker.rested = True
        if worker.process.poll() is None:
            return worker
        worker.kill()


def give_back(worker: Worker) -> None:
    """Keep it for the next job if none waits yet."""
    if _IDLE:
        worker.kill()
    else:
        _IDLE.append(worker)


@atexit.register
def end_all() -> None:
    """End every worker of this process."""
    _IDLE.clear()
    for worker in list(_ALIVE):
        worker.kill()


def _forget_all() -> None:
    for worker in list(_ALIVE):
        worker.forget()
    _IDLE.clear()
    _ALIVE.clear()


os.register_at_fork(after_in_child=_forget_all)
