/* slots_linux.c: slots: reserved, taken with their image in place, released: to be taken again, or given up. */
#define _GNU_SOURCE
#include "slots.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DEFAULT_WARM = 16 };
#define DEFAULT_RESIDENT (1u << 17)

Slots default_slots = {.total = UINT32_MAX, .max_warm = DEFAULT_WARM, .max_bytes = UINT64_MAX, .keep_resident = DEFAULT_RESIDENT, .plain = {.references = 1, .file = NO_DESCRIPTOR}};

/* ---- the lists of unused slots ---- */

static void warm_add(Slot *slot)
{
    Slots *slots = slot->owner;
    Image *image = slot->image;
    slot->newer = NULL;
    slot->older = slots->recent;
    *(slots->recent ? &slots->recent->newer : &slots->oldest) = slot;
    slots->recent = slot;
    slot->prev = NULL;
    slot->next = image->free;
    if (image->free)
        image->free->prev = slot;
    image->free = slot;
    slots->warm++;
    slot->state = SLOT_WARM;
}

static void warm_remove(Slot *slot)
{
    Slots *slots = slot->owner;
    *(slot->newer ? &slot->newer->older : &slots->recent) = slot->older;
    *(slot->older ? &slot->older->newer : &slots->oldest) = slot->newer;
    *(slot->prev ? &slot->prev->next : &slot->image->free) = slot->next;
    if (slot->next)
        slot->next->prev = slot->prev;
    slots->warm--;
    slot->state = SLOT_LIVE;
}

