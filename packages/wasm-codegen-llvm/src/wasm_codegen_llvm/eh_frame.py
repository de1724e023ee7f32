"""LLVM's unwind tables, .eh_frame and .gcc_except_table, as the frame and handler rows of `CompiledCode`.

Both formats are DWARF's as the Linux Standard Base has them (core specification, chapter 10.6; .gcc_except_table: the Itanium C++ ABI's, exception
handling tables). A function of ours sets up its frame once, at its start, and keeps every register in one place until it returns; so the call frame
instructions are not run for an address: what they say about places and about the frame pointer holds in the whole body.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from wasm_codegen_llvm.line_table import sleb, uleb

if TYPE_CHECKING:
    from wasm_codegen_llvm.elf_reader import ObjectFile

Shape = tuple[int, tuple[tuple[int, int], ...]]  # CFA, registers: see `CompiledCode.frames`
Frame = tuple[int, int, tuple[tuple[int, int], ...]]
Handler = tuple[int, int, int]

FRAME_POINTER: Final = {62: 6, 183: 29, 243: 8, 22: 11}  # ELF e_machine -> DWARF number: rbp, x29, s0, r11
OMITTED: Final = 0xFF  # DW_EH_PE_omit
ULEB, UDATA4 = 1, 3  # DW_EH_PE_*, of call sites
# Call frame instructions, with the number in bits 6 and 7 or without.
ADVANCE, OFFSET, RESTORE = 1, 2, 3
NOP, ADVANCE1, ADVANCE2, ADVANCE4, OFFSET_EXTENDED = 0, 2, 3, 4, 5
REMEMBER_STATE, RESTORE_STATE, DEF_CFA, DEF_CFA_REGISTER, DEF_CFA_OFFSET, OFFSET_EXTENDED_SF = 0xA, 0xB, 0xC, 0xD, 0xE, 0x11
SKIPPED: Final = {NOP: 0, ADVANCE1: 1, ADVANCE2: 2, ADVANCE4: 4, REMEMBER_STATE: 0, RESTORE_STATE: 0}  # bytes of operands


@final
class Common:
    """A common information entry: what it says for all of its functions. `shapes`: of instructions met so far."""

    __slots__ = ("cfa", "data_align", "has_lsda", "places", "shapes")

    def __init__(self, data: bytes, at: int, end: int, frame_pointer: int) -> None:
        assert data[at] == 1, f"call frame information of version {data[at]}"
        zero = data.index(0, at + 1)
        augmentation = data[at + 1 : zero].decode("ascii")
        assert augmentation in ("zR", "zPLR"), augmentation
        self.has_lsda = "L" in augmentation
        _, at = uleb(data, zero + 1)  # code alignment: only addresses are multiples of it
        self.data_align, at = sleb(data, at)
        _, at = uleb(data, at)  # the return address's register: among the places, where it is saved
        size, at = uleb(data, at)
        self.shapes: dict[bytes, Shape] = {}
        self.cfa = (-1, 0)  # register, offset
        self.places: dict[int, int] = {}
        self.cfa = run(self, data[at + size : end], self.places, frame_pointer)[0]


def run(common: Common, code: bytes, places: dict[int, int], frame_pointer: int) -> tuple[tuple[int, int], int]:
    """(Rule for the CFA at the end, what to add to the frame pointer for it or -1) of call frame instructions; `places` gets the registers' offsets."""
    register, offset = common.cfa
    found = -1
    at, end = 0, len(code)
    while at < end:
        op = code[at]
        at += 1
        high = op >> 6
        if high == ADVANCE or high == RESTORE:
            continue
        if high == OFFSET or op == OFFSET_EXTENDED or op == OFFSET_EXTENDED_SF:
            number = op & 63
            if high != OFFSET:
                number, at = uleb(code, at)
            place, at = (sleb if op == OFFSET_EXTENDED_SF else uleb)(code, at)
            place *= common.data_align
            assert places.setdefault(number, place) == place, "a register is saved in two places"
        elif op == DEF_CFA_REGISTER or op == DEF_CFA or op == DEF_CFA_OFFSET:
            if op != DEF_CFA_OFFSET:
                register, at = uleb(code, at)
            if op != DEF_CFA_REGISTER:
                offset, at = uleb(code, at)
            if register == frame_pointer:
                assert found in (-1, offset), "the frame pointer moves"
                found = offset
        else:
            # GNU_args_size is among those that are not: nothing is ever passed on the stack.
            assert op in SKIPPED, f"call frame instruction {op:#x}"
            at += SKIPPED[op]
    return (register, offset), found


def read(o: ObjectFile, places: dict[int, int]) -> tuple[list[Frame], list[Handler]]:
    """(frames, handlers) of an object whose sections lie at `places` in the text."""
    index = o.index(".eh_frame")
    if index < 0:
        return [], []
    data = o.contents(o.headers[index])
    targets = {}  # place in .eh_frame -> (section, offset)
    for at, _, symbol, addend in o.relocations(index):
        _, _, section, value, _ = o.symbols[symbol]
        targets[at] = (section, value + addend)
    frame_pointer = FRAME_POINTER[o.machine]
    exceptions = o.section(".gcc_except_table")
    head = struct.Struct(o.order + "II")
    commons: dict[int, Common] = {}
    frames: list[Frame] = []
    handlers: list[Handler] = []
    at = 0
    while at < len(data):
        length, back = head.unpack_from(data, at)
        end = at + 4 + length
        if back == 0:
            commons[at] = Common(data, at + 8, end, frame_pointer)
        else:  # start and size of the function, 4 bytes each, the augmentation's size, a pointer to the function's exception table if it has one
            common = commons[at + 4 - back]
            section, start = targets[at + 8]
            start += places[section]
            shape = _shape(common, data[at + 17 + data[at + 16] : end], frame_pointer)
            if shape[0] >= 0:  # the stub of traps has no frame, and nothing returns to it
                frames.append((start, *shape))
            if common.has_lsda and (table := targets.get(at + 17)):
                handlers += call_sites(exceptions, table[1], start, o.order)
        at = end
    frames.sort()
    handlers.sort()
    return frames, handlers


def _shape(common: Common, code: bytes, frame_pointer: int) -> Shape:
    shape = common.shapes.get(code)
    if shape is None:
        places = dict(common.places)
        _, cfa = run(common, code, places, frame_pointer)
        shape = common.shapes[code] = (cfa, tuple(sorted(places.items())))
    return shape


def call_sites(data: bytes, at: int, start: int, order: str) -> list[Handler]:
    """The rows of one function's exception table that have a landing pad; `start`: of the function."""
    assert data[at] == OMITTED, "landing pads count from the function's start"
    at += 1
    if data[at] != OMITTED:  # of the type table, whose size follows; there is one type, any
        _, at = uleb(data, at + 1)
    else:
        at += 1
    encoding = data[at]
    size, at = uleb(data, at + 1)
    end = at + size
    rows: list[Handler] = []
    while at < end:
        if encoding == ULEB:
            first, at = uleb(data, at)
            length, at = uleb(data, at)
            pad, at = uleb(data, at)
        else:
            assert encoding == UDATA4, f"call sites encoded as {encoding:#x}"
            first, length, pad = struct.unpack_from(order + "III", data, at)
            at += 12
        _, at = uleb(data, at)  # the action: there is but one, to catch
        if pad:
            rows.append((start + first, start + first + length, start + pad))
    return rows
