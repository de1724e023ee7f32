"""Guests for tests of the canonical ABI: modules that keep what crosses, with an allocator that logs, around one type and its call program.

A type is written as in data/canonical_abi.jsonl.xz: a primitive's name, or [kind, parts...]; labels are made up. So are values: floats as bits, characters and
strings as str, records and tuples as the list of their parts, a case as [number, payload], an enum's and flags' as a number, a map's as pairs.
"""

from __future__ import annotations

import struct
from functools import cache

import wasm_facade
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.component.abi.program import ProgramBuilder
from wasm_environ.component.types import TypeTable
from wasm_environ.types import F32, F64, I32, I64, FuncType
from wasm_vm import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Core = tuple[tuple[int, ...], tuple[int, ...]]

HEAP = 1024  # where the allocator begins
LOG = 1 << 15  # four i64 a call
SPILL = 17  # parameters more, so that all go through memory
WAT = {I32: "i32", I64: "i64", F32: "f32", F64: "f64"}
PRIMITIVES = {name: number for number, name in s.PRIMITIVE_NAMES.items()}
CASES = {"variant": "c", "enum": "e", "flags": "g", "record": "f"}


def label(kind: str, i: int) -> str:
    """Every second one has a hyphen."""
    return f"{CASES[kind]}{i}" if i % 2 else f"{CASES[kind]}-{i}"


def intern(table: TypeTable, t: Any) -> int:
    """A type as written, in a table."""
    if isinstance(t, str):
        return PRIMITIVES[t]
    kind, *rest = t
    row: Any
    match kind:
        case "list" | "option":
            row = (s.List if kind == "list" else s.Option)(intern(table, rest[0]))
        case "fixed":
            row = s.FixedList(intern(table, rest[0]), rest[1])
        case "tuple":
            row = s.Tuple(tuple([intern(table, part) for part in rest[0]]))
        case "record":
            row = s.Record(tuple([(label("record", i), intern(table, part)) for i, part in enumerate(rest[0])]))
        case "variant":
            row = s.Variant(tuple([(label("variant", i), None if part is None else intern(table, part)) for i, part in enumerate(rest[0])]))
        case "result":
            row = s.Result(*[None if part is None else intern(table, part) for part in rest])
        case "own" | "borrow":
            row = (s.Own if kind == "own" else s.Borrow)(rest[0])
        case "enum" | "flags":
            row = (s.Enum if kind == "enum" else s.Flags)(tuple([label(kind, i) for i in range(rest[0])]))
        case _:
            row = s.Map(intern(table, rest[0]), intern(table, rest[1]))
    return table.intern(row)


# ---- values in Python


def case_types(t: Any) -> list[tuple[str, Any]]:
    if t[0] == "variant":
        return [(label("variant", i), part) for i, part in enumerate(t[1])]
    return [("none", None), ("some", t[1])] if t[0] == "option" else [("ok", t[1]), ("err", t[2])]


def classes(t: Any) -> set[str]:
    """What Python values of a type are (wasmtime-py: add_classes)."""
    if isinstance(t, str):
        return {{"bool": "bool", "char": "str", "string": "str", "f32": "float", "f64": "float"}.get(t, "int")}
    kind = t[0]
    if kind in ("variant", "option", "result"):
        return {"Variant"} if tagged(t) else {name for _, part in case_types(t) for name in ({"object"} if part is None else classes(part))}
    if kind in ("list", "fixed"):
        return {"bytes" if t[1] == "u8" else "list"}
    return {{"map": "dict", "enum": "str", "flags": "set"}.get(kind, kind)}


def tagged(t: Any) -> bool:
    """Whether values of a variant are Variant objects (wasmtime-py: _tagged)."""
    seen: set[str] = set()
    for _, part in case_types(t):
        mine = {"object"} if part is None else classes(part)
        if mine & seen:
            return True
        seen |= mine
    return False


def value(t: Any, v: Any) -> Any:
    """A value as written, in Python: as it comes from a guest."""
    if t in ("f32", "f64"):
        letters = "<If" if t == "f32" else "<Qd"
        return struct.unpack("<" + letters[2], struct.pack(letters[:2], v))[0]
    if isinstance(t, str):
        return v
    match t[0]:
        case "list" | "fixed":
            items = [value(t[1], item) for item in v]
            return bytes(items) if t[1] == "u8" else items
        case "tuple":
            return tuple([value(part, item) for part, item in zip(t[1], v, strict=True)])
        case "record":
            return _core.Record(**{label("record", i): value(part, item) for i, (part, item) in enumerate(zip(t[1], v, strict=True))})
        case "variant" | "option" | "result":
            name, part = case_types(t)[v[0]]
            payload = None if part is None else value(part, v[1])
            return _core.Variant(name, payload) if tagged(t) else payload
        case "enum":
            return label("enum", v)
        case "flags":
            return {label("flags", i) for i in range(t[1]) if v >> i & 1}
        case _:
            return {value(t[1], key): value(t[2], item) for key, item in v}


# ---- guests: a libc with memory and allocator, and a main module