int inaccessible(uint8_t *from, uint64_t size)
{
    return size && mmap(from, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0;
}

static void set_image(Slot *slot, Image *image)
{
    Image *old = slot->image;
    if (image)
        image->references++;
    slot->image = image;
    image_decref(old);
}

/* A slot without contents: back to the system, or to the slab. */
static void discard(Slot *slot)
{
    Slots *slots = slot->owner;
    set_image(slot, NULL);
    if (!slots->slab) {
        munmap(slot->map, SLOT_SIZE);
        free(slot);
        return;
    }
    if (inaccessible(slot->map, slot->accessible)) { /* what it holds must never be seen again */
        madvise(slot->map, slot->accessible, MADV_DONTNEED);
        slot->state = SLOT_LOST;
        slots->lost++;
        return;
    }
    slot->accessible = slot->clean = 0;
    slot->expected = false;
    atomic_store(&slot->protection, SLOT_OPEN);
    slot->state = SLOT_COLD;
    slot->next = slots->cold;
    slots->cold = slot;
}

void image_retire(Image *image)
{
    while (image && image->free) {
        Slot *slot = image->free;
        warm_remove(slot);
        discard(slot);
    }
    image_decref(image);
}

/* ---- taking ---- */

int slots_init(Slots *slots)
{
    slots->plain.references = 1;
    slots->plain.file.fd = -1;
    if (!slots->total)
        return 0;
    if (slots->total > SIZE_MAX / 2 / SLOT_SIZE) {
        errno = ENOMEM;
        return -1;
    }
    void *slab = mmap(NULL, slots->total * SLOT_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab == MAP_FAILED)
        return -1;
    slots->slab = slab;
    return 0;
}

void slots_trim(Slots *slots)
{
    while (slots->oldest) {
        Slot *slot = slots->oldest;
        warm_remove(slot);
        discard(slot);
    }
}

void slots_free(Slots *slots)
{
    slots_trim(slots);
    if (!slots->slab)
        return;
    munmap(slots->slab, slots->total * SLOT_SIZE);
    slots->slab = NULL;
    while (slots->cold) {
        Slot *slot = slots->cold;
        slots->cold = slot->next;
        free(slot);
    }
}

static Slot *new_slot(Slots *slots)
{
    if (slots->cold) {
        Slot *slot = slots->cold;
        slots->cold = slot->next;
        assert(slot->state == SLOT_COLD && !slot->accessible);
        return slot;
    }
    if (slots->slab && slots->fresh == slots->total)
        return NULL; /* then some slot is warm: slots_count saw room */
    uint8_t *map;
    Slot *slot = NULL;
    if (posix_memalign((void **)&slot, 64, sizeof *slot)) {
        errno = ENOMEM;
        return NULL;
    }
    memset(slot, 0, sizeof *slot);
    if (slots->slab) {
        map = slots->slab + slots->fresh++ * SLOT_SIZE;
    } else if ((map = mmap(NULL, SLOT_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) == MAP_FAILED) {
        free(slot);
        return NULL;
    }
    slot->map = map;
    slot->owner = slots;
    return slot;
}

/* Whether the slot shows the image's file: its pages come back by themselves when given back. */
static int put_image(Slot *slot)
{
    Image *image = slot->image;
    uint8_t *to = slot->map + image->start;
    slot->shows_file = image->file.fd >= 0 &&
                       mmap(to, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, image->file.fd, 0) != MAP_FAILED;
    if (slot->shows_file && !descriptor_holds(&image->file)) { /* what was mapped may be anything */
        image->file.fd = -1;
        slot->shows_file = false;
        if (mmap(to, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
            return -1;
    }
    if (image->size && !slot->shows_file)
        memcpy(to, image->bytes, image->size);
    return 0;
}

/* Makes a slot that held something else, or nothing, hold the image. */
static int prepare(Slot *slot, Image *image, uint64_t bytes)
{
    uint64_t end = page_up(bytes);
    bool zero = !slot->image || !slot->image->size; /* what is accessible is all zero */
    if (slot_unprotect_all(slot))
        return -1;
    slot->expected = false;
    if ((!zero && inaccessible(slot->map, slot->accessible)) || (zero && slot->accessible > end && inaccessible(slot->map + end, slot->accessible - end)))
        return -1;
    if (!zero)
        slot->accessible = 0;
    else if (slot->accessible > end)
        slot->accessible = end;
    set_image(slot, image);
    if (slot_extend(slot, bytes) || put_image(slot))
        return -1;
    slot->clean = end;
    return 0;
}

int slots_count(Slots *slots)
{
    if (slots->live + slots->lost >= slots->total) {
        errno = 0; /* not the system's doing: the pool is used up */
        return -1;
    }
    slots->live++;
    Py_XINCREF(slots->object);
    return 0;
}

void slots_uncount(Slots *slots)
{
    slots->live--;
    Py_XDECREF(slots->object); /* last: it may free the slots */
}

/* A slot with its image in place: one that is ready, or one made so. */
static Slot *ready_slot(Slots *slots, Image *image, uint64_t bytes)
{
    Slot *slot = NULL;
    if (LIKELY(image->free && image->free->clean == page_up(bytes))) {
        slot = image->free;
        warm_remove(slot);
        return slot;
    }
    if (slots->warm < slots->max_warm || !slots->oldest)
        slot = new_slot(slots);
    if (!slot && (slot = slots->oldest))
        warm_remove(slot);
    if (slot && prepare(slot, image, bytes)) {
        int error = errno;
        discard(slot);
        errno = error;
        return NULL;
    }
    return slot;
}

Slot *slot_take(Slots *slots, Image *image, uint64_t bytes)
{
    if (slots_count(slots))
        return NULL;
    Slot *slot = ready_slot(slots, image ? image : &slots->plain, bytes);
    if (slot)
        slot->state = SLOT_LIVE;
    else
        slots_uncount(slots);
    return slot;
}

int slot_extend(Slot *slot, uint64_t bytes)
{
    uint64_t end = page_up(bytes);
    if (end <= slot->accessible)
        return 0;
    if (mprotect(slot->map + slot->accessible, end - slot->accessible, PROT_READ | PROT_WRITE))
        return -1;
    slot->accessible = end;
    return 0;
}

void slot_release(Slot *slot)
{
    Slots *slots = slot->owner;
    assert(slot->state == SLOT_LIVE);
    if (slot_wipe(slot)) {
        discard(slot);
    } else {
        warm_add(slot);
        if (slots->warm > slots->max_warm) {
            Slot *oldest = slots->oldest;
            warm_remove(oldest);
            discard(oldest);
        }
    }
    slots_uncount(slots);
}
