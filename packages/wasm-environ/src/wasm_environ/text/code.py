"""Instruction sequences, flat and folded, straight to bytes: one loop over tokens and a stack of what is open, never recursion."""

from __future__ import annotations

from typing import Final, final

from wasm_environ import op
from wasm_environ.binary.writer import unsigned
from wasm_environ.compile_errors import InvalidError
from wasm_environ.opcodes import BY_MNEMONIC
from wasm_environ.text.immediates import INSTRUCTIONS, PLAIN, Scope
from wasm_environ.text.lexer import STRING, unquote

# What a frame is: what may stand in it, and what its end emits.
ROOT: Final = 0  # the sequence itself
BLOCK: Final = 1  # flat block, loop, try_table: ends with `end`
IF: Final = 2  # flat if, until its else
TRY: Final = 3  # flat try, until its catch_all
PLAIN_FOLDED: Final = 4  # (op instr*): `pending` follows the operands
BLOCK_FOLDED: Final = 5  # (block instr*)
IF_FOLDED: Final = 6  # (if operand* (then) (else)): `pending` follows the condition
TRY_FOLDED: Final = 7  # (try (do) (catch)* (catch_all)) or (try (do) (delegate))
ARM: Final = 8  # (then ...), (else ...), (do ...), (catch ...), (catch_all ...)
# Where instructions may stand unfolded. The specification has none in (op ...); wasmtime's parser takes them for operands, as `(i32.eqz local.get 0)`.
_FLAT: Final = (True, True, True, True, True, True, False, False, True)

# States of IF_FOLDED and TRY_FOLDED: what came last.
_START: Final = 0  # conditions, or nothing yet
_FIRST: Final = 1  # then, do
_MORE: Final = 2  # catch
_LAST: Final = 3  # else, catch_all
_DELEGATED: Final = 4

_CATCHES: Final = {"catch": 0, "catch_ref": 1, "catch_all": 2, "catch_all_ref": 3}
_BLOCKS: Final = {mnemonic: bytes((BY_MNEMONIC[mnemonic].id,)) for mnemonic in ("block", "loop", "if", "try", "try_table")}
_HINT: Final = "metadata.code.branch_hint"


@final
class Frame:
    """Something open: its kind, what to emit at its end, its identifier, its state, its branch hint, its first token."""

    __slots__ = ("hint", "kind", "label", "pending", "start", "state")

    def __init__(self, kind: int, pending: bytes = b"", label: str = "", hint: int = -1, start: int = 0) -> None:
        self.kind = kind
        self.start = start
        self.pending = pending
        self.label = label
        self.hint = hint
        self.state = _START


