"""Types of components as C sees them: handles of what describes them, which keeps the names that C is lent."""

from __future__ import annotations

from wasm_capi.handlers.bridge import define, ffi, handler, new, object_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Lent:
    """A type, and the names that C got of it: they live as long as a handle of this."""

    __slots__ = ("names", "type")

    def __init__(self, type: Any) -> None:
        self.type = type
        self.names: dict[str, Any] = {}

    def lend(self, name: str, out: Any, size: Any) -> None:
        """Let C have a name."""
        encoded = name.encode()
        out[0] = self.names.setdefault(name, ffi.new("char[]", encoded))
        size[0] = len(encoded)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lent) and bool(self.type == other.type)

    __hash__ = None  # type: ignore[assignment] # never a key


# Columns: class of wasm_facade.component, number of the kind; and of a compound, the member of the union, the type in C.
PRIMITIVES = {
    "Bool": 0, "S8": 1, "S16": 2, "S32": 3, "S64": 4, "U8": 5, "U16": 6, "U32": 7, "U64": 8, "F32": 9, "F64": 10, "Char": 11, "String": 12, "ErrorContext": 25,
}  # fmt: skip
COMPOUNDS = {
    "ListType": (13, "list"), "RecordType": (14, "record"), "TupleType": (15, "tuple"), "VariantType": (16, "variant"), "EnumType": (17, "enum_"),
    "OptionType": (18, "option"), "ResultType": (19, "result"), "FlagsType": (20, "flags"), "FutureType": (23, "future"), "StreamType": (24, "stream"),
    "MapType": (26, "map"),
}  # fmt: skip
RESOURCES = {"OwnType": (21, "own"), "BorrowType": (22, "borrow")}


def of(handle: Any) -> Any:
    """The type that a handle is of."""
    return object_of(handle).type


def lent(name: str, type: Any) -> Any:
    """A handle of a type."""
    return new(f"wasmtime_component_{name}_t", Lent(type))


def value_out(type: Any, out: Any) -> None:
    """Fill a wasmtime_component_valtype_t."""
    name = type.__class__.__name__
    if name in PRIMITIVES:
        out.kind = PRIMITIVES[name]
    elif name in COMPOUNDS:
        out.kind, member = COMPOUNDS[name]
        setattr(out.of, member, lent(f"{member.rstrip('_')}_type", type))
    else:
        out.kind, member = RESOURCES[name]
        setattr(out.of, member, lent("resource_type", type.ty))


def _optional(type: Any, out: Any) -> bool:
    if type is not None:
        value_out(type, out)
    return type is not None


# ---- value types ----


def _parts(name: str, member: str, parts: Callable[[Any], Any], payload: str = "") -> None:
    """Functions that count and give the named parts of a type. `payload`: they have a type, or "may" have one."""

    def count(handle: Any) -> int:
        return len(parts(of(handle)))

    def nth(handle: Any, index: int, out: Any, size: Any, *more: Any) -> bool:
        lender = object_of(handle)
        found = parts(lender.type)
        if index >= len(found):
            return False
        lender.lend(found[index][0] if payload else found[index], out, size)
        if payload == "may":
            more[0][0] = _optional(found[index][1], more[1])
        elif payload:
            value_out(found[index][1], more[0])
        return True

    define(f"wasmtime_component_{name}_{member}_count", count)
    define(f"wasmtime_component_{name}_{member}_nth", nth)


_parts("record_type", "field", lambda type: type.fields, "has")
_parts("variant_type", "case", lambda type: type.cases, "may")
_parts("enum_type", "names", lambda type: type.names)
_parts("flags_type", "names", lambda type: type.names)
_parts("func_type", "param", lambda type: type.params, "has")


@handler
def wasmtime_component_tuple_type_types_count(handle: Any) -> int:
    return len(of(handle).elements)


@handler
def wasmtime_component_tuple_type_types_nth(handle: Any, index: int, out: Any) -> bool:
    found = of(handle).elements
    return index < len(found) and _optional(found[index], out)


