"""The table of wasmtime.h and its parts, by header. Names, layouts and meanings are wasmtime's, so that programs written for it compile and run.

Not there: async (`wasmtime/async.h`), the guest profiler (`wasmtime/profiling.h`), host memory creators.
"""

from __future__ import annotations

from wasm_capi import api_types as types
from wasm_capi.api_component import COMPONENTS
from wasm_capi.families import PYTHON, RELEASE, RETAIN, C, Code, Item, Row, Text
from wasm_capi.settings import POOL_SETTINGS, SETTINGS, TRAP_CODES

ERROR: tuple[Item, ...] = (
    Text("typedef struct wasmtime_error wasmtime_error_t;"),
    Row("wasmtime_error_new", "own wasmtime_error_t *", "const char *message", C, "An error with a message, which is copied."),
    Row("wasmtime_error_delete", "void", "own wasmtime_error_t *error?", RELEASE, "Delete an error."),
    Row("wasmtime_error_message", "void", "const wasmtime_error_t *error, own wasm_name_t *message", C, "What went wrong; no zero at its end."),
    Row("wasmtime_error_exit_status", "bool", "const wasmtime_error_t *error, int *status", C, "Whether a program ended itself (WASI), and with which status."),
    Row("wasmtime_error_wasm_trace", "void", "const wasmtime_error_t *error, own wasm_frame_vec_t *out", C, "The frames of wasm that the error came through, innermost first."),
)

POOL = "wasmtime_pooling_allocation_config"
CONFIG: tuple[Item, ...] = (
    Text("""\
typedef uint8_t wasmtime_strategy_t;
enum wasmtime_strategy_enum { WASMTIME_STRATEGY_AUTO, WASMTIME_STRATEGY_CRANELIFT, WASMTIME_STRATEGY_WINCH };
typedef uint8_t wasmtime_opt_level_t;
enum wasmtime_opt_level_enum { WASMTIME_OPT_LEVEL_NONE, WASMTIME_OPT_LEVEL_SPEED, WASMTIME_OPT_LEVEL_SPEED_AND_SIZE };
typedef uint8_t wasmtime_profiling_strategy_t;
enum wasmtime_profiling_strategy_enum {
  WASMTIME_PROFILING_STRATEGY_NONE,
  WASMTIME_PROFILING_STRATEGY_JITDUMP,
  WASMTIME_PROFILING_STRATEGY_VTUNE,
  WASMTIME_PROFILING_STRATEGY_PERFMAP
};
typedef uint8_t wasmtime_regalloc_algorithm_t;
enum wasmtime_regalloc_algorithm_enum { WASMTIME_REGALLOC_BACKTRACKING, WASMTIME_REGALLOC_SINGLE_PASS };"""),
    *(Row(f"wasmtime_config_{name}_set", "void", f"wasm_config_t *config, {kind} value", PYTHON, f"Config.{attribute}: see the settings' page.") for name, kind, attribute in SETTINGS),
    Row("wasmtime_config_target_set", "own wasmtime_error_t *", "wasm_config_t *config, const char *target", PYTHON, "Compile for another machine, by its triple."),
    Row("wasmtime_config_cache_config_load", "own wasmtime_error_t *", "wasm_config_t *config, const char *path?", PYTHON, "Keep compiled modules on disk: in the folder of that name, or that a TOML file of that name tells."),
    Row("wasmtime_config_cranelift_flag_enable", "void", "wasm_config_t *config, const char *flag", PYTHON, "Config.cranelift_flag_enable."),
    Row("wasmtime_config_cranelift_flag_set", "void", "wasm_config_t *config, const char *key, const char *value", PYTHON, "Config.cranelift_flag_set."),
    Text(f"typedef struct {POOL}_t {POOL}_t;"),
    Row(f"{POOL}_new", f"own {POOL}_t *", "", PYTHON, "The default bounds of a pool of instances."),
    Row(f"{POOL}_delete", "void", f"own {POOL}_t *pool?", RELEASE, "Delete a pool's bounds."),
    *(Row(f"{POOL}_{name}_set", "void", f"{POOL}_t *pool, {kind} value", PYTHON, f"PoolingAllocationConfig.{name}.") for name, kind in POOL_SETTINGS),
    Row("wasmtime_pooling_allocation_strategy_set", "void", f"wasm_config_t *config, const {POOL}_t *pool", PYTHON, "Have a pool of these bounds, which are copied."),
)

