"""The public API as rows: how a live object of each type is made, and plausible arguments of each method (for `api_fuzz`)."""

from __future__ import annotations

import atexit
import struct
import tempfile
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import wasm_environ.types as types_of_environ
import wasm_facade as w
import wasm_vm
from wasm_environ.component.abi.program import RECORD
from wasm_environ.host import HostFunction
from wasm_facade import component
from wasm_vm import _core

WAT = """(module $m
  (import "m" "host" (func $host (param i32) (result i32)))
  (import "m" "results" (func $results (result i32 i64 f64 v128 externref funcref)))
  (memory (export "memory") 1 8)
  (table (export "table") 4 64 externref)
  (table $functions (export "functable") 4 64 funcref)
  (global (export "reference") (mut externref) (ref.null extern))
  (global (export "number") (mut i64) (i64.const 1))
  (tag (export "tag") (param i32))
  (elem (table $functions) (i32.const 0) func $same $trap)
  (data (i32.const 0) "some bytes")
  (func $same (export "same") (param i32 i64 f64 v128 externref funcref) (result i32 i64 f64 v128 externref funcref)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5))
  (func (export "call_host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "call_results") (result i32 i64 f64 v128 externref funcref) (call $results))
  (func $trap (export "trap") unreachable))"""


# A component with a function of every kind of value that Python can be asked for in the middle of, and resources of its own.
COMPONENT = """(component
  (import "host" (func $host (param "n" u32) (result u32)))
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (type $p' (record (field "a" u32) (field "b" u32)))
  (export $p "p" (type $p'))
  (core func $new (canon resource.new $r'))
  (core func $host' (canon lower (func $host)))
  (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "make") (result i32) (call $new (i32.const 1)))
    (func (export "call") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (call $host (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "host" (func $host'))))))
  (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
  (func (export "call") (param "p" $p) (param "s" string) (param "r" (borrow $r)) (param "o" (option u32)) (result u32)
    (canon lift (core func $m "call") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""


class Holder:
    """What an externref may be: refers to itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.me = self


@dataclass(slots=True)
class Pair:
    """The record of COMPONENT, as a class of its own."""

    a: int
    b: int


class Handle:
    """A resource as a class of its own."""

    __slots__ = ("context", "handle")
    __handle_args__ = ("handle", "context")


class World:
    """Live objects of one store, made when asked for, by kind (MAKE)."""

    def __init__(self, engine: Any, module: Any) -> None:
        self.engine, self.module = engine, module
        self.made: dict[str, Any] = {}

    def get(self, kind: str) -> Any:
        if kind not in self.made:
            self.made[kind] = MAKE[kind](self)
        return self.made[kind]

    @property
    def store(self) -> Any:
        return self.get("store")

    def export(self, name: str) -> Any:
        return self.get("exports")[name]


def _host(world: World) -> Any:
    return w.Func(world.store, w.FuncType([w.ValType.i32()], [w.ValType.i32()]), lambda number: number)


def _results(world: World) -> Any:
    """A host function that returns the world's `results`."""
    kinds = [w.ValType.i32(), w.ValType.i64(), w.ValType.f64(), w.ValType.v128(), w.ValType.externref(), w.ValType.funcref()]
    return w.Func(world.store, w.FuncType([], kinds), lambda: world.get("results"))


def _store(world: World) -> Any:
    store = w.Store(world.engine, Holder())
    store.set_fuel(1 << 40)
    return store


@cache
def folder() -> str:
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    return made.name


def file(name: str, contents: bytes) -> str:
    path = Path(folder(), name)
    if not path.exists():
        path.write_bytes(contents)
    return str(path)


def settings() -> Any:
    config = w.Config()
    config.cache, config.wasm_threads, config.wasm_exceptions, config.shared_memory, config.consume_fuel = False, True, True, True, True
    return config


def _linker(world: World) -> Any:
    linker = w.Linker(world.engine)
    for name in ("host", "results"):
        linker.define(world.store, "m", name, world.get(f"{name}_func"))
    return linker


