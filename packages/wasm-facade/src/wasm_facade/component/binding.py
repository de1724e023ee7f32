"""Binds a component's types to classes: which nodes of its call program are records, variants, enums and flags of a program's own."""

from __future__ import annotations

import struct

from wasm_environ.component import syntax as s
from wasm_environ.component.abi.program import EDGE_WORDS, NODE_WORDS, NONE
from wasm_environ.component.planning import plain
from wasm_environ.errors import WasmError
from wasm_facade.component.component import Component
from wasm_facade.component.results import Err, Ok, Some

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from wasm_environ.component.types import Row

    # By names that lead to a type, those of instances and its own: a dataclass, a Flag, an Enum, or a class for each case of a variant.
    Classes = Mapping[tuple[str, ...], type | tuple[type, ...]]
    Errors = Mapping[tuple[str, ...], type[Err[Any]]]

HEADER_WORDS: Final = 4  # of a call program: abi.program
FIRST_EDGE, EDGES, DETAIL = 9, 10, 1  # words of a node
NAMED: Final = (s.Record, s.Variant, s.Enum, s.Flags)


def bind(component: Component, classes: Classes, errors: Errors) -> None:
    """Say what values of `component` are in typed functions, once. errors: which exception stands for an error of a named type.

    Raises WasmError where a type that a function uses has no class, and TypeError where a class does not fit.
    """
    loaded = component._loaded
    parts = component._image.parts
    items = dict([*_types(loaded.imports, ()), *_types(loaded.exports, ())])
    by_type = {items[path]: found for path, found in classes.items() if path in items}
    raised = {items[path]: found for path, found in errors.items() if path in items}
    binder = _Binder(component, parts.words, by_type, raised)
    for signature, type in _functions(parts.plan):
        binder.function(signature, type)


def _types(items: plain.Plain, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Value types by path."""
    for name, (kind, *fields) in items:
        here = (*path, name)
        if kind == plain.VALUE_TYPE:
            yield here, fields[0]
        elif kind == plain.INSTANCE:
            yield from _types(fields[0], here)


def _functions(plan: plain.Plain) -> Iterator[tuple[int, int]]:
    """(signature, type) of the functions that Python calls or gives."""
    imported = dict(_imported(plan[5]))
    for number, *fields in plan[4]:
        if number == plain.LIFT:
            yield fields[2], fields[3]
        elif number == plain.LOWER and fields[0] in imported:
            yield fields[1], imported[fields[0]]


def _imported(items: plain.Plain) -> Iterator[tuple[int, int]]:
    for _, (kind, *fields) in items:
        if kind == plain.FUNC:
            yield fields[0], fields[1]
        elif kind == plain.INSTANCE:
            yield from _imported(fields[0])


class _Binder:
    """Walks types and nodes side by side."""

    def __init__(self, component: Component, words: bytes, classes: dict[int, Any], errors: dict[int, type[Err[Any]]]) -> None:
        self.words: tuple[int, ...] = struct.unpack(f"<{len(words) // 4}I", words)
        self.rows: list[Row] = component._loaded.types.rows
        self.types = component._loaded.types
        self.program = component._loaded.program
        self.classes = classes
        self.errors = errors
        self.seen: set[int] = set()
        self.edges = HEADER_WORDS + self.words[1] * NODE_WORDS
        self.signatures = self.edges + self.words[2] * EDGE_WORDS

    def function(self, signature: int, type: int) -> None:
        params, result = self.words[self.signatures + 2 * signature : self.signatures + 2 * signature + 2]
        func: Any = self.rows[type]
        for node, (_, t) in zip(self._parts(params), func.params, strict=True):
            self._walk(node, t)
        if func.result is not None:
            self._walk(result, func.result)

    def _word(self, node: int, at: int) -> int:
        return self.words[HEADER_WORDS + node * NODE_WORDS + at]

    def _parts(self, node: int) -> list[int]:
        first = self._word(node, FIRST_EDGE)
        return [self.words[self.edges + (first + i) * EDGE_WORDS + 1] for i in range(self._word(node, EDGES))]

    def _walk(self, node: int, type: int) -> None:
        if type < 0 or node in self.seen:
            return
        self.seen.add(node)
        row = self.rows[type]
        if isinstance(row, (s.List, s.FixedList)):
            self._walk(self._word(node, DETAIL), row.element)
        elif isinstance(row, s.Map):
            key, value = self._parts(self._word(node, DETAIL))
            self._walk(key, row.key)
            self._walk(value, row.value)
        else:
            self._bind(node, type, row)
            for part, t in zip(self._parts(node), _parts_of(row), strict=True):
                if t is not None and part != NONE:
                    self._walk(part, t)

    def _bind(self, node: int, type: int, row: Row) -> None:
        if isinstance(row, NAMED):
            found = self.classes.get(type)
            if found is None:
                raise WasmError(f"no class was given for the type {self.types.name(type)}")
            self.program.bind(node, tuple(found) if isinstance(row, (s.Enum, s.Variant)) else (found,))
        elif isinstance(row, s.Result):
            self.program.bind(node, (Ok, Err if row.error is None else self.errors.get(row.error, Err)))
        elif isinstance(row, s.Option) and row.type >= 0 and isinstance(self.rows[row.type], s.Option):
            self.program.bind(node, (Some,))


def _parts_of(row: Row) -> list[int | None]:
    """Types of what a node's edges lead to."""
    match row:
        case s.Record(fields):
            return [t for _, t in fields]
        case s.Variant(cases):
            return [t for _, t in cases]
        case s.Tuple(types):
            return list(types)
        case s.Option(some):
            return [None, some]
        case s.Result(ok, error):
            return [ok, error]
        case s.Enum(labels) | s.Flags(labels):
            return [None] * len(labels)
    return []
