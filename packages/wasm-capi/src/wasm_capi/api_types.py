"""The table of what wasmtime.h has beyond core values: types of garbage-collected objects, references to them, exceptions and tags."""

from __future__ import annotations

from wasm_capi.families import PYTHON, C, Code, Item, Row, Text, handle

CONF: tuple[Item, ...] = (
    Code("""\
/* What programs ask for with #ifdef: all of it is there. */
#define WASMTIME_FEATURE_CACHE
#define WASMTIME_FEATURE_COMPILER
#define WASMTIME_FEATURE_COMPONENT_MODEL
#define WASMTIME_FEATURE_GC
#define WASMTIME_FEATURE_PARALLEL_COMPILATION
#define WASMTIME_FEATURE_POOLING_ALLOCATOR
#define WASMTIME_FEATURE_THREADS
#define WASMTIME_FEATURE_WASI
#define WASMTIME_FEATURE_WASI_HTTP
#define WASMTIME_FEATURE_WAT"""),
)

CONTEXT = "wasmtime_context_t *context"


def plain(name: str, what: str) -> list[Item]:
    """A struct of C's with pointers inside that it owns: cloned and deleted in place."""
    t = f"wasmtime_{name}_t"
    return [
        Row(f"wasmtime_{name}_clone", "void", f"const {t} *{name}, own {t} *out", C, f"A copy of {what}."),
        Row(f"wasmtime_{name}_delete", "void", f"own {t} *{name}?", C, f"Delete what {what} owns."),
    ]


TYPES_STRUCT: tuple[Item, ...] = (
    Text("""\
typedef uint8_t wasmtime_storage_type_kind_t;
typedef struct wasmtime_storage_type { wasmtime_storage_type_kind_t kind; wasm_valtype_t *valtype; } wasmtime_storage_type_t;
typedef struct wasmtime_field_type { bool mutable_; wasmtime_storage_type_t storage; } wasmtime_field_type_t;"""),
    Code("""\
#define WASMTIME_STORAGE_TYPE_KIND_I8 0
#define WASMTIME_STORAGE_TYPE_KIND_I16 1
#define WASMTIME_STORAGE_TYPE_KIND_VALTYPE 2"""),
    *plain("storage_type", "a storage type"),
    *plain("field_type", "a field type"),
    *handle("struct_type", "a struct type"),
    Row("wasmtime_struct_type_new", "own wasmtime_struct_type_t *", "const wasm_engine_t *engine, const wasmtime_field_type_t *fields?, size_t nfields", PYTHON, "A struct type of these fields, which are copied; NULL if they are no types."),
    Row("wasmtime_struct_type_num_fields", "size_t", "const wasmtime_struct_type_t *type", PYTHON, "How many fields it has."),
    Row("wasmtime_struct_type_field", "bool", "const wasmtime_struct_type_t *type, size_t index, own wasmtime_field_type_t *out", PYTHON, "The type of a field; false if there is none."),
)  # fmt: skip

TYPES_ARRAY: tuple[Item, ...] = (
    *handle("array_type", "an array type"),
    Row("wasmtime_array_type_new", "own wasmtime_array_type_t *", "const wasm_engine_t *engine, const wasmtime_field_type_t *field", PYTHON, "An array type of such elements; NULL if that is no type."),
    Row("wasmtime_array_type_element", "void", "const wasmtime_array_type_t *type, own wasmtime_field_type_t *out", PYTHON, "The type of its elements."),
)  # fmt: skip

TYPES_EXN: tuple[Item, ...] = (
    *handle("exn_type", "an exception type"),
    Row("wasmtime_exn_type_new", "own wasmtime_error_t *", "const wasm_engine_t *engine, const wasm_valtype_vec_t *params, own wasmtime_exn_type_t **out", PYTHON, "The type of exceptions that carry these values."),
    Row("wasmtime_exn_type_tag_type", "own wasm_tagtype_t *", "const wasmtime_exn_type_t *type", PYTHON, "The type of its tags."),
)  # fmt: skip

