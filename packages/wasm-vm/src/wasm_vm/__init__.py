"""The unsafe core: code memory, instances, calls between Python and wasm, traps, interruption. Its types are the public API's."""

from __future__ import annotations

import sys
from _collections_abc import Mapping, Sequence

if "t" in sys.abiflags:
    raise ImportError("wasm_vm relies on the GIL: it works on a CPython without free threading (python3.13, not python3.13t)")

from wasm_environ.errors import ArtifactError, ExhaustedError, LinkError, WasmError
from wasm_vm._core import (
    LAYOUT,
    AnyRef,
    ArrayRef,
    Caller,
    CallProgram,
    ComponentFunc,
    ComponentPlan,
    ComponentPre,
    ComponentState,
    EngineCore,
    EqRef,
    ExnRef,
    Func,
    Global,
    HostCall,
    I31Ref,
    Instance,
    InstanceExports,
    InstancePre,
    Instantiation,
    LoadedModule,
    Memory,
    Pool,
    Record,
    ResourceAny,
    ResourceType,
    SharedMemory,
    Store,
    StructRef,
    Table,
    Tag,
    Variant,
    can_reserve,
    crc32,
    drop_reservations,
    time_is_limited,
    time_is_over,
)
from wasm_vm._core import bind_types as _bind_types
from wasm_vm.errors import Err, ExitTrap, StoreError, Trap, WasmException
from wasm_vm.loading import MappedFile, check_read, load_file, load_module, open_file, read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_vm.frames import Frame
    from wasm_vm.trap_codes import TrapCode

    Converter = Callable[[Any, Any], Any]

__all__ = [
    "LAYOUT", "AnyRef", "ArrayRef", "ArtifactError", "CallProgram", "Caller", "ComponentFunc", "ComponentPlan", "ComponentPre", "ComponentState",
    "EngineCore", "EqRef", "Err", "ExhaustedError", "ExitTrap", "ExnRef", "Frame", "Func", "Global", "HostCall",
    "I31Ref", "Instance", "InstanceExports", "InstancePre", "Instantiation", "LinkError", "LoadedModule", "MappedFile", "Memory", "Pool", "Record",
    "ResourceAny", "ResourceType",
    "SharedMemory", "Store",
    "StoreError", "StructRef", "Table", "Tag",
    "Trap", "TrapCode", "Variant", "WasmError", "WasmException",
    "bind_types", "can_reserve", "check_read", "crc32", "drop_reservations", "load_file", "load_module", "open_file", "read_head",
    "time_is_limited", "time_is_over",
]  # fmt: skip

Mapping.register(InstanceExports)
Sequence.register(ArrayRef)


def bind_types(
    *,
    func_type: Callable[[Any, int], Any] | None = None,
    func_id: Callable[[Any, Any], int] | None = None,
    tag_type: Callable[[Any, int], Any] | None = None,
    tag_id: Callable[[Any, Any], int] | None = None,
    aggregate_type: Callable[[Any, int], Any] | None = None,
    aggregate_id: Callable[[Any, Any], int] | None = None,
    to_memory_type: Converter | None = None,
    from_memory_type: Converter | None = None,
    to_table_type: Converter | None = None,
    from_table_type: Converter | None = None,
    to_global_type: Converter | None = None,
    from_global_type: Converter | None = None,
    default_engine: Callable[[], Any] | None = None,
    set_wasi: Callable[[Store, Any], Any] | None = None,
) -> None:
    """Let the public API's own classes appear in the vm's methods; what is not given stays as it is.

    Everything about types is asked with the engine's TypeRegistry first, whose ids references to declared types hold. `*_type(registry, id)` is the public
    type of an id, of a tag's payload for tags; `*_id(registry, type)` the way back, raising TypeError for anything else. `to_*(registry, described)` turn
    an environ type (`MemoryType`, `TableType`, `GlobalType`) into the public class; `from_*(registry, public)` the public class into environ's, raising
    TypeError or AttributeError for anything else. Environ's own types are always accepted. `default_engine()` makes the engine of `Store()`;
    `set_wasi(store, config)` is called by `Store.set_wasi`, and what it returns is kept as `store._wasi`.
    """
    given = {
        "func_type": func_type, "func_id": func_id, "tag_type": tag_type, "tag_id": tag_id, "aggregate_type": aggregate_type, "aggregate_id": aggregate_id,
        "to_memory_type": to_memory_type, "from_memory_type": from_memory_type, "to_table_type": to_table_type, "from_table_type": from_table_type,
        "to_global_type": to_global_type, "from_global_type": from_global_type, "default_engine": default_engine, "set_wasi": set_wasi,
    }  # fmt: skip
    _bind_types(**{name: hook for name, hook in given.items() if hook is not None})


def __getattr__(name: str) -> object:
    """Frame and TrapCode, which only a trap needs."""
    if name == "Frame":
        from wasm_vm.frames import Frame

        return Frame
    if name == "TrapCode":
        from wasm_vm.trap_codes import TrapCode

        return TrapCode
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
