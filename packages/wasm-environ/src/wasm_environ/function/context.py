"""What bodies need of the module: types, index spaces and subtyping as flat vectors."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_environ.composites import ContType, FieldType, StructType, SubType
from wasm_environ.features import Features
from wasm_environ.module import Module
from wasm_environ.types import (
    ANY,
    ARRAY,
    BOT,
    CONCRETE,
    CONT,
    EQ,
    EXACT,
    EXN,
    EXTERN,
    FUNC,
    HEAP_SHIFT,
    I31,
    I32,
    I64,
    NOCONT,
    NOEXN,
    NOEXTERN,
    NOFUNC,
    NONE,
    NULLABLE,
    REF,
    STRUCT,
    FuncType,
)

# A field in `Context.pool`: its storage type, with this bit when it is mutable.
MUTABLE: Final = 1 << 48
STORAGE: Final = MUTABLE - 1

# Below each abstract heap type (spec: Heaptype_sub).
_BELOW: Final = {
    ANY: (EQ, I31, STRUCT, ARRAY, NONE),
    EQ: (I31, STRUCT, ARRAY, NONE),
    I31: (NONE,),
    STRUCT: (NONE,),
    ARRAY: (NONE,),
    FUNC: (NOFUNC,),
    EXTERN: (NOEXTERN,),
    EXN: (NOEXN,),
    CONT: (NOCONT,),
}
LOWEST: Final = CONT
HEAPS: Final = NOCONT - CONT + 1


def _heap_sub_table() -> bytes:
    """Row: the subtype's code - LOWEST, column: the supertype's."""
    table = bytearray(HEAPS * HEAPS)
    for code in range(LOWEST, LOWEST + HEAPS):
        table[(code - LOWEST) * HEAPS + code - LOWEST] = 1
    for above, codes in _BELOW.items():
        for code in codes:
            table[(code - LOWEST) * HEAPS + above - LOWEST] = 1
    return bytes(table)


HEAP_SUB: Final[bytes] = _heap_sub_table()
TOP_OF: Final = {
    FUNC: FUNC, NOFUNC: FUNC, EXTERN: EXTERN, NOEXTERN: EXTERN, EXN: EXN, NOEXN: EXN, CONT: CONT, NOCONT: CONT,
    ANY: ANY, EQ: ANY, I31: ANY, STRUCT: ANY, ARRAY: ANY, NONE: ANY,
}  # fmt: skip


def bottom_of(kind: i64) -> i64:
    """The bottom of the hierarchy of a declared type, by its kind."""
    if kind == FUNC:
        return NOFUNC
    return NOCONT if kind == CONT else NONE


@final
class Context:
    """The module as vectors: types by (any) type index, the rest by index of their space."""

    def __init__(self, module: Module, features: Features) -> None:
        self.module = module
        self.features = features
        self.imported: i64 = module.imported_functions
        self.imported_globals: i64 = module.imported_globals
        self.type_count: i64 = len(module.types)
        self.canonical: vec[i64] = vec[i64]()
        self.kind: vec[i64] = vec[i64]()  # FUNC, STRUCT, ARRAY or CONT
        self.super: vec[i64] = vec[i64]()  # canonical index of the supertype, or -1
        self.descriptor: vec[i64] = vec[i64]()
        self.describes: vec[i64] = vec[i64]()
        self.first: vec[i64] = vec[i64]()  # parameters or fields, or a continuation's function type: index into `pool` ...
        self.count: vec[i64] = vec[i64]()  # ... and how many; the results follow the parameters
        self.results: vec[i64] = vec[i64]()
        self.pool: vec[i64] = vec[i64]()
        for sub in module.types:
            self.add_type(sub)
        self.functions = vec[i64](module.functions)  # type index
        declared = vec[i64]([0] * len(module.functions))
        for index in module.declared_functions:
            if index < len(module.functions):
                declared[index] = 1
        self.declared: vec[i64] = declared
        self.tables = vec[i64]([table.type.element for table in module.tables])
        self.table_address = vec[i64]([I64 if table.type.limits.is64 else I32 for table in module.tables])
        self.memories = vec[i64]([I64 if memory.limits.is64 else I32 for memory in module.memories])
        self.globals = vec[i64]([g.type.type for g in module.globals])
        self.global_mutable = vec[i64]([1 if g.type.mutable else 0 for g in module.globals])
        self.elements = vec[i64]([segment.type for segment in module.elements])
        self.tags = vec[i64]([tag.type_index for tag in module.tags])
        self.data_count: i64 = module.data_count
        # Exact types exist: what allocates, and ref.func, gives one.
        self.checking = ""  # what is being checked outside of bodies: kind (see InvalidError.item) and index
        self.item: i64 = -1
        self.exact: i64 = EXACT if "custom_descriptors" in features else 0

    def add_type(self, sub: SubType) -> None:
        composite = sub.composite
        results: i64 = 0
        self.first = append(self.first, len(self.pool))
        if isinstance(composite, FuncType):
            kind: i64 = FUNC
            count: i64 = len(composite.params)
            results = len(composite.results)
            for t in composite.params:
                self.pool = append(self.pool, t)
            for t in composite.results:
                self.pool = append(self.pool, t)
        elif isinstance(composite, StructType):
            kind = STRUCT
            count = len(composite.fields)
            for field in composite.fields:
                self.add_field(field)
        elif isinstance(composite, ContType):
            kind = CONT
            count = 1
            self.pool = append(self.pool, composite.func)
        else:
            kind = ARRAY
            count = 1
            self.add_field(composite.field)
        self.kind = append(self.kind, kind)
        self.count = append(self.count, count)
        self.results = append(self.results, results)
        self.canonical = append(self.canonical, sub.canonical)
        self.super = append(self.super, sub.supers[0] if sub.supers else -1)
        self.descriptor = append(self.descriptor, sub.descriptor)
        self.describes = append(self.describes, sub.describes)

    def add_field(self, field: FieldType) -> None:
        self.pool = append(self.pool, field.type | (MUTABLE if field.mutable else 0))

    def matches(self, a: i64, b: i64) -> bool:
        """Whether a is a subtype of b (spec: Valtype_sub)."""
        if a in (b, BOT):
            return True
        if not a & b & REF or a & NULLABLE & ~b:
            return False
        return self.heap_matches(a, b)

    def heap_matches(self, a: i64, b: i64) -> bool:
        """Whether the heap type of reference type a is a subtype of b's (spec: Heaptype_sub)."""
        i = a >> HEAP_SHIFT
        j = b >> HEAP_SHIFT
        if i == 0 and not a & CONCRETE:
            return True  # the bottom heap type
        if b & CONCRETE:
            if not a & CONCRETE:
                return i == bottom_of(self.kind[j])
            if b & EXACT:
                return i == j and a & EXACT != 0
            while i != j:
                i = self.super[i]
                if i < 0:
                    return False
            return True
        if a & CONCRETE:
            i = self.kind[i]
        return HEAP_SUB[(i - LOWEST) * HEAPS + j - LOWEST] != 0

    def top(self, t: i64) -> i64:
        """The top heap type of t's hierarchy."""
        heap = t >> HEAP_SHIFT
        if t & CONCRETE:
            return self.kind[heap] if self.kind[heap] in (FUNC, CONT) else ANY
        return TOP_OF[heap]

    def function_reference(self, index: i64) -> i64:
        """The type of a reference to a function."""
        exact = self.exact if index >= self.imported or index in self.module.exact_imports else 0
        return REF | CONCRETE | exact | self.canonical[self.functions[index]] << HEAP_SHIFT

    def defaultable(self, t: i64) -> bool:
        """Whether t has a default value: all but non-null references."""
        return not t & REF or t & NULLABLE != 0