def _trap(world: World) -> Any:
    try:
        world.export("trap")(world.store)
    except w.Trap as trap:
        return trap
    raise AssertionError("`unreachable` did not trap")


def _pool() -> Any:
    config = w.PoolingAllocationConfig()
    config.total_memories = config.total_tables = config.total_core_instances = 2
    return config.make_pool()


def _component_linker(world: World) -> Any:
    linker = component.Linker(world.engine)
    with linker.root() as root:
        root.add_func("host", lambda store, number: number)
    return linker


def _component_instance(world: World) -> Any:
    linker = _component_linker(world)
    return linker.instantiate(world.store, world.get("component"))


def _component_func(world: World) -> Any:
    return world.get("component_instance").get_func(world.store, "call")


def _resource(world: World) -> Any:
    return world.get("component_instance").get_func(world.store, "make")(world.store)


def _state(world: World) -> Any:
    return _core.ComponentState(world.store, world.get("program"), bytes(4), 2)


def _limits(world: World) -> Any:
    return w.Limits(1, 4)


# Kind of object -> how it is made. Columns: kind, from a world.
MAKE: dict[str, Callable[[World], Any]] = {
    # of the engine
    "engine": lambda world: world.engine,
    "core": lambda world: world.engine._vm,
    "registry": lambda world: world.engine._vm.registry,
    "module": lambda world: world.module,
    "command": lambda world: w.Module(world.engine, '(module (func (export "_start")))'),
    "own_engine": lambda world: w.Engine(settings()),
    "own_module": lambda world: w.Module.deserialize(world.engine, bytes(world.module.serialize())),
    "loaded": lambda world: world.module._loaded,
    "code": lambda world: _core.map_bytes(b"\xc3" * 64),
    "pool": lambda world: _pool(),
    "config": lambda world: settings(),
    "pooling_config": lambda world: w.PoolingAllocationConfig(),
    "wasi_config": lambda world: w.WasiConfig(),
    "shared": lambda world: w.SharedMemory(world.engine, w.MemoryType(w.Limits(1, 4), shared=True)),
    # of a store
    "store": _store,
    "host_definition": lambda world: HostFunction("m", "host", world.get("func_type")._type, lambda caller, number: number),
    "host_func": _host,
    "results_func": _results,
    "instance": lambda world: w.Instance(world.store, world.module, world.get("imports")),
    "exports": lambda world: world.get("instance").exports(world.store),
    "func": lambda world: world.export("same"),
    "memory": lambda world: world.export("memory"),
    "table": lambda world: world.export("table"),
    "functable": lambda world: world.export("functable"),
    "global": lambda world: world.export("reference"),
    "number_global": lambda world: world.export("number"),
    "tag": lambda world: world.export("tag"),
    "struct": lambda world: w.StructRef(world.store, world.get("struct_type"), [1, Holder()]),
    "array": lambda world: w.ArrayRef(world.store, world.get("array_type"), [Holder()]),
    "i31": lambda world: w.I31Ref(5),
    "exnref": lambda world: w.ExnRef(world.store, world.get("tag"), world.get("payload")),
    "exception": lambda world: w.WasmException(world.get("exnref")),
    "linker": _linker,
    "pre": lambda world: world.get("linker").instantiate_pre(world.module),
    "trap": _trap,
    "backtrace": lambda world: _trap(world)._backtrace,
    # components
    "component": lambda world: component.Component(world.engine, COMPONENT),
    "component_instance": _component_instance,
    "component_instance_pre": lambda world: _component_linker(world).instantiate_pre(world.get("component")),
    "component_linker": lambda world: _component_linker(world),
    "linker_instance": lambda world: component.Linker(world.engine).root(),
    "component_text": lambda world: "(component)",
    "component_path": lambda world: file("c.wat", b"(component)"),
    "component_artifact": lambda world: bytes(component.Component(world.engine, "(component)").serialize()),
    "component_artifact_path": lambda world: file("c.cwasm", world.get("component_artifact")),
    "export_index": lambda world: world.get("component").get_export_index("call"),
    "names": lambda world: ("call",),
    "resource_host": lambda world: component.ResourceHost.own(7, 1),
    "errors": lambda world: {OSError: str},
    "definitions": lambda world: {"f": lambda store: None, "r": component.ResourceType("r"), "i": {}},
    "resource_name": lambda world: "r2",
    "component_func": _component_func,
    "resource": _resource,
    "host_resource": lambda world: _core.ResourceAny._make(world.store, world.get("resource_type"), 1, True),
    "resource_type": lambda world: _core.ResourceType("r", lambda store, rep: None, None, 3),
    "host_call": lambda world: _core.HostCall("to_bytes", True),
    "class": lambda world: Holder,
    "program": lambda world: world.get("component")._loaded.program,
    "record_node": lambda world: next(n for n in range(99) if struct.unpack_from("<I", world.get("words"), 16 + 44 * n)[0] == RECORD),
    "words": lambda world: world.get("component")._image.parts.words,
    "record_classes": lambda world: (Pair,),
    "resource_class": lambda world: Handle,
    "program_words": lambda world: bytes.fromhex("01000000" + "00000000" * 3),
    "labels": lambda world: (),
    "parents": lambda world: bytes(4),
    "state": _state,
    "plain_program": lambda world: _core.CallProgram(world.get("program_words"), ()),
    "plan": lambda world: _core.ComponentPlan(world.get("core"), world.get("plain_program"), bytes(4), 1, (0,), (world.get("loaded"),), 0, world.get("steps")),
    "instantiation": lambda world: world.get("component_instance"),
    "component_pre": lambda world: _core.ComponentPre(world.get("plan"), (world.get("callback"),), (None,), (), True, True, _core.Instantiation),
    "instance_class": lambda world: _core.Instantiation,
    "plan_resources": lambda world: (0,),
    "plan_modules": lambda world: (world.get("loaded"),),
    # a resource type, its constructor, and a function of that type that is not used
    "steps": lambda world: ((3, 0, 0, -1, "r"), (6, 2, 0, -1, (0, -1, -1, -1, 0, 0), (0x7F,), (0x7F,)), (6, 4, 0, -1, (0, -1, -1, 0, 1, 2), (0x7F,), (0x7F,))),
    "plan_functions": lambda world: (world.get("callback"),),
    "no_resources": lambda world: (None,),
    "no_modules": lambda world: (),
    "core_type": lambda world: types_of_environ.FuncType((), ()),
    "options": lambda world: (0, world.get("memory"), None, None, 0, 0),
    "record": lambda world: _core.Record(a=1, b=2),
    "variant": lambda world: _core.Variant("some", Holder()),
    # types and values
    "field_type": lambda world: w.FieldType(w.ValType.externref(), mutable=True),
    "struct_type": lambda world: w.StructType({"a": w.FieldType("i8", mutable=True), "b": world.get("field_type")}),
    "rec_group": lambda world: w.RecGroup(1),
    "array_type": lambda world: w.ArrayType(world.get("field_type")),
    "fields": lambda world: {"a": world.get("field_type")},
    "val": lambda world: w.Val.i32(7),
    "val_type": lambda world: w.ValType.i32(),
    "val_types": lambda world: [w.ValType.i32()],
    "func_type": lambda world: w.FuncType([w.ValType.i32()], [w.ValType.i32()]),
    "ref_type": lambda world: w.ValType.externref(),
    "limits": _limits,
    "memory_type": lambda world: w.MemoryType(_limits(world)),
    "shared_type": lambda world: w.MemoryType(_limits(world), shared=True),
    "table_type": lambda world: w.TableType(w.ValType.externref(), _limits(world)),
    "global_type": lambda world: w.GlobalType(w.ValType.i64(), True),
    "tag_type": lambda world: w.TagType(w.FuncType([w.ValType.i32()], [])),
    "import_type": lambda world: w.ImportType("m", "n", w.FuncType([], [])),
    "export_type": lambda world: w.ExportType("n", w.FuncType([], [])),
    "frame": lambda world: w.Frame(0, "f", "m", 1, 2),
    "trap_code": lambda world: w.TrapCode.UNREACHABLE,
    "dir_perms": lambda world: w.DirPerms.READ_ONLY,
    "file_perms": lambda world: w.FilePerms.READ_ONLY,
    # plain Python
    "any": lambda world: object(),
    "reference": lambda world: Holder(),
    "none": lambda world: None,
    "flag": lambda world: True,
    "one": lambda world: 1,
    "zero": lambda world: 0,
    "sixteen": lambda world: 16,
    "stack_size": lambda world: 65536,
    "minus": lambda world: -1,
    "float": lambda world: 1.5,
    "seconds": lambda world: 60.0,
    "text": lambda world: "memory",
    "m": lambda world: "m",
    "heap": lambda world: "any",
    "a": lambda world: "a",
    "b": lambda world: "b",
    "name": lambda world: "host",
    "feature": lambda world: "x",
    "bytes": lambda world: b"some",
    "bytearray": lambda world: bytearray(b"some"),
    "wat": lambda world: '(module (import "m" "f" (func (param i32))))',
    "wasm": lambda world: b"\0asm\1\0\0\0",
    "slice": lambda world: slice(0, 4),
    "folder": lambda world: folder(),
    "wat_path": lambda world: file("m.wat", world.get("wat").encode()),
    "artifact_path": lambda world: file("m.cwasm", world.get("artifact")),
    "callback": lambda world: lambda *args: args[-1],
    "imports": lambda world: [world.get("host_func"), world.get("results_func")],
    "payload": lambda world: [1],
    "struct_values": lambda world: [1, Holder()],
    "array_values": lambda world: [Holder(), None],
    "results": lambda world: [1, 2, 3.0, 4, Holder(), None],
    "import_dict": lambda world: {"m": {"f": lambda number: number}},
    "items": lambda world: tuple(world.get("imports")),
    "code_range": lambda world: (0, 64),
    "artifact": lambda world: bytes(world.module.serialize()),
    "trap_text": lambda world: "a message",
}

