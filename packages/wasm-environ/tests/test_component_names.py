"""Names of imports and exports, their versions, and which are too alike."""

from __future__ import annotations

import re

import pytest

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.extern_names import check_version, is_kebab, kebab, parse_name
from wasm_environ.component.semver import Version, parse_version
from wasm_environ.features import DEFAULT, Features

NESTED = Features(on=("component_model_nested_names",))


@pytest.mark.parametrize(("text", "expected"), [
    ("a", True), ("a-B", True), ("a0", True), ("a-0", True), ("a0-000-3d4a-54FF", True), ("", False), ("aB", False), ("a-", False), ("-", False),
    ("0", False), ("0-a", False), ("a-b--c", False), ("a0-000-3d4A-54Ff", False), ("ä", False), ("a_b", False), ("a\n", False),
])  # fmt: skip
def test_kebab(text: str, expected: bool) -> None:
    assert is_kebab(text) is expected
    if expected:
        assert kebab(text, "flag") == text.lower()
    else:
        with pytest.raises(InvalidError, match="flag name cannot be empty" if not text else "is not in kebab case"):
            kebab(text, "flag")


# Columns: name, kind, key.
NAMES = [
    ("a-B", "label", ("label", "a-b")), ("[constructor]A", "constructor", ("constructor", "a")), ("[method]a.b", "method", ("method", "a.b")),
    ("[static]a.B", "static", ("method", "a.b")), ("[static]a.A", "static", ("label", "a")), ("wasi:http/TYPES", "interface", ("interface", "wasi:http/types")),
    ("a:b/c@1.2.3", "interface", ("interface", "a:b/c@1.2.3")), ("locked-dep=<a:b>", "dependency", ("dependency", "locked-dep=<a:b>")),
    ("unlocked-dep=<a:b@{>=1.0.0 <2.0.0}>", "dependency", ("dependency", "unlocked-dep=<a:b@{>=1.0.0 <2.0.0}>")),
    ("unlocked-dep=<a:b@*>", "dependency", ("dependency", "unlocked-dep=<a:b@*>")),
    ("url=<https://x>,integrity=<sha256-a>", "url", ("url", "url=<https://x>,integrity=<sha256-a>")),
    ("integrity=<sha256-ab== sha512-c?x>", "hash", ("hash", "integrity=<sha256-ab== sha512-c?x>")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "key"), NAMES)
def test_names(text: str, kind: str, key: tuple[str, str]) -> None:
    name = parse_name(text, DEFAULT)
    assert (name.text, name.kind, name.key) == (text, kind, key)
    check_version(name, None)


@pytest.mark.parametrize(("text", "message"), [
    ("", "`` is not in kebab case"), ("[method]a", "failed to find `.` character"), ("[method]a.B.c", "`B.c` is not in kebab case"),
    ("a:b", "expected `/` after package name"), ("a:b/c/d", "trailing characters found: `/d`"), ("A:b/c", "character `A` is not lowercase"),
    ("wasi:", "`` is not in kebab case"), ("a:b:c/d", "expected `/` after package name"), ("url=<a<b>", "url cannot contain `<`"), ("url=<a", "failed to find `>`"),
    ("integrity=<>", "integrity hash cannot be empty"), ("integrity=<md5-a>", "unrecognized hash algorithm"), ("integrity=<sha256-*>", "not valid base64"),
    ("integrity=<sha256a>", "expected `-` after"), ("locked-dep=a", "expected `<` at `a`"), ("locked-dep=<a:b@1>", "is not a valid semver"),
    ("unlocked-dep=<a:b@{=1.0.0}>", "expected `>=` or `<`"), ("unlocked-dep=<a:b@{>=1.0.0 2.0.0}>", "upper bounds"), ("a:b/c@1.0.0>", "trailing"),
])  # fmt: skip
def test_what_is_no_name(text: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_name(text, DEFAULT)
    assert message in str(caught.value)


def test_nested_names_are_a_feature() -> None:
    assert parse_name("a:b:c/d/e", NESTED).kind == "interface"


@pytest.mark.parametrize(("text", "version"), [
    ("1.2.3", Version(1, 2, 3)), ("0.0.0-abcd.1.2+efg.4.ee.05", Version(0, 0, 0, "abcd.1.2", "efg.4.ee.05")), ("1.0.0--", Version(1, 0, 0, "-")),
    (f"{(1 << 64) - 1}.0.0", Version((1 << 64) - 1, 0, 0)), ("1.0.0+001", Version(1, 0, 0, "", "001")),
])  # fmt: skip
def test_versions(text: str, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(("text", "message"), [
    ("", "empty string"), (".", "unexpected character '.' while parsing major"), ("1.", "unexpected end of input while parsing minor"), ("1", "unexpected end"),
    ("a.2", "unexpected character 'a'"), ("2.0x0", "unexpected character 'x' after minor"), ("2.0.0+", "empty identifier segment in build"),
    ("2.0.0-", "empty identifier segment in pre"), ("1.0.0-a..b", "empty identifier"), ("01.0.0", "invalid leading zero in major"), ("1.0.0-01", "invalid leading zero"),
    (f"{1 << 64}.0.0", "exceeds u64"), ("1.0.0 ", "unexpected character ' ' after patch"), ("1.0.0-é", "empty identifier"), ("1.0.0+a+b", "after build metadata"),
])  # fmt: skip
def test_what_is_no_version(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_version(text)
