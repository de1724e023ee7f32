"""Python -> wasm calls: what one call of a trivial export costs, with the GIL released meanwhile (the default) and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from bench.clock import Sample, geometric_mean, statement
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

MODULE = """(module
  (func (export "nop"))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "mixed") (param i32 i64 f32 f64 i32 i64 f32 f64) (result i32 i64 f64)
    (i32.add (local.get 0) (local.get 4))
    (i64.add (local.get 1) (local.get 5))
    (f64.add (local.get 3) (local.get 7))))"""

#   row                              statement
CALLS = (
    ("nop()", "nop(store)"),
    ("add(i32, i32) -> i32", "add(store, 1, 2)"),
    ("8 mixed parameters, 3 results", "mixed(store, 1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0)"),
)


def measure(options: Options) -> Iterator[Row]:
    """Two rows for each signature, and the geometric mean of the default's."""
    wasm = from_wat(MODULE)
    costs = []
    for name, code in CALLS:
        if options.wants(name):
            other = partial(_sample, theirs(), wasm, code)
            row = raced("calls", name, partial(_sample, options.our_first, wasm, code), other, options.rounds)
            if row.cost is not None:
                costs.append(row.cost)
            yield row
            kept = partial(_sample, options.our_first, wasm, code, {"release_gil": False})
            if options.our_first.api is not theirs().api:
                yield raced("calls", f"{name}, GIL kept", kept, other, options.rounds)
    if len(costs) == len(CALLS):
        yield Row("calls", "geometric mean", cost=geometric_mean(costs))


def _sample(contender: Contender, wasm: bytes, code: str, settings: Mapping[str, bool] = MappingProxyType({})) -> Sample:
    engine = contender.engine(**settings)
    store = contender.api.Store(engine)
    exports = contender.api.Instance(store, contender.api.Module(engine, wasm), []).exports(store)
    return statement(code, store=store, **{name: exports[name] for name in ("nop", "add", "mixed")})
