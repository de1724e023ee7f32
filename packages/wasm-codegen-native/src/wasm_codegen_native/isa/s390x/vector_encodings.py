"""The vector instructions used, a row each: formats of the Principles of Operation, chapters 21 to 24. Scalars in vector registers are in `encodings`."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.s390x.notation import row

SIZES: Final = (("B", 0), ("H", 1), ("F", 2), ("G", 3))  # letter and number of an element's size: 1, 2, 4, 8 bytes
FORMATS: Final = (("S", 2), ("D", 3))  # of floats


def integers(name: str, opcode: str, sizes: str = "BHFG") -> None:
    """An instruction of three vectors, a row a size; where a letter would make another mnemonic, a halfword's is HW."""
    for letter, number in SIZES:
        if letter in sizes:
            row(f"{name}{'HW' if letter == 'H' and name in ('VML', 'VUPL') else letter} V1, V2, V3", f"E7 V1 V2 V3 000 {number} RXB {opcode}")


def singles(name: str, opcode: str, sizes: str = "BHFG") -> None:
    """The same of two vectors."""
    for letter, number in SIZES:
        if letter in sizes:
            row(f"{name}{'HW' if letter == 'H' and name in ('VML', 'VUPL') else letter} V1, V2", f"E7 V1 V2 00 00 {number} RXB {opcode}")


# ---- integers
for _name, _opcode, _sizes in (
    ("VA", "F3", "BHFG"), ("VS", "F7", "BHFG"), ("VML", "A2", "BHF"), ("VAVGL", "F0", "BH"), ("VMX", "FF", "BHF"), ("VMXL", "FD", "BHF"), ("VMN", "FE", "BHF"),
    ("VMNL", "FC", "BHF"), ("VCEQ", "F8", "BHFG"), ("VCH", "FB", "BHFG"), ("VCHL", "F9", "BHF"), ("VME", "A6", "BHF"), ("VMO", "A7", "BHF"),
    ("VMLE", "A4", "BHF"), ("VMLO", "A5", "BHF"), ("VMRH", "61", "HFG"), ("VMRL", "60", "HFG"), ("VPKS", "97", "HF"), ("VPKLS", "95", "HF"),
):  # fmt: skip
    integers(_name, _opcode, _sizes)
for _name, _opcode, _sizes in (
    ("VLC", "DE", "BHFG"), ("VLP", "DF", "BHFG"), ("VUPH", "D7", "BHF"), ("VUPLH", "D5", "BHF"), ("VUPL", "D6", "BHF"), ("VUPLL", "D4", "BHF"),
):  # fmt: skip
    singles(_name, _opcode, _sizes)
row("VPOPCTB V1, V2", "E7 V1 V2 00 00 0 RXB 50")
for _letter, _number in SIZES:
    row(f"VCEQ{_letter}S V1, V2, V3", f"E7 V1 V2 V3 010 {_number} RXB F8")  # and sets the condition code: 0 all are equal, 3 none is
# ---- logic
for _name, _opcode in (("VN", "68"), ("VNC", "69"), ("VO", "6A"), ("VNO", "6B"), ("VX", "6D")):
    row(f"{_name} V1, V2, V3", f"E7 V1 V2 V3 000 0 RXB {_opcode}")
# ---- shifts of every element, by a register's number or by a fixed one; rotations, which exchange the bytes of elements
for _letter, _number in SIZES:
    for _name, _opcode in (("VESL", "30"), ("VESRA", "3A"), ("VESRL", "38")):
        row(f"{_name}{_letter} V1, V3, 0(B2)", f"E7 V1 V3 B2 000 {_number} RXB {_opcode}")
        row(f"{_name}{_letter} V1, V3, count", f"E7 V1 V3 0 count {_number} RXB {_opcode}")
    row(f"VERLL{_letter} V1, V3, count", f"E7 V1 V3 0 count {_number} RXB 33")
# ---- elements: `lane` is the op's immediate
for _letter, _number in SIZES:
    row(f"VLVG{_letter} V1, R3, lane", f"E7 V1 R3 0 lane {_number} RXB 22")
    row(f"VLGV{_letter} R1, V3, lane", f"E7 R1 V3 0 lane {_number} RXB 21")
    row(f"VREP{_letter} V1, V3, 0", f"E7 V1 V3 0000 {_number} RXB 4D")
for _k in range(4):
    row(f"VLVGF V1, R3, {_k}", f"E7 V1 R3 0 00{_k} 2 RXB 22")
    row(f"VLGVF R1, V3, {_k}", f"E7 R1 V3 0 00{_k} 2 RXB 21")
