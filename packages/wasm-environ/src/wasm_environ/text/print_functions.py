"""Functions and constant expressions as text: header, locals, body flat or folded, branch hints as annotations."""

from __future__ import annotations

from typing import Final, final

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import InvalidError
from wasm_environ.features import ALL
from wasm_environ.module import ConstExpr, Module
from wasm_environ.names import NameMap, Names
from wasm_environ.text.ids import Ids
from wasm_environ.text.print_code import CodePrinter
from wasm_environ.text.print_folded import MAX_INDENT, Folder, layout, one_line
from wasm_environ.text.print_types import TypePrinter
from wasm_environ.text.sections import Hints

_CLOSERS: Final = frozenset({"end", "else", "catch", "catch_all", "delegate"})
_OPENERS: Final = frozenset({"block", "loop", "if", "else", "try", "try_table", "catch", "catch_all"})


@final
class FunctionPrinter:
    """Prints the bodies of one module. `names_shown` counts local and label names that found their place."""

    def __init__(self, module: Module, types: TypePrinter, spaces: dict[str, Ids], names: Names) -> None:
        self.module = module
        self.types = types
        self.spaces = spaces
        self.names = names
        self.code = CodePrinter(types, spaces)
        self.names_shown = 0

    def function(self, index: int, hints: Hints, folded: bool, offsets: bool) -> list[str]:
        """The lines of a function that is defined here."""
        module = self.module
        defined = index - module.imported_functions
        start, end = module.code_starts[defined], module.code_ends[defined]
        reader = Reader(module.data, start, end, ALL, [])
        locals_declared = self._declared(reader)
        type_index = module.functions[index]
        signature = self.types.func_type(type_index)
        ids = self._local_ids(index, len(signature.params) + len(locals_declared))
        header = f"(func{self.spaces['func'].define(index)} (type {self.types.ids.ref(type_index)})"
        header += self._group("param", list(map(self.types.value, signature.params)), ids, 0)
        header += f" (result {' '.join(map(self.types.value, signature.results))})" if signature.results else ""
        lines = [f"  {header}"]
        if locals_declared:
            lines.append("   " + self._group("local", locals_declared, ids, len(signature.params)))
        here = {start + offset: value for offset, value in hints.get(index, {}).items()}
        labels = self.names.labels.get(index, {})
        count = len(signature.params) + len(locals_declared)
        self.code.enter(module.data, reader.pos, end, [ids.ref(i) for i in range(count)], labels)
        lines += self._folded(len(signature.results), here, offsets) if folded else self._flat(here, offsets)
        self.names_shown += self.code.labels_used + len(ids.by_index)
        if here:
            hints[index] = here  # found no branch to stand at
        else:
            hints.pop(index, None)
        if len(lines) == 1:
            return [lines[0] + ")"]
        return [*lines, "  )"]

    def _declared(self, reader: Reader) -> list[str]:
        """The types of the declared locals, one each."""
        out: list[str] = []
        for _ in range(reader.u32()):
            at = reader.pos
            count = reader.u32()
            if len(out) + count > limits.LOCALS:
                raise InvalidError(limits.exceeded("locals", len(out) + count), at)
            out += [self.types.value(reader.value_type())] * count
        return out

    def _local_ids(self, index: int, count: int) -> Ids:
        names: NameMap = self.names.locals.get(index, {})
        return Ids(names, count)

    def _group(self, word: str, types: list[str], ids: Ids, first: int) -> str:
        """(word $id t) for what has a name, (word t t t) for runs of what has none; a space before each."""
        out: list[str] = []
        run: list[str] = []
        for i, t in enumerate(types):
            name = ids.by_index.get(first + i, "")
            if not name:
                run.append(t)
                continue
            if run:
                out.append(f" ({word} {' '.join(run)})")
                run = []
            out.append(f" ({word} {name} {t})")
        if run:
            out.append(f" ({word} {' '.join(run)})")
        return "".join(out)

    def _flat(self, hints: dict[int, int], offsets: bool) -> list[str]:
        p = self.code
        lines: list[str] = []
        depth = 2
        while True:
            p.next()
            if p.done:
                return lines
            word = p.op.mnemonic
            if word in _CLOSERS:
                depth -= 1
            prefix = f"(;@{p.offset:x};) " if offsets else ""
            if hints and p.offset in hints and word in ("if", "br_if"):
                prefix += f'(@metadata.code.branch_hint "\\{hints.pop(p.offset):02x}") '
            lines.append(f"{'  ' * min(depth, MAX_INDENT)}{prefix}{p.text}")
            if word in _OPENERS:
                depth += 1

    def _folded(self, results: int, hints: dict[int, int], offsets: bool) -> list[str]:
        return layout(Folder(self.code, results, hints).nodes(), 2, offsets)

    def constant(self, expr: ConstExpr, word: str) -> str:
        """A constant expression: one folded instruction, or (word instructions...)."""
        self.code.enter(expr.code, 0, len(expr.code), [], {})
        nodes = Folder(self.code, 0, {}).nodes()
        text = " ".join(map(one_line, nodes))
        return text if len(nodes) == 1 or not word else f"({word}{' ' if text else ''}{text})"
