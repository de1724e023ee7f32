"""One pass over a body: decodes, checks, and writes the op stream; the loop that every instruction goes through."""

from __future__ import annotations

from typing import final

from librt.vecs import append, extend, vec
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.body import KIND_BLOCK, KIND_FUNCTION, KIND_IF, KIND_LOOP, FunctionBody
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import DEFAULT, Features
from wasm_environ.function import (
    aggregate,
    atomic,
    continuation,
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
)
from wasm_environ.function.context import Context
from wasm_environ.function.op_tables import (
    ACCESS,
    ARRAY_INIT,
    BRANCH_BY_DESCRIPTOR,
    BRANCH_ON_CAST,
    CAST_BY_DESCRIPTOR,
    CONVERT,
    EXCEPTION,
    FLOAT_CONST,
    I31,
    INDIRECT_CALL,
    LANE,
    LOAD,
    LOCAL,
    MEMORY,
    OFF,
    PLAIN,
    PREFIX,
    REFERENCE_CALL,
    RULE,
    STRUCT_ALLOCATION,
    TABLE,
    TEST_OR_CAST,
    WIDE,
    classes,
)
from wasm_environ.function.state import State, filled
from wasm_environ.module import Module
from wasm_environ.op import (
    ARRAY_COPY,
    ARRAY_LEN,
    ATOMIC_FENCE,
    BLOCK,
    BR,
    BR_IF,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    CALL,
    DROP,
    ELSE,
    END,
    GLOBAL_GET,
    GLOBAL_SET,
    I8X16_SHUFFLE,
    I32_CONST,
    I64_CONST,
    IF,
    LOOP,
    REF_AS_NON_NULL,
    REF_EQ,
    REF_FUNC,
    REF_GET_DESC,
    REF_IS_NULL,
    REF_NULL,
    RETURN,
    RETURN_CALL,
    SELECT,
    SELECT_VALTYPES,
    UNREACHABLE,
    V128_CONST,
)
from wasm_environ.opcodes import BY_ID, FIRST_AGGREGATE, FIRST_ATOMIC, FIRST_NUMERIC, FIRST_VECTOR, PREFIX_AGGREGATE, PREFIX_NUMERIC, PREFIX_VECTOR