ENGINE: tuple[Item, ...] = (
    Row("wasmtime_engine_clone", "own wasm_engine_t *", "const wasm_engine_t *engine", RETAIN, "The same engine once more."),
    Row("wasmtime_engine_increment_epoch", "void", "const wasm_engine_t *engine", PYTHON, "Let a unit of time pass. From any thread."),
    Row("wasmtime_engine_is_pulley", "bool", "const wasm_engine_t *engine", C, "Whether code is interpreted: never."),
)

MODULE: tuple[Item, ...] = (
    Text("typedef struct wasmtime_module wasmtime_module_t;"),
    Row("wasmtime_module_new", "own wasmtime_error_t *", "wasm_engine_t *engine, const uint8_t *wasm, size_t wasm_len, own wasmtime_module_t **ret", PYTHON, "Compile a binary."),
    Row("wasmtime_module_delete", "void", "own wasmtime_module_t *module?", RELEASE, "Delete a reference to a module."),
    Row("wasmtime_module_clone", "own wasmtime_module_t *", "const wasmtime_module_t *module", RETAIN, "Another reference to a module."),
    Row("wasmtime_module_imports", "void", "const wasmtime_module_t *module, own wasm_importtype_vec_t *out", PYTHON, "What it imports, in order."),
    Row("wasmtime_module_exports", "void", "const wasmtime_module_t *module, own wasm_exporttype_vec_t *out", PYTHON, "What it exports, in order."),
    Row("wasmtime_module_validate", "own wasmtime_error_t *", "wasm_engine_t *engine, const uint8_t *wasm, size_t wasm_len", PYTHON, "What is wrong with a binary, if anything is."),
    Row("wasmtime_module_serialize", "own wasmtime_error_t *", "const wasmtime_module_t *module, own wasm_byte_vec_t *ret", PYTHON, "The compiled module as bytes."),
    Row("wasmtime_module_deserialize", "own wasmtime_error_t *", "wasm_engine_t *engine, const uint8_t *bytes, size_t bytes_len, own wasmtime_module_t **ret", PYTHON,
        "A module of bytes that wasmtime_module_serialize wrote, which must be trusted."),
    Row("wasmtime_module_deserialize_file", "own wasmtime_error_t *", "wasm_engine_t *engine, const char *path, own wasmtime_module_t **ret", PYTHON, "The same of a file, which is mapped."),
)  # fmt: skip

STORE: tuple[Item, ...] = (
    Text("typedef struct wasmtime_store wasmtime_store_t;\ntypedef struct wasmtime_context wasmtime_context_t;"),
    Row("wasmtime_store_new", "own wasmtime_store_t *", "wasm_engine_t *engine, void *data?, void (*finalizer)(void *)?", C, "A store with data of the host's, and what is called with that at its end."),
    Row("wasmtime_store_context", "wasmtime_context_t *", "wasmtime_store_t *store", C, "What functions on the store take; as long as the store."),
    Row("wasmtime_store_limiter", "void", "wasmtime_store_t *store, int64_t memory_size, int64_t table_elements, int64_t instances, int64_t tables, int64_t memories", PYTHON,
        "Bounds on what guests may use; negative: none."),
    Row("wasmtime_store_delete", "void", "own wasmtime_store_t *store?", C, "Delete a store with all that is in it."),
    Row("wasmtime_context_get_data", "void *", "const wasmtime_context_t *context", C, "The host's data."),
    Row("wasmtime_context_set_data", "void", "wasmtime_context_t *context, void *data?", C, "Set the host's data."),
    Row("wasmtime_context_gc", "own wasmtime_error_t *", "wasmtime_context_t *context", PYTHON, "Collect garbage now."),
    Row("wasmtime_context_set_fuel", "own wasmtime_error_t *", "wasmtime_context_t *context, uint64_t fuel", PYTHON, "Set how much fuel is left."),
    Row("wasmtime_context_get_fuel", "own wasmtime_error_t *", "const wasmtime_context_t *context, uint64_t *fuel", PYTHON, "How much fuel is left."),
    Row("wasmtime_context_set_wasi", "own wasmtime_error_t *", "wasmtime_context_t *context, own wasi_config_t *wasi", PYTHON, "What WASI's functions of this store see."),
    Row("wasmtime_context_set_wasi_http", "void", "wasmtime_context_t *context", PYTHON, "Let components of this store make HTTP requests, where their network lets them."),
    Row("wasmtime_context_set_epoch_deadline", "void", "wasmtime_context_t *context, uint64_t ticks_beyond_current", PYTHON, "Interrupt calls once the epoch has advanced so far."),
)  # fmt: skip

