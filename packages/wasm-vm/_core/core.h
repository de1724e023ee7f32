/* core.h: the structures of the vm, and what its files offer one another. Ownership is said at every pointer.
 *
 * Two kinds of things live here. *Runtime* structs (Instance, Memory, Table, HostFunc ...) are plain C, belong to a store and are what compiled code
 * sees through VMContext. *Objects* (FuncObject, MemoryObject ...) are what Python sees: a strong reference to the store and a pointer into it.
 */

/* The rule of every entry point: Python can run at any conversion of an argument and any allocation of an object, and can close the store.
   So convert first, check that the store is open next, borrow last; run no Python while something is borrowed: copy it, or take a reference. */
#ifndef WASM_VM_CORE_H
#define WASM_VM_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmtypes.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#if PY_VERSION_HEX >= 0x030D0000
#define HASH_POINTER Py_HashPointer
#else
#define HASH_POINTER _Py_HashPointer
#endif

/* Whether [at, at + size) lies in [0, whole). Guests choose all 64 bits of an offset and of a size: their sum is never made, and nothing else compares them. */
static inline bool within(uint64_t at, uint64_t size, uint64_t whole) { return at <= whole && size <= whole - at; }

/* A number in the byte order of linear memories and segments, little-endian: to or from this machine's. */
static inline uint64_t wasm_order64(uint64_t n) { return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(n) : n; }
static inline uint32_t wasm_order32(uint32_t n) { return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap32(n) : n; }
static inline uint16_t wasm_order16(uint16_t n) { return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap16(n) : n; }

typedef struct Store Store;
typedef struct Engine Engine;
typedef struct Loaded Loaded;
typedef struct Code Code;
typedef struct Instance Instance;
typedef struct HostFunc HostFunc;
typedef struct ThreadRecord ThreadRecord;
typedef struct Activation Activation;
struct ConstExpr;
struct ElementPlan;
struct Pool;
struct Image;

/* ---- types.c: value types and signatures ---- */

enum Kind { KIND_I32, KIND_I64, KIND_F32, KIND_F64, KIND_V128, KIND_FUNCREF, KIND_EXTERNREF, KIND_ANYREF, KIND_EXNREF, KIND_CONTREF };

/* A value type: environ's integer (types.py; a concrete reference holds the engine-wide type id) and what conversion needs of it. */
typedef struct ValueType {
    uint64_t code;
    uint8_t kind; /* enum Kind */
    bool nullable;
} ValueType;

#define TYPE_STEP ((uint32_t)sizeof(VMType)) /* ids are multiples of it, from it on */
#define TYPE_FUNCREF (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_FUNC << TYPE_HEAP_SHIFT)
#define TYPE_EXTERNREF (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_EXTERN << TYPE_HEAP_SHIFT)

/* A function type of one engine. Owned by the engine's table; never freed before it. */
typedef struct Signature {
    uint32_t type_id;
    uint32_t nparams, nresults, nslots; /* nslots = max(params, results, 1) */
    ValueType *types;                   /* params, then results; owned */
    PyObject *type;                     /* environ FuncType; strong */
    void *thunk;                        /* a host thunk of some loaded code, or NULL */
    Code *thunk_code;                   /* which: borrowed, cleared when that code goes; or ...*/
    bool owns_thunk;                    /* ... strong, when it was compiled for this signature alone */
    void *entry;                        /* an entry trampoline for host functions of it, or NULL */
    Code *entry_code;                   /* which: strong */
} Signature;

struct Engine {
    PyObject_HEAD
    PyObject *registry;            /* strong */
    PyObject *compile_trampolines; /* strong */
    Signature **signatures;        /* by type id / TYPE_STEP; entries NULL until asked for; owned */
    uint32_t signature_count;
    struct Aggregate **aggregates; /* by type id / TYPE_STEP; entries NULL until asked for; owned. See gcref.h */
    uint32_t aggregate_count;
    uint8_t *types;       /* owned reservation, or NULL: VMType of type id t at types + t; written once, never moved */
    uint32_t types_end;   /* ids below it are there; TYPE_STEP: none */
    struct Pool *pool; /* strong, or NULL: memories, tables and instances as they come */
    size_t max_wasm_stack;
    bool release_gil, consume_fuel, epoch_interruption, guarded, gc_stress;
    uint64_t epoch; /* atomic */
    PyObject *weakrefs;
};

