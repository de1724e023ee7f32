"""`wasm run` of a component: one of its functions, called and answered in WAVE, `--invoke 'area({x: 2, y: 3.5})'`."""

from __future__ import annotations

from wasm_environ.component.wave.reader import Reader, WaveError
from wasm_environ.component.wave.writer import Writer
from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.component import Component, Func, Linker, Record, Variant
from wasm_facade.component.resolve import define_traps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from wasm_facade.cli.options import Parsed
    from wasm_vm import Store

    Path = tuple[str, ...]

SHOWN = 12  # names in a message
MAIN = "wasi:cli/run@"


def run_component(options: Parsed, store: Store, component: Component) -> int:
    """Call the function and print its result; the exit status."""
    path = options.operands[0]
    if options.preload:
        fail("run", f"{path} is a component, and --preload defines imports of modules")
        return FAILED
    if options.invoke is None:
        fail("run", f"{path}: {_nothing_to_run(component)}")
        return FAILED
    linker = Linker(component.engine)
    wasi = [(name, item) for name, item in component._loaded.imports if name.startswith("wasi:")]
    if wasi:  # whoever calls it without what uses them, may
        define_traps(linker._definitions, wasi)
    store.timeout = options.timeout
    functions = dict(_functions(linker.instantiate(store, component).exports(store)))
    text = options.invoke if "(" in options.invoke else f"{options.invoke}({', '.join(options.operands[1:])})"
    name = text.partition("(")[0].strip()
    matches = [found for found in functions if name in _spellings(found)]
    matches = [found for found in matches if found == (name,)] or matches
    if len(matches) != 1:
        why = f"several of its functions are called {name!r}: {_names(matches)}" if matches else f"it exports no function {name!r}{_offers(functions)}"
        fail("run", f"{path}: {why}")
        return FAILED
    return _call(store, functions[matches[0]], text, text.index("("))


def _call(store: Store, function: Any, text: str, at: int) -> int:
    component, type = function._info
    row = component.types.rows[type]
    try:
        reader = Reader(text, component.types, Record, Variant, at)
        args = reader.arguments(row.params)
        reader.end()
    except WaveError as error:
        fail("run", f"--invoke: {error}\n  {text}\n  {' ' * (error.column - 1)}^" if "\n" not in text else f"--invoke: {error}")
        return FAILED
    result = function(store, *args)
    if row.result is not None:
        print(Writer(component.types, Variant).value(row.result, result))
    return OK


def _nothing_to_run(component: Component) -> str:
    exports = component._loaded.exports
    if any(name.startswith(MAIN) for name, _ in exports):
        wanted = [name for name, _ in component._loaded.imports]
        needs = f", of which it imports {', '.join(wanted[:SHOWN])}{' ...' if len(wanted) > SHOWN else ''}" if wanted else ""
        return f"it is a program for WASI 0.2{needs}: this version has WASI preview 1 only, and cannot run it yet"
    functions = {path: None for path, _ in _functions_of_items(exports)}
    return f"nothing to run: it is a component that exports no `wasi:cli/run`{_offers(functions)}"


def _functions(exports: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, Func]]:
    for name, item in exports.items():
        if isinstance(item, Func):
            yield (*path, name), item
        elif isinstance(item, dict):
            yield from _functions(item, (*path, name))


def _functions_of_items(items: Any, path: Path = ()) -> Iterator[tuple[Path, None]]:
    from wasm_environ.component.planning.plain import FUNC, INSTANCE

    for name, (kind, *fields) in items:
        if kind == FUNC:
            yield (*path, name), None
        elif kind == INSTANCE:
            yield from _functions_of_items(fields[0], (*path, name))


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
