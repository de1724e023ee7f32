"""Integers, names and value types as bytes: what reads, what is malformed, and where."""

from __future__ import annotations

import pytest

from wasm_environ.binary.reader import Reader
from wasm_environ.binary.writer import signed, unsigned, value_type
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.composites import SubType
from wasm_environ.features import ALL, DEFAULT, Features
from wasm_environ.types import ANYREF, EXTERNREF, F64, FUNC, FUNCREF, I32, STRUCT, V128, FuncType, ref, ref_to, value_type_name


def reader(data: bytes, end: int = -1, features: Features = DEFAULT) -> Reader:
    types = [SubType(FuncType((), ()), canonical=i) for i in range(200)]
    return Reader(data, 0, len(data) if end < 0 else end, features, types)


@pytest.mark.parametrize(
    ("read", "data", "value"),
    [
        ("u32", "00", 0),
        ("u32", "7f", 127),
        ("u32", "80 01", 128),
        ("u32", "ff ff ff ff 0f", 0xFFFFFFFF),
        ("u32", "80 80 80 80 00", 0),
        ("u64", "ff ff ff ff ff ff ff ff ff 01", -1),
        ("u64", "80 80 80 80 80 80 80 80 80 01", -(1 << 63)),
        ("u64", "ff ff ff ff ff ff ff ff 7f", (1 << 63) - 1),
        ("s32", "7f", -1),
        ("s32", "40", -64),
        ("s32", "3f", 63),
        ("s32", "80 7f", -128),
        ("s32", "ff ff ff ff 07", 0x7FFFFFFF),
        ("s32", "80 80 80 80 78", -(1 << 31)),
        ("s32", "80 80 80 80 00", 0),
        ("s64", "80 80 80 80 80 80 80 80 80 7f", -(1 << 63)),
        ("s64", "ff ff ff ff ff ff ff ff ff 00", (1 << 63) - 1),
        ("s64", "ff ff ff ff ff ff ff ff ff 7f", -1),
        ("s64", "c0 bb 78", -123456),
    ],
)
def test_integers(read: str, data: str, value: int) -> None:
    r = reader(bytes.fromhex(data))
    assert getattr(r, read)() == value
    assert r.pos == len(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("read", "data", "message"),
    [
        ("u32", "", "unexpected end"),
        ("u32", "80", "unexpected end"),
        ("u32", "80 80 80 80 80 00", "integer representation too long"),
        ("u32", "ff ff ff ff 1f", "integer too large"),
        ("u64", "80 80 80 80 80 80 80 80 80 02", "integer too large"),
        ("u64", "80 80 80 80 80 80 80 80 80 80 00", "integer representation too long"),
        ("s32", "80 80 80 80 80 00", "integer representation too long"),
        ("s32", "ff ff ff ff 0f", "integer too large"),
        ("s32", "80 80 80 80 70", "integer too large"),
        ("s64", "80 80 80 80 80 80 80 80 80 01", "integer too large"),
        ("s64", "80 80 80 80 80 80 80 80 80 80 00", "integer representation too long"),
    ],
)
def test_malformed_integers(read: str, data: str, message: str) -> None:
    with pytest.raises(MalformedError, match=f"^{message}"):
        getattr(reader(bytes.fromhex(data)), read)()


def test_an_integer_cut_off_by_its_section_is_judged_whole() -> None:
    data = bytes.fromhex("80 80 80 80 80 00")
    with pytest.raises(MalformedError, match=r"^integer representation too long"):
        reader(data, end=3).u32()
    with pytest.raises(MalformedError, match=r"^unexpected end of section"):
        reader(bytes.fromhex("80 80 00"), end=2).u32()


@pytest.mark.parametrize("n", [0, 1, 63, 64, 127, 128, 1 << 14, (1 << 32) - 1, (1 << 64) - 1])
def test_unsigned_written_reads_back(n: int) -> None:
    assert reader(unsigned(n)).u64() == (n if n < 1 << 63 else n - (1 << 64))


@pytest.mark.parametrize("n", [0, 1, -1, 63, 64, -64, -65, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63)])
def test_signed_written_reads_back(n: int) -> None:
    assert reader(signed(n)).s64() == n


@pytest.mark.parametrize(
    "t", [I32, F64, V128, FUNCREF, EXTERNREF, ANYREF, ref(FUNC, nullable=False), ref(STRUCT), ref_to(5), ref_to(150, nullable=False),
          ref_to(7, exact=True)], ids=value_type_name,
)  # fmt: skip
def test_value_types_written_read_back(t: int) -> None:
    assert reader(value_type(t), features=ALL).value_type() == t


@pytest.mark.parametrize(("data", "message"), [("40", "malformed value type"), ("60", "malformed value type"), ("63 40", "malformed value"),
                                               ("64 7f", "malformed value"), ("", "unexpected end")])  # fmt: skip
def test_malformed_value_types(data: str, message: str) -> None:
    with pytest.raises(MalformedError, match=f"^{message}"):
        reader(bytes.fromhex(data)).value_type()


@pytest.mark.parametrize(
    ("data", "feature"),
    [("7b", "simd"), ("6f", "reference_types"), ("63 70", "function_references"), ("6e", "gc"), ("69", "exceptions"), ("64 62 00", "custom_descriptors")],
)
def test_value_types_of_features_that_are_off(data: str, feature: str) -> None:
    on = () if feature == "custom_descriptors" else ("custom_descriptors",)
    with pytest.raises(InvalidError, match=f"^{feature} support is not enabled"):
        reader(bytes.fromhex(data), features=Features(on=on, off=(feature,))).value_type()


@pytest.mark.parametrize(("data", "message"), [("05 61", "length out of bounds"), ("01 ff", "malformed UTF-8 encoding"),
                                               ("03 ed a0 80", "malformed UTF-8 encoding")])  # fmt: skip
def test_malformed_names(data: str, message: str) -> None:
    with pytest.raises(MalformedError, match=f"^{message}"):
        reader(bytes.fromhex(data)).name()


def test_floats_and_vectors_are_bits() -> None:
    assert reader(bytes.fromhex("00 00 c0 ff")).little_endian(4) == 0xFFC00000
    assert reader(bytes.fromhex("00 00 00 00 00 00 f8 ff")).little_endian(8) == -0x8000000000000