EXTERN: tuple[Item, ...] = (
    Text("""\
/* Externs are values: they need no deleting, and are good as long as their store. */
typedef struct wasmtime_func { uint64_t store_id; void *__private; } wasmtime_func_t;
typedef struct wasmtime_table { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; } wasmtime_table_t;
typedef struct wasmtime_memory { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; } wasmtime_memory_t;
typedef struct wasmtime_global { uint64_t store_id; uint32_t __private1; uint32_t __private2; uint32_t __private3; } wasmtime_global_t;

struct wasmtime_sharedmemory;
typedef uint8_t wasmtime_extern_kind_t;
typedef union wasmtime_extern_union {
  wasmtime_func_t func;
  wasmtime_global_t global;
  wasmtime_table_t table;
  wasmtime_memory_t memory;
  struct wasmtime_sharedmemory *sharedmemory;
  wasmtime_tag_t tag;
} wasmtime_extern_union_t;
typedef struct wasmtime_extern { wasmtime_extern_kind_t kind; wasmtime_extern_union_t of; } wasmtime_extern_t;"""),
    Code("""\
#define WASMTIME_EXTERN_FUNC 0
#define WASMTIME_EXTERN_GLOBAL 1
#define WASMTIME_EXTERN_TABLE 2
#define WASMTIME_EXTERN_MEMORY 3
#define WASMTIME_EXTERN_SHAREDMEMORY 4"""),
    Row("wasmtime_extern_delete", "void", "own wasmtime_extern_t *item", C, "Let go of what an extern owns: a shared memory."),
    Row("wasmtime_extern_type", "own wasm_externtype_t *", "wasmtime_context_t *context, const wasmtime_extern_t *item", C, "Its type."),
)

VAL: tuple[Item, ...] = (
    Text("""\
typedef uint8_t wasmtime_valkind_t;
typedef uint8_t wasmtime_v128[16];
/* References are rooted until they are unrooted; store_id 0 is null. */
typedef struct wasmtime_anyref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_anyref_t;
typedef struct wasmtime_exnref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_exnref_t;
typedef struct wasmtime_externref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_externref_t;
typedef struct wasmtime_eqref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_eqref_t;
typedef struct wasmtime_structref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_structref_t;
typedef struct wasmtime_arrayref { uint64_t store_id; uint32_t __private1; uint32_t __private2; void *__private3; } wasmtime_arrayref_t;
typedef union wasmtime_valunion {
  int32_t i32;
  int64_t i64;
  float32_t f32;
  float64_t f64;
  wasmtime_anyref_t anyref;
  wasmtime_externref_t externref;
  wasmtime_exnref_t exnref;
  wasmtime_func_t funcref;
  wasmtime_v128 v128;
} wasmtime_valunion_t;
typedef union wasmtime_val_raw {
  int32_t i32;
  int64_t i64;
  float32_t f32;
  float64_t f64;
  wasmtime_v128 v128;
  uint32_t anyref;
  uint32_t externref;
  uint32_t exnref;
  void *funcref;
} wasmtime_val_raw_t;
typedef struct wasmtime_val { wasmtime_valkind_t kind; wasmtime_valunion_t of; } wasmtime_val_t;"""),
    Code("""\
#define WASMTIME_I32 0
#define WASMTIME_I64 1
#define WASMTIME_F32 2
#define WASMTIME_F64 3
#define WASMTIME_V128 4
#define WASMTIME_FUNCREF 5
#define WASMTIME_EXTERNREF 6
#define WASMTIME_ANYREF 7
#define WASMTIME_EXNREF 8

static inline void wasmtime_funcref_set_null(wasmtime_func_t *func) { func->store_id = 0; }
static inline bool wasmtime_funcref_is_null(const wasmtime_func_t *func) { return func->store_id == 0; }"""),
    Row("wasmtime_val_unroot", "void", "own wasmtime_val_t *val", C, "Let go of what a value refers to."),
    Row("wasmtime_val_clone", "void", "const wasmtime_val_t *src, own wasmtime_val_t *dst", C, "A copy with a root of its own."),
)  # fmt: skip