TYPES_VAL: tuple[Item, ...] = (
    Row("wasmtime_wasm_valtype_v128", "own wasm_valtype_t *", "", C, "The value type v128, which wasm.h has not."),
    Row("wasmtime_wasm_valtype_equal", "bool", "const wasm_valtype_t *a, const wasm_valtype_t *b", PYTHON, "Whether two value types are the same."),
    Text("""\
typedef uint8_t wasmtime_heaptype_kind_t;
typedef union wasmtime_heaptype_union {
  wasm_functype_t *concrete_func;
  wasmtime_array_type_t *concrete_array;
  wasmtime_struct_type_t *concrete_struct;
  wasmtime_exn_type_t *concrete_exn;
} wasmtime_heaptype_union_t;
typedef struct wasmtime_heaptype { wasmtime_heaptype_kind_t kind; wasmtime_heaptype_union_t of; } wasmtime_heaptype_t;
typedef struct wasmtime_reftype { bool nullable; wasmtime_heaptype_t heaptype; } wasmtime_reftype_t;
typedef uint8_t wasmtime_valtype_kind_t;
typedef struct wasmtime_valtype { wasmtime_valtype_kind_t kind; wasmtime_reftype_t reftype; } wasmtime_valtype_t;"""),
    Code("\n".join(f"#define WASMTIME_HEAPTYPE_KIND_{name} {number}" for number, name in enumerate((
        "EXTERN", "NOEXTERN", "FUNC", "CONCRETE_FUNC", "NOFUNC", "ANY", "NONE", "EQ", "I31", "ARRAY", "CONCRETE_ARRAY", "STRUCT", "CONCRETE_STRUCT", "EXN",
        "CONCRETE_EXN", "NOEXN",
    )))),
    Code("\n".join(f"#define WASMTIME_VALTYPE_KIND_{name} {number}" for number, name in enumerate(("I32", "I64", "F32", "F64", "V128", "REF")))),
    *plain("heaptype", "a heap type"),
    *plain("reftype", "a reference type"),
    Row("wasmtime_valtype_new", "void", "const wasm_valtype_t *type, own wasmtime_valtype_t *out", PYTHON, "A value type as wasmtime.h has it."),
    *plain("valtype", "a value type"),
    Row("wasmtime_valtype_to_wasm", "own wasm_valtype_t *", "const wasm_engine_t *engine, const wasmtime_valtype_t *type", PYTHON, "A value type as wasm.h has it."),
)  # fmt: skip


def rooted(name: str, raw: bool) -> list[Item]:
    """A kind of references: null or not, copied, let go of, and as unchecked functions have them."""
    t = f"wasmtime_{name}_t"
    rows: list[Item] = [
        Code(f"""\
static inline void wasmtime_{name}_set_null({t} *ref) {{ ref->store_id = 0; }}
static inline bool wasmtime_{name}_is_null(const {t} *ref) {{ return ref->store_id == 0; }}"""),
        Row(f"wasmtime_{name}_clone", "void", f"const {t} *ref, own {t} *out", C, "Another root of the same."),
        Row(f"wasmtime_{name}_unroot", "void", f"own {t} *ref", C, "Let go of a reference."),
    ]  # fmt: skip
    if raw:
        rows += [
            Row(f"wasmtime_{name}_from_raw", "void", f"{CONTEXT}, uint32_t raw, own {t} *out", C, "A root of what an unchecked function was given."),
            Row(f"wasmtime_{name}_to_raw", "uint32_t", f"{CONTEXT}, const {t} *ref?", C, "For an unchecked call at once: it is no root."),
        ]
    return rows


def upcast(name: str, above: str) -> Row:
    """The same reference, of a wider type."""
    return Row(f"wasmtime_{name}_to_{above}", "void", f"const wasmtime_{name}_t *ref?, own wasmtime_{above}_t *out", C, "The same as what is above it, with a root of its own.")


# Type tests: what is asked for, the type of the result of the cast.
DOWN = {"eqref": "eqref", "struct": "structref", "array": "arrayref"}


def tests(name: str, kinds: tuple[str, ...]) -> list[Item]:
    """What a reference to anything is: an integer, or which kind of object."""
    ref = f"{CONTEXT}, const wasmtime_{name}_t *ref?"
    rows: list[Item] = [
        Row(f"wasmtime_{name}_from_i31", "void", f"{CONTEXT}, uint32_t i31val, own wasmtime_{name}_t *out", PYTHON, "A reference that is a 31-bit integer; the bit above is dropped."),
        Row(f"wasmtime_{name}_is_i31", "bool", ref, PYTHON, "Whether it is a 31-bit integer."),
        Row(f"wasmtime_{name}_i31_get_u", "bool", f"{ref}, uint32_t *dst", PYTHON, "That integer, unsigned; false if it is none."),
        Row(f"wasmtime_{name}_i31_get_s", "bool", f"{ref}, int32_t *dst", PYTHON, "That integer, signed; false if it is none."),
    ]  # fmt: skip
    for kind in kinds:
        rows += [
            Row(f"wasmtime_{name}_is_{kind}", "bool", ref, PYTHON, f"Whether it is {'comparable' if kind == 'eqref' else f'to {kind}s'}."),
            Row(f"wasmtime_{name}_as_{kind}", "bool", f"{ref}, own wasmtime_{DOWN[kind]}_t *out", PYTHON, "The same as such, with a root of its own; false and null if it is none."),
        ]  # fmt: skip
    return [*rows, Row(f"wasmtime_{name}_type", "bool", f"{ref}, own wasmtime_heaptype_t *out", PYTHON, "What it is, as a heap type; false for null.")]


ANYREF: tuple[Item, ...] = (*rooted("anyref", True), *tests("anyref", ("eqref", "struct", "array")))
EQREF: tuple[Item, ...] = (*rooted("eqref", False), upcast("eqref", "anyref"), *tests("eqref", ("struct", "array")))

EXTERNREF: tuple[Item, ...] = (
    Row("wasmtime_externref_new", "bool", f"{CONTEXT}, void *data?, void (*finalizer)(void *)?, own wasmtime_externref_t *out", C,
        "A reference to data of the host's, and what is called with that once wasm and the host have let go."),
    Row("wasmtime_externref_data", "void *", f"{CONTEXT}, const wasmtime_externref_t *ref?", C, "That data; NULL for null."),
    *rooted("externref", True),
)  # fmt: skip

