"""PoolingAllocationConfig: every setting of a pool as one row, with wasmtime's name, its default, and what it does here."""

from __future__ import annotations

import gc

from wasm_environ.errors import ExhaustedError, WasmError
from wasm_vm import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

UNBOUNDED: Final = (1 << 32) - 1

# Columns: setting, default, largest value, whether the pool has it, what it does.
SETTINGS: Final = (
    ("total_memories", 1000, 10_500, True, "memories that may live at once; each takes 8 GiB of address space, reserved when the engine is made"),
    ("total_tables", 1000, UNBOUNDED, True, "tables that may live at once"),
    ("total_core_instances", 1000, UNBOUNDED, True, "instances that may live at once"),
    ("total_stacks", 1000, UNBOUNDED, False, "no effect: wasm runs on the stack of the thread that calls"),
    ("max_memory_size", 1 << 32, 1 << 48, True, "bytes a memory may have, or grow to"),
    ("table_elements", 20_000, 1 << 32, True, "elements a table may have, or grow to"),
    ("max_core_instance_size", 1 << 20, 1 << 40, True, "bytes an instance's own data may have: globals, imports, function references"),
    ("max_memories_per_module", 16, UNBOUNDED, True, "memories a module may define (wasmtime: 1)"),
    ("max_tables_per_module", 16, UNBOUNDED, True, "tables a module may define (wasmtime: 1)"),
    ("linear_memory_keep_resident", 128 << 10, 1 << 48, True, "bytes of an unused slot that are cleared in place and stay; the rest goes back to "
     "the system (wasmtime: 0)"),
    ("table_keep_resident", 0, 1 << 48, False, "no effect: tables are filled anew for each instance"),
    ("max_unused_warm_slots", 100, UNBOUNDED, True, "unused slots that stay ready for the next instance of their module"),
)  # fmt: skip
_ROWS: Final = {row[0]: row for row in SETTINGS}


class PoolingAllocationConfig:
    """How many instances, memories and tables an engine's pool holds, and how large. Settings are keyword arguments and attributes.

    `Config.allocation_strategy = PoolingAllocationConfig(total_memories=10_000)`; an engine copies it. What goes beyond a bound raises
    ExhaustedError, which names the bound.
    """

    __slots__ = ("_values",)

    def __init__(self, **settings: int) -> None:
        self._values: dict[str, int] = {}
        for name, value in settings.items():
            if name not in _ROWS:
                raise TypeError(f"PoolingAllocationConfig has no setting {name!r}; it has {', '.join(_ROWS)}")
            setattr(self, name, value)

    def __getattr__(self, name: str) -> int:
        if name not in _ROWS:
            raise AttributeError(f"PoolingAllocationConfig has no setting {name!r}")
        return self._values.get(name, _ROWS[name][1])

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_values":
            object.__setattr__(self, name, value)
            return
        if name not in _ROWS:
            raise AttributeError(f"PoolingAllocationConfig has no setting {name!r}; it has {', '.join(_ROWS)}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name}: expected an int, not {type(value).__name__}")
        if not 0 <= value <= _ROWS[name][2]:
            raise WasmError(f"{name} must be from 0 to {_ROWS[name][2]:,}: {value}")
        self._values[name] = value

    def __dir__(self) -> list[str]:
        return sorted(_ROWS)

    def __repr__(self) -> str:
        return f"PoolingAllocationConfig({', '.join(f'{name}={value}' for name, value in sorted(self._values.items()))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self._values),)

    def make_pool(self) -> Pool:
        """A pool of an engine's own. Raises ExhaustedError when the address space for it is refused."""
        settings = {name: getattr(self, name) for name, _, _, used, _ in SETTINGS if used}
        try:
            return Pool(**settings)
        except ExhaustedError:
            gc.collect()  # 16 pools fill an address space: those of engines that only a cycle keeps give theirs back
            return Pool(**settings)


def _rebuild(values: dict[str, int]) -> PoolingAllocationConfig:
    return PoolingAllocationConfig(**values)
