"""The binary format of components: the official suite decoded and encoded again, its malformed bytes, limits, damaged bytes."""

from __future__ import annotations

import random
import time

import pytest
import wasmtime

from component_suite import FILES, assertions, components
from wasm_environ import decode as decode_module
from wasm_environ import limits
from wasm_environ.binary.writer import name, section, vector
from wasm_environ.compile_errors import CompileError, InvalidError, MalformedError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode, is_component
from wasm_environ.component.binary.encode import encode
from wasm_environ.features import ALL, DEFAULT, Features

SUITE = pytest.mark.skipif(not FILES, reason="the component suite is not at WASM_COMPONENT_TESTSUITE or ../shared/component-testsuite")
MAGIC = b"\0asm\x0d\0\1\0"
MODULE = b"\0asm\1\0\0\0"

SMALL = bytes(wasmtime.wat2wasm(r"""(component $c
  (core module $m (import "i" "f" (func)) (memory (export "mem") 1)
    (func (export "run") (param i32 i32) (result i32) unreachable) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core type (module (type (func (param i32))) (import "a" "b" (func (type 0))) (import "a" "t" (table 1 2 funcref)) (export "m" (memory 1))
    (export "g" (global (mut i64))) (export "e" (tag (type 0)))))
  (core type (sub (struct (field i8) (field (ref null 0)))))
  (type $in (instance (type (record (field "x" u8) (field "y" string))) (export "r" (type (eq 0))) (export "res" (type (sub resource)))
    (alias outer $c 0 (core type)) (type (func (param "h" (borrow 2)) (result (result (own 2) (error string)))))
    (export "[constructor]res" (func (type 5)))))
  (import "a:b/c@1.0.0" (instance $i (type 0)))
  (import "f" (func $f (param "x" (list string)) (param "v" (variant (case "a") (case "b" s32)))
    (param "t" (tuple char f64 (option bool))) (result u64)))
  (type (flags "a" "b" "c")) (type (enum "u" "v"))
  (type $res (resource (rep i32)))
  (component $n (import "x" (func)) (component))
  (core func $new (canon resource.new $res))
  (core instance $args (export "f" (func $new)))
  (core instance $inst (instantiate $m (with "i" (instance $args))))
  (func (export "run") (param "a" u32) (param "b" u32) (result string)
    (canon lift (core func $inst "run") (memory (core memory $inst "mem")) (realloc (core func $inst "realloc")) string-encoding=utf16))
  (instance $e (export "f" (func $f)))
  (export "e" (instance $e))
  (alias export $i "r" (type $r))
  (@custom "hello" "bytes")
)"""))  # fmt: skip


def wrapped(id: int, contents: bytes) -> bytes:
    return MAGIC + section(id, contents)


@SUITE
@pytest.mark.parametrize("file", FILES)
def test_decodes_and_encodes_to_the_same_bytes(file: str) -> None:
    for source, data in components(file):
        written = encode(decode(data))
        if " binary" in source[:30]:  # these have empty sections, numbers that are too long, several sections of a kind
            assert encode(decode(written)) == written
            assert len(written) <= len(data)
        else:
            assert written == data, source


@SUITE
def test_there_are_all_components() -> None:
    assert sum(len(components(file)) for file in FILES) >= 284
    assert sum(len(assertions(file)) for file in FILES) >= 71


@SUITE
@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("binary")])
def test_bytes_that_are_refused(file: str) -> None:
    for kind, data, words in assertions(file):
        error = refusal(data)
        if kind == "assert_invalid":  # most are left to validation
            assert not isinstance(error, MalformedError)
            assert error is None or words in str(error)
        elif words == "section out of order":  # in a core module
            (module,) = decode(data).definitions
            assert isinstance(module, s.CoreModule)
            with pytest.raises(MalformedError):
                decode_module(module.data, ALL)
        else:
            assert isinstance(error, MalformedError)
            assert words in str(error)


def refusal(data: bytes) -> CompileError | None:
    """The error of decoding, None without one; in any case within the bytes."""
    try:
        decode(data)
    except (MalformedError, InvalidError) as error:
        found = error
    else:
        return None
    assert 0 <= found.offset <= len(data), found
    return found


