"""Components: compile, link and call them. The names of `wasmtime.component`."""

from __future__ import annotations

from wasm_facade.component.component import Component, ExportIndex
from wasm_facade.component.instance import Instance, InstancePre
from wasm_facade.component.interfaces import misfits, wit
from wasm_facade.component.linker import Linker, LinkerInstance
from wasm_facade.component.resources import ResourceHost
from wasm_facade.component.types import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    BorrowType,
    Char,
    ComponentExtern,
    ComponentInstanceType,
    ComponentType,
    EnumType,
    ErrorContext,
    FlagsType,
    FuncType,
    FutureType,
    ListType,
    MapType,
    ModuleType,
    OptionType,
    OwnType,
    RecordType,
    ResultType,
    StreamType,
    String,
    TupleType,
    ValType,
    VariantType,
)
from wasm_vm import ComponentFunc as Func
from wasm_vm import Err, Record, ResourceAny, ResourceType, Variant

__all__ = [
    "F32", "F64", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "Bool", "BorrowType", "Char", "Component", "ComponentExtern",
    "ComponentInstanceType", "ComponentType", "EnumType", "Err", "ErrorContext", "ExportIndex", "FlagsType", "Func", "FuncType", "FutureType",
    "Instance", "InstancePre", "Linker", "LinkerInstance", "ListType", "MapType", "ModuleType", "OptionType", "OwnType", "Record", "RecordType",
    "ResourceAny", "ResourceHost", "ResourceType", "ResultType", "StreamType", "String", "TupleType", "ValType", "Variant", "VariantType", "misfits", "wit",
]  # fmt: skip
