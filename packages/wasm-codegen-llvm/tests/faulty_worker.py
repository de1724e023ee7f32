"""A worker in which LLVM fails on purpose: FAULTY names functions and how, as "f7:abort f9:abort! f3:hang"; with "!" even without optimization."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from typing import Any

from wasm_codegen_llvm import worker
from wasm_codegen_llvm.llvm import Machine


def abort() -> None:
    print("python: NewGVN.cpp:42: void touch(): Assertion `Live && \"must be\"' failed.", file=sys.stderr, flush=True)
    os.abort()


def hang() -> None:
    while True:
        pass


FAULTS = {
    "abort": abort,
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda: os._exit(3),
    "raise": lambda: {}["missing"],
    "sleep": lambda: time.sleep(600),
    "hang": hang,
}
ROWS = [(name, fault.rstrip("!"), fault.endswith("!")) for name, fault in re.findall(r"(\w+):(\w+!?)", os.environ.get("FAULTY", ""))]


class FaultyMachine:
    """A Machine that fails on the functions of ROWS; "trampolines" stands for them."""

    def __init__(self, isa: Any, optimize: int = 2) -> None:
        self.machine = Machine(isa, optimize)
        self.optimize = optimize

    def emit(self, text: str) -> bytes:
        defined = set(re.findall(r"^define hidden .* @(f\d+)\(", text, re.MULTILINE))
        if "%values, ptr %code)" in text or "!llvm.dbg.cu" not in text:
            defined = {"trampolines"}
        for name, fault, always in ROWS:
            if name in defined and (always or self.optimize):
                FAULTS[fault]()
        return self.machine.emit(text)


if __name__ == "__main__":
    worker.Machine = FaultyMachine
    worker.SECONDS = int(os.environ.get("FAULTY_SECONDS", worker.SECONDS))
    worker.IDLE_SECONDS = float(os.environ.get("FAULTY_IDLE", worker.IDLE_SECONDS))
    worker.main()
