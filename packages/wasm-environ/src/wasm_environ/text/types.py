"""The types of the text format, each parsed straight to its bytes: value, heap, function, composite and external types."""

from __future__ import annotations

from typing import Final, final

from wasm_environ import types
from wasm_environ.binary.writer import signed, unsigned
from wasm_environ.text.lexer import Tokens
from wasm_environ.text.numbers import natural
from wasm_environ.text.spaces import Space

HEAPS: Final = {name: bytes((code,)) for code, name in types.HEAP_NAMES.items()}
NUMBERS: Final = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c", "v128": b"\x7b"}
PACKED: Final = {"i8": b"\x78", "i16": b"\x77"}
SHORTHANDS: Final = {types.value_type_name(types.ref(code)): bytes((code,)) for code in types.HEAP_NAMES}
_SIMPLE: Final = {**NUMBERS, **SHORTHANDS}

REF: Final = 0x64
REF_NULL: Final = 0x63
EXACT: Final = 0x62
FUNCREF: Final = b"\x70"

# A function type: the encodings of its parameter and of its result types.
Signature = tuple[tuple[bytes, ...], tuple[bytes, ...]]
EMPTY: Final[Signature] = ((), ())


@final
class TypeDef:
    """One type while it is read: the bytes of its entry, its signature when it is a function, what a type use may match."""

    __slots__ = ("group", "sharable", "signature", "text")

    def __init__(self, text: bytes, signature: Signature | None, sharable: bool, group: int) -> None:
        self.text = text
        self.signature = signature
        self.sharable = sharable  # a type use without index may mean this one: alone in its group, final, no supertypes
        self.group = group  # size of the rec group that begins here, 0 inside one


