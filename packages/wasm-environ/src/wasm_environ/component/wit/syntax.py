"""What a WIT file says: plain data, names as written, in the order of the text (WIT.md).

`at` is an offset into the file's text, -1 where something came from no text. Printing takes no notice of it.
"""

from __future__ import annotations

from typing import NamedTuple


class Name(NamedTuple):
    """An identifier, without `%`."""

    text: str
    at: int = -1


class PackageName(NamedTuple):
    """namespace:name@version; `version` "" where there is none."""

    namespace: str
    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}:{self.name}{self.version and '@' + self.version}"

    def of(self, item: str) -> str:
        """The name of an interface or world of this package."""
        return f"{self.namespace}:{self.name}/{item}{self.version and '@' + self.version}"


class Path(NamedTuple):
    """An interface or world: of a package, or what `name` stands for in its file."""

    package: PackageName | None
    name: Name

    def __str__(self) -> str:
        return self.package.of(self.name.text) if self.package else self.name.text


class Gate(NamedTuple):
    """@since(version = since), @unstable(feature = unstable), @deprecated(version = deprecated); "" for what is not there."""

    since: str = ""
    unstable: str = ""
    deprecated: str = ""
    at: int = -1


NO_GATE = Gate()


class Head(NamedTuple):
    """What may stand before an item. `docs`: the text of its documentation comments, "" for none."""

    docs: str = ""
    gate: Gate = NO_GATE
    external_id: str | None = None


NO_HEAD = Head()


# ---- types


class Named(NamedTuple):
    """A type by its name."""

    name: Name


class Applied(NamedTuple):
    """A type with arguments: `what` is list, option, result, tuple, stream, future, map, own or borrow.

    result has two arguments, stream and future one, None for one that is left out. `length`: of a list that has one, else -1.
    """

    what: str
    args: tuple[TypeExpr | None, ...]
    length: int = -1
    at: int = -1


TypeExpr = int | Named | Applied  # int: a primitive type of `component.syntax`


# ---- what interfaces hold

FREE, METHOD, STATIC, CONSTRUCTOR = range(4)  # Func.kind


class Func(NamedTuple):
    head: Head
    name: Name  # of a constructor: "constructor"
    kind: int
    params: tuple[tuple[Name, TypeExpr], ...]  # without a method's self
    result: TypeExpr | None
    is_async: bool = False


class Field(NamedTuple):
    """A field of a record, a case of a variant or enum, or a flag."""

    docs: str
    name: Name
    type: TypeExpr | None = None


class TypeDef(NamedTuple):
    """`kind`: type (`type` is what it stands for), record, variant, enum, flags (`fields`) or resource (`functions`)."""

    head: Head
    name: Name
    kind: str
    type: TypeExpr | None = None
    fields: tuple[Field, ...] = ()
    functions: tuple[Func, ...] = ()


class Use(NamedTuple):
    """use path.{name as other, ...}: (name, the other or None)."""

    head: Head
    path: Path
    names: tuple[tuple[Name, Name | None], ...]


class Remark(NamedTuple):
    """What a component has and WIT has no words for: printed as a comment, so never read."""

    head: Head
    text: str


InterfaceItem = Use | TypeDef | Func | Remark


class Interface(NamedTuple):
    head: Head
    name: Name
    items: tuple[InterfaceItem, ...]


# ---- what worlds hold


class Inline(NamedTuple):
    """interface { ... } within a world."""

    items: tuple[InterfaceItem, ...]


class Extern(NamedTuple):
    """An import or export: of an interface under its own name (`name` None), or of something under a plain name."""

    head: Head
    is_import: bool
    name: Name | None
    item: Path | Func | Inline


class Include(NamedTuple):
    """include path with { name as other, ... }."""

    head: Head
    path: Path
    names: tuple[tuple[Name, Name], ...]


WorldItem = Remark | Extern | Include | Use | TypeDef


class World(NamedTuple):
    head: Head
    name: Name
    items: tuple[WorldItem, ...]


# ---- files


class TopUse(NamedTuple):
    """use path as alias; among a file's items."""

    path: Path
    alias: Name | None


TopItem = TopUse | Interface | World


class Package(NamedTuple):
    """package name { items }, or a file that begins with `package name;`. `name` None: a further file of a package."""

    docs: str
    name: PackageName | None
    items: tuple[TopItem, ...]
    at: int = -1  # of the name


class File(NamedTuple):
    """A file: the package that it is (part of), and those that it has within."""

    package: Package
    nested: tuple[Package, ...]


KEYWORDS = frozenset((
    "as", "async", "bool", "borrow", "char", "constructor", "enum", "error-context", "export", "f32", "f64", "flags", "from", "func", "future", "import",
    "include", "interface", "list", "map", "option", "own", "package", "record", "resource", "result", "s16", "s32", "s64", "s8", "static", "stream",
    "string", "tuple", "type", "u16", "u32", "u64", "u8", "use", "variant", "with", "world", "_",
))  # fmt: skip

PREFIXES = {METHOD: "[method]", STATIC: "[static]", CONSTRUCTOR: "[constructor]"}


def full_name(resource: TypeDef | None, func: Func) -> str:
    """A function's name as an import or export."""
    if resource is None:
        return func.name.text
    return PREFIXES[func.kind] + resource.name.text + ("" if func.kind == CONSTRUCTOR else "." + func.name.text)