CALLBACKS = """\
typedef struct wasmtime_caller wasmtime_caller_t; /* good until the callback returns */
typedef wasm_trap_t *(*wasmtime_func_callback_t)(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults);
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args_and_results, size_t num_args_and_results);"""
FUNC: tuple[Item, ...] = (
    Text(CALLBACKS),
    Row("wasmtime_func_new", "void",
        "wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_callback_t callback, void *env?, void (*finalizer)(void *)?, wasmtime_func_t *ret", C,
        "A function of the host. It must return, and not longjmp."),
    Row("wasmtime_func_new_unchecked", "void",
        "wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *env?, void (*finalizer)(void *)?, wasmtime_func_t *ret", C,
        "The same, given the values as they lie: faster, and with nothing checked."),
    Row("wasmtime_func_type", "own wasm_functype_t *", "const wasmtime_context_t *store, const wasmtime_func_t *func", C, "Its type."),
    Row("wasmtime_func_call", "own wasmtime_error_t *",
        "wasmtime_context_t *store, const wasmtime_func_t *func, const wasmtime_val_t *args?, size_t nargs, wasmtime_val_t *results?, size_t nresults, own wasm_trap_t **trap?", C,
        "Call it: NULL and the results, or NULL and *trap, or an error."),
    Row("wasmtime_func_call_unchecked", "own wasmtime_error_t *",
        "wasmtime_context_t *store, const wasmtime_func_t *func, wasmtime_val_raw_t *args_and_results?, size_t args_and_results_len, own wasm_trap_t **trap?", C,
        "The same with values as they lie, room for the larger of parameters and results, and nothing checked."),
    Row("wasmtime_caller_export_get", "bool", "wasmtime_caller_t *caller, const char *name, size_t name_len, own wasmtime_extern_t *item", C, "An export of the instance that calls."),
    Row("wasmtime_caller_context", "wasmtime_context_t *", "wasmtime_caller_t *caller", C, "The store that calls."),
    Row("wasmtime_func_from_raw", "void", "wasmtime_context_t *context, void *raw?, wasmtime_func_t *ret", C, "The function that an unchecked function was given."),
    Row("wasmtime_func_to_raw", "void *", "wasmtime_context_t *context, const wasmtime_func_t *func", C, "For an unchecked call."),
)  # fmt: skip

