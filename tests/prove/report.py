"""All rows of an ISA: which are proved, which are wrong, and which no solver is asked about, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import z3

from prove.rows import Fault, Isa, differs, prove_row
from prove.terms import Term
from wasm_codegen_native.lowering_rows import Row, expand

# Why, and what looks at them instead.
FLOATING = "floating point, of which instructions are what wasm means, by IEEE 754; tests/test_ops.py, the official suite and pressure run them at the edges"


@dataclass
class Report:
    proved: int = 0
    faults: list[Fault] = field(default_factory=list)
    unproved: dict[str, list[str]] = field(default_factory=dict)


def cases(isa: Isa) -> list[tuple[Row, str]]:
    """A row and one of its ops."""
    return [(row, mnemonic) for row in isa.integer for mnemonic in expand(row.ops)]


def another(result: Term) -> Term:
    """Never what an op gives."""
    return z3.Not(result) if z3.is_bool(result) else result + 1


def prove_isa(isa: Isa, chosen: Callable[[int, str], bool] = lambda number, mnemonic: True) -> Report:
    """The rows with these numbers and ops. Each is also compared with another result, from which it must differ: a proof that proves anything is none."""
    report = Report()
    for name, claim in isa.opposites():
        found = differs([], claim)
        if found is not None:
            report.faults.append(Fault(f"{isa.name} condition {name}", "its number with the lowest bit turned is the opposite", found))
    for number, (row, mnemonic) in enumerate(cases(isa)):
        if not chosen(number, mnemonic):
            continue
        fault = prove_row(isa, row, mnemonic)
        if fault is None and prove_row(isa, row, mnemonic, another) is None:
            fault = Fault(f"{isa.name} {mnemonic} {row.operands!r} {row.code!r}", "the proof holds for a wrong meaning, too", "")
        if fault is None:
            report.proved += 1
        else:
            report.faults.append(fault)
    report.unproved = {FLOATING: sorted({mnemonic for row in isa.floating for mnemonic in expand(row.ops)})}
    return report