STRUCTREF: tuple[Item, ...] = (
    *handle("struct_ref_pre", "what structs of a type are made with", copied="", pointer="pre"),
    Row("wasmtime_struct_ref_pre_new", "own wasmtime_struct_ref_pre_t *", f"{CONTEXT}, const wasmtime_struct_type_t *type", PYTHON, "To make structs of a type in a store."),
    Row("wasmtime_structref_new", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_struct_ref_pre_t *pre, const wasmtime_val_t *fields?, size_t nfields, own wasmtime_structref_t *out", PYTHON, "A new struct."),
    *rooted("structref", False), upcast("structref", "anyref"), upcast("structref", "eqref"),
    Row("wasmtime_structref_field", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_structref_t *ref?, size_t index, own wasmtime_val_t *out", PYTHON, "A field; a packed one is an i32, without a sign."),
    Row("wasmtime_structref_set_field", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_structref_t *ref?, size_t index, const wasmtime_val_t *val", PYTHON, "Set a field."),
    Row("wasmtime_structref_type", "own wasmtime_struct_type_t *", f"{CONTEXT}, const wasmtime_structref_t *ref?", PYTHON, "Its type; NULL for null."),
)  # fmt: skip

ARRAYREF: tuple[Item, ...] = (
    *handle("array_ref_pre", "what arrays of a type are made with", copied="", pointer="pre"),
    Row("wasmtime_array_ref_pre_new", "own wasmtime_array_ref_pre_t *", f"{CONTEXT}, const wasmtime_array_type_t *type", PYTHON, "To make arrays of a type in a store."),
    Row("wasmtime_arrayref_new", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_array_ref_pre_t *pre, const wasmtime_val_t *elem, uint32_t len, own wasmtime_arrayref_t *out", PYTHON, "A new array, full of a value."),
    *rooted("arrayref", False), upcast("arrayref", "anyref"), upcast("arrayref", "eqref"),
    Row("wasmtime_arrayref_len", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_arrayref_t *ref?, uint32_t *out", PYTHON, "How many elements it has."),
    Row("wasmtime_arrayref_get", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_arrayref_t *ref?, uint32_t index, own wasmtime_val_t *out", PYTHON, "An element; a packed one is an i32, without a sign."),
    Row("wasmtime_arrayref_set", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_arrayref_t *ref?, uint32_t index, const wasmtime_val_t *val", PYTHON, "Set an element."),
    Row("wasmtime_arrayref_type", "own wasmtime_array_type_t *", f"{CONTEXT}, const wasmtime_arrayref_t *ref?", PYTHON, "Its type; NULL for null."),
)  # fmt: skip

EXNREF: tuple[Item, ...] = (
    Row("wasmtime_exnref_new", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_tag_t *tag, const wasmtime_val_t *fields?, size_t nfields, own wasmtime_exnref_t *exn_ret", PYTHON, "A new exception of a tag, not thrown yet."),
    *rooted("exnref", True),
    Row("wasmtime_exnref_tag", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_exnref_t *exn, wasmtime_tag_t *tag_ret", PYTHON, "Its tag."),
    Row("wasmtime_exnref_field_count", "size_t", f"{CONTEXT}, const wasmtime_exnref_t *exn", PYTHON, "How many values it carries."),
    Row("wasmtime_exnref_field", "own wasmtime_error_t *", f"{CONTEXT}, const wasmtime_exnref_t *exn, size_t index, own wasmtime_val_t *val_ret", PYTHON, "A value that it carries."),
    Row("wasmtime_exnref_type", "own wasmtime_exn_type_t *", f"{CONTEXT}, const wasmtime_exnref_t *exn?", PYTHON, "Its type; NULL for null."),
    Row("wasmtime_context_set_exception", "own wasm_trap_t *", f"{CONTEXT}, const wasmtime_exnref_t *exn", PYTHON, "Throw: the store's pending exception, and the trap that a host function returns for it."),
    Row("wasmtime_context_take_exception", "bool", f"{CONTEXT}, own wasmtime_exnref_t *exn_ret", PYTHON, "The exception that the last call threw and nobody caught, once; false if there is none."),
    Row("wasmtime_context_has_exception", "bool", CONTEXT, C, "Whether there is such an exception."),
)  # fmt: skip

TAG: tuple[Item, ...] = (
    Text("typedef struct wasmtime_tag { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; } wasmtime_tag_t;"),
    Code("#define WASMTIME_EXTERN_TAG 5"),
    Row("wasmtime_tag_new", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasm_tagtype_t *type, wasmtime_tag_t *ret", C, "A new kind of exceptions."),
    Row("wasmtime_tag_type", "own wasm_tagtype_t *", "const wasmtime_context_t *store, const wasmtime_tag_t *tag", C, "Its type."),
    Row("wasmtime_tag_eq", "bool", "const wasmtime_context_t *store, const wasmtime_tag_t *a, const wasmtime_tag_t *b", C, "Whether both are the same tag."),
)  # fmt: skip
