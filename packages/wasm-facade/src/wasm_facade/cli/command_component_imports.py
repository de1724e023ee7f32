"""`wasm component imports`: what a component needs, a line each."""

from __future__ import annotations

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command, Option
from wasm_facade.cli.wit_source import FEATURES, interface_in, read_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.component.planning.plan import Item
    from wasm_environ.component.wit.words import Words
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "component imports", "FILE",
    "List what a component, or a world of WIT, imports: an interface a line, with its functions. FILE may be - for a component on stdin.",
    (
        Option("-v --verbose", "", "types as well: each function and type on a line of its own"),
        Option("--json", "", "as JSON: by name, what it is, and of interfaces the functions and types in WIT's words"),
        Option("-w --world", "NAME", "of WIT: which world"),
        *FEATURES,
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """List them."""
    from wasm_environ.component.wit.words import Words

    interface = interface_in(options, read_source(options.operands[0]))
    words = Words(interface)
    rows = {name: described(words, name, item) for name, item in interface.imports.items()}
    if options.json:
        import json

        print(json.dumps(rows, indent=2))
        return OK
    for name, row in rows.items():
        for line in lines(name, row, bool(options.verbose)):
            print(line)
    return OK


def described(words: Words, name: str, item: Item) -> dict[str, Any]:
    """What an import is: `kind`, and `type` in WIT's words; of an interface `functions` and `types`, by name."""
    from wasm_environ.component.planning.plan import FuncItem, InstanceItem, ResourceItem, ValueTypeItem
    from wasm_environ.component.wit.words import plain_name

    if isinstance(item, InstanceItem):
        parts = {inner: words.item(True, name, inner, each) for inner, each in item.items.items()}
        functions = {plain_name(inner): parts[inner] for inner, each in item.items.items() if isinstance(each, FuncItem)}
        types = {inner: parts[inner] for inner, each in item.items.items() if isinstance(each, (ValueTypeItem, ResourceItem))}
        return {"kind": "interface", "functions": functions, "types": types}
    kind = "function" if isinstance(item, FuncItem) else "type" if isinstance(item, (ValueTypeItem, ResourceItem)) else "module"
    return {"kind": kind, "type": words.item(True, "", name, item)}


def lines(name: str, row: dict[str, Any], verbose: bool) -> list[str]:
    """An import for a person."""
    if row["kind"] != "interface":
        return [f"{name}: {row['type']}"]
    if not verbose:
        return [f"{name}: {', '.join(row['functions']) or 'types only'}"]
    return [name, *(f"  {inner}: {text}" for inner, text in {**row["types"], **row["functions"]}.items())]
