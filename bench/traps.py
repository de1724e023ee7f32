"""Traps: raised in the guest, caught as an exception in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from bench.clock import Sample, repeated
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

MODULE = """(module
  (memory 1)
  (func (export "unreachable") unreachable)
  (func (export "divide") (result i32) (i32.div_s (i32.const 1) (i32.load (i32.const 0))))
  (func (export "out of bounds") (result i32) (i32.load (i32.const -4)))
  (func $deep (export "stack exhausted") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1))))"""

#   export              arguments
TRAPS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("unreachable", ()),
    ("divide", ()),
    ("out of bounds", ()),
    ("stack exhausted", (1,)),
)


def measure(options: Options) -> Iterator[Row]:
    """One row for each way to trap."""
    wasm = from_wat(MODULE)
    for name, arguments in TRAPS:
        if options.wants(name):
            ours, other = (partial(_sample, side, wasm, name, arguments) for side in (options.our_first, theirs()))
            yield raced("traps", name, ours, other, options.rounds)


def _sample(contender: Contender, wasm: bytes, name: str, arguments: tuple[int, ...]) -> Sample:
    engine = contender.engine()
    store = contender.api.Store(engine)
    function = contender.api.Instance(store, contender.api.Module(engine, wasm), []).exports(store)[name]
    return repeated(partial(_trap, partial(function, store, *arguments), contender.api.Trap))


def _trap(call: Callable[[], object], trap: type[Exception]) -> None:
    try:
        call()
    except trap:
        return
    raise AssertionError("no trap")
