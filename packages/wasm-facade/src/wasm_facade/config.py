"""Config: every setting of an engine as one row, with its kind, its default, what it does, and, if it has no effect here, why."""

from __future__ import annotations

from wasm_environ.errors import ArgumentError, WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from wasm_environ.features import Features

# The Cranelift flags that `Config.spectre_mitigation` stands for, and how Cranelift spells a flag's values.
SPECTRE_FLAGS = ("enable_heap_access_spectre_mitigation", "enable_table_access_spectre_mitigation")
FLAG_VALUES = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}

# The three kinds of settings are descriptors: asked of the class, each gives its default. `no_effect` says why a setting, which is accepted for
# programs written for wasmtime-py, changes nothing here; it is empty for one that does what `doc` says.


class Switch:
    """A setting that is True or False. `feature`: the name of the proposal it turns on or off."""

    __slots__ = ("default", "doc", "feature", "name", "no_effect")

    def __init__(self, default: bool, doc: str, feature: str = "", no_effect: str = "") -> None:
        self.default = default
        self.doc = doc
        self.feature = feature
        self.no_effect = no_effect
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, config: Config | None, owner: type) -> bool:
        found: bool = self.default if config is None else config._get(self.name, self.default)
        return found

    def __set__(self, config: Config, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"{self.name}: expected a bool, not {type(value).__name__}")
        config._set(self.name, value)


class Size:
    """A setting that is a number, 0 or more."""

    __slots__ = ("default", "doc", "name", "no_effect")

    def __init__(self, default: int, doc: str, no_effect: str = "") -> None:
        self.default = default
        self.doc = doc
        self.no_effect = no_effect
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, config: Config | None, owner: type) -> int:
        found: int = self.default if config is None else config._get(self.name, self.default)
        return found

    def __set__(self, config: Config, value: int) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{self.name}: expected an int, not {type(value).__name__}")
        if value < 0:
            raise WasmError(f"{self.name} must not be negative: {value}")
        config._set(self.name, value)


class Choice:
    """A setting that is one of a few words. `what` is how messages call it; `absent`: words of wasmtime's for what is not there."""

    __slots__ = ("absent", "choices", "default", "doc", "name", "no_effect", "what")

    def __init__(self, what: str, choices: tuple[str, ...], doc: str, no_effect: str = "", absent: tuple[str, ...] = ()) -> None:
        self.what = what
        self.choices = choices
        self.absent = absent
        self.default = choices[0]
        self.doc = doc
        self.no_effect = no_effect
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, config: Config | None, owner: type) -> str:
        found: str = self.choices[0] if config is None else config._get(self.name, self.choices[0])
        return found

    def __set__(self, config: Config, value: str) -> None:
        if not isinstance(value, str):
            raise ArgumentError(f"{self.name}: expected a str, not {type(value).__name__}")
        if value in self.absent:
            _warn(f"{self.what} {value!r} is not available here: {self.name} is {self.default!r}")
            value = self.default
        if value not in self.choices:
            raise WasmError(f"unknown {self.what}: {value} (known: {', '.join(self.choices)})")
        config._set(self.name, value)


