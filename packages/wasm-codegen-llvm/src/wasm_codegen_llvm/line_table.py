"""A reader of DWARF 4 line programs, in which "lines" are wasm byte offsets."""

from __future__ import annotations

import struct

# Standard opcodes (DWARF 4, 6.2.5.2).
COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, SET_COLUMN, NEGATE_STMT, BASIC_BLOCK, CONST_ADD_PC, FIXED_ADVANCE_PC = range(1, 10)
END_SEQUENCE, SET_ADDRESS = 1, 2


def read(data: bytes, order: str) -> list[tuple[int, int]]:
    """(code offset, wasm byte offset) rows, ascending. Rows without a location (line 0) are left out: nothing there traps or calls."""
    rows: list[tuple[int, int]] = []
    if not data:
        return rows
    (length, version, header) = struct.unpack_from(order + "IHI", data, 0)
    assert version == 4, f"line table of DWARF version {version}"
    smallest, _, _, line_base, line_range, opcode_base = struct.unpack_from("BBBbBB", data, 10)
    lengths = data[16 : 15 + opcode_base]
    at, end = 10 + header, 4 + length
    advance = (255 - opcode_base) // line_range * smallest
    address, line = 0, 1
    while at < end:
        op = data[at]
        at += 1
        if op >= opcode_base:
            op -= opcode_base
            address += op // line_range * smallest
            line += line_base + op % line_range
            rows.append((address, line))
        elif op == COPY:
            rows.append((address, line))
        elif op == ADVANCE_PC:
            value, at = uleb(data, at)
            address += value * smallest
        elif op == ADVANCE_LINE:
            value, at = sleb(data, at)
            line += value
        elif op == CONST_ADD_PC:
            address += advance
        elif op == FIXED_ADVANCE_PC:
            address += struct.unpack_from(order + "H", data, at)[0]
            at += 2
        elif op == 0:
            size, at = uleb(data, at)
            if data[at] == SET_ADDRESS:  # the addend of its relocation is 0: there is one text section
                address = struct.unpack_from(order + "Q", data, at + 1)[0]
            elif data[at] == END_SEQUENCE:
                address, line = 0, 1
            at += size
        else:
            for _ in range(lengths[op - 1]):
                _, at = uleb(data, at)
    return _compact(rows)


def _compact(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The last row of each address, without rows that say what the one before says."""
    out: list[tuple[int, int]] = []
    for address, line in rows:
        if line == 0:
            continue
        if out and out[-1][0] == address:
            out.pop()
        if not out or out[-1][1] != line:
            out.append((address, line))
    return out


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """(unsigned LEB128 at a place, the place behind it)."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def sleb(data: bytes, at: int) -> tuple[int, int]:
    """The same, signed."""
    value, end = uleb(data, at)
    bits = 7 * (end - at)
    return (value - (1 << bits) if data[end - 1] & 0x40 else value), end
