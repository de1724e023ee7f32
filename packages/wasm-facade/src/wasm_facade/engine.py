"""Engine: what modules of one configuration share: types, settings, target, and the compiler, loaded when first needed."""

from __future__ import annotations

from _weakref import ref

from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.config import Config, described
from wasm_facade.discovery import detect, find_compiler, plain_target, target_of
from wasm_vm import EngineCore, bind_types, can_reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn, Self

    from wasm_environ.compiler import CompiledCode, Compiler, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.types import FuncType
    from wasm_pool import PoolMetrics
    from wasm_vm import Pool, Store

FOUR_GIB = 1 << 32
OPTIMIZE = {"none": 0, "speed": 2, "speed_and_size": 2}


class Engine:
    """Compiles and runs modules under one `Config`. Cheap to make, but only stores and modules of the same engine work together."""

    __slots__ = (
        "__dict__", "__weakref__", "_cache", "_canonical_nans", "_changed_features", "_compiler", "_consume_fuel", "_core", "_cpu", "_guarded", "_optimize",
        "_parallel", "_pool", "_profiler", "_settings", "_spectre_mitigation", "_strategy", "_triple",
    )  # fmt: skip

    def __init__(self, config: Config | None = None) -> None:
        if config is None:
            config = Config()
        elif not isinstance(config, Config):
            raise ArgumentError(f"config: expected Config, not {type(config).__name__}")
        elif config._closed:
            raise ValueError("already closed")
        self._settings: dict[str, Any] = dict(config._values)
        self._strategy = config.strategy
        self._optimize = OPTIMIZE[config.cranelift_opt_level]
        self._consume_fuel = config.consume_fuel
        self._canonical_nans = config.cranelift_nan_canonicalization
        self._spectre_mitigation = config.spectre_mitigation
        self._parallel = config.parallel_compilation
        self._cache = config.cache
        self._profiler = config.profiler
        self._triple = config.target
        self._cpu = config.cpu
        if self._cpu is not None:
            plain_target(self._triple, self._cpu)  # what is unknown is told here
        self._changed_features = config.features() if config.changes_features() else None
        self._compiler: Compiler | None = None
        strategy = config.allocation_strategy
        self._pool: Pool | None = None if strategy == "on_demand" else strategy.make_pool()
        wanted = config.signals_based_traps and config.memory_reservation >= FOUR_GIB
        self._guarded = wanted and (self._pool is not None or can_reserve())
        self._core: EngineCore | None = EngineCore(
            _new_registry(), _trampolines_of(self), guarded=self._guarded, max_wasm_stack=config.max_wasm_stack, release_gil=config.release_gil,
            consume_fuel=config.consume_fuel, epoch_interruption=config.epoch_interruption, pool=self._pool, gc_stress=config.gc_stress,
        )  # fmt: skip
        config.close()  # used up, as in wasmtime: what is set later would have no effect

    @property
    def _vm(self) -> EngineCore:
        if self._core is None:
            raise ValueError("already closed")
        return self._core

    def increment_epoch(self) -> None:
        """Let a unit of time pass: calls whose store's deadline has come end with a trap (`Config.epoch_interruption`)."""
        self._vm.increment_epoch()

    def pooling_allocator_metrics(self) -> PoolMetrics | None:
        """What of this engine's pool is in use now; None without one (`Config.allocation_strategy`)."""
        if self._pool is None:
            return None
        from wasm_facade.discovery import pooling

        found: PoolMetrics = pooling().PoolMetrics(self._pool)
        return found

    def is_pulley(self) -> bool:
        """Whether code is interpreted by wasmtime's Pulley: never."""
        return False

    @property
    def features(self) -> Features:
        """The proposals that are on."""
        if self._changed_features is not None:
            return self._changed_features
        from wasm_environ.features import DEFAULT

        return DEFAULT

    def _target(self) -> Target:
        return target_of(self._triple, self._cpu)

    def _tunables(self) -> Tunables:
        from wasm_environ.compiler import Tunables

        return Tunables(
            guarded=self._guarded, consume_fuel=self._consume_fuel, optimize=self._optimize, canonical_nans=self._canonical_nans,
            spectre_mitigation=self._spectre_mitigation,
        )  # fmt: skip

    def _load_compiler(self) -> Compiler:
        """The compiler of this engine's strategy. Raises WasmError that names the package to install."""
        if self._compiler is None:
            target = self._target()
            compiler = find_compiler(self._strategy, target.isa, target.cpu_features).load()(target, self._tunables())
            if not self._parallel and hasattr(compiler, "parallel_compilation"):
                setattr(compiler, "parallel_compilation", False)  # noqa: B010 - a compiler that cannot has no such switch
            self._compiler = compiler
        return self._compiler

    def _stand_in(self) -> Compiler | None:
        """Another compiler for the same target, for what this engine's own fails on; None without one."""
        from wasm_facade.discovery import other_compiler

        return other_compiler(self._load_compiler().name, self._target(), self._tunables())

    def _compile_trampolines(
        self, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]
    ) -> tuple[CompiledCode, CompiledCode]:
        """For the vm: trampolines that no module brought along, for host functions and their types."""
        self._check_runnable()
        from wasm_environ.linking.rescue import compile_trampolines

        return compile_trampolines(self._load_compiler(), self._stand_in, entries, host_thunks)

    def _runnable(self) -> bool:
        if self._triple is None and self._cpu is None:
            return True
        here, (isa, system, features) = detect(), plain_target(self._triple, self._cpu)
        return (isa, system) == here[:2] and features <= here[2]

    def _check_runnable(self) -> None:
        if not self._runnable():
            wanted = " ".join(word for word in (self._triple, self._cpu) if word)
            raise WasmError(f"this engine compiles for {wanted}, which this machine cannot run; serialize the module instead")

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle an Engine: it belongs to its process; pickle Modules, which bring an engine of the same settings along")

    def close(self) -> None:
        """End the use of this engine through this object; what was made with it lives on."""
        self._core = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Engine({described(self._settings, [])})"


