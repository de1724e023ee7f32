"""Layout: batches of compiled code become one text image, relocated, with merged symbol, trap and address tables.

    text image:  | batch 0 text | batch 0 rodata | batch 1 text | batch 1 rodata | ... | entries | host thunks |

A batch's rodata lies right behind its text, so that short-range relocations between the two always reach.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, final

from wasm_environ import compiler
from wasm_environ.linking import relocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasm_environ.compiler import CompiledCode

TEXT_ALIGN: Final = 64
SHAPE_WORDS: Final = 32


@final
class Image:
    """The laid-out text. `functions`: 2 x u32 (offset, size) per defined function; `entries`, `thunks`: u32 offset per request position.
    `frames`: 2 x u32 (offset, number in `shapes`); `handlers`: 3 x u32 (start, end, landing pad).
    """

    __slots__ = ("addresses", "entries", "frames", "functions", "handlers", "shapes", "text", "thunks", "traps")

    def __init__(
        self, text: bytes, functions: array[int], entries: array[int], thunks: array[int], traps: array[int],
        addresses: array[int], frames: array[int], shapes: array[int], handlers: array[int],
    ) -> None:  # fmt: skip
        self.text = text
        self.functions = functions
        self.entries = entries
        self.thunks = thunks
        self.traps = traps
        self.addresses = addresses
        self.frames = frames
        self.shapes = shapes
        self.handlers = handlers


def lay_out(
    isa: str, batches: Sequence[CompiledCode], trampolines: tuple[CompiledCode, CompiledCode], imported: int, defined: int
) -> Image:  # fmt: skip
    """Place every batch, resolve all relocations, merge the tables. `imported`, `defined`: the module's function counts."""
    text = bytearray()
    functions = array("I", bytes(8 * defined))
    traps, addresses = array("I"), array("I")
    places: list[tuple[int, int, CompiledCode]] = []
    for code in (*batches, *trampolines):
        at, rodata_at = _place(text, code)
        places.append((at, rodata_at, code))
        for offset, trap in code.traps:
            traps.extend((at + offset, trap))
        if isinstance(code.addresses, array):
            addresses.extend(_shifted(code.addresses, at))
        else:
            for offset, wasm_offset in code.addresses:
                addresses.extend((at + offset, wasm_offset & 0xFFFFFFFF))
    for at, _, code in places[: len(batches)]:
        for index, offset, size in code.symbols:
            functions[2 * (index - imported)] = at + offset
            functions[2 * (index - imported) + 1] = size
    for at, rodata_at, code in places:
        _relocate(isa, text, at, rodata_at, code, functions, imported)
    entries, thunks = (_positions(places[len(batches) + k]) for k in (0, 1))
    return Image(bytes(text), functions, entries, thunks, traps, addresses, *_unwinding(places))


def _unwinding(places: Sequence[tuple[int, int, CompiledCode]]) -> tuple[array[int], array[int], array[int]]:
    """(frames, shapes, handlers). A shape is SHAPE_WORDS u32s: CFA, number of registers, then per register its DWARF number << 16 | the low 16 bits of its
    offset from the canonical frame address. Shape 0 is code that nothing is unwound through: entry trampolines.
    """
    frames, shapes, handlers = array("I"), array("I", bytes(4 * SHAPE_WORDS)), array("I")
    numbers: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
    last: tuple[tuple[int, int], ...] | None = None  # neighbours are often alike
    last_cfa = number = 0
    for at, _, code in places:
        if not code.frames and code.symbols:
            frames.extend((at, 0))
        for offset, cfa, registers in code.frames:
            if registers is not last or cfa != last_cfa:
                last, last_cfa = registers, cfa
                number = numbers.setdefault((cfa, registers), len(shapes) // SHAPE_WORDS)
                if number == len(shapes) // SHAPE_WORDS:
                    row = [cfa, len(registers), *(register << 16 | place & 0xFFFF for register, place in registers)]
                    shapes.extend(row + [0] * (SHAPE_WORDS - len(row)))
            frames.extend((at + offset, number))
        for start, end, pad in code.handlers:
            handlers.extend((at + start, at + end, at + pad))
    return frames, shapes, handlers


def _shifted(rows: array[int], at: int) -> array[int]:
    """Flat (offset, wasm byte offset) rows with `at` added to every offset."""
    if at:
        rows = array("I", rows)
        for k in range(0, len(rows), 2):
            rows[k] += at
    return rows


def _place(text: bytearray, code: CompiledCode) -> tuple[int, int]:
    text.extend(bytes(-len(text) % TEXT_ALIGN))
    at = len(text)
    text += code.text
    text.extend(bytes(-len(text) % max(code.rodata_align, 1)))
    rodata_at = len(text)
    text += code.rodata
    return at, rodata_at


def _relocate(
    isa: str, text: bytearray, at: int, rodata_at: int, code: CompiledCode, functions: array[int], imported: int
) -> None:
    for offset, r_type, kind, index, addend in code.relocations:
        if kind == compiler.SYMBOL_FUNCTION:
            symbol = functions[2 * (index - imported)]
        elif kind == compiler.SYMBOL_RODATA:
            symbol = rodata_at + index
        else:
            symbol = at + index
        relocation.apply(text, isa, r_type, at + offset, symbol, addend)


def _positions(place: tuple[int, int, CompiledCode]) -> array[int]:
    at, _, code = place
    offsets = array("I", bytes(4 * len(code.symbols)))
    for index, offset, _ in code.symbols:
        offsets[index] = at + offset
    return offsets
