"""Canonical NaNs (`Tunables.canonical_nans`): what follows an instruction whose NaN result must be the canonical one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import f32_literal, f64_literal
from wasm_codegen_llvm.lower.vector import push_shaped, shaped
from wasm_environ import nans

if TYPE_CHECKING:
    from wasm_codegen_llvm.function import FunctionLowering

# Columns: the floats as in `nans`, their type, the condition's type, the canonical NaN. LLVM reads a vector's element as a double.
ROWS: Final = (
    (nans.SCALAR_F32, "float", "i1", f32_literal(nans.CANONICAL_F32)),
    (nans.SCALAR_F64, "double", "i1", f64_literal(nans.CANONICAL_F64)),
    (nans.LANES_F32, "<4 x float>", "<4 x i1>", f"splat (float {f64_literal(nans.CANONICAL_F64)})"),
    (nans.LANES_F64, "<2 x double>", "<2 x i1>", f"splat (double {f64_literal(nans.CANONICAL_F64)})"),
)
BY_FLOATS: Final = {floats: (t, condition, nan) for floats, t, condition, nan in ROWS}


def canonicalize(f: FunctionLowering, floats: int) -> None:
    """The value on top gets the canonical NaN for any other."""
    t, condition, nan = BY_FLOATS[floats]
    value = f.stack.pop()
    vector = t[0] == "<"
    x = shaped(f, value, t) if vector else value
    n = f.next()
    suffix = f.debug_of(value)
    f.emit(f"%c{n} = fcmp uno {t} {x}, {x}{suffix}\n%v{n} = select {condition} %c{n}, {t} {nan}, {t} {x}{suffix}")
    if vector:
        push_shaped(f, f"%v{n}", t)
    else:
        f.stack.append(f"%v{n}")
