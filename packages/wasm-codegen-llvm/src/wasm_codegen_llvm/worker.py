"""A worker process, `python -m wasm_codegen_llvm.worker`: LLVM runs here and nowhere else; asked over standard input, see `pipe.py`."""

from __future__ import annotations

import os
import resource
import select
import signal
from typing import TYPE_CHECKING, Any, Final, final

from wasm_codegen_llvm import object_file, pipe, trampolines
from wasm_codegen_llvm.batches import BatchCompiler
from wasm_codegen_llvm.isa import Isa
from wasm_codegen_llvm.llvm import Machine
from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import CompileError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import Features
from wasm_environ.types import FuncType

if TYPE_CHECKING:
    from collections.abc import Sequence

IDLE_SECONDS: Final = 60  # a worker that is asked nothing for so long ends, with status 0
# Processor seconds that one request may take: several times what the slowest of real functions do. Beyond them LLVM hangs.
SECONDS: Final = 120
BYTES_A_SECOND: Final = 500


@final
class Service:
    """What the requests are about: a target, and a module if there is one."""

    def __init__(self) -> None:
        self.isa: Isa | None = None
        self.machine: Machine | None = None
        self.compiler: BatchCompiler | None = None

    def setup(self, isa: str, system: str, cpu_features: Sequence[str], tunables: dict[str, Any], module: tuple[bytes, Sequence[str]] | None) -> None:
        """What to compile, and for what. The module is decoded again here, and every body validated again."""
        self.compiler = None
        chosen = Tunables(**tunables)
        self.isa = Isa(Target(isa, system, frozenset(cpu_features)))
        self.machine = Machine(self.isa, chosen.optimize)
        if module is not None:
            features = Features()
            features.enabled = frozenset(module[1])
            self.compiler = BatchCompiler(decode(module[0], features), features, chosen, self.isa, self.machine)

    def batch(self, start: int, end: int) -> tuple[Any, ...]:
        """The code of the defined functions from start to end."""
        assert self.compiler is not None
        module = self.compiler.shared.module
        limit_time(module.code_ends[end - 1] - module.code_starts[start])
        return pipe.code_to_plain(self.compiler.compile(start, end))

    def trampolines(self, entries: Sequence[Any], host_thunks: Sequence[Any]) -> tuple[Any, ...]:
        """The code of entry trampolines and of host thunks for types given as (params, results)."""
        assert self.isa is not None
        assert self.machine is not None
        limit_time(0)
        texts = (
            trampolines.entries(self.isa, [FuncType(*plain) for plain in entries]),
            trampolines.host_thunks(self.isa, [FuncType(*plain) for plain in host_thunks]),
        )
        return tuple(pipe.code_to_plain(object_file.read(self.machine.emit(text))) for text in texts)


def limit_time(size: int) -> None:
    """Let the system end this process (SIGXCPU) if the request, about `size` bytes of bodies, takes too much processor time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    end = int(usage.ru_utime + usage.ru_stime) + SECONDS + size // BYTES_A_SECOND
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (end if hard == resource.RLIM_INFINITY else min(end, hard), hard))


def serve(requests: int, replies: int) -> None:
    """Answer (method of Service, arguments) until the other side is gone, or asks nothing for long."""
    service = Service()
    pipe.send(replies, ("ready", None))
    while True:
        if not select.select([requests], [], [], IDLE_SECONDS)[0]:
            return
        method, arguments = pipe.receive(requests)
        try:
            reply = "done", getattr(service, method)(*arguments)
        except CompileError as error:
            reply = "error", pipe.error_to_plain(error)
        pipe.send(replies, reply)


def prepare_process() -> None:
    """Ctrl-C is the parent's to handle; an abort leaves no core file; when memory runs out, this process goes rather than the user's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        pass


def main() -> None:
    """Serve on standard input and output. Whatever else is printed goes to standard error."""
    prepare_process()
    replies = os.dup(1)
    os.dup2(2, 1)
    try:
        serve(0, replies)
    except (EOFError, BrokenPipeError):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