# Type -> kind of its live object. A caller lives in a call only: the runner makes it.
RECEIVERS = {
    "AnyRef": "struct", "ArrayRef": "array", "ArrayType": "array_type", "EqRef": "struct", "FieldType": "field_type", "I31Ref": "i31", "StructRef": "struct",
    "StructType": "struct_type", "RecGroup": "rec_group",
    "CallProgram": "program", "ComponentFunc": "component_func", "ComponentPlan": "plan", "ComponentPre": "component_pre", "ComponentState": "state", "Instantiation": "instantiation",
    "Record": "record", "ResourceAny": "resource",
    "ResourceType": "resource_type", "Variant": "variant", "HostCall": "host_call",
    "Backtrace": "backtrace", "Caller": "caller", "Code": "code", "Config": "config", "DirPerms": "dir_perms", "Engine": "own_engine", "EngineCore": "core",
    "ExportType": "export_type", "ExnRef": "exnref", "FilePerms": "file_perms", "Frame": "frame", "Func": "func", "FuncType": "func_type", "Global": "global",
    "GlobalType": "global_type", "ImportType": "import_type", "Instance": "instance", "InstanceExports": "exports", "InstancePre": "pre", "Limits": "limits",
    "Linker": "linker", "LoadedModule": "loaded", "Memory": "memory", "MemoryType": "memory_type", "Module": "own_module", "Pool": "pool",
    "PoolingAllocationConfig": "pooling_config", "SharedMemory": "shared", "Store": "store", "Table": "table", "TableType": "table_type", "Tag": "tag",
    "TagType": "tag_type", "Trap": "trap", "TrapCode": "trap_code", "Val": "val", "ValType": "val_type", "WasmException": "exception", "WasiConfig": "wasi_config",
}  # fmt: skip

