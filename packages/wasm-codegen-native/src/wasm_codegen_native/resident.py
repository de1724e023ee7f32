"""Parameters that stay in the store's side area: those that a function only hands on, at their place, in its tail calls.

Nothing but calls writes the area, so it keeps a leaf's parameters to the end. Programs that are loops of tail calls (interpreters, state machines) have
many parameters and change few at a time: to copy each into the frame and back would be most of their work.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.register_plan import RESIDENT, TAILS, Plan
from wasm_codegen_native.signatures import IN_SIDE_AREA, Signature
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.op import LOCAL_GET, LOCAL_SET, LOCAL_TEE, RETURN_CALL
from wasm_environ.opcodes import ID_LIMIT, OPS

OTHER: Final = 255
# How many operands an op takes that leaves exactly one result and is no block, branch or call; OTHER: any other op.
BY_CONTEXT: Final = {"local.get": 0, "local.tee": 1, "global.get": 0, "ref.null": 0, "ref.is_null": 1, "ref.eq": 2, "select": 3}
FAR: Final = 96 * WORDS  # how far back from a call: fewer records than the value stack leaves entries unread (`values.PENDING`)


def make_operands() -> bytes:
    """The table of the two lines above."""
    table = bytearray([OTHER] * ID_LIMIT)
    for op in OPS:
        if op.mnemonic in BY_CONTEXT:
            table[op.id] = BY_CONTEXT[op.mnemonic]
        elif op.operands is not None and op.results is not None and len(op.results) == 1:
            table[op.id] = len(op.operands)
    return bytes(table)


OPERANDS: Final[bytes] = make_operands()


@final
class Resident:
    """Finds them."""

    def __init__(self, tables: ModuleTables) -> None:
        self.tables: ModuleTables = tables
        self.kept: vec[i64] = vec[i64]()  # per parameter: reads that hand it on in place, less all its accesses

    def leave(self, plan: Plan, ops: vec[i64], own: Signature) -> None:
        """Set RESIDENT in a leaf's plan."""
        x: i64 = 0
        while x < plan.params:
            if x == len(self.kept):
                self.kept = append(self.kept, 0)
            self.kept[x] = 0
            x += 1
        p: i64 = 0
        while p < len(ops):
            op = ops[p] & OP_MASK
            if op == LOCAL_GET or op == LOCAL_SET or op == LOCAL_TEE:
                x = ops[p + 1]
                if x < plan.params:
                    self.kept[x] -= 1
            elif plan.traits[op] == TAILS:
                self.count(ops, p, own, plan.params)
            p += WORDS
        x = 0
        while x < plan.params:
            if plan.first[x] >= 0 and own.registers[x] == IN_SIDE_AREA and self.kept[x] == 0:
                plan.first[x] = RESIDENT
            x += 1

    def count(self, ops: vec[i64], call: i64, own: Signature, params: i64) -> None:
        """The arguments of one tail call, from the last on, as far back as they are expressions without control flow."""
        theirs = self.tables.signature(ops[call + 2])
        p = call - WORDS
        if ops[call] & OP_MASK != RETURN_CALL:  # the callee is on top
            p = before(ops, p)
        k: i64 = len(theirs.params) - 1
        while k >= 0 and p >= 0 and p >= call - FAR:
            if ops[p] & OP_MASK == LOCAL_GET:
                x = ops[p + 1]
                if x < params and theirs.registers[k] == IN_SIDE_AREA and own.registers[x] == IN_SIDE_AREA and own.offsets[x] == theirs.offsets[k]:
                    self.kept[x] += 1
            p = before(ops, p)
            k -= 1


def before(ops: vec[i64], p: i64) -> i64:
    """Where the record before an expression is that ends with the record at p; negative when that cannot be told."""
    missing: i64 = 1
    while missing > 0 and p >= 0:
        operands: i64 = OPERANDS[ops[p] & OP_MASK]
        if operands == OTHER:
            return -1
        missing += operands - 1
        p -= WORDS
    if missing != 0:
        return -1
    return p
