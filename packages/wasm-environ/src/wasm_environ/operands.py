"""What a, b, c of an op stream record mean, a row an instruction: `body.py`'s rules as a table, for docs, dumps and tests."""

from __future__ import annotations

from typing import Final

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.opcodes import Op

Meaning = tuple[str, str, str]

NOTHING: Final[Meaning] = ("", "", "")
OPERAND: Final[Meaning] = ("operand type", "", "")
BLOCK: Final[Meaning] = ("label", "type index or -1", "height")
CALL: Final[Meaning] = ("function", "type index", "height")
BRANCH: Final[Meaning] = ("label", "values carried", "height")
CAST: Final[Meaning] = ("target type", "operand type", "")
DESCRIPTOR_CAST: Final[Meaning] = ("target type", "operand type", "descriptor never null << 32")
BRANCH_CAST: Final[Meaning] = ("label", "extra: carried, operand type, target type", "height")
BRANCH_DESCRIPTOR_CAST: Final[Meaning] = ("label", "extra: carried, operand type, target type, descriptor never null << 32", "height")
RESUMPTION: Final[Meaning] = ("type index", "extra: tag thrown or -1, handlers, (tag, label or -1)...", "height")
STRUCT_FIELD: Final[Meaning] = ("type index", "field | never null << 32", "storage type")
ALLOCATION: Final[Meaning] = ("type index", "", "")
DESCRIBED_ALLOCATION: Final[Meaning] = ("type index", "descriptor never null << 32", "")
ELEMENTS: Final[Meaning] = ("type index", "", "storage type")
ACCESS: Final[Meaning] = ("type index", "never null << 32", "storage type")
SEGMENT_ELEMENTS: Final[Meaning] = ("type index", "segment", "storage type")

# By mnemonic: every instruction whose type depends on context, and those with other immediates than a memarg or a lane.
ROWS: Final[dict[str, Meaning]] = {
    "unreachable": NOTHING,
    "block": BLOCK,
    "loop": BLOCK,
    "if": BLOCK,
    "else": ("label", "then falls through", "height"),
    "end": ("label", "falls through", "reachable after"),
    "try": BLOCK,
    "catch": ("label", "arm before falls through", "tag"),
    "catch_all": ("label", "arm before falls through", ""),
    "delegate": ("label", "falls through | reachable after << 1", "target label"),
    "rethrow": ("label", "", ""),
    "throw": ("tag", "type index", "height"),
    "throw_ref": ("", "", "height"),
    "try_table": ("label", "type index or -1", "extra: height, clauses, (kind, tag, label)..."),
    "br": BRANCH,
    "br_if": BRANCH,
    "br_table": ("targets", "extra: labels", "values carried"),
    "return": ("values carried", "", "height"),
    "call": CALL,
    "return_call": CALL,
    "call_indirect": ("table", "type index", "height"),
    "return_call_indirect": ("table", "type index", "height"),
    "call_ref": ("operand type", "type index", "height"),
    "return_call_ref": ("operand type", "type index", "height"),
    "cont.new": ("type index", "operand type", ""),
    "cont.bind": ("type index", "type index of the result", "height"),
    "suspend": ("tag", "type index", "height"),
    "resume": RESUMPTION,
    "resume_throw": RESUMPTION,
    "resume_throw_ref": RESUMPTION,
    "switch": ("type index", "tag", "height"),
    "br_on_null": BRANCH,
    "br_on_non_null": BRANCH,
    "br_on_cast": BRANCH_CAST,
    "br_on_cast_fail": BRANCH_CAST,
    "br_on_cast_desc_eq": BRANCH_DESCRIPTOR_CAST,
    "br_on_cast_desc_eq_fail": BRANCH_DESCRIPTOR_CAST,
    "drop": OPERAND,
    "select": OPERAND,
    "local.get": ("local", "value type", ""),
    "local.set": ("local", "value type", ""),
    "local.tee": ("local", "value type", ""),
    "global.get": ("global", "value type", ""),
    "global.set": ("global", "value type", ""),
    "table.get": ("table", "", ""),
    "table.set": ("table", "", ""),
    "table.size": ("table", "", ""),
    "table.grow": ("table", "", ""),
    "table.fill": ("table", "", ""),
    "table.copy": ("table", "source table", ""),
    "table.init": ("table", "segment", ""),
    "elem.drop": ("segment", "", ""),
    "memory.size": ("memory", "", ""),
    "memory.grow": ("memory", "", ""),
    "memory.fill": ("memory", "", ""),
    "memory.copy": ("memory", "source memory", ""),
    "memory.init": ("memory", "segment", ""),
    "data.drop": ("segment", "", ""),
    "i32.const": ("value", "", ""),
    "i64.const": ("value", "", ""),
    "f32.const": ("bits", "", ""),
    "f64.const": ("bits", "", ""),
    "v128.const": ("low bits", "high bits", ""),
    "i8x16.shuffle": ("low lanes", "high lanes", ""),
    "ref.null": ("value type", "", ""),
    "ref.is_null": OPERAND,
    "ref.as_non_null": OPERAND,
    "ref.func": ("function", "value type", ""),
    "ref.eq": NOTHING,
    "ref.test": CAST,
    "ref.test null": CAST,
    "ref.cast": CAST,
    "ref.cast null": CAST,
    "ref.cast_desc_eq": DESCRIPTOR_CAST,
    "ref.cast_desc_eq null": DESCRIPTOR_CAST,
    "ref.get_desc": ("type index", "operand type", ""),
    "any.convert_extern": OPERAND,
    "extern.convert_any": OPERAND,
    "ref.i31": NOTHING,
    "i31.get_s": NOTHING,
    "i31.get_u": NOTHING,
    "struct.new": ALLOCATION,
    "struct.new_default": ALLOCATION,
    "struct.new_desc": DESCRIBED_ALLOCATION,
    "struct.new_default_desc": DESCRIBED_ALLOCATION,
    "struct.get": STRUCT_FIELD,
    "struct.get_s": STRUCT_FIELD,
    "struct.get_u": STRUCT_FIELD,
    "struct.set": STRUCT_FIELD,
    "array.new": ELEMENTS,
    "array.new_default": ELEMENTS,
    "array.new_fixed": ("type index", "operands", "storage type"),
    "array.new_data": SEGMENT_ELEMENTS,
    "array.new_elem": SEGMENT_ELEMENTS,
    "array.init_data": SEGMENT_ELEMENTS,
    "array.init_elem": SEGMENT_ELEMENTS,
    "array.get": ACCESS,
    "array.get_s": ACCESS,
    "array.get_u": ACCESS,
    "array.set": ACCESS,
    "array.fill": ACCESS,
    "array.copy": ("type index", "source type index", "storage type"),
    "array.len": ("", "never null << 32", ""),
    "atomic.fence": NOTHING,
}


def meaning(op: Op) -> Meaning:
    """The names of a record's three operands, "" for one that is 0."""
    if "memarg" in op.immediates:
        return ("offset", "memory", "align | lane << 8" if "lane" in op.immediates else "align")
    if op.immediates == ("lane",):
        return ("lane", "", "")
    if op.operands is not None and not op.immediates:
        return NOTHING
    return ROWS[op.mnemonic]
