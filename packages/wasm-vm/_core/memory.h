/* memory.h: linear memories. See memory.c; where they lie: slots.h. */
#ifndef WASM_VM_MEMORY_H
#define WASM_VM_MEMORY_H

#include "core.h"

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
Memory *store_memory_new(Store *store, const MemoryPlan *plan, struct Image *image); /* the same, counted and limited by the store */
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
/* In a signal handler: whether `address` belongs to the reservation of a memory of this store, where in it, and the memory's size. */
bool memory_of_fault(const Store *store, uintptr_t address, uint64_t *offset, uint64_t *size);
int memory_plan_parse(PyObject *environ_type, MemoryPlan *plan);
bool memory_can_reserve(void);   /* the reservation of a memory with guards */
void memory_forget_cached(void); /* unmap what is kept for reuse without a pool, of tables too */

#endif
