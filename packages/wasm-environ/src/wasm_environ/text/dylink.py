"""The annotation (@dylink.0 ...) of modules for dynamic linking, to its custom section (tool-conventions: DynamicLinking)."""

from __future__ import annotations

from typing import Any, Final

from wasm_environ.binary.writer import section, unsigned, vector
from wasm_environ.text.lexer import STRING, Annotation, Tokens, unquote
from wasm_environ.text.numbers import natural
from wasm_environ.text.sections import Custom, string

_MEM_INFO, _NEEDED, _EXPORT_INFO, _IMPORT_INFO, _RUNTIME_PATH = 1, 2, 3, 4, 5
_WORDS: Final = {
    "mem-info": _MEM_INFO, "needed": _NEEDED, "export-info": _EXPORT_INFO, "import-info": _IMPORT_INFO, "runtime-path": _RUNTIME_PATH,
}  # fmt: skip
_FLAGS: Final = {
    "binding-weak": 1 << 0, "binding-local": 1 << 1, "visibility-hidden": 1 << 2, "undefined": 1 << 4, "exported": 1 << 5,
    "explicit-name": 1 << 6, "no-strip": 1 << 7, "tls": 1 << 8, "absolute": 1 << 9,
}  # fmt: skip


def dylink_of(tokens: Tokens, note: Annotation) -> Custom:
    """The section: a subsection for each list, one for lists of the same kind of symbol that follow one another."""
    subsections: list[tuple[int, list[bytes]]] = []
    try:
        for word, *rest in _lists(note.tokens):
            kind = _WORDS[word]
            if kind == _MEM_INFO:
                subsections.append((kind, [_memory_info(rest)]))
            elif kind == _EXPORT_INFO or kind == _IMPORT_INFO:
                if not subsections or subsections[-1][0] != kind:
                    subsections.append((kind, []))
                subsections[-1][1].append(_symbol(rest, 1 if kind == _EXPORT_INFO else 2))
            else:
                subsections.append((kind, [_name(tok) for tok in rest]))
    except (LookupError, TypeError, ValueError):
        raise tokens.fail_raw("@dylink.0 annotation: unexpected token", note.raw) from None
    parts = [section(kind, items[0] if kind == _MEM_INFO else vector(items)) for kind, items in subsections]
    return Custom(b"dylink.0", b"".join(parts), 0)


def _lists(toks: list[str]) -> list[Any]:
    """The lists inside, each a list of tokens and lists. ValueError for anything else."""
    stack: list[list[Any]] = [[]]
    for tok in toks:
        if tok == "(":
            stack.append([])
        elif tok == ")":
            last = stack.pop()
            stack[-1].append(last)
        else:
            stack[-1].append(tok)
    if not all(isinstance(item, list) and item for item in stack[0]):
        raise ValueError(toks)
    return stack[0]


def _memory_info(rest: list[Any]) -> bytes:
    """(memory size align)? (table size align)?, in powers of two the alignments."""
    numbers: list[int] = []
    for word in ("memory", "table"):
        if rest and rest[0][0] == word:
            _, size, align = rest.pop(0)
            numbers += [_number(size), _number(align)]
        else:
            numbers += [0, 0]
    if rest:
        raise ValueError(rest)
    return b"".join(map(unsigned, numbers))


def _number(tok: Any) -> int:
    number = natural(tok) if isinstance(tok, str) else None
    if number is None or number >= 1 << 32:
        raise ValueError(tok)
    return number


def _name(tok: str) -> bytes:
    if STRING.fullmatch(tok) is None:
        raise ValueError(tok)
    data = unquote(tok)
    data.decode()
    return string(data)


def _symbol(toks: list[str], names: int) -> bytes:
    """So many names and any number of flags."""
    if len(toks) < names:
        raise ValueError(toks)
    flags = 0
    for tok in toks[names:]:
        flags |= _FLAGS[tok] if tok in _FLAGS else _number(tok)
    return b"".join(map(_name, toks[:names])) + unsigned(flags)
