"""Every name of wasmtime-py's `__all__`, and of its component's, and how it is here: for the page "Coming from wasmtime-py"."""

from __future__ import annotations

import inspect

# Columns: name (of `wasmtime`, or with `component.`), what is more here than there. Other names are the same, but for members of the next table.
BETTER = {
    "Config": "settings can be read; `native` and `llvm` as strategies; misspelt names are warned of",
    "Store": "`timeout`, `interrupt()`, `closed`, a context manager; limits of heaps and handles",
    "Func": "a call costs some 40 ns; `timeout=`",
    "Memory": "a buffer, and a sequence of bytes; numpy without a copy",
    "SharedMemory": "a buffer, and a sequence of bytes",
    "Module": "`name`; pickles as its artifact; source errors with line and column",
    "Trap": "`trap_code` for every trap; further classes below it, such as `WasmException`",
    "ExitTrap": "made from a status",
    "WasmtimeError": "classes below it say what was wrong: `MalformedError`, `InvalidError`, `LinkError` and others",
    "WasiConfig": "filesystems of every kind, a network policy, clocks and random numbers of your own",
    "ValType": "references to types that you define",
    "component.Linker": "`implement`, `resource`, `raises`, `arrays`",
    "component.Func": "`raises`, `arrays`, `timeout=`",
    "component.Component": "`from_command` makes one of a program for preview 1",
    "component.Variant": "matches in `match` statements",
}
# Members that every class there has for its C library, and none here.
INNER = {"ptr", "close", "add_classes", "convert_from_c", "convert_to_c"}


def table(module: str) -> str:
    """The names of one module, a row each."""
    from importlib import import_module

    theirs, ours = import_module(module), import_module(module.replace("wasmtime", "wasm_facade"))
    inside = "".join(f"{part}." for part in module.split(".")[1:])
    rows = ["| name | here | |", "|---|---|---|"]
    for name in sorted(theirs.__all__):
        if not hasattr(ours, name):
            rows.append(f"| `{name}` | absent | see below |")
            continue
        there, here = getattr(theirs, name), getattr(ours, name)
        lacks = [member for member in dir(there) if member[0] != "_" and not hasattr(here, member)] if inspect.isclass(there) else []
        words = [BETTER[inside + name]] if inside + name in BETTER else []
        if set(lacks) - INNER:
            words.append(f"{len(lacks)} members are absent: see below")
        rows.append(f"| [`{name}`][{ours.__name__}.{name}] | {'better' if inside + name in BETTER else 'same'} | {'; '.join(words)} |")
    return "\n".join(rows)


def tables() -> str:
    """The names of both modules."""
    return "\n\n".join(f"### {module}\n\n{table(module)}" for module in ("wasmtime", "wasmtime.component"))
