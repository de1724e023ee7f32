/* handle.h: what every opaque pointer of the API points to, and what the library's files offer one another. */
#ifndef WASM_CAPI_HANDLE_H
#define WASM_CAPI_HANDLE_H

#include <stdatomic.h>

#include "api.h"
#include "capsule.h"
#include "kinds.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CAPI_EXPORT __attribute__((visibility("default")))

#define CAPI_MAGIC 0x77434150u /* of a handle in use */
#define CAPI_DEAD 0x64656164u  /* of one that was deleted */

enum capi_kind {
    CAPI_NONE,
#define X(kind, name) CAPI_##kind,
    CAPI_KINDS(X)
#undef X
};

/* Limits with all that types of memories and tables can say. */
typedef struct capi_limits {
    uint64_t min, max;
    bool has_max, is64, shared;
    uint8_t page_log2;
    wasm_limits_t short_; /* as wasm.h has them */
} capi_limits;

typedef struct capi_handle capi_handle;
struct capi_handle {
    uint32_t magic;
    uint32_t kind; /* enum capi_kind */
    atomic_uint references;
    bool open; /* MEMORY: its bytes may be used from C */
    VmObject *object; /* what this is in Python; strong, or NULL */
    void *host_info;
    void (*finalizer)(void *); /* of host_info */
    union {
        VmFunc func;
        VmGlobal global;
        VmMemory memory;
        VmTable table;
        VmTag tag;
        wasm_valkind_t valkind; /* VALTYPE; `object` says more of what has no kind in wasm.h */
        struct {
            wasm_valtype_vec_t params, results;
        } functype;
        struct {
            capi_handle *content; /* a VALTYPE, a FUNCTYPE (of tags); strong */
            wasm_mutability_t mutability;
            capi_limits limits;
        } type; /* GLOBALTYPE, TABLETYPE, MEMORYTYPE, TAGTYPE */
        struct {
            wasm_name_t module, name; /* owned */
            capi_handle *type;        /* strong */
        } port;                       /* IMPORTTYPE, EXPORTTYPE */
        struct {
            wasm_name_t message;      /* owned, with its zero; empty until `filled` */
            wasm_frame_vec_t frames;  /* owned */
            int32_t code, status;     /* of a trap, of an exit; -1: none */
            bool filled;
        } trap; /* TRAP, ERROR */
        struct {
            uint32_t index;
            size_t func_offset, module_offset;
            wasm_name_t func_name, module_name; /* owned; data NULL: none */
        } frame;
    } as;
};

#define HANDLE(pointer) ((capi_handle *)(uintptr_t)(pointer))

extern const VmCapsule *capi_vm; /* set before the first handle with an object exists */

capi_handle *capi_new(enum capi_kind kind);               /* one reference; NULL without memory */
capi_handle *capi_wrap(enum capi_kind kind, VmObject *object /* stolen; NULL gives NULL */);
CAPI_EXPORT capi_handle *capi_handle_of(uint32_t kind, uintptr_t object); /* for handlers: takes a reference of its own */
capi_handle *capi_retain(const void *handle);             /* NULL passes */
void capi_release(void *handle);                          /* NULL passes */
bool capi_same(const void *a, const void *b);             /* whether both are the same thing */
capi_handle *capi_extern_of(VmObject *object /* stolen; NULL gives NULL */); /* of whichever kind */
VmObject *capi_ref_object(const capi_handle *ref, VmObject **made); /* borrowed; what had to be made for it in *made, owned */
capi_handle *capi_ref_of(VmObject *object /* stolen; NULL gives NULL */);

/* wasm.h's values and slots: false where they do not fit. */
bool capi_slot_of(VmObject *store, const VmType *type, const wasm_val_t *val, VmSlot *slot);
bool capi_val_of(VmObject *store, const VmType *type, const VmSlot *slot, wasm_val_t *val); /* false: *val is null, there was an error */

/* errors.c */
CAPI_EXPORT void capi_trap_set(wasm_ref_t *trap, const char *message, size_t length, int32_t code, int32_t status);
CAPI_EXPORT bool capi_trap_frame(wasm_ref_t *trap, uint32_t index, size_t func_offset, size_t module_offset, const char *func, const char *module);
CAPI_EXPORT void capi_set_limits(wasm_externtype_t *type, uint64_t min, uint64_t max, bool has_max, bool is64, bool shared, uint8_t page_log2);
wasm_trap_t *capi_trap_with(const char *format, ...) __attribute__((format(printf, 1, 2)));
wasm_trap_t *capi_trap_of(const char *message, size_t length); /* never NULL, as the others */
wasm_trap_t *capi_trap_take(VmObject *error /* stolen */);
const wasm_name_t *capi_trap_text(const capi_handle *trap);
wasmtime_error_t *capi_as_error(wasm_trap_t *trap /* stolen */);
wasmtime_error_t *capi_error_take(VmObject *error /* stolen */);
wasmtime_error_t *capi_error_with(const char *text);
wasmtime_error_t *capi_misuse_error(void);
VmObject *capi_func_type_of(const wasm_functype_t *type); /* its FuncType, borrowed; NULL: it cannot be made */
VmObject *capi_raise(wasm_trap_t *trap /* stolen */); /* what a host function raises */
void capi_forget(VmObject *error /* stolen, may be NULL */);

/* check.c */
extern bool capi_checking;
bool capi_check(const char *function, int position, const char *name, const void *pointer, const char *type, bool optional);
bool capi_check_items(const char *function, int position, const char *name, const void *vector, const char *type); /* of a vector of pointers, or NULL */
bool capi_check_values(const char *function, int position, const char *name, const wasm_val_t *values, size_t count);
bool capi_check_result(const wasm_trap_t *trap); /* what a host function returned, which is not NULL */
void capi_free(capi_handle *handle); /* nobody refers to it; with checks its memory is kept for a while, so that its use can be told */
wasm_trap_t *capi_misuse_trap(void);

#endif
