"""A guest's function `run(argument)`, compiled by each of our backends and by wasmtime: same result, times compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bench.clock import Sample, once, race
from bench.contenders import Contender, theirs
from bench.options import Options
from bench.rows import Row, compared, failure


def raced_runs(area: str, label: str, wasm: bytes, argument: int, options: Options, settings: Mapping[str, object] = {}) -> Iterator[tuple[str, Row]]:
    """(backend, row named after it and `label`) for each of our backends; `settings`: of the Config of each side."""
    their_run = partial(entry(theirs(), wasm, settings), argument)
    expected = their_run()
    sides: dict[str, Sample] = {"theirs": once(their_run)}
    for contender in options.ours:
        name = f"{contender.name} {label}"
        try:
            run = partial(entry(contender, wasm, settings), argument)
            result = run()
        except Exception as error:
            yield contender.name, failure(area, name, error)
            continue
        if result != expected:
            yield contender.name, failure(area, name, f"wrong result: {result!r}, wasmtime has {expected!r}")
            continue
        sides[contender.name] = once(run)
    best = race(sides, options.rounds)
    for contender in options.ours:
        if contender.name in best:
            yield contender.name, compared(area, f"{contender.name} {label}", best[contender.name], best["theirs"])


def entry(contender: Contender, wasm: bytes, settings: Mapping[str, object]) -> Callable[[int], Any]:
    """`run` of a new instance."""
    engine = contender.engine(**settings)
    store = contender.api.Store(engine)
    instance = contender.api.Instance(store, contender.api.Module(engine, wasm), [])
    return partial(instance.exports(store)["run"], store)
