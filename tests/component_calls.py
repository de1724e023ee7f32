"""Two components, one calling the other with any core values: what the callee gets, and what comes back, bit by bit.

A type is written as in component_abi: a primitive's name, or [kind, parts...]. Core values are their bits as u64. The caller takes its arguments from its memory,
the callee its result; parameters that arrive, and what post-return is given, are kept in the callee's.
"""

from __future__ import annotations

from typing import NamedTuple

import wasmtime
import wasmtime.component

import wasm_environ.component.compile
import wasm_facade
import wasm_facade.component
from component_abi import intern, label
from wasm_environ.component import artifact
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.component.planning.plain import ADAPTER_TRAP
from wasm_environ.component.types import TypeTable
from wasm_environ.types import F32, F64, I32, I64
from wasm_vm import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pytest

RESULT = 4096  # where the callee finds its result
POST_RETURN = 256  # index of what post-return was given
NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64"}
TO_BITS = {I32: "(i64.extend_i32_u {})", I64: "{}", F32: "(i64.extend_i32_u (i32.reinterpret_f32 {}))", F64: "(i64.reinterpret_f64 {})"}
FROM_BITS = {I32: "(i32.wrap_i64 {})", I64: "{}", F32: "(f32.reinterpret_i32 (i32.wrap_i64 {}))", F64: "(f64.reinterpret_i64 {})"}


class Function(NamedTuple):
    """A signature; `post_return`: the callee has one."""

    params: tuple[Any, ...]
    result: Any = None
    post_return: bool = False


class Trial(NamedTuple):
    """A call: which function, the flat arguments, the flat result or 0."""

    function: int
    args: tuple[int, ...]
    result: int = 0


class Names:
    """Types in text: those that need a name have a definition, in order."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self.known: dict[str, str] = {}

    def text(self, t: Any) -> str:
        if isinstance(t, str):
            return t
        kind, *rest = t
        if kind == "option":
            return f"(option {self.text(rest[0])})"
        if kind == "tuple":
            return f"(tuple {' '.join(map(self.text, rest[0]))})"
        if kind == "fixed":
            return f"(list {self.text(rest[0])} {rest[1]})"
        if kind == "result":
            ok, error = [None if part is None else self.text(part) for part in rest]
            return f"(result {ok or ''} {f'(error {error})' if error else ''})"
        key = repr(t)
        if key not in self.known:
            body = self._body(kind, rest[0])
            self.known[key] = f"$t{len(self.definitions)}"
            self.definitions.append(f"({kind} {body})")
        return self.known[key]

    def _body(self, kind: str, parts: Any) -> str:
        if kind in ("enum", "flags"):
            return " ".join(f'"{label(kind, i)}"' for i in range(parts))
        word = "case" if kind == "variant" else "field"
        return " ".join(f'({word} "{label(kind, i)}" {"" if part is None else self.text(part)})' for i, part in enumerate(parts))


def flat(function: Function) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Core parameters and results."""
    table = TypeTable()
    numbers = [intern(table, t) for t in function.params]
    result = None if function.result is None else intern(table, function.result)
    layouts = Layouts(table)
    return layouts.sequence(tuple(numbers)).flat, () if result is None else layouts.of(result).flat


def _callee(k: int, function: Function) -> str:
    params, results = flat(function)
    stores = " ".join(f"(i64.store (i32.const {8 * i}) {TO_BITS[t].format(f'(local.get {i})')})" for i, t in enumerate(params))
    result = FROM_BITS[results[0]].format(f"(i64.load (i32.const {RESULT}))") if results else ""
    what = f"(param {' '.join(NAMES[t] for t in params)}) (result {' '.join(NAMES[t] for t in results)})"
    given = TO_BITS[results[0]].format("(local.get 0)") if results else "(i64.const 1)"
    return f"""(func (export "f{k}") {what} {stores} {result})
      (func (export "post{k}") (param {NAMES[results[0]] if results else ""}) (i64.store (i32.const {8 * POST_RETURN}) {given}))"""


def _caller(k: int, function: Function) -> tuple[str, str]:
    """Import and function."""
    params, results = flat(function)
    args = " ".join(FROM_BITS[t].format(f"(i64.load (i32.const {8 * i}))") for i, t in enumerate(params))
    call = f"(call $f{k} {args})"
    return (
        f'(import "" "f{k}" (func $f{k} (param {" ".join(NAMES[t] for t in params)}) (result {" ".join(NAMES[t] for t in results)})))',
        f'(func (export "run{k}") (result i64) {TO_BITS[results[0]].format(call) if results else call + " (i64.const 0)"})',
    )


