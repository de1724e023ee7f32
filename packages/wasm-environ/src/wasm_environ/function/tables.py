"""The opcode table flattened to bytes, indexed by op id: what validation of most instructions comes down to."""

from __future__ import annotations

from typing import Final

from wasm_environ.features import Features
from wasm_environ.opcodes import ID_LIMIT, OPS
from wasm_environ.types import F32, F64, I32, I64, V128

# Classes of instructions.
ILLEGAL: Final = 0
PLAIN: Final = 1  # fixed signature, no immediates
LOAD: Final = 2  # memarg; address -> value
STORE: Final = 3  # memarg; address value ->
ACCESS: Final = 4  # memarg, perhaps a lane; any fixed signature that begins with the address
LANE: Final = 5  # a lane
RULE: Final = 6  # a rule function, or a case in the loop
PREFIX: Final = 7
OFF: Final = 8  # the feature is switched off

# In POP1..: the memory's address type.
ADDRESS: Final = 1

LETTERS: Final = {"i": I32, "I": I64, "f": F32, "F": F64, "v": V128, "a": ADDRESS}


def _classify(immediates: tuple[str, ...], operands: str | None, results: str | None) -> int:
    if operands is None or results is None:
        return RULE
    if not immediates:
        return PLAIN if len(results) <= 1 and len(operands) <= 3 else RULE
    if immediates == ("memarg",):
        if operands == "a":
            return LOAD
        return STORE if len(operands) == 2 and not results else ACCESS
    if immediates == ("memarg", "lane"):
        return ACCESS
    return LANE if immediates == ("lane",) else RULE


def _class_table() -> bytes:
    table = bytearray(ID_LIMIT)
    for op in OPS:
        table[op.id] = _classify(op.immediates, op.operands, op.results)
    for prefix in (0xFB, 0xFC, 0xFD, 0xFE):
        table[prefix] = PREFIX
    return bytes(table)


def _pop_table(n: int) -> bytes:
    """The type of the n-th operand from the top of the stack, 0 for none."""
    table = bytearray(ID_LIMIT)
    for op in OPS:
        if op.operands is not None and len(op.operands) > n:
            table[op.id] = LETTERS[op.operands[-1 - n]]
    return bytes(table)


def _result_table() -> bytes:
    table = bytearray(ID_LIMIT)
    for op in OPS:
        if op.results is not None and op.results:
            table[op.id] = LETTERS[op.results[0]]
    return bytes(table)


def _align_table() -> bytes:
    table = bytearray(ID_LIMIT)
    for op in OPS:
        table[op.id] = max(op.align, 0)
    return bytes(table)


def _lane_table() -> bytes:
    """How many lanes a lane immediate may choose from."""
    table = bytearray(ID_LIMIT)
    for op in OPS:
        if "memarg" in op.immediates:
            table[op.id] = 16 >> op.align if "lane" in op.immediates else 0
        elif "lane" in op.immediates:
            table[op.id] = int(op.mnemonic.split(".")[0].split("x")[1])
    return bytes(table)


CLASS: Final[bytes] = _class_table()
POP1: Final[bytes] = _pop_table(0)
POP2: Final[bytes] = _pop_table(1)
POP3: Final[bytes] = _pop_table(2)
PUSH: Final[bytes] = _result_table()
ALIGN: Final[bytes] = _align_table()
LANES: Final[bytes] = _lane_table()

_classes: dict[Features, bytes] = {}


def classes(features: Features) -> bytes:
    """CLASS with the instructions of switched off features marked OFF."""
    table = _classes.get(features)
    if table is None:
        marked = bytearray(CLASS)
        for op in OPS:
            if op.feature not in features:
                marked[op.id] = OFF
        # The two kinds of exception handling share `throw`, and reading `end` and friends costs nothing.
        if "legacy_exceptions" in features:
            marked[0x08] = RULE
        table = _classes[features] = bytes(marked)
    return table
