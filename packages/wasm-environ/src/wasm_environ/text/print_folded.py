"""The folded form: operands inside the instruction that takes them, laid out on one line where they fit.

`(op a b)` is nothing but `a b op` written differently, so folding never changes the meaning: where the counts below are unknown (-1) or
operands do not come from single-result instructions, the rest simply stays in front.
"""

from __future__ import annotations

from typing import Final, final

from wasm_environ.text.print_code import CodePrinter

MAX_INDENT: Final = 40  # levels; deeper code is not indented further
_MAX_WIDTH: Final = 90
_NEVER: Final = 1 << 30

# Operands and results of what the opcode table leaves to rules; -1 as results: unknown, or more than one.
_ARITIES: Final[dict[str, tuple[int, int]]] = {
    "drop": (1, 0), "select": (3, 1), "local.get": (0, 1), "local.set": (1, 0), "local.tee": (1, 1), "global.get": (0, 1),
    "global.set": (1, 0), "table.get": (1, 1), "table.set": (2, 0), "table.size": (0, 1), "table.grow": (2, 1),
    "table.fill": (3, 0), "table.copy": (3, 0), "table.init": (3, 0), "elem.drop": (0, 0), "memory.size": (0, 1),
    "memory.grow": (1, 1), "memory.fill": (3, 0), "memory.copy": (3, 0), "memory.init": (3, 0), "data.drop": (0, 0),
    "i32.const": (0, 1), "i64.const": (0, 1), "f32.const": (0, 1), "f64.const": (0, 1), "v128.const": (0, 1),
    "ref.null": (0, 1), "ref.func": (0, 1), "ref.is_null": (1, 1), "ref.eq": (2, 1), "ref.as_non_null": (1, 1),
    "ref.test": (1, 1), "ref.test null": (1, 1), "ref.cast": (1, 1), "ref.cast null": (1, 1), "ref.cast_desc_eq": (2, 1),
    "ref.cast_desc_eq null": (2, 1), "ref.get_desc": (1, 1), "ref.i31": (1, 1), "i31.get_s": (1, 1), "i31.get_u": (1, 1),
    "any.convert_extern": (1, 1), "extern.convert_any": (1, 1), "struct.new_default": (0, 1), "struct.new_default_desc": (1, 1),
    "struct.get": (1, 1), "struct.get_s": (1, 1), "struct.get_u": (1, 1), "struct.set": (2, 0), "array.new": (2, 1),
    "array.new_default": (1, 1), "array.new_data": (2, 1), "array.new_elem": (2, 1), "array.get": (2, 1),
    "array.get_s": (2, 1), "array.get_u": (2, 1), "array.set": (3, 0), "array.len": (1, 1), "array.fill": (4, 0),
    "array.copy": (5, 0), "array.init_data": (4, 0), "array.init_elem": (4, 0), "br_if": (1, -1), "br_table": (1, 0),
    "br_on_null": (1, -1), "br_on_non_null": (1, -1), "br_on_cast": (1, -1), "br_on_cast_fail": (1, -1), "throw_ref": (1, 0),
    "cont.new": (1, 1),
}  # fmt: skip
_CALLS: Final = {
    "call": 0, "return_call": 0, "call_indirect": 1, "return_call_indirect": 1, "call_ref": 1, "return_call_ref": 1, "throw": 0,
    "suspend": 0, "cont.bind": 1, "resume": 1, "resume_throw": 1, "resume_throw_ref": 1, "switch": 1,
}  # fmt: skip


@final
class Node:
    """`(head children...)`. `width` is its length on one line, huge when it must not be on one; `results` as in the table above."""

    __slots__ = ("children", "head", "offset", "results", "width")

    def __init__(self, head: str, offset: int, results: int) -> None:
        self.head = head
        self.offset = offset
        self.results = results
        self.children: list[Node] = []
        self.width = len(head) + 2

    def add(self, child: Node) -> None:
        """Append a child."""
        self.children.append(child)
        self.width = min(_NEVER, self.width + child.width + 1)


