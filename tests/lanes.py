"""Vector ops on lanes of 8 and 16 bits, on all values: a module that runs each over memory, and what numpy makes of the same.

`lanes.py make ARCH FOLDER [CPU]` compiles the module with the native compiler for another machine; `lanes.py run FOLDER` runs it there; `lanes.py judge FOLDER` compares
here what it left there.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import wasm_facade

PAGE = 65536
# Beside all values of the other operand, and it beside all values of these.
EDGES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0x8001, 0xFFFF)
COUNTS = (*range(17), 33, -1, 1 << 31)
MODULE, SEEN = "module.pickle", "seen.pickle"
Array = Any  # numpy's, whole numbers of 64 bits; one row a vector


class Case(NamedTuple):
    """An op, the bits of lanes it takes, and its result: what each operand's lanes are, unsigned, and the count of a shift -> lanes of `to` bits."""

    op: str
    bits: int
    operands: int
    to: int
    result: Callable[..., Array]
    shift: bool = False


# ---- what the ops mean
def signed(a: Array, bits: int) -> Array:
    return (a ^ 1 << bits - 1) - (1 << bits - 1)


def clipped(a: Array, bits: int, sign: str) -> Array:
    """Saturated."""
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if sign == "s" else (0, (1 << bits) - 1)
    return a.clip(least, most)


def as_sign(a: Array, bits: int, sign: str) -> Array:
    return signed(a, bits) if sign == "s" else a


def side_by_side(a: Array, b: Array) -> Array:
    import numpy

    return numpy.concatenate((a, b), axis=1)


def half(a: Array, which: str) -> Array:
    middle = a.shape[1] // 2
    return a[:, :middle] if which == "low" else a[:, middle:]


def same_lanes(shape: str, w: int) -> Iterator[Case]:
    """Lanes that become lanes of the same width."""
    plain: dict[str, Callable[..., Array]] = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "eq": lambda a, b: 0 - (a == b), "ne": lambda a, b: 0 - (a != b)}
    if w == 16:
        plain["mul"] = lambda a, b: a * b
        plain["q15mulr_sat_s"] = lambda a, b: clipped(signed(a, w) * signed(b, w) + 0x4000 >> 15, w, "s")
    for name, compute in plain.items():
        yield Case(f"{shape}.{name}", w, 2, w, lambda a, b, compute=compute: compute(a.astype("int64"), b.astype("int64")))
    for s in "su":
        of_sign: dict[str, Callable[..., Array]] = {
            "add_sat": lambda a, b, s=s: clipped(a + b, w, s), "sub_sat": lambda a, b, s=s: clipped(a - b, w, s),
            "min": lambda a, b: a * (a < b) + b * (a >= b), "max": lambda a, b: a * (a > b) + b * (a <= b),
            "lt": lambda a, b: 0 - (a < b), "gt": lambda a, b: 0 - (a > b), "le": lambda a, b: 0 - (a <= b), "ge": lambda a, b: 0 - (a >= b),
        }  # fmt: skip
        for name, compute in of_sign.items():
            yield Case(f"{shape}.{name}_{s}", w, 2, w, lambda a, b, compute=compute, s=s: compute(as_sign(a, w, s), as_sign(b, w, s)))
    yield Case(f"{shape}.avgr_u", w, 2, w, lambda a, b: a + b + 1 >> 1)
    yield Case(f"{shape}.abs", w, 1, w, lambda a: abs(signed(a, w)))
    yield Case(f"{shape}.neg", w, 1, w, lambda a: -a)
    if w == 8:
        yield Case(f"{shape}.popcnt", w, 1, w, lambda a: sum(a >> k & 1 for k in range(8)))
    yield Case(f"{shape}.shl", w, 1, w, lambda a, n: a << n % w, True)
    yield Case(f"{shape}.shr_s", w, 1, w, lambda a, n: signed(a, w) >> n % w, True)
    yield Case(f"{shape}.shr_u", w, 1, w, lambda a, n: a >> n % w, True)


def other_lanes(wide: str, shape: str, w: int) -> Iterator[Case]:
    """Lanes that become wider ones; and of 16 bits those that become narrower."""
    for s in "su":
        for which in ("low", "high"):
            yield Case(f"{wide}.extend_{which}_{shape}_{s}", w, 1, 2 * w, lambda a, s=s, which=which: half(as_sign(a, w, s), which))
            yield Case(f"{wide}.extmul_{which}_{shape}_{s}", w, 2, 2 * w,
                       lambda a, b, s=s, which=which: half(as_sign(a, w, s), which) * half(as_sign(b, w, s), which))  # fmt: skip
        yield Case(f"{wide}.extadd_pairwise_{shape}_{s}", w, 1, 2 * w, lambda a, s=s: as_sign(a[:, ::2], w, s) + as_sign(a[:, 1::2], w, s))
        if w == 16:
            yield Case(f"i8x16.narrow_i16x8_{s}", w, 2, 8, lambda a, b, s=s: clipped(signed(side_by_side(a, b), 16), 8, s))
    if w == 16:
        yield Case("i32x4.dot_i16x8_s", w, 2, 32,
                   lambda a, b: signed(a, 16)[:, ::2] * signed(b, 16)[:, ::2] + signed(a, 16)[:, 1::2] * signed(b, 16)[:, 1::2])  # fmt: skip


