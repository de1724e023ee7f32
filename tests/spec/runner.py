"""Runs the suite's scripts in worker processes: one that crashes or hangs is a failure of its file, and nothing else."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

TIMEOUT = 300.0 * float(os.environ.get("WASM_TESTS_SLOWER", "1"))  # seconds a file may take; this machine may be emulated
RESTART_AFTER = 50  # files a worker runs before another takes its place


class Outcome:
    """What came of a file: commands that passed, (line, message) of each that failed; line 0: of the file as a whole."""

    def __init__(self, passed: int, failures: list[tuple[int, str]], seconds: float) -> None:
        self.passed = passed
        self.failures = failures
        self.seconds = seconds


class Worker:
    """A process that runs one file at a time."""

    def __init__(self) -> None:
        self.files = 0
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, task: dict[str, Any], timeout: float) -> Outcome:
        """Run a file. A process that dies or takes too long is a failure, and this worker must not be used again."""
        self.files += 1
        started = time.monotonic()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
            line = self._line(timeout)
        except BrokenPipeError:
            line = b""
        if line:
            answer = json.loads(line)
            return Outcome(answer["passed"], [(n, text) for n, text in answer["failures"]], time.monotonic() - started)
        why = f"no end after {timeout:.0f} s" if line is None else "the process died"
        return Outcome(0, [(0, f"{why}: {self.stop()}")], time.monotonic() - started)

    def _line(self, timeout: float) -> bytes | None:
        """The answer; b"" when the process has died, None when it took too long."""
        assert self.process.stdout is not None
        number = self.process.stdout.fileno()
        deadline = time.monotonic() + timeout
        found = b""
        while not found.endswith(b"\n"):
            if not select.select([number], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            piece = os.read(number, 1 << 16)
            if not piece:
                return b""
            found += piece
        return found

    @property
    def usable(self) -> bool:
        """Whether it can run another file."""
        return self.process.poll() is None and self.files < RESTART_AFTER

    def stop(self) -> str:
        """End the process; returns what it died of and its last words."""
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        _, errors = self.process.communicate()
        status = self.process.returncode
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"{name}\n{errors.decode('utf-8', 'replace')[-3000:]}"

    def close(self) -> None:
        """End the process without a word."""
        assert self.process.stdin is not None
        if self.process.poll() is None:
            self.process.stdin.close()
        self.process.stdin = None
        self.stop()


class Pool:
    """Workers that share the files among them."""

    def __init__(self, jobs: int) -> None:
        self.executor = ThreadPoolExecutor(jobs)
        self.here = threading.local()
        self.workers: list[Worker] = []

    def submit(self, path: Path, strategy: str, settings: dict[str, bool | int], timeout: float = TIMEOUT) -> Future[Outcome]:
        """Run a file when a worker is free."""
        return self.executor.submit(self._run, {"path": str(path), "strategy": strategy, "settings": settings}, timeout)

    def _run(self, task: dict[str, Any], timeout: float) -> Outcome:
        worker: Worker | None = getattr(self.here, "worker", None)
        if worker is None or not worker.usable:
            if worker is not None:
                worker.close()
            worker = self.here.worker = Worker()
            self.workers.append(worker)
        return worker.run(task, timeout)

    def close(self) -> None:
        """End all workers."""
        self.executor.shutdown(cancel_futures=True)
        for worker in self.workers:
            if worker.process.returncode is None:
                worker.close()


def serve() -> None:
    """The worker's side: read a task a line, write an answer a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what guests print must not mix with the answers
    from wasm_facade import Config, Engine, PoolingAllocationConfig
    from wasm_facade.wast.executor import run_script

    for line in sys.stdin:
        task = json.loads(line)
        config = Config()
        config.strategy = task["strategy"]
        config.cache = False
        for name, value in task["settings"].items():
            if name == "pool":
                config.allocation_strategy = PoolingAllocationConfig()
            else:
                setattr(config, name, value)
        try:
            report = run_script(Engine(config), Path(task["path"]).read_bytes())
            answer = {"passed": report.passed, "failures": report.failures}
        except Exception as error:
            import traceback

            answer = {"passed": 0, "failures": [(0, f"{error!r}\n{traceback.format_exc()}")]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