int value_type_parse(Engine *engine, PyObject *code, ValueType *out); /* -1 with an exception */
bool value_type_matches(const Engine *engine, uint64_t have, uint64_t want); /* spec: matching of reference types */
Signature *engine_signature(Engine *engine, uint32_t type_id);
/* Of a public type, whose id `hook` tells, or of environ's FuncType. */
Signature *engine_signature_of(Engine *engine, PyObject *hook, PyObject *type, const char *expected);
bool engine_is_subtype(const Engine *engine, uint32_t have, uint32_t want);
void engine_free_aggregates(Engine *engine);
/* Descriptors of all types of the registry; without `needed` only if some are not plain function types, whose descriptors stay zero until then.
 * -1 with an exception. Runs Python code. */
int engine_sync_types(Engine *engine, bool needed);
static inline const VMType *engine_type(const Engine *engine, uint32_t type_id) { return (const VMType *)(const void *)(engine->types + type_id); }
Engine *engine_from_object(PyObject *object); /* a facade engine or an EngineCore -> borrowed; TypeError */
extern PyTypeObject EngineType;
int engine_find_thunk(Engine *engine, Signature *signature); /* fills signature->thunk, compiling if need be */
int engine_find_entry(Engine *engine, Signature *signature); /* fills signature->entry, compiling if need be */

/* ---- code_linux.c: executable memory and the registry of its ranges ---- */

enum { SHAPE_WORDS = 32 };

/* A mapping with machine code and, when it came from a file, everything else of the artifact. An object: exports its bytes as a read-only buffer. */
struct Code {
    PyObject_HEAD
    uint8_t *map; /* owned mapping of map_size bytes */
    size_t map_size;
    const uint8_t *text; /* start of .text inside map */
    size_t text_size;
    const uint32_t *traps; /* rows (offset, code); borrowed from `tables` or the map */
    size_t trap_count;
    const uint32_t *addresses; /* rows (offset, wasm offset) */
    size_t address_count;
    const uint32_t *functions; /* rows (offset, size) per defined function */
    size_t function_count;
    const uint32_t *frames; /* rows (offset, number in shapes), ascending; compiler.CompiledCode in environ says more */
    size_t frame_count;
    const uint32_t *shapes; /* SHAPE_WORDS words each, see linking/layout.py */
    size_t shape_count;
    const uint32_t *handlers; /* rows (start, end, landing pad), ascending */
    size_t handler_count;
    uint32_t *sorted; /* indices into functions by ascending offset, made when first asked for; owned */
    PyObject *tables; /* keeps traps, addresses, functions alive; strong or NULL */
    uint32_t imported_functions;
    uint32_t loads;  /* modules that were loaded from it: one, or more when several loaded a file at once */
    PyObject *names; /* (code) -> (module name, {function index: name}), or NULL; strong */
    bool registered;
    atomic_bool cut; /* its file was cut short, and zeros were read there */
};

