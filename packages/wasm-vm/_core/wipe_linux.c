/* wipe_linux.c: what a memory leaves behind is wiped when it is released: only pages that the guest dirtied are touched (docs/decisions/0007-pool.md).
 *
 * Where written_linux.c knows what could be written, that is rewritten. Else a memory of one wasm page is rewritten as a whole, and of a larger one the
 * kernel is asked what the guest wrote (PAGEMAP_SCAN, Linux 6.7): pages present or swapped that are not the image file's own. The first keep_resident
 * bytes of these are rewritten in place, which is 20 times cheaper than giving a page back and faulting it in again; the rest is given back. Kernels
 * without it: everything is rewritten if it fits keep_resident, else given back.
 */
#define _GNU_SOURCE
#include "slots.h"

#include <string.h>
#include <sys/mman.h>

#define ASK_BEYOND (1u << 16) /* bytes: rewriting so many costs less than asking */

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

int slot_wipe(Slot *slot)
{
    uint64_t end = slot->clean;
    if (atomic_load(&slot->protection) == SLOT_TORN)
        return -1;
    if (slot->accessible > end) { /* it grew */
        if (inaccessible(slot->map + end, slot->accessible - end))
            return -1;
        slot->accessible = end;
    }
    if (!end)
        return 0;
    if (atomic_load(&slot->protection) == SLOT_PROTECTED)
        for (uint32_t i = 0; i < slot->writable.count; i++)
            rewrite(slot, slot->writable.rows[i].low, slot->writable.rows[i].high);
    else if (wipe_written(slot))
        return -1;
    return written_settle(slot);
}
