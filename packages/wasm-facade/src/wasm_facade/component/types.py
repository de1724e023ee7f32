"""Types of components as Python sees them: value types, functions, instances, components. Equal by structure, as wasmtime's are."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.planning import plain
from wasm_vm import ResourceType, components

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.component.types import TypeTable
    from wasm_facade.types import ExportType, ImportType

    ComponentItem = Any


class ValType:
    """A value type."""

    __slots__ = ()

    def _key(self) -> Any:
        return ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, ValType) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __repr__(self) -> str:
        key = self._key()
        return f"{type(self).__name__}({', '.join(map(repr, key))})"


class Bool(ValType):
    """A bool."""

    __slots__ = ()


class U8(ValType):
    """An int from 0 to 255."""

    __slots__ = ()


class U16(ValType):
    """An int from 0 to 2**16 - 1."""

    __slots__ = ()


class U32(ValType):
    """An int from 0 to 2**32 - 1."""

    __slots__ = ()


class U64(ValType):
    """An int from 0 to 2**64 - 1."""

    __slots__ = ()


class S8(ValType):
    """An int from -128 to 127."""

    __slots__ = ()


class S16(ValType):
    """An int from -2**15 to 2**15 - 1."""

    __slots__ = ()


class S32(ValType):
    """An int from -2**31 to 2**31 - 1."""

    __slots__ = ()


class S64(ValType):
    """An int from -2**63 to 2**63 - 1."""

    __slots__ = ()


class F32(ValType):
    """A float, rounded to 32 bits."""

    __slots__ = ()


class F64(ValType):
    """A float."""

    __slots__ = ()


class Char(ValType):
    """A str of one Unicode scalar value."""

    __slots__ = ()


class String(ValType):
    """A str."""

    __slots__ = ()


class ErrorContext(ValType):
    """An error-context, of async functions."""

    __slots__ = ()


class _Compound(ValType):
    """A type with parts: a row of a table, whose parts are made when somebody looks."""

    __slots__ = ("_row", "_types")
    _row: Any
    _types: Types

    def __init__(self) -> None:
        raise TypeError(f"a {type(self).__name__} comes from a component: Component.type, Func.type")

    @classmethod
    def _of(cls, types: Types, row: Any) -> Any:
        made = cls.__new__(cls)
        made._types = types
        made._row = row
        return made

    def _part(self, type: int | None) -> ValType | None:
        return None if type is None else self._must(type)

    def _must(self, type: int) -> ValType:
        found: ValType = self._types.value(type)
        return found


class ListType(_Compound):
    """list<element>, of any length or of `length`."""

    __slots__ = ()

    @property
    def element(self) -> ValType:
        return self._must(self._row.element)

    @property
    def length(self) -> int | None:
        return self._row.length if isinstance(self._row, s.FixedList) else None

    def _key(self) -> Any:
        return (self.element,) if self.length is None else (self.element, self.length)


class MapType(_Compound):
    """map<key, value>."""

    __slots__ = ()

    @property
    def key(self) -> ValType:
        return self._must(self._row.key)

    @property
    def value(self) -> ValType:
        return self._must(self._row.value)

    def _key(self) -> Any:
        return self.key, self.value


class RecordType(_Compound):
    """A record: `fields` by name, in order."""

    __slots__ = ()

    @property
    def fields(self) -> list[tuple[str, ValType]]:
        return [(name, self._must(t)) for name, t in self._row.fields]

    def _key(self) -> Any:
        return tuple(self.fields)


class TupleType(_Compound):
    """A tuple: `elements`, in order."""

    __slots__ = ()

    @property
    def elements(self) -> list[ValType]:
        return [self._must(t) for t in self._row.types]

    def _key(self) -> Any:
        return tuple(self.elements)


class VariantType(_Compound):
    """A variant: `cases` by name, each with the type of its value or None."""

    __slots__ = ()

    @property
    def cases(self) -> list[tuple[str, ValType | None]]:
        return [(name, self._part(t)) for name, t in self._row.cases]

    def _key(self) -> Any:
        return tuple(self.cases)


class EnumType(_Compound):
    """An enum: one of `names`, of which there are `names_count`."""

    __slots__ = ()

    @property
    def names(self) -> list[str]:
        return list(self._row.labels)

    def _key(self) -> Any:
        return tuple(self.names)

    @property
    def names_count(self) -> int:
        return len(self._row.labels)

    def name(self, n: int) -> str | None:
        """The n-th name; None: there is none."""
        return self._row.labels[n] if 0 <= n < len(self._row.labels) else None


class FlagsType(_Compound):
    """Flags: a set of some of `names`."""

    __slots__ = ()

    @property
    def names(self) -> list[str]:
        return list(self._row.labels)

    def _key(self) -> Any:
        return tuple(self.names)


class OptionType(_Compound):
    """option<payload>: a value, or None."""

    __slots__ = ()

    @property
    def payload(self) -> ValType:
        return self._must(self._row.type)

    def _key(self) -> Any:
        return (self.payload,)


class ResultType(_Compound):
    """result<ok, err>: either of two values, each of which may be missing."""

    __slots__ = ()

    @property
    def ok(self) -> ValType | None:
        return self._part(self._row.ok)

    @property
    def err(self) -> ValType | None:
        return self._part(self._row.error)

    def _key(self) -> Any:
        return self.ok, self.err


class _Endless(_Compound):
    __slots__ = ()

    @property
    def payload(self) -> ValType | None:
        return self._part(self._row.element)

    def _key(self) -> Any:
        return (self.payload,)


class StreamType(_Endless):
    """stream<payload>, of async functions."""

    __slots__ = ()


class FutureType(_Endless):
    """future<payload>, of async functions."""

    __slots__ = ()


class OwnType(_Compound):
    """A resource of type `ty` that is handed over."""

    __slots__ = ()

    @property
    def ty(self) -> ResourceType:
        return self._types.resource(self._row.resource)

    def _key(self) -> Any:
        return (self.ty,)


class BorrowType(OwnType):
    """A resource of type `ty` that is lent for a call."""

    __slots__ = ()


class FuncType(_Compound):
    """A function's type: `params` by name, a `result` or None, and whether it `is_async`."""

    __slots__ = ()

    @property
    def params(self) -> list[tuple[str, ValType]]:
        return [(name, self._must(t)) for name, t in self._row.params]

    @property
    def result(self) -> ValType | None:
        return self._part(self._row.result)

    @property
    def is_async(self) -> bool:
        return bool(self._row.is_async)

    def _key(self) -> Any:
        return tuple(self.params), self.result

    @property
    def _text(self) -> str:
        """In WIT's words: `func(a: u32) -> string`."""
        from wasm_environ.component.wave.describe import describe_row

        return describe_row(self._types._table, self._row)

    def __repr__(self) -> str:
        params = ", ".join(f"{name}: {t!r}" for name, t in self.params)
        return f"FuncType(({params}) -> {self.result!r})"