extern PyTypeObject CodeType;
Code *code_from_bytes(const uint8_t *text, size_t size);
PyObject *code_map_file(PyObject *path, Py_ssize_t offset, Py_ssize_t size); /* size < 0: all from the offset on */
int code_register(Code *code, size_t text_offset, size_t text_size);
Code *code_find(uintptr_t pc); /* async-signal-safe; borrowed, valid while something keeps that code running */
bool code_read_zeros(uintptr_t address); /* async-signal-safe; false: in no mapping of ours */
int code_cut_error(void);                /* -1 with ArtifactError */
static inline bool code_is_cut(const Code *code) { return atomic_load_explicit(&code->cut, memory_order_relaxed); }
int code_check(const Code *code);        /* -1 with ArtifactError: what was read of it may be zeros */
static inline bool code_contains(const Code *code, uintptr_t address) { return address - (uintptr_t)code->map < code->map_size; }
bool code_trap_at(const Code *code, uint32_t offset, uint32_t *trap);
int64_t code_function_at(Code *code, uint32_t offset);        /* defined function number or -1 */
uint32_t code_wasm_offset(const Code *code, uint32_t offset); /* 0xFFFFFFFF: unknown */
int64_t code_last_row(const uint32_t *rows, size_t count, uint32_t offset); /* of (offset, value) rows the last that begins at or before; -1: none */
int code_set_tables(Code *code, PyObject *views); /* a tuple of memoryviews, as TABLES in loading.py; -1 with an exception */
extern _Atomic uint64_t code_gone; /* how many mappings have gone: what was remembered of them is void */

/* ---- externrefs.c: the Python objects that wasm may refer to ---- */

typedef struct ExternRefs ExternRefs;
struct ExternRefs {
    PyObject **entries; /* by index; strong, NULL: free. Owned, as all four */
    uint32_t *next;     /* of a free entry: the next free one + 1 */
    uint8_t *marks;     /* of the last collection */
    uint32_t *slots;    /* open addressing by identity: index + 1 */
    uint32_t used, capacity, count, free, slot_count, dead;
    uint64_t threshold; /* collect when count reaches it */
};

int externrefs_add(ExternRefs *refs, PyObject *object, uint64_t *ref); /* *ref <- its reference; -1 with an exception */
PyObject *externrefs_get(const ExternRefs *refs, uint64_t ref);        /* borrowed; NULL: no such reference (no exception) */
int externrefs_traverse(ExternRefs *refs, visitproc visit, void *arg);
void externrefs_clear(ExternRefs *refs);
/* A collection: begin, mark each reference found, sweep; without the GIL. Later, with it, release what was not marked, which runs Python code. */
void externrefs_begin(ExternRefs *refs);
void externrefs_mark(ExternRefs *refs, uint64_t ref);
void externrefs_sweep(ExternRefs *refs);
void externrefs_release(ExternRefs *refs);

/* ---- gc_heap.c: structs, arrays and exceptions ---- */

#include "gc.h"

/* A struct or array; a function type may have no descriptor yet. */
static inline bool type_is_aggregate(const Engine *engine, uint32_t type_id)
{
    uint32_t kind = engine_type(engine, type_id)->kind;
    return kind == TYPE_KIND_STRUCT || kind == TYPE_KIND_ARRAY;
}

/* ---- gc_roots.c: what Python objects refer to ---- */

/* Roots of the collector, which looks at the low halves: a free place has the next one in its upper half, and null in its lower. */
typedef struct GcRoots {
    _Atomic uint64_t *refs; /* owned */
    uint32_t count, capacity, free; /* free == count: none */
} GcRoots;

int gc_root_add(Store *store, uint64_t ref, uint32_t *place); /* keep ref alive; *place <- where that is noted. -1 with an exception */
void gc_root_release(Store *store, uint32_t place);
void gc_roots_clear(Store *store);

/* ---- exnref.c: exceptions of wasm in Python ---- */

uint64_t exn_take_error(Store *store); /* the exnref of the WasmException that is set, which is cleared; 0: it is none to throw in this store, and stays. Runs Python code */
int exn_raise(Store *store, PyObject *backtrace, bool *again); /* raises what is pending; -1 */
void exn_forget(Store *store);

/* ---- memory.c: linear memories ---- */

/* Reference-counted under the GIL: by every MemoryObject (so by every view) and every instance that has it. */
struct Slot;
struct Slots;
typedef struct Memory {
    VMMemoryDefinition definition; /* compiled code points here */
    struct Slot *slot;             /* which this is part of; NULL: a mapping of its own */
    struct Slots *counted;         /* without a slot: where it counts all the same */
    uint64_t references;
    uint8_t *map; /* the reservation, map_size bytes */
    size_t map_size;
    uint64_t capacity; /* bytes `definition.length` may reach: the type's maximum and what is reserved */
    uint64_t min_pages, max_pages;
    bool has_max, is64, shared, guarded;
    uint8_t page_log2;
    uint64_t touched; /* bytes accessible, without a slot */
} Memory;

