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
OWN: Final = 5  # told apart by name in the driver
LIBCALL: Final = 6  # a row of `bulk`
WAIT: Final = 7
EXCEPTION: Final = 8
# What the machine lowers, a chapter after the other.
FIRST_OF_MACHINE: Final = 9
INTEGER_BINARY: Final = 9
INTEGER_COMPARE: Final = 10
INTEGER_EQZ: Final = 11
INTEGER_COUNT: Final = 12
INTEGER_WRAP: Final = 13
INTEGER_EXTEND_U: Final = 14
INTEGER_EXTEND_S: Final = 15  # number: log2 of the bytes extended
WIDE_ARITHMETIC: Final = 16
LAST_INTEGER: Final = 16
LOAD: Final = 17
STORE: Final = 18
MEMORY_SIZE: Final = 19
LAST_MEMORY: Final = 19
FLOAT_BINARY: Final = 20
FLOAT_COMPARE: Final = 21
FLOAT_UNARY: Final = 22
FLOAT_RESIZE: Final = 23
FLOAT_TRUNC: Final = 24  # to an integer; number: 1 for unsigned, 2 for f64
FLOAT_TRUNC_SAT: Final = 25
FLOAT_CONVERT: Final = 26  # from an integer; number: 1 for unsigned, 2 for i64
REINTERPRET_FLOAT: Final = 27  # as an integer
REINTERPRET_INTEGER: Final = 28
LAST_FLOAT: Final = 28
REFERENCE: Final = 29
AGGREGATE: Final = 30
CAST: Final = 31
DESCRIPTOR: Final = 32
VECTOR: Final = 33  # all of the prefix but v128.const: each ISA has a table of its own for these
ATOMIC_FENCE: Final = 34
ATOMIC_LOAD: Final = 35  # atomic accesses: number within SEVEN
ATOMIC_STORE: Final = 36
ATOMIC_RMW: Final = 37  # and 7 for each of add sub and or xor xchg
ATOMIC_CMPXCHG: Final = 38

# fmt: off
# Integer types and widths of atomic accesses, in the order of their opcodes; the zero-extending ones end in _u.
SEVEN: Final = (("i32", "", ""), ("i64", "", ""), ("i32", "8", "_u"), ("i32", "16", "_u"), ("i64", "8", "_u"), ("i64", "16", "_u"), ("i64", "32", "_u"))
ARITHMETIC: Final = ("add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr")
RMW: Final = ("add", "sub", "and", "or", "xor", "xchg")

# Columns: kind, what the mnemonics begin with (numbers start again for each), the rest of them in the order of their numbers.
ROWS: Final = (
    (VARIABLE,            ("local.",),        ("get", "set", "tee")),
    (VARIABLE,            ("global.",),       ("get", "set")),
    (CONSTANT,            ("i32.", "i64.", "f32.", "f64."), ("const",)),
    (CONTROL,             ("",),              ("unreachable", "nop", "block", "loop", "if", "else", "end", "br", "br_if", "br_table", "return")),
    (CONTROL,             ("", "return_"),    ("call", "call_indirect", "call_ref")),
    (DROP,                ("",),              ("drop",)),
    (OWN,                 ("",),              ("v128.const", "ref.null", "ref.as_non_null", "br_on_null", "br_on_non_null")),
    (OWN,                 ("",),              ("any.convert_extern", "extern.convert_any")),
    (LIBCALL,             ("memory.",),       ("grow", "copy", "fill", "init")),
    (LIBCALL,             ("table.",),        ("get", "set", "grow", "fill", "copy", "init")),
    (LIBCALL,             ("",),              ("data.drop", "elem.drop", "ref.func")),
    (LIBCALL,             ("array.",),        ("new_data", "new_elem", "init_data", "init_elem", "copy", "fill")),
    (WAIT,                ("memory.atomic.",), ("notify", "wait32", "wait64")),
    (EXCEPTION,           ("",),              ("try", "catch", "catch_all", "delegate", "rethrow", "throw", "throw_ref", "try_table")),

    (INTEGER_BINARY,      ("i32.", "i64."),   ARITHMETIC),
    (INTEGER_COMPARE,     ("i32.", "i64."),   ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")),
    (INTEGER_EQZ,         ("i32.", "i64."),   ("eqz",)),
    (INTEGER_COUNT,       ("i32.", "i64."),   ("clz", "ctz", "popcnt")),
    (INTEGER_WRAP,        ("i32.",),          ("wrap_i64",)),
    (INTEGER_EXTEND_U,    ("i64.",),          ("extend_i32_u",)),
    (INTEGER_EXTEND_S,    ("i32.",),          ("extend8_s", "extend16_s")),
    (INTEGER_EXTEND_S,    ("i64.",),          ("extend8_s", "extend16_s", "extend32_s")),
    (INTEGER_EXTEND_S,    ("i64.",),          ("extend8_s", "extend16_s", "extend_i32_s")),
    (WIDE_ARITHMETIC,     ("i64.",),          ("add128", "sub128", "mul_wide_s", "mul_wide_u")),

    (LOAD,                ("i32.", "i64.", "f32.", "f64."), ("load",)),
    (LOAD,                ("i32.", "i64."),   ("load8_s", "load8_u", "load16_s", "load16_u")),
    (LOAD,                ("i64.",),          ("load32_s", "load32_u")),
    (STORE,               ("i32.", "i64.", "f32.", "f64."), ("store",)),
    (STORE,               ("i32.", "i64."),   ("store8", "store16")),
    (STORE,               ("i64.",),          ("store32",)),
    (MEMORY_SIZE,         ("memory.",),       ("size",)),

    (FLOAT_BINARY,        ("f32.", "f64."),   ("add", "sub", "mul", "div", "min", "max", "copysign")),
    (FLOAT_COMPARE,       ("f32.", "f64."),   ("eq", "ne", "lt", "gt", "le", "ge")),
    (FLOAT_UNARY,         ("f32.", "f64."),   ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")),
    (FLOAT_RESIZE,        ("f32.demote_f64", "f64.promote_f32"), ("",)),
    (FLOAT_TRUNC,         ("i32.", "i64."),   ("trunc_f32_s", "trunc_f32_u", "trunc_f64_s", "trunc_f64_u")),
    (FLOAT_TRUNC_SAT,     ("i32.", "i64."),   ("trunc_sat_f32_s", "trunc_sat_f32_u", "trunc_sat_f64_s", "trunc_sat_f64_u")),
    (FLOAT_CONVERT,       ("f32.", "f64."),   ("convert_i32_s", "convert_i32_u", "convert_i64_s", "convert_i64_u")),
    (REINTERPRET_FLOAT,   ("i32.reinterpret_f32", "i64.reinterpret_f64"), ("",)),
    (REINTERPRET_INTEGER, ("f32.reinterpret_i32", "f64.reinterpret_i64"), ("",)),

    (REFERENCE,           ("",),              ("select", "ref.is_null", "ref.eq", "table.size")),
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
