"""Runs random modules that Binaryen's fuzzer made, as node ran them: `random_binaryen.py CONFIGURATION FOLDER`.

The fuzzer mixes legacy exceptions with new ones, GC and tail calls, which no engine but ours runs: node is given the same module with the legacy ones
translated by Binaryen. FOLDER has modules.json (a `Plan` each, as a dict), node.jsonl (what node saw, a line a module), and a module and its translation each.
What happens behind an exhausted stack or heap is not compared: engines differ in how much there is.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import wasm_facade as wasm

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "native": ("native", {}), "native-stress": ("native", {"gc_stress": True}), "llvm": ("llvm", {}), "llvm-stress": ("llvm", {"gc_stress": True}),
}  # fmt: skip
SIZES = (3000, 8000, 16000, 30000)  # bytes of randomness, which are about as many of a module
# Of all that Binaryen has: what we do not have, what node has not, and what cannot cross its border.
WITHOUT = (
    "shared-everything", "strings", "stack-switching", "fp16", "custom-descriptors", "multibyte", "acquire-release-atomics", "custom-page-sizes",
    "wide-arithmetic", "compact-imports", "relaxed-atomics", "threads", "relaxed-simd", "simd",
)  # fmt: skip
FLAGS = ("-q", "-all", *(f"--disable-{feature}" for feature in WITHOUT))
DEPTH = 3  # calls of exports inside one another
VALUES: dict[str, tuple[int | float, ...]] = {"i32": (0, 1, -1, 5, 1000), "i64": (0, 7, -3), "f32": (0.0, 1.5, -2.25), "f64": (0.0, 1.5, -2.25)}
LIMITS = ("STACK_OVERFLOW", "ALLOCATION_TOO_LARGE", "OUT_OF_MEMORY", "GC_HEAP")


def generate(seed: int, folder: Path, optimizer: Callable[..., str]) -> Path:
    """The module of a seed, and beside it, as .new.wasm, the same without legacy exceptions. NaNs are taken out of it: their bits are the engine's choice."""
    random = Random(seed)
    source = folder / f"{seed}.bin"
    source.write_bytes(random.randbytes(random.choice(SIZES)))
    module = folder / f"{seed}.wasm"
    optimizer(source, "-ttf", "--denan", *FLAGS, "-o", module)
    optimizer(module, "--translate-to-exnref", *FLAGS, "-o", module.with_suffix(".new.wasm"))
    return module


def plan(path: Path, seed: int) -> dict[str, Any]:
    """What node needs to run a module: its file, the calls, and by index the exports that take nothing and give nothing."""
    module = wasm.Module(wasm.Engine(_config("native", {})), path.read_bytes())
    random = Random(seed)
    functions: list[Any] = [each for each in module.exports if isinstance(each.type, wasm.FuncType)]
    calls = []
    for each in functions:
        kinds, results = [str(type) for type in each.type.params], [str(type) for type in each.type.results]
        nullable = all(kind in VALUES or kind.endswith("ref") or kind.startswith("(ref null") for kind in kinds)
        if nullable and not any("v128" in kind or "exn" in kind for kind in (*kinds, *results)):
            values = [random.choice(VALUES[kind]) if kind in VALUES else None for kind in kinds]
            shown = [str(value) if kind == "i64" else value for value, kind in zip(values, kinds, strict=True)]  # JavaScript has those apart
            calls.append({"name": each.name, "values": shown, "count": len(results)})
    callable = [None if each.type.params or each.type.results else each.name for each in functions]
    return {"wasm": str(path.with_suffix(".new.wasm")), "calls": calls, "callable": callable}


def _config(strategy: str, settings: dict[str, Any]) -> wasm.Config:
    config = wasm.Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    return config


class Thing:
    """An object of the host."""


def shown(value: Any) -> str:
    """As binaryen.mjs says it."""
    if isinstance(value, wasm.I31Ref):
        value = value.value
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, int) and not -(1 << 31) <= value < 1 << 31:
        return str(value)
    return struct.pack(">d", value).hex() if isinstance(value, int | float) else "null" if value is None else "ref"


