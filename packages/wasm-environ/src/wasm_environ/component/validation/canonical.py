"""Canonical definitions: lift, lower and the built-ins, a row each in `canons` (CanonicalABI.md: Canonical definitions)."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS
from wasm_environ.component.validation.definitions import no_borrow
from wasm_environ.component.validation.options import Options, check_lift, memory_address, options
from wasm_environ.types import FUNCREF, I32, I64, FuncType, TableType, value_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasm_environ.component.validation.scope import Scope
    from wasm_environ.component.validation.validator import Validator

FEATURE_NAMES: Final = {
    canons.ASYNC: "the component model async feature", canons.THREADING: "the component model threading feature",
    canons.ERROR_CONTEXT: "the component model error-context feature", canons.SHARED: "the shared-everything-threads proposal",
}  # fmt: skip
MORE: Final = "component_model_more_async_builtins"


def canon(v: Validator, scope: Scope, d: s.Canon) -> None:
    """A canonical definition: what it makes gets the next index."""
    if d.code == canons.LIFT:
        lift(v, scope, d)
        return
    if d.code == canons.LOWER:
        type = lower(v, scope, d)
    else:
        row = canons.BY_CODE[d.code]
        if row.feature:
            scope.need(row.feature, f"`{row.name}` requires {FEATURE_NAMES[row.feature]}")
        type = BuiltIn(v, scope, row, d).type()
    scope.add(s.CORE_FUNC, v.registry.register_func(type))


def lift(v: Validator, scope: Scope, d: s.Canon) -> None:
    core, index = d.operands
    found = scope.func_type(index)
    core_type = v.registry.func_type(scope.at(s.CORE_FUNC, core))
    func: s.Func = v.table.structure.rows[v.table.plain(found)]  # type: ignore[assignment]
    given = options(v, scope, d.options)
    check_lift(v.registry, scope, given, core_type)
    check_async(given, func)
    need_for_lift(v, given, func)
    params, results = v.layouts[given.address].core_function(func, False, given.is_async, given.callback is not None)
    if params != core_type.params:
        raise InvalidError(f"lowered parameter types `{shown(params)}` do not match parameter types `{shown(core_type.params)}` of core function {core}")
    if results != core_type.results:
        raise InvalidError(f"lowered result types `{shown(results)}` do not match result types `{shown(core_type.results)}` of core function {core}")
    if scope.at(s.CORE_FUNC, core) != v.registry.register_func(FuncType(params, results)):
        raise InvalidError(f"lowered function type `{shown(params)}` -> `{shown(results)}` does not match type of core function {core}")
    scope.add(s.FUNC, found)


def lower(v: Validator, scope: Scope, d: s.Canon) -> FuncType:
    func: s.Func = v.table.structure.rows[v.table.plain(scope.at(s.FUNC, d.operands[0]))]  # type: ignore[assignment]
    given = options(v, scope, d.options)
    given.check_lower()
    check_async(given, func)
    need_for_lower(v, given, func)
    return FuncType(*v.layouts[given.address].core_function(func, True, given.is_async))


def check_async(given: Options, func: s.Func) -> None:
    if given.is_async and not func.is_async:
        raise InvalidError("the `async` canonical option requires an async function type")


def shown(types: tuple[int, ...]) -> str:
    return f"[{', '.join([value_type_name(t).upper() for t in types])}]"


# ---- which options a function needs


def need_for_lift(v: Validator, given: Options, func: s.Func) -> None:
    """Parameters are put where realloc says, results are read from memory."""
    layouts = v.layouts[given.address]
    params = tuple([t for _, t in func.params])
    if any(v.has_pointer(t) for t in params) or len(layouts.sequence(params).flat) > MAX_FLAT_PARAMS:
        given.need_realloc()
    if func.result is not None:
        flat = layouts.of(func.result).flat
        if len(flat) > (MAX_FLAT_PARAMS if given.is_async else MAX_FLAT_RESULTS) or (given.is_async and v.has_pointer(func.result)):
            given.need_memory()


def need_for_lower(v: Validator, given: Options, func: s.Func) -> None:
    """Parameters are read from memory, results are put where realloc says."""
    layouts = v.layouts[given.address]
    params = tuple([t for _, t in func.params])
    most = MAX_FLAT_ASYNC_PARAMS if given.is_async else MAX_FLAT_PARAMS
    if any(v.has_pointer(t) for t in params) or len(layouts.sequence(params).flat) > most:
        given.need_memory()
    if func.result is not None:
        if v.has_pointer(func.result):
            given.need_realloc()
        if given.is_async or len(layouts.of(func.result).flat) > MAX_FLAT_RESULTS:
            given.need_memory()


# ---- built-ins


class BuiltIn:
    """A built-in whose operands and options are checked; `type` is that of the core function that it makes."""

    def __init__(self, v: Validator, scope: Scope, row: canons.Row, d: s.Canon) -> None:
        self.v = v
        self.scope = scope
        self.row = row
        self.operands = dict(zip(row.operands.replace("o", ""), d.operands, strict=True))
        self.options = Options()
        self.written = d.options
        self.address = I32
        self.rep = I32

    def type(self) -> FuncType:
        for letter, check in OPERANDS:
            if letter in self.operands:
                check(self, self.operands[letter])
        if "o" in self.row.operands:
            self.options = options(self.v, self.scope, self.written)
            self.address = self.options.address
        rule = RULES.get(self.row.name)
        if rule is not None:
            made = rule(self)
            if made is not None:
                return made
        params, _, results = self.row.signature.partition(">")
        return FuncType(self.core(params), self.core(results))

    def core(self, letters: str) -> tuple[int, ...]:
        known = {"i": I32, "l": I64, "p": self.address, "r": self.rep}
        return tuple([known[letter] for letter in letters])

    # ---- operands

    def check_type(self, index: int) -> None:
        """A resource, or a stream or future of that built-in's name."""
        kind = self.row.name.partition(".")[0]
        if kind == "resource":
            self.check_resource(index)
            return
        row = self.scope.table.row(self.scope.defined_type(index))
        if type(row) is not (s.Stream if kind == "stream" else s.Future):
            raise InvalidError(f"`{self.row.name}` requires a {kind} type")
        self.element: int | None = row.element

    def check_resource(self, index: int) -> None:
        number = self.scope.table.row(self.scope.resource(index)).number
        if self.row.code != canons.RESOURCE_DROP:
            rep = self.scope.defined.get(number)
            if rep is None:
                raise InvalidError(f"type {index} is not a local resource")
            self.rep = rep

    def check_flag(self, flag: int) -> None:
        if flag and self.row.flag == "async":
            self.scope.need(MORE, f"async `{self.row.name}` requires the component model more async builtins feature")

    def check_memory(self, index: int) -> None:
        self.address = memory_address(self.scope, index)

    def check_core_type(self, index: int) -> None:
        found = self.scope.at(s.CORE_TYPE, index)
        if found < 0:
            raise InvalidError("expected a core function type")
        if not self.v.registry.is_func(found):
            raise InvalidError("start type must be a function")
        func = self.v.registry.func_type(found)
        if func.params != (I32,):
            raise InvalidError("start function must take a single `i32` argument (currently)")
        if func.results:
            raise InvalidError("start function must not return any values")

    def check_table(self, index: int) -> None:
        table: TableType = self.scope.at(s.CORE_TABLE, index)
        if table.element != FUNCREF or table.limits.is64 or table.limits.shared:
            raise InvalidError("table is not a 32-bit table of (ref null (func))")

    # ---- rules of single built-ins

    def context(self) -> None:
        type, slot, name = self.operands["v"], self.operands["i"], self.row.name
        if type == I64:
            self.scope.need("component_model_memory64", f"64-bit `{name}` requires the component model 64-bit feature")
        elif type != I32:
            raise InvalidError(f"`{name}` only supports `i32` or `i64`")
        if self.scope.context_type not in (None, type):
            raise InvalidError(f"`{name}` type must match previous context type")
        self.scope.context_type = type
        if slot > 0:
            self.scope.need(canons.THREADING, f"`{name}` immediate must be zero: {slot}")
            if slot > 1:
                raise InvalidError(f"`{name}` immediate must be zero or one: {slot}")

    def context_get(self) -> FuncType:
        self.context()
        return FuncType((), (self.operands["v"],))

    def context_set(self) -> FuncType:
        self.context()
        return FuncType((self.operands["v"],), ())

    def task_return(self) -> FuncType:
        """Its parameters are what the task's function returns."""
        result = self.operands["r"]
        types: tuple[int, ...] = ()
        if result != s.NO_RESULT:
            found = self.scope.value_type(result)
            no_borrow(self.scope, found, "`task.return` result")
            types = (self.v.table.plain(found),)
        given = self.options
        for name, there in (("realloc", given.realloc), ("post-return", given.post_return)):
            if there is not None:
                raise InvalidError(f"cannot specify `{name}` option on `task.return`")
        given.check_lower()
        given.refuse_async("task.return")
        func = s.Func(tuple([("v", t) for t in types]), None)
        need_for_lower(self.v, given, func)
        return FuncType(*self.v.layouts[given.address].core_function(func, True))

    def read(self) -> None:
        self.copy()
        if self.element is not None and self.v.has_pointer(self.v.table.plain(self.element)):
            self.options.need_realloc()
        self.options.check_lower()

    def write(self) -> None:
        self.copy()
        self.options.check_lower()

    def copy(self) -> None:
        if not self.options.is_async:
            self.scope.need(MORE, f"synchronous `{self.row.name}` requires the component model more async builtins feature")
        if self.element is not None:
            self.options.need_memory()

    def error_context_new(self) -> None:
        self.options.need_memory()
        self.options.refuse_async(self.row.name)
        self.options.check_lower()

    def error_context_debug_message(self) -> None:
        self.options.need_realloc()
        self.error_context_new()


OPERANDS: Final[tuple[tuple[str, Callable[[BuiltIn, int], None]], ...]] = (
    ("b", BuiltIn.check_flag), ("t", BuiltIn.check_type), ("m", BuiltIn.check_memory), ("T", BuiltIn.check_core_type), ("n", BuiltIn.check_table),
)  # fmt: skip
RULES: Final[dict[str, Callable[[BuiltIn], FuncType | None]]] = {
    "context.get": BuiltIn.context_get, "context.set": BuiltIn.context_set, "task.return": BuiltIn.task_return,
    "stream.read": BuiltIn.read, "stream.write": BuiltIn.write, "future.read": BuiltIn.read, "future.write": BuiltIn.write,
    "error-context.new": BuiltIn.error_context_new, "error-context.debug-message": BuiltIn.error_context_debug_message,
}  # fmt: skip