RECEIVERS |= {
    "Component": "component", "ComponentLinker": "component_linker", "ComponentInstance": "component_instance", "ComponentInstancePre": "component_instance_pre",
    "LinkerInstance": "linker_instance", "ExportIndex": "export_index", "ResourceHost": "resource_host",
}  # fmt: skip

# Slots that mean the same of every type. Columns: name, kinds of the arguments.
SLOTS = {
    "__repr__": "", "__str__": "", "__hash__": "", "__iter__": "", "__next__": "", "__len__": "", "__enter__": "", "__dir__": "", "__reduce__": "",
    "__copy__": "", "__bool__": "", "__deepcopy__": "any", "__exit__": "none none none", "__getattr__": "text", "__setattr__": "text one",
    "__eq__": "any", "__ne__": "any", "__lt__": "any", "__le__": "any", "__gt__": "any", "__ge__": "any", "__contains__": "text",
    "__getitem__": "slice", "__setitem__": "slice bytes", "__delitem__": "one", "__buffer__": "zero", "close": "",
}  # fmt: skip

# Columns: constructor, method or function; kinds of the arguments, by position or by name. Several rows of one: separated by `|`.
ROWS = {
    "ArrayRef": "store array_type array_values", "ArrayRef.new": "store array_type reference sixteen", "ArrayRef.__getitem__": "slice|zero",
    "ArrayRef.__setitem__": "zero reference", "ArrayType": "field_type", "FieldType": "val_type flag", "I31Ref": "one", "I31Ref.__int__": "", "I31Ref.__index__": "",
    "StructRef": "store struct_type struct_values", "StructRef.__getitem__": "zero|b", "StructRef.__setitem__": "one reference|b reference",
    "StructRef.__getattribute__": "a|b", "StructRef.__setattr__": "b reference|a one", "StructRef.__delattr__": "b",
    "StructType": "fields", "StructType.field_index": "a",
    "CallProgram": "program_words labels", "CallProgram.bind": "record_node record_classes", "ResourceType._bind": "resource_class any", "ComponentState": "store program parents one",
    "ComponentFunc.__call__": "store record text resource one|store record text resource one timeout=seconds", "ComponentFunc.type": "store", "ComponentFunc.post_return": "store",
    "ComponentState.resource": "one resource_type", "ComponentState.define_resource": "zero zero none text",
    "ComponentState.lift": "zero func options", "ComponentState.lower": "zero callback options core_type",
    "ComponentState.built_in": "one zero minus options core_type", "ComponentState.fail": "",
    "ComponentState.flag": "zero one", "ComponentState.adapter_trap": "core_type",
    "ComponentPlan": "core plain_program parents one plan_resources plan_modules zero steps",
    "ComponentPre": "plan plan_functions no_resources no_modules flag flag instance_class", "ComponentPre.instantiate": "store",
    "Instantiation._function": "zero", "Instantiation._resource": "zero", "Instantiation._fail": "",
    "ResourceAny.drop": "store", "ResourceAny.to_host": "store", "ResourceAny._rep": "store", "ResourceAny._make": "store resource_type one flag",
    "ResourceType": "text callback class|text callback none one", "ResourceType.host": "one", "HostCall": "text flag flag|callback zero flag flag|callback zero of_wasi=text", "HostCall.__call__": "store one",
    "Err": "reference", "time_is_limited": "", "time_is_over": "",
    "Record": "", "Record.__getattribute__": "a", "Variant": "text reference",
    "Component": "engine component_text", "Component.from_file": "engine component_path", "Component.deserialize": "engine component_artifact",
    "Component.from_command": "command",
    "Component.deserialize_file": "engine component_artifact_path", "Component.serialize": "", "Component.get_export_index": "text none|name export_index",
    "ComponentLinker": "engine", "ComponentLinker.root": "", "ComponentLinker.define_unknown_imports_as_traps": "component",
    "ComponentLinker.resource": "m resource_name class drop=callback pass_store=flag errors=errors", "ComponentLinker.implement": "m any pass_store=flag errors=errors",
    "ComponentLinker.add_wasip2": "", "ComponentLinker.add_wasi_http": "", "ComponentLinker.add_wasi_config": "", "ComponentLinker.add_wasi_keyvalue": "",
    "ComponentLinker.instantiate_pre": "component", "ComponentLinker.instantiate": "store component",
    "ComponentInstance.exports": "store", "ComponentInstance.get_export_index": "store text none",
    "ComponentInstance.get_func": "store name|store export_index",
    "LinkerInstance.__del__": "", "LinkerInstance.add_instance": "text definitions", "LinkerInstance.add_func": "text callback errors=errors", "LinkerInstance.add_module": "text module",
    "LinkerInstance.add_resource": "text resource_type callback", "LinkerInstance.implement": "any pass_store=flag errors=errors",
    "LinkerInstance.resource": "resource_name class drop=callback pass_store=flag errors=errors",
    "ComponentInstance": "", "ComponentInstancePre": "", "LinkerInstance": "", "ResourceHost": "",
    "ExportIndex": "names", "ResourceHost.own": "one one", "ResourceHost.borrow": "one one", "ResourceHost.to_any": "store",
    "Backtrace.resolve": "",
    "Caller.get": "text any", "Caller.__getitem__": "text", "Caller.data": "", "Caller.memory": "",
    "Caller.limited": "", "Caller.interrupted": "",
    "CompileError": "trap_text", "CompileError.place": "one one", "InvalidError": "trap_text", "TextError": "trap_text one one",
    "ArtifactError": "trap_text", "ExhaustedError": "trap_text", "ExitTrap": "one", "LinkError": "trap_text", "MalformedError": "trap_text",
    "StoreError": "trap_text", "UnsupportedError": "trap_text", "WasmError": "trap_text",
    "Config": "", "Config.cranelift_flag_enable": "feature", "Config.cranelift_flag_set": "feature feature", "Config.changes_features": "",
    "Config.features": "",
    "DirPerms": "one", "FilePerms": "one",
    "Engine": "config", "Engine.increment_epoch": "", "Engine.pooling_allocator_metrics": "", "Engine.is_pulley": "",
    "EngineCore": "registry none max_wasm_stack=stack_size release_gil=flag consume_fuel=flag epoch_interruption=flag guarded=flag pool=pool",
    "EngineCore.increment_epoch": "",
    "ExnRef": "store tag payload", "ExnRef.tag": "store", "ExnRef.fields": "store", "ExnRef.field": "store zero", "ExnRef._parts": "",
    "ExportType": "text func_type", "ImportType": "text text func_type", "Frame": "one text text one one", "Limits": "one one",
    "Func": "store func_type callback access_caller=flag", "Func.type": "store", "Func._from_host": "store host_definition any",
    "Func.__call__": "store one one float one reference func timeout=seconds|store one one float one reference func",
    "FuncType": "val_types val_types", "GlobalType": "val_type flag", "MemoryType": "limits flag flag sixteen", "TableType": "ref_type limits flag",
    "RecGroup": "one", "RecGroup.__getitem__": "zero", "RecGroup.define": "struct_type",
    "TagType": "func_type", "ValType": "", "ValType.ref": "struct_type flag|heap",
    "Global": "store global_type one", "Global.type": "store", "Global.value": "store", "Global.set_value": "store reference",
    "Instance": "store module imports", "Instance.exports": "store", "Instance._repr_html_": "",
    "InstanceExports.get": "text any", "InstanceExports.keys": "", "InstanceExports.values": "", "InstanceExports.items": "",
    "InstanceExports.__getitem__": "text|one",
    "InstancePre": "module loaded items", "InstancePre.instantiate": "store",
    "Linker": "engine", "Linker.define": "store m text host_func", "Linker.define_func": "m text func_type callback flag",
    "Linker.define_instance": "store text instance", "Linker.define_wasi": "", "Linker.define_module": "store text module",
    "Linker.define_unknown_imports_as_traps": "module", "Linker.define_unknown_imports_as_default_values": "store module",
    "Linker.instantiate_pre": "module", "Linker.instantiate": "store module", "Linker.get": "store m name", "Linker.get_default": "store m",
    "LoadedModule.instantiate": "store imports",
    "MappedFile": "code any", "MappedFile.load": "core", "MappedFile.verify": "",
    "Memory": "store memory_type", "Memory.type": "store", "Memory.read": "store start=zero stop=one", "Memory.write": "store bytes start=one",
    "Memory.grow": "store one", "Memory.size": "store", "Memory.data_len": "store", "Memory.page_size": "store", "Memory.page_size_log2": "store",
    "Memory.data_ptr": "store", "Memory.get_buffer_ptr": "store one one", "Memory.__getitem__": "slice|one", "Memory.__setitem__": "slice bytes|one one",
    "SharedMemory": "engine shared_type", "SharedMemory.type": "", "SharedMemory.read": "start=zero stop=one", "SharedMemory.write": "bytes start=one",
    "SharedMemory.grow": "one", "SharedMemory.size": "", "SharedMemory.data_len": "", "SharedMemory.page_size": "", "SharedMemory.page_size_log2": "",
    "SharedMemory.data_ptr": "", "SharedMemory.get_buffer_ptr": "one one", "SharedMemory.__getitem__": "slice|one",
    "SharedMemory.__setitem__": "slice bytes|one one",
    "Module": "engine wat", "Module.from_file": "engine wat_path", "Module.deserialize": "engine artifact", "Module.deserialize_file": "engine artifact_path",
    "Module.validate": "engine wasm", "Module.serialize": "",
    "Pool": "total_memories=one total_tables=one total_core_instances=one max_memory_size=one table_elements=one max_core_instance_size=one "
    "linear_memory_keep_resident=one max_unused_warm_slots=one max_memories_per_module=one max_tables_per_module=one",
    "Pool.metrics": "", "Pool.clear": "", "PoolingAllocationConfig": "", "PoolingAllocationConfig.make_pool": "",
    "Store": "engine any", "Store.data": "", "Store.gc": "", "Store.gc_stats": "", "Store.set_fuel": "one", "Store.get_fuel": "", "Store.set_epoch_deadline": "one", "Store.interrupt": "",
    "Store.set_limits": "minus minus instances=minus tables=minus memories=minus gc_heap_size=minus handles=minus", "Store.set_wasi": "wasi_config", "Store.set_wasi_http": "",
    "Store.throw": "exnref|exception",
    "Table": "store table_type reference", "Table.type": "store", "Table.size": "store", "Table.get": "store one", "Table.set": "store one reference",
    "Table.grow": "store one reference",
    "Tag": "store tag_type", "Tag.type": "store", "Tag.eq": "store tag",
    "Trap": "trap_text", "TrapCode": "one",
    "Val": "val_type one", "Val.i32": "one", "Val.i64": "one", "Val.f32": "float", "Val.f64": "float", "Val.v128": "one", "Val.externref": "reference",
    "Val.funcref": "func", "Val.ref_null": "ref_type", "Val.as_i32": "", "Val.as_i64": "", "Val.as_f32": "", "Val.as_f64": "", "Val.as_v128": "",
    "Val.as_externref": "", "Val.as_funcref": "",
    **{f"ValType.{name}": "" for name in ("i32", "i64", "f32", "f64", "v128", "externref", "funcref", "anyref", "eqref", "i31ref", "structref", "arrayref", "exnref")},
    "WasmException": "exnref", "WasiConfig": "", "WasiConfig.inherit_argv": "", "WasiConfig.inherit_env": "", "WasiConfig.inherit_stdin": "", "WasiConfig.inherit_stdout": "",
    "WasiConfig.inherit_stderr": "", "WasiConfig.preopen_dir": "folder text dir_perms", "WasiConfig.preopen_socket": "one", "WasiConfig.preopen": "folder m readonly=flag",
    "WasiConfig.deterministic": "one", "WasiConfig.allow_net": "text", "WasiConfig.inherit_network": "",
    "load": "wat import_dict", "wat2wasm": "wat", "build_info": "", "can_reserve": "", "drop_reservations": "", "open_file": "artifact_path", "load_file": "core artifact_path",
    "load_module": "core artifact", "read_head": "artifact", "check_read": "artifact",
    "Code.check": "", "crc32": "bytes one", "map_bytes": "bytes", "map_file": "artifact_path",
}  # fmt: skip

