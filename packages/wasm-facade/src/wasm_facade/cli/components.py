"""`wasm run` of a component: a program for WASI 0.2, or one of its functions, called and answered in WAVE, `--invoke 'area({x: 2, y: 3.5})'`."""

from __future__ import annotations

from wasm_environ.component.planning.plain import FUNC, INSTANCE
from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.cli.wasi_options import wasi_config
from wasm_facade.component import Component, ExportIndex, Linker, Record, Variant
from wasm_facade.component.resolve import define_traps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from wasm_facade.cli.options import Parsed
    from wasm_vm import Store

    Path = tuple[str, ...]

SHOWN = 12  # names in a message
MAIN = "wasi:cli/run@0.2.0"


def run_component(options: Parsed, store: Store, component: Component) -> int:
    """Call the function and print its result; the exit status."""
    path = options.operands[0]
    if options.preload:
        fail("run", f"{path} is a component, and --preload defines imports of modules")
        return FAILED
    if options.invoke is None:
        return _run_program(options, store, component)
    return _invoke(options, store, component)


def _invoke(options: Parsed, store: Store, component: Component) -> int:
    from wasm_environ.component.wave.reader import Reader, WaveError  # programs need neither this nor what writes values

    path = options.operands[0]
    words = options.operands[1:]
    if "(" in options.invoke and words:
        fail("run", f"{options.invoke}: arguments are there, or behind {path}, not both")
        return FAILED
    text = options.invoke if "(" in options.invoke else f"{options.invoke}({', '.join(words)})"
    functions = dict(_functions(component._loaded.exports))
    name = text.partition("(")[0].strip()
    matches = [found for found in functions if name in _spellings(found)]
    matches = [found for found in matches if found == (name,)] or matches
    if len(matches) != 1:
        why = f"several of its functions are called {name!r}: {_names(matches)}" if matches else f"it exports no function {name!r}{_offers(functions)}"
        fail("run", f"{path}: {why}")
        return FAILED
    row: Any = component._loaded.types.rows[functions[matches[0]]]
    try:
        reader = Reader(text, component._loaded.types, Record, Variant, text.index("("))
        args = reader.arguments(row.params)
        reader.end()
    except WaveError as error:
        fail("run", f"--invoke: {error}\n  {text}\n  {' ' * (error.column - 1)}^" if "\n" not in text else f"--invoke: {error}")
        return FAILED
    return _call(options, store, component, matches[0], args, row.result)


def _run_program(options: Parsed, store: Store, component: Component) -> int:
    """Call `run` of wasi:cli/run; 0, or 1 where that gives an err."""
    main = component.get_export_index(MAIN)
    run = main and component.get_export_index("run", main)
    if run is None:
        offers = _offers(dict(_functions(component._loaded.exports)))
        fail("run", f"{options.operands[0]}: nothing to run: it is a component that exports no `wasi:cli/run`{offers}")
        return FAILED
    result: Any = _function(options, store, component, run)(store)
    return OK if result is None or result.tag == "ok" else FAILED


def _call(options: Parsed, store: Store, component: Component, path: Path, args: list[Any], type: int | None) -> int:
    result = _function(options, store, component, ExportIndex(path))(store, *args)
    if type is not None:
        from wasm_environ.component.wave.writer import Writer

        print(Writer(component._loaded.types, Variant).value(type, result))
    return OK


def _function(options: Parsed, store: Store, component: Component, index: ExportIndex) -> Any:
    """A function of a new instance, with the WASI that it imports."""
    linker = Linker(component.engine)
    wasi = [(name, item) for name, item in component._loaded.imports if name.startswith("wasi:")]
    if wasi or options.dir or options.net:  # which may be wrong, whoever uses them
        linker.add_wasip2()
        for add, package in ((linker.add_wasi_config, "config"), (linker.add_wasi_keyvalue, "keyvalue"), (linker.add_wasi_http, "http")):
            if any(name.startswith(f"wasi:{package}/") for name, _ in wasi) and (package != "http" or options.http):
                add()
        store.set_wasi(wasi_config(options))
        define_traps(linker._definitions, wasi)  # what else it imports of WASI: whoever does not use it, may
    store.timeout = options.timeout
    return linker.instantiate(store, component).get_func(store, index)


def _functions(items: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Exported functions: the names that lead there, and the type."""
    for name, (kind, *fields) in items:
        if kind == FUNC:
            yield (*path, name), fields[1]
        elif kind == INSTANCE:
            yield from _functions(fields[0], (*path, name))


def _spellings(path: Path) -> set[str]:
    """What a function is called by: its name alone, or with its interface before it: `a:b/c@1.0.0#f`, `a:b/c.f@1.0.0` as in WAVE, `c.f`."""
    *instances, name = path
    if not instances:
        return {name}
    interface = "/".join(instances)
    base, at, version = interface.partition("@")
    short = base.rpartition("/")[2]
    found = {f"{before}{mark}{name}" for before in (interface, base, short) for mark in "#."}
    return {name, *found, f"{base}.{name}{at}{version}"}


def _names(paths: list[Path]) -> str:
    names = ["#".join(("/".join(path[:-1]), path[-1])) if len(path) > 1 else path[0] for path in paths]
    return f"{', '.join(names[:SHOWN])}{' ...' if len(names) > SHOWN else ''}"


def _offers(functions: Any) -> str:
    return f"; --invoke 'NAME(ARGUMENTS)' can call {_names(list(functions))}" if functions else ", and no functions"
