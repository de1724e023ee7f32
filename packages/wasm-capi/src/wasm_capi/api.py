"""The C API as one table: every function of every header with its result, parameters, ownership, who does the work, and what it does.

The headers, the declarations of cffi, the library's exported functions with their checks, and the reference are generated from it (generate.py).
"""

from __future__ import annotations

from wasm_capi.api_wasmtime import WASMTIME
from wasm_capi.families import PYTHON, RETAIN, C, Code, Item, Row, Text, casts, own, ref, ref_base, sharable, type_of, vec

EXTERNS = ("func", "global", "table", "memory")

WASM: tuple[Item, ...] = (
    Text("""\
typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

typedef byte_t wasm_byte_t;"""),
    Code("""\
/* Who becomes the owner is said where it changes: of a result the caller, of a parameter the function. */
#define own"""),
    *vec("byte", "", "bytes"),
    Text("typedef wasm_byte_vec_t wasm_name_t; /* UTF-8 */"),
    Code("""\
#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t *out, const char *text) { wasm_name_new(out, strlen(text), text); }
/* With the terminating zero. */
static inline void wasm_name_new_from_string_nt(own wasm_name_t *out, const char *text) { wasm_name_new(out, strlen(text) + 1, text); }"""),
    # ---- configuration, engine, store ----
    *own("config", "a configuration that no engine was made with"),
    Row("wasm_config_new", "own wasm_config_t *", "", PYTHON, "A configuration with the default settings."),
    *own("engine", "an engine; what was made with it lives on"),
    Row("wasm_engine_new", "own wasm_engine_t *", "", PYTHON, "An engine with the default settings. NULL, and one line on stderr, if there is no Python to run on."),
    Row("wasm_engine_new_with_config", "own wasm_engine_t *", "own wasm_config_t *config", PYTHON, "An engine with these settings; NULL if they do not go together."),
    *own("store", "a store; what is in it lives as long as anything refers to it"),
    Row("wasm_store_new", "own wasm_store_t *", "wasm_engine_t *engine", C, "A store, which serves one thread at a time."),
    # ---- types ----
    Text("""\
typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum { WASM_CONST, WASM_VAR };

typedef struct wasm_limits_t {
  uint32_t min;
  uint32_t max;
} wasm_limits_t;"""),
    Code("static const uint32_t wasm_limits_max_default = 0xffffffff; /* none */"),
    *type_of("valtype", "a value type"),
    Text("""\
typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum { WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_EXTERNREF = 128, WASM_FUNCREF };"""),
    Row("wasm_valtype_new", "own wasm_valtype_t *", "wasm_valkind_t kind", C, "The value type of a kind."),
    Row("wasm_valtype_kind", "wasm_valkind_t", "const wasm_valtype_t *valtype", C, "Its kind; 4 for v128."),
    Code("""\
static inline bool wasm_valkind_is_num(wasm_valkind_t kind) { return kind < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t kind) { return kind >= WASM_EXTERNREF; }
static inline bool wasm_valtype_is_num(const wasm_valtype_t *type) { return wasm_valkind_is_num(wasm_valtype_kind(type)); }
static inline bool wasm_valtype_is_ref(const wasm_valtype_t *type) { return wasm_valkind_is_ref(wasm_valtype_kind(type)); }"""),
    *type_of("functype", "a function type"),
    Row("wasm_functype_new", "own wasm_functype_t *", "own wasm_valtype_vec_t *params, own wasm_valtype_vec_t *results", C, "The function type of these vectors, which are empty afterwards."),
    Row("wasm_functype_params", "const wasm_valtype_vec_t *", "const wasm_functype_t *functype", C, "The types of its parameters, the type's own."),
    Row("wasm_functype_results", "const wasm_valtype_vec_t *", "const wasm_functype_t *functype", C, "The types of its results, the type's own."),
    *type_of("globaltype", "a global type"),
    Row("wasm_globaltype_new", "own wasm_globaltype_t *", "own wasm_valtype_t *content, wasm_mutability_t mutability", C, "The global type of a value type."),
    Row("wasm_globaltype_content", "const wasm_valtype_t *", "const wasm_globaltype_t *globaltype", C, "What it holds."),
    Row("wasm_globaltype_mutability", "wasm_mutability_t", "const wasm_globaltype_t *globaltype", C, "Whether it can be set."),
    *type_of("tabletype", "a table type"),
    Row("wasm_tabletype_new", "own wasm_tabletype_t *", "own wasm_valtype_t *element, const wasm_limits_t *limits", C, "The table type of an element type."),
    Row("wasm_tabletype_element", "const wasm_valtype_t *", "const wasm_tabletype_t *tabletype", C, "What its elements are."),
    Row("wasm_tabletype_limits", "const wasm_limits_t *", "const wasm_tabletype_t *tabletype", C, "How many there can be."),
    *type_of("memorytype", "a memory type"),
    Row("wasm_memorytype_new", "own wasm_memorytype_t *", "const wasm_limits_t *limits", C, "The memory type of limits, in pages of 64 KiB."),
    Row("wasm_memorytype_limits", "const wasm_limits_t *", "const wasm_memorytype_t *memorytype", C, "How many pages it can have."),
    *type_of("tagtype", "a tag type"),
    Row("wasm_tagtype_new", "own wasm_tagtype_t *", "own wasm_functype_t *functype", C, "The tag type whose exceptions carry the parameters of a function type."),
    Row("wasm_tagtype_functype", "const wasm_functype_t *", "const wasm_tagtype_t *tagtype", C, "That function type."),
    *type_of("externtype", "an extern type"),
    Text("""\
typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum { WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE, WASM_EXTERN_MEMORY, WASM_EXTERN_TAG };"""),
    Row("wasm_externtype_kind", "wasm_externkind_t", "const wasm_externtype_t *externtype", C, "Which kind of extern it is of."),
    *casts((*EXTERNS, "tag"), "type", "externtype"),
    *type_of("importtype", "an import's type"),
    Row("wasm_importtype_new", "own wasm_importtype_t *", "own wasm_name_t *module, own wasm_name_t *name, own wasm_externtype_t *externtype", C, "An import's type; the names are empty afterwards."),
    Row("wasm_importtype_module", "const wasm_name_t *", "const wasm_importtype_t *importtype", C, "The module's name."),
    Row("wasm_importtype_name", "const wasm_name_t *", "const wasm_importtype_t *importtype", C, "The import's name."),
    Row("wasm_importtype_type", "const wasm_externtype_t *", "const wasm_importtype_t *importtype", C, "What is imported."),
    *type_of("exporttype", "an export's type"),
    Row("wasm_exporttype_new", "own wasm_exporttype_t *", "own wasm_name_t *name, own wasm_externtype_t *externtype", C, "An export's type; the name is empty afterwards."),
    Row("wasm_exporttype_name", "const wasm_name_t *", "const wasm_exporttype_t *exporttype", C, "The export's name."),
    Row("wasm_exporttype_type", "const wasm_externtype_t *", "const wasm_exporttype_t *exporttype", C, "What is exported."),
    # ---- values and references ----
    Text("""\
typedef struct wasm_ref_t wasm_ref_t;

typedef struct wasm_val_t {
  wasm_valkind_t kind;
  union {
    int32_t i32;
    int64_t i64;
    float32_t f32;
    float64_t f64;
    wasm_ref_t *ref;
  } of;
} wasm_val_t;"""),
    Row("wasm_val_delete", "void", "own wasm_val_t *val", C, "Delete what the value refers to, if it is a reference."),
    Row("wasm_val_copy", "void", "own wasm_val_t *out, const wasm_val_t *val", C, "A copy, with a reference of its own."),
    *vec("val", "", "values"),
    *ref_base("ref", "anything"),
    # ---- traps ----
    *own("frame", "a frame"),
    *vec("frame", "*", "frames"),
    Row("wasm_frame_copy", "own wasm_frame_t *", "const wasm_frame_t *frame", RETAIN, "A copy of a frame."),
    Text("struct wasm_instance_t;"),
    Row("wasm_frame_instance", "struct wasm_instance_t *", "const wasm_frame_t *frame", C, "Always NULL: frames are kept after their instances are gone."),
    Row("wasm_frame_func_index", "uint32_t", "const wasm_frame_t *frame", C, "The function's index in its module."),
    Row("wasm_frame_func_offset", "size_t", "const wasm_frame_t *frame", C, "The instruction's offset in the function's body, in bytes."),
    Row("wasm_frame_module_offset", "size_t", "const wasm_frame_t *frame", C, "The instruction's offset in the module, in bytes."),
    Text("typedef wasm_name_t wasm_message_t; /* ends in a zero, which counts */"),
    *ref("trap", "a trap"),
    Row("wasm_trap_new", "own wasm_trap_t *", "wasm_store_t *store, const wasm_message_t *message", C, "A trap for a host function to return; the message ends in a zero."),
    Row("wasm_trap_message", "void", "const wasm_trap_t *trap, own wasm_message_t *out", C, "What happened, with the backtrace; ends in a zero, which counts."),
    Row("wasm_trap_origin", "own wasm_frame_t *", "const wasm_trap_t *trap", C, "The innermost frame, NULL without one."),
    Row("wasm_trap_trace", "void", "const wasm_trap_t *trap, own wasm_frame_vec_t *out", C, "All frames of wasm, innermost first."),
    *ref("foreign", "a foreign object"),
    Row("wasm_foreign_new", "own wasm_foreign_t *", "wasm_store_t *store", C, "An object of the host's, which its host info describes, for wasm to hold as an externref."),
    # ---- modules ----
    *sharable("module", "a module"),
    Row("wasm_module_new", "own wasm_module_t *", "wasm_store_t *store, const wasm_byte_vec_t *binary", PYTHON, "Compile a binary; NULL if it is malformed or invalid."),
    Row("wasm_module_validate", "bool", "wasm_store_t *store, const wasm_byte_vec_t *binary", PYTHON, "Whether a binary is valid."),
    Row("wasm_module_imports", "void", "const wasm_module_t *module, own wasm_importtype_vec_t *out", PYTHON, "What it imports, in order."),
    Row("wasm_module_exports", "void", "const wasm_module_t *module, own wasm_exporttype_vec_t *out", PYTHON, "What it exports, in order."),
    Row("wasm_module_serialize", "void", "const wasm_module_t *module, own wasm_byte_vec_t *out", PYTHON, "The compiled module as bytes; empty if that fails."),
    Row("wasm_module_deserialize", "own wasm_module_t *", "wasm_store_t *store, const wasm_byte_vec_t *binary", PYTHON,
        "A module of bytes that wasm_module_serialize wrote, which must be trusted; NULL if they are none of this version."),
    # ---- externs ----
    *ref("func", "a function"),
    Text("""\
/* The trap and the results are given to the library; the arguments are its own. */
typedef wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args, wasm_val_vec_t *results);
typedef wasm_trap_t *(*wasm_func_callback_with_env_t)(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results);"""),
    Row("wasm_func_new", "own wasm_func_t *", "wasm_store_t *store, const wasm_functype_t *functype, wasm_func_callback_t callback", C,
        "A function of the host. It must return, and not longjmp."),
    Row("wasm_func_new_with_env", "own wasm_func_t *",
        "wasm_store_t *store, const wasm_functype_t *functype, wasm_func_callback_with_env_t callback, void *env?, void (*finalizer)(void *)?", C,
        "The same with data of its own, and what is called with that once the function is gone, with its store."),
    Row("wasm_func_type", "own wasm_functype_t *", "const wasm_func_t *func", PYTHON, "Its type."),
    Row("wasm_func_param_arity", "size_t", "const wasm_func_t *func", C, "How many parameters it has."),
    Row("wasm_func_result_arity", "size_t", "const wasm_func_t *func", C, "How many results it has."),
    Row("wasm_func_call", "own wasm_trap_t *", "const wasm_func_t *func, const wasm_val_vec_t *args?, wasm_val_vec_t *results?", C,
        "Call it. NULL and the results, or why it did not return; also where values do not fit the type."),
    *ref("global", "a global"),
    Row("wasm_global_new", "own wasm_global_t *", "wasm_store_t *store, const wasm_globaltype_t *globaltype, const wasm_val_t *val", PYTHON, "A global; NULL if the value is of another type."),
    Row("wasm_global_type", "own wasm_globaltype_t *", "const wasm_global_t *global", PYTHON, "Its type."),
    Row("wasm_global_get", "void", "const wasm_global_t *global, own wasm_val_t *out", C, "Its value."),
    Row("wasm_global_set", "void", "wasm_global_t *global, const wasm_val_t *val", C, "Set its value; nothing happens if it is constant, or the value of another type."),
    *ref("table", "a table"),
    Text("typedef uint32_t wasm_table_size_t;"),
    Row("wasm_table_new", "own wasm_table_t *", "wasm_store_t *store, const wasm_tabletype_t *tabletype, wasm_ref_t *init?", PYTHON, "A table full of a reference; NULL if that is of another type."),
    Row("wasm_table_type", "own wasm_tabletype_t *", "const wasm_table_t *table", PYTHON, "Its type."),
    Row("wasm_table_get", "own wasm_ref_t *", "const wasm_table_t *table, wasm_table_size_t index", C, "An element; NULL if it is null or out of bounds."),
    Row("wasm_table_set", "bool", "wasm_table_t *table, wasm_table_size_t index, wasm_ref_t *ref?", C, "Set an element; false if it is out of bounds, or the reference of another type."),
    Row("wasm_table_size", "wasm_table_size_t", "const wasm_table_t *table", C, "How many elements it has."),
    Row("wasm_table_grow", "bool", "wasm_table_t *table, wasm_table_size_t delta, wasm_ref_t *init?", C, "Append elements; false if there is no room."),
    *ref("memory", "a memory"),
    Text("typedef uint32_t wasm_memory_pages_t;"),
    Code("static const size_t MEMORY_PAGE_SIZE = 0x10000;"),
    Row("wasm_memory_new", "own wasm_memory_t *", "wasm_store_t *store, const wasm_memorytype_t *memorytype", PYTHON, "A memory; NULL if there is no room."),
    Row("wasm_memory_type", "own wasm_memorytype_t *", "const wasm_memory_t *memory", PYTHON, "Its type."),
    Row("wasm_memory_data", "byte_t *", "wasm_memory_t *memory", C, "Its first byte. It never moves, also when it grows."),
    Row("wasm_memory_data_size", "size_t", "const wasm_memory_t *memory", C, "How many bytes it has."),
    Row("wasm_memory_size", "wasm_memory_pages_t", "const wasm_memory_t *memory", C, "How many pages it has."),
    Row("wasm_memory_grow", "bool", "wasm_memory_t *memory, wasm_memory_pages_t delta", C, "Append pages; false if there is no room."),
    *ref("extern", "an extern"),
    *vec("extern", "*", "externs"),
    Row("wasm_extern_kind", "wasm_externkind_t", "const wasm_extern_t *item", C, "Which kind it is."),
    Row("wasm_extern_type", "own wasm_externtype_t *", "const wasm_extern_t *item", PYTHON, "Its type."),
    *casts(EXTERNS, "", "extern"),
    # ---- instances ----
    *ref("instance", "an instance"),
    Row("wasm_instance_new", "own wasm_instance_t *", "wasm_store_t *store, const wasm_module_t *module, const wasm_extern_vec_t *imports?, own wasm_trap_t **trap?", C,
        "Instantiate a module with its imports in order. NULL, and why in *trap, if they do not fit or the start function traps."),
    Row("wasm_instance_exports", "void", "const wasm_instance_t *instance, own wasm_extern_vec_t *out", C, "Its exports, in the module's order."),
    Code("""\
#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof(*(array)), array}

static inline own wasm_valtype_t *wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t *wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t *wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t *wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t *wasm_valtype_new_externref(void) { return wasm_valtype_new(WASM_EXTERNREF); }
static inline own wasm_valtype_t *wasm_valtype_new_funcref(void) { return wasm_valtype_new(WASM_FUNCREF); }"""),
    *(Code(f"@functype {params} {results}") for results in range(3) for params in range(4)),  # wasm_functype_new_1_1 and so on, see generate.py
    Code("""\
static inline void wasm_val_init_ptr(own wasm_val_t *out, void *pointer)
{
  out->kind = sizeof(intptr_t) == 4 ? WASM_I32 : WASM_I64;
  out->of.i64 = (intptr_t)pointer;
}
static inline void *wasm_val_ptr(const wasm_val_t *val) { return (void *)(intptr_t)(sizeof(intptr_t) == 4 ? val->of.i32 : val->of.i64); }

#define WASM_I32_VAL(i) {.kind = WASM_I32, .of = {.i32 = i}}
#define WASM_I64_VAL(i) {.kind = WASM_I64, .of = {.i64 = i}}
#define WASM_F32_VAL(z) {.kind = WASM_F32, .of = {.f32 = z}}
#define WASM_F64_VAL(z) {.kind = WASM_F64, .of = {.f64 = z}}
#define WASM_REF_VAL(r) {.kind = WASM_EXTERNREF, .of = {.ref = r}}
#define WASM_INIT_VAL {.kind = WASM_EXTERNREF, .of = {.ref = NULL}}

#undef own"""),
)  # fmt: skip

# Header (without its suffix) -> (headers it includes, what it declares).
HEADERS: dict[str, tuple[tuple[str, ...], tuple[Item, ...]]] = {"wasm": ((), WASM), **WASMTIME}


def rows() -> list[Row]:
    """Every function, in the order of the headers."""
    return [item for _, items in HEADERS.values() for item in items if isinstance(item, Row)]