def _payload(attribute: str) -> Any:
    def get(handle: Any, out: Any) -> Any:
        return _optional(getattr(of(handle), attribute), out)

    return get


def _certain(attribute: str) -> Any:
    def get(handle: Any, out: Any) -> None:
        value_out(getattr(of(handle), attribute), out)

    return get


# Columns: type, function, attribute of the class; a value type there, or one or None.
for _name, _function, _attribute in (("list", "element", "element"), ("option", "ty", "payload"), ("map", "key", "key"), ("map", "value", "value")):
    define(f"wasmtime_component_{_name}_type_{_function}", _certain(_attribute))
for _name, _function, _attribute in (
    ("result", "ok", "ok"), ("result", "err", "err"), ("future", "ty", "payload"), ("stream", "ty", "payload"), ("func", "result", "result"),
):  # fmt: skip
    define(f"wasmtime_component_{_name}_type_{_function}", _payload(_attribute))


@handler
def wasmtime_component_func_type_async(handle: Any) -> bool:
    return bool(of(handle).is_async)


@handler
def wasmtime_component_resource_type_new_host(number: int) -> Any:
    from wasm_facade.component import ResourceType

    return lent("resource_type", ResourceType.host(number))


# ---- components, instances and core modules ----

# Columns: class, number of the item, member of the union, type in C.
_ITEMS = {
    "ComponentType": (0, "component", "wasmtime_component_type_t"),
    "ComponentInstanceType": (1, "component_instance", "wasmtime_component_instance_type_t"),
    "ModuleType": (2, "module", "wasmtime_module_type_t"),
    "FuncType": (3, "component_func", "wasmtime_component_func_type_t"),
    "ResourceType": (4, "resource", "wasmtime_component_resource_type_t"),
}
_TYPE = 6


@handler
def wasmtime_component_extern_type(handle: Any, out: Any) -> None:
    type = of(handle).ty
    row = _ITEMS.get(type.__class__.__name__)
    if row is None:
        out.kind = _TYPE
        value_out(type, out.of.type)
    else:
        out.kind, member, c_type = row
        setattr(out.of, member, new(c_type, Lent(type)))


def _externs(name: str, member: str) -> None:
    """Functions that count and give what a component or an instance imports or exports: by name, and in order."""

    def items(type: Any) -> dict[str, Any]:
        found: dict[str, Any] = getattr(type, f"{member}s")()
        return found

    def count(handle: Any, engine: Any) -> int:
        return len(items(of(handle)))

    def get(handle: Any, engine: Any, text: Any, size: int, out: Any) -> bool:
        found = items(of(handle)).get(text_of(text, size))
        if found is not None:
            out[0] = lent("extern", found)
        return found is not None

    def nth(handle: Any, engine: Any, index: int, text: Any, size: Any, out: Any) -> bool:
        lender = object_of(handle)
        found = list(items(lender.type).items())
        if index >= len(found):
            return False
        lender.lend(found[index][0], text, size)
        out[0] = lent("extern", found[index][1])
        return True

    define(f"wasmtime_component_{name}_{member}_count", count)
    define(f"wasmtime_component_{name}_{member}_get", get)
    define(f"wasmtime_component_{name}_{member}_nth", nth)


_externs("type", "import")
_externs("type", "export")
_externs("instance_type", "export")


@handler
def wasmtime_module_type_import_count(handle: Any, engine: Any) -> int:
    return len(of(handle).imports())


@handler
def wasmtime_module_type_export_count(handle: Any, engine: Any) -> int:
    return len(of(handle).exports())


@handler
def wasmtime_module_type_import_nth(handle: Any, engine: Any, index: int) -> Any:
    from wasm_capi.handlers.modules import import_out

    return import_out(of(handle).imports()[index])


@handler
def wasmtime_module_type_export_nth(handle: Any, engine: Any, index: int) -> Any:
    from wasm_capi.handlers.modules import export_out

    return export_out(of(handle).exports()[index])
