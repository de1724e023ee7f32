"""Names in Python: `blocking-read` is `blocking_read`, `input-stream` is `InputStream`, `dark-blue` is `DARK_BLUE`; a name that is taken gets a `_`."""

from __future__ import annotations

import builtins
from keyword import iskeyword

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

# What every module imports, or Python knows: a type of that name is written with a `_` after it.
CLASSES: Final = frozenset((
    "Any", "Bytes", "Callable", "Component", "Enum", "Err", "Exports", "Flag", "Interface", "Linker", "Mapping", "Ok", "Package", "Protocol", "Resource",
    "Result", "Sequence", "Some", "Store", "TypeAlias", *(name for name in dir(builtins) if name[:1].isupper()),
))  # fmt: skip
# Classes that annotations name: a field or method called so would hide them from those after it.
BUILTIN_TYPES: Final = frozenset(("bool", "bytes", "dict", "float", "int", "list", "str", "tuple"))
RESOURCE_METHODS: Final = frozenset(("drop", "self"))


class Scope:
    """Names that are taken."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def free(self, name: str) -> str:
        """The name, with a `_` for each time it is taken; now it is."""
        while name in self.taken or iskeyword(name):
            name += "_"
        self.taken.add(name)
        return name


def snake(label: str) -> str:
    """Of functions, parameters and fields, as `wasm_facade.load` has them."""
    return label.replace("-", "_")


def camel(label: str) -> str:
    """Of types."""
    return "".join([word[:1].upper() + word[1:] for word in label.split("-")])


def upper(label: str) -> str:
    """Of enums' and flags' members."""
    return label.replace("-", "_").upper()


def plain(name: str) -> str:
    """Any name, as that of a file is, as a label: letters, digits and `-`, a letter first."""
    found = "".join([c if c.isascii() and c.isalnum() else "-" for c in name]).strip("-")
    return found if found[:1].isalpha() else f"n{found}"


class InterfaceName:
    """`wasi:io/streams@0.2.0` taken apart; a plain name has no package and no version."""

    def __init__(self, name: str) -> None:
        path, _, self.version = name.partition("@")
        head, _, last = path.rpartition("/")
        self.package = head.replace(":", "-").replace("/", "-")
        self.name = plain(last)

    def candidates(self) -> list[str]:
        """Names for a module, the shortest first; the last one is like no other's."""
        found = [self.name]
        if self.package:
            found += [f"{self.package.rpartition('-')[2]}-{self.name}", f"{self.package}-{self.name}"]
        if self.version:
            found.append(f"{found[-1]}-{self.version}")
        return [snake(plain(name)) for name in found]


def module_names(names: list[str]) -> dict[str, str]:
    """A module for each interface: its name; where two are called so, the package in front of it, then the whole of it, then the version behind it."""
    parts = {name: InterfaceName(name).candidates() for name in names}
    level = dict.fromkeys(names, 0)
    while True:
        chosen = {name: parts[name][min(level[name], len(parts[name]) - 1)] for name in names}
        shared = [name for name in names if sum(other == chosen[name] for other in chosen.values()) > 1 and level[name] < len(parts[name]) - 1]
        if not shared:
            break
        for name in shared:
            level[name] += 1
    scope = Scope(("world",))
    return {name: scope.free(chosen[name]) for name in names}


def is_wasi(name: str) -> bool:
    """Whether an interface is of WASI, for which a linker can have definitions."""
    return name.startswith("wasi:")


