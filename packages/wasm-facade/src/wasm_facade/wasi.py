"""WASI preview 1 between a linker, a store and the package that implements it: names, functions, configuration."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_environ.host import HostFunction
from wasm_facade.discovery import wasi_preview1
from wasm_vm import Func, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_wasi_p1 import WasiConfig

    Key = tuple[str, str]  # module, name


class StoreWasi:
    """What one store's guests are given: `Store.set_wasi` leaves it in the store. Functions are made when a guest imports them."""

    __slots__ = ("_context", "_made")

    def __init__(self, config: WasiConfig) -> None:
        self._context = wasi_preview1().WasiContext(config)
        self._made: dict[Key, HostFunction] = {}

    def function(self, key: Key) -> HostFunction:
        """The function of that module and name."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = wasi_preview1().host_function(self._context, *key)
        return made


def configure(store: Store, config: WasiConfig) -> StoreWasi:
    """For the vm: what `Store.set_wasi(config)` keeps. Opens what the configuration names."""
    if not isinstance(config, wasi_preview1().WasiConfig):
        raise TypeError(f"wasi: expected a WasiConfig, not {type(config).__name__}")
    return StoreWasi(config)


def known() -> frozenset[Key]:
    """(module, name) of every function there is."""
    found: frozenset[Key] = wasi_preview1().KNOWN
    return found


def function(store: Store, key: Key) -> Func:
    """A WASI function as a function of `store`, which may be given its configuration later."""
    wasi: StoreWasi | None = store._wasi
    if wasi is not None:
        return Func._from_host(store, wasi.function(key), None)
    row = StoreWasi(wasi_preview1().WasiConfig()).function(key)
    return Func._from_host(store, HostFunction(row.module, row.name, row.type, _later(store, key)), None)


def _later(store: Store, key: Key) -> Callable[..., object]:
    def call(caller: object, *args: object) -> object:
        wasi: StoreWasi | None = store._wasi
        if wasi is None:
            raise WasmError(f"`{key[0]}::{key[1]}` was called, but its store has no WASI: call store.set_wasi(WasiConfig()) first")
        return wasi.function(key).call(caller, *args)

    return call


def inherited(name: str) -> WasiConfig:
    """A configuration with this process's stdin, stdout and stderr, for a program called `name`."""
    config: WasiConfig = wasi_preview1().WasiConfig([name])
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    return config
