/* image_linux.c: memory images: the active data segments of a module in a memfd, mapped copy-on-write into every instance from the second on.
 *
 * A module that is instantiated once copies its segments, which costs no more than making an image would. An image is made only when it cannot be told
 * from copying: every active segment has a constant offset inside the memory's initial size. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plan.h"
#include "runtime.h"

#define WORTH_AN_IMAGE (16u << 10) /* bytes of segments: below, copying is as fast */
enum { OP_I32_CONST = 0x41, OP_I64_CONST = 0x42 };

/* The offset of a segment that is one constant. */
static bool constant_offset(const Plan *plan, const DataPlan *segment, uint64_t *offset)
{
    const ConstExpr *expression = &segment->offset;
    if (expression->count != 1 || (expression->ops->op != OP_I32_CONST && expression->ops->op != OP_I64_CONST))
        return false;
    *offset = plan->memories[segment->memory].is64 ? (uint64_t)expression->ops->a : (uint32_t)expression->ops->a;
    return true;
}

/* All active segments are plain copies into memories of this module's own; `total` bytes. */
static bool is_static(const Plan *plan, uint64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < plan->data_count; i++) {
        const DataPlan *segment = &plan->datas[i];
        uint64_t offset;
        if (segment->mode != MODE_ACTIVE)
            continue;
        if (segment->memory < plan->imported_memories || !constant_offset(plan, segment, &offset))
            return false;
        const MemoryPlan *memory = &plan->memories[segment->memory];
        if (memory->shared || memory->is64 || memory->page_log2 != 16 || memory->min_pages > 65536)
            return false;
        uint64_t size = memory->min_pages << 16;
        if (offset > size || segment->size > size - offset)
            return false;
        *total += segment->size;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, uint64_t size, uint64_t at)
{
    while (size) {
        ssize_t done = pwrite(fd, bytes, size, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        at += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return true;
}

/* Segment by segment, in order: later ones overwrite earlier ones, holes stay zero and take no space. */
static bool build(const Plan *plan, uint32_t memory, MemoryImage *image)
{
    static uint64_t next_id = 1; /* under the GIL */
    uint64_t low = UINT64_MAX, high = 0, offset, page = (uint64_t)sysconf(_SC_PAGESIZE);
    for (uint32_t i = 0; i < plan->data_count; i++) {
        const DataPlan *segment = &plan->datas[i];
        if (segment->mode != MODE_ACTIVE || segment->memory != memory || !segment->size || !constant_offset(plan, segment, &offset))
            continue;
        low = offset < low ? offset : low;
        high = offset + segment->size > high ? offset + segment->size : high;
    }
    if (low >= high)
        return true; /* nothing to do for this memory */
    image->start = low & ~(page - 1);
    image->length = ((high + page - 1) & ~(page - 1)) - image->start;
    image->fd = memfd_create("wasm-image", MFD_CLOEXEC);
    if (image->fd < 0)
        return false;
    bool good = !ftruncate(image->fd, (off_t)image->length);
    for (uint32_t i = 0; good && i < plan->data_count; i++) {
        const DataPlan *segment = &plan->datas[i];
        if (segment->mode == MODE_ACTIVE && segment->memory == memory && constant_offset(plan, segment, &offset))
            good = write_all(image->fd, segment->bytes, segment->size, offset - image->start);
    }
    if (good) {
        image->id = next_id++;
    } else {
        close(image->fd);
        image->fd = -1;
    }
    return good;
}

/* Called at every instantiation; makes the images at the second. Without them everything works, only slower. */
void images_prepare(Loaded *module)
{
    const Plan *plan = &module->plan;
    uint64_t total;
    if (module->images_ready || !module->instantiated++)
        return;
    module->images_ready = true;
    if (!plan->guarded || !module->engine->guarded || !is_static(plan, &total) || total < WORTH_AN_IMAGE)
        return;
    MemoryImage *images = PyMem_Calloc(plan->memory_count, sizeof *images);
    if (!images)
        return;
    bool good = true;
    for (uint32_t i = 0; i < plan->memory_count; i++)
        images[i].fd = -1;
    for (uint32_t i = plan->imported_memories; good && i < plan->memory_count; i++)
        good = build(plan, i, &images[i]);
    module->images = images;
    if (!good)
        images_free(module);
}

void images_free(Loaded *module)
{
    for (uint32_t i = 0; module->images && i < module->plan.memory_count; i++)
        if (module->images[i].fd >= 0)
            close(module->images[i].fd);
    PyMem_Free(module->images);
    module->images = NULL;
}