class Run:
    """One module, instantiated as binaryen.mjs does it."""

    def __init__(self, module: Any, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.lines: list[str] = []
        self.depth = 0
        self.store = wasm.Store(module.engine)
        self.exports: Any = None
        self.tag = wasm.Tag(self.store, wasm.TagType(wasm.FuncType([wasm.ValType.i32()], [])))
        try:
            self.exports = wasm.Instance(self.store, module, [self.extern(each) for each in module.imports]).exports(self.store)
        except wasm.Trap:
            self.lines.append("not instantiated")

    def extern(self, each: Any) -> Any:
        """What the import `each` gets."""
        if isinstance(each.type, wasm.GlobalType):
            return wasm.Global(self.store, each.type, Thing())
        if isinstance(each.type, wasm.TagType):
            return self.tag if each.name == "wasmtag" else wasm.Tag(self.store, each.type)
        known: dict[str, Any] = {
            "throw": self.throw, "call-export": self.call, "call-export-catch": self.caught, "call-ref": lambda *values: None,
            "call-ref-catch": lambda *values: 0, "table-get": lambda index: None, "table-set": lambda index, value: None,
            "sleep": lambda time, value: value, "hash-memory": lambda *values: 0,
        }  # fmt: skip
        return wasm.Func(self.store, each.type, known.get(each.name) or self.log(each.name))

    def log(self, name: str) -> Callable[..., None]:
        return lambda *values: self.lines.append(f"{name} {' '.join(map(shown, values))}")

    def throw(self, value: int) -> None:
        raise wasm.WasmException(wasm.ExnRef(self.store, self.tag, [value]))

    def call(self, index: int, *_: int) -> None:
        names = self.plan["callable"]
        name = names[index] if 0 <= index < len(names) else None
        if name and self.depth < DEPTH and self.exports is not None:
            self.depth += 1
            try:
                self.exports[name](self.store)
            finally:
                self.depth -= 1

    def caught(self, index: int, *_: int) -> int:
        try:
            self.call(index)
        except wasm.Trap as trap:
            if _is_limit(trap):
                self.lines.append("limit")
            return 1
        return 0

    def one(self, name: str, values: list[Any], count: int) -> None:
        try:
            result = self.exports[name](self.store, *(int(value) if isinstance(value, str) else value for value in values))
        except wasm.Trap as trap:
            self.lines.append("limit" if _is_limit(trap) else f"{name} {'threw' if isinstance(trap, wasm.WasmException) else 'trapped'}")
            return
        results = () if count == 0 else (result,) if count == 1 else result
        self.lines.append(f"{name}: {' '.join(map(shown, results))}")

    def all(self) -> list[str]:
        """What it logs and returns, and what its memories hold then."""
        if self.exports is not None:
            for call in self.plan["calls"]:
                self.one(**call)
            for name, each in self.exports.items():
                if isinstance(each, wasm.Memory):
                    self.lines.append(f"{name}: {hashlib.sha256(each.read(self.store)).hexdigest()}")
        return self.lines


def _is_limit(trap: wasm.Trap) -> bool:
    return trap.trap_code is not None and trap.trap_code.name.startswith(LIMITS)


def difference(ours: list[str], theirs: list[str]) -> str:
    """Where two runs differ, up to the first limit of either; "" if they do not."""
    for k in range(max(len(ours), len(theirs))):
        pair = [lines[k] if k < len(lines) else "the end" for lines in (ours, theirs)]
        if "limit" in pair:
            break
        if pair[0] != pair[1]:
            return f"line {k}, behind {ours[k - 1] if k else 'the start'}: {pair[0]}, in node {pair[1]}"
    return ""


def main(configuration: str, folder: str) -> None:
    strategy, settings = CONFIGURATIONS[configuration]
    plans = json.loads((Path(folder) / "modules.json").read_text())
    seen = [json.loads(line) for line in (Path(folder) / "node.jsonl").read_text().splitlines()]
    different = 0
    for plan, theirs in zip(plans, seen, strict=True):
        new = Path(plan["wasm"])
        for path in (new.with_suffix("").with_suffix(".wasm"), new):
            module = wasm.Module(wasm.Engine(_config(strategy, settings)), path.read_bytes())
            found = difference(Run(module, plan).all(), theirs)
            if found:
                different += 1
                print(f"{path.name}: {found}", flush=True)
    print(f"{len(plans)} modules, {sum(map(len, seen))} lines, {different} differences")
    sys.exit(different > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
