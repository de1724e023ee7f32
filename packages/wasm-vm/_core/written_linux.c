/* written_linux.c: which pages of a slot its instances write: asked of the kernel at first; once that is known, the rest is write-protected.
 *
 * Instances of a module tend to write the same few pages. After releases that taught nothing new, an unused slot is *protected*: what its image's
 * instances wrote stays writable, and is rewritten at each release without asking anybody; the rest is readable only, so it cannot need wiping. A
 * guest that writes elsewhere faults once, and that page joins what is writable (signals_linux.c). The host unprotects what it is about to write,
 * and all of it before a view goes out, since system calls that write into a view would fail rather than fault. Images whose instances surprise
 * often are left alone from then on.
 */
#define _GNU_SOURCE
#include "descriptor.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SETTLED = 2 };                                                    /* releases in a row that taught nothing new */
enum { TRUST_AT_FIRST = 32, TRUST_AT_MOST = 64, TRUST_PER_SURPRISE = 4 }; /* a release without surprise earns 1 */

/* ---- asking the kernel ---- */

/* linux/fs.h of 6.7, which build machines may lack */
struct scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN_ _IOWR('f', 16, struct scan_arg)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_PFNZERO = 1 << 5 };

bool written_ask = true; /* tests turn it off, as kernels before 6.7 do */
static Descriptor pagemap = NO_DESCRIPTOR;

/* The descriptor speaks of the process that opened it: a forked child needs its own. */
static void fork_child(void) { descriptor_close(&pagemap); }

static bool pagemap_open(void)
{
    static bool hooked;
    if (!hooked)
        hooked = pthread_atfork(NULL, NULL, fork_child) == 0;
    pagemap = descriptor_of(hooked ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1);
    return pagemap.fd >= 0;
}

int written_scan(uint8_t *low, uint8_t *high, ScanRange *ranges, uint64_t *end)
{
    struct scan_arg arg = {.size = sizeof arg,
                           .start = (uintptr_t)low,
                           .end = (uintptr_t)high,
                           .vec = (uintptr_t)ranges,
                           .vec_len = SCAN_ROWS,
                           .category_inverted = IS_FILE | IS_PFNZERO,
                           .category_mask = IS_FILE | IS_PFNZERO,
                           .category_anyof_mask = IS_PRESENT | IS_SWAPPED,
                           .return_mask = IS_PRESENT};
    if (!written_ask || (!descriptor_holds(&pagemap) && !pagemap_open()))
        return -1;
    int count = ioctl(pagemap.fd, PAGEMAP_SCAN_, &arg);
    if (count < 0) {
        if (errno == ENOTTY || errno == EINVAL)
            written_ask = false;
        return -1;
    }
    *end = arg.walk_end;
    return count;
}

/* ---- sets of pages ---- */

/* Adds [low, high), which swallows what it overlaps or touches; false when that would be one range too many. */
static bool add(Written *set, uint64_t low, uint64_t high)
{
    uint32_t first = 0, after;
    while (first < set->count && set->rows[first].high < low)
        first++;
    for (after = first; after < set->count && set->rows[after].low <= high; after++) {
        low = set->rows[after].low < low ? set->rows[after].low : low;
        high = set->rows[after].high > high ? set->rows[after].high : high;
    }
    if (first == after && set->count == WRITTEN_ROWS)
        return false;
    memmove(&set->rows[first + 1], &set->rows[after], (set->count - after) * sizeof *set->rows);
    set->count += 1 - (after - first);
    set->rows[first].low = low;
    set->rows[first].high = high;
    return true;
}

static uint64_t size_of(const Written *set)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < set->count; i++)
        bytes += set->rows[i].high - set->rows[i].low;
    return bytes;
}

/* The image's instances write [low, high), too: whether that was news. */
static bool learn(Image *image, uint64_t low, uint64_t high)
{
    uint64_t before = size_of(&image->written);
    if (!add(&image->written, low, high))
        image->trust = 0;
    return size_of(&image->written) != before;
}

/* ---- protection ---- */

void written_start(Image *image) { image->trust = TRUST_AT_FIRST; }

int slot_unprotect_all(Slot *slot)
{
    uint8_t was = SLOT_PROTECTED;
    if (atomic_load(&slot->protection) == SLOT_OPEN)
        return 0;
    if (mprotect(slot->map, slot->clean, PROT_READ | PROT_WRITE)) { /* which may have done a part */
        atomic_store(&slot->protection, SLOT_TORN);
        return -1;
    }
    (void)atomic_compare_exchange_strong(&slot->protection, &was, SLOT_OPEN); /* a torn one stays so */
    return 0;
}

