"""Functions whose machine code is proved: each integer op on parameters and constants, wide arithmetic, conditions, loads and stores with their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import z3

from prove.functions import Function, Outcome
from prove.memory import BASE, LENGTH, Access
from prove.terms import Term, low, number, sign_extend, zero_extend
from prove.wasm import MEANINGS, WIDTHS, as_number, expected
from wasm_environ.opcodes import BY_MNEMONIC
from wasm_environ.vmtypes import GUARD_EXTRA, RESERVATION

NAMES = {32: "i32", 64: "i64"}
Claims = list[tuple[Term, str]]


def trapping(traps: list[tuple[Term, str]], found: Outcome) -> Claims:
    """A trap only where the op has it, and no result where it has one."""
    if found.trap:
        return [(z3.Or(*(when for when, code in traps if code == found.trap)), f"traps only when the op does: {found.trap}")]
    return [(z3.Not(z3.Or(*(when for when, _ in traps))), "traps when the op does")]


# ---- one op
def of_op(mnemonic: str, constants: dict[int, int]) -> Function:
    """The op on parameters, and where there are some, on constants."""
    op = BY_MNEMONIC[mnemonic]
    widths = [WIDTHS[letter] for letter in op.operands or ""]
    result = WIDTHS[(op.results or "i")[0]]
    params = [width for k, width in enumerate(widths) if k not in constants]
    numbers = iter(range(len(params)))
    operands = [f"({NAMES[width]}.const {constants[k]})" if k in constants else f"(local.get {next(numbers)})" for k, width in enumerate(widths)]
    signature = f"(param {' '.join(NAMES[w] for w in params)}) (result {NAMES[result]})"

    def claims(parameters: list[Term], found: Outcome) -> Claims:
        given = iter(parameters)
        values = [number(constants[k], width) if k in constants else next(given) for k, width in enumerate(widths)]
        wanted, traps = expected(mnemonic, values)
        return [*trapping(traps, found), *([(found.results[0] == as_number(wanted), "the result")] if not found.trap else [])]

    return Function(f"(module (func {signature} ({mnemonic} {' '.join(operands)})))", tuple(params), (result,), claims)


INTERESTING = (0, 1, -1, 2, 3, 5, 9, 10, 31, 32, 33, 63, 64, 127, 128, -128, -129, 255, 2047, 2048, -2048, -2049, 4095, 4096, -4095, -4096, 0x7FFF, 0x8000,
               -0x8000, -0x8001, 0xFFFF, 0x10000, 0x7FFFFFFF, -0x80000000)  # fmt: skip
WIDER = (0x80000000, 0xFFFFFFFF, 0x100000000, -0x80000001, -0x100000000, 1 << 62, (1 << 63) - 1, -(1 << 63), 0x5555555555555555, 0xFF00, 0xFFFFFFFF00000000)
DIVISIONS = ("div_s", "div_u", "rem_s", "rem_u")


def numeric() -> Iterator[Function]:
    """Each op on parameters, and with constants on either side; divisions by constants are apart."""
    for mnemonic in MEANINGS:
        operands = BY_MNEMONIC[mnemonic].operands
        if operands is None:
            continue
        yield of_op(mnemonic, {})
        if len(operands) == 2 and not mnemonic.endswith(DIVISIONS):
            for side in (1, 0):
                for constant in (*INTERESTING, *(WIDER if mnemonic[:3] == "i64" else ())):
                    yield of_op(mnemonic, {side: constant})


# Divisors: small ones, those whose multiplier is one bit too wide, powers of two and what is beside them, the largest.
DIVISORS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 16, 19, 25, 28, 60, 100, 125, 255, 256, 257, 365, 625, 641, 1000, 3600, 10000, 65535, 65536, 65537, 86400,
            1000000, 0x3FFFFFFF, 0x40000000, 0x40000001, 0x55555555, 0x7FFFFFFE, 0x7FFFFFFF)  # fmt: skip
WIDER_DIVISORS = (0x80000000, 0xFFFFFFFF, 0x100000000, 0x100000001, 1000000007, 10**12, 10**18, (1 << 62) - 1, 1 << 62, (1 << 63) - 2, (1 << 63) - 1)


def divisions() -> Iterator[Function]:
    """By constants, of either sign; the least number is one."""
    for type, width, divisors in (("i32", 32, DIVISORS), ("i64", 64, (*DIVISORS, *WIDER_DIVISORS))):
        for name in DIVISIONS:
            for divisor in (0, *divisors, *(-d for d in divisors), -(1 << width - 1)):
                yield of_op(f"{type}.{name}", {1: divisor})


# ---- 128 bits
def wide() -> Iterator[Function]:
    def pair(parameters: list[Term]) -> tuple[Term, Term]:
        return z3.Concat(parameters[1], parameters[0]), z3.Concat(parameters[3], parameters[2])

    rows = (
        ("add128", 4, lambda p: pair(p)[0] + pair(p)[1]),
        ("sub128", 4, lambda p: pair(p)[0] - pair(p)[1]),
        ("mul_wide_s", 2, lambda p: sign_extend(p[0], 128) * sign_extend(p[1], 128)),
        ("mul_wide_u", 2, lambda p: zero_extend(p[0], 128) * zero_extend(p[1], 128)),
    )
    for name, count, meaning in rows:

        def claims(parameters: list[Term], found: Outcome, meaning=meaning) -> Claims:  # type: ignore[no-untyped-def]
            whole = meaning(parameters)
            return [(found.results[0] == low(whole, 64), "the low half"), (found.results[1] == z3.Extract(127, 64, whole), "the high half")]

        gets = " ".join(f"(local.get {k})" for k in range(count))
        yield Function(f"(module (func (param{' i64' * count}) (result i64 i64) (i64.{name} {gets})))", (64,) * count, (64, 64), claims)


# ---- conditions that a select, an if, a branch takes up
RELATIONS = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
USES = (
    ("select", "(select (local.get 2) (local.get 3) {})"),
    ("if", "(if (result {type}) {} (then (local.get 2)) (else (local.get 3)))"),
    ("br_if", "(block (result {type}) (drop (br_if 0 (local.get 2) {})) (local.get 3))"),
)


def of_condition(type: str, width: int, relation: str, negated: bool, text: str) -> Function:
    """One of two parameters, or zero, by a comparison of two others; its opposite if `negated`."""

    def claims(p: list[Term], found: Outcome) -> Claims:
        holds = MEANINGS[f"{type}.{relation}"].result(p[0], p[1])
        one, other = (p[k] if f"(local.get {k})" in text else number(0, width) for k in (2, 3))
        return [(found.results[0] == z3.If(z3.Not(holds) if negated else holds, one, other), "the result")]

    condition = f"({type}.{relation} (local.get 0) (local.get 1))"
    use = text.format(f"(i32.eqz {condition})" if negated else condition, type=type)
    return Function(f"(module (func (param{f' {type}' * 4}) (result {type}) {use}))", (width,) * 4, (width,), claims)


def conditions() -> Iterator[Function]:
    for type, width in (("i32", 32), ("i64", 64)):
        for relation in RELATIONS:
            for negated in (False, True):
                for _, text in USES:
                    yield of_condition(type, width, relation, negated, text)


# What becomes of a select where an extension has an instruction for it.
SELECTS = ("(select (local.get 2) (local.get 3) {})", "(select (local.get 2) ({type}.const 0) {})", "(select ({type}.const 0) (local.get 3) {})",
           "(local.set 2 (select (local.get 2) (local.get 3) {})) (local.get 2)", "(local.set 3 (select (local.get 2) (local.get 3) {})) (local.get 3)",
           "(local.set 1 (select (local.get 2) (local.get 3) {})) (local.get 1)", "(select (local.get 2) (local.get 3) (i32.and (i32.const 1) {}))")  # fmt: skip


def featured() -> Iterator[Function]:
    """What chapters do otherwise where the processor has more: selections, and the masks of addresses beyond a memory's end."""
    for type, width in (("i32", 32), ("i64", 64)):
        for relation in RELATIONS:
            for negated in (False, True):
                for text in SELECTS:
                    yield of_condition(type, width, relation, negated, text)
    yield from sequences()


