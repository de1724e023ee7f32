"""The opcode table flattened to bytes, indexed by op id: what validation of most instructions comes down to."""

from __future__ import annotations

from typing import Final

from wasm_environ.features import Features
from wasm_environ.op import THROW
from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT, OPS, PREFIX_BASE
from wasm_environ.types import F32, F64, I32, I64, V128

# Classes of instructions.
ILLEGAL: Final = 0
PLAIN: Final = 1  # fixed signature, no immediates
LOAD: Final = 2  # memarg; address -> value
STORE: Final = 3  # memarg; address value ->
ACCESS: Final = 4  # memarg, perhaps a lane; any fixed signature that begins with the address
LANE: Final = 5  # a lane
PREFIX: Final = 6
OFF: Final = 7  # the feature is switched off
RULE: Final = 8  # a rule function of its own, or a case in the loop; the classes behind it share a rule function
LOCAL: Final = 9
INDIRECT_CALL: Final = 10
REFERENCE_CALL: Final = 11
FLOAT_CONST: Final = 12
TABLE: Final = 13
MEMORY: Final = 14
WIDE: Final = 15
STRUCT_ALLOCATION: Final = 16
STRUCT_ACCESS: Final = 17
ARRAY_ALLOCATION: Final = 18
ARRAY_ACCESS: Final = 19
ARRAY_INIT: Final = 20
TEST_OR_CAST: Final = 21
BRANCH_ON_CAST: Final = 22
CONVERT: Final = 23
I31: Final = 24
CAST_BY_DESCRIPTOR: Final = 25
BRANCH_BY_DESCRIPTOR: Final = 26
EXCEPTION: Final = 27
CONTINUATION: Final = 28

# Columns: class, its instructions.
SHARED: Final = (
    (LOCAL, ("local.get", "local.set", "local.tee")),
    (INDIRECT_CALL, ("call_indirect", "return_call_indirect")),
    (REFERENCE_CALL, ("call_ref", "return_call_ref")),
    (FLOAT_CONST, ("f32.const", "f64.const")),
    (TABLE, ("table.get", "table.set", "table.size", "table.grow", "table.fill", "table.copy", "table.init", "elem.drop")),
    (MEMORY, ("memory.size", "memory.grow", "memory.fill", "memory.copy", "memory.init", "data.drop")),
    (WIDE, ("i64.add128", "i64.sub128", "i64.mul_wide_s", "i64.mul_wide_u")),
    (STRUCT_ALLOCATION, ("struct.new", "struct.new_default", "struct.new_desc", "struct.new_default_desc")),
    (STRUCT_ACCESS, ("struct.get", "struct.get_s", "struct.get_u", "struct.set")),
    (ARRAY_ALLOCATION, ("array.new", "array.new_default", "array.new_fixed", "array.new_data", "array.new_elem")),
    (ARRAY_ACCESS, ("array.get", "array.get_s", "array.get_u", "array.set", "array.fill")),
    (ARRAY_INIT, ("array.init_data", "array.init_elem")),
    (TEST_OR_CAST, ("ref.test", "ref.test null", "ref.cast", "ref.cast null")),
    (BRANCH_ON_CAST, ("br_on_cast", "br_on_cast_fail")),
    (CONVERT, ("any.convert_extern", "extern.convert_any")),
    (I31, ("ref.i31", "i31.get_s", "i31.get_u")),
    (CAST_BY_DESCRIPTOR, ("ref.cast_desc_eq", "ref.cast_desc_eq null")),
    (BRANCH_BY_DESCRIPTOR, ("br_on_cast_desc_eq", "br_on_cast_desc_eq_fail")),
    (EXCEPTION, ("try", "catch", "catch_all", "delegate", "rethrow", "throw", "throw_ref", "try_table")),
    (CONTINUATION, ("cont.new", "cont.bind", "suspend", "switch", "resume", "resume_throw", "resume_throw_ref")),
)

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
    for group, mnemonics in SHARED:
        for mnemonic in mnemonics:
            assert table[BY_MNEMONIC[mnemonic].id] == RULE, mnemonic
            table[BY_MNEMONIC[mnemonic].id] = group
    for prefix in PREFIX_BASE:
        if prefix:
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
            marked[THROW] = EXCEPTION
        table = _classes[features] = bytes(marked)
    return table
