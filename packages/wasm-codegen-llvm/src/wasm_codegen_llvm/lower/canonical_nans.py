"""Canonical NaNs (`Tunables.canonical_nans`): what follows an instruction whose NaN result must be the canonical one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import UNLIKELY, f32_literal, f64_literal
from wasm_codegen_llvm.lower.vector import push_shaped, shaped
from wasm_environ import nans

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

# Columns: the floats as in `nans`, their type, the canonical NaN. LLVM reads a vector's element as a double.
ROWS: Final = (
    (nans.SCALAR_F32, "float", f32_literal(nans.CANONICAL_F32)),
    (nans.SCALAR_F64, "double", f64_literal(nans.CANONICAL_F64)),
    (nans.LANES_F32, "<4 x float>", f"splat (float {f64_literal(nans.CANONICAL_F64)})"),
    (nans.LANES_F64, "<2 x double>", f"splat (double {f64_literal(nans.CANONICAL_F64)})"),
)
BY_FLOATS: Final = {floats: (t, nan) for floats, t, nan in ROWS}


def canonicalize(f: FunctionState, floats: int) -> None:
    """The value on top gets the canonical NaN for any other: scalars by a branch that is predicted, so that the usual value need not wait for the
    comparison; lanes by a select."""
    t, nan = BY_FLOATS[floats]
    value = f.stack.pop()
    suffix = f.debug_of(value)
    if t[0] == "<":
        x = shaped(f, value, t)
        n = f.next()
        condition = t[: t.index("x")] + "x i1>"
        f.emit(f"%c{n} = fcmp uno {t} {x}, {x}{suffix}\n%v{n} = select {condition} %c{n}, {t} {nan}, {t} {x}{suffix}")
        push_shaped(f, f"%v{n}", t)
        return
    n = f.next()
    f.emit(f"%c{n} = fcmp uno {t} {value}, {value}{suffix}\nbr i1 %c{n}, label %n{n}, label %k{n}{UNLIKELY}")
    f.cold.append(f"n{n}:\nbr label %k{n}")
    before = f.here
    f.continue_block(f"k{n}")
    f.emit(f"%v{n} = phi {t} [ {value}, %{before} ], [ {nan}, %n{n} ]")
    f.stack.append(f"%v{n}")
