"""Ties the vm to the public API: its methods take and give the public type classes, `Store()` makes an engine, `set_wasi` is WASI's."""

from __future__ import annotations

from _operator import attrgetter

import wasm_vm
from wasm_facade.engine import Engine
from wasm_facade.types import FuncType, GlobalType, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ import types as environ


def set_wasi(store: wasm_vm.Store, config: Any) -> Any:
    """What `Store.set_wasi(config)` keeps."""
    from wasm_facade.wasi import configure

    return configure(store, config)


def _to_tag_type(payload: environ.FuncType) -> TagType:
    return TagType(FuncType._of(payload))


def bind() -> None:
    """Once, when the package is imported."""
    described = attrgetter("_type")
    wasm_vm.bind_types(
        to_func_type=FuncType._of, from_func_type=described, to_memory_type=MemoryType._of, from_memory_type=described,
        to_table_type=TableType._of, from_table_type=described, to_global_type=GlobalType._of, from_global_type=described,
        to_tag_type=_to_tag_type, from_tag_type=attrgetter("_functype._type"),
        default_engine=Engine, set_wasi=set_wasi,
    )  # fmt: skip
