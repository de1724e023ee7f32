"""Ties the vm to the public API: its methods take and give the public type classes, `Store()` makes an engine, `set_wasi` is WASI's."""

from __future__ import annotations

import wasm_vm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _described_by(name: str) -> Callable[[Any], Any]:
    """The environ's description of a type as the public class `name`, which is imported when the first one is asked for."""

    def convert(described: Any) -> Any:
        from wasm_facade import types

        return getattr(types, name)._of(described)

    return convert


def _description(public: Any) -> Any:
    return public._type


def _payload(tag: Any) -> Any:
    return tag._functype._type


def _to_tag_type(payload: Any) -> Any:
    from wasm_facade.types import FuncType, TagType

    return TagType(FuncType._of(payload))


def _set_wasi(store: wasm_vm.Store, config: Any) -> Any:
    """What `Store.set_wasi(config)` keeps."""
    from wasm_facade.wasi import configure

    return configure(store, config)


def bind(default_engine: Callable[[], Any]) -> None:
    """Once, when the first engine can be made."""
    wasm_vm.bind_types(
        to_func_type=_described_by("FuncType"), from_func_type=_description, to_memory_type=_described_by("MemoryType"),
        from_memory_type=_description, to_table_type=_described_by("TableType"), from_table_type=_description,
        to_global_type=_described_by("GlobalType"), from_global_type=_description, to_tag_type=_to_tag_type,
        from_tag_type=_payload, default_engine=default_engine, set_wasi=_set_wasi,
    )  # fmt: skip
