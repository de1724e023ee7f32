"""One function body to LLVM IR: the loop over its op stream, and the state that the chapters' lowerings work on."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final, final

from wasm_codegen_llvm import fuel, rows
from wasm_codegen_llvm.ir import INVARIANT, RISKY_LITERALS, SUFFIXES, UNLIKELY, ZEROS, type_name
from wasm_codegen_llvm.lower import (
    aggregate,
    atomic,
    cast,
    control,
    descriptor,
    exception,
    memory,
    numeric,
    parametric,
    reference,
    table,
    variable,
    vector,
    vector_memory,
)
from wasm_codegen_llvm.lower.canonical import canonicalize
from wasm_codegen_llvm.lower.heap import SAFE_POINTS
from wasm_codegen_llvm.passes import is_giant
from wasm_environ import nans
from wasm_environ.body import LABEL_WORDS, OFFSET_SHIFT, OP_MASK, WORDS
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.libcalls import INDEX, LIBCALLS
from wasm_environ.op import BR_IF, CALL, CALL_INDIRECT, CALL_REF, I32_EQZ, IF, LOCAL_SET, LOCAL_TEE, SELECT, SELECT_VALTYPES, TRY
from wasm_environ.opcodes import BY_ID
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, LEAF_FRAME_ESTIMATED, OVERFLOW_PAGE, POINTER_SIZE, STORE_STACK_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasm_codegen_llvm.batch import Batch
    from wasm_environ.body import FunctionBody

FILES: Final = (
    control, parametric, variable, table, memory, numeric, reference, cast, aggregate, descriptor, exception, vector_memory, vector, atomic
)  # fmt: skip
CHAPTERS: Final = tuple(file.CHAPTER for file in FILES)
TEMPLATES, FUNCTIONS = rows.gather(CHAPTERS)

# Instructions that take a condition as the i1 it is: a comparison right before one of them needs no i32.
TAKES_CONDITION: Final = frozenset((BR_IF, IF, SELECT, SELECT_VALTYPES, I32_EQZ))
CALLS: Final = frozenset((CALL, CALL_INDIRECT, CALL_REF))

LIBCALL_LETTERS: Final = {"p": "ptr", "i": "i32", "I": "i64", "f": "float", "F": "double", "": "void", "!": "void"}


@final
class FunctionLowering:
    """The state while one function is lowered.

    stack: the operand stack, as LLVM values (names or literals). here: the current basic block.
    known: what locals (>= 0), and context fields (< 0, see `context_pointer`), hold in this block, so that they are not loaded again.
    conditions: the i1 behind an i32 made by a comparison. shapes: a <16 x i8> value -> (vector type, value it was cast from).
    folded: loaded values, and values made from them, that x86 may fold into the instruction that uses them -> (wasm offset of the load, how
    deep): the user then carries the load's debug location, because it is where the load's trap happens.
    """

    def __init__(self, batch: Batch, body: FunctionBody) -> None:
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
        self.labels: list[control.Label | None] = [None] * (len(body.labels) // LABEL_WORDS)
        self.known: dict[int, str] = {}
        self.conditions: dict[str, str] = {}
        self.shapes: dict[str, tuple[str, str]] = {}
        self.folded: dict[str, tuple[int, bool]] = {}
        self.last_load = 0  # wasm offset of the last load of this block, 0 for none
        self.loads: dict[int, tuple[str, str, int, int]] = {}  # wasm offset of a load -> type, address, offset, memory
        self.scope = 0
        self.more_slots = 0  # how many values further results of calls need
        self.fuel = 0  # used since the counter was last brought up to date
        self.constant_locals: dict[int, str] = {}
        self.following = 0  # op id of the record after the current one
        self.local_types: list[str] = []
        self.returns_here = True  # whether some callee, which may use the side area, returns to this function
        self.collects = True  # whether a collection can happen while the function runs
        self.slots: list[str] = []  # per local: its alloca, or "" when it is never assigned
        self.handler: exception.Handler | None = None  # of what is thrown here, None: the function does not catch it
        self.legacy: exception.LegacyTries | None = None
        self.has_landing_pads = False

    # ---- values and text

    def debug(self, offset: int = -1) -> str:
        """The debug location suffix of an instruction that may trap or call; by default of the current wasm instruction."""
        return f", !dbg !DILocation(line: {self.offset if offset < 0 else offset}, scope: !{self.scope})"

    def debug_of(self, *operands: str) -> str:
        """The debug suffix for an instruction into which the load of an operand may be folded, else nothing."""
        loads = [self.folded[v] for v in operands if v in self.folded]
        return self.debug(max(loads)[0]) if loads else ""

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

    # ---- the whole function

    def lower(self) -> str:
        """The definition of the function as IR text."""
        body = self.body
        ops = list(body.ops)
        seen = {ops[at] & OP_MASK for at in range(0, len(ops), WORDS)}
        self.returns_here = not seen.isdisjoint(CALLS)
        self.collects = not seen.isdisjoint(SAFE_POINTS)
        if TRY in seen:
            self.legacy = exception.LegacyTries(ops)
        self.scope = self.batch.subprogram()
        self._locals(ops)
        if self.batch.tunables.consume_fuel:
            fuel.enter(self)
        self._loop(ops)
        return self._assemble()

    def _locals(self, ops: list[int]) -> None:
        """Choose where locals live: one that is assigned in a stack slot (which sroa removes), any other is its parameter or zero."""
        assigned = {ops[at + 1] for at in range(0, len(ops), WORDS) if ops[at] & OP_MASK in (LOCAL_SET, LOCAL_TEE)}
        zeros: dict[str, str] = {}
        for index, t in enumerate(body_types := [type_name(t) for t in self.body.locals]):
            is_param = index < self.body.params
            value = f"%P{index}" if is_param else ZEROS[t]
            if index not in assigned:
                self.slots.append("")
                self.known[index] = value
                continue
            self.slots.append(f"%L{index}")
            self.entry.append(f"%L{index} = alloca {t}")
            if not is_param and t[0] != "i":
                if t not in zeros:
                    zeros[t] = self.opaque(value, t)
                value = zeros[t]
            self.emit(f"store {t} {value}, ptr %L{index}")
            self.known[index] = value
        self.local_types = body_types
        self.constant_locals = {index: self.known[index] for index, slot in enumerate(self.slots) if not slot}

    def _loop(self, ops: list[int]) -> None:
        """Lower every record: most are templates, the rest functions of their chapter."""
        templates, functions = TEMPLATES, FUNCTIONS
        following = [word & OP_MASK for word in ops[WORDS::WORDS]] + [0]
        counting = fuel.count if self.batch.tunables.consume_fuel else None
        canonical = nans.RESULTS if self.batch.tunables.canonical_nans else None
        at = 0
        for next_op in following:
            word = ops[at]
            op = word & OP_MASK
            self.offset = word >> OFFSET_SHIFT
            self.following = next_op
            if counting is not None:
                counting(self, op)
            row = templates[op]
            if row is not None:
                self._template(row, next_op)
            else:
                function = functions[op]
                if function is None:
                    raise self.unsupported(op)
                function(self, ops[at + 1], ops[at + 2], ops[at + 3])
            at += WORDS
            if canonical is not None and canonical[op] and not nans.unseen(ops, at, canonical[op]):
                canonicalize(self, canonical[op])

    def _template(self, row: rows.Row, next_op: int) -> None:
        arity, template, how, fence = row
        stack = self.stack
        n = self.next()
        operands: Iterable[str]
        if arity == 2:
            y = stack.pop()
            x = stack.pop()
            operands = (x, y)
            if how == rows.FLOAT and (x in RISKY_LITERALS or y in RISKY_LITERALS):
                operands = (self.opaque(x, fence), self.opaque(y, fence))
            text = template(n, *operands)
        elif arity == 1:
            x = stack.pop()
            operands = (x,)
            text = template(n, x)
            if how == rows.CONVERSION and x[0] != "%":
                return self._fenced_conversion(text, n, fence)
        else:
            operands = stack[-arity:]
            del stack[-arity:]
            text = template(n, *operands)
        if self.folded:
            text = self._follow_loads(text, operands, f"%v{n}")
        self.emit(text)
        if how == rows.CONDITION:
            self.push_condition(f"%c{n}", f"%v{n}", next_op)
        else:
            stack.append(f"%v{n}")
        return None

    def _fenced_conversion(self, text: str, n: int, t: str) -> None:
        m = self.next()
        self.emit(f"{text}\n%v{m} = call {t} @llvm.arithmetic.fence.{SUFFIXES[t]}({t} %v{n})")
        self.stack.append(f"%v{m}")

    def push_condition(self, condition: str, value: str, next_op: int) -> None:
        """Push an i1 as wasm's i32, made only if something else than a branch takes it."""
        self.conditions[value] = condition
        if next_op not in TAKES_CONDITION:
            self.emit(f"{value} = zext i1 {condition} to i32")
        self.stack.append(value)

    def _follow_loads(self, text: str, operands: Iterable[str], result: str) -> str:
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

    def unsupported(self, op: int) -> UnsupportedError:
        row = BY_ID[op]
        return UnsupportedError(
            f"the llvm backend does not support {row.mnemonic} yet (feature: {row.feature}), in function {self.body.index}",
            self.offset,
        )

    def _assemble(self) -> str:
        s = self.signature
        names = ["%vm", *(["%more"] if len(s.results) > 1 else []), *(f"%P{i}" for i in s.register_params())]
        params = ", ".join([f"{t} {name}" for t, name in zip(s.params, names, strict=True)])
        # Dereferenceable and aligned: loads of the vmctx may then move out of loops.
        params = f"ptr noundef nonnull align 8 dereferenceable({self.layout.size}) {params[4:]}"
        attributes = "#3" if self._is_giant() else "#0"
        if self.has_landing_pads:
            attributes += " personality ptr @personality"
        head = f"define hidden {s.result} @f{self.body.index}({params}) {attributes} !dbg !{self.scope} {{\nentry:"
        parts = [head, *self.entry]
        if self.more_slots:
            parts.append(f"%slots = alloca [{2 * self.more_slots} x i64], align 16")
        parts.extend(self._stack_check())
        parts.append("br label %start\nstart:")
        parts.extend(self._side_params())
        return "\n".join([*parts, *self.lines, *self.cold, "}\n"])

    def _side_params(self) -> Iterable[str]:
        """The parameters that came through the side area, read before anything else can use it."""
        side = self.signature.side_params()
        if side:
            yield f"%side.field = getelementptr i8, ptr %vm, i64 {CONTEXT_STORE}\n%side = load ptr, ptr %side.field{INVARIANT}"
        for index, offset in side:
            yield f"%A{index} = getelementptr i8, ptr %side, i64 {offset}\n%P{index} = load {self.signature.wasm_params[index]}, ptr %A{index}, align 8"

    def is_in_place(self, value: str, offset: int) -> bool:
        """Whether the side area still holds this value there: a parameter handed on as it came, and nothing called in between."""
        if self.returns_here or value[:2] != "%P":
            return False
        return (int(value[2:]), offset) in self.signature.side_params()

    def _is_giant(self) -> bool:
        size = self.module.code_ends[defined := self.body.index - self.module.imported_functions] - self.module.code_starts[defined]
        values = len(self.signature.wasm_params) + len(self.signature.results)
        longest = max(self.longest_block, len(self.lines) - self.block_start)
        return is_giant(size, self.blocks, longest, values)

    def _stack_check(self) -> Iterable[str]:
        """The frame is taken by then. Its pages were touched one after the other ("probe-stack"), so that none lies beyond the guard; and the trap is a fault,
        because below the frame there may be no stack for a libcall."""
        body = self.body
        # Every value of the function in a slot of its own: what register allocation may come to.
        frame = 8 * body.max_height + 16 * len(body.locals) + 16 * (len(body.ops) // WORDS)
        if not self.batch.tunables.stack_check or (not self.returns_here and frame <= LEAF_FRAME_ESTIMATED):
            return ()
        return (
            "%sp = call i64 @llvm.read_register.i64(metadata !2)",
            f"%store.field = getelementptr i8, ptr %vm, i64 {CONTEXT_STORE}",
            f"%store = load ptr, ptr %store.field{INVARIANT}",
            f"%limit.field = getelementptr i8, ptr %store, i64 {STORE_STACK_LIMIT}",
            "%limit = load i64, ptr %limit.field",
            "%deep = icmp ult i64 %sp, %limit",
            f"br i1 %deep, label %overflow, label %enough{UNLIKELY}",
            f"overflow:\nstore volatile i8 0, ptr inttoptr (i64 {OVERFLOW_PAGE} to ptr){self.debug(body.offset)}\nunreachable",
            "enough:",
        )


def lower_function(batch: Batch, body: FunctionBody) -> str:
    """IR text that defines one function."""
    return FunctionLowering(batch, body).lower()


def supported_ops() -> dict[int, Any]:
    """The ids of all instructions that have a lowering."""
    return {op: TEMPLATES[op] or FUNCTIONS[op] for op in BY_ID if TEMPLATES[op] or FUNCTIONS[op]}