# ---- memory
# Columns: what follows the type, bits, how a load extends.
LOADS = (("i32.load", 32, zero_extend), ("i32.load8_s", 8, sign_extend), ("i32.load8_u", 8, zero_extend), ("i32.load16_s", 16, sign_extend),
         ("i32.load16_u", 16, zero_extend), ("i64.load", 64, zero_extend), ("i64.load8_s", 8, sign_extend), ("i64.load8_u", 8, zero_extend),
         ("i64.load16_s", 16, sign_extend), ("i64.load16_u", 16, zero_extend), ("i64.load32_s", 32, sign_extend), ("i64.load32_u", 32, zero_extend))  # fmt: skip
STORES = (("i32.store", 32), ("i32.store8", 8), ("i32.store16", 16), ("i64.store", 64), ("i64.store8", 8), ("i64.store16", 16), ("i64.store32", 32))
# Columns: the memory, whether it has guards, bits of its addresses.
MEMORIES = (("(memory 1)", True, 32), ("(memory 1)", False, 32), ("(memory i64 1)", True, 64))
OFFSETS = (0, 1, 8, 2047, 2048, 4095, 4096, 0x7FFFF, 0x80000, 0x7FFFFFF8, 0x7FFFFFFF, 0x80000000, 0x90000000, 0xFFFFF000, 0xFFFFFFF8, 0xFFFFFFFF)
WIDER_OFFSETS = (0x100000000, 0x123456789ABC, (1 << 63) - 8, (1 << 63) - 1, 1 << 63, (1 << 64) - 16, (1 << 64) - 9, (1 << 64) - 8, (1 << 64) - 7, (1 << 64) - 1)




