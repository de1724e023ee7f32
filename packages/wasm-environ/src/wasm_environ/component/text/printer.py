"""`print_component`: a component as readable text that parses back to the same component."""

from __future__ import annotations

from typing import final

from wasm_environ.binary.decode import decode as decode_module
from wasm_environ.compile_errors import CompileError
from wasm_environ.component import canons
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.names import SECTION, names_of
from wasm_environ.component.syntax import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TABLE,
    CORE_TYPE,
    FUNC,
    INSTANCE,
    NO_RESULT,
    OPTION_ASYNC,
    OPTION_CALLBACK,
    OPTION_LATIN1_UTF16,
    OPTION_MEMORY,
    OPTION_POST_RETURN,
    OPTION_REALLOC,
    OPTION_UTF8,
    OPTION_UTF16,
    TYPE,
    VALUE,
    AliasExport,
    AliasOuter,
    Canon,
    CanonOptions,
    Component,
    CoreExports,
    CoreInstantiate,
    CoreModule,
    CoreTypeDef,
    Custom,
    Export,
    Exports,
    Import,
    Instantiate,
    Start,
    SubComponent,
    TypeDef,
    Value,
)
from wasm_environ.component.text.print_frames import Frame, names_to_print
from wasm_environ.component.text.print_types import (
    alias,
    core_name,
    core_type,
    extern_name,
    extern_type,
    import_,
    indented,
    type_definition,
    value_type,
)
from wasm_environ.features import ALL
from wasm_environ.text.ids import identifier, quote_bytes, quote_name
from wasm_environ.text.print_customs import producers_lines
from wasm_environ.text.printer import print_fields
from wasm_environ.types import value_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

OPTIONS: Final = {
    OPTION_UTF8: "string-encoding=utf8", OPTION_UTF16: "string-encoding=utf16", OPTION_LATIN1_UTF16: "string-encoding=latin1+utf16",
    OPTION_MEMORY: "memory", OPTION_REALLOC: "realloc", OPTION_POST_RETURN: "post-return", OPTION_ASYNC: "async",
    OPTION_CALLBACK: "callback",
}  # fmt: skip


def print_component(data: bytes, *, names: bool = True, offsets: bool = False, folded: bool = False) -> str:
    """The text of a component in binary form, one definition after another in the order of the binary.

    With `names`, identifiers come from the name sections of the component and of what is inside it (and go back into them when the text is
    parsed); without, everything is an index. `offsets` and `folded` are for the core modules, as in `print_module`; offsets count from the
    start of each module. Raises MalformedError, InvalidError.
    """
    component = decode(data, ALL)
    printer = _Printer(names, offsets, folded)
    name = names_of(component).component if names else None
    label = "" if name is None else f" {identifier(name)}" if name else ' (@name "")'
    fields = printer.fields(component, name)
    return "\n".join([f"(component{label}", *indented(fields), ")"] if fields else [f"(component{label})"]) + "\n"


