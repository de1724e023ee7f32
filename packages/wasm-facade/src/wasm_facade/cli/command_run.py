"""`wasm run`: a program under WASI with what the command line gives it, or one function of a module or component."""

from __future__ import annotations

import sys

from wasm_environ.errors import ExitTrap, InvalidExit, WasmError, ended
from wasm_facade.cli import FAILED, INTERRUPTED, OK, TRAPPED, call, describe, fail, functions, owns_process, progress
from wasm_facade.cli.options import PROPOSALS, Command, Option, UsageError, natural, pair, seconds, size
from wasm_facade.config import Config
from wasm_facade.engine import Engine
from wasm_facade.module import Module
from wasm_facade.source import ELF_MAGIC, file_bytes, is_component_source
from wasm_vm import Func, Instance, Store, Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_facade.cli.options import Parsed
    from wasm_facade.component import Component

COMMAND = Command(
    "run", "FILE [ARGS...]", "Run a program: a .wasm or .wat file, or a compiled artifact. ARGS are the program's.",
    (
        Option("--dir", "HOST[::GUEST]", "let it use a folder, under the name GUEST", many=True),
        Option("--net", "[KIND://]HOST[:PORT]", "let a component use the network: example.org:443, 10.0.0.0/8, tcp-listen://127.0.0.1:80, inherit", many=True),
        Option("--env", "NAME[=VALUE]", "give it an environment variable, or pass on ours", many=True),
        Option("--http", "", "let a component make HTTP requests, where --net lets it"),
        Option("--config", "KEY=VALUE", "give a component a value of wasi:config/store", pair("=", "KEY=VALUE"), many=True),
        Option("--invoke", "NAME", "call this exported function with ARGS, and print its results; of a component: 'NAME(ARGUMENTS)' in WAVE"),
        Option("--preload", "NAME=FILE", "instantiate FILE first, for imports of module NAME", pair("=", "NAME=FILE"), many=True),
        Option("--argv0", "NAME", "what the program sees as its own name (default: FILE's)"),
        Option("--timeout", "SECONDS", "stop it after this time", seconds),
        Option("--fuel", "N", "stop it after about N instructions", natural),
        Option("--max-memory", "BYTES", "refuse it more memory; K, M, G may follow", size),
        Option("--strategy", "NAME", "compiler: auto, native, llvm", default="auto"),
        Option("--profile", "NAME", "tell perf the names of functions: perfmap, jitdump", default="none"),
        PROPOSALS,
        Option("--no-cache", "", "neither look for a compiled form nor keep one"),
    ),
    passes_on=True,
)  # fmt: skip


# Stores stay until the process ends: giving their memories back, cleared, one by one would only take time.
_kept: list[Store] = []


def run(options: Parsed) -> int:
    """Run the program; the exit status is its own, 134 after a trap, 1 when it cannot run."""
    path = options.operands[0]
    if owns_process() and not options.http:
        _end_when_nobody_reads()
    try:
        engine = _engine(options)
        store = Store(engine)
        _kept.append(store)
        module = _load(engine, path)
        _limit(options, store)
        if not isinstance(module, Module):
            from wasm_facade.cli.components import run_component

            return run_component(options, store, module)
        instance = _instance(options, engine, store, path, module)
    except Trap as trap:
        return _trapped(trap)
    except (ExitTrap, InvalidExit) as exit_:
        return _leave(exit_.code)
    except (WasmError, OSError) as error:
        message = describe(error).splitlines()[0]  # `wasm validate` shows the place in a text too
        fail("run", message if path in message else f"{path}: {message}")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    try:
        if options.invoke is not None:
            from wasm_facade.cli.invoke import invoke

            return invoke(options, store, instance)
        return _start(options, store, instance, module)
    except Trap as trap:
        return _trapped(trap)
    except (ExitTrap, InvalidExit) as exit_:
        return _leave(exit_.code)
    except KeyboardInterrupt:
        return INTERRUPTED


def _end_when_nobody_reads() -> None:
    """As for any program: one whose reader has gone is ended, whether it looks at errors or not. But TLS could not tell that reader from a server."""
    import _signal  # type: ignore[import-not-found] # `signal` would import enum, 4 ms

    if hasattr(_signal, "SIGPIPE"):
        _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)