@final
class TypeReader:
    """Parses types against the module's type index space; collects the type section and adds implicit function types to it."""

    def __init__(self, tokens: Tokens, space: Space, memory64: bool) -> None:
        self.tokens = tokens
        self.space = space
        self.bound_bits = 64 if memory64 else 32
        self.defs: list[TypeDef] = []
        self.fields: dict[int, Space] = {}  # field names by type index
        self.by_signature: dict[Signature, int] = {}
        self.late_checks: list[tuple[int, Signature, int]] = []

    # -- value types ----------------------------------------------------------------------------

    def heap_type(self) -> bytes:
        """An abstract heap type, a type index, or (exact index)."""
        tokens = self.tokens
        if tokens.enter("exact"):
            index = self.space.index(tokens)
            tokens.expect(")")
            return bytes((EXACT,)) + unsigned(index)
        code = HEAPS.get(tokens.toks[tokens.i])
        if code is not None:
            tokens.i += 1
            return code
        return signed(self.space.index(tokens))

    def ref_type(self) -> bytes:
        """A reference type."""
        found = self.maybe_value_type()
        if found is None or found in (b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b"):
            raise self.tokens.unexpected(self.tokens.i - 1 if found else -1, "a reference type")
        return found

    def value_type(self) -> bytes:
        """A value type."""
        found = self.maybe_value_type()
        if found is None:
            raise self.tokens.unexpected(wanted="a value type")
        return found

    def maybe_value_type(self) -> bytes | None:
        """A value type, or None when there is none here."""
        tokens = self.tokens
        tok = tokens.toks[tokens.i]
        simple = _SIMPLE.get(tok)
        if simple is not None:
            tokens.i += 1
            return simple
        if tok != "(" or tokens.toks[tokens.i + 1] != "ref":
            return None
        tokens.i += 2
        nullable = tokens.take("null")
        heap = self.heap_type()
        tokens.expect(")")
        if nullable and len(heap) == 1 and heap[0] >= types.CONT and heap[0] & 0x40:
            return heap
        return bytes((REF_NULL if nullable else REF,)) + heap

    def ref_immediate(self) -> tuple[bool, bytes]:
        """A reference type as (nullable, heap type), for casts."""
        code = self.ref_type()
        if code[0] == REF or code[0] == REF_NULL:
            return code[0] == REF_NULL, code[1:]
        return True, code

    # -- function types and type uses -----------------------------------------------------------

    def signature(self, names: dict[str, int] | None) -> Signature:
        """(param ...)* (result ...)*. Parameter names go to `names`, or are refused when it is None."""
        tokens = self.tokens
        params: list[bytes] = []
        results: list[bytes] = []
        while tokens.enter("param"):
            at = tokens.i
            if tokens.toks[at][:1] == "$":
                if names is None:
                    raise tokens.unexpected(wanted="a value type")
                bind_local(tokens, names, len(params))
                params.append(self.value_type())
            else:
                self._value_types(params)
            tokens.expect(")")
        while tokens.enter("result"):
            self._value_types(results)
            tokens.expect(")")
        if tokens.opens("param"):
            raise tokens.unexpected(tokens.i + 1, "no parameters after results")
        return tuple(params), tuple(results)

    def _value_types(self, out: list[bytes]) -> None:
        while self.tokens.toks[self.tokens.i] != ")":
            out.append(self.value_type())

    def type_use(self, names: dict[str, int] | None) -> int:
        """(type x)? (param ...)* (result ...)*: a type index. Adds the type when there is none yet."""
        tokens = self.tokens
        at = tokens.i
        index = -1
        if tokens.enter("type"):
            index = self.space.index(tokens)
            tokens.expect(")")
        inline = tokens.i
        signature = self.signature(names)
        if index < 0:
            return self.implicit(signature)
        if tokens.i != inline:
            if index < len(self.defs):
                self._check_inline(index, signature, at)
            else:
                self.late_checks.append((index, signature, at))
        return index

    def block_type(self) -> bytes:
        """A block's type: nothing, one result, or a type use."""
        tokens = self.tokens
        if tokens.toks[tokens.i] != "(":
            return b"\x40"
        word = tokens.toks[tokens.i + 1]
        if word == "result" or word == "param":
            start = tokens.i
            params, results = self.signature(None)
            if not params and len(results) < 2:
                return results[0] if results else b"\x40"
            tokens.i = start
        elif word != "type":
            return b"\x40"
        return signed(self.type_use(None))

    def implicit(self, signature: Signature) -> int:
        """The index of the least type that a type use without index means; added at the end when there is none."""
        index = self.by_signature.get(signature, -1)
        if index < 0:
            index = len(self.defs)
            self.add(TypeDef(function_bytes(signature), signature, True, 1))
            self.space.count = len(self.defs)
        return index

    def add(self, entry: TypeDef) -> None:
        """Append one type."""
        if entry.sharable and entry.signature is not None:
            self.by_signature.setdefault(entry.signature, len(self.defs))
        self.defs.append(entry)

    def params_of(self, index: int) -> int:
        """How many parameters a function type has; 0 for what is not one (the validator complains)."""
        signature = self.defs[index].signature if index < len(self.defs) else None
        return len(signature[0]) if signature is not None else 0

    def _check_inline(self, index: int, signature: Signature, at: int) -> None:
        if index >= len(self.defs):
            raise self.tokens.fail(f"unknown type {index}", at)
        if self.defs[index].signature != signature:
            raise self.tokens.fail("inline function type does not match the type", at)

    def finish(self) -> None:
        """Check the type uses that mentioned types which came later."""
        for index, signature, at in self.late_checks:
            self._check_inline(index, signature, at)

    # -- type definitions -----------------------------------------------------------------------

    def bind_type(self, start: int) -> None:
        """First pass over the `(type $id ...)` that starts here: its index, identifier and field names."""
        tokens = self.tokens
        end = tokens.close_of(start)
        tokens.i = start + 2
        index = self.space.define(tokens)
        fields = Space("field", "field")
        while tokens.i < end:
            if tokens.enter("struct"):
                self._bind_fields(fields)
                break
            tokens.i += 1
        if fields.ids:
            self.fields[index] = fields
        tokens.i = end + 1

    def _bind_fields(self, fields: Space) -> None:
        tokens = self.tokens
        while tokens.enter("field"):
            if tokens.toks[tokens.i][:1] == "$":
                fields.define(tokens)
                self._storage_start(fields)
            else:
                while tokens.toks[tokens.i] not in (")", ""):
                    self._storage_start(fields)
                    fields.count += 1
            tokens.expect(")")

    def _storage_start(self, fields: Space) -> None:
        """Step over one field type without reading it."""
        tokens = self.tokens
        if tokens.toks[tokens.i] == "(":
            tokens.i = tokens.close_of(tokens.i) + 1
        elif tokens.toks[tokens.i] != ")":
            tokens.i += 1

    def rec_group(self) -> None:
        """Second pass over `(rec (type ...)*)`, the cursor after `(rec`."""
        tokens = self.tokens
        start = len(self.defs)
        entries: list[TypeDef] = []
        while tokens.enter("type"):
            entries.append(self.type_def())
        tokens.expect(")")
        for entry in entries:
            entry.group = 0
            if len(entries) > 1:
                entry.sharable = False
            self.add(entry)
        if entries:
            self.defs[start].group = len(entries)

    def type_def(self) -> TypeDef:
        """Second pass over one `(type $id? subtype)`, the cursor after `(type`."""
        tokens = self.tokens
        tokens.identifier()
        final, supers, plain = True, list[int](), True
        if tokens.enter("sub"):
            plain = False
            final = tokens.take("final")
            while tokens.toks[tokens.i] != "(" and tokens.toks[tokens.i] != ")":
                supers.append(self.space.index(tokens))
        prefix = b""
        for word, code in (("describes", 0x4C), ("descriptor", 0x4D)):
            if tokens.enter(word):
                prefix += bytes((code,)) + unsigned(self.space.index(tokens))
                tokens.expect(")")
        body, signature = self.composite()
        if not plain:
            tokens.expect(")")
        tokens.expect(")")
        if not (final and not supers):
            body_prefix = bytes((0x4F if final else 0x50,)) + unsigned(len(supers)) + b"".join(map(unsigned, supers))
        else:
            body_prefix = b""
        return TypeDef(body_prefix + prefix + body, signature, final and not supers and not prefix, 1)

    def composite(self) -> tuple[bytes, Signature | None]:
        """(func ...), (struct ...), (array ...) or (cont index)."""
        tokens = self.tokens
        if tokens.enter("func"):
            signature = self.signature({})
            tokens.expect(")")
            return function_bytes(signature), signature
        if tokens.enter("array"):
            field = self.field_type()
            tokens.expect(")")
            return b"\x5e" + field, None
        if tokens.enter("cont"):
            index = self.space.index(tokens)
            tokens.expect(")")
            return b"\x5d" + signed(index), None
        if not tokens.enter("struct"):
            raise tokens.unexpected(tokens.i + (tokens.toks[tokens.i] == "("), "func, struct, array or cont")
        fields: list[bytes] = []
        while tokens.enter("field"):
            if tokens.identifier():
                fields.append(self.field_type())
            else:
                while tokens.toks[tokens.i] != ")":
                    fields.append(self.field_type())
            tokens.expect(")")
        tokens.expect(")")
        return b"\x5f" + unsigned(len(fields)) + b"".join(fields), None

    def field_type(self) -> bytes:
        """A storage type, or (mut it)."""
        tokens = self.tokens
        mutable = tokens.enter("mut")
        code = PACKED.get(tokens.toks[tokens.i])
        if code is not None:
            tokens.i += 1
        else:
            code = self.value_type()
        if mutable:
            tokens.expect(")")
        return code + (b"\x01" if mutable else b"\x00")

    # -- external types -------------------------------------------------------------------------

    def limits(self, page_size: bool) -> bytes:
        """i64? min max? shared? (pagesize n)?: the flags byte and the numbers."""
        tokens = self.tokens
        flags = 0x04 if self.address_type() else 0
        out = unsigned(self.bound())
        if tokens.toks[tokens.i][:1].isdigit():
            flags |= 0x01
            out += unsigned(self.bound())
        if tokens.take("shared"):
            flags |= 0x02
        if page_size:
            log2 = self.page_size()
            if log2 >= 0:
                flags |= 0x08
                out += unsigned(log2)
        return bytes((flags,)) + out

    def address_type(self) -> bool:
        """i32 or i64 or nothing: whether addresses have 64 bits."""
        return not self.tokens.take("i32") and self.tokens.take("i64")

    def bound(self) -> int:
        """One end of limits."""
        value = natural(self.tokens.toks[self.tokens.i])
        if value is None:
            raise self.tokens.unexpected(wanted="a number")
        if value >> self.bound_bits:
            raise self.tokens.fail(f"i{self.bound_bits} constant out of range")
        self.tokens.i += 1
        return value

    def page_size(self) -> int:
        """(pagesize n)?: log2 of it, or -1."""
        tokens = self.tokens
        if not tokens.enter("pagesize"):
            return -1
        value = natural(tokens.toks[tokens.i])
        if value is None:
            raise tokens.unexpected(wanted="a number")
        if value == 0 or value & (value - 1) or value >= 1 << 64:
            raise tokens.fail(f"invalid custom page size {value}")
        tokens.i += 1
        tokens.expect(")")
        return value.bit_length() - 1

    def global_type(self) -> bytes:
        """A value type, or (mut it), and the mutability byte."""
        if self.tokens.enter("mut"):
            code = self.value_type()
            self.tokens.expect(")")
            return code + b"\x01"
        return self.value_type() + b"\x00"

    def table_type(self) -> bytes:
        """Limits and a reference type."""
        limits = self.limits(False)
        return self.ref_type() + limits


def bind_local(tokens: Tokens, names: dict[str, int], index: int) -> None:
    """Bind the identifier under the cursor to a local."""
    at = tokens.i
    name = tokens.identifier()
    if name in names:
        raise tokens.fail(f"duplicate local {name}", at)
    names[name] = index


def function_bytes(signature: Signature) -> bytes:
    """The binary form of a function type."""
    params, results = signature
    return b"\x60" + unsigned(len(params)) + b"".join(params) + unsigned(len(results)) + b"".join(results)

