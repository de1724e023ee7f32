"""Writes from the table: headers, exported functions with their checks, declarations for cffi, the reference page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from wasm_capi.api import HEADERS, rows
from wasm_capi.families import PYTHON, RELEASE, RETAIN, C, Code, Row, Text
from wasm_capi.kinds import KINDS

INCLUDE = Path(__file__).parent / "include"
LENGTH = re.compile(r"n[a-z]+|\w*len|\w+_size")  # how the parameter after a pointer is called that says how much lies there
INPUTS = ("params", "results")  # owned vectors that are given in
OUTPUTS = ("out", "ret", "dst", "message", "type_ret")
STANDARD = ("stdbool", "stddef", "stdint", "string", "assert")
OWN = re.compile(r"\bown ")
WRITTEN = "/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */"


@cache
def opaque() -> set[str]:
    """Types whose pointers are handles, which have a mark to know them by. A caller is none."""
    texts = [item.text for _, items in HEADERS.values() for item in items if isinstance(item, Text)]
    return {name for text in texts for _, name in re.findall(r"typedef struct (\w+) (\w+);", text)} - {"wasmtime_caller_t"}


def functype_shorthand(params: int, results: int) -> str:
    """The inline function `wasm_functype_new_2_1` and its like."""
    names = [f"p{i + 1}" for i in range(params)], [f"r{i + 1}" for i in range(results)]
    arguments = ", ".join(f"own wasm_valtype_t *{name}" for group in names for name in group) or "void"
    lines = [f"static inline own wasm_functype_t *wasm_functype_new_{params}_{results}({arguments})", "{", "  wasm_valtype_vec_t params, results;"]
    for vector, group in zip(("params", "results"), names, strict=True):
        if group:
            lines.append(f"  wasm_valtype_t *{vector}_data[] = {{{', '.join(group)}}};")
            lines.append(f"  wasm_valtype_vec_new(&{vector}, {len(group)}, {vector}_data);")
        else:
            lines.append(f"  wasm_valtype_vec_new_empty(&{vector});")
    return "\n".join([*lines, "  return wasm_functype_new(&params, &results);", "}"])


def _text(item: Text | Code) -> str:
    shorthand = re.fullmatch(r"@functype (\d) (\d)", item.text)
    return functype_shorthand(*map(int, shorthand.groups())) if shorthand else item.text


def header(name: str) -> str:
    """A header's text."""
    includes, items = HEADERS[name]
    guard = f"WASM_CAPI_{name.replace('/', '_').upper()}_H"
    lines = [WRITTEN, f"#ifndef {guard}", f"#define {guard}", ""]
    lines += [f"#include <{header}.h>" for header in (includes or STANDARD)]
    lines += ["", "#ifndef WASM_API_EXTERN", "#define WASM_API_EXTERN", "#endif"] if not includes else []
    lines += ["", "#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    for item in items:
        if not isinstance(item, Row):
            lines += ["", _text(item), ""]
        else:
            # A macro `own` is wasm.h's alone: a member of one of wasmtime.h's unions has that name.
            declaration = item.declaration() if name == "wasm" else OWN.sub("/* own */ ", item.declaration())
            lines += [f"/* {item.doc} */", f"WASM_API_EXTERN {declaration}"]
    lines += ["", "#ifdef __cplusplus", "}", "#endif", "", "#endif"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _plain(text: str) -> str:
    return OWN.sub("", text)


def _arguments(row: Row) -> str:
    return ", ".join(name for _, name, _ in row.parameters())


def kinds_h() -> str:
    """The kinds of handles, for handle.h."""
    rows = " ".join(f'X({kind}, "{type}")' for kind, type in KINDS)
    return f"{WRITTEN}\n#define CAPI_KINDS(X) {rows}\n"


def handlers_h() -> str:
    """The table of what Python does, and the prototypes of what C does."""
    lines = [WRITTEN, "#ifndef WASM_CAPI_HANDLERS_H", "#define WASM_CAPI_HANDLERS_H", "", '#include "api.h"', "", "struct capi_handlers {"]
    for row in rows():
        if row.handler == PYTHON:
            gap = "" if row.result.endswith("*") else " "
            lines.append(f"    {_plain(row.result)}{gap}(*{row.name})({_plain(row.params).replace('?', '') or 'void'});")
    lines += [*(f"    {declaration.replace(name, f'(*{name})', 1)}" for name, declaration in internal()), "};", ""]
    lines += [_plain(row._replace(name=f"impl_{row.name}").declaration()) for row in rows() if row.handler == C]
    return "\n".join([*lines, "", "#endif", ""])


def internal() -> Iterator[tuple[str, str]]:
    """Handlers in Python that are no functions of the API: name, declaration."""
    text = (Path(__file__).parent / "handlers" / "internal.h").read_text()
    for line in text.splitlines():
        if match := re.search(r"(capi_\w+)\(", line):
            yield match[1], line.split("/*")[0].strip()


def _target(kind: str) -> str:
    """What a pointer points to."""
    return re.sub(r"\b(own|const|struct)\b|\*", "", kind).strip()


def _check(row: Row) -> str:
    """The check of one function's pointers, for WASM_CAPI_CHECK=1."""
    tests, handles, parameters = [], opaque(), row.parameters()
    for position, (kind, name, optional) in enumerate(parameters, 1):
        place = f'"{row.name}", {position}, "{name}", {name}'
        if kind.endswith("_callback_t"):
            tests.append(f'capi_check("{row.name}", {position}, "{name}", (const void *){name}, NULL, false)')
        if not kind.endswith("*") or "(*" in kind or (kind.count("*") > 1 and optional):
            continue
        plain = kind.count("*") > 1 or _target(kind) not in handles
        wanted = "NULL" if plain else f'"{_target(kind)}"'
        length = parameters[position] if position < len(parameters) else ("", "", False)
        if plain and length[0] == "size_t" and LENGTH.fullmatch(length[1]) and "const" in kind:  # nothing may lie anywhere
            tests.append(f"capi_check({place}, NULL, !{length[1]})")
        elif not (plain and optional):
            tests.append(f"capi_check({place}, {wanted}, {str(optional).lower()})")
        tests += _check_contents(row, place, kind, name)
    return " && ".join(tests)


def _check_contents(row: Row, place: str, kind: str, name: str) -> list[str]:
    """The checks of what a vector given in holds, and of the reference of a value; families of vectors are for whatever their caller keeps there."""
    vector = re.fullmatch(r"wasm_(\w+)_vec_t", _target(kind))
    if kind == "const wasm_val_t *" and "_vec_" not in row.name:
        return [f"capi_check_values({place}, 1)"]
    if not vector or "_vec_" in row.name or not ("const" in kind or ("own " in kind and name in INPUTS)):
        return []
    if vector[1] == "val":
        return [f"capi_check_values({place} ? {name}->data : NULL, {name} ? {name}->size : 0)"]
    return [f'capi_check_items({place}, "wasm_{vector[1]}_t")'] if f"wasm_{vector[1]}_t" in opaque() else []


def _outputs(row: Row) -> list[str]:
    """What a function that has no way to tell that it failed fills: zeros are nothing, and may be deleted."""
    if row.result != "void":
        return []
    pointers = [(kind, name) for kind, name, _ in row.parameters() if kind.count("*") == 1 and "(*" not in kind and "const" not in kind]
    return [name for kind, name in pointers if name in OUTPUTS and _target(kind) not in opaque()]


def _failure(row: Row) -> str:
    result = _plain(row.result).strip()
    if result == "void":
        cleared = [f"if ({name})\n            memset({name}, 0, sizeof *{name});\n        " for name in _outputs(row)]
        return f"{{\n        {''.join(cleared)}return;\n    }}" if cleared else "return;"
    if result == "wasm_trap_t *":
        return "return capi_misuse_trap();"
    if result == "wasmtime_error_t *":
        return "return capi_misuse_error();"
    return "return 0;"


def _work(row: Row) -> str:
    """What a function does that is C."""
    arguments = _arguments(row)
    if row.handler == C:
        return f"impl_{row.name}({arguments})"
    if row.handler == RETAIN:
        return f"(void *)capi_retain({arguments})"
    return f"capi_release({arguments})" if row.handler == RELEASE else f"capi_same({arguments})"


def exports_c() -> str:
    """The functions that the library exports."""
    lines = [WRITTEN, '#include "handle.h"', '#include "handlers.h"', '#include "start.h"', ""]
    for row in rows():
        gap = "" if row.result.endswith("*") else " "
        lines.append(f"CAPI_EXPORT {_plain(row.result)}{gap}{row.name}({_plain(row.params).replace('?', '') or 'void'})\n{{")
        check = _check(row)
        if check:
            lines.append(f"    if (UNLIKELY(capi_checking) && !({check}))\n        {_failure(row)}")
        back = "" if row.result == "void" else "return "
        if row.handler == PYTHON:
            lines.append(f"    if (!capi_start())\n        {_failure(row)}")
            lines += [f"    memset({name}, 0, sizeof *{name});" for name in _outputs(row)]
            lines.append(f"    {back}capi_handlers->{row.name}({_arguments(row)});")
        else:
            lines.append(f"    if (UNLIKELY(!capi_ready()))\n        {_failure(row)}")
            lines.append(f"    {back}{_work(row)};")
        lines.append("}\n")
    return "\n".join(lines)


def declarations() -> str:
    """For cffi: what Python does, under names of its own."""
    lines = [_plain(row._replace(name=f"py_{row.name}").declaration()) for row in rows() if row.handler == PYTHON]
    return "\n".join([*lines, *(declaration.replace(name, f"py_{name}", 1) for name, declaration in internal())])


def types_for_cffi() -> str:
    """The types of all headers."""
    return "\n".join(item.text for _, items in HEADERS.values() for item in items if isinstance(item, Text)) + "\n"


def used_by_handlers() -> str:
    """The functions of the API that handlers call themselves."""
    folder = Path(__file__).parent / "handlers"
    used = set(re.findall(r"\blib\.(was[mi]\w+)", "".join(path.read_text() for path in folder.glob("*.py"))))
    return "\n".join(_plain(row.declaration()) for row in rows() if row.name in used) + "\n"


def handlers_c() -> str:
    """The table of handlers.h, filled with cffi's functions."""
    names = [row.name for row in rows() if row.handler == PYTHON] + [name for name, _ in internal()]
    head = '__attribute__((visibility("default"))) const struct capi_handlers capi_handlers_table = {'
    return "\n".join([head, *(f"    .{name} = py_{name}," for name in names), "};"])


def reference() -> str:
    """The reference page: every function by header."""
    lines = []
    for name, (_, items) in HEADERS.items():
        found = [item for item in items if isinstance(item, Row)]
        if found:
            lines += [f"## {name}.h", "", "| function | what it does |", "|---|---|"]
            lines += [f"| `{row.declaration().replace('|', chr(92) + '|')}` | {row.doc} |" for row in found]
            lines.append("")
    return "\n".join(lines)


def headers() -> dict[Path, str]:
    """Every header by its path."""
    return {INCLUDE / f"{name}.h": header(name) for name in HEADERS}


def main() -> None:
    """Write the headers."""
    for path, text in headers().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