typedef struct MemoryPlan {
    uint64_t min_pages, max_pages;
    bool has_max, is64, shared;
    uint8_t page_log2;
} MemoryPlan;

/* One reference; NULL with a Python exception. `image`: of `slots`, or NULL: all zero. */
Memory *memory_new(const MemoryPlan *plan, bool guarded, struct Slots *slots, struct Image *image);
void memory_incref(Memory *memory);
void memory_decref(Memory *memory);
uint64_t memory_grow(Memory *memory, uint64_t delta, uint64_t limit); /* old pages, or UINT64_MAX; no Python, no GIL needed */
/* Before the host writes bytes [offset, offset + size), and before it hands out a view: -1 with an exception. */
int memory_will_write(Memory *memory, uint64_t offset, uint64_t size);
bool memory_lets_write(Memory *memory, uint64_t offset, uint64_t size); /* the same without Python, or the GIL */
int memory_will_share(Memory *memory);
/* In a signal handler: wasm of this store, or a libcall of its, wrote at `address`, which was not writable. */
enum WriteFault { WRITE_ELSEWHERE, WRITE_AGAIN, WRITE_REFUSED }; /* no page of a memory; it is writable now; the system refuses */
enum WriteFault memory_write_fault(Store *store, uintptr_t address);
int memory_plan_parse(PyObject *environ_type, MemoryPlan *plan);
bool memory_can_reserve(void);   /* the reservation of a memory with guards */
void memory_forget_cached(void); /* unmap what is kept for reuse without a pool, of tables too */

/* ---- table.c ---- */

typedef struct TablePlan {
    ValueType element;
    uint64_t min, max;
    bool has_max, is64;
} TablePlan;

/* Owned by its store's list. */
typedef struct Table {
    VMTableDefinition definition; /* the base never changes, the length only rises */
    TablePlan plan;
    uint64_t capacity; /* elements there is room for */
    struct Table *next;
    uint8_t *map; /* the reservation, owned; NULL: the elements lie behind this struct */
    uint64_t map_size, accessible;
} Table;

Table *table_new(Store *store, const TablePlan *plan, uint64_t init);
void store_free_table(Store *store, Table *table); /* quick for one made lately */
uint64_t table_grow(Store *store, Table *table, uint64_t delta, uint64_t init); /* old size or UINT64_MAX */

/* A global made by the host: owned by its store's list. */
typedef struct HostGlobal {
    VMGlobal cell;
    struct HostGlobal *next;
    ValueType type;
} HostGlobal;

/* ---- hostcall.c: functions of the host ---- */

/* Owned by its store's list. */
struct HostFunc {
    HostFunc *next;
    Store *store;         /* borrowed: owns this */
    Signature *signature; /* borrowed: the engine's */
    PyObject *callable;   /* strong; NULL after the store was cleared */
    PyObject *context;    /* strong or NULL: Caller.context */
    Code *thunk_code;     /* strong or NULL: keeps funcref.code mapped */
    VMFuncRef funcref;    /* code NULL until the function escapes as a reference; entry NULL until host_func_entry */
    Code *entry_code;     /* strong or NULL: keeps funcref.entry mapped */
    uint64_t (*call)(VMHostContext *, VMValue *); /* what its thunks call: host_call, or one of components */
    struct CanonFunction *canon; /* of components: the store's; else NULL */
    struct Plain *plain; /* owned, or NULL */
    bool access_caller;
};

/* What a host thunk's callee points to: one per host function, and one per import of it, so that the calling instance is known. */
typedef struct HostContext {
    VMHostContext vm;
    HostFunc *function; /* borrowed */
    Instance *caller;   /* borrowed, or NULL when called through a reference */
} HostContext;

