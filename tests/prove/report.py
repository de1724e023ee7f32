"""All of an instruction set's rows and functions: which are proved, which are wrong, and which no solver is asked about, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import z3

from prove import cases, linear, rows
from prove.functions import Differs, Function, prove_function, wrong, wrong_trap
from prove.rows import Fault, Isa, prove_row
from prove.terms import Term
from prove.texts import ISAS
from wasm_codegen_native.lowering_rows import Row, expand
from wasm_environ.opcodes import FIRST_ATOMIC, FIRST_VECTOR, OPS

# Why, and what looks at them instead.
FLOATING = "floating point, of which instructions are what wasm means, by IEEE 754; tests/test_ops.py, the official suite and pressure run them at the edges"
VECTORS = "vectors; tests/test_lanes.py runs lanes of 8 and 16 bits on all values, tests/test_ops.py and pressure the others on edge values"
ATOMICS = "atomic, which are about what other threads see; their addresses are those of loads and stores; tests/test_pressure.py and the official suite run them"
# Functions as the compiler emits them, by kind; of every so many the proof is also tried with something wrong, and must fail.
FUNCTIONS = {
    "numeric": cases.numeric, "divisions": cases.divisions, "wide": cases.wide, "conditions": cases.conditions, "accesses": cases.accesses,
    "sequences": cases.sequences, "others": cases.others, "featured": cases.featured,
}  # fmt: skip
KINDS = ("rows", *FUNCTIONS)
# Kinds that are about processors with extensions, which these instruction sets' chapters ask for.
FEATURED = {"riscv64": frozenset(("zba", "zicond"))}
TRIED_WRONG = 5


@dataclass
class Report:
    proved: int = 0
    faults: list[Fault] = field(default_factory=list)
    unproved: dict[str, list[str]] = field(default_factory=dict)


def cases_of(isa: Isa) -> list[tuple[Row, str]]:
    """A row and one of its ops."""
    return [(row, mnemonic) for row in isa.integer for mnemonic in expand(row.ops)]


def another(result: Term) -> Term:
    """Never what an op gives."""
    return z3.Not(result) if z3.is_bool(result) else result + 1


def prove_rows(name: str, chosen: Callable[[int, str], bool] = lambda number, mnemonic: True) -> Report:
    """The rows with these numbers and ops. Each is also compared with another result, from which it must differ: a proof that proves anything is none."""
    isa = ISAS[name]
    report = Report()
    for condition, claim in isa.opposites():
        found = rows.differs([], claim)
        if found is not None:
            report.faults.append(Fault(f"{name} condition {condition}", "its number with the lowest bit turned is the opposite", found))
    for number, (row, mnemonic) in enumerate(cases_of(isa)):
        if not chosen(number, mnemonic):
            continue
        fault = prove_row(isa, row, mnemonic)
        if fault is None and prove_row(isa, row, mnemonic, another) is None:
            fault = Fault(f"{name} {mnemonic} {row.operands!r} {row.code!r}", "the proof holds for a wrong meaning, too", "")
        if fault is None:
            report.proved += 1
        else:
            report.faults.append(fault)
    report.unproved = {
        FLOATING: sorted({mnemonic for row in isa.floating for mnemonic in expand(row.ops)}),
        VECTORS: [op.mnemonic for op in OPS if FIRST_VECTOR <= op.id < FIRST_ATOMIC],
        ATOMICS: [op.mnemonic for op in OPS if op.chapter == "atomic"],
    }
    return report


def holds_for_something_wrong(function: Function, name: str, differs: Differs) -> bool:
    """Whether results and addresses that are one more are proved as well, and another trap: for what always traps, by its constant or offset."""
    return prove_function(function, name, differs, wrong) is None and prove_function(function, name, differs, wrong_trap) is None


def prove_functions(name: str, kind: str, step: int = 1) -> Report:
    """Every so many functions of a kind. x86-64 divides by constants with products, which is a question about whole numbers."""
    report = Report()
    differs = linear.differs if kind == "divisions" and name == "x86_64" else rows.differs
    features = FEATURED.get(name, frozenset[str]()) if kind == "featured" else frozenset[str]()
    if kind == "featured" and not features:
        return report
    for number, plain in enumerate(FUNCTIONS[kind]()):
        if number % step:
            continue
        function = plain._replace(cpu_features=features)
        fault = prove_function(function, name, differs)
        if fault is None and number // step % TRIED_WRONG == 0 and holds_for_something_wrong(function, name, differs):
            fault = Fault(f"{name} {function.wat}", "the proof holds for something wrong, too", "")
        if fault is None:
            report.proved += 1
        else:
            report.faults.append(fault)
    return report


def prove(name: str, kind: str) -> Report:
    """All of a kind."""
    return prove_rows(name) if kind == "rows" else prove_functions(name, kind)
