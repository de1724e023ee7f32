/* memory_linux.c: linear memories: in a slot (slots_linux.c), or, where accesses are checked, in a mapping of their own; the base never moves. */
#define _GNU_SOURCE
#include "elements.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "plan.h"
#include "runtime.h"
#include "slots.h"
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGEST_MEMORY (1ull << 46)     /* bytes: beyond what address spaces hold */
#define UNGUARDED_RESERVATION (1ull << 33) /* room to grow for memories that do not say their maximum */

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER; /* growth of shared memories: rare */

void memory_forget_cached(void)
{
    slots_trim(&default_slots);
    elements_trim(&default_elements);
}

static uint8_t *reserve(size_t size)
{
    void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED && default_slots.warm) {
        memory_forget_cached();
        map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    return map == MAP_FAILED ? NULL : map;
}

bool memory_can_reserve(void)
{
    uint8_t *map = reserve(SLOT_SIZE);
    return map && !munmap(map, SLOT_SIZE);
}

/* Makes [0, bytes) accessible; `touched` says how far it is already. */
static int make_accessible(Memory *memory, uint64_t bytes)
{
    if (memory->slot)
        return slot_extend(memory->slot, bytes);
    uint64_t end = page_up(bytes);
    if (end <= memory->touched)
        return 0;
    if (mprotect(memory->map + memory->touched, end - memory->touched, PROT_READ | PROT_WRITE))
        return -1;
    memory->touched = end;
    return 0;
}

#define BEFORE VM_GUARD_EXTRA /* inaccessible before a checked memory: where a bounds check is mispredicted, up to 16 bytes before the base are read */

/* How many bytes to reserve for a memory whose accesses are checked: its maximum if that is modest, else some room. */
static uint64_t unguarded_size(uint64_t min, uint64_t max)
{
    uint64_t room = min > UNGUARDED_RESERVATION / 2 ? min + min / 2 : UNGUARDED_RESERVATION;
    uint64_t want = max < room ? max : room;
    return page_up((want > min ? want : min) + 1) + VM_GUARD_EXTRA;
}

static int reserve_unguarded(Memory *memory, uint64_t min, uint64_t max)
{
    uint64_t least = page_up(min + 1) + VM_GUARD_EXTRA;
    for (uint64_t size = unguarded_size(min, max);; size = size / 2 > least ? page_up(size / 2) : least) {
        uint8_t *map = reserve(BEFORE + size);
        if (map) {
            memory->map = map + BEFORE;
            memory->map_size = size;
            memory->capacity = size - VM_GUARD_EXTRA;
            return 0;
        }
        if (size == least)
            return -1;
    }
}

static void *exhausted(bool guarded, const Slots *slots, uint64_t min)
{
    if (!errno && slots)
        PyErr_Format(G.exhausted_error,
                     "the pool's %u memories are all in use: drop instances, and views of their memories, before making more, or raise "
                     "PoolingAllocationConfig.total_memories", slots->total);
    else
        PyErr_Format(G.exhausted_error,
                     "cannot get %s for a memory of %llu bytes: %s; limits on address space (ulimit -v), on mappings (vm.max_map_count) or "
                     "too many live memories are the usual causes",
                     guarded ? "the 8 GiB reservation" : "address space", (unsigned long long)min, strerror(errno));
    return NULL;
}

static Memory *memory_in_slot(Slots *slots, Image *image, uint64_t min, uint64_t max)
{
    Slot *slot = slot_take(slots, image, min);
    if (!slot && errno && default_slots.warm) {
        memory_forget_cached();
        slot = slot_take(slots, image, min);
    }
    if (!slot)
        return exhausted(true, slots, min);
    Memory *memory = &slot->memory;
    memset(memory, 0, sizeof *memory);
    memory->slot = slot;
    memory->guarded = true;
    memory->map = slot->map;
    memory->map_size = SLOT_SIZE;
    memory->capacity = max;
    return memory;
}

/* The end of a memory without a slot. */
static void unmap(Memory *memory)
{
    Slots *slots = memory->counted;
    if (memory->map)
        munmap(memory->map - BEFORE, BEFORE + memory->map_size);
    free(memory);
    slots_uncount(slots);
}

static Memory *memory_mapped(Slots *slots, uint64_t min, uint64_t max)
{
    Memory *memory = NULL;
    if (slots_count(slots))
        return exhausted(false, slots, min);
    if (posix_memalign((void **)&memory, 16, sizeof *memory)) {
        slots_uncount(slots);
        return (Memory *)PyErr_NoMemory();
    }
    memset(memory, 0, sizeof *memory);
    memory->counted = slots;
    if (reserve_unguarded(memory, min, max) || make_accessible(memory, min)) {
        exhausted(false, NULL, min);
        unmap(memory);
        return NULL;
    }
    if (memory->capacity > max)
        memory->capacity = max;
    return memory;
}

