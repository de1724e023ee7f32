"""Modules and instances as tables of HTML, for notebooks. Names are a guest's: every one is escaped."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

    from wasm_environ.module import Module

    Rows = Sequence[tuple[str, str, str]]  # name, kind, type

MOST: Final = 200  # rows of a table; some modules have ten thousand exports
LONGEST: Final = 500  # characters of a name or type


def module_html(name: str, module: Module, code_bytes: int, imports: Rows, exports: Rows) -> str:
    """A module: how much there is of everything, its imports and its exports. `code_bytes`: of machine code."""
    functions = len(module.functions) - module.imported_functions
    facts = [f"{functions:,} functions", f"{code_bytes:,} bytes of machine code"]
    facts += [f"memory: {_pages(memory.limits.min, memory.limits.max, memory.page_size_log2)}" for memory in module.memories]
    return _whole("Module", name, facts, imports, exports)


def instance_html(name: str, memories: Sequence[int], imports: Rows, exports: Rows) -> str:
    """An instance: the sizes of its memories now, its imports and its exports."""
    return _whole("Instance of", name, [f"memory: {size:,} bytes" for size in memories], imports, exports)


def _pages(least: int, most: int | None, log2: int) -> str:
    return f"{least << log2:,} bytes" + (f", at most {most << log2:,}" if most is not None else ", no maximum")


def _whole(what: str, name: str, facts: Iterable[str], imports: Rows, exports: Rows) -> str:
    title = f"<b>{escape(what)} <code>{_text(name) or '(no name)'}</code></b>"
    told = "<br>".join(map(escape, facts))
    return f"<div>{title}<div>{told}</div>{_table('imports', imports)}{_table('exports', exports)}</div>"


def _table(title: str, rows: Rows) -> str:
    if not rows:
        return f"<div>no {title}</div>"
    left = '<td style="text-align:left"><code>'
    lines = [f"<tr>{left}{_text(name)}</code></td><td>{kind}</td>{left}{_text(type)}</code></td></tr>" for name, kind, type in rows[:MOST]]
    more = f'<tr><td colspan="3">and {len(rows) - MOST:,} more</td></tr>' if len(rows) > MOST else ""
    return f"<details{' open' if len(rows) <= 20 else ''}><summary>{len(rows):,} {title}</summary><table>{''.join(lines)}{more}</table></details>"


def _text(text: str) -> str:
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
