/* capsule.h: what a C library gets from the vm, by the capsule `wasm_vm._core.capsule`: calls and accesses with no Python between. wasm-capi has a copy.
 *
 * Objects are Python's; whoever is given one as a result owns a reference. Every function can be called without the GIL, on a thread that is attached, and
 * takes it where it needs it. Those with `error` return 0 or a pointer; failing, -1 or NULL, and *error is the exception, owned by the caller.
 */
#ifndef WASM_VM_CAPSULE_H
#define WASM_VM_CAPSULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_CAPSULE_NAME "wasm_vm._core.capsule"
#define VM_CAPSULE_VERSION 2u

typedef struct VmObject VmObject; /* a Python object */

/* A wasm value, laid out as VMValue. */
typedef union VmSlot {
    _Alignas(16) uint8_t bytes[16];
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    uint64_t ref;
} VmSlot;

enum VmKind { VM_I32, VM_I64, VM_F32, VM_F64, VM_V128, VM_FUNCREF, VM_EXTERNREF, VM_ANYREF, VM_EXNREF, VM_CONTREF };

/* A value type, laid out as ValueType: environ's integer, and what conversion needs of it. */
typedef struct VmType {
    uint64_t code;
    uint8_t kind; /* enum VmKind */
    bool nullable;
} VmType;

/* The codes of references that unchecked functions have. */
#define VM_TYPE_EXTERNREF (0x300u | 0x6Fu << 12)
#define VM_TYPE_ANYREF (0x300u | 0x6Eu << 12)
#define VM_TYPE_EXNREF (0x300u | 0x69u << 12)

/* The head of Signature; the engine's, as long as that is there. */
typedef struct VmSignature {
    uint32_t type_id, nparams, nresults, nslots; /* nslots = max(params, results, 1): a call's slots */
    const VmType *types;                         /* params, then results */
} VmSignature;

/* Laid out as VMFuncRef. */
typedef struct VmFuncRef {
    void *code, *context;
    uint32_t type_id, index;
    void *entry;
} VmFuncRef;

/* What the objects of externs hold; borrowed from the object. */
typedef struct VmFunc {
    VmObject *store;
    void *reference; /* the store's; of a function of the host it cannot be called by wasm yet: see `reference` */
    const VmSignature *signature;
} VmFunc;
typedef struct VmGlobal {
    VmObject *store;
    VmSlot *cell; /* the store's */
    VmType type;
    bool mutable_;
} VmGlobal;
typedef struct VmMemory {
    VmObject *store; /* NULL: shared */
    const struct VmBytes {
        uint8_t *base; /* never changes */
        uint64_t length;
    } *definition; /* the store's */
    void *memory;  /* what this is, for comparison */
    uint8_t page_log2;
} VmMemory;
typedef struct VmTable {
    VmObject *store;
    const struct VmElements {
        uint64_t *base; /* never changes */
        uint64_t length;
    } *definition; /* the store's */
    VmType element;
} VmTable;
typedef struct VmTag {
    VmObject *store;
    uint64_t identity; /* the tag's, in the process; never 0 */
} VmTag;

/* The call of a host function: valid until it returns. */
typedef struct VmCaller {
    VmObject *store; /* borrowed */
    void *instance;  /* NULL: called from outside of wasm */
    const VmSignature *signature;
    void *data; /* as store_data says */
} VmCaller;

/* A host function in C, called without the GIL: results replace the parameters. Returns NULL, or an exception to raise, owned by the vm. */
typedef VmObject *(*VmHostCall)(void *data, VmCaller *caller, VmSlot *slots);
typedef void (*VmFinalizer)(void *data); /* called without the GIL */

typedef struct VmCapsule {
    uint32_t version, size; /* VM_CAPSULE_VERSION, sizeof(VmCapsule) */
    /* Once on every thread, before anything else, with the GIL or without; gives it a Python thread state if it has none. *attached, the thread's own, <- true,
     * and false again when the thread's last data has gone and its state with it. False without memory. */
    bool (*attach)(bool *attached);
    void (*incref)(VmObject *object);
    void (*decref)(VmObject *object);

    /* A call without the GIL, if nothing needs it; slots as the signature says. */
    int (*call)(VmObject *store, void *reference, VmSlot *slots, VmObject **error);
    const VmSignature *(*signature)(VmObject *store, void *reference, VmObject **error);
    VmObject *(*func_new)(VmObject *store, VmObject *type, VmHostCall call, void *data, VmFinalizer finalizer, VmObject **error);
    VmObject *(*host_new)(VmHostCall call, void *data, VmFinalizer finalizer, VmObject **error); /* something callable, for Func() */
    VmObject *(*func_of)(VmObject *store, void *reference, VmObject **error);
    void *(*reference)(VmObject *func, VmObject **error); /* usable by wasm */

    /* Whether an object is one; *out <- what it holds. */
    bool (*func)(VmObject *object, VmFunc *out);
    bool (*global)(VmObject *object, VmGlobal *out);
    bool (*memory)(VmObject *object, VmMemory *out);
    bool (*table)(VmObject *object, VmTable *out);
    bool (*tag)(VmObject *object, VmTag *out);
    bool (*same)(VmObject *a, VmObject *b); /* as == says */

    /* References between slots and objects; numbers need neither. The null reference is None. */
    VmObject *(*get)(VmObject *store, const VmType *type, const VmSlot *slot, VmObject **error);
    int (*set)(VmObject *store, const VmType *type, VmObject *object, VmSlot *slot, VmObject **error);
    VmObject *(*data_new)(void *data, VmFinalizer finalizer, VmObject **error); /* an object that stands for a pointer of the host's */
    bool (*data)(VmObject *object, void **data);                                /* *data <- that pointer, if it is such an object */

    int (*memory_share)(VmObject *memory, VmObject **error); /* before its bytes are read and written from C */
    bool (*memory_grow)(VmObject *memory, uint64_t delta, uint64_t *old);
    bool (*table_grow)(VmObject *table, uint64_t delta, VmObject *init /* NULL: null */, uint64_t *old, VmObject **error);

    VmObject *(*store_new)(VmObject *engine, VmObject *data /* of data_new, or NULL */, VmObject **error);
    void *(*store_data)(VmObject *store); /* that data's pointer */
    bool (*store_close)(VmObject *store); /* false: a call into it runs */
    bool (*is_trap)(VmObject *exception);   /* with a code: one of wasm's own; or thrown */
    bool (*is_thrown)(VmObject *exception); /* a WasmException */
    int (*escape)(void *reference, VmObject **error); /* make a function of the host one that wasm can call */
    VmObject *(*instantiate)(VmObject *store, VmObject *module, VmObject *const *imports, size_t count, VmObject **error);
    VmObject *(*pre_instantiate)(VmObject *pre, VmObject *store, VmObject **error);
    size_t (*export_count)(VmObject *instance); /* 0 once the store is closed */
    VmObject *(*export_at)(VmObject *instance, size_t index, VmObject **error);
    const char *(*export_name)(VmObject *instance, size_t index, size_t *length); /* the module's; NULL once the store is closed */
    VmObject *(*export_of)(VmObject *instance, const char *name, size_t length, VmObject **error); /* NULL without *error: there is none */
    VmObject *(*caller_export)(const VmCaller *caller, const char *name, size_t length, VmObject **error); /* the same */
} VmCapsule;

#endif
