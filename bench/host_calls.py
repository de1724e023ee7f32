"""wasm -> Python calls: a guest calls a host function a thousand times in one call of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from bench.clock import Sample, repeated
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

CALLS = 1000
LOOP = """(module
  (import "" "host" (func $host {signature}))
  (func (export "loop") (param $n i32) (local $sum i32)
    (loop $again
      {call}
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))))"""

#   row                       parameters, results, the call in wat, the host function
HOSTS: tuple[tuple[str, int, int, str, Callable[..., object]], ...] = (
    ("()", 0, 0, "(call $host)", lambda: None),
    (
        "(i32, i32) -> i32",
        2,
        1,
        "(local.set $sum (call $host (local.get $sum) (local.get $n)))",
        lambda a, b: a,
    ),
)


def measure(options: Options) -> Iterator[Row]:
    """One row for each signature."""
    for name, params, results, call, function in HOSTS:
        if options.wants(name):
            signature = "(param i32) " * params + "(result i32)" * results
            wasm = from_wat(LOOP.format(signature=signature, call=call))
            ours, other = (partial(_sample, side, wasm, params, results, function) for side in (options.our_first, theirs()))
            yield raced("host_calls", name, ours, other, options.rounds)


def _sample(contender: Contender, wasm: bytes, params: int, results: int, function: Callable[..., object]) -> Sample:
    api = contender.api
    engine = contender.engine()
    store = api.Store(engine)
    i32 = api.ValType.i32()
    host = api.Func(store, api.FuncType([i32] * params, [i32] * results), function)
    loop = api.Instance(store, api.Module(engine, wasm), [host]).exports(store)["loop"]
    sample = repeated(partial(loop, store, CALLS))
    return lambda: sample() / CALLS