def _trampolines_of(engine: Engine) -> Callable[..., tuple[CompiledCode, CompiledCode]]:
    """`_compile_trampolines` for the vm's part of the engine, which must not keep the engine: with it a pool's address space would stay until
    the cycle collector comes by."""
    alive = ref(engine)

    def compile_trampolines(entries: Sequence[FuncType], host_thunks: Sequence[FuncType]) -> tuple[CompiledCode, CompiledCode]:
        found = alive()
        if found is None:
            raise WasmError("the engine is gone, and a function of a new type needs its compiler: keep the Engine while its stores are in use")
        return found._compile_trampolines(entries, host_thunks)

    return compile_trampolines


def _new_registry() -> Any:
    from wasm_environ.registry import TypeRegistry

    return TypeRegistry()


# The vm's part of the public API: its methods take and give the public type classes, `Store()` makes an engine, `set_wasi` is WASI's.


def _described_by(name: str) -> Callable[[Any, Any], Any]:
    """The environ's description of a type as the public class `name`, which is imported when the first one is asked for."""

    def convert(registry: Any, described: Any) -> Any:
        from wasm_facade import types

        return getattr(types, name)._of(described, registry)

    return convert


def _description(registry: Any, public: Any) -> Any:
    return public._in(registry)


def _func_type(registry: Any, id: int) -> Any:
    from wasm_facade.types import FuncType

    return FuncType._of_id(registry, id)


def _tag_type(registry: Any, id: int) -> Any:
    from wasm_facade.types import tag_type

    return tag_type(registry, id)


def _set_wasi(store: Store, config: Any, http: bool = False) -> Any:
    """What `Store.set_wasi(config)` keeps, or `Store.set_wasi_http(config)`."""
    from wasm_facade.wasi import configure, configure_http

    return configure_http(store, config) if http else configure(store, config)


def _aggregate_id(registry: Any, type: Any) -> int:
    from wasm_facade.value_types import id_of

    return id_of(registry, type)


def _aggregate_type(registry: Any, id: int) -> Any:
    from wasm_facade.value_types import type_of

    return type_of(registry, id)


bind_types(
    func_type=_func_type, tag_type=_tag_type, aggregate_type=_aggregate_type, aggregate_id=_aggregate_id,
    to_memory_type=_described_by("MemoryType"), from_memory_type=_description, to_table_type=_described_by("TableType"), from_table_type=_description,
    to_global_type=_described_by("GlobalType"), from_global_type=_description, default_engine=Engine, set_wasi=_set_wasi,
)  # fmt: skip
