"""From an object file of LLVM's to CompiledCode: its sections placed, text before constants, with symbols and relocations that count from the text."""

from __future__ import annotations

from typing import Final

from wasm_codegen_llvm import eh_frame, line_table
from wasm_codegen_llvm.elf_reader import ObjectFile
from wasm_environ.compiler import SYMBOL_FUNCTION, SYMBOL_RODATA, SYMBOL_TEXT, CompiledCode
from wasm_environ.linking.elf import STT_FUNC

EM_RISCV: Final = 243
PCREL_HI20: Final = 23  # of riscv: an auipc's high part ...
PCREL_LO12: Final = 24  # ... and the low part, which names the auipc

Relocation = tuple[int, int, int, int, int]  # as in `CompiledCode.relocations`


def read(data: bytes, first: int = -1) -> CompiledCode:
    """An object's code. `first` is the metadata number of the first debug scope, -1 for code without addresses.

    Text sections come first, constants behind them; both are laid out here, so every place is known relative to the start of the text.
    """
    o = ObjectFile(data)
    places: dict[int, int] = {}
    text, rodata, align = bytearray(), bytearray(), 16
    for index, header in enumerate(o.headers):
        if header[0].startswith(".text") and header[5]:
            text.extend(bytes(-len(text) % header[8]))
            places[index] = len(text)
            text += o.contents(header)
    for index, header in enumerate(o.headers):
        if header[0].startswith(".rodata") and header[5]:
            align = max(align, header[8])
            rodata.extend(bytes(-len(rodata) % header[8]))
            places[index] = len(rodata)
            rodata += o.contents(header)
    text.extend(bytes(-len(text) % align))
    relocations: list[Relocation] = []
    for index, place in places.items():
        base = place if o.headers[index][0].startswith(".text") else len(text) + place
        for offset, kind, symbol, addend in o.relocations(index):
            relocations.append((base + offset, kind, *_target(o, places, symbol), addend))
    if o.machine == EM_RISCV:
        relocations = _paired(relocations)
    symbols = [
        (int(name[1:]), places[section] + value, size)
        for name, kind, section, value, size in o.symbols
        if kind == STT_FUNC and section in places and name[1:].isdigit()
    ]
    symbols.sort(key=lambda row: row[1])
    addresses = line_table.read(o.section(".debug_line"), o.order) if first >= 0 else ()
    frames, handlers = eh_frame.read(o, places)
    return CompiledCode(bytes(text), symbols, sorted(relocations), bytes(rodata), align, (), addresses, (), frames, handlers)


def _paired(relocations: list[Relocation]) -> list[Relocation]:
    """Low parts with the symbol of their high part, which stands at the auipc that ELF gives as their symbol: `relocation.PCREL_LO12`."""
    high = {offset: (symbol, index, addend - offset) for offset, kind, symbol, index, addend in relocations if kind == PCREL_HI20}
    rows = []
    for offset, kind, symbol, index, addend in relocations:
        if kind == PCREL_LO12:
            assert symbol == SYMBOL_TEXT, "an auipc is in the text"
            symbol, index, from_auipc = high[index]
            addend = from_auipc + offset
        rows.append((offset, kind, symbol, index, addend))
    return rows


def _target(o: ObjectFile, places: dict[int, int], symbol: int) -> tuple[int, int]:
    """(SYMBOL_*, index) that a relocation's symbol stands for."""
    name, _, section, value, _ = o.symbols[symbol]
    if section in places:
        if o.headers[section][0].startswith(".rodata"):
            return SYMBOL_RODATA, places[section] + value
        if name[:1] == "f" and name[1:].isdigit():
            return SYMBOL_FUNCTION, int(name[1:])
        return SYMBOL_TEXT, places[section] + value
    if name[:1] != "f" or not name[1:].isdigit():
        raise AssertionError(f"LLVM's code refers to {name!r}, which is no function of the module")
    return SYMBOL_FUNCTION, int(name[1:])