class Config:
    """The settings of an `Engine`. Each is an attribute to assign, and unlike in wasmtime-py to read.

    Any other name may be assigned, to no effect; one that looks like a setting misspelt is warned of. An engine uses its Config up: it can still be
    read, but neither be changed nor be used for another engine. Some settings are accepted for programs written for
    wasmtime-py but have no effect here; the `repr` names those that were set, and the settings page of the reference says why.
    """

    __slots__ = ("__dict__", "_closed", "_flags", "_spectre_off", "_values")

    # What code is made, and by whom
    strategy = Choice("strategy", ("auto", "native", "llvm", "cranelift", "winch"), """The compiler: "native" (fast to compile), "llvm"
        (optimizing), "auto" (native if installed, else llvm). wasmtime's "cranelift" and "winch" mean "auto".""")  # fmt: skip
    cranelift_opt_level = Choice("opt level", ("speed", "speed_and_size", "none"), "How hard an optimizing compiler tries.")
    gc_stress = Switch(False, """For tests: collect garbage at every allocation of a struct, array or exception, and check the heap each time.""")
    cranelift_nan_canonicalization = Switch(False, """Make every NaN that arithmetic gives the canonical one (0x7fc00000, 0x7ff8000000000000),
        with either compiler, so that float results are the same on every machine. Kernels of scalar arithmetic then take 1.0 to 1.6 times as
        long (with wasmtime 3 to 7 times).""")
    consume_fuel = Switch(False, "Count instructions, and trap when the store's fuel is used up.")
    epoch_interruption = Switch(False, "Let `Engine.increment_epoch` end calls whose store's deadline has come.")
    spectre_mitigation = Switch(True, """Mask every index and address that was compared with a bound, so that no mispredicted branch reads
        what the guest chooses.""")  # fmt: skip
    signals_based_traps = Switch(True, """Let a fault be the trap of an access out of bounds. False: every access of a memory is compared with its
        length, as with a `memory_reservation` below 4 GiB.""")  # fmt: skip
    max_wasm_stack = Size(1 << 20, "How many bytes of the thread's stack wasm may use.")
    parallel_compilation = Switch(True, "Compile the functions of a module in several processes, where a compiler can.")
    profiler = Choice("profiler", ("none", "jitdump", "perfmap"), """Tell `perf` the names of functions: by /tmp/perf-PID.map, or
        /tmp/jit-PID.dump. "vtune" is accepted with a warning, and means "none".""", absent=("vtune",))  # fmt: skip
    release_gil = Switch(True, "Let other Python threads run while wasm does. Off makes short calls a little faster.")

    # Proposals
    wasm_threads = Switch(True, "Atomics and shared memories.", "threads")
    wasm_tail_call = Switch(True, "Tail calls.", "tail_call")
    wasm_reference_types = Switch(True, "externref, funcref values and several tables.", "reference_types")
    wasm_simd = Switch(True, "128-bit vectors.", "simd")
    wasm_bulk_memory = Switch(True, "memory.copy, table.init and the like.", "bulk_memory")
    wasm_multi_value = Switch(True, "Functions and blocks with several results.", "multi_value")
    wasm_multi_memory = Switch(True, "Several memories.", "multi_memory")
    wasm_memory64 = Switch(True, "Memories and tables with 64-bit addresses.", "memory64")
    wasm_relaxed_simd = Switch(True, "Vector operations whose result may differ by machine.", "relaxed_simd")
    wasm_exceptions = Switch(True, "Exceptions.", "exceptions")
    wasm_legacy_exceptions = Switch(True, "Exceptions in the older form that much shipped wasm uses.", "legacy_exceptions")
    wasm_function_references = Switch(True, "Typed function references.", "function_references")
    wasm_gc = Switch(True, "Garbage-collected structs and arrays.", "gc")
    wasm_extended_const = Switch(True, "Arithmetic in constant expressions.", "extended_const")
    wasm_wide_arithmetic = Switch(False, "128-bit addition and multiplication.", "wide_arithmetic")
    wasm_custom_page_sizes = Switch(False, "Memories with pages of one byte.", "custom_page_sizes")
    wasm_custom_descriptors = Switch(False, "Custom descriptors of garbage-collected objects.", "custom_descriptors")
    wasm_stack_switching = Switch(False, "Stack switching: such modules are read and validated, but no backend compiles its instructions (UnsupportedError).",
        "stack_switching")  # fmt: skip
    wasm_component_model = Switch(True, "Components.", "component_model")
    wasm_component_model_async = Switch(True, "Functions, streams and futures of components that are asynchronous.", "component_model_async")
    wasm_component_model_async_stackful = Switch(False, "Asynchronous functions without a callback.", "component_model_async_stackful")
    wasm_component_model_more_async_builtins = Switch(False, "Built-ins that wait, and such as do not, where only one is usual.",
        "component_model_more_async_builtins")  # fmt: skip
    wasm_component_model_threading = Switch(False, "Built-ins for threads in components.", "component_model_threading")
    wasm_component_model_error_context = Switch(False, "The type error-context in components.", "component_model_error_context")
    wasm_component_model_fixed_length_lists = Switch(False, "Lists of a fixed length in components.", "component_model_fixed_length_lists")
    wasm_component_model_map = Switch(False, "Maps in components.", "component_model_map")
    wasm_component_model_implements = Switch(False, "`implements` and `external-id` in names of components.", "component_model_implements")
    wasm_component_model_values = Switch(False, "Values and start functions in components.", "component_model_values")
    wasm_component_model_nested_names = Switch(False, "Nested namespaces and packages in names of components.", "component_model_nested_names")
    wasm_component_model_canon_names = Switch(False, "Versions of interfaces in two parts.", "component_model_canon_names")
    wasm_component_model_memory64 = Switch(False, "64-bit memories in the canonical ABI.", "component_model_memory64")
    wasm_mutable_global = Switch(True, "Import and export of mutable globals.", "mutable_global")
    wasm_saturating_float_to_int = Switch(True, "Conversions of floats to integers that do not trap.", "saturating_float_to_int")
    wasm_sign_extension = Switch(True, "i32.extend8_s and the like.", "sign_extension")

    # Memories and instances
    memory_reservation = Size(1 << 33, """Bytes of address space for each 32-bit memory. From 4 GiB on it is 8 GiB with guards, which make
        bounds checks needless; below, or where the system refuses that when the engine is made, accesses are checked: slower, and just as
        safe.""")  # fmt: skip

    # Accepted for compatibility, without effect
    debug_info = Switch(
        False, "Let native debuggers see the wasm's own debug information.",
        no_effect="native debuggers are not supported; traps name places in the source whenever a module has debug information",
    )  # fmt: skip
    shared_memory = Switch(True, "Allow `SharedMemory`.", no_effect="shared memories can always be made")
    gc_support = Switch(True, "Have a garbage collector.", no_effect="the collector is there when a module uses it")
    wasm_relaxed_simd_deterministic = Switch(
        False, "Make relaxed vector operations give the same on every machine.",
        no_effect="relaxed operations do what the machine does fastest, as wasmtime's by default; `wasm_relaxed_simd = False` refuses them",
    )  # fmt: skip
    cranelift_debug_verifier = Switch(False, "Check Cranelift's intermediate code.", no_effect="code is not made by Cranelift")
    memory_may_move = Switch(True, "Allow memories to move when they grow.", no_effect="a memory never moves")
    memory_guard_size = Size(1 << 16, "Bytes of guard behind each memory.", no_effect="the guards' size follows from `memory_reservation`")
    memory_reservation_for_growth = Size(0, "Bytes reserved behind a memory that moved.", no_effect="what is reserved follows from `memory_reservation`")
    native_unwind_info = Switch(True, "Describe frames to the system's unwinder.", no_effect="traps walk frame pointers and need none")
    macos_use_mach_ports = Switch(True, "Catch traps by Mach ports on macOS.", no_effect="traps are always caught by signals")
    memory_init_cow = Switch(True, "Map initial memory contents copy-on-write.", no_effect="how a memory gets its first contents is the runtime's choice")

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._flags: list[str] = []  # calls of cranelift_flag_*, for the repr
        self._spectre_off: frozenset[str] = frozenset()  # which of SPECTRE_FLAGS
        self._closed = False

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(Config, name):
            _warn_if_misspelt(name)
        object.__setattr__(self, name, value)

    def _get(self, name: str, default: Any) -> Any:
        return self._values.get(name, default)

    def _set(self, name: str, value: object) -> None:
        if self._closed:
            raise ValueError("already closed")
        self._values[name] = value

    @property
    def cache(self) -> bool | str:
        """Keep compiled modules on disk: True (the default), False, the folder to keep them in, or a TOML file of wasmtime's that says so."""
        found: bool | str = self._get("cache", True)
        return found

    @cache.setter
    def cache(self, enabled: bool | str) -> None:
        if not isinstance(enabled, (bool, str)):
            raise TypeError(f"cache: expected string or bool, not {type(enabled).__name__}")
        if isinstance(enabled, str) and (not enabled or "\0" in enabled):
            raise WasmError(f"cache: not the name of a folder: {enabled!r}")
        if isinstance(enabled, str) and (enabled.endswith(".toml") or _is_file(enabled)):
            from wasm_facade.cache_file import read_cache_file

            enabled = read_cache_file(enabled)
        self._set("cache", enabled)

    @property
    def allocation_strategy(self) -> Any:
        """How instances get their memory: "on_demand" (the default), "pooling", or a PoolingAllocationConfig."""
        return self._get("allocation_strategy", "on_demand")

    @allocation_strategy.setter
    def allocation_strategy(self, strategy: Any) -> None:
        if strategy == "pooling":
            from wasm_facade.discovery import pooling

            strategy = pooling().PoolingAllocationConfig()
        if strategy != "on_demand" and not hasattr(strategy, "make_pool"):
            raise TypeError(f'allocation_strategy: expected "on_demand", "pooling" or a PoolingAllocationConfig, not {strategy!r}')
        self._set("allocation_strategy", strategy)

    @property
    def target(self) -> str | None:
        """The architecture to compile for, as a triple such as "aarch64-unknown-linux-gnu"; None (the default) is this machine."""
        found: str | None = self._get("target", None)
        return found

    @target.setter
    def target(self, triple: str) -> None:
        if not isinstance(triple, str):
            raise TypeError(f"target: expected a str, not {type(triple).__name__}")
        from wasm_facade.discovery import parse_triple

        parse_triple(triple)
        self._set("target", triple)

    @property
    def cpu(self) -> str | None:
        """The processor to compile for: a name such as "x86-64-v3", "neoverse-n1", "rva22", "z15" or "native", then features; or features alone,
        such as "+atomics" or "+zba,+zbb". None (the default): this machine's, or with `target` one without any optional feature."""
        found: str | None = self._get("cpu", None)
        return found

    @cpu.setter
    def cpu(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"cpu: expected a str, not {type(name).__name__}")
        self._set("cpu", name)

    def cranelift_flag_enable(self, flag: str) -> None:
        """Turn a flag of Cranelift on. No effect: code is not made by Cranelift."""
        if not isinstance(flag, str):
            raise TypeError(f"flag: expected a str, not {type(flag).__name__}")
        self._flags.append(f"cranelift_flag_enable({flag!r})")

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """`SPECTRE_FLAGS` set `spectre_mitigation`, which is off when both are. No other has an effect: code is not made by Cranelift."""
        for what, given in (("key", key), ("value", value)):
            if not isinstance(given, str):
                raise TypeError(f"{what}: expected a str, not {type(given).__name__}")
        if key not in SPECTRE_FLAGS:
            self._flags.append(f"cranelift_flag_set({key!r}, {value!r})")
            return
        if value not in FLAG_VALUES:
            raise WasmError(f"invalid value for {key}: {value} (known: {', '.join(FLAG_VALUES)})")
        off = self._spectre_off - {key} if FLAG_VALUES[value] else self._spectre_off | {key}
        self.spectre_mitigation = len(off) < len(SPECTRE_FLAGS)
        self._spectre_off = off

    def _chosen_features(self) -> dict[str, bool]:
        rows = [(Config.__dict__.get(name), value) for name, value in self._values.items()]
        return {row.feature: value for row, value in rows if isinstance(row, Switch) and row.feature}

    def changes_features(self) -> bool:
        """Whether any proposal was switched on or off."""
        return bool(self._chosen_features())

    def features(self) -> Features:
        """The proposals that are on: the defaults, changed by what was assigned. One switched off takes along what needs it."""
        from wasm_environ.features import DEFAULT, ROWS, Features

        chosen = self._chosen_features()
        if not chosen:
            return DEFAULT
        for name, _, _, needs in ROWS:
            if needs and chosen.get(needs) is False:
                if chosen.get(name):
                    raise WasmError(f"cannot enable {name} while {needs}, which it needs, is disabled")
                chosen[name] = False
            elif needs and chosen.get(name) and needs not in DEFAULT:
                chosen.setdefault(needs, True)
        on = tuple(name for name, value in chosen.items() if value)
        return Features(on, tuple(name for name, value in chosen.items() if not value))

    def close(self) -> None:
        """End the use of this Config; assigning to it then raises ValueError. Nothing else needs it."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Config({described(self._values, self._flags)})"


# Not attributes to assign, and so no rows above.
FLAGS = dict.fromkeys(("cranelift_flag_enable", "cranelift_flag_set"), "code is not made by Cranelift")


def without_effect() -> dict[str, str]:
    """Every setting that is accepted and has no effect -> why."""
    rows = (row for row in Config.__dict__.values() if isinstance(row, (Switch, Size, Choice)))
    return {row.name: row.no_effect for row in rows if row.no_effect} | FLAGS


def with_effect() -> dict[str, tuple[Any, str]]:
    """Every setting that has an effect -> (its default, what it does)."""
    found: dict[str, tuple[Any, str]] = {}
    fresh = Config()
    for name, row in Config.__dict__.items():
        if isinstance(row, property):
            found[name] = (getattr(fresh, name), row.__doc__ or "")
        elif isinstance(row, (Switch, Size, Choice)) and not row.no_effect:
            found[name] = (row.default, row.doc)
    return found


def described(values: dict[str, Any], flags: list[str]) -> str:
    """Settings as text; behind "without effect:" those, and the calls `flags`, that have none."""
    idle = without_effect()
    live = ", ".join(f"{name}={value!r}" for name, value in values.items() if name not in idle)
    rest = ", ".join([*(f"{name}={value!r}" for name, value in values.items() if name in idle), *flags])
    return f"{live}{'; ' if live else ''}without effect: {rest}" if rest else live


def _is_file(path: str) -> bool:
    import os

    return os.path.isfile(path)


def _warn(message: str) -> None:
    """At the assignment, two calls above."""
    import warnings

    warnings.warn(message, UserWarning, stacklevel=4)


def _warn_if_misspelt(name: str) -> None:
    from difflib import get_close_matches

    close = get_close_matches(name, [known for known in vars(Config) if known[0] != "_"], 1, 0.9)
    if close:
        _warn(f"Config has no setting {name!r}, so it has no effect; did you mean {close[0]!r}?")
