"""Values of components between C, where each says what it is, and Python, where the type says it.

Python has a variant, option or result as its payload alone where the payload's class tells the case, else as a Variant: environ's rule, `classes`, says which.
"""

from __future__ import annotations

from wasm_capi.handlers.bridge import ffi, give_bytes, lib, new, object_of, text_of
from wasm_environ.component import syntax as s
from wasm_environ.component.abi import program as abi
from wasm_environ.errors import WasmError
from wasm_vm import Err, Record, ResourceAny, Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Kinds of values in C, by number.
(BOOL, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, CHAR, STRING, LIST, RECORD, TUPLE, VARIANT, ENUM, OPTION, RESULT, FLAGS, RESOURCE, MAP) = range(23)
# Columns: environ's type, kind, member of the union.
PRIMITIVES = {
    s.BOOL: (BOOL, "boolean"), s.S8: (S8, "s8"), s.U8: (U8, "u8"), s.S16: (S16, "s16"), s.U16: (U16, "u16"), s.S32: (S32, "s32"), s.U32: (U32, "u32"),
    s.S64: (S64, "s64"), s.U64: (U64, "u64"), s.F32: (F32, "f32"), s.F64: (F64, "f64"), s.CHAR: (CHAR, "character"), s.STRING: (STRING, "string"),
}  # fmt: skip
# Whether an object is of a class of environ's.
_TESTS: tuple[tuple[int, Callable[[Any], bool]], ...] = (
    (abi.CLASS_OBJECT, lambda o: o is None), (abi.CLASS_BOOL, lambda o: isinstance(o, bool)),
    (abi.CLASS_INT, lambda o: isinstance(o, int) and not isinstance(o, bool)),
    (abi.CLASS_FLOAT, lambda o: isinstance(o, float)), (abi.CLASS_STR, lambda o: isinstance(o, str)), (abi.CLASS_BYTES, lambda o: isinstance(o, bytes)),
    (abi.CLASS_LIST, lambda o: isinstance(o, list)), (abi.CLASS_DICT, lambda o: isinstance(o, dict)), (abi.CLASS_RECORD, lambda o: isinstance(o, Record)),
    (abi.CLASS_TUPLE, lambda o: isinstance(o, tuple)), (abi.CLASS_VARIANT, lambda o: isinstance(o, Variant)),
    (abi.CLASS_SET, lambda o: isinstance(o, (set, frozenset))), (abi.CLASS_RESOURCE, lambda o: isinstance(o, ResourceAny)),
)  # fmt: skip


def _is_of(classes: int, value: Any) -> bool:
    return any(classes & bit and test(value) for bit, test in _TESTS)


def misfit(what: str, val: Any) -> WasmError:
    """What is said of a value of another kind."""
    return WasmError(f"type mismatch: expected {what}, got a value of kind {val.kind}")


def _known(table: Any, type: Any) -> Any:
    """What there is for a type: C has no values of futures, streams and error contexts."""
    if type not in table:
        raise WasmError("a value of this type cannot be passed between C and a component")
    return table[type]