@final
class _Printer:
    """`frames`: what is around the definition that is printed, outermost first."""

    def __init__(self, names: bool, offsets: bool, folded: bool) -> None:
        self.names = names
        self.offsets = offsets
        self.folded = folded
        self.frames: list[Frame] = []
        self.exact = False  # whether the identifiers say all that the name section of the innermost component says

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def fields(self, component: Component, name: str | None) -> list[str]:
        """The definitions of a component that the text calls `name`."""
        names, exact = names_to_print(component, name) if self.names else ({}, True)
        self.frames.append(Frame(identifier(name or ""), names))
        outer, self.exact = self.exact, exact
        lines = [line for d in component.definitions for line in PRINTERS[type(d)](self, d)]
        self.exact = outer
        self.frames.pop()
        return lines

    def custom(self, d: Custom) -> list[str]:
        if d.name == SECTION and self.exact:
            return []
        lines = producers_lines(d.data) if d.name == "producers" else []
        return lines or [f"(@custom {quote_name(d.name)} {quote_bytes(d.data)})"]

    def module(self, d: CoreModule) -> list[str]:
        name = self.frame.name(CORE_MODULE)
        try:
            module = decode_module(d.data, ALL)
            lines = print_fields(module, name, names=self.names, offsets=self.offsets, folded=self.folded)
        except CompileError as error:
            error.args = (f"{error} in the core module at offset 0x{d.offset:x}",)
            raise
        head = f"(core module{self.frame.define(CORE_MODULE)}"
        return [head, *lines, ")"] if lines else [f"{head})"]

    def sub_component(self, d: SubComponent) -> list[str]:
        lines = self.fields(d.component, self.frame.name(COMPONENT))
        head = f"(component{self.frame.define(COMPONENT)}"
        return [head, *indented(lines), ")"] if lines else [f"{head})"]

    def core_type(self, d: CoreTypeDef) -> list[str]:
        return core_type(self.frames, d.type)

    def type(self, d: TypeDef) -> list[str]:
        return type_definition(self.frames, d.type)

    def alias(self, d: AliasExport | AliasOuter) -> list[str]:
        return [alias(self.frames, d)]

    # ---- instances

    def core_instantiate(self, d: CoreInstantiate) -> list[str]:
        f = self.frame
        args = [f"(with {quote_name(name)} (instance {f.ref(CORE_INSTANCE, item)}))" for name, item in d.args]
        module = f.ref(CORE_MODULE, d.module)
        return _instance(f"(core instance{f.define(CORE_INSTANCE)} (instantiate {module}", args)

    def core_exports(self, d: CoreExports) -> list[str]:
        f = self.frame
        exports = [f"(export {quote_name(name)} ({core_name(sort)} {f.ref(sort, item)}))" for name, sort, item in d.exports]
        return _exports(f"(core instance{f.define(CORE_INSTANCE)}", exports)

    def instantiate(self, d: Instantiate) -> list[str]:
        f = self.frame
        args = [f"(with {quote_name(name)} {f.item(sort, item)})" for name, sort, item in d.args]
        component = f.ref(COMPONENT, d.component)
        return _instance(f"(instance{f.define(INSTANCE)} (instantiate {component}", args)

    def exports(self, d: Exports) -> list[str]:
        f = self.frame
        exports = [f"(export {extern_name(name)} {f.item(sort, item)})" for name, sort, item in d.exports]
        return _exports(f"(instance{f.define(INSTANCE)}", exports)

    # ---- functions

    def canon(self, d: Canon) -> list[str]:
        f = self.frame
        if d.code == canons.LIFT:
            function, type = d.operands
            body = f"(canon lift (core func {f.ref(CORE_FUNC, function)}){self.options(d.options)})"
            return [f"(func{f.define(FUNC)} (type {f.ref(TYPE, type)}) {body})"]
        row = canons.BY_CODE[d.code]
        operands = iter(d.operands)
        words = [row.name]
        for kind in row.operands:
            if kind != "s" and kind != "o":
                words.append(self.operand(kind, next(operands), row.flag))
        body = " ".join([word for word in words if word]) + self.options(d.options)
        return [f"(core func{f.define(CORE_FUNC)} (canon {body}))"]

    def operand(self, kind: str, operand: int, flag: str) -> str:
        """An operand of a canonical definition; "" for a flag that is not set and for no result."""
        f = self.frame
        match kind:
            case "b":
                return flag if operand else ""
            case "c":
                return f.item(FUNC, operand)
            case "v":
                return value_type_name(operand)
            case "i":
                return str(operand)
            case "r":
                return "" if operand == NO_RESULT else f"(result {value_type(f, operand)})"
            case "m":
                return f"(memory {f.ref(CORE_MEMORY, operand)})"
        return f.ref({"T": CORE_TYPE, "n": CORE_TABLE, "t": TYPE}[kind], operand)

    def options(self, options: CanonOptions) -> str:
        words: list[str] = []
        for code, item in options.options:
            sort = CORE_MEMORY if code == OPTION_MEMORY else CORE_FUNC
            words.append(f" {OPTIONS[code]}" if item < 0 else f" ({OPTIONS[code]} {self.frame.ref(sort, item)})")
        return "".join(words)

    def start(self, d: Start) -> list[str]:
        f = self.frame
        args = "".join([f" (value {f.ref(VALUE, arg)})" for arg in d.args])
        results = "".join([f" (result (value{f.define(VALUE)}))" for _ in range(d.results)])
        return [f"(start {f.ref(FUNC, d.func)}{args}{results})"]

    def value(self, d: Value) -> list[str]:
        f = self.frame
        type = value_type(f, d.type) if d.type < 0 else f.item(TYPE, d.type)  # an identifier alone would name the value
        return [f"(value{f.define(VALUE)} {type} (binary {quote_bytes(d.data)}))"]

    # ---- imports, exports

    def import_(self, d: Import) -> list[str]:
        return [import_(self.frame, d.name, d.type)]

    def export(self, d: Export) -> list[str]:
        f = self.frame
        ascribed = "" if d.type is None else " " + extern_type(f, d.type)
        item = f.item(d.sort, d.item)
        return [f"(export{f.define(d.sort)} {extern_name(d.name)} {item}{ascribed})"]


def _instance(head: str, args: list[str]) -> list[str]:
    return [head, *indented(indented(args)), "  )", ")"] if args else [f"{head}))"]


def _exports(head: str, exports: list[str]) -> list[str]:
    return [head, *indented(exports), ")"] if exports else [f"{head})"]


PRINTERS: Final[dict[type, Callable[[_Printer, Any], list[str]]]] = {
    Custom: _Printer.custom, CoreModule: _Printer.module, CoreInstantiate: _Printer.core_instantiate, CoreExports: _Printer.core_exports,
    CoreTypeDef: _Printer.core_type, SubComponent: _Printer.sub_component, Instantiate: _Printer.instantiate, Exports: _Printer.exports,
    AliasExport: _Printer.alias, AliasOuter: _Printer.alias, TypeDef: _Printer.type, Canon: _Printer.canon, Start: _Printer.start,
    Import: _Printer.import_, Export: _Printer.export, Value: _Printer.value,
}  # fmt: skip