CASES = [*same_lanes("i8x16", 8), *same_lanes("i16x8", 16), *other_lanes("i16x8", "i8x16", 8), *other_lanes("i32x4", "i16x8", 16)]


# ---- operands
@functools.cache
def inputs(bits: int, operands: int) -> list[bytes]:
    """Each operand's vectors on end. Of 8 bits all pairs, and each value beside each as its neighbour; of 16 all values beside EDGES, on either side."""
    if operands == 1 and bits == 8:
        return [bytes(part for a in range(256) for b in range(256) for part in (a, b))]
    if bits == 8:
        return [bytes(range(256)) * 256, bytes(b for b in range(256) for _ in range(256))]
    every = b"".join(value.to_bytes(2, "little") for value in range(65536))
    edges = b"".join(value.to_bytes(2, "little") * 65536 for value in EDGES)
    if operands == 1:  # and as neighbours
        return [every + b"".join(value.to_bytes(2, "little") + edge.to_bytes(2, "little") for edge in EDGES for value in range(65536))]
    return [every * len(EDGES) + edges, edges + every * len(EDGES)]


ROOM = PAGE * -(-max(len(part) for bits in (8, 16) for count in (1, 2) for part in inputs(bits, count)) // PAGE)


def wat() -> str:
    """A function an op: so many vectors, and for a shift the count; operands from 0 and from ROOM on, results from 2 * ROOM on."""
    functions = []
    for case in CASES:
        loads = [f"(v128.load offset={ROOM * k} (local.get $i))" for k in range(case.operands)]
        count = "(local.get $n)" if case.shift else ""
        functions.append(f"""(func (export "{case.op}") (param $end i32) (param $n i32) (local $i i32) (loop $l
            (v128.store offset={2 * ROOM} (local.get $i) ({case.op} {" ".join(loads)} {count}))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end)))))""")
    return f'(module (memory (export "memory") {3 * ROOM // PAGE})\n' + "\n".join(functions) + ")"


# ---- results
def wanted(case: Case, parts: list[bytes], count: int) -> bytes:
    """What memory holds then."""
    import numpy

    lanes = [numpy.frombuffer(part, f"<u{case.bits // 8}").reshape(-1, 128 // case.bits).astype("int64") for part in parts]
    result = case.result(*lanes, *([count] if case.shift else []))
    return bytes((result & (1 << case.to) - 1).astype(f"<u{case.to // 8}").tobytes())


def found(engine: wasm_facade.Engine, module: wasm_facade.Module, cases: list[Case]) -> Iterator[tuple[Case, int, bytes]]:
    """Of each case, and each count of a shift, what memory holds then."""
    store = wasm_facade.Store(engine)
    exports: Any = wasm_facade.Instance(store, module, []).exports(store)
    memory = exports["memory"]
    held: tuple[int, int] = (0, 0)
    for case in cases:
        parts = inputs(case.bits, case.operands)
        if held != (case.bits, case.operands):
            for k, part in enumerate(parts):
                memory.write(store, part, ROOM * k)
            held = case.bits, case.operands
        for count in COUNTS if case.shift else (0,):
            exports[case.op](store, len(parts[0]), count)
            yield case, count, bytes(memory.read(store, 2 * ROOM, 2 * ROOM + len(parts[0])))


# ---- on another machine
def prepare(arch: str, folder: Path, cpu: str = "") -> int:
    config = wasm_facade.Config()
    config.strategy, config.cache, config.target = "native", False, f"{arch}-linux"
    if cpu:
        config.cpu = cpu
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODULE).write_bytes(wasm_facade.Module(wasm_facade.Engine(config), wat()).serialize())
    return 0


def run(folder: Path) -> int:
    config = wasm_facade.Config()
    config.strategy, config.cache = "native", False
    engine = wasm_facade.Engine(config)
    module = wasm_facade.Module.deserialize(engine, (folder / MODULE).read_bytes())
    seen = [(case.op, count, hashlib.sha256(result).digest()) for case, count, result in found(engine, module, CASES)]
    (folder / SEEN).write_bytes(pickle.dumps(seen))
    return 0


def judge(folder: Path) -> int:
    seen = {(op, count): digest for op, count, digest in pickle.loads((folder / SEEN).read_bytes())}
    wrong = []
    for case in CASES:
        parts = inputs(case.bits, case.operands)
        for count in COUNTS if case.shift else (0,):
            if seen.pop((case.op, count)) != hashlib.sha256(wanted(case, parts, count)).digest():
                wrong.append(f"{case.op} {count if case.shift else ''}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(CASES)} vector ops on all lanes of 8 and 16 bits; {len(wrong)} wrong, {len(seen)} not asked for")
    return 1 if wrong or seen else 0


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        sys.exit(prepare(rest[0], Path(rest[1]), *rest[2:]))
    sys.exit((run if command == "run" else judge)(Path(rest[0])))
