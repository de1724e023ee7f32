"""Fills `<!-- generated: NAME -->` marks in the pages from the sources, so that those pages cannot lie. `build_site.py` calls it for every page."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MARK = re.compile(r"<!-- generated: (\w+) -->")
# Packages in the order of the layers, lowest first, with the line DESIGN gives each.
LAYERS = ("wasm-environ", "wasm-codegen-llvm", "wasm-codegen-native", "wasm-vm", "wasm-pool", "wasm-wasi-common", "wasm-wasi-p1",
          "wasm-wasi-p2", "wasm-facade", "wasm-capi")  # fmt: skip


def filled(markdown: str) -> str:
    """A page with what its marks stand for."""
    return MARK.sub(lambda match: GENERATORS[match.group(1)](), markdown)


def architecture() -> str:
    """One paragraph a file: each module's docstring, C files' opening comment."""
    parts = []
    for package in LAYERS:
        folder = ROOT / "packages" / package
        parts.append(f"## {package}\n")
        for source, pattern in ((folder / "src", "*.py"), (folder, "_core/*.[ch]"), (folder, "_lib/*.[ch]")):
            for path in sorted(source.rglob(pattern)):
                line = _first_paragraph(path)
                if line:
                    parts.append(f"`{path.relative_to(source).as_posix()}`\n:   {line}\n")
    return "\n".join(parts)


def tests() -> str:
    """What each file of tests proves: its first line."""
    parts = []
    folders = [("Across packages", ROOT / "tests"), *((package, ROOT / "packages" / package / "tests") for package in LAYERS)]
    for title, folder in folders:
        rows = [(path.relative_to(folder).as_posix(), _first_paragraph(path)) for path in sorted(folder.rglob("test_*.py"))]
        if rows:
            parts += [f"## {title}", "", "| file | proves |", "|---|---|", *(f"| `{name}` | {line.replace('|', chr(92) + '|')} |" for name, line in rows), ""]
    return "\n".join(parts)


def _first_paragraph(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        docstring = ast.get_docstring(ast.parse(text)) or ""
        return " ".join(docstring.split("\n\n")[0].split())
    match = re.match(r"\s*/\*+(.*?)(\n\s*\*?\s*\n|\*/)", text, re.DOTALL)
    return " ".join(re.sub(r"\n\s*\*", "\n", match.group(1)).split()) if match else ""


def instructions() -> str:
    """The opcode table."""
    from wasm_environ.opcodes import OPS

    rows = ["| code | instruction | immediates | operands : results | chapter | feature |", "|---|---|---|---|---|---|"]
    for op in OPS:
        code = f"`{op.prefix:02X} {op.code:02X}`" if op.prefix else f"`{op.code:02X}`"
        signature = "by rule" if op.operands is None else f"{op.operands} : {op.results}"
        rows.append(f"| {code} | `{op.mnemonic}` | {' '.join(op.immediates)} | {signature} | {op.chapter} | {op.feature} |")
    return "\n".join(rows)


def traps() -> str:
    """The trap table."""
    from wasm_environ.traps import TRAPS

    return "\n".join(["| code | name | message |", "|---|---|---|", *(f"| {c} | `{n}` | {m or w} |" for c, n, w, m in TRAPS)])


# Features of components that run, and where; those that use the others are validated, and refused when they are compiled or trap where they would wait.
COMPONENTS = ("component_model", "component_model_fixed_length_lists", "component_model_map", "component_model_implements", "component_model_nested_names")
COMPONENT_ISAS = ("x86_64", "aarch64", "riscv64")
# Read and validated, but compiled by no backend.
NOT_COMPILED = ("stack_switching",)


def features() -> str:
    """The feature table, and where each runs: there the suite's files of the feature are among those that have to pass (tests/spec/groups.py)."""
    from wasm_environ.features import ROWS
    from wasm_facade.discovery import KNOWN_COMPILERS

    groups = _suite_groups()
    grouped = {feature for feature, _ in groups.GROUPS}
    has = dict(groups.STRATEGIES)
    lacking = {(strategy, isa): features for strategy, isa, features in groups.LACKING}
    rows = ["| feature | default | since | needs | `native` | `llvm` |", "|---|---|---|---|---|---|"]
    isas_of = {name: isas for name, _, _, _, isas, _ in KNOWN_COMPILERS}
    for name, on, since, needs in ROWS:
        cells = []
        for strategy in ("native", "llvm"):
            runs = (name in has[strategy] if name in grouped else since != "component" or name in COMPONENTS) and name not in NOT_COMPILED
            isas = [isa for isa in isas_of[strategy] if runs and name not in lacking.get((strategy, isa), ())]
            cells.append(", ".join(isa.replace("_", "-") for isa in isas if since != "component" or isa in COMPONENT_ISAS) or "no")
        rows.append(f"| `{name}` | {'on' if on else 'off'} | {since} | {needs} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _suite_groups() -> Any:
    """tests/spec/groups.py, which says what each strategy has to pass of the official suite."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("groups", ROOT / "tests" / "spec" / "groups.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def vmcontext() -> str:
    """The VMContext's fields and arrays."""
    from wasm_environ.vmtypes import ARRAYS, FIELDS

    rows = ["| struct | field | offset | meaning |", "|---|---|---|---|"]
    rows += [f"| {struct} | `{field}` | {offset} | {meaning} |" for struct, field, offset, _, meaning in FIELDS]
    rows += ["", "| array of VMContext | element bytes | of |", "|---|---|---|"]
    rows += [f"| `{name}` | {size} | {of} |" for name, size, _, of in ARRAYS]
    return "\n".join(rows)


def lowering() -> str:
    """What each instruction becomes on each instruction set, by the native backend: compiled and disassembled here."""
    from wasm_codegen_native.documentation import lowering_page

    return lowering_page()


def examples() -> str:
    """Small functions as each instruction set has them, side by side."""
    from wasm_codegen_native.documentation import examples_page

    return examples_page()


def settings() -> str:
    """Config's settings: those that have an effect, and those that are accepted without one."""
    from wasm_facade.config import with_effect, without_effect

    rows = ["## With effect", "", "| setting | default | what it does |", "|---|---|---|"]
    rows += [f"| `{name}` | `{default!r}` | {' '.join(doc.split())} |" for name, (default, doc) in with_effect().items()]
    rows += ["", "## Accepted without effect", "", "| setting | why it has none |", "|---|---|"]
    return "\n".join([*rows, *(f"| `{name}` | {why} |" for name, why in without_effect().items())])


def names_facade() -> str:
    """Every public name of wasm_facade: its first sentence, and a link to its page."""
    import wasm_facade

    rows = ["| name | |", "|---|---|"]
    for name in wasm_facade.__all__:
        text = (getattr(wasm_facade, name).__doc__ or "").split("\n\n")[0]
        sentence = re.split(r"(?<=[.:;]) ", " ".join(text.split()))[0].rstrip(":;").replace("|", r"\|")
        rows.append(f"| [`{name}`][wasm_facade.{name}] | {sentence} |")
    return "\n".join(rows)


def commands() -> str:
    """Every command of `wasm` with its options, from the tables that read command lines."""
    from importlib import import_module
    from importlib.metadata import entry_points

    from wasm_facade.cli import COMMANDS, GROUPS

    names = [name for name, _ in COMMANDS if name not in GROUPS] + [f"{group}_{name}" for group, rows in GROUPS.items() for name, _ in rows]
    found = [import_module(f"wasm_facade.cli.command_{name}").COMMAND for name in names]
    found += [entry.load().COMMAND for entry in entry_points(group="wasm.commands")]
    parts = []
    for command in found:
        parts += [f"## wasm {command.name}", "", f"`wasm {command.name}{' [OPTIONS]' if command.options else ''} {command.operands}`".replace(" `", "`"), "",
                  command.summary, ""]  # fmt: skip
        if command.options:
            parts += ["| option | |", "|---|---|"]
            rows = [(", ".join(option.flags) + (f" {option.metavar}" if option.metavar else ""), option.help) for option in command.options]
            parts += [*(f"| `{left}` | {right.replace('|', chr(92) + '|').replace('<', '&lt;')} |" for left, right in rows), ""]
    return "\n".join(parts)


def limits() -> str:
    """The implementation limits."""
    from wasm_environ.limits import ROWS

    return "\n".join(["| limit | | of |", "|---|---|---|", *(f"| {name} | {value:,} | {what} |" for name, value, what in ROWS)])


def picture() -> str:
    """The picture of what was measured, inside of the page, so that it has the page's colours."""
    return re.sub(r"<style>.*?</style>\n?", "", (ROOT / "docs" / "measured.svg").read_text(encoding="utf-8"))


def measured() -> str:
    """Every row that was measured, area by area."""
    import json
    import sys

    sys.path.insert(0, str(ROOT))
    from bench.__main__ import AREAS
    from bench.rows import quantity

    found = json.loads((ROOT / "docs" / "measured.json").read_text(encoding="utf-8"))
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    parts = [f"On {found['machine']}; {packages}.", ""]
    for area, title in AREAS.items():
        rows = [row for row in found["rows"] if row["area"] == area]
        if rows:
            parts += [f"## {title[0].upper()}{title[1:]}", "", "| | here | wasmtime-py | share of its cost |", "|---|---|---|---|"]
            parts += [f"| {row['name']} | {quantity(row['ours'], row['unit'])} | {quantity(row['theirs'], row['unit'])} | {row['cost']:.3g} |" for row in rows]
            parts.append("")
    return "\n".join(parts)


def wasmtime_names() -> str:
    """Every name of wasmtime-py's."""
    from wasmtime_names import tables

    return tables()


def component_values() -> str:
    """The table of values of components."""
    from wasm_facade.component.documentation import values_page

    return values_page()


def capi() -> str:
    """The C API's functions."""
    import sys

    sys.path.insert(0, str(ROOT / "packages" / "wasm-capi" / "src"))
    from wasm_capi.generate import reference

    return reference()


GENERATORS = {
    "capi": capi,
    "commands": commands,
    "component_values": component_values,
    "settings": settings,
    "limits": limits,
    "lowering": lowering,
    "examples": examples,
    "measured": measured,
    "names_facade": names_facade,
    "picture": picture,
    "architecture": architecture,
    "tests": tests,
    "instructions": instructions,
    "traps": traps,
    "features": features,
    "vmcontext": vmcontext,
    "wasmtime_names": wasmtime_names,
}
