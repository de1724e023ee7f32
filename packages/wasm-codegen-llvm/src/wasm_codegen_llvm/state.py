"""The state while one function is lowered, which the chapters' lowerings work on: values and text, blocks, traps, the vmctx and libcalls."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final, final

from wasm_codegen_llvm.ir import INVARIANT, RISKY_LITERALS, SUFFIXES, UNLIKELY
from wasm_environ.body import LABEL_WORDS
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.libcalls import INDEX, LIBCALLS
from wasm_environ.op import BR_IF, I32_EQZ, IF, SELECT, SELECT_VALTYPES
from wasm_environ.opcodes import BY_ID
from wasm_environ.vmtypes import CONTEXT_BUILTINS, POINTER_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasm_codegen_llvm.labels import Handler, Label, LegacyTries
    from wasm_codegen_llvm.llvm_module import Batch
    from wasm_environ.body import FunctionBody

# Instructions that take a condition as the i1 it is: a comparison right before one of them needs no i32.
TAKES_CONDITION: Final = frozenset((BR_IF, IF, SELECT, SELECT_VALTYPES, I32_EQZ))

LIBCALL_LETTERS: Final = {"p": "ptr", "i": "i32", "I": "i64", "f": "float", "F": "double", "": "void", "!": "void"}


@final
class FunctionState:
    """The state while one function is lowered.

    stack: the operand stack, as LLVM values (names or literals). here: the current basic block.
    known: what locals (>= 0), and context fields (< 0, see `context_pointer`), hold in this block, so that they are not loaded again.
    conditions: the i1 behind an i32 made by a comparison. shapes: a <16 x i8> value -> (vector type, value it was cast from).
    folded: loaded values, and values made from them, that x86 may fold into the instruction that uses them -> (wasm offset of the load, how
    deep): the user then carries the load's debug location, because it is where the load's trap happens.
    """

    def __init__(self, batch: Batch, body: FunctionBody, returns_here: bool, collects: bool, legacy: LegacyTries | None) -> None:
        self.batch = batch
        self.module = batch.module
        self.layout = batch.layout
        self.body = body
        self.signature = batch.signature(body.type_index)
        self.offset: int = body.offset
        self.lines: list[str] = []
        self.entry: list[str] = []
        self.cold: list[str] = []
        self.emit: Callable[[str], None] = self.lines.append
        self.next: Callable[[], int] = count(1).__next__
        self.stack: list[str] = []
        self.here = "start"
        self.blocks = 0
        self.block_start = 0  # in `lines`
        self.longest_block = 0
        self.labels: list[Label | None] = [None] * (len(body.labels) // LABEL_WORDS)
        self.known: dict[int, str] = {}
        self.conditions: dict[str, str] = {}
        self.shapes: dict[str, tuple[str, str]] = {}
        self.folded: dict[str, tuple[int, bool]] = {}
        self.last_load = 0  # wasm offset of the last load of this block, 0 for none
        self.loads: dict[int, tuple[str, str, int, int]] = {}  # wasm offset of a load -> type, address, offset, memory
        self.scope = batch.subprogram()
        self.more_slots = 0  # how many values further results of calls need
        self.fuel = 0  # used since the counter was last brought up to date
        self.constant_locals: dict[int, str] = {}
        self.following = 0  # op id of the record after the current one
        self.local_types: list[str] = []
        self.returns_here = returns_here  # whether some callee, which may use the side area, returns to this function
        self.collects = collects  # whether a collection can happen while the function runs
        self.slots: list[str] = []  # per local: its alloca, or "" when it is never assigned
        self.handler: Handler | None = None  # of what is thrown here, None: the function does not catch it
        self.legacy = legacy
        self.has_landing_pads = False

    # ---- values and text

    def debug(self, offset: int = -1) -> str:
        """The debug location suffix of an instruction that may trap or call; by default of the current wasm instruction."""
        return f", !dbg !DILocation(line: {self.offset if offset < 0 else offset}, scope: !{self.scope})"

    def debug_of(self, *operands: str) -> str:
        """The debug suffix for an instruction into which the load of an operand may be folded, else nothing."""
        loads = [self.folded[v] for v in operands if v in self.folded]
        return self.debug(max(loads)[0]) if loads else ""

    def follow(self, made: str, *values: str) -> None:
        """What was made of a loaded value may still be folded with the load, of the last one."""
        loads = [self.folded[value] for value in values if value in self.folded]
        if loads:
            self.folded[made] = max(loads)

    def follow_loads(self, text: str, operands: Iterable[str], result: str) -> str:
        """Give the load's location to instructions that may swallow it, and remember their result once."""
        folded = self.folded
        origin = None
        for operand in operands:
            found = folded.get(operand)
            if found is not None and (origin is None or found > origin):
                origin = found
        if origin is None:
            return text
        if not origin[1]:
            folded[result] = (origin[0], True)
        suffix = self.debug(origin[0])
        return text.replace("\n", suffix + "\n") + suffix

    def debug_of_branch(self) -> str:
        """The debug suffix for a conditional branch: it may become a select, and the last load be folded into that."""
        return self.debug(self.last_load) if self.last_load else ""

    def opaque(self, value: str, t: str) -> str:
        """A risky float literal as a value that LLVM does not see through; anything else as it is."""
        if value not in RISKY_LITERALS or t[0] == "i":
            return value
        if t == "<16 x i8>":
            return self.opaque_vector(value)
        name = f"%o{self.next()}"
        self.emit(f"{name} = call {t} @llvm.arithmetic.fence.{SUFFIXES[t]}({t} {value})")
        return name

    def pinned(self, value: str, t: str) -> str:
        """A value that leaves the function or goes to another. Where LLVM widens an i32 for that, one that was loaded would lose its load's place."""
        if t != "i32" or not self.batch.isa.sign_extends or value not in self.folded:
            return value
        name = f"%o{self.next()}"
        self.emit(f'{name} = call i32 asm "", "=r,0"(i32 {value}){self.debug_of(value)}')
        return name

    def opaque_vector(self, value: str) -> str:
        n = self.next()
        self.emit(
            f"%a{n} = call <4 x float> @llvm.arithmetic.fence.v4f32(<4 x float> bitcast (<16 x i8> {value} to <4 x float>))\n"
            f"%o{n} = bitcast <4 x float> %a{n} to <16 x i8>"
        )
        return f"%o{n}"

    def condition(self, value: str) -> str:
        """An i1 that says whether an i32 value is not zero."""
        known = self.conditions.get(value)
        if known is not None:
            return known
        name = f"%c{self.next()}"
        self.emit(f"{name} = icmp ne i32 {value}, 0{self.debug_of(value)}")
        return name

    def start_block(self, name: str) -> None:
        """Begin a basic block that several others may branch to: nothing is known there."""
        self.continue_block(name)
        self.known = {}
        self.last_load = 0

    def continue_block(self, name: str) -> None:
        """Begin a basic block that only the current one branches to."""
        self.blocks += 1
        self.longest_block = max(self.longest_block, len(self.lines) - self.block_start)
        self.block_start = len(self.lines)
        self.emit(f"{name}:")
        self.here = name

    # ---- traps, the vmctx, libcalls

    def trap_if(self, condition: str, code: int | str, slow: str = "", offset: int = -1) -> None:
        """Trap when an i1 holds; `slow` is IR that only the trapping path needs."""
        n = self.next()
        self.emit(f"br i1 {condition}, label %t{n}, label %k{n}{UNLIKELY}")
        self.cold.append(f"t{n}:\n{slow}{self.trap_call(code, offset)}")
        self.continue_block(f"k{n}")

    def trap_call(self, code: int | str, offset: int = -1) -> str:
        return f"call void @trap(ptr %vm, i32 {code}) #1{self.debug(offset)}\nunreachable"

    def field(self, offset: int, t: str, suffix: str = "") -> str:
        """Load a field of the vmctx."""
        n = self.next()
        self.emit(f"%p{n} = getelementptr i8, ptr %vm, i64 {offset}\n%q{n} = load {t}, ptr %p{n}{suffix}")
        return f"%q{n}"

    def context_pointer(self, offset: int) -> str:
        """Load a pointer of the vmctx that never changes."""
        value = self.known.get(-offset)
        if value is None:
            value = self.known[-offset] = self.field(offset, "ptr", INVARIANT)
        return value

    def at(self, pointer: str, offset: int) -> str:
        """pointer + a constant."""
        if not offset:
            return pointer
        n = self.next()
        self.emit(f"%p{n} = getelementptr i8, ptr {pointer}, i64 {offset}")
        return f"%p{n}"

    def load_at(self, pointer: str, offset: int, t: str, suffix: str = "") -> str:
        """Load from pointer + a constant."""
        pointer = self.at(pointer, offset)
        n = self.next()
        self.emit(f"%q{n} = load {t}, ptr {pointer}{suffix}")
        return f"%q{n}"

    def libcall(self, name: str, *arguments: object) -> str:
        """Call a libcall; the vmctx is passed first. Returns its result, or ''."""
        index = INDEX[name]
        operands, result = LIBCALLS[index][1].split(":")
        builtins = self.context_pointer(CONTEXT_BUILTINS)
        code = self.load_at(builtins, POINTER_SIZE * index, "ptr", INVARIANT)
        passed = ", ".join(["ptr %vm", *(self._argument(t, str(value)) for t, value in zip(operands[1:], arguments, strict=True))])
        call = f"call {LIBCALL_LETTERS[result]} {code}({passed}){self.debug()}"
        if result in ("", "!"):
            self.emit(call)
            return ""
        n = self.next()
        self.emit(f"%v{n} = {call}")
        return f"%v{n}"

    def _argument(self, letter: str, value: str) -> str:
        """An operand of a libcall."""
        if letter != "i":
            return f"{LIBCALL_LETTERS[letter]} {value}"
        return f"i32{self.batch.isa.extension} {self.pinned(value, 'i32')}"

    def push_condition(self, condition: str, value: str, next_op: int) -> None:
        """Push an i1 as wasm's i32, made only if something else than a branch takes it."""
        self.conditions[value] = condition
        if next_op not in TAKES_CONDITION:
            self.emit(f"{value} = zext i1 {condition} to i32")
        self.stack.append(value)

    def is_in_place(self, value: str, offset: int) -> bool:
        """Whether the side area still holds this value there: a parameter handed on as it came, and nothing called in between."""
        if self.returns_here or value[:2] != "%P":
            return False
        return (int(value[2:]), offset) in self.signature.side_params()

    def unsupported(self, op: int) -> UnsupportedError:
        row = BY_ID[op]
        return UnsupportedError(
            f"the llvm backend does not support {row.mnemonic} yet (feature: {row.feature}), in function {self.body.index}",
            self.offset,
        )
