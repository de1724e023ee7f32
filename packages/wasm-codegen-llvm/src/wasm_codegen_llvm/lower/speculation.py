"""Masks of what was compared with a bound, so that no mispredicted branch reads what the guest chooses (`Tunables.spectre_mitigation`).

They are made without branches, and of values that LLVM cannot tell to be those of the branch, lest it drop them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState


def unforeseen(f: FunctionState, value: str) -> str:
    """An i64 as one that LLVM knows nothing of: a branch on the one says nothing of the other."""
    name = f"%u{f.next()}"
    f.emit(f'{name} = call i64 asm "", "=r,0"(i64 {value})')
    return name


def at_most(f: FunctionState, t: str, value: str, bound: str) -> str:
    """The lesser of two unsigned integers of type t."""
    n = f.next()
    if f.batch.isa.conditional_moves:
        f.emit(f"%m{n} = call {t} @llvm.umin.{t}({t} {value}, {t} {bound}){f.debug_of(value)}")
    else:
        f.emit(
            f"%d{n} = sub {t} {value}, {bound}{f.debug_of(value)}\n%c{n} = icmp ult {t} {value}, {bound}\n"
            f"%s{n} = sext i1 %c{n} to {t}\n%a{n} = and {t} %d{n}, %s{n}\n%m{n} = add {t} %a{n}, {bound}"
        )
    return f"%m{n}"


def below_or_zero(f: FunctionState, index: str, length: str) -> str:
    """An i64 index; 0 unless it is below the length."""
    n = f.next()
    f.emit(f"%d{n} = icmp ult i64 {index}, {length}\n%i{n} = select i1 %d{n}, i64 {index}, i64 0, !unpredictable !1")
    return f"%i{n}"