GLOBAL: tuple[Item, ...] = (
    Row("wasmtime_global_new", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasm_globaltype_t *type, const wasmtime_val_t *val, wasmtime_global_t *ret", C, "A global."),
    Row("wasmtime_global_type", "own wasm_globaltype_t *", "const wasmtime_context_t *store, const wasmtime_global_t *global", C, "Its type."),
    Row("wasmtime_global_get", "void", "wasmtime_context_t *store, const wasmtime_global_t *global, own wasmtime_val_t *out", C, "Its value."),
    Row("wasmtime_global_set", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasmtime_global_t *global, const wasmtime_val_t *val", C, "Set its value."),
)

TABLE: tuple[Item, ...] = (
    Row("wasmtime_table_new", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasm_tabletype_t *type, const wasmtime_val_t *init, wasmtime_table_t *table", C, "A table full of a reference."),
    Row("wasmtime_table_type", "own wasm_tabletype_t *", "const wasmtime_context_t *store, const wasmtime_table_t *table", C, "Its type."),
    Row("wasmtime_table_get", "bool", "wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t index, own wasmtime_val_t *val", C, "An element; false if there is none."),
    Row("wasmtime_table_set", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t index, const wasmtime_val_t *value", C, "Set an element."),
    Row("wasmtime_table_size", "uint64_t", "const wasmtime_context_t *store, const wasmtime_table_t *table", C, "How many elements it has."),
    Row("wasmtime_table_grow", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t delta, const wasmtime_val_t *init, uint64_t *prev_size?", C, "Append elements."),
)

MEMORY: tuple[Item, ...] = (
    Row("wasmtime_memorytype_new", "own wasmtime_error_t *", "uint64_t min, bool max_present, uint64_t max, bool is_64, bool shared, uint8_t page_size_log2, own wasm_memorytype_t **ret", C, "A memory type of any kind."),
    Row("wasmtime_memorytype_minimum", "uint64_t", "const wasm_memorytype_t *type", C, "How many pages it starts with."),
    Row("wasmtime_memorytype_maximum", "bool", "const wasm_memorytype_t *type, uint64_t *max", C, "Whether there is a bound, and which."),
    Row("wasmtime_memorytype_is64", "bool", "const wasm_memorytype_t *type", C, "Whether its addresses have 64 bits."),
    Row("wasmtime_memorytype_isshared", "bool", "const wasm_memorytype_t *type", C, "Whether threads share it."),
    Row("wasmtime_memorytype_page_size", "uint64_t", "const wasm_memorytype_t *type", C, "Bytes of a page."),
    Row("wasmtime_memorytype_page_size_log2", "uint8_t", "const wasm_memorytype_t *type", C, "The base-2 logarithm of that."),
    Row("wasmtime_memory_new", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasm_memorytype_t *type, wasmtime_memory_t *ret", C, "A memory."),
    Row("wasmtime_memory_type", "own wasm_memorytype_t *", "const wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "Its type."),
    Row("wasmtime_memory_data", "uint8_t *", "wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "Its first byte. It never moves, also when it grows."),
    Row("wasmtime_memory_data_size", "size_t", "const wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "How many bytes it has."),
    Row("wasmtime_memory_size", "uint64_t", "const wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "How many pages it has."),
    Row("wasmtime_memory_grow", "own wasmtime_error_t *", "wasmtime_context_t *store, const wasmtime_memory_t *memory, uint64_t delta, uint64_t *prev_size?", C, "Append pages."),
    Row("wasmtime_memory_page_size", "uint64_t", "wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "Bytes of a page."),
    Row("wasmtime_memory_page_size_log2", "uint8_t", "wasmtime_context_t *store, const wasmtime_memory_t *memory", C, "The base-2 logarithm of that."),
)

SHAREDMEMORY: tuple[Item, ...] = (
    Text("typedef struct wasmtime_sharedmemory wasmtime_sharedmemory_t;"),
    Row("wasmtime_sharedmemory_new", "own wasmtime_error_t *", "const wasm_engine_t *engine, const wasm_memorytype_t *type, own wasmtime_sharedmemory_t **ret", PYTHON, "A memory for several threads and stores."),
    Row("wasmtime_sharedmemory_delete", "void", "own wasmtime_sharedmemory_t *memory?", RELEASE, "Delete a reference to a shared memory."),
    Row("wasmtime_sharedmemory_clone", "own wasmtime_sharedmemory_t *", "const wasmtime_sharedmemory_t *memory", RETAIN, "Another reference to the same."),
    Row("wasmtime_sharedmemory_type", "own wasm_memorytype_t *", "const wasmtime_sharedmemory_t *memory", C, "Its type."),
    Row("wasmtime_sharedmemory_data", "uint8_t *", "const wasmtime_sharedmemory_t *memory", C, "Its first byte; others may write there at any time."),
    Row("wasmtime_sharedmemory_data_size", "size_t", "const wasmtime_sharedmemory_t *memory", C, "How many bytes it has."),
    Row("wasmtime_sharedmemory_size", "uint64_t", "const wasmtime_sharedmemory_t *memory", C, "How many pages it has."),
    Row("wasmtime_sharedmemory_grow", "own wasmtime_error_t *", "const wasmtime_sharedmemory_t *memory, uint64_t delta, uint64_t *prev_size?", C, "Append pages."),
)

INSTANCE: tuple[Item, ...] = (
    Text("typedef struct wasmtime_instance { uint64_t store_id; size_t __private; } wasmtime_instance_t;\ntypedef struct wasmtime_instance_pre wasmtime_instance_pre_t;"),
    Row("wasmtime_instance_new", "own wasmtime_error_t *",
        "wasmtime_context_t *store, const wasmtime_module_t *module, const wasmtime_extern_t *imports?, size_t nimports, wasmtime_instance_t *instance, own wasm_trap_t **trap?", C,
        "Instantiate a module with its imports in order: NULL and the instance, or NULL and *trap, or an error."),
    Row("wasmtime_instance_export_get", "bool",
        "wasmtime_context_t *store, const wasmtime_instance_t *instance, const char *name, size_t name_len, own wasmtime_extern_t *item", C, "An export by its name."),
    Row("wasmtime_instance_export_nth", "bool",
        "wasmtime_context_t *store, const wasmtime_instance_t *instance, size_t index, char **name, size_t *name_len, own wasmtime_extern_t *item", C,
        "An export by its position, and its name, the module's."),
    Row("wasmtime_instance_pre_delete", "void", "own wasmtime_instance_pre_t *instance_pre?", RELEASE, "Delete a prepared instance."),
    Row("wasmtime_instance_pre_instantiate", "own wasmtime_error_t *",
        "const wasmtime_instance_pre_t *instance_pre, wasmtime_context_t *store, wasmtime_instance_t *instance, own wasm_trap_t **trap?", C, "A new instance of it."),
    Row("wasmtime_instance_pre_module", "own wasmtime_module_t *", "const wasmtime_instance_pre_t *instance_pre", PYTHON, "Its module."),
)  # fmt: skip

NAME = "const char *module, size_t module_len, const char *name, size_t name_len"
LINKER: tuple[Item, ...] = (
    Text("typedef struct wasmtime_linker wasmtime_linker_t;"),
    Row("wasmtime_linker_new", "own wasmtime_linker_t *", "wasm_engine_t *engine", PYTHON, "A linker with nothing defined."),
    Row("wasmtime_linker_clone", "own wasmtime_linker_t *", "const wasmtime_linker_t *linker", PYTHON, "A linker with the same definitions."),
    Row("wasmtime_linker_delete", "void", "own wasmtime_linker_t *linker?", RELEASE, "Delete a linker."),
    Row("wasmtime_linker_allow_shadowing", "void", "wasmtime_linker_t *linker, bool allow_shadowing", PYTHON, "Whether names may be defined anew."),
    Row("wasmtime_linker_define_unknown_imports_as_traps", "own wasmtime_error_t *", "wasmtime_linker_t *linker, const wasmtime_module_t *module", PYTHON, "Define what is missing for a module as functions that trap."),
    Row("wasmtime_linker_define_unknown_imports_as_default_values", "own wasmtime_error_t *", "wasmtime_linker_t *linker, wasmtime_context_t *store, const wasmtime_module_t *module", PYTHON,
        "Define what is missing for a module as zeros and nulls."),
    Row("wasmtime_linker_define", "own wasmtime_error_t *", f"wasmtime_linker_t *linker, wasmtime_context_t *store, {NAME}, const wasmtime_extern_t *item", C, "Define a name."),
    Row("wasmtime_linker_define_func", "own wasmtime_error_t *",
        f"wasmtime_linker_t *linker, {NAME}, const wasm_functype_t *type, wasmtime_func_callback_t callback, void *data?, void (*finalizer)(void *)?", C, "Define a function for any store."),
    Row("wasmtime_linker_define_func_unchecked", "own wasmtime_error_t *",
        f"wasmtime_linker_t *linker, {NAME}, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *data?, void (*finalizer)(void *)?", C,
        "The same, given the values as they lie."),
    Row("wasmtime_linker_define_wasi", "own wasmtime_error_t *", "wasmtime_linker_t *linker", PYTHON, "Define WASI preview 1."),
    Row("wasmtime_linker_define_instance", "own wasmtime_error_t *", "wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, const wasmtime_instance_t *instance", C,
        "Define all exports of an instance."),
    Row("wasmtime_linker_instantiate", "own wasmtime_error_t *",
        "const wasmtime_linker_t *linker, wasmtime_context_t *store, const wasmtime_module_t *module, wasmtime_instance_t *instance, own wasm_trap_t **trap?", C,
        "Instantiate a module with what is defined."),
    Row("wasmtime_linker_module", "own wasmtime_error_t *", "wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, const wasmtime_module_t *module", PYTHON,
        "Instantiate a module, and define its exports; a command anew at each call."),
    Row("wasmtime_linker_get_default", "own wasmtime_error_t *", "const wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, wasmtime_func_t *func", C,
        "What calling a module as a whole means."),
    Row("wasmtime_linker_get", "bool", f"const wasmtime_linker_t *linker, wasmtime_context_t *store, {NAME}, own wasmtime_extern_t *item", C, "What is defined under a name."),
    Row("wasmtime_linker_instantiate_pre", "own wasmtime_error_t *", "const wasmtime_linker_t *linker, const wasmtime_module_t *module, own wasmtime_instance_pre_t **instance_pre", PYTHON,
        "Find a module's imports once, to instantiate it many times."),
)  # fmt: skip

TRAP: tuple[Item, ...] = (
    Text("typedef uint8_t wasmtime_trap_code_t;\nenum wasmtime_trap_code_enum {\n" + ",\n".join(f"  WASMTIME_TRAP_CODE_{name}" for name in TRAP_CODES) + "\n};"),
    Row("wasmtime_trap_new", "own wasm_trap_t *", "const char *message, size_t message_len", C, "A trap for a host function to return."),
    Row("wasmtime_trap_new_code", "own wasm_trap_t *", "wasmtime_trap_code_t code", C, "The same, by its code."),
    Row("wasmtime_trap_code", "bool", "const wasm_trap_t *trap, wasmtime_trap_code_t *code", C, "Whether wasm itself trapped, and why."),
    Row("wasmtime_frame_func_name", "const wasm_name_t *", "const wasm_frame_t *frame", C, "The function's name, the frame's; NULL without one."),
    Row("wasmtime_frame_module_name", "const wasm_name_t *", "const wasm_frame_t *frame", C, "The module's name, the frame's; NULL without one."),
)

WRITER = "ptrdiff_t (*callback)(void *, const unsigned char *, size_t), void *data?, void (*finalizer)(void *)?"
WASI: tuple[Item, ...] = (
    Text("typedef struct wasi_config_t wasi_config_t;"),
    Row("wasi_config_delete", "void", "own wasi_config_t *config?", RELEASE, "Delete a configuration that no store was given."),
    Row("wasi_config_new", "own wasi_config_t *", "", PYTHON, "A program that is given nothing."),
    Row("wasi_config_set_argv", "bool", "wasi_config_t *config, size_t argc, const char *argv[]?", PYTHON, "Its arguments; false if one is not UTF-8."),
    Row("wasi_config_inherit_argv", "void", "wasi_config_t *config", PYTHON, "This process's arguments."),
    Row("wasi_config_set_env", "bool", "wasi_config_t *config, size_t envc, const char *names[]?, const char *values[]?", PYTHON, "Its environment; false if anything is not UTF-8."),
    Row("wasi_config_inherit_env", "void", "wasi_config_t *config", PYTHON, "This process's environment."),
    Row("wasi_config_set_stdin_file", "bool", "wasi_config_t *config, const char *path", PYTHON, "A file to read; false if it cannot be opened."),
    Row("wasi_config_set_stdin_bytes", "void", "wasi_config_t *config, own wasm_byte_vec_t *binary", PYTHON, "Bytes to read."),
    Row("wasi_config_inherit_stdin", "void", "wasi_config_t *config", PYTHON, "This process's stdin."),
    Row("wasi_config_set_stdout_file", "bool", "wasi_config_t *config, const char *path", PYTHON, "A file to write; false if it cannot be made."),
    Row("wasi_config_set_stdout_custom", "void", f"wasi_config_t *config, {WRITER}", PYTHON, "What is called with what is written, and says how much it took, or a negative errno."),
    Row("wasi_config_inherit_stdout", "void", "wasi_config_t *config", PYTHON, "This process's stdout."),
    Row("wasi_config_set_stderr_file", "bool", "wasi_config_t *config, const char *path", PYTHON, "A file to write; false if it cannot be made."),
    Row("wasi_config_set_stderr_custom", "void", f"wasi_config_t *config, {WRITER}", PYTHON, "The same for stderr."),
    Row("wasi_config_inherit_stderr", "void", "wasi_config_t *config", PYTHON, "This process's stderr."),
    Row("wasi_config_inherit_network", "void", "wasi_config_t *config", PYTHON, "The network, without bounds."),
    Row("wasi_config_allow_ip_name_lookup", "void", "wasi_config_t *config, bool enable", PYTHON, "Whether names can be looked up, where there is a network."),
    Text("typedef size_t wasi_file_perms;"),
    Row("wasi_config_preopen_dir", "bool", "wasi_config_t *config, const char *host_path, const char *guest_path, bool fs_mutable", PYTHON, "A folder of the host's; false if it cannot be opened."),
)

WAT: tuple[Item, ...] = (
    Row("wasmtime_wat2wasm", "own wasmtime_error_t *", "const char *wat?, size_t wat_len, own wasm_byte_vec_t *ret", PYTHON, "The binary of a module's or component's text."),
)

PARTS = (
    "conf", "error", "config", "engine", "module", "store", "tag", "extern", "val", "func", "global", "table", "memory", "sharedmemory", "instance", "linker", "trap",
    "wat", "types", "anyref", "eqref", "structref", "arrayref", "exnref", "externref", "component",
)  # fmt: skip

# Whose API this is.
RELEASE_OF = (50, 0, 1)
VERSION: tuple[Item, ...] = (
    Code(
        "\n".join([
            f'#define WASMTIME_VERSION "{".".join(map(str, RELEASE_OF))}"',
            *(f"#define WASMTIME_VERSION_{part} {number}" for part, number in zip(("MAJOR", "MINOR", "PATCH"), RELEASE_OF, strict=True)),
        ])
    ),
)

# Columns as of HEADERS in api.py.
WASMTIME: dict[str, tuple[tuple[str, ...], tuple[Item, ...]]] = {
    "wasmtime/conf": (("wasm",), types.CONF),
    "wasi": (("wasm", "wasmtime/conf"), WASI),
    "wasmtime/error": (("wasm",), ERROR),
    "wasmtime/config": (("wasmtime/error",), CONFIG),
    "wasmtime/engine": (("wasm",), ENGINE),
    "wasmtime/module": (("wasmtime/error",), MODULE),
    "wasmtime/store": (("wasi", "wasmtime/error"), STORE),
    "wasmtime/sharedmemory": (("wasmtime/error",), SHAREDMEMORY),
    "wasmtime/tag": (("wasmtime/store",), types.TAG),
    "wasmtime/extern": (("wasmtime/module", "wasmtime/sharedmemory", "wasmtime/tag"), EXTERN),
    "wasmtime/val": (("wasmtime/extern",), VAL),
    "wasmtime/func": (("wasmtime/val",), FUNC),
    "wasmtime/global": (("wasmtime/val",), GLOBAL),
    "wasmtime/table": (("wasmtime/val",), TABLE),
    "wasmtime/memory": (("wasmtime/extern",), MEMORY),
    "wasmtime/instance": (("wasmtime/extern",), INSTANCE),
    "wasmtime/linker": (("wasmtime/func", "wasmtime/instance"), LINKER),
    "wasmtime/trap": (("wasm",), TRAP),
    "wasmtime/wat": (("wasmtime/error",), WAT),
    "wasmtime/types/structref": (("wasm",), types.TYPES_STRUCT),
    "wasmtime/types/arrayref": (("wasmtime/types/structref",), types.TYPES_ARRAY),
    "wasmtime/types/exnref": (("wasmtime/error",), types.TYPES_EXN),
    "wasmtime/types/val": (("wasmtime/types/arrayref", "wasmtime/types/exnref"), types.TYPES_VAL),
    "wasmtime/types": (("wasmtime/types/val",), ()),
    "wasmtime/anyref": (("wasmtime/types/val", "wasmtime/val"), types.ANYREF),
    "wasmtime/eqref": (("wasmtime/types/val", "wasmtime/val"), types.EQREF),
    "wasmtime/externref": (("wasmtime/val",), types.EXTERNREF),
    "wasmtime/structref": (("wasmtime/types/structref", "wasmtime/val"), types.STRUCTREF),
    "wasmtime/arrayref": (("wasmtime/types/arrayref", "wasmtime/val"), types.ARRAYREF),
    "wasmtime/exnref": (("wasmtime/types/exnref", "wasmtime/val"), types.EXNREF),
    **COMPONENTS,
    "wasmtime": (("wasm", "wasi", *(f"wasmtime/{part}" for part in PARTS)), VERSION),
}
