/* gc_collect.h: when garbage is collected, and with what roots. See gc_collect.c; the heap itself: gc.h. */
#ifndef WASM_VM_GC_COLLECT_H
#define WASM_VM_GC_COLLECT_H

#include "store.h"

static inline bool is_traced(const ValueType *type) { return type->kind >= KIND_EXTERNREF; } /* the collector follows such references */

/* Behind the stubs of GC_STUBS (arch.h); `low`: where the stack that may hold references begins. */
uint64_t slow_gc_alloc(VMContext *context, uint32_t type_id, uint64_t size, uint64_t unused1, uint64_t unused2, uintptr_t low);
uint64_t slow_array_alloc(VMContext *context, uint32_t type_id, uint64_t length, uint64_t unused1, uint64_t unused2, uintptr_t low);
uint64_t slow_array_new_data(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length, uintptr_t low);
uint64_t slow_array_new_elem(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length, uintptr_t low);
uint64_t slow_gc_collect(Store *store, uint64_t unused1, uint64_t unused2, uint64_t unused3, uint64_t unused4, uintptr_t low);
uint64_t gc_collect(Store *store); /* the stub in front of it */
void gc_poll(Store *store, uint64_t size); /* with the GIL: collect if that is due before an object of so many bytes is made. Runs no Python of the program's */
void gc_tidy(Store *store); /* the same, and let go of Python objects that nothing refers to, which runs Python code */
void gc_now(Store *store);  /* collect, if nothing forbids it, and tidy */
void gc_enter(Store *store, uintptr_t stack_high); /* before depth rises: a call from below `stack_high` of this thread's stack */
void gc_clear_hole(Store *store); /* wasm was left by an unwind, maybe in the middle of an allocation */
static inline bool gc_is_untidy(const Store *store) { return store->externrefs.dead || store->externrefs.count >= store->externrefs.threshold; }

#endif
