"""What a WIT file says as text, in the layout that wasm-tools prints; parsing it again gives the same."""

from __future__ import annotations

from typing import final

from wasm_environ.component.syntax import PRIMITIVE_NAMES
from wasm_environ.component.wit import syntax as w

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

INDENT: Final = "  "
# In strings of attributes, what stands for itself besides letters and digits; and what has an escape of its own.
PLAIN: Final = frozenset("-_./: ")
ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def print_file(file: w.File) -> str:
    """The text of a file."""
    lines = Lines()
    if file.package.name is not None:
        _package_head(lines, file.package, ";")
        lines.blank()
    _top_items(lines, file.package.items, True)
    for number, package in enumerate(file.nested):
        print_nested(lines, package, bool(number))
    return lines.text()


def print_nested(lines: Lines, package: w.Package, is_later: bool) -> None:
    """package name { ... }"""
    if is_later:
        lines.blank()
        lines.blank()
    _package_head(lines, package, " {")
    with lines:
        _top_items(lines, package.items, False)
    lines.add("}")


def print_item(item: w.Interface | w.World) -> str:
    """The text of one interface or world."""
    lines = Lines()
    _top_items(lines, (item,), False)
    return lines.text()


@final
class Lines:
    """Lines of text; those that are added within `with` stand further in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.indent = ""

    def __enter__(self) -> None:
        self.indent += INDENT

    def __exit__(self, *_: object) -> None:
        self.indent = self.indent[: -len(INDENT)]

    def add(self, line: str) -> None:
        self.lines.append(self.indent + line)

    def blank(self) -> None:
        self.lines.append("")

    def docs(self, docs: str) -> None:
        for line in docs.split("\n") if docs else ():
            self.add(f"/// {line}" if line else "///")

    def head(self, head: w.Head) -> None:
        """What stands before an item."""
        self.docs(head.docs)
        gate = head.gate
        if gate.since:
            self.add(f"@since(version = {gate.since})")
        if gate.unstable:
            self.add(f"@unstable(feature = {gate.unstable})")
        if gate.deprecated:
            self.add(f"@deprecated(version = {gate.deprecated})")
        if head.external_id is not None:
            self.add(f'@external-id("{"".join(map(_escaped, head.external_id))}")')

    def text(self) -> str:
        return "".join([line + "\n" for line in self.lines])


def _escaped(character: str) -> str:
    if character in PLAIN or (character.isascii() and character.isalnum()):
        return character
    return ESCAPES.get(character, f"\\u{{{ord(character):x}}}")


def identifier(name: str) -> str:
    """A name as it is written, marked where it is a keyword otherwise."""
    return f"%{name}" if name in w.KEYWORDS else name


def _package_head(lines: Lines, package: w.Package, end: str) -> None:
    name = package.name
    assert name is not None
    lines.docs(package.docs)
    lines.add(f"package {identifier(name.namespace)}:{identifier(name.name)}{name.version and '@' + name.version}{end}")


def _path(path: w.Path) -> str:
    package = path.package
    if package is None:
        return identifier(path.name.text)
    return f"{identifier(package.namespace)}:{identifier(package.name)}/{identifier(path.name.text)}{package.version and '@' + package.version}"


def _top_items(lines: Lines, items: tuple[w.TopItem, ...], spread: bool) -> None:
    """Worlds and interfaces; with `spread` an empty line follows each interface."""
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else None
        if isinstance(item, w.TopUse):
            lines.add(f"use {_path(item.path)}{' as ' + identifier(item.alias.text) if item.alias else ''};")
            if not isinstance(following, w.TopUse):
                lines.blank()
            continue
        lines.head(item.head)
        if isinstance(item, w.Interface):
            _interface(lines, f"interface {identifier(item.name.text)}", item.items)
        else:
            lines.add(f"world {identifier(item.name.text)} {{")
            with lines:
                _world_items(lines, item.items)
            lines.add("}")
        if (spread and isinstance(item, w.Interface)) or (isinstance(item, w.World) and isinstance(following, (w.Interface, w.TopUse))):
            lines.blank()


def _interface(lines: Lines, title: str, items: tuple[w.InterfaceItem, ...]) -> None:
    lines.add(f"{title} {{")
    with lines:
        for number, item in enumerate(items):
            if isinstance(item, w.Use):
                _use(lines, item)
                continue
            if number:
                lines.blank()
            lines.head(item.head)
            if isinstance(item, w.TypeDef):
                _type_definition(lines, item)
            elif isinstance(item, w.Remark):
                lines.add(f"// {item.text}")
            else:
                lines.add(f"{identifier(item.name.text)}: {function(item)};")
    lines.add("}")


def _use(lines: Lines, use: w.Use) -> None:
    lines.head(use.head)
    names = [identifier(name.text) + (f" as {identifier(other.text)}" if other else "") for name, other in use.names]
    lines.add(f"use {_path(use.path)}.{{{', '.join(names)}}};")


def _world_items(lines: Lines, items: tuple[w.WorldItem, ...]) -> None:
    """Imports one below the other, types apart, and exports one below the other."""
    before: w.WorldItem | None = None
    for item in items:
        is_export = isinstance(item, w.Extern) and not item.is_import
        was_export = isinstance(before, w.Extern) and not before.is_import
        if before is not None and (isinstance(item, w.TypeDef) or (is_export and not was_export)):
            lines.blank()
        before = item
        match item:
            case w.Use():
                _use(lines, item)
            case w.TypeDef():
                lines.head(item.head)
                _type_definition(lines, item)
            case w.Include(head, path, names):
                lines.head(head)
                renamed = ", ".join([f"{identifier(name.text)} as {identifier(other.text)}" for name, other in names])
                lines.add(f"include {_path(path)}{f' with {{ {renamed} }}' if names else ''};")
            case w.Extern():
                _extern(lines, item)
            case w.Remark(_, text):
                lines.add(f"// {text}")


def _extern(lines: Lines, extern: w.Extern) -> None:
    lines.head(extern.head)
    start = ("import" if extern.is_import else "export") + (f" {identifier(extern.name.text)}:" if extern.name else "")
    match extern.item:
        case w.Func():
            lines.add(f"{start} {function(extern.item)};")
        case w.Inline(items):
            _interface(lines, f"{start} interface", items)
        case w.Path():
            lines.add(f"{start} {_path(extern.item)};")


def _type_definition(lines: Lines, definition: w.TypeDef) -> None:
    name = identifier(definition.name.text)
    if definition.type is not None:
        lines.add(f"type {name} = {type_name(definition.type)};")
        return
    if definition.kind == "resource" and not definition.functions:
        lines.add(f"resource {name};")
        return
    lines.add(f"{definition.kind} {name} {{")
    with lines:
        for field in definition.fields:
            lines.docs(field.docs)
            lines.add(f"{field_words(definition.kind, field)},")
        for func in definition.functions:
            lines.head(func.head)
            lines.add((function(func) if func.kind == w.CONSTRUCTOR else f"{identifier(func.name.text)}: {function(func)}") + ";")
    lines.add("}")


def field_words(kind: str, field: w.Field) -> str:
    """A field or case of a `kind` of type."""
    label = identifier(field.name.text)
    if field.type is None:
        return label
    return f"{label}({type_name(field.type)})" if kind == "variant" else f"{label}: {type_name(field.type)}"


def function(func: w.Func) -> str:
    """A function's type."""
    start = "constructor" if func.kind == w.CONSTRUCTOR else ("static " if func.kind == w.STATIC else "") + ("async " if func.is_async else "") + "func"
    params = ", ".join([f"{identifier(name.text)}: {type_name(type)}" for name, type in func.params])
    return f"{start}({params}){'' if func.result is None else ' -> ' + type_name(func.result)}"


def type_name(type: w.TypeExpr) -> str:
    """A type."""
    match type:
        case int():
            return PRIMITIVE_NAMES[type]
        case w.Named(name):
            return identifier(name.text)
        case w.Applied(what, args, length):
            while args and args[-1] is None:
                args = args[:-1]
            words = ["_" if arg is None else type_name(arg) for arg in args] + ([str(length)] if length >= 0 else [])
            return f"{what}<{', '.join(words)}>" if words else what
