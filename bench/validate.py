"""Decode and validate real modules on one core, beside wasmtime's Module.validate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from bench.clock import Sample, geometric_mean, repeated
from bench.contenders import Contender, theirs
from bench.guests import Unavailable
from bench.modules import mean_name, wanted
from bench.options import Options
from bench.rows import Row, failure, raced, skipped


def measure(options: Options) -> Iterator[Row]:
    """A row for each module, then the geometric mean."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    costs = []
    for module, path in wanted(options):
        if isinstance(path, Unavailable):
            yield skipped("validate", module.name, str(path))
            continue
        wasm = path.read_bytes()
        ours, other = partial(_sample, options.our_first, wasm), partial(_sample, theirs(), wasm)
        row = raced("validate", module.name, ours, other, options.rounds)
        if row.cost is not None and row.ours and row.theirs:
            costs.append(row.cost)
            speeds = f"{len(wasm) / row.ours / 1e6:.0f} MB/s, wasmtime {len(wasm) / row.theirs / 1e6:.0f} MB/s"
            row = Row(row.area, row.name, row.ours, row.theirs, cost=row.cost, note=speeds)
        elif module.needs:
            row = skipped("validate", module.name, f"needs {module.needs}: {row.note}")
        yield row
    if costs:
        yield Row("validate", mean_name(len(costs)), cost=geometric_mean(costs), note=f"of {len(costs)} modules")
    elif not options.only:
        yield failure("validate", "geometric mean", "no module could be measured")


def _sample(contender: Contender, wasm: bytes) -> Sample:
    engine = contender.engine()
    return repeated(partial(contender.api.Module.validate, engine, wasm))