HostFunc *host_func_new(Store *store, Signature *signature, PyObject *callable, bool access_caller, PyObject *context);
VMFuncRef *host_func_ref(HostFunc *host); /* its reference, with code; NULL with an exception */
/* The same function with code and an entry trampoline, `host` being the host's if it is one, else NULL; NULL with an exception. May compile. */
VMFuncRef *func_entry(VMFuncRef *reference, HostFunc *host);
void host_context_init(HostContext *context, HostFunc *function, Instance *caller);
int host_invoke(HostFunc *host, Instance *caller, VMValue *values); /* with the GIL; -1 with an exception */
int host_invoke_outside(HostFunc *host, VMValue *values); /* the same, called from Python and not from wasm */
uint64_t host_call(VMHostContext *context, VMValue *values);        /* called by host thunks: 0, or an exnref to throw */
extern PyTypeObject CallerType;

/* ---- plain_calls.c: what a host function does without Python ---- */

int plain_set(HostFunc *host, PyObject *plain); /* HostFunction.plain; -1 with an exception */
void plain_free(struct Plain *plain);           /* NULL passes. Runs Python code */

/* ---- instance.c ---- */

/* One block: this header, the VMContext with its arrays, then the arrays below. Owned by its store's list. */
struct Instance {
    Instance *next;
    Store *store;               /* borrowed: owns this */
    Loaded *module;             /* strong */
    Memory **memories;          /* every memory; a reference each */
    Table **tables;             /* every table; the store's */
    HostContext *host_contexts; /* one per imported function */
    uint8_t *dropped_data, *dropped_elements;
    uint64_t **element_values;  /* by segment: what its expressions gave, where that are objects; entries NULL: made when asked for. Owned, or NULL */
    bool refs_ready;            /* func_refs of defined functions are filled for this block */
    VMContext *vm;
};

extern PyTypeObject InstanceType, ExportsType, InstancePreType;
PyObject *instance_export(Store *store, Instance *instance, Py_ssize_t index); /* new wrapper of export `index` */
Py_ssize_t loaded_export_index(Loaded *module, PyObject *name);              /* -1 without one (no exception), -2 on error */
void instance_free(Instance *instance);
VMFuncRef *instance_func_ref(Instance *instance, uint32_t function);
PyObject *loaded_instantiate(Loaded *module, Store *store, PyObject *const *imports, Py_ssize_t count);
int instance_eval(Instance *instance, const struct ConstExpr *expression, VMValue *out);
uint64_t instance_element(Instance *instance, const struct ElementPlan *segment, uint64_t index, int *failed);

/* ---- store.c ---- */

struct Store {
    PyObject_HEAD
    Engine *engine;          /* strong */
    PyObject *engine_object; /* what the user gave: strong */
    PyObject *data;          /* strong */
    PyObject *wasi;          /* strong or NULL */
    PyObject *dict, *weakrefs;
    Instance *instances;
    HostFunc *host_funcs;
    Table *tables;
    HostGlobal *globals;
    struct ComponentState *components;
    ExternRefs externrefs;
    GcHeap heap;
    uint64_t pending_exception; /* an exnref that nothing has caught, between the unwind and its Python exception; or 0. A root */
    GcRoots roots;
    PyObject *thrown;           /* the WasmException that a host function raised last, while wasm runs; strong or NULL */
    uint64_t thrown_ref;        /* its exnref; rooted by `thrown` */
    ThreadRecord *owner; /* the thread inside, while depth > 0 */
    uint32_t depth;      /* activations, and host functions called directly */
    uint32_t foreign;    /* of these, since one came from another greenlet than the first; 0: none did */
    uintptr_t stack_high;  /* while depth > 0: no reference lies above, on the stack of the first call */
    const void *greenlet; /* it came from; to be compared only */
    uint32_t pins;       /* calls converting values: no collection, no close */
    bool closed;
    bool used; /* something was to be made in it: what exists, or is being made, has types of this engine */
    double timeout; /* seconds a call may take, < 0: none */
    uint64_t epoch_deadline;
    int64_t limit_memory, limit_elements, limit_instances, limit_tables, limit_memories, limit_handles; /* < 0: none */
    int64_t hostcall_fuel; /* bytes of Python objects that one crossing may make of what a guest gives (component_lift.c) */
    int64_t instance_count, table_count, memory_count;
    char trap_words[192]; /* of the last trap TRAP_COMPONENT */
    VMStoreContext vm; /* compiled code points here; last, because its side area is large and need not be zero (store_alloc) */
};