def libc(address: int) -> str:
    """`realloc` logs its arguments and never uses bytes again."""
    a = WAT[address]
    extend = "" if address == I64 else "i64.extend_i32_u"
    logged = " ".join([f"(i64.store offset={LOG + 8 * i} (global.get $log) {f'({extend} (local.get {i}))' if extend else f'(local.get {i})'})" for i in range(4)])
    return f"""(module
      (memory (export "m") {"i64" if address == I64 else ""} 1)
      (global $heap (export "heap") (mut {a}) ({a}.const {HEAP}))
      (global $log (export "log") (mut {a}) ({a}.const 0))
      (func (export "realloc") (param $old {a}) (param $size {a}) (param $align {a}) (param $new {a}) (result {a}) (local $at {a})
        {logged}
        (global.set $log ({a}.add (global.get $log) ({a}.const 32)))
        (local.set $at ({a}.and ({a}.add (global.get $heap) ({a}.sub (local.get $align) ({a}.const 1))) ({a}.sub ({a}.const 0) (local.get $align))))
        (global.set $heap ({a}.add (local.get $at) (local.get $new)))
        (memory.copy (local.get $at) (local.get $old)
          (select (local.get $size) (local.get $new) ({a}.lt_u (local.get $size) (local.get $new))))
        (local.get $at)))"""


def types(what: str, core: tuple[int, ...]) -> str:
    return f"({what} {' '.join([WAT[t] for t in core])})" if core else ""


def main(lifted: Core, address: int, body: str, callee: Core | None = None) -> str:
    """`f` keeps its parameters from byte 0 on and does `body`. `callee`: what it imports as a function."""
    params, results = lifted
    a = WAT[address]
    kept = " ".join([f"({WAT[core]}.store ({a}.const {8 * i}) (local.get {i}))" for i, core in enumerate(params)])
    imported = f'(import "b" "f" (func $callee {types("param", callee[0])} {types("result", callee[1])}))' if callee else ""
    return f"""(module (import "a" "m" (memory {"i64" if address == I64 else ""} 1)) {imported}
      (func (export "f") {types("param", params)} {types("result", results)} {kept} {body}))"""


@cache
def engine() -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.wasm_memory64 = True
    return wasm_facade.Engine(config)


@cache
def compiled(text: str) -> wasm_facade.Module:
    return wasm_facade.Module(engine(), text)


class Crossing:
    """A function type of one value, its call program, and a component state with two instances: 1 inside of 0.

    `spilled`: so many parameters more that all go through memory. `returns`: its result is of the type, too. `resources`: slots.
    """

    def __init__(self, t: Any, spilled: bool, returns: bool, resources: int = 0) -> None:
        table = TypeTable()
        self.type, self.spilled, self.returns = intern(table, t), spilled, returns
        params = [("x", self.type), *[(f"p{i}", s.U8) for i in range(SPILL * spilled)]]
        self.func = s.Func(tuple(params), self.type if returns else None)
        builder = ProgramBuilder(table)
        self.signature = builder.signature(table.intern(self.func))
        self.layouts = Layouts(table), Layouts(table, I64)
        self.store = wasm_facade.Store(engine())
        self.state = _core.ComponentState(self.store, _core.CallProgram(*builder.program()), bytes(8), resources)

    def args(self, value: Any) -> list[Any]:
        return [value, *[1] * SPILL * self.spilled]


class Guest:
    """One side of a call: `func` is its function lifted. With a callee, a lifted function or a callable, it passes on what it is given; without, it gives
    its first parameter back, which it can where that is one core value or lies in memory."""

    def __init__(self, crossing: Crossing, encoding: int, wide: bool, callee: Any = None) -> None:
        self.store, address = crossing.store, I64 if wide else I32
        layouts = crossing.layouts[wide]
        self.flat = layouts.core_function(crossing.func, False)[0]
        lifted, lowered = layouts.core_function(crossing.func, False), layouts.core_function(crossing.func, True)
        self.libc = self._instance(libc(address), [])
        options = int(callee is None), self.libc["m"], self.libc["realloc"], None, encoding, False
        if callee is None:
            text = main(lifted, address, _echo(crossing, layouts))
            self.f = self._instance(text, [self.libc["m"]])["f"]
        else:
            imported = crossing.state.lower(crossing.signature, callee, options, FuncType(*lowered))
            text = main(lifted, address, _pass_on(lifted, lowered, WAT[address]), lowered)
            self.f = self._instance(text, [self.libc["m"], imported])["f"]
        self.func = crossing.state.lift(crossing.signature, self.f, options)

    def _instance(self, text: str, imports: list[Any]) -> Any:
        return wasm_facade.Instance(self.store, compiled(text), imports).exports(self.store)

    def seen(self) -> tuple[list[int], str, list[int]]:
        """The core values it was given, what lies in its heap, the arguments of its allocator."""
        memory = self.libc["m"]
        data = bytes(memory.read(self.store, 0, 8 * len(self.flat)))
        values = [int.from_bytes(data[8 * i : 8 * i + (4 if core in (I32, F32) else 8)], "little") for i, core in enumerate(self.flat)]
        log = bytes(memory.read(self.store, LOG, LOG + self.libc["log"].value(self.store)))
        heap = bytes(memory.read(self.store, HEAP, self.libc["heap"].value(self.store)))
        return values, heap.hex(), list(struct.unpack(f"<{len(log) // 8}q", log))


def _pass_on(lifted: Core, lowered: Core, address: str) -> str:
    given = " ".join([f"(local.get {i})" for i in range(len(lifted[0]))])
    if len(lowered[0]) > len(lifted[0]):
        return f"(call $callee {given} ({address}.const 512)) ({address}.const 512)"
    return f"(call $callee {given})"


def _echo(crossing: Crossing, layouts: Layouts) -> str:
    if not crossing.returns:
        return ""
    layout = layouts.of(crossing.type)
    if len(layout.flat) > 1 or not crossing.spilled:
        return "(local.get 0)"
    narrow = {1: "8_u", 2: "16_u", 4: "", 8: ""}[layout.size]
    return f"({WAT[layout.flat[0]]}.load{narrow} (local.get 0))"