def text(functions: tuple[Function, ...]) -> str:
    """Exports of the root: set(index, bits) of the caller, run<k>(), put(bits) and get(index) of the callee."""
    names = Names()
    types = [
        " ".join(f'(param "v{i}" {names.text(t)})' for i, t in enumerate(f.params)) + (f" (result {names.text(f.result)})" if f.result is not None else "")
        for f in functions
    ]  # fmt: skip
    defined = [f"(type $t{i}' {d}) (export $t{i} \"t{i}\" (type $t{i}'))" for i, d in enumerate(names.definitions)]
    declared = [f"(type $t{i}' {d}) (export \"t{i}\" (type $t{i} (eq $t{i}')))" for i, d in enumerate(names.definitions)]
    lifted = [
        f'(func (export "f{k}") {type} (canon lift (core func $m "f{k}") {f"""(post-return (core func $m "post{k}"))""" if f.post_return else ""}))'
        for k, (f, type) in enumerate(zip(functions, types, strict=True))
    ]  # fmt: skip
    count = range(len(functions))
    callers = [_caller(k, f) for k, f in enumerate(functions)]
    return f"""(component
  (component $Callee
    (core module $M (memory 1)
      {" ".join(_callee(k, f) for k, f in enumerate(functions))}
      (func (export "put") (param i64) (i64.store (i32.const {RESULT}) (local.get 0)))
      (func (export "get") (param i32) (result i64) (i64.load (i32.shl (local.get 0) (i32.const 3)))))
    (core instance $m (instantiate $M))
    {" ".join(defined)} {" ".join(lifted)}
    (func (export "put") (param "v" u64) (canon lift (core func $m "put")))
    (func (export "get") (param "i" u32) (result u64) (canon lift (core func $m "get"))))
  (component $Caller
    (import "c" (instance $c {" ".join(declared)} {" ".join(f'(export "f{k}" (func {types[k]}))' for k in count)}))
    {" ".join(f'(core func $f{k} (canon lower (func $c "f{k}")))' for k in count)}
    (core module $M {" ".join(i for i, _ in callers)} (memory 1) {" ".join(f for _, f in callers)}
      (func (export "set") (param i32 i64) (i64.store (i32.shl (local.get 0) (i32.const 3)) (local.get 1))))
    (core instance $m (instantiate $M (with "" (instance {" ".join(f'(export "f{k}" (func $f{k}))' for k in count)}))))
    {" ".join(f'(func (export "run{k}") (result u64) (canon lift (core func $m "run{k}")))' for k in count)}
    (func (export "set") (param "i" u32) (param "v" u64) (canon lift (core func $m "set"))))
  (instance $c (instantiate $Callee))
  (instance $d (instantiate $Caller (with "c" (instance $c))))
  (func (export "put") (alias export $c "put")) (func (export "get") (alias export $c "get")) (func (export "set") (alias export $d "set"))
  {" ".join(f'(func (export "run{k}") (alias export $d "run{k}"))' for k in count)})"""


# ---- who runs it


class Way(NamedTuple):
    """An API with its engine; `adapters`: whether components compiled here have them (None: not ours to ask)."""

    name: str
    api: Any
    components: Any
    engine: Any
    adapters: bool | None


def ways(*features: str) -> list[Way]:
    """Adapters on both backends, the way through C, wasmtime."""
    found = []
    for name, strategy, adapters in (("native", "native", True), ("llvm", "llvm", True), ("through C", "native", False)):
        config = wasm_facade.Config()
        config.strategy = strategy
        config.cache = False  # it does not know of the way through C
        for feature in features:
            setattr(config, f"wasm_{feature}", True)
        found.append(Way(name, wasm_facade, wasm_facade.component, wasm_facade.Engine(config), adapters))
    return [*found, Way("wasmtime", wasmtime, wasmtime.component, wasmtime.Engine(), None)]


def steps_of(component: Any) -> list[int]:
    """The kinds of steps of its plan, in order."""
    image = component.serialize()
    return [step[0] for step in artifact.read(image, len(image), crc32).plan[4]]


def has_adapters(component: Any) -> bool:
    return ADAPTER_TRAP in steps_of(component)


def compiled(way: Way, binary: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The component, and it is as `way` says."""
    with monkeypatch.context() as patch:
        if way.adapters is False:
            patch.setattr(wasm_environ.component.compile, "adapt", lambda plan, features: None)
        component = way.components.Component(way.engine, binary)
    assert way.adapters is None or has_adapters(component) == way.adapters
    return component


def words(error: Exception) -> str:
    """What went wrong, without where."""
    return str(error).strip().splitlines()[-1].strip().removeprefix("wasm trap: ")


def outcome(way: Way, component: Any, functions: tuple[Function, ...], trial: Trial) -> Any:
    """(parameters that arrived, what came back, what post-return was given) of a call in an instance of its own, or the words of its trap."""
    store = way.api.Store(way.engine)
    instance = way.components.Linker(way.engine).instantiate(store, component)

    def call(name: str, *args: int) -> Any:
        function = instance.get_func(store, name)
        result = function(store, *args)
        function.post_return(store)
        return result

    call("put", trial.result)
    for i, bits in enumerate(trial.args):
        call("set", i, bits)
    try:
        back = call(f"run{trial.function}")
    except (wasm_facade.Trap, wasmtime.WasmtimeError, wasmtime.Trap) as error:
        return words(error)
    function = functions[trial.function]
    return [call("get", i) for i in range(len(trial.args))], back, call("get", POST_RETURN) if function.post_return else None