enum { HOSTCALL_FUEL = 1 << 29 }; /* without a limit of its own */
extern PyTypeObject StoreType;
double timeout_argument(PyObject *const *args, Py_ssize_t nargs, PyObject *names); /* of a call, the only one by name. -1: None; -2: an exception is set. Runs Python code */
Store *store_from_object(PyObject *storelike); /* a Store or valid Caller -> borrowed; TypeError */
int store_check_open(Store *store);            /* open, and not inside another thread: else StoreError */
/* The store argument of a method of something that belongs to `owner`: same store, open, this thread. */
int store_check_arg(Store *owner, PyObject *storelike);
/* A store argument for making something new: borrowed, or NULL with an exception. */
Store *store_for_new(PyObject *storelike);

/* ---- values.c: Python values <-> wasm values ---- */

int value_to_wasm_slow(Store *store, const ValueType *type, PyObject *object, VMValue *out);
PyObject *value_from_wasm_slow(Store *store, const ValueType *type, const VMValue *value);
int value_default(const ValueType *type, VMValue *out); /* zero or null; -1 when the type has no default (no exception) */

/* ---- objects of externs ---- */

typedef struct FuncObject {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Store *store;         /* strong */
    VMFuncRef *funcref;   /* the store's */
    Signature *signature; /* the engine's */
    HostFunc *host;       /* the store's, or NULL for wasm */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} FuncObject;

typedef struct MemoryObject {
    PyObject_HEAD
    Store *store;   /* strong; NULL for a shared memory */
    Memory *memory; /* a reference */
    Engine *engine; /* strong, of a shared memory; else NULL */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} MemoryObject;

typedef struct TableObject {
    PyObject_HEAD
    Store *store; /* strong */
    Table *table; /* the store's */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} TableObject;

typedef struct GlobalObject {
    PyObject_HEAD
    Store *store;   /* strong */
    VMGlobal *cell; /* the store's */
    ValueType type;
    bool mutable_;
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} GlobalObject;

typedef struct TagObject {
    PyObject_HEAD
    Store *store; /* strong */
    uint64_t identity;
    Signature *signature; /* the engine's */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} TagObject;

typedef struct ExnRefObject {
    PyObject_HEAD
    Store *store; /* strong */
    uint64_t ref; /* in its heap */
    uint32_t root; /* its place in store->roots */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} ExnRefObject;

typedef struct CallerObject {
    PyObject_HEAD
    Store *store;       /* strong; NULL once the call is over */
    Instance *instance; /* the store's, or NULL */
    PyObject *context;  /* strong or NULL */
} CallerObject;

typedef struct InstanceObject {
    PyObject_HEAD
    Store *store;       /* strong */
    Instance *instance; /* the store's */
    PyObject *exports;  /* strong or NULL */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} InstanceObject;

/* Every object of these types takes attributes of the program's own, and may be of a subclass. `made` (stolen, NULL passes) is of `base` itself and
 * not yet seen by Python: the object of `type`, a subclass or `base`, that takes its place. */
