"""A worker process, `python -m wasm_codegen_llvm.worker`: compiles batches of one module, asked for over its standard input."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, BinaryIO

from wasm_codegen_llvm.batches import BatchCompiler
from wasm_codegen_llvm.isa import Isa
from wasm_codegen_llvm.machine import Machine
from wasm_codegen_llvm.pipe import code_to_plain, error_to_plain, receive, send
from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import CompileError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import Features

if TYPE_CHECKING:
    from collections.abc import Sequence


def setup_message(data: bytes, features: Features, target: Target, tunables: Tunables) -> tuple[Any, ...]:
    """The first message to a worker: what to compile, and for what."""
    return (
        data, sorted(features.enabled), (target.isa, target.os, sorted(target.cpu_features)),
        (tunables.guarded, tunables.consume_fuel, tunables.stack_check, tunables.optimize),
    )  # fmt: skip


def make_compiler(message: Sequence[Any]) -> BatchCompiler:
    """The compiler that `setup_message` describes. The module is decoded again here, and every body validated again."""
    data, enabled, (isa, system, cpu_features), tunables = message
    features = Features()
    features.enabled = frozenset(enabled)
    target = Isa(Target(isa, system, frozenset(cpu_features)))
    chosen = Tunables(*tunables)
    return BatchCompiler(decode(data, features), features, chosen, target, Machine(target, chosen.optimize))


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Compile what is asked for until the other side is gone."""
    compiler = make_compiler(receive(requests))
    while True:
        start, end = receive(requests)
        try:
            send(replies, ("code", code_to_plain(compiler.compile(start, end))))
        except CompileError as error:
            send(replies, ("error", error_to_plain(error)))


def main() -> None:
    """Serve on standard input and output. Whatever else is printed goes to standard error; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(os.fdopen(0, "rb"), replies)
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    main()
