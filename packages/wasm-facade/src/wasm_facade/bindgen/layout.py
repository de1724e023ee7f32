"""How source is laid out: documentation, and what is one line where it fits, or else one line a part."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

INDENT: Final = "    "
WIDTH: Final = 120


def docstring(text: str, indent: str = INDENT) -> list[str]:
    """Documentation as lines of source; none for none."""
    text = "".join([c if c.isprintable() or c in "\n\t" else " " for c in text.replace("\r\n", "\n")]).strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    lines = text.split("\n")
    if len(lines) < 2:
        return [f'{indent}"""{text}"""'] if text else []
    return [f'{indent}"""{lines[0].rstrip()}', *[f"{indent}{line.strip()}".rstrip() for line in lines[1:]], f'{indent}"""']


def quoted(name: str) -> str:
    """A name as a str literal, whatever is in it."""
    return json.dumps(name)


def listed(start: str, parts: list[str], end: str, indent: str = "") -> list[str]:
    """`start`, `parts` between commas, `end`."""
    line = f"{indent}{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH or not parts:
        return [line]
    return [f"{indent}{start}", *[f"{indent}{INDENT}{part}," for part in parts], f"{indent}{end}"]


def union(start: str, parts: list[str]) -> list[str]:
    """`start`, and `parts` between bars."""
    line = start + " | ".join(parts)
    if len(line) <= WIDTH:
        return [line]
    return [f"{start}(", *[f"{INDENT}{'| ' if i else ''}{part}" for i, part in enumerate(parts)], ")"]


def table(name: str, rows: list[tuple[str, str]]) -> list[str]:
    """A dict as a keyword argument; none without rows."""
    return listed(f"{name}={{", [f"{quoted(label)}: {value}" for label, value in rows], "}", INDENT) if rows else []


def tupled(parts: list[str]) -> str:
    """A tuple of expressions."""
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
