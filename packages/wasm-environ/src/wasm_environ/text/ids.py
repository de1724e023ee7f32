"""How a printed module names things: identifiers from the name section where they are unique, indices elsewhere."""

from __future__ import annotations

import re
from typing import Final, final

from wasm_environ.names import NameMap

_PLAIN_ID: Final = re.compile(r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]+")
_ESCAPES: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_BYTES: Final = {
    i: chr(i) if 0x20 <= i < 0x7F and i not in (0x22, 0x5C) else f"\\{i:02x}" for i in range(256)
}  # fmt: skip


def quote_name(name: str) -> str:
    """A string token for a name; what does not print is escaped."""
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        return f'"{name}"'
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in name) + '"'


def quote_bytes(data: bytes) -> str:
    """A string token for bytes."""
    return '"' + data.decode("latin-1").translate(_BYTES) + '"'


def identifier(name: str) -> str:
    """`$name`, quoted when it needs to be; "" for the empty name, which no identifier can say."""
    if not name:
        return ""
    return "$" + name if _PLAIN_ID.fullmatch(name) else "$" + quote_name(name)


@final
class Ids:
    """The identifiers of one index space. A name used twice is an identifier the first time, an annotation later."""

    def __init__(self, names: NameMap, count: int) -> None:
        self.by_index: dict[int, str] = {}
        self.noted: dict[int, str] = {}
        self.complete = True  # every name can be printed
        seen: set[str] = set()
        for index in sorted(names):
            name = names[index]
            if index >= count:
                self.complete = False
            elif name and name not in seen:
                seen.add(name)
                self.by_index[index] = identifier(name)
            else:
                self.noted[index] = name

    def ref(self, index: int) -> str:
        """A use."""
        return self.by_index.get(index) or str(index)

    def define(self, index: int) -> str:
        """A definition, with a space before each part."""
        found = self.by_index.get(index)
        start = f" {found} (;{index};)" if found else f" (;{index};)"
        return f"{start} (@name {quote_name(self.noted[index])})" if index in self.noted else start