PRIMITIVES: dict[int, type[ValType]] = {
    s.BOOL: Bool, s.S8: S8, s.U8: U8, s.S16: S16, s.U16: U16, s.S32: S32, s.U32: U32, s.S64: S64, s.U64: U64, s.F32: F32, s.F64: F64,
    s.CHAR: Char, s.STRING: String, s.ERROR_CONTEXT: ErrorContext,
}  # fmt: skip
CLASSES: dict[type, type[_Compound]] = {
    s.Record: RecordType, s.Variant: VariantType, s.List: ListType, s.FixedList: ListType, s.Map: MapType, s.Tuple: TupleType,
    s.Flags: FlagsType, s.Enum: EnumType, s.Option: OptionType, s.Result: ResultType, s.Own: OwnType, s.Borrow: BorrowType,
    s.Stream: StreamType, s.Future: FutureType, s.Func: FuncType,
}  # fmt: skip


class Types:
    """A component's table of types with what its resources are: those of an instance, or standing for any."""

    __slots__ = ("_module", "_resource", "_table")

    def __init__(
        self, table: TypeTable, resource: Callable[[int], ResourceType], module: Callable[[int, bool], ModuleType] | None = None
    ) -> None:  # fmt: skip
        self._table = table
        self._resource = resource
        self._module = module

    def value(self, type: int) -> Any:
        """The class of a type: a value type, or a function's."""
        if type < 0:
            return PRIMITIVES[type]()
        row = self._table.rows[type]
        return CLASSES[row.__class__]._of(self, row)

    def resource(self, slot: int) -> ResourceType:
        return self._resource(slot)

    def items(self, items: plain.Plain) -> dict[str, ComponentExtern]:
        """Imports or exports by name."""
        return {name: ComponentExtern(self.item(item)) for name, item in items}

    def item(self, item: plain.Plain) -> ComponentItem:
        kind, *fields = item
        if kind in (plain.FUNC, plain.VALUE_TYPE):
            return self.value(fields[-1])
        if kind == plain.RESOURCE:
            return self.resource(fields[0])
        if kind == plain.INSTANCE:
            return ComponentInstanceType(self, fields[0])
        if kind == plain.MODULE and self._module is not None:
            return self._module(fields[0], fields[1])
        return ComponentType(self, (), ())


