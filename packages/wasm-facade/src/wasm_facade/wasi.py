"""WASI between a linker, a store and the packages that implement it: what a store's guests are given; preview 1's names and functions."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_environ.host import HostFunction
from wasm_facade.discovery import wasi_common, wasi_preview1, wasi_preview2
from wasm_vm import Func, Store, time_is_limited, time_is_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_wasi_common.config import WasiConfig
    from wasm_wasi_p1 import WasiContext

    Key = tuple[str, str]  # module, name


class StoreWasi:
    """What one store's guests are given: `Store.set_wasi` leaves it in the store. What each version of WASI makes of it is made when it is first needed.

    `opened`: what the configuration named; `guest`: WASI 0.2's state; `http`: the HttpConfig for it, None: the usual.
    """

    __slots__ = ("_context", "_made", "guest", "has_guest", "http", "opened")

    def __init__(self, config: WasiConfig, http: Any = None) -> None:
        self.http = http
        self.has_guest = False
        self.opened = wasi_common().Opened(config)
        self._context: WasiContext | None = None
        self._made: dict[Key, HostFunction] = {}

    def function(self, key: Key) -> HostFunction:
        """Preview 1's function of that module and name."""
        made = self._made.get(key)
        if made is None:
            if self._context is None:
                self._context = wasi_preview1().WasiContext(self.opened)
            made = self._made[key] = wasi_preview1().host_function(self._context, *key)
        return made

    def __getattr__(self, name: str) -> Any:
        if name != "guest":
            raise AttributeError(name)
        self.has_guest = True
        self.guest = wasi_preview2().Guest(self.opened, time_is_limited, time_is_over, self.http)
        return self.guest


def configure(store: Store, config: WasiConfig | StoreWasi) -> StoreWasi:
    """For the vm: what `Store.set_wasi(config)` keeps. Opens what the configuration names."""
    if isinstance(config, StoreWasi):  # made by who has many stores to configure alike
        return config
    if not isinstance(config, wasi_common().WasiConfig):
        raise TypeError(f"wasi: expected a WasiConfig, not {type(config).__name__}")
    before: StoreWasi | None = store._wasi
    return StoreWasi(config, None if before is None else before.http)


def configure_http(store: Store, config: Any) -> StoreWasi:
    """For the vm: what `Store.set_wasi_http(config)` keeps: what there is, or a guest's that has nothing, with this."""
    from wasm_facade.discovery import wasi_http

    if config is not None and not isinstance(config, wasi_http().HttpConfig):
        raise TypeError(f"config: expected an HttpConfig, not {type(config).__name__}")
    found: StoreWasi | None = store._wasi
    if found is None:
        return StoreWasi(wasi_common().WasiConfig(), config)
    found.http = config
    if found.has_guest:
        found.guest.set_http(config)
    return found


def known() -> frozenset[Key]:
    """(module, name) of every function there is."""
    found: frozenset[Key] = wasi_preview1().KNOWN
    return found


def function(store: Store, key: Key) -> Func:
    """A WASI function as a function of `store`, which may be given its configuration later."""
    wasi: StoreWasi | None = store._wasi
    if wasi is not None:
        return Func._from_host(store, wasi.function(key), None)
    row = StoreWasi(wasi_common().WasiConfig()).function(key)
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
    config: WasiConfig = wasi_common().WasiConfig([name])
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    return config