/* A range of writable pages that goes on doubles, so that one written from end to end costs few faults. */
static void widen(const Slot *slot, uint64_t *low, uint64_t *high)
{
    for (uint32_t i = 0; i < slot->writable.count; i++) {
        uint64_t from = slot->writable.rows[i].low, to = slot->writable.rows[i].high, size = to - from;
        if (*low == to)
            *high = slot->clean - to < size ? slot->clean : *high > to + size ? *high : to + size;
        else if (*high == from)
            *low = from < size ? 0 : *low < from - size ? *low : from - size;
    }
}

/* Whether all of [low, high) is writable already. */
static bool covers(const Slot *slot, uint64_t low, uint64_t high)
{
    for (uint32_t i = 0; i < slot->writable.count; i++)
        if (slot->writable.rows[i].low <= low && high <= slot->writable.rows[i].high)
            return atomic_load(&slot->protection) == SLOT_PROTECTED;
    return false;
}

int slot_unprotect(Slot *slot, uint64_t offset, uint64_t size, bool faulted)
{
    if (atomic_load(&slot->protection) == SLOT_OPEN || !size || offset >= slot->clean)
        return 0;
    if (atomic_exchange(&slot->busy, true))
        return slot_unprotect_all(slot); /* another thread is in here: two writers at once are rare, waiting in a signal handler is wrong */
    uint64_t low = page_down(offset), high = size > slot->clean - offset ? slot->clean : page_up(offset + size);
    if (!faulted && covers(slot, low, high)) { /* the usual: hosts write where guests want it, again and again */
        atomic_store(&slot->busy, false);
        return 0;
    }
    widen(slot, &low, &high);
    int result = -1;
    if (add(&slot->writable, low, high) && size_of(&slot->writable) <= slot->owner->keep_resident)
        result = mprotect(slot->map + low, high - low, PROT_READ | PROT_WRITE);
    if (result)
        result = slot_unprotect_all(slot);
    atomic_store(&slot->busy, false);
    return result;
}

/* Where instances of the image write as expected. -1: what is writable is unknown now. */
static int protect(Slot *slot)
{
    const Written *expected = &slot->image->written;
    int failed = mprotect(slot->map, slot->clean, PROT_READ);
    for (uint32_t i = 0; !failed && i < expected->count; i++)
        failed = mprotect(slot->map + expected->rows[i].low, expected->rows[i].high - expected->rows[i].low, PROT_READ | PROT_WRITE);
    if (failed)
        return mprotect(slot->map, slot->clean, PROT_READ | PROT_WRITE);
    slot->writable = *expected;
    atomic_store(&slot->protection, SLOT_PROTECTED);
    return 0;
}

/* ---- at a release ---- */

bool written_learning(const Slot *slot) { return slot->image->trust > 0 && slot->owner->keep_resident >= page_size(); }

void written_learn(Slot *slot, const ScanRange *ranges, int count)
{
    Image *image = slot->image;
    bool news = false;
    for (int i = 0; i < count && image->trust > 0; i++)
        news |= learn(image, ranges[i].start - (uintptr_t)slot->map, ranges[i].end - (uintptr_t)slot->map);
    if (size_of(&image->written) > slot->owner->keep_resident)
        image->trust = 0;
    image->settled = news ? 0 : image->settled + 1;
}

int written_settle(Slot *slot)
{
    Image *image = slot->image;
    bool surprise = slot->expected && atomic_load(&slot->protection) != SLOT_PROTECTED; /* a view, or writing all over */
    for (uint32_t i = 0; slot->expected && i < slot->writable.count; i++)
        surprise |= learn(image, slot->writable.rows[i].low, slot->writable.rows[i].high);
    if (size_of(&image->written) > slot->owner->keep_resident)
        image->trust = 0;
    if (surprise)
        image->trust -= TRUST_PER_SURPRISE;
    else if (slot->expected && image->trust < TRUST_AT_MOST)
        image->trust++;
    if (!written_learning(slot)) {
        slot->expected = false;
        return slot_unprotect_all(slot);
    }
    if (atomic_load(&slot->protection) == SLOT_OPEN && image->settled >= SETTLED && protect(slot))
        return -1;
    slot->expected = atomic_load(&slot->protection) == SLOT_PROTECTED;
    return 0;
}