row("VLVGG V1, R3, 1", "E7 V1 R3 0 001 3 RXB 22")
row("VLGVG R1, V3, 1", "E7 R1 V3 0 001 3 RXB 21")
row("VLVGB V1, R3, 0", "E7 V1 R3 0 000 0 RXB 22")
row("VLVGH V1, R3, 0", "E7 V1 R3 0 000 1 RXB 22")
row("VREPIB V1, 16", "E7 V1 0 0010 0 RXB 45")
row("VREPIF V1, 16384", "E7 V1 0 4000 2 RXB 45")
VPERM: Final[i64] = row("VPERM V1, V2, V3, V4", "E7 V1 V2 V3 0 00 V4 RXB 8C")  # byte k <- the byte of both others that byte k of V4 says
row("VBPERM V1, V2, V3", "E7 V1 V2 V3 000 0 RXB 85")  # bits of V2 that the bytes of V3 say, into 16 bits of V1's first half
row("OGR R1, R2", "B981 00 R1 R2")
for _k in (58, 60, 61):
    row(f"RISBGN R1, R2, {_k}, 191, 0", f"EC R1 R2 {_k:02X} BF 00 59")  # the low bits, as RISBGN_31
# ---- floats
for _letter, _format in FORMATS:
    for _name, _opcode in (("VFA", "E3"), ("VFS", "E2"), ("VFM", "E7"), ("VFD", "E5"), ("VFCE", "E8"), ("VFCH", "EB"), ("VFCHE", "EA")):
        row(f"{_name}{_letter}B V1, V2, V3", f"E7 V1 V2 V3 000 {_format} RXB {_opcode}")
    for _name, _opcode in (("VFMIN", "EE"), ("VFMAX", "EF")):
        row(f"{_name}{_letter}B V1, V2, V3, 1", f"E7 V1 V2 V3 010 {_format} RXB {_opcode}")
    for _name, _opcode in (("VFMA", "8F"), ("VFNMS", "9E")):
        row(f"{_name}{_letter}B V1, V2, V3, V4", f"E7 V1 V2 V3 {_format} 00 V4 RXB {_opcode}")
    row(f"VFSQ{_letter}B V1, V2", f"E7 V1 V2 00 00 {_format} RXB CE")
    row(f"VFLC{_letter}B V1, V2", f"E7 V1 V2 00 00 {_format} RXB CC")
    row(f"VFLP{_letter}B V1, V2", f"E7 V1 V2 00 20 {_format} RXB CC")
    for _way in (4, 5, 6, 7):
        row(f"VFI{_letter}B V1, V2, 4, {_way}", f"E7 V1 V2 00 {_way}4 {_format} RXB C7")
row("VCDGB V1, V2, 0, 0", "E7 V1 V2 00 00 3 RXB C3")
row("VLDEB V1, V2", "E7 V1 V2 00 00 2 RXB C4")
row("VLEDB V1, V2, 0, 0", "E7 V1 V2 00 00 3 RXB C5")
# ---- memory: bytes in their order
VLREP: Final = tuple(row(f"VLREP{letter} V1, D2(X2, B2)", f"E7 V1 X2 B2 D2 {number} RXB 05") for letter, number in SIZES)
VLLEZLF: Final[i64] = row("VLLEZLF V1, D2(X2, B2)", "E7 V1 X2 B2 D2 6 RXB 04")  # the first word or doubleword, all else zero
VLLEZG: Final[i64] = row("VLLEZG V1, D2(X2, B2)", "E7 V1 X2 B2 D2 3 RXB 04")
VLE: Final = tuple(
    row(f"VLE{letter} V1, D2(X2, B2), m3", f"E7 V1 X2 B2 D2 m3 RXB {opcode}") for letter, opcode in (("B", "00"), ("H", "01"), ("F", "03"), ("G", "02"))
)  # fmt: skip
VSTE: Final = tuple(
    row(f"VSTE{letter} V1, D2(X2, B2), m3", f"E7 V1 X2 B2 D2 m3 RXB {opcode}") for letter, opcode in (("B", "08"), ("H", "09"), ("F", "0B"), ("G", "0A"))
)  # fmt: skip


def word(syntax: str) -> i64:
    """A row's number, by its text."""
    from wasm_codegen_native.isa.s390x.notation import ROWS

    found: i64 = next(fixed for text, _, fixed, _, _ in ROWS if text == syntax)
    return found
