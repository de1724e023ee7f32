"""The op stream: one validated function body as flat data, the only thing a backend reads.

`FunctionBody.ops` holds records of four 64-bit words, one per *reachable* instruction:

    word 0                          word 1   word 2   word 3
    +------------------+---------+  +-----+  +-----+  +-----+
    | wasm byte offset | op id   |  |  a  |  |  b  |  |  c  |
    +------------------+---------+  +-----+  +-----+  +-----+
     63             16  15      0

`op id` is the row's `Op.id` in `opcodes.py` (= opcode byte, or prefix - 0xFB + 1 << 8 | sub-opcode). The byte offset counts from the start
of the module. What a, b, c mean is in `operands.py` as a table; the rules:

    control         a = label id (see below), b = number of values carried (br, br_if), c = stack height below those values
    block loop if   a = label id, b = type index of a block with parameters or -1, c = stack height below the parameters
    else            a = label id, b = 1 if the then-arm falls through, c = stack height of the label
    end             a = label id, b = 1 if the last instruction falls through, c = 1 if what follows is reachable
    br_table        a = number of targets without the default, b = index into `extra` of targets + 1 label ids, c = values carried
    return          a = number of results, c = stack height below them; does not count as a branch to label 0
    try_table       a, b as block; c = index into `extra` of: stack height below the parameters, number of clauses, then per clause its kind
                    (0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref), tag or -1, label id (a branch with the values, at that height)
    throw           a = tag, b = canonical type index, c = stack height below the values;   throw_ref: c = stack height below the operand
    try (legacy)    as block;   catch, catch_all: a = label id, b = 1 if the arm before falls through, c = tag;   rethrow: a = label id
    delegate        an `end` of try: a = label id, b = 1 if it falls through + 2 if what follows is reachable, c = label id it hands over to
    call            a = function index, b = canonical type index, c = stack height below the arguments; tail calls likewise
    call_indirect   a = table, b = canonical type index;   call_ref: a = the operand's value type, b = canonical type index
    cont.new        a = canonical type index of the continuation, b = the operand's value type;   cont.bind: a, b = those of operand and result
    suspend         a = tag, b = canonical type index of its function type;   switch: a = canonical type index of the continuation, b = tag
    resume...       a = canonical type index of the continuation, b = index into `extra` of: tag thrown or -1, number of handlers, then per handler its
                    tag and label id (a branch with the tag's values and the continuation), -1 for a switch
    these but new   c = stack height below the operands
    br_on_null      as br_if (b, c: the values below the reference);   br_on_non_null: as br_if, the reference counts among the values
    br_on_cast...   a = label id, b = index into `extra` of: values carried (with the reference), operand's type, target type, and with a descriptor
                    whether that is NEVER_NULL; c as br_if
    local.*         a = local, b = its value type;   global.*: a = global, b = its value type
    load, store     a = offset (as a signed 64-bit word), b = memory, c = log2 of the alignment | lane << 8
    const           a = value: i32 and i64 sign-extended, f32 and f64 their bits; v128: a = low, b = high 64 bits
    i8x16.shuffle   a, b = the 16 lane bytes, little-endian;   extract_lane, replace_lane: a = lane
    drop, select, ref.null, ref.is_null, ref.as_non_null, any.convert_extern, extern.convert_any: a = the operand's value type
    ref.func        a = function index, b = its value type
    ref.test, cast  a = target type (nullable or not), b = the operand's type
    struct.*        a = canonical type index, b = field, c = its storage type (get, set)
    array.*         a = canonical type index (destination), b = operand count, segment or source type, c = storage type of a's elements
    get, set, len, fill of these: NEVER_NULL in b if the object never is
    table.*         a = table (destination), b = element segment or source table;   elem.drop: a = segment
    memory.*        a = memory (destination), b = data segment or source memory;   data.drop: a = segment

Dead code is gone: nothing follows a br, br_table, return, unreachable, throw (tail calls likewise) until the `else` or `end` of
the innermost block
that is reachable again; blocks opened in dead code do not appear at all; a block whose end can't be reached makes what follows it dead.
An `else` or `end` record appears for every block record, also when the arm before it does not fall through.

Labels: `labels` holds records of LABEL_WORDS words, indexed by label id; label 0 is the function body. The words are the LABEL_* constants.
A value type list is a slice of `types`.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

WORDS: Final = 4
OP_MASK: Final = 0xFFFF
OFFSET_SHIFT: Final = 16

NEVER_NULL: Final = 1 << 32  # in word b of an access to an object: the operand's type is not nullable

LABEL_WORDS: Final = 11
LABEL_KIND: Final = 0  # KIND_*
LABEL_PARAMS: Final = 1  # index into `types` of the parameters ...
LABEL_PARAM_COUNT: Final = 2
LABEL_RESULTS: Final = 3  # ... and of the results
LABEL_RESULT_COUNT: Final = 4
LABEL_HEIGHT: Final = 5  # stack height below the parameters
LABEL_BRANCHES: Final = 6  # reachable branches that target it (a loop's: back edges); its own fall through not counted
LABEL_START: Final = 7  # record index (not word index) of block, loop, if; -1 for the function body
LABEL_ELSE: Final = 8  # record index of else, or -1
LABEL_END: Final = 9  # record index of end
LABEL_PARENT: Final = 10  # label id of the enclosing label, -1 for the function body

WITH_REFERENCE: Final = 1  # bit of a try_table clause's kind: catch_ref, catch_all_ref

KIND_FUNCTION: Final = 0
KIND_BLOCK: Final = 1
KIND_LOOP: Final = 2
KIND_IF: Final = 3
KIND_TRY_TABLE: Final = 4
KIND_TRY: Final = 5  # legacy exceptions


_EMPTY = vec[i64]()


@final
class FunctionBody:
    """One validated body. All vecs are owned by it; a backend may read, never write."""

    def __init__(self, index: int) -> None:
        self.index: i64 = index  # function index
        self.type_index: i64 = 0  # canonical type index of its signature
        self.params: i64 = 0  # how many of `locals` are parameters
        self.locals: vec[i64] = _EMPTY  # value type of every local, parameters first
        self.results: vec[i64] = _EMPTY
        self.ops: vec[i64] = _EMPTY  # WORDS words a record
        self.labels: vec[i64] = _EMPTY  # LABEL_WORDS words a record
        self.types: vec[i64] = _EMPTY  # pool of value types for labels
        self.extra: vec[i64] = _EMPTY  # pool for br_table targets, catch and handler clauses
        self.max_height: i64 = 0  # deepest operand stack
        self.is_leaf: bool = True  # no call of any kind (libcalls not counted)
        self.offset: i64 = 0  # byte offset of the body (its locals) in the module
