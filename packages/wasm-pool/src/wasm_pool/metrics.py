"""PoolMetrics: what of a pool is in use at one moment."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_vm import Pool


class PoolMetrics:
    """Counts of one moment: what lives (`core_instances`, `memories`, `tables`), unused slots that are ready (`unused_warm_memories`), and
    memories that may still be made (`free_memories`)."""

    __slots__ = ("core_instances", "free_memories", "memories", "tables", "unused_warm_memories")

    def __init__(self, pool: Pool) -> None:
        now = pool.metrics()
        self.core_instances = now["instances"]
        self.memories = now["memories"]
        self.tables = now["tables"]
        self.unused_warm_memories = now["warm_memories"]
        self.free_memories = now["free_memories"]

    def __repr__(self) -> str:
        return f"PoolMetrics({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"