def arity(p: CodePrinter, results: int) -> tuple[int, int]:
    """Operands and results of the instruction just read. `results` are the function's."""
    op = p.op
    word = op.mnemonic
    if op.operands is not None and op.results is not None:
        return len(op.operands), len(op.results) if len(op.results) < 2 else -1
    if word in _CALLS:
        if p.signature is None:
            return 0, -1
        count = len(p.signature.results)
        return len(p.signature.params) + _CALLS[word], count if count < 2 else -1
    if word == "return":
        return results, 0
    if word in ("struct.new", "struct.new_desc", "array.new_fixed"):
        return p.count + (word == "struct.new_desc"), 1
    return _ARITIES.get(word, (0, -1))


@final
class Folder:
    """Builds the nodes of one body."""

    def __init__(self, printer: CodePrinter, results: int, hints: dict[int, int]) -> None:
        self.printer = printer
        self.results = results
        self.hints = hints
        self.lists: list[list[Node]] = [[]]  # what each open block holds so far
        self.open: list[Node] = []  # the blocks

    def nodes(self) -> list[Node]:
        """Read up to the final end."""
        p = self.printer
        while not p.done:
            p.next()
            word = p.op.mnemonic
            if word == "end":
                if not p.done:
                    self._close_arm()
            elif word in ("block", "loop", "try_table", "if", "try"):
                self._open(word)
            elif word in ("else", "catch", "catch_all", "delegate"):
                self._next_arm(word)
            else:
                takes, gives = arity(p, self.results)
                node = Node(self._hinted(p.text), p.offset, gives)
                self._take(node, takes)
                self.lists[-1].append(node)
        return self.lists[0]

    def _hinted(self, text: str) -> str:
        hint = self.hints.pop(self.printer.offset, -1) if self.hints else -1
        return text if hint < 0 else f"(@metadata.code.branch_hint \"\\{hint:02x}\") {text}"

    def _take(self, node: Node, count: int) -> None:
        """Move the last `count` nodes, as far as each gives one value, into the node."""
        before = self.lists[-1]
        start = len(before)
        while count > 0 and start > 0 and before[start - 1].results == 1:
            start -= 1
            count -= 1
        for child in before[start:]:
            node.add(child)
        del before[start:]

    def _open(self, word: str) -> None:
        p = self.printer
        count = len(p.signature.results) if p.signature is not None else -1
        node = Node(self._hinted(p.text), p.offset, count if count < 2 else -1)
        node.width = _NEVER
        if word == "if":
            self._take(node, 1)
        self.open.append(node)
        self.lists.append([])
        if word == "if" or word == "try":
            self.open.append(self._arm("then" if word == "if" else "do"))
            self.lists.append([])

    def _arm(self, head: str) -> Node:
        node = Node(head, self.printer.offset, -1)
        node.width = _NEVER
        return node

    def _close(self) -> Node:
        node = self.open.pop()
        node.children += self.lists.pop()
        return node

    def _close_arm(self) -> None:
        """At `end`: an arm and the if or try around it end together."""
        node = self._close()
        if node.head.split(" ", 1)[0] in ("then", "else", "do", "catch", "catch_all"):
            self.lists[-1].append(node)
            node = self._close()
        self.lists[-1].append(node)

    def _next_arm(self, word: str) -> None:
        self.lists[-2].append(self._close())
        if word == "delegate":
            self.lists[-1].append(Node(self.printer.text, self.printer.offset, -1))
            self.lists[-2].append(self._close())
            return
        self.open.append(self._arm(self.printer.text))
        self.lists.append([])


def one_line(node: Node) -> str:
    """The node on one line."""
    out: list[str] = []
    stack: list[Node | str] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        out.append(f"({item.head}")
        stack.append(")")
        for child in reversed(item.children):
            stack.append(child)
            stack.append(" ")
    return "".join(out)


def layout(nodes: list[Node], depth: int, with_offsets: bool) -> list[str]:
    """The lines of nodes at an indentation."""
    lines: list[str] = []
    stack: list[tuple[Node | None, int]] = [(node, depth) for node in reversed(nodes)]
    while stack:
        node, level = stack.pop()
        indent = "  " * min(level, MAX_INDENT)
        if node is None:
            lines[-1] += ")"
            continue
        prefix = f"(;@{node.offset:x};) " if with_offsets and node.offset >= 0 else ""
        if not node.children or node.width + 2 * min(level, MAX_INDENT) <= _MAX_WIDTH:
            lines.append(f"{indent}{prefix}{one_line(node)}")
            continue
        lines.append(f"{indent}{prefix}({node.head}")
        stack.append((None, level))
        stack += [(child, level + 1) for child in reversed(node.children)]
    return lines
