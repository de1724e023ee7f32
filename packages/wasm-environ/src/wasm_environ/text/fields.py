"""Module fields: a first pass binds every identifier, a second reads each field in order into its section's bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from wasm_environ import module
from wasm_environ.binary.writer import unsigned, vector
from wasm_environ.op import END, I32_CONST, I64_CONST, REF_FUNC
from wasm_environ.text.code import CodeReader
from wasm_environ.text.customs import take_customs
from wasm_environ.text.immediates import Scope, refuse_notes
from wasm_environ.text.lexer import Tokens
from wasm_environ.text.positions import Positions
from wasm_environ.text.sections import Sections, string
from wasm_environ.text.spaces import Space
from wasm_environ.text.types import FUNCREF, REF, TypeReader, bind_local
from wasm_environ.types import EXACT_FUNC

_FUNC_REF: Final = bytes((REF, 0x70))  # (ref func): what a list of function indices holds
_END: Final = bytes((END,))
_ZERO32: Final = bytes((I32_CONST, 0, END))
_ZERO64: Final = bytes((I64_CONST, 0, END))
_KINDS: Final = {name: kind for kind, name in enumerate(module.KIND_NAMES)}
_NOUNS: Final = {"func": "function"}


@final
class FieldReader:
    """Reads the fields of one module into `sections`."""

    def __init__(self, tokens: Tokens, memory64: bool, positions: Positions | None = None, table_zero: bool = False) -> None:
        self.table_zero = table_zero  # element segments that name table 0 name it in the binary too, which needs reference types
        self.positions = positions
        self.tokens = tokens
        self.begin = tokens.i
        self.types = TypeReader(tokens, Space("type", "type"), memory64)
        self.scope = Scope(tokens, self.types)
        self.sections = Sections()
        self.sections.types = self.types.defs
        scope = self.scope
        self.spaces = (scope.funcs, scope.tables, scope.memories, scope.globals, scope.tags)
        self.fields: list[tuple[str, int, int]] = []  # keyword, token, index: what the second pass reads, in order
        self.readers: dict[str, Callable[[int], None]] = {
            "import": self._import, "func": self._func, "table": self._table, "memory": self._memory, "global": self._global,
            "tag": self._tag, "export": self._export, "start": self._start, "elem": self._elem, "data": self._data,
        }  # fmt: skip
        self.imports_after = ""  # the kind of the last definition: no import may follow it

    # -- first pass -----------------------------------------------------------------------------

    def bind(self) -> None:
        """Walk over all fields up to the module's `)` or the end: identifiers, imports, exports, and where the types are."""
        tokens = self.tokens
        type_starts: list[int] = []
        while True:
            if tokens.notes:
                take_customs(tokens, self.sections)
            start = tokens.i
            if tokens.toks[start] != "(":
                break
            word = tokens.toks[start + 1]
            tokens.i += 2
            if word == "type":
                type_starts.append(start)
                self.types.bind_type(start)
            elif word == "rec":
                type_starts.append(start)
                while tokens.opens("type"):
                    self.types.bind_type(tokens.i)
                tokens.expect(")")
            else:
                self._bind_field(word, start)
        end = tokens.i
        for start in type_starts:
            tokens.i = start + 2
            first = len(self.types.defs)
            if tokens.toks[start + 1] == "rec":
                self.types.rec_group()
            else:
                self.types.add(self.types.type_def())
            if self.positions is not None:
                self.positions.items.update({("type", index): start + 1 for index in range(first, len(self.types.defs))})
        tokens.i = end

    def _bind_field(self, word: str, start: int) -> None:
        tokens, scope = self.tokens, self.scope
        if word not in self.readers:
            raise tokens.unexpected(start + 1, "a module field")
        end = tokens.close_of(start)
        index = -1
        if word in _KINDS:
            index = self._bind_definition(word, start, end)
        elif word == "import":
            self._bind_import(start)
        elif word == "start":
            index = 0
        elif word == "elem":
            index = scope.elems.define(tokens)
        elif word == "data":
            index = scope.datas.define(tokens)
        self.fields.append((word, start, index))
        if self.positions is not None and index >= 0:
            self.positions.items[word, index] = start + 1
        tokens.i = end + 1

    def _bind_definition(self, word: str, start: int, end: int) -> int:
        tokens = self.tokens
        index = self.spaces[_KINDS[word]].define(tokens)
        while tokens.opens("export"):
            tokens.i = tokens.close_of(tokens.i) + 1
        if tokens.opens("import"):
            self._check_import(tokens.i)
            return index
        self.imports_after = word
        inline = {"table": "elem", "memory": "data"}.get(word)
        if inline is not None:
            i = tokens.i
            while i < end:
                if tokens.toks[i] == "(":
                    if tokens.toks[i + 1] == inline:
                        (self.scope.elems if inline == "elem" else self.scope.datas).count += 1
                        break
                    i = tokens.close_of(i)
                i += 1
        return index

    def _bind_import(self, start: int) -> None:
        tokens = self.tokens
        self._check_import(start)
        tokens.string()
        tokens.string()
        tokens.expect("(")
        word = tokens.toks[tokens.i]
        if word not in _KINDS:
            raise tokens.unexpected(wanted="an external type")
        tokens.i += 1
        index = self.spaces[_KINDS[word]].define(tokens)
        if self.positions is not None:
            self.positions.items[word, index] = start + 1

    def _check_import(self, at: int) -> None:
        if self.imports_after:
            raise self.tokens.fail(f"import after {_NOUNS.get(self.imports_after, self.imports_after)}", at)

    # -- second pass ----------------------------------------------------------------------------

    def read(self) -> None:
        """Read every field into its section."""
        tokens = self.tokens
        end = tokens.i
        for word, start, index in self.fields:
            tokens.i = start + 2
            self.readers[word](index)
            tokens.expect(")")
            if self.positions is not None:
                self.positions.grew(self.sections, start + 1)
        tokens.i = end
        self.types.finish()
        if self.positions is not None:
            self.positions.types(self.sections.type_entries())
        self.sections.data_count = self.scope.uses_data
        refuse_notes(tokens, self.begin, end)

    def name_section(self) -> None:
        """Gather the names that the identifiers gave."""
        names, scope = self.sections.names, self.scope
        names.functions = scope.funcs.names
        names.types = self.types.space.names
        names.tables = scope.tables.names
        names.memories = scope.memories.names
        names.globals = scope.globals.names
        names.elements = scope.elems.names
        names.datas = scope.datas.names
        names.tags = scope.tags.names
        names.fields = {index: fields.names for index, fields in self.types.fields.items()}

    def _skip_id(self) -> None:
        self.tokens.identifier()

    def _exports(self, kind: int, index: int) -> None:
        """(export "name")* of a definition."""
        while self.tokens.enter("export"):
            self._add_export(self.tokens.name(), kind, index)
            self.tokens.expect(")")

    def _add_export(self, name: bytes, kind: int, index: int) -> None:
        self.sections.exports.append(string(name) + bytes((kind,)) + unsigned(index))

    def _inline_import(self) -> bytes | None:
        """(import "module" "name") of a definition: the two names in binary form."""
        if not self.tokens.enter("import"):
            return None
        names = string(self.tokens.name()) + string(self.tokens.name())
        self.tokens.expect(")")
        return names

    def _constant(self) -> bytes:
        """A constant expression up to the next `)`."""
        code = CodeReader(self.scope)
        self.scope.enter_function({})
        code.sequence()
        return bytes(code.out) + _END

    def _folded_constant(self, word: str) -> bytes:
        """(word expr) or one folded instruction."""
        if self.tokens.enter(word):
            out = self._constant()
            self.tokens.expect(")")
            return out
        code = CodeReader(self.scope)
        self.scope.enter_function({})
        code.one_folded()
        return bytes(code.out) + _END

    def _import(self, index: int) -> None:
        tokens, types = self.tokens, self.types
        names = string(tokens.name()) + string(tokens.name())
        tokens.expect("(")
        word = tokens.toks[tokens.i]
        tokens.i += 1
        self._skip_id()
        if word == "func":
            out = self._function_type({})
        elif word == "table":
            out = b"\x01" + types.table_type()
        elif word == "memory":
            out = b"\x02" + types.limits(True)
        elif word == "global":
            out = b"\x03" + types.global_type()
        else:
            out = b"\x04\x00" + unsigned(types.type_use({}))
        tokens.expect(")")
        self.sections.imports.append(names + out)

    def _function_type(self, names: dict[str, int]) -> bytes:
        """The type of a function import, which may be exact."""
        if self.tokens.enter("exact"):
            out = bytes((EXACT_FUNC,)) + unsigned(self.types.type_use(names))
            self.tokens.expect(")")
            return out
        return b"\x00" + unsigned(self.types.type_use(names))

    def _func(self, index: int) -> None:
        tokens, types, scope = self.tokens, self.types, self.scope
        start = tokens.i - 1
        self._skip_id()
        self._exports(module.FUNC, index)
        names = self._inline_import()
        if names is not None:
            self.sections.imports.append(names + self._function_type({}))
            return
        local_ids: dict[str, int] = {}
        type_index = types.type_use(local_ids)
        code = CodeReader(scope)
        code.out += self._locals(local_ids, types.params_of(type_index))
        scope.enter_function(local_ids)
        if self.positions is not None:
            code.places = self.positions.body(start)
        code.sequence()
        if self.positions is not None:
            self.positions.end(len(code.out), tokens.i)
        code.out += _END
        self.sections.functions.append(unsigned(type_index))
        self.sections.codes.append(string(bytes(code.out)))
        if local_ids:
            self.sections.names.locals[index] = {i: name[1:] for name, i in local_ids.items()}
        if scope.label_names:
            self.sections.names.labels[index] = scope.label_names
        if code.hints:
            self.sections.hints[index] = dict(code.hints)

    def _locals(self, names: dict[str, int], count: int) -> bytes:
        """(local ...)*: the declarations in runs of equal types."""
        tokens = self.tokens
        runs: list[tuple[bytes, int]] = []
        while tokens.enter("local"):
            named = tokens.toks[tokens.i][:1] == "$"
            if named:
                bind_local(tokens, names, count)
            while tokens.toks[tokens.i] != ")" or named:
                code = self.types.value_type()
                count += 1
                if runs and runs[-1][0] == code:
                    runs[-1] = (code, runs[-1][1] + 1)
                else:
                    runs.append((code, 1))
                if named:
                    break
            tokens.expect(")")
        return vector([unsigned(n) + code for code, n in runs])

    def _table(self, index: int) -> None:
        tokens, types = self.tokens, self.types
        self._skip_id()
        self._exports(module.TABLE, index)
        names = self._inline_import()
        if names is not None:
            self.sections.imports.append(names + b"\x01" + types.table_type())
            return
        start = tokens.i
        is64 = types.address_type()
        if tokens.toks[tokens.i][:1].isdigit():
            tokens.i = start
            out = types.table_type()
            if tokens.toks[tokens.i] != ")":
                out = b"\x40\x00" + out + self._constant()
            self.sections.tables.append(out)
            return
        element = types.ref_type()
        if not tokens.enter("elem"):
            raise tokens.unexpected(wanted="(elem ...)")
        functions, items = self._elements()
        tokens.expect(")")
        size = unsigned(len(items))
        self.sections.tables.append(element + (b"\x05" if is64 else b"\x01") + size + size)
        offset = _ZERO64 if is64 else _ZERO32
        if functions and element not in (FUNCREF, _FUNC_REF):
            items, functions = [bytes((REF_FUNC,)) + item + _END for item in items], False
        self._add_elem(module.ACTIVE, index, offset, FUNCREF if functions else element, functions, items)

    def _memory(self, index: int) -> None:
        tokens, types = self.tokens, self.types
        self._skip_id()
        self._exports(module.MEMORY, index)
        names = self._inline_import()
        if names is not None:
            self.sections.imports.append(names + b"\x02" + types.limits(True))
            return
        start = tokens.i
        is64 = types.address_type()
        page = types.page_size()
        if not tokens.enter("data"):
            tokens.i = start
            self.sections.memories.append(types.limits(True))
            return
        data = tokens.strings()
        tokens.expect(")")
        pages = unsigned(-(-len(data) >> (16 if page < 0 else page)))
        flags = 0x01 | (0x04 if is64 else 0) | (0x08 if page >= 0 else 0)
        self.sections.memories.append(bytes((flags,)) + pages + pages + (unsigned(page) if page >= 0 else b""))
        self._add_data(0, index, _ZERO64 if is64 else _ZERO32, data)

    def _global(self, index: int) -> None:
        self._skip_id()
        self._exports(module.GLOBAL, index)
        names = self._inline_import()
        kind = self.types.global_type()
        if names is not None:
            self.sections.imports.append(names + b"\x03" + kind)
        else:
            self.sections.globals.append(kind + self._constant())

    def _tag(self, index: int) -> None:
        self._skip_id()
        self._exports(module.TAG, index)
        names = self._inline_import()
        kind = b"\x00" + unsigned(self.types.type_use({}))
        if names is not None:
            self.sections.imports.append(names + b"\x04" + kind)
        else:
            self.sections.tags.append(kind)

    def _export(self, index: int) -> None:
        tokens = self.tokens
        name = tokens.name()
        tokens.expect("(")
        kind = _KINDS.get(tokens.toks[tokens.i])
        if kind is None:
            raise tokens.unexpected(wanted="an external kind")
        tokens.i += 1
        self._add_export(name, kind, self.spaces[kind].index(tokens))
        tokens.expect(")")

    def _start(self, index: int) -> None:
        if self.sections.start >= 0:
            raise self.tokens.fail("multiple start sections", self.tokens.i - 1)
        self.sections.start = self.scope.funcs.index(self.tokens)

    def _elem(self, index: int) -> None:
        tokens, types = self.tokens, self.types
        self._skip_id()
        mode, table, offset = module.PASSIVE, -1, b""
        bare = True  # indices without `func` before them, as long as no (table ...) says that the text is newer than such lists
        if tokens.take("declare"):
            mode = module.DECLARED
        elif tokens.enter("table"):
            mode = module.ACTIVE
            table = self.scope.tables.index(tokens)
            tokens.expect(")")
            offset = self._folded_constant("offset")
            bare = False
        elif tokens.toks[tokens.i] == "(" and tokens.toks[tokens.i + 1] != "ref":
            mode = module.ACTIVE
            offset = self._folded_constant("offset")
        elif mode == module.PASSIVE and self.scope.next_is_index() and tokens.toks[tokens.i + 1] == "(":
            mode = module.ACTIVE
            table = self.scope.tables.index(tokens)
            offset = self._folded_constant("offset")
        start = tokens.i
        element = types.maybe_value_type()
        if element is not None:
            tokens.i = start
            element = types.ref_type()
            items = self._items()
            self._add_elem(mode, table, offset, element, False, items)
        elif tokens.take("func") or (bare and mode == module.ACTIVE):
            self._add_elem(mode, table, offset, FUNCREF, True, self._indices())
        else:
            raise tokens.unexpected(wanted="func or a reference type")

    def _elements(self) -> tuple[bool, list[bytes]]:
        """The inside of a table's (elem ...): whether these are function indices, and they."""
        if self.tokens.toks[self.tokens.i] == "(":
            return False, self._items()
        return True, self._indices()

    def _items(self) -> list[bytes]:
        items: list[bytes] = []
        while self.tokens.toks[self.tokens.i] == "(":
            items.append(self._folded_constant("item"))
        return items

    def _indices(self) -> list[bytes]:
        items: list[bytes] = []
        while self.scope.next_is_index():
            items.append(unsigned(self.scope.funcs.index(self.tokens)))
        return items

    def _add_elem(self, mode: int, table: int, offset: bytes, element: bytes, functions: bool, items: list[bytes]) -> None:
        flags = 0 if functions else 4
        if mode != module.ACTIVE:
            head = bytes((flags | (1 if mode == module.PASSIVE else 3),))
            head += b"\x00" if functions else element
        elif (table < 0 or (table == 0 and not self.table_zero)) and (functions or element == FUNCREF):
            head = bytes((flags,)) + offset
        else:
            head = bytes((flags | 2,)) + unsigned(max(table, 0)) + offset + (b"\x00" if functions else element)
        self.sections.elems.append(head + vector(items))

    def _data(self, index: int) -> None:
        tokens = self.tokens
        self._skip_id()
        mode, memory, offset = module.PASSIVE, 0, b""
        if tokens.enter("memory"):
            mode = module.ACTIVE
            memory = self.scope.memories.index(tokens)
            tokens.expect(")")
            offset = self._folded_constant("offset")
        elif tokens.toks[tokens.i] == "(":
            mode = module.ACTIVE
            offset = self._folded_constant("offset")
        elif self.scope.next_is_index():
            mode = module.ACTIVE
            memory = self.scope.memories.index(tokens)
            offset = self._folded_constant("offset")
        self._add_data(mode, memory, offset, tokens.strings())

    def _add_data(self, mode: int, memory: int, offset: bytes, data: bytes) -> None:
        if mode == module.PASSIVE:
            head = b"\x01"
        elif memory:
            head = b"\x02" + unsigned(memory) + offset
        else:
            head = b"\x00" + offset
        self.sections.datas.append(head + string(data))
