"""Linker: imports found by name, for any number of modules and stores; and what it holds besides items of a store."""

from __future__ import annotations

from wasm_environ.errors import ArgumentError, LinkError, WasmError
from wasm_facade.definitions import HostDefinition, WasiDefinition
from wasm_facade.engine import Engine
from wasm_facade.module import Module
from wasm_facade.shadowing import Shadowing
from wasm_vm import Caller, Func, Global, Instance, InstancePre, Memory, SharedMemory, Store, Table, Tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self

    from wasm_facade.definitions import AsExtern
    from wasm_facade.types import FuncType, ImportType

    Storelike = Store | Caller

EXTERNS = (Func, Global, Memory, SharedMemory, Table, Tag)


class Linker(Shadowing):
    """A set of named definitions, by which the imports of modules are found."""

    __slots__ = ("__dict__", "__weakref__", "_definitions", "engine")

    def __init__(self, engine: Engine) -> None:
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        super().__init__()
        self.engine = engine
        self._definitions: dict[tuple[str, str], Any] | None = {}

    @property
    def _defined(self) -> dict[tuple[str, str], Any]:
        if self._definitions is None:
            raise ValueError("already closed")
        return self._definitions

    def _insert(self, module: str, name: str, item: Any) -> None:
        for what, given in (("module", module), ("name", name)):
            if not isinstance(given, str):
                raise ArgumentError(f"{what}: expected a str, not {type(given).__name__}")
        key = (module, name)
        if key in self._defined and not self._allow_shadowing:
            raise WasmError(f"import of `{module}::{name}` defined twice")
        self._defined[key] = item

    def define(self, store: Storelike, module: str, name: str, item: AsExtern) -> None:
        """Define `item`, of `store`, as what imports call `module`.`name`."""
        if not isinstance(item, EXTERNS):
            raise TypeError(f"item: expected a Func, Global, Memory, SharedMemory, Tag, or Table, not {type(item).__name__}")
        _check_store(store, item)
        self._insert(module, name, item)

    def define_func(
        self, module: str, name: str, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:  # fmt: skip
        """Define a Python function for every store. With `access_caller` its first argument is the `Caller`."""
        from wasm_facade.types import FuncType

        if not isinstance(ty, FuncType):
            raise ArgumentError(f"ty: expected a FuncType, not {type(ty).__name__}")
        if not callable(func):
            raise TypeError(f"func: expected something callable, not {type(func).__name__}")
        self._insert(module, name, HostDefinition(ty, func, access_caller))

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Define all exports of `instance` under the module name `name`."""
        if not isinstance(instance, Instance):
            raise ArgumentError(f"instance: expected an `Instance`, not {type(instance).__name__}")
        for field, item in instance.exports(store).items():
            self._insert(name, field, item)

    def define_wasi(self) -> None:
        """Define WASI preview 1 (and its older name); what it gives a guest, `Store.set_wasi` says."""
        from wasm_facade.wasi import known

        for key in sorted(known()):
            self._insert(*key, WasiDefinition(key))

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Define the exports of `module` under `name`, instantiating it as WASI says.

        A command (it exports `_start`) is instantiated anew for every call of one of its functions; anything else once, now, and its
        `_initialize` is called.
        """
        if not isinstance(module, Module):
            raise ArgumentError(f"module: expected a `Module`, not {type(module).__name__}")
        from wasm_facade.wasi_modules import command_functions, initialize, is_command

        if is_command(module):
            for field, ty, call in command_functions(name, module, self.instantiate_pre(module), _store_of(store)):
                self.define_func(name, field, ty, call)
        else:
            self.define_instance(store, name, initialize(self.instantiate(store, module), store))

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Define the functions that `module` imports and this linker lacks: calling one is an error that names it."""
        from wasm_facade.stand_ins import failing
        from wasm_facade.types import FuncType

        for wanted in self._unknown(module):
            if isinstance(wanted.type, FuncType):
                self._insert(wanted.module, wanted.name, HostDefinition(wanted.type, failing(self._missing_message([wanted])), False))

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Define what `module` imports and this linker lacks: functions return 0 or null, the rest is made as small as allowed."""
        from wasm_facade.stand_ins import default_item

        for wanted in self._unknown(module):
            self._insert(wanted.module, wanted.name, default_item(_store_of(store), wanted))

    def _unknown(self, module: Module) -> list[ImportType]:
        if not isinstance(module, Module):
            raise ArgumentError(f"module: expected a `Module`, not {type(module).__name__}")
        found = {(i.module, i.name): i for i in module.imports if (i.module, i.name) not in self._defined}
        return list(found.values())

    def instantiate_pre(self, module: Module) -> InstancePre:
        """Resolve the imports of `module` now, to instantiate it many times. Raises LinkError naming those that are missing."""
        if not isinstance(module, Module):
            raise ArgumentError(f"module: expected a `Module`, not {type(module).__name__}")
        if module.engine is not self.engine:
            raise WasmError("the module belongs to another engine than this linker")
        defined = self._defined
        loaded = module._loaded
        resolved = [defined.get(wanted[:2]) for wanted in loaded.module.imports]
        if None in resolved:
            raise LinkError(self._missing_message(self._unknown(module)))
        return InstancePre(module, loaded, tuple(resolved))

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """A new instance of `module` in `store`, its imports being this linker's definitions."""
        return self.instantiate_pre(module).instantiate(store)

    def get(self, store: Storelike, module: str, name: str) -> AsExtern:
        """One definition, by name. Raises WasmtimeError when there is none."""
        item = self._defined.get((module, name))
        if item is None:
            raise WasmError(f"item not defined in linker: `{module}::{name}`{self._offers(module, name)}")
        found: AsExtern = item.into(_store_of(store)) if isinstance(item, (HostDefinition, WasiDefinition)) else item
        return found

    def get_default(self, store: Storelike, name: str) -> Func:
        """What calling module `name` as a whole means: its export "", else its `_start`, else a function that does nothing."""
        for field in ("", "_start"):
            item = self._defined.get((name, field))
            if item is not None:
                found = self.get(store, name, field)
                if not isinstance(found, Func):
                    raise WasmError(f"default export in {name!r} is not a function")
                return found
        from wasm_facade.types import FuncType

        return Func(_store_of(store), FuncType([], []), lambda: None)

    def _missing_message(self, missing: list[ImportType]) -> str:
        first = missing[0]
        kind = type(first.type).__name__.removesuffix("Type").lower()
        lines = [f"unknown import: `{first.module}::{first.name}` has not been defined ({kind}){self._offers(first.module, first.name)}"]
        if len(missing) > 1:
            others = ", ".join(f"`{i.module}::{i.name}`" for i in missing[1:9])
            lines.append(f"also missing: {others}{' ...' if len(missing) > 9 else ''}")
        return "; ".join(lines)

    def _offers(self, module: str, name: str) -> str:
        """What there is instead, for messages."""
        names = sorted(field for there, field in self._defined if there == module)
        if names:
            from difflib import get_close_matches

            close = get_close_matches(name, names, 1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            return f"; {module!r} offers {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}{hint}"
        if module == "wasi_snapshot_preview1":
            return "; Linker.define_wasi() defines these, and Store.set_wasi() says what they may use"
        modules = sorted({there for there, _ in self._defined})
        return f"; defined modules: {', '.join(map(repr, modules[:12]))}" if modules else "; nothing is defined in this linker"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a Linker: it holds functions of its process; pickle Modules, and link them where they run")

    def close(self) -> None:
        """Let go of all definitions; further use raises ValueError."""
        self._definitions = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Linker, {len(self._defined)} definitions>" if self._definitions is not None else "<Linker, closed>"


def _store_of(storelike: Storelike) -> Store:
    """The store itself, of which a Caller is a view."""
    if isinstance(storelike, Caller):
        store = storelike.store
        if store is None:
            raise ValueError("caller is no longer valid")
        return store
    if not isinstance(storelike, Store):
        raise ArgumentError(f"store: expected a Store or Caller, not {type(storelike).__name__}")
    return storelike


def _check_store(store: Storelike, item: AsExtern) -> None:
    """Raise WasmError unless `item` is of `store`; a shared memory is of all stores."""
    if not isinstance(item, SharedMemory):
        item.type(store)