PyObject *object_as(PyTypeObject *type, PyTypeObject *base, PyObject *made);
int object_init(PyObject *self, PyObject *args, PyObject *kwargs); /* tp_init: tp_new has had the arguments */
extern PyGetSetDef object_dict_getset[]; /* __dict__ */
PyObject *gcref_wrap(Store *store, uint64_t ref); /* of the any hierarchy, or an exception; new reference. The store is open */
/* The reference of type any or extern that an object stands for: 0, -1 with an exception, or 1: it is none. The store keeps it meanwhile (pins). */
int gcref_unwrap(Store *store, const ValueType *type, PyObject *object, VMValue *out);
extern PyTypeObject FuncType, MemoryType, SharedMemoryType, TableType, GlobalType, TagType, ExnRefType;
PyObject *func_wrap(Store *store, VMFuncRef *funcref, HostFunc *host);
PyObject *memory_wrap(Store *store, Memory *memory);
PyObject *memory_view(Store *store, Memory *memory);
PyObject *table_wrap(Store *store, Table *table);
PyObject *global_wrap(Store *store, VMGlobal *cell, ValueType type, bool mutable_);
uint64_t tag_next(void); /* an identity never used before */
PyObject *tag_wrap(Store *store, uint64_t identity, Signature *signature);
PyObject *exnref_wrap(Store *store, uint64_t ref);
int exnref_to_wasm(Store *store, PyObject *exnref, VMValue *out); /* -1 with an exception */
VMFuncRef *func_reference(FuncObject *func); /* usable by wasm; NULL with an exception */
HostFunc *funcref_host(const VMFuncRef *funcref);

/* ---- names and hooks shared by all files (module.c) ---- */

typedef struct Globals {
    PyObject *wasm_error, *link_error, *exhausted_error, *store_error, *exit_error, *artifact_error, *argument_error; /* exception classes */
    PyObject *trap;                                                            /* class Trap */
    PyObject *wasm_exception;                                                  /* class WasmException */
    PyObject *time_is_over;                                                    /* class TimeIsOver */
    PyObject *component_err;                                                   /* class Err */
    PyObject *to_memory_type, *to_table_type, *to_global_type; /* (registry, environ's) -> public; NULL: identity */
    PyObject *from_memory_type, *from_table_type, *from_global_type;
    PyObject *default_engine, *set_wasi;
    /* (registry, public type) -> id, and back; NULL: environ's types are the public ones */
    PyObject *func_id, *func_type, *tag_id, *tag_type, *aggregate_id, *aggregate_type;
    PyObject *environ_func_type, *environ_memory_type, *environ_table_type, *environ_global_type, *environ_limits; /* classes */
    PyObject *str_vm, *str_loaded, *str_value, *str_timeout, *str_memory, *str_code, *str__value_, *str_val, *str_message, *str_backtrace, *str__code, *str_into, *str_exnref, *str_greenlet, *str_payload, *str_tag;
    PyObject *empty_tuple;
} Globals;

extern Globals G;
/* Between the environ's types and the public ones. `engine`: whose ids references to declared types hold; NULL for types that have no references. */
PyObject *type_to_public(const Engine *engine, PyObject *converter, PyObject *environ_type /* stolen */);
PyObject *type_from_public(const Engine *engine, PyObject *converter, PyObject *cls, PyObject *object, const char *expected);
PyObject *signature_to_public(const Engine *engine, PyObject *converter, const Signature *signature);
/* As messages name them: new references, or NULL with an exception. Run Python code. */
PyObject *signature_text(const Engine *engine, const Signature *signature);
PyObject *value_type_text(const Engine *engine, uint64_t code);
PyObject *limits_object(uint64_t min, bool has_max, uint64_t max, bool is64, bool shared);
int module_call_helper(const char *name, PyObject *args /* stolen */, PyObject **out);

/* A new list or tuple that is filled while Python runs: until it is full, nobody finds it by the collector, whose items are not there yet. */
static inline PyObject *hidden(PyObject *items)
{
    if (items)
        PyObject_GC_UnTrack(items);
    return items;
}
static inline PyObject *shown(PyObject *items)
{
    if (!PyTuple_Check(items) || PyTuple_GET_SIZE(items)) /* the empty tuple is everybody's */
        PyObject_GC_Track(items);
    return items;
}

#endif
