/* slots_linux.c: slots: taken with their image in place, wiped when released: only pages the guest dirtied are touched.
 *
 * Where written_linux.c knows what could be written, that is rewritten. Else a memory of one wasm page is rewritten as a whole, and of a larger one the
 * kernel is asked what the guest wrote (PAGEMAP_SCAN, Linux 6.7): pages present or swapped that are not the image file's own. The first keep_resident
 * bytes of these are rewritten in place, which is 20 times cheaper than giving a page back and faulting it in again; the rest is given back. Kernels
 * without it: everything is rewritten if it fits keep_resident, else given back.
 */
#define _GNU_SOURCE
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DEFAULT_WARM = 16 };
#define DEFAULT_RESIDENT (1u << 17)
#define ASK_BEYOND (1u << 16) /* bytes: rewriting so many costs less than asking */

Slots default_slots = {.total = UINT32_MAX, .max_warm = DEFAULT_WARM, .max_bytes = UINT64_MAX, .keep_resident = DEFAULT_RESIDENT, .plain = {.references = 1, .file = NO_DESCRIPTOR}};
#define MAP_FROM (1u << 14) /* bytes: images from so many on are mapped; see docs/decisions/0007-pool.md */
static unsigned mapped_images; /* each holds a file descriptor */

/* ---- images ---- */

/* Of the file descriptors a process may have (usually 1024), an eighth is for images. */
static void *map_file(Image *image, uint64_t size)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || mapped_images >= files.rlim_cur / 8)
        return MAP_FAILED;
    void *map = MAP_FAILED;
    image->file = descriptor_of(memfd_create("wasm image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (image->file.fd >= 0 && !ftruncate(image->file.fd, (off_t)size))
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, image->file.fd, 0);
    if (map == MAP_FAILED)
        descriptor_close(&image->file);
    else
        mapped_images++;
    return map;
}

Image *image_new(uint64_t start, uint64_t size)
{
    Image *image = calloc(1, sizeof *image);
    if (!image)
        return NULL;
    image->references = 1;
    image->file.fd = -1;
    image->start = start;
    image->size = size;
    written_start(image);
    if (size >= MAP_FROM) {
        uint64_t low = page_down(start), high = page_up(start + size);
        void *map = map_file(image, high - low);
        if (map != MAP_FAILED) {
            image->start = low;
            image->size = high - low;
            image->bytes = map;
            image->mapped = true;
            return image;
        }
    }
    if (size && !(image->bytes = calloc(1, size))) {
        free(image);
        return NULL;
    }
    return image;
}

/* Nobody writes to it any more, in whatever way. */
void image_seal(Image *image)
{
    if (!image->mapped)
        return;
    (void)mprotect((void *)image->bytes, image->size, PROT_READ);
    if (descriptor_holds(&image->file))
        (void)fcntl(image->file.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

void image_decref(Image *image)
{
    if (!image || --image->references)
        return;
    if (image->mapped) {
        munmap((void *)image->bytes, image->size);
        descriptor_close(&image->file);
        mapped_images--;
    } else {
        free((void *)image->bytes);
    }
    free(image);
}

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
}

static int inaccessible(uint8_t *from, uint64_t size)
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
        slots->lost++;
        return;
    }
    slot->accessible = slot->clean = 0;
    slot->expected = false;
    atomic_store(&slot->write_protected, false);
    atomic_store(&slot->torn, false);
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
    if (!slot)
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

/* ---- releasing ---- */

/* Copy or clear bytes [low, high) of the slot in place. */
static void rewrite(Slot *slot, uint64_t low, uint64_t high)
{
    const Image *image = slot->image;
    uint64_t from = image->start > low ? image->start : low, to = image->start + image->size < high ? image->start + image->size : high;
    if (from >= to) {
        memset(slot->map + low, 0, high - low);
        return;
    }
    memset(slot->map + low, 0, from - low);
    memcpy(slot->map + from, image->bytes + (from - image->start), to - from);
    memset(slot->map + to, 0, high - to);
}

/* The same by giving pages back: a mapped image shows again, a copied one is copied again. */
static int give_back(Slot *slot, uint64_t low, uint64_t high)
{
    const Image *image = slot->image;
    if (low < high && madvise(slot->map + low, high - low, MADV_DONTNEED))
        return -1;
    uint64_t from = image->start > low ? image->start : low, to = image->start + image->size < high ? image->start + image->size : high;
    if (!slot->shows_file && from < to)
        memcpy(slot->map + from, image->bytes + (from - image->start), to - from);
    return 0;
}

/* Wipes a slot of which anything may have been written. */
static int wipe_written(Slot *slot)
{
    uint64_t budget = slot->owner->keep_resident, end = slot->clean, walked = 0;
    bool learning = written_learning(slot);
    if (budget < page_size())
        return give_back(slot, 0, end);
    ScanRange dirty[SCAN_ROWS];
    int count = end <= ASK_BEYOND && !learning ? -1 : written_scan(slot->map, slot->map + end, dirty, &walked);
    if (learning)
        written_learn(slot, dirty, count);
    if (count < 0) {
        if (end > budget)
            return give_back(slot, 0, end);
        rewrite(slot, 0, end);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        uint64_t low = dirty[i].start - (uintptr_t)slot->map, high = dirty[i].end - (uintptr_t)slot->map;
        if (high - low > budget) {
            rewrite(slot, low, low + page_down(budget));
            return give_back(slot, low + page_down(budget), end);
        }
        rewrite(slot, low, high);
        budget -= high - low;
    }
    walked -= (uintptr_t)slot->map;
    return walked < end ? give_back(slot, walked, end) : 0;
}

static int wipe(Slot *slot)
{
    uint64_t end = slot->clean;
    if (atomic_load(&slot->torn))
        return -1;
    if (slot->accessible > end) { /* it grew */
        if (inaccessible(slot->map + end, slot->accessible - end))
            return -1;
        slot->accessible = end;
    }
    if (!end)
        return 0;
    if (atomic_load(&slot->write_protected))
        for (uint32_t i = 0; i < slot->writable.count; i++)
            rewrite(slot, slot->writable.rows[i].low, slot->writable.rows[i].high);
    else if (wipe_written(slot))
        return -1;
    return written_settle(slot);
}

void slot_release(Slot *slot)
{
    Slots *slots = slot->owner;
    if (wipe(slot)) {
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
