"""Core types in a component's text: types of the core, rec groups, module types. The core's own reader parses them, to bytes."""

from __future__ import annotations

from typing import Final

from wasm_environ.binary import externals
from wasm_environ.binary.reader import Reader
from wasm_environ.binary.type_section import sub_type
from wasm_environ.binary.writer import unsigned
from wasm_environ.component import syntax as s
from wasm_environ.component.text.frames import Text
from wasm_environ.component.text.references import core_item, outer_alias, refers, two_indices
from wasm_environ.composites import SubType
from wasm_environ.features import ALL
from wasm_environ.module import FUNC, GLOBAL, KIND_NAMES, MEMORY, TABLE, TAG
from wasm_environ.text.types import TypeDef, function_bytes
from wasm_environ.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import ExternType as CoreExternType

_KINDS: Final = {word: kind for kind, word in enumerate(KIND_NAMES)}


def _reader(data: bytes) -> Reader:
    return Reader(data, 0, len(data), ALL, [])


def _sub_type(entry: TypeDef) -> SubType:
    return sub_type(_reader(entry.text))


def value_type(t: Text) -> int:
    """A value type of the core."""
    return int(_reader(t.frame.core_types.value_type()).value_type())


def core_type(t: Text) -> None:
    """(core type id? ...), the cursor after `type`; also a `type` of a module type."""
    tokens = t.tokens
    start = tokens.i
    label = t.label()
    if tokens.enter("module"):
        if t.frame.is_module:
            raise tokens.unexpected(tokens.i - 1, "a type of the core")
        found = module_type(t, label.id)
        tokens.expect(")")
        t.add(s.CoreTypeDef(-1, found), s.CORE_TYPE, label)
        return
    if t.hoisting:
        t.skip_rest()
        return
    t.bind(s.CORE_TYPE, label)  # a type of the core may refer to itself
    tokens.i = start
    entry = t.frame.core_types.type_def()
    tokens.i -= 1
    _append(t, s.CoreRecType((_sub_type(entry),), False))


def rec_group(t: Text) -> None:
    """(core rec (type id? ...)*), the cursor after `rec`."""
    tokens = t.tokens
    if t.hoisting:
        t.skip_rest()
        return
    start = tokens.i
    while tokens.enter("type"):
        t.bind(s.CORE_TYPE, t.label())
        t.skip_rest()
        tokens.i += 1
    tokens.i = start
    types: list[SubType] = []
    while tokens.enter("type"):
        types.append(_sub_type(t.frame.core_types.type_def()))
    _append(t, s.CoreRecType(tuple(types), True))


def _append(t: Text, found: s.CoreRecType) -> None:
    t.define(found if t.frame.is_module else s.CoreTypeDef(-1, found))


def module_type_use(t: Text) -> int:
    """(type index), or the declarations of a module type in place: its index."""
    tokens = t.tokens
    if refers(t, "type") or (tokens.opens("core") and tokens.toks[tokens.i + 2] == "type"):
        tokens.i += 1
        tokens.take("core")
        tokens.i += 1
        found = core_item(t, s.CORE_TYPE)
        tokens.expect(")")
        return found
    return t.in_place(s.CORE_TYPE, lambda: s.CoreTypeDef(-1, module_type(t, "")))


def module_type(t: Text, id: str) -> s.CoreModuleType:
    """The declarations of a module type, up to its `)`."""
    known: dict[FuncType, int] = {}  # function types of earlier definitions

    def read() -> None:
        while t.tokens.toks[t.tokens.i] == "(":
            _declaration(t, known)

    return s.CoreModuleType(t.inside(id, read, True))


def _declaration(t: Text, known: dict[FuncType, int]) -> None:
    tokens = t.tokens
    tokens.i += 1
    word = tokens.toks[tokens.i]
    tokens.i += 1
    if word == "type":
        core_type(t)
        composite = t.frame.out[-1].types[0].composite
        if isinstance(composite, FuncType):
            known[composite] = t.frame.spaces[s.CORE_TYPE].count - 1
    elif word == "rec":
        rec_group(t)
    elif word == "alias":
        _alias(t)
    elif word == "import":
        module, name = t.string(), t.string()
        kind, type = _extern(t, known)
        t.define(s.CoreImport(module, name, kind, type))
    elif word == "export":
        name = t.string()
        kind, type = _extern(t, known)
        t.define(s.CoreExportDecl(name, kind, type))
    else:
        raise tokens.unexpected(tokens.i - 1, "a declaration of a module type")
    tokens.expect(")")


def _alias(t: Text) -> None:
    tokens = t.tokens
    tokens.expect("outer")
    at = two_indices(t)
    tokens.expect("(")
    tokens.expect("type")
    label = t.label()
    tokens.expect(")")
    found = outer_alias(t, s.CORE_TYPE, at)
    t.add(s.CoreOuterType(found.depth, found.item), s.CORE_TYPE, label)


def _extern(t: Text, known: dict[FuncType, int]) -> tuple[int, CoreExternType]:
    """(kind id? type)."""
    tokens, types = t.tokens, t.frame.core_types
    tokens.expect("(")
    kind = _KINDS.get(tokens.toks[tokens.i], -1)
    if kind < 0:
        raise tokens.unexpected(wanted="an external type")
    tokens.i += 1
    tokens.identifier()
    if kind == FUNC:
        found: CoreExternType = _function(t, known)
    elif kind == TABLE:
        found = externals.table_type(_reader(types.table_type()))
    elif kind == MEMORY:
        found = externals.memory_type(_reader(types.limits(True)))
    elif kind == GLOBAL:
        found = externals.global_type(_reader(types.global_type()))
    else:
        assert kind == TAG
        index = _function(t, known)
        found = externals.tag_type(_reader(b"\0" + unsigned(index)))
    tokens.expect(")")
    return kind, found


def _function(t: Text, known: dict[FuncType, int]) -> int:
    """(type index), or a function type written out: that of an earlier definition of it, or a new one."""
    tokens = t.tokens
    if tokens.enter("type"):
        index = t.index(s.CORE_TYPE)
        tokens.expect(")")
        t.frame.core_types.signature({})
        return index
    signature = t.frame.core_types.signature({})
    found = sub_type(_reader(function_bytes(signature)))
    assert isinstance(found.composite, FuncType)
    index = known.get(found.composite, -1)  # wasm-tools writes one out each time, unless there is a definition
    if index >= 0:
        return index
    return t.add(s.CoreRecType((found,), False), s.CORE_TYPE)