def _engine(options: Parsed) -> Engine:
    config = Config()
    config.strategy = options.strategy
    config.profiler = options.profile
    if options.wasm:
        from wasm_facade.cli.proposals import apply

        apply(config, options.wasm)
    if options.fuel is not None:
        config.consume_fuel = True
    if options.no_cache:
        config.cache = False
    return Engine(config)


def _limit(options: Parsed, store: Store) -> None:
    if options.fuel is not None:
        store.set_fuel(options.fuel)
    if options.max_memory is not None:
        store.set_limits(memory_size=options.max_memory)


def _instance(options: Parsed, engine: Engine, store: Store, path: str, module: Module) -> Instance:
    wanted = [row[:2] for row in module._loaded.module.imports]
    if options.preload or not all(_is_wasi(key) for key in wanted):
        return _linked(options, engine, store, path, module)
    given = options.dir or options.net
    if not wanted and not given:
        return Instance(store, module, [])
    if wanted and not given and all(name == "proc_exit" for _, name in wanted):
        return Instance(store, module, [_exit(store)] * len(wanted))
    from wasm_facade.cli.wasi_options import wasi_config
    from wasm_facade.wasi import function, known

    store.set_wasi(wasi_config(options))  # also where nothing is wanted: what is given may be wrong
    if not known().issuperset(wanted):
        return _linked(options, engine, store, path, module)  # which says what is missing
    return Instance(store, module, [function(store, key) for key in wanted])


def _exit(store: Store) -> Func:
    """proc_exit, for a program that can do nothing else with WASI: so it starts without WASI, which is a dozen modules of Python."""
    from wasm_environ.host import HostFunction
    from wasm_environ.types import I32, FuncType

    def call(caller: object, code: int) -> None:
        raise ended(code)

    return Func._from_host(store, HostFunction("wasi_snapshot_preview1", "proc_exit", FuncType((I32,), ()), call))


def _load(engine: Engine, path: str) -> Module | Component:
    """A module or component from a binary, a text or an artifact; "-" is stdin."""
    if path == "-":
        data = sys.stdin.buffer.read()
        if data[:4] == ELF_MAGIC:
            return Module.deserialize(engine, data)
    else:
        with open(path, "rb") as file:
            data = file.read(4)
            if data == ELF_MAGIC:
                return Module.deserialize_file(engine, path)
            data += file.read()
    if is_component_source(data):
        from wasm_facade.component.bound_component import component_of

        return component_of(engine, data)
    return Module._with_progress(engine, data if path == "-" else file_bytes(data, path), progress())


def _linked(options: Parsed, engine: Engine, store: Store, path: str, module: Module) -> Instance:
    """An instance of a program that imports more than WASI."""
    from wasm_facade.linker import Linker

    linker = Linker(engine)
    preloads = [(name, _load_module(engine, file)) for name, file in options.preload]
    wanted = any(_is_wasi(row) for each in (module, *(m for _, m in preloads)) for row in each._loaded.module.imports)
    if wanted or options.dir or options.net:
        from wasm_facade.cli.wasi_options import wasi_config

        linker.define_wasi()
        store.set_wasi(wasi_config(options))
    for name, preload in preloads:
        linker.define_module(store, name, preload)
    return linker.instantiate(store, module)


def _load_module(engine: Engine, path: str) -> Module:
    found = _load(engine, path)
    if not isinstance(found, Module):
        raise UsageError(f"--preload: {path} is a component, not a module")
    return found


def _is_wasi(wanted: tuple[Any, ...]) -> bool:
    return wanted[0] in ("wasi_snapshot_preview1", "wasi_unstable")


def _start(options: Parsed, store: Store, instance: Instance, module: Module) -> int:
    exports = instance.exports(store)
    start = exports.get("_start")
    if isinstance(start, Func):
        call(options, store, start, [])
        return OK
    initialize = exports.get("_initialize")
    if isinstance(initialize, Func):
        call(options, store, initialize, [])
        return OK
    if module._loaded.module.start >= 0:
        return OK  # it ran when the module was instantiated
    fail("run", f"{options.operands[0]}: nothing to run: it exports no `_start`{functions(store, instance)}")
    return FAILED


def _trapped(trap: Trap) -> int:
    print(f"Error: {str(trap).rstrip()}", file=sys.stderr)
    return TRAPPED


def _leave(code: int) -> int:
    """What the system keeps of a status: the low byte, as of a native program, but success only where it was meant."""
    return code & 0xFF or (FAILED if code else OK)
