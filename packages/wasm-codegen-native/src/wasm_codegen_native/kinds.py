"""What lowers each op: by op id its kind, its number within the kind's row, and the type in its name."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64
from wasm_environ.op import SELECT, SELECT_VALTYPES
from wasm_environ.opcodes import BY_MNEMONIC, FIRST_ATOMIC, FIRST_VECTOR, ID_LIMIT

UNSUPPORTED: Final = 0
# What the driver lowers.
VARIABLE: Final = 1
CONSTANT: Final = 2  # of the type; v128.const is OWN
CONTROL: Final = 3
DROP: Final = 4
OWN: Final = 5  # table.size and v128.const, told apart by name
LIBCALL: Final = 6  # a row of `bulk`
WAIT: Final = 7
EXCEPTION: Final = 8
EXTEND_U: Final = 9  # i64.extend_i32_u
REFERENCE: Final = 10
AGGREGATE: Final = 11
CAST: Final = 12
DESCRIPTOR: Final = 13
# What the instruction set lowers, by rows or in its chapters.
FIRST_OF_ISA: Final = 14
NUMERIC: Final = 14  # rows
DIVISION: Final = 15
WIDE_ARITHMETIC: Final = 16
LOAD: Final = 17
STORE: Final = 18
MEMORY_SIZE: Final = 19
PARAMETRIC: Final = 20  # select
VECTOR: Final = 21  # all of the prefix but v128.const: each ISA has a table of its own for these
ATOMIC_FENCE: Final = 22
ATOMIC_LOAD: Final = 23  # atomic accesses: number within SEVEN
ATOMIC_STORE: Final = 24
ATOMIC_RMW: Final = 25  # and 7 for each of add sub and or xor xchg
ATOMIC_CMPXCHG: Final = 26

# fmt: off
# Integer types and widths of atomic accesses, in the order of their opcodes; the zero-extending ones end in _u.
SEVEN: Final = (("i32", "", ""), ("i64", "", ""), ("i32", "8", "_u"), ("i32", "16", "_u"), ("i64", "8", "_u"), ("i64", "16", "_u"), ("i64", "32", "_u"))
RMW: Final = ("add", "sub", "and", "or", "xor", "xchg")

# Columns: kind, what the mnemonics begin with (numbers start again for each), the rest of them in the order of their numbers.
ROWS: Final = (
    (VARIABLE,            ("local.",),        ("get", "set", "tee")),
    (VARIABLE,            ("global.",),       ("get", "set")),
    (CONSTANT,            ("i32.", "i64.", "f32.", "f64."), ("const",)),
    (CONTROL,             ("",),              ("unreachable", "nop", "block", "loop", "if", "else", "end", "br", "br_if", "br_table", "return")),
    (CONTROL,             ("", "return_"),    ("call", "call_indirect", "call_ref")),
    (DROP,                ("",),              ("drop",)),
    (OWN,                 ("",),              ("v128.const", "table.size")),
    (REFERENCE,           ("",),              ("ref.null", "ref.as_non_null", "br_on_null", "br_on_non_null", "any.convert_extern", "extern.convert_any")),
    (LIBCALL,             ("memory.",),       ("grow", "copy", "fill", "init")),
    (LIBCALL,             ("table.",),        ("get", "set", "grow", "fill", "copy", "init")),
    (LIBCALL,             ("",),              ("data.drop", "elem.drop", "ref.func")),
    (LIBCALL,             ("array.",),        ("new_data", "new_elem", "init_data", "init_elem", "copy", "fill")),
    (WAIT,                ("memory.atomic.",), ("notify", "wait32", "wait64")),
    (EXCEPTION,           ("",),              ("try", "catch", "catch_all", "delegate", "rethrow", "throw", "throw_ref", "try_table")),

    (NUMERIC,             ("i32.", "i64."),   ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "clz", "ctz", "popcnt")),
    (NUMERIC,             ("i32.", "i64."),   ("eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")),
    (NUMERIC,             ("i32.", "i64."),   ("extend8_s", "extend16_s")),
    (NUMERIC,             ("",),              ("i32.wrap_i64", "i64.extend32_s", "i64.extend_i32_s", "ref.is_null", "ref.eq")),
    (NUMERIC,             ("f32.", "f64."),   ("add", "sub", "mul", "div", "min", "max", "copysign", "eq", "ne", "lt", "gt", "le", "ge")),
    (NUMERIC,             ("f32.", "f64."),   ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")),
    (NUMERIC,             ("i32.trunc_", "i64.trunc_", "i32.trunc_sat_", "i64.trunc_sat_"), ("f32_s", "f32_u", "f64_s", "f64_u")),
    (NUMERIC,             ("f32.", "f64."),   ("convert_i32_s", "convert_i32_u", "convert_i64_s", "convert_i64_u")),
    (NUMERIC,             ("",),              ("f32.demote_f64", "f64.promote_f32")),
    (NUMERIC,             ("",),              ("i32.reinterpret_f32", "i64.reinterpret_f64", "f32.reinterpret_i32", "f64.reinterpret_i64")),
    (DIVISION,            ("i32.", "i64."),   ("div_s", "div_u", "rem_s", "rem_u")),
    (EXTEND_U,            ("i64.",),          ("extend_i32_u",)),
    (WIDE_ARITHMETIC,     ("i64.",),          ("add128", "sub128", "mul_wide_s", "mul_wide_u")),

    (LOAD,                ("i32.", "i64.", "f32.", "f64."), ("load",)),
    (LOAD,                ("i32.", "i64."),   ("load8_s", "load8_u", "load16_s", "load16_u")),
    (LOAD,                ("i64.",),          ("load32_s", "load32_u")),
    (STORE,               ("i32.", "i64.", "f32.", "f64."), ("store",)),
    (STORE,               ("i32.", "i64."),   ("store8", "store16")),
    (STORE,               ("i64.",),          ("store32",)),
    (MEMORY_SIZE,         ("memory.",),       ("size",)),

    (PARAMETRIC,          ("",),              ("select",)),
    (AGGREGATE,           ("struct.",),       ("new", "new_default", "get", "get_s", "get_u", "set")),
    (AGGREGATE,           ("array.",),        ("new", "new_default", "new_fixed", "get", "get_s", "get_u", "set", "len")),
    (CAST,                ("ref.test", "ref.cast"), ("", " null")),
    (CAST,                ("",),              ("br_on_cast", "br_on_cast_fail", "ref.i31", "i31.get_s", "i31.get_u")),
    (DESCRIPTOR,          ("",),              ("struct.new_desc", "struct.new_default_desc", "ref.get_desc", "ref.cast_desc_eq", "ref.cast_desc_eq null")),
    (DESCRIPTOR,          ("",),              ("br_on_cast_desc_eq", "br_on_cast_desc_eq_fail")),

    (ATOMIC_FENCE,        ("",),              ("atomic.fence",)),
    (ATOMIC_LOAD,         ("",),              tuple(f"{t}.atomic.load{width}{u}" for t, width, u in SEVEN)),
    (ATOMIC_STORE,        ("",),              tuple(f"{t}.atomic.store{width}" for t, width, _ in SEVEN)),
    (ATOMIC_RMW,          ("",),              tuple(f"{t}.atomic.rmw{width}.{name}{u}" for name in RMW for t, width, u in SEVEN)),
    (ATOMIC_CMPXCHG,      ("",),              tuple(f"{t}.atomic.rmw{width}.cmpxchg{u}" for t, width, u in SEVEN)),
)
# fmt: on
TYPES: Final = {"i32": T_I32, "i64": T_I64, "f32": T_F32, "f64": T_F64}


def by_op(cells: list[tuple[str, int]]) -> list[int]:
    """A column by op id, of (mnemonic, cell), 0 where there is none; the two ops that share a mnemonic share the cell."""
    column = [0] * ID_LIMIT
    for mnemonic, cell in cells:
        column[BY_MNEMONIC[mnemonic].id] = cell
    column[SELECT_VALTYPES] = column[SELECT]
    return column


def _columns() -> tuple[bytes, bytes, bytes]:
    """KIND, NUMBER, TYPE."""
    kinds: list[tuple[str, int]] = []
    numbers: list[tuple[str, int]] = []
    types: list[tuple[str, int]] = []
    for kind, prefixes, names in ROWS:
        for prefix in prefixes:
            for number, name in enumerate(names):
                mnemonic = prefix + name
                kinds.append((mnemonic, kind))
                numbers.append((mnemonic, number))
                types.append((mnemonic, TYPES.get(mnemonic[:3], 0)))
    column = by_op(kinds)
    for id in range(FIRST_VECTOR, FIRST_ATOMIC):
        if column[id] == UNSUPPORTED:
            column[id] = VECTOR
    return bytes(column), bytes(by_op(numbers)), bytes(by_op(types))


COLUMNS: Final = _columns()
KIND: Final[bytes] = COLUMNS[0]
NUMBER: Final[bytes] = COLUMNS[1]
TYPE: Final[bytes] = COLUMNS[2]