# Columns: bytes, the words of the error, its offset (-1: not checked), its class.
REFUSED = [
    (b"", "unexpected end-of-file", 0, MalformedError),
    (b"\0as", "unexpected end-of-file", 3, MalformedError),
    (b"\1asm", "magic header not detected", 0, MalformedError),
    (b"\0asm\x0d\0\1", "unexpected end-of-file", 7, MalformedError),
    (MODULE, "expected a version header for a component", 4, MalformedError),
    (b"\0asm\x0e\0\1\0", "unknown binary version: 0x0001000e", 4, MalformedError),
    (MAGIC + b"\x0d\0", "malformed section id", 8, MalformedError),
    (MAGIC + b"\7", "unexpected end-of-file", 9, MalformedError),
    (MAGIC + b"\7\5\0", "unexpected end-of-file", 8, MalformedError),
    (wrapped(7, b"\0\0"), "trailing bytes at end of section", 11, MalformedError),
    (wrapped(1, MAGIC), "expected a version header for a module", 14, MalformedError),
    (wrapped(1, MODULE[:6]), "unexpected end-of-file", 16, MalformedError),
    (wrapped(4, MODULE), "expected a version header for a component", 14, MalformedError),
    (wrapped(4, MAGIC + section(4, b"\0asm")), "unexpected end-of-file", 24, MalformedError),
    (wrapped(4, MAGIC + b"\7\1"), "unexpected end-of-file", 18, MalformedError),
    (wrapped(7, b"\1\x3f\x7f\2"), "invalid leading byte (0x2) for resource destructor", 13, MalformedError),
    (wrapped(7, b"\1\x70\x40"), "invalid leading byte (0x40) for component value type", 12, MalformedError),
    (wrapped(7, b"\1\x6b\x80\x80\x80\x80\x80\x10"), "integer representation too long", 12, MalformedError),
    (wrapped(7, b"\1\x66\2"), "invalid leading byte (0x2) for optional component value type", 12, MalformedError),
    (wrapped(3, b"\1\0\x60"), "invalid leading byte (0x60) for non-final sub type", 12, MalformedError),
    (wrapped(3, b"\1\x61"), "invalid leading byte (0x61) for type", 11, MalformedError),
    (wrapped(3, b"\1\x50\1\0\1a\1b\5\0"), "invalid leading byte (0x5) for external kind", 18, MalformedError),
    (wrapped(6, b"\1\1\1\0\1a"), "invalid leading byte (0x1) for core instance export kind", 11, MalformedError),
    (wrapped(6, b"\1\0\x10\1\0\1a"), "invalid leading byte (0x10) for external kind", 12, MalformedError),
    (wrapped(6, b"\1\0\0\0\0\1a"), "invalid leading byte (0x0) for component external kind", 12, MalformedError),
    (wrapped(10, b"\1\0\1v\2\2"), "invalid leading byte (0x2) for value bound", 15, MalformedError),
    (wrapped(10, b"\1\2\1v\2\1\1a\1\1b\1\0"), "duplicate 'version-suffix' option in name", 18, InvalidError),
    (wrapped(12, b"\1\x7d\2\1"), "unexpected end-of-file", 14, MalformedError),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words", "offset", "error"), REFUSED)
def test_refused(data: bytes, words: str, offset: int, error: type[CompileError]) -> None:
    with pytest.raises(error, match=words.replace("(", "\\(").replace(")", "\\)")) as caught:
        decode(data)
    assert caught.value.offset == offset
    assert type(caught.value) is error


def test_offsets() -> None:
    """Each definition knows where it is, those of nested components in the outermost bytes."""
    data = MAGIC + section(4, MAGIC + section(7, b"\2\x7d\x7c") + section(1, MODULE)) + section(0, b"\1xyz")
    decoded = decode(data)
    nested, custom = decoded.definitions
    assert isinstance(nested, s.SubComponent)
    assert (nested.offset, nested.component.end, decoded.end) == (10, 33, len(data))
    assert nested.component.definitions == (s.TypeDef(21, s.U8), s.TypeDef(22, s.S16), s.CoreModule(25, MODULE))
    assert custom == s.Custom(33, "x", b"yz")


def test_is_component() -> None:
    assert is_component(MAGIC)
    assert is_component(b"\0asm\x0e\0\1\0")
    assert not is_component(MODULE)
    assert not is_component(b"")


def test_names_with_attributes() -> None:
    data = wrapped(10, b"\1\2\1i\3\0\5a:b/c\1\3.01\2\1x\5\0")
    (found,) = decode(data).definitions
    assert found == s.Import(11, s.ExternName("i", "a:b/c", ".01", "x"), s.ExternType(s.INSTANCE, 0))
    assert encode(decode(data)) == data
    decode(data, Features(on=("component_model_implements",)))
    with pytest.raises(InvalidError, match="component_model_implements support is not enabled"):
        decode(data, DEFAULT)


# ---- limits


def nested_components(n: int) -> bytes:
    data = MAGIC
    for _ in range(n):
        data = wrapped(4, data)
    return data


def nested_types(n: int) -> bytes:
    data = b"\x42\0"
    for _ in range(n):
        data = b"\x41\1\1" + data
    return wrapped(7, b"\1" + data)


def exports_of_instance(n: int) -> bytes:
    return wrapped(5, b"\1\1" + vector([b"\0" + name("a") + b"\1\0"] * n))


# Columns: limit, what makes a component that has so many, words.
LIMITS = [
    (limits.COMPONENT_NESTING, nested_components, "component nesting is too deep"),
    (limits.COMPONENT_NESTING - 1, nested_types, "component type nesting is too deep"),
    (limits.CANON_OPTIONS, lambda n: wrapped(8, b"\1\1\0\0" + vector([b"\0"] * n)), "canonical options"),
    (limits.PARAMS, lambda n: wrapped(7, b"\1\x40" + vector([b"\1a\x7d"] * n) + b"\1\0"), "function parameters"),
    (limits.RECORD_FIELDS, lambda n: wrapped(7, b"\1\x72" + vector([b"\1a\x7d"] * n)), "record fields"),
    (limits.VARIANT_CASES, lambda n: wrapped(7, b"\1\x71" + vector([b"\1a\0\0"] * n)), "variant cases"),
    (limits.TUPLE_TYPES, lambda n: wrapped(7, b"\1\x6f" + vector([b"\x7d"] * n)), "tuple types"),
    (limits.FLAG_LABELS, lambda n: wrapped(7, b"\1\x6e" + vector([b"\1a"] * n)), "flag labels"),
    (limits.ENUM_CASES, lambda n: wrapped(7, b"\1\x6d" + vector([b"\1a"] * n)), "enum cases"),
    (limits.START_ARGS, lambda n: wrapped(9, b"\0" + vector([b"\0"] * n) + b"\0"), "start arguments"),
    (limits.INSTANTIATION_EXPORTS, exports_of_instance, "instantiation exports"),
    (limits.MODULE_DECLARATIONS, lambda n: wrapped(3, b"\1\x50" + vector([b"\2\x10\1\0\0"] * n)), "module type declarations"),
    (limits.STRING, lambda n: wrapped(0, name("a" * n)), "string size"),
    (limits.COMPONENT_ITEMS, lambda n: wrapped(7, vector([b"\x7d"] * n)), "component items"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "make", "words"), LIMITS)
def test_limits(limit: int, make, words: str) -> None:  # type: ignore[no-untyped-def]
    decode(make(limit))
    with pytest.raises(InvalidError, match=words):
        decode(make(limit + 1))


def test_a_million_types_of_several_components_count_together() -> None:
    half = section(7, vector([b"\x7d"] * (limits.COMPONENT_ITEMS // 2)))
    decode(MAGIC + half + half)
    with pytest.raises(InvalidError, match="component items"):
        decode(MAGIC + half + section(4, MAGIC + half))


def test_counts_beyond_the_bytes_cost_nothing() -> None:
    began = time.perf_counter()
    for data in (b"\7\6\xff\xff\xff\xff\x0f\x73", b"\7\7\1\x6f\x90\x4e\x7d\x7d\x7d", b"\x0a\5\xff\xff\xff\xff\x0f"):
        with pytest.raises(MalformedError, match="unexpected end-of-file"):
            decode(MAGIC + data)
    assert time.perf_counter() - began < 1


# ---- damaged bytes


def test_the_small_component_is_all_there() -> None:
    decoded = decode(SMALL)
    assert encode(decoded) == SMALL
    assert {type(d) for d in decoded.definitions} >= {
        s.CoreModule, s.CoreInstantiate, s.CoreExports, s.CoreTypeDef, s.SubComponent, s.Exports, s.AliasExport, s.TypeDef, s.Canon,
        s.Import, s.Export, s.Custom,
    }  # fmt: skip


def test_every_truncation_is_refused_or_ends_behind_a_section() -> None:
    whole = 0
    for length in range(len(SMALL)):
        error = refusal(SMALL[:length])
        assert error is None or isinstance(error, MalformedError)
        if error is None:
            assert encode(decode(SMALL[:length])) == SMALL[:length]
            whole += 1
    assert 10 < whole < 40


def mutate(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(8, len(out))
        match rng.randrange(4):
            case 0:
                out[at] = rng.randrange(256)
            case 1:
                out[at] ^= 1 << rng.randrange(8)
            case 2:
                del out[at : at + rng.randrange(1, 4)]
            case _:
                out[at:at] = out[rng.randrange(len(out)) :][: rng.randrange(1, 9)]
    return bytes(out)


def test_mutations() -> None:
    """Whatever the bytes: a component, whose own bytes say the same, or one of the two errors."""
    rng = random.Random(12)
    survived = 0
    for _ in range(2000):
        data = mutate(SMALL, rng)
        if refusal(data) is None:
            survived += 1
            written = encode(decode(data))
            assert encode(decode(written)) == written
    assert 100 < survived < 1500