@final
class CodeReader:
    """Reads instruction sequences into `out`. `hints` are branch hints as (offset in out, value)."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.tokens = scope.tokens
        self.out = bytearray()
        self.frames: list[Frame] = []
        self.hints: list[tuple[int, int]] = []
        self.hint = -1  # of the instruction that comes next
        self.places: list[tuple[int, int]] | None = None  # where wanted: (offset in out, token) of every instruction

    def sequence(self) -> None:
        """Instructions up to a `)` that closes what is around them; the cursor stays on it."""
        self._run(False)

    def one_folded(self) -> None:
        """Exactly one folded instruction."""
        if self.tokens.toks[self.tokens.i] != "(":
            raise self.tokens.unexpected(wanted="a folded instruction")
        self._run(True)

    def _run(self, single: bool) -> None:
        tokens = self.tokens
        toks, out, notes = tokens.toks, self.out, tokens.notes
        frames = self.frames = [Frame(ROOT)]
        i = tokens.i
        while True:
            tok = toks[i]
            if notes and i in notes:
                self._take_hint(i)
            if tok == "(":
                tokens.i = i + 1
                self._open(frames[-1])
            elif tok == ")":
                tokens.i = i
                if len(frames) == 1:
                    return
                self._close(frames[-1])
            else:
                if not _FLAT[frames[-1].kind] or (single and len(frames) == 1):
                    raise tokens.unexpected(i)
                if self.places is not None:
                    self.places.append((len(out), i))
                code = PLAIN.get(tok)
                if code is not None:
                    out += code
                    i += 1
                    continue
                tokens.i = i
                self._flat(tok)
            i = tokens.i
            if single and len(frames) == 1:
                return

    def _take_hint(self, at: int) -> None:
        tokens = self.tokens
        notes = [note for note in tokens.notes[at] if note.name == _HINT]
        if not notes:
            return
        if len(notes) > 1:
            raise tokens.fail_raw(f"@{_HINT} annotation: duplicate annotation", notes[1].raw)
        rest = [note for note in tokens.notes[at] if note.name != _HINT]
        if rest:
            tokens.notes[at] = rest
        else:
            del tokens.notes[at]
        note = notes[0]
        value = unquote(note.tokens[0]) if len(note.tokens) == 1 and STRING.fullmatch(note.tokens[0]) else b""
        if value not in (b"\x00", b"\x01"):
            raise tokens.fail_raw(f"@{_HINT} annotation: malformed value", note.raw)
        word = tokens.toks[at + 1] if tokens.toks[at] == "(" else tokens.toks[at]
        if word not in ("if", "br_if"):
            where = tokens.fail_raw(f"@{_HINT} annotation: invalid target", note.raw)
            raise InvalidError(str(where))
        self.hint = value[0]

    def _emit(self, hint: int, code: bytes, start: int) -> None:
        """A folded instruction, whose first token is `start`."""
        self._record_hint(hint)
        if self.places is not None:
            self.places.append((len(self.out), start))
        self.out += code

    def _record_hint(self, hint: int) -> None:
        if hint >= 0:
            self.hints.append((len(self.out), hint))

    # -- flat instructions ----------------------------------------------------------------------

    def _flat(self, word: str) -> None:
        tokens = self.tokens
        instruction = INSTRUCTIONS.get(word)
        if instruction is not None:
            tokens.i += 1
            code = instruction.reader(self.scope, instruction.code, instruction.op)
            if self.hint >= 0:
                self._record_hint(self.hint)
                self.hint = -1
            self.out += code
        elif word in _BLOCKS:
            tokens.i += 1
            label = tokens.identifier()
            code = self._header(word)
            self._record_hint(self.hint)
            self.hint = -1
            self.out += code
            self.scope.push_label(label)
            self.frames.append(Frame(IF if word == "if" else TRY if word == "try" else BLOCK, b"", label))
        else:
            self._delimiter(word, self.frames[-1])

    def _header(self, word: str) -> bytes:
        """Opcode, block type and catch clauses, the cursor after the label."""
        code = _BLOCKS[word] + self.scope.types.block_type()
        return code + self._catches() if word == "try_table" else code

    def _catches(self) -> bytes:
        tokens = self.tokens
        clauses: list[bytes] = []
        while tokens.toks[tokens.i] == "(" and tokens.toks[tokens.i + 1] in _CATCHES:
            kind = _CATCHES[tokens.toks[tokens.i + 1]]
            tokens.i += 2
            tag = unsigned(self.scope.tags.index(tokens)) if kind < 2 else b""
            clauses.append(bytes((kind,)) + tag + self.scope.label())
            tokens.expect(")")
        return unsigned(len(clauses)) + b"".join(clauses)

    def _delimiter(self, word: str, frame: Frame) -> None:
        tokens, kind = self.tokens, frame.kind
        if word == "end" and BLOCK <= kind <= TRY:
            tokens.i += 1
            self._same_label(frame)
            self.out.append(op.END)
            self.scope.pop_label()
            self.frames.pop()
        elif word == "else" and kind == IF:
            tokens.i += 1
            self._same_label(frame)
            self.out.append(op.ELSE)
            frame.kind = BLOCK
        elif word == "catch" and kind == TRY:
            tokens.i += 1
            self.out += bytes((op.CATCH,)) + unsigned(self.scope.tags.index(tokens))
            frame.state = _MORE
        elif word == "catch_all" and kind == TRY:
            tokens.i += 1
            self.out.append(op.CATCH_ALL)
            frame.kind = BLOCK
        elif word == "delegate" and kind == TRY and frame.state == _START:
            tokens.i += 1
            self.scope.pop_label()
            self.out += bytes((op.DELEGATE,)) + self.scope.label()
            self.frames.pop()
        else:
            raise tokens.unexpected()

    def _same_label(self, frame: Frame) -> None:
        at = self.tokens.i
        label = self.tokens.identifier()
        if label and label != frame.label:
            raise self.tokens.fail(f"mismatching label {label}", at)

    # -- folded instructions --------------------------------------------------------------------

    def _open(self, frame: Frame) -> None:
        """After `(`."""
        tokens = self.tokens
        word = tokens.toks[tokens.i]
        if tokens.notes and tokens.i in tokens.notes:
            self._take_hint(tokens.i)
        if frame.kind == IF_FOLDED and (word == "then" or frame.state != _START):
            self._if_arm(frame, word)
            return
        if frame.kind == TRY_FOLDED:
            self._try_arm(frame, word)
            return
        start = tokens.i
        hint, self.hint = self.hint, -1
        code = PLAIN.get(word)
        if code is None:
            instruction = INSTRUCTIONS.get(word)
            if instruction is None:
                self._open_block(word, hint)
                return
            tokens.i += 1
            code = instruction.reader(self.scope, instruction.code, instruction.op)
        else:
            tokens.i += 1
        if tokens.toks[tokens.i] == ")":
            tokens.i += 1
            self._emit(hint, code, start)
        else:
            self.frames.append(Frame(PLAIN_FOLDED, code, "", hint, start))

    def _open_block(self, word: str, hint: int) -> None:
        tokens = self.tokens
        if word not in _BLOCKS:
            raise tokens.unexpected()
        start = tokens.i
        tokens.i += 1
        label = tokens.identifier()
        code = self._header(word)
        if word == "if" or word == "try":
            self.frames.append(Frame(IF_FOLDED if word == "if" else TRY_FOLDED, code, label, hint, start))
            return
        self._emit(-1, code, start)
        self.scope.push_label(label)
        self.frames.append(Frame(BLOCK_FOLDED, b"", label))

    def _if_arm(self, frame: Frame, word: str) -> None:
        if word == "then" and frame.state == _START:
            self._emit(frame.hint, frame.pending, frame.start)
            self.scope.push_label(frame.label)
            frame.state = _FIRST
        elif word == "else" and frame.state == _FIRST:
            self.out.append(op.ELSE)
            frame.state = _LAST
        else:
            raise self.tokens.unexpected()
        self.tokens.i += 1
        self.frames.append(Frame(ARM))

    def _try_arm(self, frame: Frame, word: str) -> None:
        tokens = self.tokens
        state = frame.state
        caught = state in (_FIRST, _MORE)
        tokens.i += 1
        if word == "do" and state == _START:
            self._emit(-1, frame.pending, frame.start)
            self.scope.push_label(frame.label)
            frame.state = _FIRST
        elif word == "catch" and caught:
            self.out += bytes((op.CATCH,)) + unsigned(self.scope.tags.index(tokens))
            frame.state = _MORE
        elif word == "catch_all" and caught:
            self.out.append(op.CATCH_ALL)
            frame.state = _LAST
        elif word == "delegate" and state == _FIRST:
            self.scope.pop_label()
            self.out += bytes((op.DELEGATE,)) + self.scope.label()
            tokens.expect(")")
            frame.state = _DELEGATED
            return
        else:
            raise tokens.unexpected(tokens.i - 1)
        self.frames.append(Frame(ARM))

    def _close(self, frame: Frame) -> None:
        """On `)`."""
        kind = frame.kind
        if kind == PLAIN_FOLDED:
            self._emit(frame.hint, frame.pending, frame.start)
        elif kind == BLOCK_FOLDED or (kind >= IF_FOLDED and kind != ARM):
            if kind != BLOCK_FOLDED and frame.state == _START:
                raise self.tokens.unexpected(wanted="(then ...)" if kind == IF_FOLDED else "(do ...)")
            if frame.state != _DELEGATED:
                self._emit(-1, bytes((op.END,)), self.tokens.i)
                self.scope.pop_label()
        elif kind != ARM:
            raise self.tokens.unexpected(wanted="`end`")
        self.frames.pop()
        self.tokens.i += 1
