"""The core module of some adapters: what it imports, in the order in which it is given them, and its binary."""

from __future__ import annotations

from typing import Final, NamedTuple, final

from wasm_environ.binary.encode import MAGIC
from wasm_environ.binary.writer import name, section, unsigned, vector
from wasm_environ.component import syntax as s
from wasm_environ.component.adapters.body import Body, Call, Flags
from wasm_environ.component.adapters.values import Slot, Values
from wasm_environ.component.planning.plan import ENTERED, MAY_LEAVE, TRAPPED
from wasm_environ.module import FUNC, GLOBAL
from wasm_environ.names import MODULE, SECTION
from wasm_environ.types import I32

MODULE_NAME: Final = "component adapter"  # in backtraces
_TYPE, _IMPORT, _FUNCTION, _EXPORT, _CODE, _CUSTOM = 1, 2, 3, 7, 10, 0  # sections
_FUNC_TYPE: Final = 0x60

Signature = tuple[tuple[int, ...], tuple[int, ...]]


class Adapter(NamedTuple):
    """One call of component instance `callee` by `caller`; `core`, `post_return` (or -1): core items."""

    type: int
    caller: int
    callee: int
    core: int
    post_return: int


class FlagKey(NamedTuple):
    """A flag of a component instance, as planning has them."""

    instance: int
    which: int


class TrapKey(NamedTuple):
    """The function that reports traps."""


ImportKey = FlagKey | TrapKey | int  # int: a core item


@final
class AdapterModule:
    """Adapters one by one; then `binary` and what it imports: `imports`. Adapter k is exported under its number."""

    def __init__(self, values: Values, parents: list[int]) -> None:
        self.values = values
        self.parents = parents
        self.imports: dict[ImportKey, bytes] = {}  # with its description as the import section has it
        self._globals: dict[FlagKey, int] = {}
        self._functions: dict[ImportKey, int] = {}
        self._types: dict[Signature, int] = {}
        self._adapters: list[Adapter] = []

    def add(self, adapter: Adapter) -> None:
        self._adapters.append(adapter)

    def binary(self) -> bytes:
        """The module. Imported functions come before its own, so that calls are written once all are known."""
        codes = [self._code(adapter) for adapter in self._adapters]
        own = [self._type(self._signature(adapter.type)) for adapter in self._adapters]
        first = len(self._functions)
        exports = [name(str(k)) + bytes((FUNC,)) + unsigned(first + k) for k in range(len(own))]
        return b"".join((
            MAGIC,
            section(_TYPE, vector([_func_type(signature) for signature in self._types])),
            section(_IMPORT, vector(list(self.imports.values()))),
            section(_FUNCTION, vector([unsigned(type) for type in own])),
            section(_EXPORT, vector(exports)),
            section(_CODE, vector([unsigned(len(code)) + code for code in codes])),
            section(_CUSTOM, name(SECTION) + section(MODULE, name(MODULE_NAME))),
        ))  # fmt: skip

    def _signature(self, type: int) -> Signature:
        func = self.values.rows[type]
        assert isinstance(func, s.Func)
        return self.values.layouts.core_function(func, False)

    def _type(self, signature: Signature) -> int:
        return self._types.setdefault(signature, len(self._types))

    def _function(self, key: ImportKey, what: str, signature: Signature) -> int:
        if key not in self._functions:
            self._functions[key] = len(self._functions)
            self.imports[key] = name("") + name(what) + bytes((FUNC,)) + unsigned(self._type(signature))
        return self._functions[key]

    def _flag(self, instance: int, which: int) -> int:
        key = FlagKey(instance, which)
        if key not in self._globals:
            self._globals[key] = len(self._globals)
            self.imports[key] = name("") + name(("may leave", "entered", "trapped")[which]) + bytes((GLOBAL, I32, 1))
        return self._globals[key]

    def _code(self, adapter: Adapter) -> bytes:
        func = self.values.rows[adapter.type]
        assert isinstance(func, s.Func)
        params, results = signature = self._signature(adapter.type)
        slots = tuple([Slot(local, core) for local, core in enumerate(params)])
        result_slots = tuple([Slot(len(params) + 1, core) for core in results])
        may_leave = self._flag(adapter.caller, MAY_LEAVE)
        post_return = callee_may_leave = -1
        if adapter.post_return >= 0:
            post_return = self._function(adapter.post_return, "post-return", (results, ()))
            callee_may_leave = self._flag(adapter.callee, MAY_LEAVE)
        flags = Flags(
            may_leave, callee_may_leave, self._flag(0, TRAPPED),
            tuple([self._flag(instance, ENTERED) for instance in entered(self.parents, adapter.caller, adapter.callee)]),
        )  # fmt: skip
        return Body().call(Call(
            self._function(TrapKey(), "trap", ((I32,), ())), self._function(adapter.core, "callee", signature), post_return, flags, len(params), results,
            self.values.sequence(tuple([t for _, t in func.params]), slots),
            () if func.result is None else self.values.actions(func.result, result_slots),
        ))  # fmt: skip


def _func_type(signature: Signature) -> bytes:
    params, results = signature
    return bytes((_FUNC_TYPE,)) + vector([bytes((t,)) for t in params]) + vector([bytes((t,)) for t in results])


def entered(parents: list[int], caller: int, callee: int) -> list[int]:
    """The instances that a call enters: the callee and those around it, but for those around the caller (cf. component_call.c)."""
    around = {caller}
    while caller != parents[caller]:
        caller = parents[caller]
        around.add(caller)
    found = []
    while callee not in around:
        found.append(callee)
        callee = parents[callee]
    return found