# Classes of wasm_facade.component, those apart that the vm has too, and types, which are only read.
OF_COMPONENTS = ("Component", "ExportIndex", "Instance", "InstancePre", "Linker", "LinkerInstance", "ResourceHost")

# What is left out, and why. Columns: name, reason.
EXEMPT = {
    "install_as_wasmtime": "changes the whole process; test_as_wasmtime.py",
    "bind_types": "changes the whole process; called once, before use",
    "poke_signal": "the number of a signal, for tests",
    "use_pagemap": "a switch of the whole process, for tests",
    "_core.load": "reads rows that loading.py made, and nothing else may make",
    "object_at": "takes an address that a C library holds a reference for",
    "MappedFile": "needs an artifact's head: load_file makes it",
}
# What plain arguments are refused by, because nobody may do that; and what is there to raise.
REFUSES = {
    "AnyRef", "ArrayRef.__delitem__", "Backtrace", "Caller", "Code", "ComponentFunc", "ResourceAny", "ResourceAny.to_host", "EqRef", "StructRef.__delattr__", "StructRef.__delitem__", "Engine.__reduce__", "InstanceExports", "Instantiation", "Linker.__reduce__", "LoadedModule", "Memory.__delitem__",
    "ComponentInstance", "ComponentInstancePre", "LinkerInstance", "ResourceHost", "ComponentLinker.__reduce__",
    "PoolingAllocationConfig.__getattr__", "PoolingAllocationConfig.__setattr__", "SharedMemory.__delitem__", "Store.throw", "ValType", "WasiConfig.stderr_custom",
    "WasiConfig.stderr_file", "WasiConfig.stdin_file", "WasiConfig.stdout_custom", "WasiConfig.stdout_file",
}  # fmt: skip


