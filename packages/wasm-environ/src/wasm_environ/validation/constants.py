"""Validation of constant expressions: the instructions allowed in them, checked by the rules for bodies (spec: validation, constant)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_environ.binary.expressions import opcode
from wasm_environ.binary.reader import Reader
from wasm_environ.body import KIND_FUNCTION
from wasm_environ.compile_errors import InvalidError, MalformedError, unknown
from wasm_environ.function import aggregate, control, numeric, reference, vector
from wasm_environ.function.context import Context
from wasm_environ.function.op_tables import CLASS, PLAIN
from wasm_environ.function.state import State
from wasm_environ.module import ConstExpr
from wasm_environ.op import (
    ANY_CONVERT_EXTERN,
    END,
    EXTERN_CONVERT_ANY,
    F32_CONST,
    F64_CONST,
    GLOBAL_GET,
    I32_CONST,
    I64_CONST,
    REF_FUNC,
    REF_I31,
    REF_NULL,
    V128_CONST,
)
from wasm_environ.opcodes import BY_ID, ID_LIMIT
from wasm_environ.types import I32

# The constant instructions beside `end`, by mnemonic, with the feature that makes them so.
CONSTANT: Final = (
    ("mvp", "i32.const i64.const f32.const f64.const global.get"),
    ("simd", "v128.const"),
    ("reference_types", "ref.null ref.func"),
    ("extended_const", "i32.add i32.sub i32.mul i64.add i64.sub i64.mul"),
    ("gc", "ref.i31 struct.new struct.new_default array.new array.new_default array.new_fixed any.convert_extern extern.convert_any"),
    ("custom_descriptors", "struct.new_desc struct.new_default_desc"),
)
FEATURES: Final = {mnemonic: feature for feature, row in CONSTANT for mnemonic in row.split()}


def _constant_table() -> bytes:
    table = bytearray(ID_LIMIT)
    for id, op in BY_ID.items():
        table[id] = 1 if op.mnemonic in FEATURES else 0
    return bytes(table)


IS_CONSTANT: Final[bytes] = _constant_table()


@final
class ConstValidator:
    """Checks constant expressions against a module's context. `globals` is how many globals they may read."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.state = State(context, b"")
        self.globals: i64 = context.imported_globals

    def check(self, expression: ConstExpr, want: i64) -> None:
        """The expression is constant and gives one value that matches `want`."""
        ops = expression.ops
        if want == I32 and len(ops) == 1 and ops[0][0] == I32_CONST and expression.code[0] == I32_CONST:
            return
        s = self.state
        offset = expression.offset
        s.r = Reader(expression.code, 0, len(expression.code), self.context.features, self.context.module.types)
        s.at = 0
        s.sp = 0
        s.high = 0
        s.depth = 0
        s.live = False
        s.types = vec[i64]([want])
        s.type_at.clear()
        s.enter(KIND_FUNCTION, 0, 0, 0, 0, 1, -1)
        try:
            while s.depth > 0:
                s.at = s.r.pos
                self.step(s, opcode(s.r))
        except InvalidError as error:  # offsets so far count from the start of the expression
            raise InvalidError(error.message, offset + error.offset if offset >= 0 else -1) from None
        except MalformedError as error:
            raise MalformedError(error.message, offset + error.offset if offset >= 0 else -1) from None

    def step(self, s: State, op: i64) -> None:
        """One instruction."""
        if op == END:
            control.end(s)
            return
        if not IS_CONSTANT[op]:
            raise s.fail(f"constant expression required: {BY_ID[op].mnemonic} is not constant")
        mnemonic = BY_ID[op].mnemonic
        feature = FEATURES[mnemonic]
        if feature not in self.context.features:
            raise s.fail(f"constant expression required: {feature} support is not enabled: {mnemonic}")
        if op == GLOBAL_GET:
            self.global_get(s)
        elif op == I32_CONST:
            numeric.i32_const(s)
        elif op == I64_CONST:
            numeric.i64_const(s)
        elif op == F32_CONST or op == F64_CONST:
            numeric.float_const(s, op)
        elif op == REF_NULL:
            reference.ref_null(s)
        elif op == REF_FUNC:
            reference.ref_func(s)
        elif op == V128_CONST:
            vector.v128_const(s)
        elif op == REF_I31:
            reference.i31(s, op)
        elif op == ANY_CONVERT_EXTERN or op == EXTERN_CONVERT_ANY:
            reference.convert(s, op)
        elif CLASS[op] == PLAIN:
            s.plain(op)
        else:
            aggregate.aggregate(s, op, CLASS[op])

    def global_get(self, s: State) -> None:
        """Immutable globals that stand before: imported ones only, unless gc is on (spec: C.globals)."""
        i = s.r.u32()
        if i >= self.globals:
            raise s.fail(unknown("global", i, self.globals, "before this expression"))
        if i >= self.context.imported_globals and "gc" not in self.context.features:
            raise s.fail(f"constant expression required: global {i} is not imported, and garbage collection is off")
        if self.context.global_mutable[i]:
            raise s.fail(f"constant expression required: global {i} is mutable")
        s.push(self.context.globals[i])
