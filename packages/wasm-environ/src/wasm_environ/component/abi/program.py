"""Call programs: a component's value types and function signatures as flat data, which the runtime's interpreter of the canonical ABI executes.

A program is 32-bit words and the labels that they name by number:

    header      VERSION, nodes, edges, signatures
    node        kind, detail, length, classes, size and alignment (32-bit addresses), size and alignment (64-bit), flat, first edge, edges
    edge        label, node, offset (32-bit addresses), offset (64-bit)
    signature   node of a tuple of the parameters, node of the result

A node is a type; nodes refer to earlier nodes only. Its edges are fields, elements, cases or labels, in order; `label` and `node` may be NONE. `offset` is
where the part lies in memory. `flat` is how many core values it takes, at most FLAT_LIMIT. `detail`: of lists the element, of maps the tuple of key and
value, of handles the resource, of what has a discriminant or bits their size in bytes. `classes` says what Python values of the type are (CLASS_*), by which
values of a variant are told apart; with TAGGED that does not work and they are Variant objects (the rule of wasmtime-py).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple, final

from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import MAX_BYTES, Layout, Layouts, discriminant_size, flags_size
from wasm_environ.component.types import TypeTable
from wasm_environ.types import I64

VERSION: Final = 1
NONE: Final = 0xFFFFFFFF
NODE_WORDS: Final = 11
EDGE_WORDS: Final = 4
MAX_DEPTH: Final = 200  # types inside of each other: the interpreter recurses

# Kinds of nodes: those of primitive types are their numbers in `syntax`, made positive (BOOL is 1 ... STRING is 13).
LIST: Final = 14
FIXED_LIST: Final = 15
MAP: Final = 16
RECORD: Final = 17
TUPLE: Final = 18
VARIANT: Final = 19
ENUM: Final = 20
OPTION: Final = 21
RESULT: Final = 22
FLAGS: Final = 23
OWN: Final = 24
BORROW: Final = 25
UNSUPPORTED: Final = 26  # stream, future, error-context

CLASS_BOOL: Final = 1
CLASS_INT: Final = 2
CLASS_FLOAT: Final = 4
CLASS_STR: Final = 8
CLASS_BYTES: Final = 16
CLASS_LIST: Final = 32
CLASS_DICT: Final = 64
CLASS_RECORD: Final = 128
CLASS_TUPLE: Final = 256
CLASS_VARIANT: Final = 512
CLASS_SET: Final = 1024
CLASS_RESOURCE: Final = 2048
CLASS_OBJECT: Final = 4096  # None, which stands for a case without a payload
TAGGED: Final = 1 << 31

_INTEGERS: Final = (s.S8, s.U8, s.S16, s.U16, s.S32, s.U32, s.S64, s.U64)
_PRIMITIVE_CLASSES: Final = {s.BOOL: CLASS_BOOL, s.F32: CLASS_FLOAT, s.F64: CLASS_FLOAT, s.CHAR: CLASS_STR, s.STRING: CLASS_STR, s.ERROR_CONTEXT: 0}


class CallProgram(NamedTuple):
    """See the module: `words` little-endian, `labels` of fields, cases and flags."""

    words: bytes
    labels: tuple[str, ...]


class _Node(NamedTuple):
    kind: int
    detail: int = 0
    length: int = 0
    classes: int = 0
    edges: tuple[tuple[str, int], ...] = ()  # label or "", node or NONE


@final
class ProgramBuilder:
    """Makes the call program of a component from its types, signature by signature."""

    def __init__(self, table: TypeTable) -> None:
        self.table = table
        self.layouts = Layouts(table), Layouts(table, I64)
        self._nodes: list[tuple[_Node, Layout, Layout]] = []
        self._of_type: dict[int, int] = {}
        self._tuples: dict[tuple[int, ...], int] = {}
        self._signatures: dict[tuple[int, int], int] = {}
        self._labels: dict[str, int] = {}

    def signature(self, type: int) -> int:
        """The number of a function type's signature. Equal ones share it."""
        func = self.table.rows[type]
        assert isinstance(func, s.Func)
        key = self._tuple(tuple([t for _, t in func.params])), NONE if func.result is None else self.node(func.result)
        return self._signatures.setdefault(key, len(self._signatures))

    def result_signature(self, result: int | None) -> int:
        """That of a function without parameters: what task.return is given."""
        key = self._tuple(()), NONE if result is None else self.node(result)
        return self._signatures.setdefault(key, len(self._signatures))

    def program(self) -> CallProgram:
        """What was asked for so far."""
        edges: list[int] = []
        nodes: list[int] = []
        for node, small, large in self._nodes:
            first = len(edges) // EDGE_WORDS
            for i, (label, part) in enumerate(node.edges):
                number = self._labels.setdefault(label, len(self._labels)) if label else NONE
                edges += (number, part, _offset(small, i), _offset(large, i))
            nodes += (node.kind, node.detail, node.length, node.classes, small.size, small.alignment, large.size, large.alignment)
            nodes += (len(small.flat), first, len(node.edges))
        signatures = [word for key in self._signatures for word in key]
        words = [VERSION, len(self._nodes), len(edges) // EDGE_WORDS, len(self._signatures), *nodes, *edges, *signatures]
        return CallProgram(struct.pack(f"<{len(words)}I", *words), tuple(self._labels))

    def node(self, type: int) -> int:
        """The number of a value type's node. Types are made part by part, so deep ones are refused before they are walked."""
        found = self._of_type.get(type)
        if found is None:
            small, large = self.layouts[0].of(type), self.layouts[1].of(type)
            self._check(small, large)
            node = self._primitive(type) if type < 0 else self._node(type)
            found = self._of_type[type] = self._add(node, small, large)
        return found

    def classes(self, type: int) -> int:
        """What Python values of a type are, CLASS_*: of a variant that is tagged CLASS_VARIANT, else what any of its cases are."""
        return self._classes(self.node(type))

    def is_tagged(self, type: int) -> bool:
        """Whether values of a variant, option or result name their case: two cases are of one class."""
        return self._nodes[self.node(type)][0].classes & TAGGED != 0

    def _check(self, small: Layout, large: Layout) -> None:
        if small.depth > MAX_DEPTH:
            raise UnsupportedError(f"component types more than {MAX_DEPTH} levels deep are not supported")
        if large.size > MAX_BYTES:
            raise UnsupportedError(f"component types of more than {MAX_BYTES} bytes are not supported")

    def _add(self, node: _Node, small: Layout, large: Layout) -> int:
        self._nodes.append((node, small, large))
        return len(self._nodes) - 1

    def _classes(self, node: int) -> int:
        """What Python values of a node are: of a variant whose values are bare, what any of its cases are."""
        classes = self._nodes[node][0].classes
        return CLASS_VARIANT if classes & TAGGED else classes

    def _primitive(self, type: int) -> _Node:
        if type == s.ERROR_CONTEXT:
            return _Node(UNSUPPORTED)
        return _Node(-type, classes=CLASS_INT if type in _INTEGERS else _PRIMITIVE_CLASSES[type])

    def _tuple(self, types: tuple[int, ...]) -> int:
        """A node of a tuple that is no type of the table: parameters; key and value of a map."""
        found = self._tuples.get(types)
        if found is None:
            small, large = self.layouts[0].sequence(types), self.layouts[1].sequence(types)
            self._check(small, large)
            node = _Node(TUPLE, classes=CLASS_TUPLE, edges=tuple([("", self.node(t)) for t in types]))
            found = self._tuples[types] = self._add(node, small, large)
        return found

    def _cases(self, kind: int, cases: tuple[tuple[str, int | None], ...]) -> _Node:
        edges = tuple([(label, NONE if t is None else self.node(t)) for label, t in cases])
        classes = 0
        for _, part in edges:
            mine = CLASS_OBJECT if part == NONE else self._classes(part)
            if classes & mine:
                classes = TAGGED
                break
            classes |= mine
        return _Node(kind, discriminant_size(len(cases)), classes=classes, edges=edges)

    def _node(self, type: int) -> _Node:
        match self.table.rows[type]:
            case s.Record(fields):
                return _Node(RECORD, classes=CLASS_RECORD, edges=tuple([(label, self.node(t)) for label, t in fields]))
            case s.Tuple(types):
                return _Node(TUPLE, classes=CLASS_TUPLE, edges=tuple([("", self.node(t)) for t in types]))
            case s.Variant(cases):
                return self._cases(VARIANT, cases)
            case s.Option(some):
                return self._cases(OPTION, (("none", None), ("some", some)))
            case s.Result(ok, error):
                return self._cases(RESULT, (("ok", ok), ("err", error)))
            case s.Enum(labels):
                return _Node(ENUM, discriminant_size(len(labels)), classes=CLASS_STR, edges=tuple([(label, NONE) for label in labels]))
            case s.Flags(labels):
                return _Node(FLAGS, flags_size(len(labels)), classes=CLASS_SET, edges=tuple([(label, NONE) for label in labels]))
            case s.List(element):
                return _Node(LIST, self.node(element), classes=CLASS_BYTES if element == s.U8 else CLASS_LIST)
            case s.FixedList(element, length):
                return _Node(FIXED_LIST, self.node(element), length, CLASS_BYTES if element == s.U8 else CLASS_LIST)
            case s.Map(key, value):
                return _Node(MAP, self._tuple((key, value)), classes=CLASS_DICT)
            case s.Own(resource):
                return _Node(OWN, resource, classes=CLASS_RESOURCE)
            case s.Borrow(resource):
                return _Node(BORROW, resource, classes=CLASS_RESOURCE)
        return _Node(UNSUPPORTED)


def _offset(layout: Layout, i: int) -> int:
    """That of the i-th part: cases share one."""
    offsets = layout.offsets
    return offsets[i] if i < len(offsets) else offsets[0] if offsets else 0