Memory *memory_new(const MemoryPlan *plan, bool guarded, Slots *slots, Image *image)
{
    uint64_t limit_pages = LARGEST_MEMORY >> plan->page_log2;
    if (plan->min_pages > limit_pages) {
        PyErr_Format(G.exhausted_error, "a memory of %llu pages of %llu bytes is beyond this machine's address space",
                     (unsigned long long)plan->min_pages, 1ull << plan->page_log2);
        return NULL;
    }
    uint64_t min = plan->min_pages << plan->page_log2;
    uint64_t pages = plan->has_max && plan->max_pages < limit_pages ? plan->max_pages : limit_pages;
    uint64_t max = pages << plan->page_log2;
    uint64_t most32 = plan->page_log2 ? 1ull << 32 : UINT32_MAX; /* of pages of one byte there are less than 2^32, so that an i32 holds their number */
    if (!plan->is64 && max > most32)
        max = most32;
    if (min > slots->max_bytes) {
        PyErr_Format(G.exhausted_error, "a memory of %llu bytes is beyond the pool's PoolingAllocationConfig.max_memory_size, %llu",
                     (unsigned long long)min, (unsigned long long)slots->max_bytes);
        return NULL;
    }
    if (max > slots->max_bytes)
        max = slots->max_bytes;
    bool in_slot = guarded && !plan->is64 && plan->page_log2 == 16;
    Memory *memory = in_slot ? memory_in_slot(slots, image, min, max) : memory_mapped(slots, min, max);
    if (!memory)
        return NULL;
    memory->references = 1;
    memory->min_pages = plan->min_pages;
    memory->max_pages = plan->max_pages;
    memory->has_max = plan->has_max;
    memory->is64 = plan->is64;
    memory->shared = plan->shared;
    memory->page_log2 = plan->page_log2;
    memory->definition.base = memory->map;
    memory->definition.length = min;
    return memory;
}

void memory_incref(Memory *memory) { memory->references++; }

void memory_decref(Memory *memory)
{
    if (!memory || --memory->references)
        return;
    if (memory->slot) {
        slot_release(memory->slot);
        return;
    }
    unmap(memory);
}

static uint64_t grow(Memory *memory, uint64_t delta, uint64_t limit)
{
    uint64_t old = memory->definition.length, old_pages = old >> memory->page_log2;
    uint64_t top = memory->capacity < limit ? memory->capacity : limit;
    if (!delta)
        return old_pages;
    if (old > top || delta > (top - old) >> memory->page_log2)
        return UINT64_MAX;
    uint64_t length = old + (delta << memory->page_log2);
    if (make_accessible(memory, length))
        return UINT64_MAX;
    __atomic_store_n(&memory->definition.length, length, __ATOMIC_SEQ_CST);
    return old_pages;
}

uint64_t memory_grow(Memory *memory, uint64_t delta, uint64_t limit)
{
    if (!memory->shared)
        return grow(memory, delta, limit);
    pthread_mutex_lock(&shared_lock);
    uint64_t result = grow(memory, delta, limit);
    pthread_mutex_unlock(&shared_lock);
    return result;
}

static int refused(void)
{
    PyErr_Format(G.exhausted_error, "cannot make a memory writable: %s", strerror(errno));
    return -1;
}

bool memory_lets_write(Memory *memory, uint64_t offset, uint64_t size) { return LIKELY(!memory->slot || !slot_unprotect(memory->slot, offset, size, false)); }

int memory_will_write(Memory *memory, uint64_t offset, uint64_t size) { return memory_lets_write(memory, offset, size) ? 0 : refused(); }

int memory_will_share(Memory *memory) { return LIKELY(!memory->slot || !slot_unprotect_all(memory->slot)) ? 0 : refused(); }

enum WriteFault memory_write_fault(Store *store, uintptr_t address)
{
    for (const Instance *instance = store->instances; instance; instance = instance->next)
        for (uint32_t i = 0; i < instance->module->plan.memory_count; i++) {
            Slot *slot = instance->memories[i] ? instance->memories[i]->slot : NULL;
            uint64_t offset = slot ? address - (uintptr_t)slot->map : 0;
            if (slot && offset < slot->clean)
                return !slot->expected ? WRITE_ELSEWHERE : slot_unprotect(slot, offset, 1, true) ? WRITE_REFUSED : WRITE_AGAIN;
        }
    return WRITE_ELSEWHERE;
}

bool memory_of_fault(const Store *store, uintptr_t address, uint64_t *offset, uint64_t *size)
{
    bool found = false;
#ifndef __s390x__ /* which tells the page alone */
    for (const Instance *instance = store->instances; instance; instance = instance->next)
        for (uint32_t i = 0; i < instance->module->plan.memory_count; i++) {
            const Memory *memory = instance->memories[i];
            uint64_t at = memory ? address - (uintptr_t)memory->definition.base : 0;
            if (memory && memory->guarded && at < VM_RESERVATION && (!found || at < *offset)) { /* slots of a pool may lie closer together */
                *offset = at;
                *size = __atomic_load_n(&memory->definition.length, __ATOMIC_RELAXED);
                found = *size <= at;
            }
        }
#else
    (void)store, (void)address, (void)offset, (void)size;
#endif
    return found;
}

static void fork_prepare(void) { pthread_mutex_lock(&shared_lock); }
static void fork_parent(void) { pthread_mutex_unlock(&shared_lock); }
static void fork_child(void) { pthread_mutex_init(&shared_lock, NULL); }

int memory_init(void) { return pthread_atfork(fork_prepare, fork_parent, fork_child); }
