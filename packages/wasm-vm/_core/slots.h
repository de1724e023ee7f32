/* slots.h: where linear memories live: reservations with guards, handed out clean, by a pool or by the allocator that has none. */
#ifndef WASM_VM_SLOTS_H
#define WASM_VM_SLOTS_H

#include "descriptor.h"
#include "memory.h"

#include <stdatomic.h>
#include <unistd.h>

typedef struct Slot Slot;
typedef struct Slots Slots;

/* Whole pages as offsets into a memory: ascending ranges that do not touch. */
enum { WRITTEN_ROWS = 8 };
typedef struct Written {
    uint32_t count;
    struct {
        uint64_t low, high;
    } rows[WRITTEN_ROWS];
} Written;

/* What a memory of a module starts with, and the affinity of the slots that held one before: those are ready for the next.
 * Counted by its module and by every slot that has it. */
typedef struct Image {
    uint64_t references;
    uint64_t start, size; /* bytes [start, start + size) of the memory; whole pages when mapped; size 0: all zero */
    const uint8_t *bytes; /* owned: a mapping when `mapped`, else malloc'ed */
    bool mapped;
    Descriptor file; /* of a mapped image: a sealed memfd; none when the image is copied */
    Slot *free;           /* slots that are this image, and unused */
    Written written;      /* what its instances wrote; written_linux.c */
    uint32_t settled;     /* releases in a row that added nothing to that */
    int32_t trust;        /* in that staying so; <= 0: never protect */
} Image;

/* A set of slots: at most `total`, of which up to `max_warm` are kept ready between uses. Used under the GIL. */
struct Slots {
    uint32_t total, max_warm;
    uint64_t max_bytes;     /* a memory may have */
    uint64_t keep_resident; /* bytes of a slot that stay in memory between uses */
    uint32_t live, warm, lost;
    uint8_t *slab; /* reserved for all slots at once, or NULL: each is mapped for itself */
    uint32_t fresh; /* slots of the slab never used yet start here */
    Slot *cold;    /* slots of the slab that hold no memory */
    Slot *recent, *oldest; /* warm slots by last use */
    Image plain;           /* of memories that the host makes */
    PyObject *object;      /* the pool, which live memories keep; NULL for the default */
};

/* What becomes of a slot:
 *
 *     (new_slot) --> COLD --prepare--> LIVE --slot_release: wiped--> WARM --slot_take, same image and size--> LIVE
 *                     ^                  |                            |
 *                     |                  | cannot be wiped, or TORN   | another image (prepare), too many warm ones, slots_trim
 *                     +---- discard -----+----------------------------+
 *
 * discard gives a slot of a slab back as COLD, and unmaps one that was mapped for itself. If the system refuses even that, it is LOST: counted, never used. */
enum SlotState { SLOT_COLD, SLOT_LIVE, SLOT_WARM, SLOT_LOST };

/* Of a slot's clean part: all is writable; only `writable` is, so that nothing else needs wiping; the system refused to change it: what is writable is
 * unknown, so that it is of no use after this memory. OPEN <-> PROTECTED -> TORN; discard begins anew with OPEN. */
enum Protection { SLOT_OPEN, SLOT_PROTECTED, SLOT_TORN };

struct Slot {
    Memory memory; /* first: what the slot is used for */
    uint8_t *map;
    uint64_t accessible; /* bytes from `map` that can be read and written */
    uint64_t clean;      /* of these, how many when unused */
    uint8_t state;             /* enum SlotState; under the GIL */
    _Atomic uint8_t protection; /* enum Protection; changed by signal handlers too */
    atomic_bool busy;          /* somebody adds to `writable` */
    bool expected;       /* it was handed out protected */
    bool shows_file;     /* the image is mapped here, and not copied */
    Written writable;    /* while protected: what of [0, clean) is not */
    Slots *owner;
    Image *image;
    Slot *newer, *older, *next, *prev; /* while warm: by last use; among its image's. While cold: next */
};

#define SLOT_SIZE (VM_RESERVATION + VM_GUARD_EXTRA)

static inline uint64_t page_size(void)
{
    static uint64_t page;
    if (!page)
        page = (uint64_t)sysconf(_SC_PAGESIZE);
    return page;
}

static inline uint64_t page_up(uint64_t bytes) { return (bytes + page_size() - 1) & ~(page_size() - 1); }
static inline uint64_t page_down(uint64_t bytes) { return bytes & ~(page_size() - 1); }

extern Slots default_slots;
int slots_init(Slots *slots);                                   /* reserves the slab when `total` says so; -1 with errno */
void slots_trim(Slots *slots);                                  /* gives back what is unused */
void slots_free(Slots *slots);                                  /* everything; no slot is live */
int slots_count(Slots *slots);    /* one more memory of whatever kind lives; -1 with errno 0: too many */
void slots_uncount(Slots *slots); /* may free the slots with their pool */
Slot *slot_take(Slots *slots, Image *image, uint64_t bytes);    /* bytes [0, bytes) accessible, the image in place; NULL with errno */
void slot_release(Slot *slot);
int slot_extend(Slot *slot, uint64_t bytes); /* without the GIL */
int inaccessible(uint8_t *from, uint64_t size); /* replaces what is mapped there by nothing; -1 with errno */

/* ---- wipe_linux.c ---- */

int slot_wipe(Slot *slot); /* its image again, and no more accessible than that; -1: it is of no use any more */

/* ---- image_linux.c ---- */

Image *image_new(uint64_t start, uint64_t size); /* bytes writable until image_seal; NULL: no memory */
void image_seal(Image *image);
void image_decref(Image *image);
void image_retire(Image *image); /* slots_linux.c: its module is gone: unused slots let go of it */

/* ---- written_linux.c ---- */

/* Rows as the kernel gives them: addresses. */
enum { SCAN_ROWS = 32 };
typedef struct ScanRange {
    uint64_t start, end, categories;
} ScanRange;

/* Ranges of [low, high) that were written since they were mapped; at most SCAN_ROWS, and `*end` is how far that is. -1: unknown. */
int written_scan(uint8_t *low, uint8_t *high, ScanRange *ranges, uint64_t *end);
void written_start(Image *image);         /* its slots may be protected */
bool written_learning(const Slot *slot);  /* whether asking what was written is worth it beyond this release */
void written_learn(Slot *slot, const ScanRange *ranges, int count);
int written_settle(Slot *slot);           /* after wiping: protect the slot, or not; -1: it is of no use any more */
/* Before the host writes [offset, offset + size), or a signal handler's fault there; and before it hands out a view. -1: refused, with errno. */
int slot_unprotect(Slot *slot, uint64_t offset, uint64_t size, bool faulted);
int slot_unprotect_all(Slot *slot);
extern bool written_ask;

#endif
