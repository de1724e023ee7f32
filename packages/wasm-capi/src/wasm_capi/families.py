"""Families of the C API's functions: what every vector, type and reference has, as rows of the table."""

from __future__ import annotations

from typing import NamedTuple

# Who does the work: the library itself, or the handlers; or the row says it all: a handle loses a reference, gets one more, is compared with another one.
C, PYTHON, RELEASE, RETAIN, SAME = "c", "python", "release", "retain", "same"


class Row(NamedTuple):
    """One function. `own` before a type: the caller of a result, the callee of a parameter, becomes its owner. A name that ends in `?` may be NULL."""

    name: str
    result: str
    params: str  # as in a declaration, without the parentheses
    handler: str
    doc: str

    def declaration(self) -> str:
        """As a header has it."""
        gap = "" if self.result.endswith("*") else " "
        return f"{self.result}{gap}{self.name}({self.params.replace('?', '') or 'void'});"

    def parameters(self) -> list[tuple[str, str, bool]]:
        """(type, name, whether it may be NULL) of each."""
        return [_parameter(text.strip()) for text in _split(self.params)] if self.params else []


def _split(text: str) -> list[str]:
    """At the commas that are in no parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _parameter(text: str) -> tuple[str, str, bool]:
    optional = text.endswith("?")
    text = text.rstrip("?")
    if "(*" in text:  # a pointer to a function
        name = text[text.index("(*") + 2 : text.index(")")]
        return text.replace(f"(*{name})", "(*)", 1), name, optional
    if text.endswith("[]"):
        kind, name, _ = _parameter(text[:-2])
        return f"{kind} *", name, optional
    name = text.rsplit(None, 1)[1].lstrip("*")
    return text[: len(text) - len(name)].rstrip(), name, optional


def _word(name: str) -> str:
    """How a parameter of this type is called: `extern` is a keyword of C."""
    return "item" if name == "extern" else name


class Text(NamedTuple):
    """Types of a header."""

    text: str


class Code(NamedTuple):
    """Inline functions, macros and constants of a header, which only a C compiler reads."""

    text: str


Item = Row | Text | Code


def own(name: str, what: str) -> list[Item]:
    """An opaque type that is deleted."""
    t = f"wasm_{name}_t"
    return [Text(f"typedef struct {t} {t};"), Row(f"wasm_{name}_delete", "void", f"own {t} *{_word(name)}?", RELEASE, f"Delete {what}.")]


def handle(name: str, what: str, copied: str = "copy", struct: str = "", pointer: str = "type") -> list[Item]:
    """An opaque type of wasmtime.h: deleted, and copied by a function of that name, if there is one. `struct`: its tag, if that is not its name."""
    t = f"wasmtime_{name}_t"
    rows: list[Item] = [
        Text(f"typedef struct {struct or f'wasmtime_{name}'} {t};"),
        Row(f"wasmtime_{name}_delete", "void", f"own {t} *{pointer}?", RELEASE, f"Delete {what}."),
    ]
    if copied:
        rows.append(Row(f"wasmtime_{name}_{copied}", f"own {t} *", f"const {t} *{pointer}", RETAIN, f"A copy of {what}."))
    return rows


def vec(name: str, pointer: str, what: str) -> list[Item]:
    """A vector: of values, or of pointers that it owns."""
    t, v = f"wasm_{name}_t", f"wasm_{name}_vec_t"
    contents = f"{t} *const" if pointer else f"const {t}"
    return [
        Text(f"typedef struct {v} {{\n  size_t size;\n  {t} *{pointer}data;\n}} {v};"),
        Row(f"wasm_{name}_vec_new_empty", "void", f"own {v} *out", C, f"An empty vector of {what}."),
        Row(f"wasm_{name}_vec_new_uninitialized", "void", f"own {v} *out, size_t size", C, f"A vector with room for {what}, to be filled; without memory an empty one."),
        Row(f"wasm_{name}_vec_new", "void", f"own {v} *out, size_t size, own {contents} data[]?", C, f"A vector of {what}, which it takes over; without memory an empty one."),
        Row(f"wasm_{name}_vec_copy", "void", f"own {v} *out, const {v} *vec", C, f"A copy with {what} of its own."),
        Row(f"wasm_{name}_vec_delete", "void", f"own {v} *vec", C, "Delete a vector and what it holds."),
    ]


def type_of(name: str, what: str) -> list[Item]:
    """A type: deleted, copied, and in vectors."""
    t = f"wasm_{name}_t"
    return [
        *own(name, what), *vec(name, "*", f"{what.removeprefix('a ')}s"),
        Row(f"wasm_{name}_copy", f"own {t} *", f"const {t} *{_word(name)}", RETAIN, f"A copy of {what}."),
    ]  # fmt: skip


def ref_base(name: str, what: str) -> list[Item]:
    """A reference: copied, compared, and with data of the host's."""
    t = f"wasm_{name}_t"
    return [
        *own(name, f"a reference to {what}; the last one of its handle runs the finalizer of its host info"),
        Row(f"wasm_{name}_copy", f"own {t} *", f"const {t} *{_word(name)}", RETAIN, f"Another reference to the same {what.removeprefix('a ').removeprefix('an ')}."),
        Row(f"wasm_{name}_same", "bool", f"const {t} *a, const {t} *b", SAME, "Whether two references are to the same."),
        Row(f"wasm_{name}_get_host_info", "void *", f"const {t} *{_word(name)}", C, "The host's data, NULL at first."),
        Row(f"wasm_{name}_set_host_info", "void", f"{t} *{_word(name)}, void *info?", C, "Set the host's data, which this handle and its copies share."),
        Row(f"wasm_{name}_set_host_info_with_finalizer", "void", f"{t} *{_word(name)}, void *info?, void (*finalizer)(void *)?", C,
            "The same, with what is called with it once the last of them is deleted."),
    ]  # fmt: skip


