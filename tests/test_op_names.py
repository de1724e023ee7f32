"""No opcode number outside the table: code calls instructions by the names of `wasm_environ.op`, or asks a table by op id.

Nor are op ids, trap codes, the op stream's layout, the vm's and registers defined a second time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from wasm_codegen_native.isa.aarch64 import registers as aarch64
from wasm_codegen_native.isa.riscv64 import registers as riscv64
from wasm_codegen_native.isa.s390x import registers as s390x
from wasm_codegen_native.isa.x86_64 import registers as x86_64
from wasm_environ import body, traps, vmtypes
from wasm_environ import op as ids

PACKAGES = Path(__file__).parents[1] / "packages"
NAMED = ("wasm-environ", "wasm-codegen-native", "wasm-codegen-llvm")
# Where numbers are at home, and what calls other things `op`.
OTHERS = {"opcodes.py": "the table", "op.py": "made from it", "line_table.py": "DWARF's opcodes", "eh_frame.py": "DWARF's"}
FILES = [
    path
    for package in NAMED
    for path in sorted((PACKAGES / package / "src").rglob("*.py"))
    if path.name not in OTHERS and "component" not in path.parts
]
OWNERS = (ids, traps, body, vmtypes, x86_64, aarch64, riscv64, s390x)
HOMES = tuple(f"/{owner.__name__.replace('.', '/')}.py" for owner in OWNERS)
OWNED = {(name, value) for owner in OWNERS for name, value in vars(owner).items() if name.isupper() and isinstance(value, int)}
VARIABLES = ("op", "opcode", "next_op", "following")  # what holds an op id; `word & OP_MASK` does, too


def is_op(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in VARIABLES
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
        return isinstance(node.right, ast.Name) and node.right.id == "OP_MASK"
    return isinstance(node, ast.Name) and node.id in VARIABLES


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def is_bound(node: ast.expr) -> bool:
    """Of a prefix, whose ids are a range by definition."""
    return ast.unparse(node).startswith(("FIRST_", "PREFIX_"))


def holds_numbers(node: ast.expr | None, tables: dict[str, ast.expr]) -> bool:
    """Whether a set, a dict or the like, or what a name of the module stands for, lists numbers."""
    if isinstance(node, ast.Name):
        return holds_numbers(tables.get(node.id), {})
    if isinstance(node, ast.Call):
        return any(holds_numbers(argument, tables) for argument in node.args)
    listed = node.keys if isinstance(node, ast.Dict) else node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else []
    return any(each is not None and is_number(each) for each in listed)


def faults(tree: ast.Module, is_owner: bool = False) -> Iterator[tuple[int, str]]:
    tables = {node.target.id: node.value for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value}
    for name, value in tables.items():
        if not is_owner and isinstance(value, ast.Constant) and (name, value.value) in OWNED:
            yield value.lineno, f"{name} defined again"
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from faults_of_comparison(node, tables)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and is_op(node.left) and not is_bound(node.right):
            yield node.lineno, "arithmetic with an op id"
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("BY_MNEMONIC['", 'BY_MNEMONIC["')) and node.attr == "id":
            yield node.lineno, "a mnemonic looked up"


def faults_of_comparison(node: ast.Compare, tables: dict[str, ast.expr]) -> Iterator[tuple[int, str]]:
    sides = [node.left, *node.comparators]
    if not any(map(is_op, sides)):
        return
    if any(map(is_number, sides)) or any(holds_numbers(side, tables) for side in sides):
        yield node.lineno, "an op id compared with a number"
    ordered = any(isinstance(relation, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for relation in node.ops)
    if ordered and not all(is_op(side) or is_bound(side) for side in sides):
        yield node.lineno, "an op id in a range"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGES).as_posix())
def test_no_numbers(path: Path) -> None:
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")), path.as_posix().endswith(HOMES))) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("if op == 0x6A: pass", "an op id compared with a number"),
        ("if op in (0x6A, 0x6B): pass", "an op id compared with a number"),
        ("if op in frozenset((0x6A,)): pass", "an op id compared with a number"),
        ("T: Final = frozenset((0x6A,))\nif op in T: pass", "an op id compared with a number"),
        ("T: Final = {0x6A: 1}\nif op in T: pass", "an op id compared with a number"),
        ("if ops[p] & OP_MASK == 0x6A: pass", "an op id compared with a number"),
        ("if I32_ADD <= op <= I32_ROTR: pass", "an op id in a range"),
        ("n = op - I32_ADD", "arithmetic with an op id"),
        ("BR: Final = 0x0C", "BR defined again"),
        ("NULL_REFERENCE: Final = 12", "NULL_REFERENCE defined again"),
        ("LABEL_WORDS: Final = 11", "LABEL_WORDS defined again"),
        ("NULL_REFERENCE: Final = 13", None),
        ("BR: Final[i64] = BY_MNEMONIC['br'].id", "a mnemonic looked up"),
        ("if op == BR or op in (BR_IF, BR_TABLE) or op >= FIRST_ATOMIC or kind == 3: pass", None),
    ],
)
def test_the_rule_sees(source: str, fault: str | None) -> None:
    assert [text for _, text in faults(ast.parse(source))] == ([] if fault is None else [fault])
