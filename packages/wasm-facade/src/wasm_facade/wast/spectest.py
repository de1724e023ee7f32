"""The module "spectest" that the suite's scripts import: print functions, globals, tables, memories."""

from __future__ import annotations

from wasm_facade.linker import Linker
from wasm_facade.types import FuncType, GlobalType, Limits, MemoryType, TableType, ValType
from wasm_vm import Global, Memory, SharedMemory, Store, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()

FUNCTIONS: tuple[tuple[str, list[ValType]], ...] = (
    ("print", []), ("print_i32", [I32]), ("print_i64", [I64]), ("print_f32", [F32]), ("print_f64", [F64]),
    ("print_i32_f32", [I32, F32]), ("print_f64_f64", [F64, F64]),
)  # fmt: skip
GLOBALS: tuple[tuple[str, ValType, Any], ...] = (
    ("global_i32", I32, 666), ("global_i64", I64, 666), ("global_f32", F32, 666.6), ("global_f64", F64, 666.6),
)  # fmt: skip


def define(linker: Linker, store: Store, shared: bool = True) -> None:
    """Define it in `linker`. `shared`: the shared memory too."""
    for name, params in FUNCTIONS:
        linker.define_func("spectest", name, FuncType(params, []), lambda *args: None)
    for name, kind, value in GLOBALS:
        linker.define(store, "spectest", name, Global(store, GlobalType(kind, False), value))
    linker.define(store, "spectest", "table", Table(store, TableType(ValType.funcref(), Limits(10, 20)), None))
    linker.define(store, "spectest", "memory", Memory(store, MemoryType(Limits(1, 2))))
    linker.define(store, "spectest", "table64", Table(store, TableType(ValType.funcref(), Limits(10, 20), True), None))
    if shared:
        linker.define(store, "spectest", "shared_memory", SharedMemory(linker.engine, MemoryType(Limits(1, 2), shared=True)))
