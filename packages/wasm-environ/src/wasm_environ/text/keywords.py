"""Every word of the text format, to tell a misplaced keyword from an unknown one."""

from __future__ import annotations

from typing import Final

from wasm_environ.opcodes import OPS

# Words that are not instructions, by where they stand.
_TYPES: Final = """
    i32 i64 f32 f64 v128 i8 i16 i8x16 i16x8 i32x4 i64x2 f32x4 f64x2
    any eq i31 struct array none func nofunc extern noextern exn noexn cont nocont
    anyref eqref i31ref structref arrayref nullref funcref nullfuncref externref nullexternref exnref nullexnref contref nullcontref
    ref null exact mut field sub final rec type descriptor describes shared pagesize
"""
_FIELDS: Final = """
    module definition instance binary quote import export start global table memory tag elem data item offset declare
    param result local then do catch catch_all catch_ref catch_all_ref on
"""
_SCRIPT: Final = """
    register invoke get either thread wait assert_return assert_trap assert_exhaustion assert_malformed assert_malformed_custom
    assert_invalid assert_invalid_custom assert_unlinkable assert_exception assert_suspension
    ref.extern ref.host ref.any ref.struct ref.array ref.exn
"""

KEYWORDS: Final = frozenset(
    [op.mnemonic for op in OPS if " " not in op.mnemonic] + _TYPES.split() + _FIELDS.split() + _SCRIPT.split()
)
