"""Calls of a real module, in one runtime: `real_modules.py RUNTIME STRATEGY FILE CALLS`, prints as JSON what each did.

Imports are stubs that note how they were called and return zeros. After the module's own initializers every exported function is called, in order and
with a few arguments each: numbers, and where it has an allocator places in a buffer of text, so that parsers parse and compressors compress.
CALLS bounds their number; 0: as many as end within SECONDS and within the stack, since where these cut a call off differs between runtimes.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import struct
import sys
import threading
from typing import Any

SECONDS = 2.0  # per call, when calls are chosen
MOST = 400  # calls of a module
MEMORY = 256 << 20
TEXT = b'{"a": [1, 2.5e3, "x\\u00e9"], "b": null} /* t */ export const f = (x) => `${x + 1}`; <svg width="9"><g/></svg>\n' * 8 + bytes(64)
FIRST = ("_initialize", "__wasm_call_ctors", "__wbindgen_start", "__wasm_apply_data_relocs")
ALLOCATORS = ("malloc", "__wbindgen_malloc", "__wbindgen_export_0", "__wbindgen_export", "allocate_mappings", "omalloc", "hb_malloc")
TRAPS = (
    "unreachable", "divide by zero", "integer overflow", "out of bounds memory", "invalid conversion", "undefined element", "uninitialized element",
    "indirect call type mismatch", "call stack exhausted", "out of bounds table", "interrupt", "null reference", "unaligned atomic",
)  # fmt: skip
CUT_OFF = ("interrupt", "call stack exhausted")


def plain(value: Any) -> object:
    """A value as JSON: floats by their bits, any NaN alike, references by whether they are null."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return "nan" if value != value else struct.pack("<d", value).hex()
    return value if isinstance(value, int) else None if value is None else "reference"


class World:
    """The module's instance, and the trace of what happened."""

    def __init__(self, api: Any, strategy: str, data: bytes) -> None:
        self.api = api
        config = api.Config()
        config.epoch_interruption = True
        if strategy:
            config.strategy = strategy
            config.cache = False
        self.engine = api.Engine(config)
        self.store = api.Store(self.engine)
        self.store.set_limits(memory_size=MEMORY)
        self.store.set_epoch_deadline(1 << 40)
        self.imported = hashlib.sha256()
        self.count = 0
        module = api.Module(self.engine, data)
        self.types = {export.name: export.type for export in module.exports}
        self.memory: Any = None
        given = [self.stub(i.module or "", i.name or "", i.type) for i in module.imports]
        self.exports = api.Instance(self.store, module, given).exports(self.store)
        for name, kind in self.types.items():
            if isinstance(kind, api.MemoryType):
                self.memory = self.exports[name]

    def stub(self, module: str, name: str, kind: Any) -> Any:
        """Something of the type that an import asks for."""
        api = self.api
        if isinstance(kind, api.MemoryType):
            self.memory = api.Memory(self.store, kind)
            return self.memory
        if isinstance(kind, api.TableType):
            return api.Table(self.store, kind, None)
        if isinstance(kind, api.GlobalType):
            base = 1 << 16 if "stack_pointer" in name else 1 if "table_base" in name else 1024
            return api.Global(self.store, kind, api.Val.i64(base) if str(kind.content) == "i64" else api.Val.i32(base))
        results = [self.zero(t) for t in kind.results]

        def called(*values: Any) -> Any:
            self.count += 1
            self.imported.update(json.dumps([module, name, plain(values)]).encode())
            return None if not results else results[0] if len(results) == 1 else results

        return api.Func(self.store, kind, called)

    def zero(self, kind: Any) -> Any:
        return {"i32": 0, "i64": 0, "f32": 0.0, "f64": 0.0}.get(str(kind))

    def call(self, name: str, values: list[Any]) -> list[object]:
        """[name, outcome, calls of imports so far]; the outcome is a result or a trap's kind."""
        try:
            outcome: object = plain(self.exports[name](self.store, *values))
        except (self.api.Trap, self.api.WasmtimeError) as error:
            text = str(error)
            outcome = next((words for words in TRAPS if words in text), text.splitlines()[-1])
        return [name, outcome, self.count]

    def digest(self) -> list[object]:
        """Hashes of the memory and of what imports were called with."""
        memory = b"" if self.memory is None else bytes(self.memory.read(self.store, 0, self.memory.data_len(self.store)))
        return [hashlib.sha256(memory).hexdigest(), self.imported.hexdigest()]


def buffer(world: World) -> int:
    """Where the text lies that calls are given: from the module's allocator, else at a fixed place."""
    if world.memory is None:
        return 0
    size = world.memory.data_len(world.store)
    place = min(1 << 15, size // 2)
    for name in ALLOCATORS:
        params = list(world.types[name].params) if isinstance(world.types.get(name), world.api.FuncType) else []
        if params and all(str(t) == "i32" for t in params):
            outcome = world.call(name, [4096, 8, 0, 0][: len(params)])[1]
            if isinstance(outcome, int) and 0 < outcome < world.memory.data_len(world.store) - len(TEXT):
                place = outcome
                break
    if place + len(TEXT) < world.memory.data_len(world.store):
        world.memory.write(world.store, TEXT, place)
    return int(place)


def arguments(params: list[Any], place: int) -> list[list[Any]]:
    """Rows of arguments for a function."""
    numbers = {"i32": ((0, 0, 0, 0), (place, 120, place + 2048, 64), (1, 2, 3, 4), (place + 2048, place, 300, 2048)), "i64": ((0, 1, 5, 9),) * 4,
               "f32": ((0.0, 1.5, 2.0, 8.0),) * 4, "f64": ((0.0, 1.5, 2.0, 8.0),) * 4}  # fmt: skip
    rows = []
    for turn in range(4 if params else 1):
        rows.append([numbers[str(t)][turn][k % 4] if str(t) in numbers else None for k, t in enumerate(params)])
    return rows


def run(world: World, most: int) -> list[list[object]]:
    """The trace."""
    functions = [name for name, kind in world.types.items() if isinstance(kind, world.api.FuncType)]
    callable_ones = [name for name in functions if not any(str(t) in ("v128", "exnref") for t in (*world.types[name].params, *world.types[name].results))]
    first = [name for name in FIRST if name in callable_ones and not world.types[name].params]
    trace: list[list[object]] = []
    for name in first:
        trace.append(world.call(name, []))
    place = buffer(world)
    for name in callable_ones:
        if name in first or name == "_start":
            continue
        for values in arguments(list(world.types[name].params), place):
            if (most and len(trace) >= most) or len(trace) >= MOST:
                return trace
            if not most:
                alarm = threading.Timer(SECONDS, world.engine.increment_epoch)
                world.store.set_epoch_deadline(1)
                alarm.start()
            trace.append(world.call(name, values))
            if not most:
                alarm.cancel()
                alarm.join()
                if trace[-1][1] in CUT_OFF:
                    return trace[:-1]
    return trace


def main() -> None:
    """Print {"trace", "digest"}; with calls chosen, the digest is of a second world that was stopped before the first call that was cut off."""
    runtime, strategy, file, calls = sys.argv[1:]
    api = importlib.import_module(runtime)
    with open(file, "rb") as opened:
        data = opened.read()
    most = int(calls)
    world = World(api, strategy if runtime != "wasmtime" else "", data)
    trace = run(world, most)
    if not most:
        world = World(api, "", data)
        trace = run(world, len(trace))
    print(json.dumps({"trace": trace, "digest": world.digest()}))


if __name__ == "__main__":
    main()
