"""Instances: made and dropped, alone and with a call, for four shapes of module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.clock import Sample, repeated
from bench.contenders import Contender, theirs, theirs_pooled
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

PAGES_16 = "\n".join(f'(data (i32.const {i * 65536}) "{chr(65 + i) * 65536}")' for i in range(16))
EXPORTS_1000 = "\n".join(f'(func (export "f{i}") (result i32) (i32.const {i}))' for i in range(1000))
RUN = '(func (export "run") (result i32) (i32.const 42))'

#   row               module
SHAPES = (
    ("minimal", f"(module {RUN})"),
    ("1 page", f'(module (memory (export "memory") 1) {RUN})'),
    ("16 x 64 KiB data", f'(module (memory (export "memory") 16) {PAGES_16} {RUN})'),
    ("1000 exports", f"(module {EXPORTS_1000} {RUN})"),
)


def measure(options: Options) -> Iterator[Row]:
    """Three rows a shape: instantiate + drop; the same with a prepared instance and a call; beside their pool."""
    ours = options.our_first
    ways: tuple[tuple[str, Callable[..., Sample], Contender], ...] = (
        ("instantiate + drop", _plain, theirs()),
        ("pre + call + drop", prepared_sample, theirs()),
        ("pre + call + drop, their pool", prepared_sample, theirs_pooled()),
    )
    for shape, wat in SHAPES:
        wasm = from_wat(wat)
        for way, sample, opponent in ways:
            name = f"{way}: {shape}"
            if options.wants(name) or options.wants(shape):
                yield raced("instantiate", name, partial(sample, ours, wasm), partial(sample, opponent, wasm), options.rounds)


def _plain(contender: Contender, wasm: bytes) -> Sample:
    """A store, an instance and its exports, as a program uses them; all dropped."""
    api, engine = contender.api, contender.engine()
    module = api.Module(engine, wasm)

    def cycle() -> None:
        store = api.Store(engine)
        api.Instance(store, module, []).exports(store)

    return repeated(cycle)


def prepared_sample(contender: Contender, wasm: bytes) -> Sample:
    """A store, an instance from its InstancePre, a call of one export; all dropped."""
    api, engine = contender.api, contender.engine()
    prepared: Any = api.Linker(engine).instantiate_pre(api.Module(engine, wasm))

    def cycle() -> None:
        store = api.Store(engine)
        prepared.instantiate(store).exports(store)["run"](store)

    return repeated(cycle)