def public_types() -> dict[str, type]:
    """Every class that wasm_facade, wasm_vm and the core have, by name; those of components that are called like others with `Component` before it."""
    found: dict[str, type] = {}
    for module, names in ((w, w.__all__), (wasm_vm, wasm_vm.__all__), (_core, dir(_core))):
        for name in names:
            item = getattr(module, name)
            if isinstance(item, type) and item not in found.values():
                found[name] = item
    for name in OF_COMPONENTS:
        found[f"Component{name}" if name in found else name] = getattr(component, name)
    return found


def public_functions() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for module, names in ((w, w.__all__), (wasm_vm, wasm_vm.__all__), (_core, dir(_core))):
        for name in names:
            item = getattr(module, name)
            if callable(item) and not isinstance(item, type) and not name.startswith("_"):
                found["_core.load" if module is _core and name == "load" else name] = item
    return found


IN_C = (types.MethodDescriptorType, types.ClassMethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType)


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """What a class itself defines and users can reach: not what is private to Python code, and not its constants."""
    for name, item in vars(cls).items():
        constructs = name in ("__init__", "__new__")
        private = name.startswith("_") and not name.startswith("__") and not isinstance(item, IN_C)
        if not constructs and not private and name not in ("__dict__", "__weakref__") and hasattr(item, "__get__"):
            yield name, item


def is_attribute(item: Any) -> bool:
    """Read or set, not called."""
    return hasattr(item, "__set__")


def row_of(cls: str, name: str) -> list[list[str]] | None:
    """The rows of `cls.name`; None: there is none."""
    row = ROWS.get(f"{cls}.{name}", SLOTS.get(name))
    return None if row is None else [each.split() for each in row.split("|")]
