"""Which feature each file of the official suite is for, and which features each strategy has: rows to extend as backends grow."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path

# Columns: feature, the files for it (patterns in the suite's folder). A file in no row is for wasm 2.0.
# The first row that fits counts.
GROUPS = (
    # the component model's suite, which has a folder of its own
    ("components", ("async/*.wast", "binary/*.wast", "linking/*.wast", "resources/*.wast", "validation/*.wast", "values/*.wast")),
    ("legacy_exceptions", ("legacy/*.wast",)),
    ("annotations", ("custom/*.wast",)),
    ("custom_descriptors", ("proposals/custom-descriptors/*.wast",)),
    ("custom_page_sizes", ("proposals/custom-page-sizes/*.wast",)),
    ("stack_switching", ("proposals/stack-switching/*.wast",)),
    ("threads", ("proposals/threads/*.wast",)),
    ("wide_arithmetic", ("proposals/wide-arithmetic/*.wast",)),
    ("gc", (
        "array*.wast", "binary-gc.wast", "br_on_cast*.wast", "extern.wast", "i31.wast", "ref_cast.wast", "ref_eq.wast", "ref_test.wast",
        "struct.wast", "type-canon.wast", "type-rec.wast", "type-subtyping.wast",
    )),
    ("function_references", (
        "br_on_null.wast", "br_on_non_null.wast", "call_ref.wast", "ref_as_non_null.wast", "return_call_ref.wast", "ref.wast",
        "table-sub.wast", "type-equivalence.wast", "unreached-valid.wast", "local_init.wast",
    )),
    ("exceptions", ("instance.wast", "tag.wast", "throw.wast", "throw_ref.wast", "try_table.wast")),
    ("tail_call", ("return_call.wast", "return_call_indirect.wast")),
    ("memory64", ("*64.wast", "memory64-imports.wast", "table_copy_mixed.wast")),
    ("multi_memory", (
        "address[01].wast", "align0.wast", "binary0.wast", "data[01].wast", "data_drop0.wast", "exports0.wast", "float_exprs[01].wast",
        "float_memory0.wast", "imports[0-4].wast", "linking[0-3].wast", "load[0-2].wast", "memory-multi.wast", "memory_copy[01].wast",
        "memory_fill0.wast", "memory_init0.wast", "memory_size[0-3].wast", "memory_size_import.wast", "memory_trap[01].wast",
        "start0.wast", "store[0-2].wast", "traps0.wast",
    )),
    ("relaxed_simd", ("*relaxed*.wast",)),
    ("simd", ("simd_*.wast",)),
)  # fmt: skip

# Columns: strategy, the features whose files it runs, besides wasm 2.0.
EVERYTHING = (
    "function_references", "gc", "exceptions", "tail_call", "memory64", "multi_memory", "relaxed_simd", "annotations", "custom_descriptors",
    "custom_page_sizes", "threads", "wide_arithmetic", "legacy_exceptions", "components", "simd",
)  # fmt: skip
STRATEGIES = (
    ("llvm", EVERYTHING),
    ("native", EVERYTHING),
)

# Columns: strategy, the architecture that the suite runs on, the features it lacks there.
LACKING: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

# Settings that differ from the defaults while a feature's files run; the threads proposal's suite is older than several tables and memories, and than
# 64-bit ones.
SETTINGS: dict[str, dict[str, bool | int]] = {
    "components": {
        f"wasm_component_model_{name}": True
        for name in ("async_stackful", "more_async_builtins", "threading", "error_context", "fixed_length_lists", "map", "implements")
    },
    "custom_descriptors": {"wasm_custom_descriptors": True},
    "custom_page_sizes": {"wasm_custom_page_sizes": True},
    "wide_arithmetic": {"wasm_wide_arithmetic": True},
    "threads": {"wasm_multi_memory": False, "wasm_reference_types": False, "wasm_memory64": False},
}


# Ways of running the whole suite besides the defaults. Columns: name, settings (`pool`: the pooling allocator).
MODES: dict[str, dict[str, bool | int]] = {
    "default": {},
    "pool": {"pool": True},
    "checked": {"memory_reservation": 0},  # every access to a memory is compared with its length
    "stress": {"gc_stress": True},  # garbage is collected at every allocation
}


def feature_of(name: str) -> str:
    """The feature a file is for, by its path in the suite's folder; "" for wasm 2.0."""
    for feature, patterns in GROUPS:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            return feature
    return ""


def files(folder: Path) -> list[str]:
    """Every script of the suite, as paths in its folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wast"))


def rows(folder: Path, strategies: list[str]) -> list[tuple[str, str]]:
    """(strategy, file) of all that has to pass."""
    features = dict(STRATEGIES)
    lacking = {strategy: without for strategy, machine, without in LACKING if machine == os.uname().machine}
    return [
        (strategy, name)
        for strategy in strategies
        for name in files(folder)
        if feature_of(name) in ("", *features.get(strategy, ())) and feature_of(name) not in lacking.get(strategy, ())
    ]


def not_run(folder: Path, ran: set[tuple[str, str]], strategies: list[str]) -> list[str]:
    """Lines for the end of a run that say, a strategy each, how many of the suite's files did not run, and by name those that none of its rows is for.

    `ran`: (strategy, file) of those that did. What had a row but was not selected is counted only: whoever selected knows.
    """
    if not folder.is_dir():
        return [f"no file ran: there is no folder of the official suite at {folder}"]
    everything = files(folder)
    lines = []
    for strategy in strategies:
        missing = [name for name in everything if (strategy, name) not in ran]
        supposed = {name for _, name in rows(folder, [strategy])}
        lacking = [name for name in missing if name not in supposed]
        line = f"{strategy}: {len(everything) - len(missing)} of {len(everything)} files ran, {len(missing)} did not"
        if len(missing) > len(lacking):
            line += f"; not selected: {len(missing) - len(lacking)}"
        if lacking:
            line += f"; for what it lacks: {', '.join(lacking)}"
        lines.append(line)
    return lines
