"""Linear memory from Python: one byte, a block, a whole view."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.clock import Sample, statement
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

MODULE = '(module (memory (export "memory") 16))'

#   row              ours                                   theirs
WAYS = (
    ("read 1 byte", "memory[7]", "memory.read(store, 7, 8)"),
    ("read 1 byte, read()", "memory.read(store, 7, 8)", "memory.read(store, 7, 8)"),
    ("read 64 KiB", "memory.read(store, 0, 65536)", "memory.read(store, 0, 65536)"),
    ("write 1 byte", "memory[7] = 1", "memory.write(store, b'1', 7)"),
    ("write 1 byte, write()", "memory.write(store, b'1', 7)", "memory.write(store, b'1', 7)"),
    ("write 64 KiB", "memory.write(store, block, 0)", "memory.write(store, block, 0)"),
    ("size()", "memory.size(store)", "memory.size(store)"),
    ("view", "memoryview(memory)", "memory.get_buffer_ptr(store)"),
    (
        "numpy view",
        "frombuffer(memory, uint8)",
        "frombuffer(memory.get_buffer_ptr(store), uint8)",
    ),
)


def measure(options: Options) -> Iterator[Row]:
    """One row for each way, ours in our best words beside theirs in theirs."""
    wasm = from_wat(MODULE)
    for name, our_code, their_code in WAYS:
        if options.wants(name):
            if options.our_first.api is theirs().api:
                our_code = their_code
            ours = partial(_sample, options.our_first, wasm, our_code)
            yield raced("memory", name, ours, partial(_sample, theirs(), wasm, their_code), options.rounds)


def _sample(contender: Contender, wasm: bytes, code: str) -> Sample:
    from numpy import frombuffer, uint8

    engine = contender.engine()
    store = contender.api.Store(engine)
    exports = contender.api.Instance(store, contender.api.Module(engine, wasm), []).exports(store)
    names = {"frombuffer": frombuffer, "uint8": uint8, "block": bytes(65536)}
    return statement(code, store=store, memory=exports["memory"], **names)