class ComponentExtern:
    """An import or export: `ty` is what it is."""

    __slots__ = ("ty",)

    def __init__(self, ty: ComponentItem) -> None:
        self.ty = ty

    def __repr__(self) -> str:
        return f"ComponentExtern({self.ty!r})"


class ComponentType:
    """What a component imports and exports."""

    __slots__ = ("_exports", "_imports", "_types")

    def __init__(self, types: Types, imports: plain.Plain, exports: plain.Plain) -> None:
        self._types = types
        self._imports = imports
        self._exports = exports

    def imports(self, engine: object = None) -> dict[str, ComponentExtern]:
        """By name. `engine` is for programs written for wasmtime-py."""
        return self._types.items(self._imports)

    def exports(self, engine: object = None) -> dict[str, ComponentExtern]:
        """By name."""
        return self._types.items(self._exports)

    def __repr__(self) -> str:
        return f"<ComponentType, imports {len(self._imports)}, exports {len(self._exports)}>"


class ComponentInstanceType:
    """What an instance exports."""

    __slots__ = ("_exports", "_types")

    def __init__(self, types: Types, exports: plain.Plain) -> None:
        self._types = types
        self._exports = exports

    def exports(self, engine: object = None) -> dict[str, ComponentExtern]:
        """By name."""
        return self._types.items(self._exports)

    def __repr__(self) -> str:
        return f"<ComponentInstanceType {', '.join(name for name, _ in self._exports)}>"


class ModuleType:
    """What a core module imports and exports, or must."""

    __slots__ = ("_exports", "_imports")

    def __init__(self, imports: list[ImportType], exports: list[ExportType]) -> None:
        self._imports = imports
        self._exports = exports

    def imports(self, engine: object = None) -> list[ImportType]:
        """As `Module.imports`."""
        return list(self._imports)

    def exports(self, engine: object = None) -> list[ExportType]:
        """As `Module.exports`."""
        return list(self._exports)

    def __repr__(self) -> str:
        return f"<ModuleType, imports {len(self._imports)}, exports {', '.join(e.name for e in self._exports) or 'nothing'}>"


def func_type(component: Any, resources: tuple[ResourceType, ...], type: int) -> FuncType:
    """The type of a function of an instance, which has these resource types by slot."""
    made: FuncType = Types(component.types, resources.__getitem__).value(type)
    return made


components.func_type = func_type