class Values:
    """Conversions of one component's types."""

    __slots__ = ("program", "table")

    def __init__(self, table: Any) -> None:
        self.table = table
        self.program = abi.ProgramBuilder(table)

    def cases(self, row: Any) -> tuple[tuple[str, int | None], ...]:
        """The cases of a variant, option or result: names and types."""
        if row.__class__ is s.Variant:
            found: tuple[tuple[str, int | None], ...] = row.cases
            return found
        if row.__class__ is s.Option:
            return (("none", None), ("some", row.type))
        return (("ok", row.ok), ("err", row.error))

    # ---- from C ----

    def value_in(self, type: int, val: Any) -> Any:
        """A wasmtime_component_val_t as Python has it. Raises WasmError where it is of another type."""
        if type < 0:
            return self._primitive_in(type, val)
        row = self.table.rows[type]
        return _known(_IN, row.__class__)(self, type, row, val)

    def _primitive_in(self, type: int, val: Any) -> Any:
        kind, member = _known(PRIMITIVES, type)
        if val.kind != kind:
            raise misfit(member, val)
        found = getattr(val.of, member)
        return text_of(found.data, found.size) if kind == STRING else chr(found) if kind == CHAR else found

    def list_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != LIST:
            raise misfit("list", val)
        items = [self.value_in(row.element, val.of.list.data[i]) for i in range(val.of.list.size)]
        return bytes(items) if row.element == s.U8 else items

    def map_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != MAP:
            raise misfit("map", val)
        entries = val.of.map.data
        return {self.value_in(row.key, entries[i].key): self.value_in(row.value, entries[i].value) for i in range(val.of.map.size)}

    def record_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != RECORD or val.of.record.size != len(row.fields):
            raise misfit("record", val)
        fields = {}
        for i, (name, field) in enumerate(row.fields):
            entry = val.of.record.data[i]
            if text_of(entry.name.data, entry.name.size) != name:
                raise WasmError(f"type mismatch: expected the record's field `{name}`")
            fields[name] = self.value_in(field, entry.val)
        return Record(**fields)

    def tuple_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != TUPLE or val.of.tuple.size != len(row.types):
            raise misfit("tuple", val)
        return tuple([self.value_in(t, val.of.tuple.data[i]) for i, t in enumerate(row.types)])

    def choice_in(self, type: int, row: Any, val: Any) -> Any:
        cases = self.cases(row)
        name, boxed = self._choice(row, val)
        found = dict(cases)
        if name not in found:
            raise WasmError(f"type mismatch: no case `{name}`")
        payload_type = found[name]
        if (payload_type is None) != (not boxed):
            raise WasmError(f"type mismatch: the case `{name}` has {'no' if payload_type is None else 'a'} payload")
        payload = None if payload_type is None else self.value_in(payload_type, boxed[0])
        return Variant(name, payload) if self.program.is_tagged(type) else payload

    def _choice(self, row: Any, val: Any) -> tuple[str, Any]:
        """The case of a value of C, and its payload."""
        if row.__class__ is s.Variant and val.kind == VARIANT:
            return text_of(val.of.variant.discriminant.data, val.of.variant.discriminant.size), val.of.variant.val
        if row.__class__ is s.Option and val.kind == OPTION:
            return "some" if val.of.option else "none", val.of.option
        if row.__class__ is s.Result and val.kind == RESULT:
            return "ok" if val.of.result.is_ok else "err", val.of.result.val
        raise misfit(row.__class__.__name__.lower(), val)

    def enum_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != ENUM:
            raise misfit("enum", val)
        return text_of(val.of.enumeration.data, val.of.enumeration.size)

    def flags_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != FLAGS:
            raise misfit("flags", val)
        return {text_of(val.of.flags.data[i].data, val.of.flags.data[i].size) for i in range(val.of.flags.size)}

    def resource_in(self, type: int, row: Any, val: Any) -> Any:
        if val.kind != RESOURCE or not val.of.resource:
            raise misfit("resource", val)
        return object_of(val.of.resource)

    # ---- to C ----

    def value_out(self, type: int, value: Any, out: Any) -> None:
        """Fill a wasmtime_component_val_t, which owns what it gets. It must be zeros: if this fails, what it got so far can be deleted."""
        if type < 0:
            kind, member = _known(PRIMITIVES, type)
            out.kind = kind
            if kind == STRING:
                _name_out(value, out.of.string)
            else:
                setattr(out.of, member, ord(value) if kind == CHAR else value)
            return
        row = self.table.rows[type]
        _known(_OUT, row.__class__)(self, type, row, value, out)

    def list_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = LIST
        lib.wasmtime_component_vallist_new_uninit(ffi.addressof(out.of, "list"), len(value))
        _check_room(out.of.list, value)
        for i, item in enumerate(value):
            self.value_out(row.element, item, out.of.list.data[i])

    def map_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = MAP
        lib.wasmtime_component_valmap_new_uninit(ffi.addressof(out.of, "map"), len(value))
        _check_room(out.of.map, value)
        for i, (key, item) in enumerate(value.items()):
            self.value_out(row.key, key, out.of.map.data[i].key)
            self.value_out(row.value, item, out.of.map.data[i].value)

    def record_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = RECORD
        lib.wasmtime_component_valrecord_new_uninit(ffi.addressof(out.of, "record"), len(row.fields))
        _check_room(out.of.record, row.fields)
        for i, (name, field) in enumerate(row.fields):
            _name_out(name, out.of.record.data[i].name)
            self.value_out(field, getattr(value, name), out.of.record.data[i].val)

    def tuple_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = TUPLE
        lib.wasmtime_component_valtuple_new_uninit(ffi.addressof(out.of, "tuple"), len(row.types))
        _check_room(out.of.tuple, row.types)
        for i, t in enumerate(row.types):
            self.value_out(t, value[i], out.of.tuple.data[i])

    def choice_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        name, payload_type, payload = self._case_of(type, row, value)
        boxed = ffi.NULL
        out.kind = VARIANT if row.__class__ is s.Variant else OPTION if row.__class__ is s.Option else RESULT
        if payload_type is not None:
            boxed = lib.wasmtime_component_val_new(ffi.new("wasmtime_component_val_t *"))
            if not boxed:
                raise MemoryError
        if out.kind == VARIANT:
            _name_out(name, out.of.variant.discriminant)
            out.of.variant.val = boxed
        elif out.kind == OPTION:
            out.of.option = boxed
        else:
            out.of.result.is_ok = name == "ok"
            out.of.result.val = boxed
        if payload_type is not None:
            self.value_out(payload_type, payload, boxed)

    def _case_of(self, type: int, row: Any, value: Any) -> tuple[str, int | None, Any]:
        """(case, its payload's type, the payload) of a value of Python's."""
        cases = self.cases(row)
        if row.__class__ is s.Result and isinstance(value, Err):
            return "err", row.error, value.payload
        if self.program.is_tagged(type):
            return value.tag, dict(cases)[value.tag], value.payload
        for name, payload in cases:
            if _is_of(abi.CLASS_OBJECT if payload is None else self.program.classes(payload), value):
                return name, payload, value
        raise WasmError(f"{value!r} is of no case")

    def enum_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = ENUM
        _name_out(value, out.of.enumeration)

    def flags_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = FLAGS
        names = [name for name in row.labels if name in value]
        lib.wasmtime_component_valflags_new_uninit(ffi.addressof(out.of, "flags"), len(names))
        _check_room(out.of.flags, names)
        for i, name in enumerate(names):
            _name_out(name, out.of.flags.data[i])

    def resource_out(self, type: int, row: Any, value: Any, out: Any) -> None:
        out.kind = RESOURCE
        out.of.resource = new("wasmtime_component_resource_any_t", value)


def _name_out(text: str, out: Any) -> None:
    give_bytes(ffi.addressof(out), text.encode())


def _check_room(vec: Any, wanted: Any) -> None:
    if vec.size != len(wanted):
        raise MemoryError


V = Values
_IN = {
    s.List: V.list_in, s.FixedList: V.list_in, s.Map: V.map_in, s.Record: V.record_in, s.Tuple: V.tuple_in, s.Variant: V.choice_in, s.Option: V.choice_in,
    s.Result: V.choice_in, s.Enum: V.enum_in, s.Flags: V.flags_in, s.Own: V.resource_in, s.Borrow: V.resource_in,
}  # fmt: skip
_OUT = {
    s.List: V.list_out, s.FixedList: V.list_out, s.Map: V.map_out, s.Record: V.record_out, s.Tuple: V.tuple_out, s.Variant: V.choice_out,
    s.Option: V.choice_out, s.Result: V.choice_out, s.Enum: V.enum_out, s.Flags: V.flags_out, s.Own: V.resource_out, s.Borrow: V.resource_out,
}  # fmt: skip