def ref(name: str, what: str) -> list[Item]:
    """A reference that can be seen as a wasm_ref_t, and back."""
    t = f"wasm_{name}_t"
    return [
        *ref_base(name, what),
        Row(f"wasm_{name}_as_ref", "wasm_ref_t *", f"{t} *{_word(name)}?", C, "The same reference; no copy."),
        Row(f"wasm_ref_as_{name}", f"{t} *", "wasm_ref_t *ref?", C, f"The same reference, NULL if it is not to {what}; no copy."),
        Row(f"wasm_{name}_as_ref_const", "const wasm_ref_t *", f"const {t} *{_word(name)}?", C, "The same reference; no copy."),
        Row(f"wasm_ref_as_{name}_const", f"const {t} *", "const wasm_ref_t *ref?", C, f"The same reference, NULL if it is not to {what}; no copy."),
    ]


def sharable(name: str, what: str) -> list[Item]:
    """A reference that can go to another thread."""
    t, s = f"wasm_{name}_t", f"wasm_shared_{name}_t"
    return [
        *ref(name, what), *own(f"shared_{name}", f"a shared {name}"),
        Row(f"wasm_{name}_share", f"own {s} *", f"const {t} *{_word(name)}", C, f"The {name} for another thread to obtain."),
        Row(f"wasm_{name}_obtain", f"own {t} *", f"wasm_store_t *store, const {s} *shared", C, f"The {name} in a store of this thread."),
    ]  # fmt: skip


def casts(names: tuple[str, ...], suffix: str, whole: str) -> list[Item]:
    """Between a type or a reference and what is above it: no copies."""
    rows: list[Item] = []
    for const in ("", "const "):
        end = "_const" if const else ""
        for name in names:
            part, all_ = f"{const}wasm_{name}{suffix}_t *", f"{const}wasm_{whole}_t *"
            rows.append(Row(f"wasm_{name}{suffix}_as_{whole}{end}", all_, f"{part}{name}?", C, "The same; no copy."))
            rows.append(Row(f"wasm_{whole}_as_{name}{suffix}{end}", part, f"{all_}{_word(whole)}?", C, f"The same, NULL if it is no {name}; no copy."))
    return rows
