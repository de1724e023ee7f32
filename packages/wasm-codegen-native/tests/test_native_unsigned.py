"""Unsigned 64-bit quantities: the two functions that add and compare them, and that nothing else does."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

import wasm_codegen_native
from wasm_codegen_native.code import below, wrapping_add

SOURCE = Path(wasm_codegen_native.__file__).parent
FILES = [SOURCE / "driver.py", SOURCE / "bulk.py", *(path for name in ("memory", "atomic", "vector_memory") for path in SOURCE.glob(f"isa/*/{name}.py"))]
UNSIGNED = {"offset", "reach"}  # what a guest's module or address decides
EDGES = [(edge + step) % 2**64 for edge in (0, 2**31, 2**32, 2**33, 2**63) for step in (-64, -16, -1, 0, 1, 16, 64)]


def signed(value: int) -> int:
    return value - 2**64 if value >> 63 else value


def test_the_two_functions() -> None:
    for a, b in itertools.product(EDGES, EDGES):
        assert below(signed(a), signed(b)) == (a < b)
        assert wrapping_add(signed(a), signed(b)) == signed((a + b) % 2**64)


def mentions(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in UNSIGNED


def lines(source: str) -> list[int]:
    """Where an offset is an operand of signed arithmetic, of an ordering, or of a shift to the right."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.RShift, ast.LShift, ast.FloorDiv, ast.Mod)):
            operands: list[ast.expr] = [node.left, node.right]
        elif isinstance(node, ast.AugAssign) and not isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
            operands = [node.target, node.value]
        elif isinstance(node, ast.Compare) and not all(isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops):
            operands = [node.left, *node.comparators]
        else:
            continue
        found += [node.lineno] * any(map(mentions, operands))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_signed_arithmetic(path: Path) -> None:
    """`offset + size` once wrapped to a negative number, which every comparison took for a small one."""
    assert not lines(path.read_text())


@pytest.mark.parametrize("source", ["offset + size <= 3", "offset > 4", "offset += 1", "1 - reach", "x < offset"])
def test_the_check_finds_what_it_looks_for(source: str) -> None:
    assert lines(source)
