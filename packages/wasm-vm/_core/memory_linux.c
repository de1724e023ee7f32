/* memory_linux.c: linear memories: reservations with guards whose base never moves, and a few of them kept for reuse. */
#define _GNU_SOURCE
#include "runtime.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* Reservations of memories that are gone, zeroed, for the next ones: saves the mapping and its page faults. Used under the GIL. */
enum { KEPT = 16 };
#define MEMSET_LIMIT 65536u             /* reset by memset up to here, by the kernel beyond */
#define GUARDED_SIZE (VM_RESERVATION + VM_GUARD_EXTRA)
#define LARGEST_MEMORY (1ull << 46)     /* bytes: beyond what address spaces hold */
#define UNGUARDED_RESERVATION (1ull << 33) /* room to grow for memories that do not say their maximum */

typedef struct Kept {
    uint8_t *map;
    uint64_t accessible; /* readable and writable from its start, all zero or as its image has it */
    uint64_t image_id;   /* of the image still mapped, or 0 */
} Kept;

static Kept kept[KEPT];
static uint32_t kept_count;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER; /* growth of shared memories: rare */

static uint64_t page_up(uint64_t bytes)
{
    static uint64_t page;
    if (!page)
        page = (uint64_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) & ~(page - 1);
}

void memory_forget_cached(void)
{
    while (kept_count)
        munmap(kept[--kept_count].map, GUARDED_SIZE);
}

static uint8_t *reserve(size_t size)
{
    void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED && kept_count) {
        memory_forget_cached();
        map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    return map == MAP_FAILED ? NULL : map;
}

/* Makes [0, bytes) accessible; `touched` says how far it is already. */
static int make_accessible(Memory *memory, uint64_t bytes)
{
    uint64_t end = page_up(bytes);
    if (end <= memory->touched)
        return 0;
    if (mprotect(memory->map + memory->touched, end - memory->touched, PROT_READ | PROT_WRITE))
        return -1;
    memory->touched = end;
    return 0;
}

/* The slot that had the same image last, else one that has none, else any: that one then loses its mapping. */
static bool choose_kept(uint64_t image_id, Kept *slot)
{
    uint32_t found = kept_count;
    for (uint32_t i = kept_count; i-- > 0 && (found == kept_count || kept[found].image_id != image_id);)
        if (kept[i].image_id == image_id || (!kept[i].image_id && found == kept_count))
            found = i;
    if (found == kept_count) {
        if (kept_count == KEPT)
            munmap(kept[--kept_count].map, GUARDED_SIZE);
        return false;
    }
    *slot = kept[found];
    kept[found] = kept[--kept_count];
    return true;
}

static bool take_kept(Memory *memory, uint64_t bytes, uint64_t image_id)
{
    Kept slot;
    if (!choose_kept(image_id, &slot))
        return false;
    uint64_t end = page_up(bytes);
    if (slot.accessible > end) {
        if (mprotect(slot.map + end, slot.accessible - end, PROT_NONE)) {
            munmap(slot.map, GUARDED_SIZE);
            return false;
        }
        slot.accessible = end;
    }
    memory->map = slot.map;
    memory->map_size = GUARDED_SIZE;
    memory->touched = slot.accessible;
    memory->image_id = slot.image_id;
    return true;
}

static void release(Memory *memory)
{
    if (!memory->map)
        return;
    if (memory->guarded && !memory->shared && kept_count < KEPT) {
        uint64_t dirty = memory->touched;
        bool clean = true;
        if (dirty <= MEMSET_LIMIT && !memory->image_id)
            memset(memory->map, 0, dirty);
        else
            clean = !madvise(memory->map, dirty, MADV_DONTNEED); /* zero again, or what the image's file has */
        if (clean) {
            kept[kept_count++] = (Kept){memory->map, dirty, memory->image_id};
            return;
        }
    }
    munmap(memory->map, memory->map_size);
}

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
        if ((memory->map = reserve(size))) {
            memory->map_size = size;
            memory->capacity = size - VM_GUARD_EXTRA;
            return 0;
        }
        if (size == least)
            return -1;
    }
}

/* Copy-on-write from the image's file. Failing is no harm: the segments are copied then. */
static void map_image(Memory *memory, const MemoryImage *image)
{
    if (!image || !image->id || memory->image_id == image->id)
        return;
    if (mmap(memory->map + image->start, image->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image->fd, 0) !=
        MAP_FAILED)
        memory->image_id = image->id;
}

Memory *memory_new(const MemoryPlan *plan, bool guarded, const MemoryImage *image)
{
    uint64_t limit_pages = LARGEST_MEMORY >> plan->page_log2;
    if (plan->min_pages > limit_pages) {
        PyErr_Format(G.exhausted_error, "a memory of %llu pages of %llu bytes is beyond this machine's address space",
                     (unsigned long long)plan->min_pages, 1ull << plan->page_log2);
        return NULL;
    }
    Memory *memory = NULL;
    if (posix_memalign((void **)&memory, 16, sizeof *memory)) {
        PyErr_NoMemory();
        return NULL;
    }
    memset(memory, 0, sizeof *memory);
    uint64_t min = plan->min_pages << plan->page_log2;
    uint64_t pages = plan->has_max && plan->max_pages < limit_pages ? plan->max_pages : limit_pages;
    uint64_t max = pages << plan->page_log2;
    if (!plan->is64 && max > 1ull << 32)
        max = 1ull << 32;
    memory->references = 1;
    memory->min_pages = plan->min_pages;
    memory->max_pages = plan->max_pages;
    memory->has_max = plan->has_max;
    memory->is64 = plan->is64;
    memory->shared = plan->shared;
    memory->page_log2 = plan->page_log2;
    memory->guarded = guarded && !plan->is64 && plan->page_log2 == 16;
    memory->capacity = max;
    if (memory->guarded) {
        if ((memory->shared || !take_kept(memory, min, image ? image->id : 0)) && !(memory->map = reserve(GUARDED_SIZE)))
            goto exhausted;
        memory->map_size = GUARDED_SIZE;
    } else {
        if (reserve_unguarded(memory, min, max))
            goto exhausted;
        if (memory->capacity > max)
            memory->capacity = max;
    }
    if (make_accessible(memory, min))
        goto exhausted;
    map_image(memory, image);
    memory->definition.base = memory->map;
    memory->definition.length = min;
    return memory;
exhausted:
    PyErr_Format(G.exhausted_error,
                 "cannot get %s for a memory of %llu bytes: %s; limits on address space (ulimit -v), on mappings (vm.max_map_count) or "
                 "too many live memories are the usual causes",
                 memory->guarded ? "the 8 GiB reservation" : "address space", (unsigned long long)min, strerror(errno));
    if (memory->map)
        munmap(memory->map, memory->map_size);
    free(memory);
    return NULL;
}

void memory_incref(Memory *memory) { memory->references++; }

void memory_decref(Memory *memory)
{
    if (!memory || --memory->references)
        return;
    release(memory);
    free(memory);
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

static void fork_prepare(void) { pthread_mutex_lock(&shared_lock); }
static void fork_parent(void) { pthread_mutex_unlock(&shared_lock); }
static void fork_child(void) { pthread_mutex_init(&shared_lock, NULL); }

int memory_init(void);
int memory_init(void) { return pthread_atfork(fork_prepare, fork_parent, fork_child); }
