"""The .wast script parser: the suite's language of modules and assertions, to a list of commands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final, final

from wasm_environ import types
from wasm_environ.script.commands import (
    LANE_BITS,
    Action,
    AssertException,
    AssertExhaustion,
    AssertInvalid,
    AssertInvalidCustom,
    AssertMalformed,
    AssertMalformedCustom,
    AssertReturn,
    AssertSuspension,
    AssertTrap,
    AssertUnlinkable,
    Command,
    ComponentValue,
    Expected,
    Get,
    Invoke,
    ModuleCommand,
    ModuleInstance,
    Register,
    Thread,
    Value,
    Wait,
)
from wasm_environ.script.values import WORDS, component_value, float_pattern, integer_bits
from wasm_environ.text.lexer import SCANNER, Tokens, decode_source
from wasm_environ.text.numbers import natural

_CONSTS: Final = {"i32.const": "i32", "i64.const": "i64", "f32.const": "f32", "f64.const": "f64"}
_FLOATS: Final = ("f32", "f64")
_WIDTHS: Final = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}
_HEAPS: Final = {name: code for code, name in types.HEAP_NAMES.items()}
_REFERENCES: Final = frozenset({
    "ref.func", "ref.extern", "ref.host", "ref.any", "ref.eq", "ref.i31", "ref.struct", "ref.array", "ref.exn", "ref.i31_shared"
})  # fmt: skip
_NUMBERED: Final = frozenset({"ref.func", "ref.extern", "ref.host"})
_COMMANDS: Final = frozenset({"module", "component", "register", "invoke", "get", "thread", "wait"})
_MODULE_ASSERTIONS: Final[dict[str, Callable[[ModuleCommand, str, int], Command]]] = {
    "assert_malformed": AssertMalformed, "assert_malformed_custom": AssertMalformedCustom, "assert_invalid": AssertInvalid,
    "assert_invalid_custom": AssertInvalidCustom, "assert_unlinkable": AssertUnlinkable,
}  # fmt: skip


def parse_script(source: str | bytes) -> list[Command]:
    """The commands of a .wast file in order. Text modules are only cut out; each is parsed when its `binary()` is asked for.

    Raises TextError with line and column when the script itself is not one.
    """
    reader = _ScriptReader(decode_source(source))
    if reader.is_bare_module():
        return [ModuleCommand("", "text", False, reader.source, b"", 1)]
    commands: list[Command] = []
    while reader.tokens.toks[reader.tokens.i]:
        commands.append(reader.command())
    return commands


@final
class _ScriptReader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = Tokens(source)
        self.offsets = [match.start(1) for match in SCANNER.finditer(self.tokens.text)]
        self.line_starts = [0]
        at = source.find("\n")
        while at >= 0:
            self.line_starts.append(at + 1)
            at = source.find("\n", at + 1)

    def offset(self, token: int) -> int:
        raw = self.tokens.raw
        index = token if raw is None else raw[token]
        return self.offsets[index] if index < len(self.offsets) else len(self.source)

    def line(self, token: int) -> int:
        return bisect_right(self.line_starts, self.offset(token))

    def is_bare_module(self) -> bool:
        """Whether the file is the fields of one module, without (module ...)."""
        toks = self.tokens.toks
        if len(toks) < 3 or toks[0] != "(":
            return False
        return toks[1] not in _COMMANDS and not toks[1].startswith("assert_")

    def command(self) -> Command:
        tokens = self.tokens
        start = tokens.i
        if tokens.toks[start] != "(":
            raise tokens.unexpected(wanted="a command")
        word = tokens.toks[start + 1]
        if word == "module" or word == "component":
            return self.module()
        if word == "invoke" or word == "get":
            return self.action()
        line = self.line(start)
        tokens.i += 2
        if word == "register":
            result: Command = Register(self.name(), tokens.identifier(), line)
        elif word == "thread":
            result = self.thread(line)
        elif word == "wait":
            result = Wait(tokens.identifier(), line)
        elif word.startswith("assert_"):
            result = self.assertion(word, line)
        else:
            tokens.i -= 1
            raise tokens.unexpected(wanted="a command")
        tokens.expect(")")
        return result

    def name(self) -> str:
        return self.tokens.name().decode()

    def message(self) -> str:
        return self.tokens.string().decode("utf-8", "replace")

    def assertion(self, word: str, line: int) -> Command:
        if word in _MODULE_ASSERTIONS:
            module = self.module()
            if isinstance(module, ModuleInstance):
                raise self.tokens.fail(f"unexpected token: {word} needs a module")
            return _MODULE_ASSERTIONS[word](module, self.message(), line)
        if word == "assert_return":
            action = self.action()
            start = self.tokens.i
            values = self.component_values()
            if values and any(value.kind not in _FLOATS for value in values):
                return AssertReturn(action, (), line, values)
            self.tokens.i = start
            expected: list[Expected] = []
            while self.tokens.toks[self.tokens.i] == "(":
                expected.append(self.expected())
            return AssertReturn(action, tuple(expected), line, values)
        if word == "assert_trap":
            if self.tokens.opens("module") or self.tokens.opens("component"):
                module = self.module()
                if isinstance(module, ModuleInstance):
                    raise self.tokens.fail("unexpected token: assert_trap needs a module or an action")
                return AssertTrap(module, self.message(), line)
            return AssertTrap(self.action(), self.message(), line)
        if word == "assert_exhaustion":
            return AssertExhaustion(self.action(), self.message(), line)
        if word == "assert_exception":
            return AssertException(self.action(), line)
        if word == "assert_suspension":
            return AssertSuspension(self.action(), self.message(), line)
        self.tokens.i -= 1
        raise self.tokens.unexpected(wanted="a command")

    def thread(self, line: int) -> Thread:
        tokens = self.tokens
        name = tokens.identifier()
        shared: list[str] = []
        while tokens.enter("shared"):
            tokens.expect("(")
            tokens.expect("module")
            shared.append(tokens.identifier())
            tokens.expect(")")
            tokens.expect(")")
        commands: list[Command] = []
        while tokens.toks[tokens.i] == "(":
            commands.append(self.command())
        return Thread(name, tuple(shared), commands, line)

    def module(self) -> ModuleCommand | ModuleInstance:
        tokens = self.tokens
        start = tokens.i
        line = self.line(start)
        is_component = tokens.opens("component")
        if not is_component and not tokens.opens("module"):
            raise tokens.unexpected(wanted="a module or component")
        tokens.i += 2
        if tokens.take("instance"):
            result = ModuleInstance(tokens.identifier(), tokens.identifier(), line, is_component)
            tokens.expect(")")
            return result
        definition = tokens.take("definition")
        name = tokens.identifier()
        kind = tokens.toks[tokens.i]
        if kind == "binary" or kind == "quote":
            tokens.i += 1
            data = tokens.strings() if kind == "binary" else self.quoted()
            tokens.expect(")")
            return ModuleCommand(name, kind, definition, "", data, line, is_component=is_component)
        end = tokens.close_of(start)
        tokens.i = end + 1
        begin = self.offset(start)
        source = self.source[begin : self.offset(end) + 1]
        return ModuleCommand(name, "text", definition, source, b"", line, begin - self.line_starts[line - 1] + 1, is_component)

    def quoted(self) -> bytes:
        """The strings of (module quote ...), a space between, as the reference interpreter reads them."""
        pieces: list[bytes] = []
        while self.tokens.toks[self.tokens.i][:1] == '"':
            pieces.append(self.tokens.string())
        return b" ".join(pieces)

    def action(self) -> Action:
        tokens = self.tokens
        line = self.line(tokens.i)
        invoke = tokens.enter("invoke")
        if not invoke and not tokens.enter("get"):
            raise tokens.unexpected(wanted="invoke or get")
        module = tokens.identifier()
        name = self.name()
        args: list[Value] = []
        start = tokens.i
        values = self.component_values() if invoke else None
        if values is None or all(value.kind in _FLOATS for value in values):
            tokens.i = start
            while invoke and tokens.toks[tokens.i] == "(":
                value = self.expected()
                args.append((value.kind, value.bits))
        tokens.expect(")")
        return Invoke(module, name, tuple(args), line, values) if invoke else Get(module, name, line)

    def component_values(self) -> tuple[ComponentValue, ...] | None:
        """Values of a component; None, the cursor anywhere, when there is one that is none."""
        values: list[ComponentValue] = []
        while self.tokens.toks[self.tokens.i] == "(":
            if self.tokens.toks[self.tokens.i + 1] not in WORDS:
                return None
            values.append(component_value(self.tokens))
        return tuple(values)

    def expected(self) -> Expected:
        """One value or pattern."""
        tokens = self.tokens
        tokens.expect("(")
        word = tokens.toks[tokens.i]
        tokens.i += 1
        if word in _CONSTS:
            kind = _CONSTS[word]
            result = Expected(kind, self.number(kind, _WIDTHS[kind]))
        elif word == "v128.const":
            result = self.vector()
        elif word == "ref.null":
            result = Expected(word, self.null_type())
        elif word in _REFERENCES:
            result = Expected(word, self.reference_number() if word in _NUMBERED else -1)
        elif word == "either":
            options: list[Expected] = []
            while tokens.toks[tokens.i] == "(":
                options.append(self.expected())
            result = Expected("either", options=tuple(options))
        else:
            raise tokens.unexpected(tokens.i - 1, "a value")
        tokens.expect(")")
        return result

    def number(self, kind: str, width: int) -> int:
        return float_pattern(self.tokens, width) if kind[0] == "f" else integer_bits(self.tokens, width)

    def vector(self) -> Expected:
        tokens = self.tokens
        shape = tokens.toks[tokens.i]
        if shape not in LANE_BITS:
            raise tokens.unexpected(wanted="a vector shape")
        tokens.i += 1
        width = LANE_BITS[shape]
        lanes = [self.number(shape, width) for _ in range(128 // width)]
        bits = 0
        if min(lanes) >= 0:
            for i, lane in enumerate(lanes):
                bits |= lane << i * width
        return Expected("v128", bits, shape, tuple(lanes))

    def null_type(self) -> int:
        tok = self.tokens.toks[self.tokens.i]
        if tok == ")" or not tok:
            return -1
        self.tokens.i += 1
        if tok in _HEAPS:
            return _HEAPS[tok]
        number = natural(tok)
        return -1 if number is None else number - (1 << 32)

    def reference_number(self) -> int:
        number = natural(self.tokens.toks[self.tokens.i])
        if number is None:
            if self.tokens.toks[self.tokens.i][:1] == "$":
                self.tokens.i += 1
            return -1
        self.tokens.i += 1
        return number