@final
class BodyValidator:
    """Validates the bodies of one module, one after another. Not for several threads at once: each takes its own.

    What is outside of bodies must have passed `validate_module`. `context` is for callers that have one already.
    """

    def __init__(self, module: Module, features: Features = DEFAULT, context: Context | None = None) -> None:
        self.module = module
        self.features = features
        self.context = Context(module, features) if context is None else context
        self.state = State(self.context, module.data)
        self.classes = classes(features)

    def body(self, defined_index: int) -> FunctionBody:
        """Validate a function defined in the module (0 is the first that is not imported) and return its op stream.

        Raises MalformedError or InvalidError with the offset.
        """
        s = self.state
        self.run(defined_index, True)
        index = self.module.imported_functions + defined_index
        type_index = self.context.canonical[self.module.functions[index]]
        out = FunctionBody(index)
        out.type_index = type_index
        out.params = self.context.count[type_index]
        out.locals = s.locals[:]
        first = self.context.first[type_index] + self.context.count[type_index]
        out.results = self.context.pool[first : first + self.context.results[type_index]]
        out.ops = s.ops[: s.words]
        out.labels = s.labels[: s.label_words]
        out.types = s.types[:]
        out.extra = s.extra[:]
        out.max_height = s.high
        out.is_leaf = s.is_leaf
        out.offset = self.module.code_starts[defined_index]
        return out

    def check(self, defined_index: int) -> None:
        """Validate a function without writing its op stream."""
        self.run(defined_index, False)

    def run(self, defined_index: int, write: bool) -> None:
        """Validate a function; `write` says whether its op stream is wanted."""
        s = self.state
        s.function = self.module.imported_functions + defined_index
        start: i64 = self.module.code_starts[defined_index]
        end: i64 = self.module.code_ends[defined_index]
        s.r.pos = start
        s.r.end = end
        s.at = start
        try:
            self.start(s, write)
            self.loop(s, end)
        except InvalidError as error:
            if error.offset < 0 or error.function < 0:  # found by a reader that does not know where it is used
                raise InvalidError(error.message, error.offset if error.offset >= 0 else s.at, s.function) from None
            raise

    def start(self, s: State, write: bool) -> None:
        """Set up the state: locals, and the function's own frame."""
        type_index = self.context.canonical[self.context.functions[s.function]]
        s.sp = 0
        s.high = 0
        s.floor = 0
        s.depth = 0
        s.words = 0
        s.dead = False
        s.live = write
        s.is_leaf = True
        s.init_count = 0
        s.label_words = 0
        s.extra = vec[i64]()
        s.types = vec[i64]()
        s.type_at.clear()
        self.read_locals(s, type_index)
        params = s.signature_start(type_index)
        count = self.context.count[type_index]
        s.enter(KIND_FUNCTION, 0, params, 0, params + count, self.context.results[type_index], -1)

    def read_locals(self, s: State, type_index: i64) -> None:
        """The head of a body: parameters by its type, then the locals it declares."""
        r = s.r
        context = self.context
        first = context.first[type_index]
        params = context.count[type_index]
        runs = vec[i64]()  # count, type
        s.track_inits = False
        total = params
        groups = r.u32()
        while groups > 0:
            at = r.pos
            n = r.u32()
            total += n
            if total - params > 0xFFFFFFFF:
                raise MalformedError("too many locals", at)
            t = s.check_type(r.value_type())
            if n:
                runs = append(append(runs, n), t)
                if not context.defaultable(t):
                    s.track_inits = True
            groups -= 1
        if total > limits.LOCALS:
            raise s.fail(limits.exceeded("locals", total))
        out = context.pool[first : first + params]
        i: i64 = 0
        while i < len(runs):
            n = runs[i]
            if n > 8:
                out = extend(out, filled(runs[i + 1], n))
                n = 0
            while n > 0:
                out = append(out, runs[i + 1])
                n -= 1
            i += 2
        s.locals = out
        if s.track_inits:
            self.track_inits(s, runs, params)

    def track_inits(self, s: State, runs: vec[i64], params: i64) -> None:
        """Note which locals may be read before they are set: parameters, and those whose type has a default value."""
        flags = filled(1, params) if params else vec[i64]()
        i: i64 = 0
        while i < len(runs):
            flags = extend(flags, filled(1 if self.context.defaultable(runs[i + 1]) else 0, runs[i]))
            i += 2
        s.initialized = flags

    def loop(self, s: State, end: i64) -> None:
        """Every instruction of the body. Most are settled here by the tables; the rest go to the rules of their chapter."""
        r = s.r
        data = r.data
        table_of = self.classes
        while True:
            at = r.pos
            if at >= end:
                raise self.without_end(s, end)
            s.at = at
            op: i64 = data[at]
            r.pos = at + 1
            kind: i64 = table_of[op]
            if kind == PREFIX:
                op = self.prefixed(s, op)
                kind = table_of[op]
            if kind == PLAIN:
                s.plain(op)
                if s.live:
                    s.emit(op, 0, 0, 0)
            elif LOAD <= kind <= ACCESS:
                memory.access(s, op)
            elif kind == LOCAL:
                variable.local(s, op)
            elif op == I32_CONST:
                numeric.i32_const(s)
            elif op == END:
                control.end(s)
                if s.depth == 0:
                    break
            elif op == BR_IF:
                control.br_if(s)
            elif op == BR:
                control.br(s)
            elif op == BLOCK:
                control.open_block(s, KIND_BLOCK, op)
            elif op == CALL:
                control.call(s, op)
            elif kind < RULE:
                self.lane_or_refuse(s, op, kind)
            elif kind == RULE:
                self.rule(s, op)
            else:
                self.shared_rule(s, op, kind)
        if r.pos != end:
            s.at = r.pos
            raise s.malformed("section size mismatch: instructions after the end of the function")

    def without_end(self, s: State, end: i64) -> MalformedError:
        """The error of a body that lacks its final `end`, in the words of the spec's decoder, which reads on into what follows."""
        if end < self.module.code_ends[-1]:
            return MalformedError("END opcode expected: the function does not end with one", end)
        if end < len(self.module.data):
            return MalformedError("section size mismatch: the last function does not end with an END opcode", end)
        return s.r.truncated()

    def prefixed(self, s: State, prefix: i64) -> i64:
        """The op id of a prefixed instruction."""
        sub = s.r.u32()
        if prefix == PREFIX_VECTOR:
            if sub < FIRST_ATOMIC - FIRST_VECTOR:
                return FIRST_VECTOR + sub
        elif sub < FIRST_NUMERIC - FIRST_AGGREGATE:
            if prefix == PREFIX_AGGREGATE:
                return FIRST_AGGREGATE + sub
            if prefix == PREFIX_NUMERIC:
                return FIRST_NUMERIC + sub
            return FIRST_ATOMIC + sub
        raise s.malformed(f"illegal opcode {prefix:02x} {sub:02x}")

    def lane_or_refuse(self, s: State, op: i64, kind: i64) -> None:
        """The classes of instructions that the loop does not handle itself."""
        if kind == LANE:
            vector.lane(s, op)
        elif kind == OFF:
            row = BY_ID[op]
            raise s.fail(f"{row.feature} support is not enabled: {row.mnemonic}")
        else:
            raise s.malformed(f"illegal opcode {op:02x}")

    def rule(self, s: State, op: i64) -> None:
        """The less frequent instructions with a rule function of their own."""
        if op == UNREACHABLE:
            if s.live:
                s.emit(op, 0, 0, 0)
            s.set_unreachable()
        elif op == LOOP:
            control.open_block(s, KIND_LOOP, op)
        elif op == IF:
            control.open_block(s, KIND_IF, op)
        elif op == ELSE:
            control.else_arm(s)
        elif op == BR_TABLE:
            control.br_table(s)
        elif op == RETURN:
            control.return_(s)
        elif op == RETURN_CALL:
            control.call(s, op)
        elif op == DROP:
            parametric.drop(s)
        elif op == SELECT:
            parametric.select(s)
        elif op == SELECT_VALTYPES:
            parametric.select_typed(s)
        elif op == GLOBAL_GET:
            variable.global_get(s)
        elif op == GLOBAL_SET:
            variable.global_set(s)
        elif op == I64_CONST:
            numeric.i64_const(s)
        elif op == V128_CONST:
            vector.v128_const(s)
        elif op == I8X16_SHUFFLE:
            vector.shuffle(s)
        elif op == BR_ON_NULL:
            control.br_on_null(s)
        elif op == BR_ON_NON_NULL:
            control.br_on_non_null(s)
        else:
            self.reference_rule(s, op)

    def reference_rule(self, s: State, op: i64) -> None:
        """Instructions on references, and the fence."""
        if op == REF_NULL:
            reference.ref_null(s)
        elif op == REF_IS_NULL:
            reference.ref_is_null(s)
        elif op == REF_FUNC:
            reference.ref_func(s)
        elif op == REF_EQ:
            reference.ref_eq(s)
        elif op == REF_AS_NON_NULL:
            reference.ref_as_non_null(s)
        elif op == ARRAY_LEN:
            aggregate.array_len(s)
        elif op == ARRAY_COPY:
            aggregate.array_copy(s)
        elif op == REF_GET_DESC:
            descriptor.get_descriptor(s)
        elif op == ATOMIC_FENCE:
            atomic.fence(s)
        else:
            raise AssertionError(BY_ID[op])

    def shared_rule(self, s: State, op: i64, kind: i64) -> None:
        """Instructions that share a rule function, by their class."""
        if kind == INDIRECT_CALL:
            control.call_indirect(s, op)
        elif kind == REFERENCE_CALL:
            control.call_ref(s, op)
        elif kind == TABLE:
            table.table(s, op)
        elif kind == MEMORY:
            memory.memory(s, op)
        elif kind == FLOAT_CONST:
            numeric.float_const(s, op)
        elif kind == WIDE:
            numeric.wide(s, op)
        elif STRUCT_ALLOCATION <= kind <= ARRAY_INIT:
            aggregate.aggregate(s, op, kind)
        elif kind == TEST_OR_CAST:
            reference.test_or_cast(s, op)
        elif kind == BRANCH_ON_CAST:
            control.br_on_cast(s, op)
        elif kind == CONVERT:
            reference.convert(s, op)
        elif kind == I31:
            reference.i31(s, op)
        elif kind == CAST_BY_DESCRIPTOR:
            descriptor.cast(s, op)
        elif kind == BRANCH_BY_DESCRIPTOR:
            descriptor.br_on_cast(s, op)
        elif kind == EXCEPTION:
            exception.exception(s, op)
        else:
            continuation.continuation(s, op)