class Wanted(NamedTuple):
    """An access: of `bits`, at an address of 128 bits, where none wraps."""

    kind: str
    bits: int
    address: Term


def in_order(wanted: list[Wanted], found: Outcome, checked: bool, own: str = "") -> Claims:
    """These accesses, each within bounds and at its address; or as many, and a trap because of the next."""
    length = zero_extend(z3.BitVec(LENGTH + own, 64), 128)
    done = found.accesses
    if len(done) > len(wanted) or (len(done) < len(wanted)) != (found.trap != ""):
        return [(z3.BoolVal(False), f"{len(wanted)} accesses, not {len(done)}, or a trap")]
    claims: Claims = []
    for want, access in zip(wanted, done, strict=False):
        end = want.address + number(want.bits // 8, 128)
        within = z3.ULE(end, length if checked else number(RESERVATION + GUARD_EXTRA, 128))
        claims += [
            (within, "within the length" if checked else "within what is reserved"),
            (access.address == z3.BitVec(BASE + own, 64) + low(want.address, 64), "the address"),
            (z3.BoolVal(access.width == want.bits and access.kind == want.kind), "the access"),
        ]
    if found.trap:
        next_ = wanted[len(done)]
        beyond = z3.UGT(next_.address + number(next_.bits // 8, 128), length)
        claims.append((z3.And(z3.BoolVal(checked and found.trap == "MEMORY_OUT_OF_BOUNDS"), beyond), f"traps only out of bounds: {found.trap}"))
    return claims


def access(mnemonic: str, bits: int, memory: tuple[str, bool, int], offset: int, constant: int | None) -> Function:
    """A load or store at a parameter, or a constant, and an offset."""
    text, guarded, width = memory
    type = mnemonic[:3]
    result = WIDTHS["i" if type == "i32" else "I"]
    loads = "load" in mnemonic
    extend = {name: how for name, _, how in LOADS}.get(mnemonic, zero_extend)
    index = "(local.get 0)" if constant is None else f"({NAMES[width]}.const {constant})"
    params = [width] if constant is None else []
    if not loads:
        params.append(result)
    value = "" if loads else f" (local.get {len(params) - 1})"

    def claims(parameters: list[Term], found: Outcome) -> Claims:
        where = parameters[0] if constant is None else number(constant, width)
        address = zero_extend(where, 128) + number(offset, 128)
        claims = in_order([Wanted("load" if loads else "store", bits, address)], found, not guarded or width == 64)
        if not found.trap and found.accesses and found.accesses[0].width == bits:
            done = found.accesses[0].value
            claims.append((found.results[0] == extend(done, result) if loads else done == low(parameters[-1], bits), "the value"))
        return claims

    signature = f"(param {' '.join(NAMES[w] for w in params)})" + (f" (result {type})" if loads else "")
    wat = f"(module {text} (func {signature} ({mnemonic} offset={offset:#x} {index}{value})))"
    return Function(wat, tuple(params), (result,) if loads else (), claims, guarded)


# Columns: the memories, whether they have guards, bits of addresses, the index of the one that is accessed, whether addresses are masked.
SEVERAL = (("(memory 1)", True, 32, 0, True), ("(memory 1)", False, 32, 0, True), ("(memory 1)", False, 32, 0, False), ("(memory i64 1)", True, 64, 0, True),
           ("(memory i64 1)", True, 64, 0, False), ("(memory 1) (memory 1)", True, 32, 1, True), ("(memory i64 1) (memory i64 1)", True, 64, 1, True))  # fmt: skip
# Columns: an address in the text, what it is of the two parameters; {t}: the type of addresses.
ADDRESSES = (
    ("(local.get 0)", lambda a, b: a),
    ("({t}.add (local.get 0) ({t}.const 16))", lambda a, b: a + 16),
    ("({t}.sub (local.get 1) ({t}.const 1))", lambda a, b: b - 1),
    ("({t}.shl (local.get 1) ({t}.const 3))", lambda a, b: b << 3),
    ("({t}.add (local.get 0) ({t}.shl (local.get 1) ({t}.const 2)))", lambda a, b: a + (b << 2)),
    ("({t}.const 65528)", lambda a, b: a - a + 65528),
)


def sequences() -> Iterator[Function]:
    """A load, a store of what it gave, a load: where the base is kept, addresses are computed, and the first that is out of bounds is the last."""
    for row in SEVERAL:
        offsets = (0, 8, 0x7FFFFFF8, 0xFFFFFFF8, *((1 << 63, (1 << 64) - 8) if row[2] == 64 else ()))
        for k, offset in enumerate(offsets):
            for shift in range(k % 2 if row[2] == 64 else 0, len(ADDRESSES), 2 if row[2] == 64 else 1):  # 64 bits take longer
                yield sequence(row, tuple(ADDRESSES[(shift + step) % len(ADDRESSES)] for step in (0, 1 + k, 2 + k)), (offset, offsets[k - 1], 4))


def sequence(row: tuple[str, bool, int, int, bool], addresses: tuple[Any, ...], offsets: tuple[int, ...]) -> Function:
    """Of 64, 32 and 16 bits."""
    memories, guarded, width, index, spectre = row
    own = f" {index}" if index else ""
    at = [f"{own} offset={offset:#x} {text.format(t=NAMES[width])}" for (text, _), offset in zip(addresses, offsets, strict=True)]
    body = f"(local.set 2 (i64.load{at[0]})) (i64.store32{at[1]} (local.get 2)) (i32.load16_u{at[2]})"

    def claims(parameters: list[Term], found: Outcome) -> Claims:
        places = [zero_extend(meaning(*parameters), 128) + number(offset, 128) for (_, meaning), offset in zip(addresses, offsets, strict=True)]
        wanted = [Wanted(kind, bits, place) for kind, bits, place in zip(("load", "store", "load"), (64, 32, 16), places, strict=True)]
        claims = in_order(wanted, found, not guarded or width == 64, own)
        if len(found.accesses) > 1:
            claims.append((found.accesses[1].value == low(found.accesses[0].value, 32), "what is stored"))
        if not found.trap:
            claims.append((found.results[0] == zero_extend(found.accesses[2].value, 32), "the result"))
        return claims

    type = NAMES[width]
    wat = f"(module {memories} (func (param {type} {type}) (result i32) (local i64) {body}))"
    return Function(wat, (width, width), (32,), claims, guarded, spectre)


# ---- floats and vectors: their bits
def merged(accesses: list[Access]) -> list[Access]:
    """Two halves of a vector, whichever comes first, as one access."""
    found: list[Access] = []
    for each in accesses:
        before = found[-1] if found else None
        if before is not None and before.kind == each.kind and before.width == each.width == 64:
            distance = z3.simplify(each.address - before.address)
            if z3.is_bv_value(distance) and abs(distance.as_signed_long()) == 8:
                first, second = (before, each) if distance.as_signed_long() == 8 else (each, before)
                found[-1] = Access(each.kind, first.address, 128, z3.Concat(second.value, first.value))
                continue
        found.append(each)
    return found


def others() -> Iterator[Function]:
    """f32, f64 and v128: a load and a store of what it gave, or of a parameter."""
    for memory in MEMORIES:
        for offset in (0, 8, 0x7FF8, 0x7FFFFFF0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF, *(WIDER_OFFSETS if memory[2] == 64 else ())):
            for type, bits in (("f32", 32), ("f64", 64)):
                yield float_access(memory, type, bits, offset, loads=True)
                yield float_access(memory, type, bits, offset, loads=False)
            yield vector_copy(memory, offset)


def float_access(memory: tuple[str, bool, int], type: str, bits: int, offset: int, loads: bool) -> Function:
    text, guarded, width = memory
    integer = NAMES[bits]

    def claims(parameters: list[Term], found: Outcome) -> Claims:
        wanted = Wanted("load" if loads else "store", bits, zero_extend(parameters[0], 128) + number(offset, 128))
        claims = in_order([wanted], found, not guarded or width == 64)
        if not found.trap and found.accesses:
            claims.append((found.accesses[0].value == (found.results[0] if loads else parameters[1]), "the value"))
        return claims

    if loads:
        body = f"(func (param {NAMES[width]}) (result {integer}) ({integer}.reinterpret_{type} ({type}.load offset={offset:#x} (local.get 0))))"
        return Function(f"(module {text} {body})", (width,), (bits,), claims, guarded)
    body = f"(func (param {NAMES[width]} {integer}) ({type}.store offset={offset:#x} (local.get 0) ({type}.reinterpret_{integer} (local.get 1))))"
    return Function(f"(module {text} {body})", (width, bits), (), claims, guarded)


def vector_copy(memory: tuple[str, bool, int], offset: int) -> Function:
    text, guarded, width = memory

    def claims(parameters: list[Term], found: Outcome) -> Claims:
        done = found._replace(accesses=merged(found.accesses))
        places = [zero_extend(parameter, 128) + number(offset, 128) for parameter in (parameters[1], parameters[0])]
        claims = in_order([Wanted("load", 128, places[0]), Wanted("store", 128, places[1])], done, not guarded or width == 64)
        if len(done.accesses) == 2:
            claims.append((done.accesses[0].value == done.accesses[1].value, "the value"))
        return claims

    body = f"(v128.store offset={offset:#x} (local.get 0) (v128.load offset={offset:#x} (local.get 1)))"
    return Function(f"(module {text} (func (param {NAMES[width]} {NAMES[width]}) {body}))", (width, width), (), claims, guarded)


def accesses() -> Iterator[Function]:
    for memory in MEMORIES:
        for offset in (*OFFSETS, *(WIDER_OFFSETS if memory[2] == 64 else ())):
            for mnemonic, bits, *_ in (*LOADS, *STORES):
                yield access(mnemonic, bits, memory, offset, None)
            for constant in (0, 1, 0x10000, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF, *((1 << 32, (1 << 64) - 8, (1 << 64) - 1) if memory[2] == 64 else ())):
                yield access("i32.load16_s", 16, memory, offset, constant)
                yield access("i64.store", 64, memory, offset, constant)
