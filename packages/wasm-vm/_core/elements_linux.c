/* elements_linux.c: room for the elements of tables, which never moves: in the table's own block, or in a reservation whose pages become usable.
 *
 * Compiled code reads a table in two steps, its length and base, then an element; in between a signal handler of Python's may run and grow it. So the
 * base is the same as long as the table lives, and the length only rises, once what it covers is there. docs/decisions/0012-what-never-moves.md
 *
 * A table that cannot grow, or not by much, has its elements behind it in one block. One that can is reserved: `bytes` of address space without pages,
 * of which the first STEP are made usable at once and the others when it grows. Where address space is limited (ulimit -v) tables get a small part of
 * it each, and a quarter together; one for which there is none, or no mapping (vm.max_map_count), gets a block: it grows no further than that, as any
 * table may fail to.
 */
#define _GNU_SOURCE
#include "elements.h"
#include "memory.h"
#include "slots.h"
#include "table.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define BLOCK (1u << 12) /* bytes: elements up to here are made room for at once */
#define STEP (1u << 16)  /* bytes: made usable at a time */
#define KEEP (1u << 18)  /* bytes that stay usable between uses */
enum { DEFAULT_WARM = 32 };

Elements default_elements = {.bytes = RESERVED_ELEMENTS * 8, .max_warm = DEFAULT_WARM};

static Table *in_a_block(uint64_t capacity)
{
    Table *table = capacity < (SIZE_MAX / 2 - sizeof *table) / 8 ? calloc(1, sizeof *table + capacity * 8) : NULL;
    if (!table)
        return NULL;
    table->definition.base = (uint64_t *)(void *)(table + 1);
    table->capacity = capacity;
    return table;
}

static uint64_t reserved; /* bytes, all together */

/* Of `size` bytes what limits on address space leave: 0: none. */
static uint64_t within_limits(uint64_t size)
{
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) || space.rlim_cur == RLIM_INFINITY)
        return size;
    uint64_t part = page_down(space.rlim_cur / 256);
    if (size > part)
        size = part;
    return within(reserved, size, space.rlim_cur / 4) ? size : 0;
}

static void unreserve(Table *table)
{
    reserved -= table->map_size;
    munmap(table->map, table->map_size);
    free(table);
}

int elements_extend(Table *table, uint64_t count)
{
    uint64_t end = page_up(count * 8);
    if (!table->map || end <= table->accessible)
        return 0;
    if (end < table->accessible + STEP)
        end = table->accessible + STEP;
    if (end > table->map_size)
        end = table->map_size;
    if (mprotect(table->map + table->accessible, end - table->accessible, PROT_READ | PROT_WRITE))
        return -1;
    table->accessible = end;
    return 0;
}

static Table *reserve(uint64_t size, uint64_t min)
{
    void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    Table *table = calloc(1, sizeof *table);
    if (!table) {
        munmap(map, size);
        return NULL;
    }
    reserved += size;
    table->map = map;
    table->map_size = size;
    table->definition.base = map;
    table->capacity = size / 8;
    if (elements_extend(table, min ? min : 1)) {
        unreserve(table);
        return NULL;
    }
    return table;
}

static Table *take_warm(Elements *elements, uint64_t min)
{
    Table *table = elements->free;
    elements->free = table->next;
    elements->warm--;
    table->next = NULL;
    if (!elements_extend(table, min))
        return table;
    unreserve(table);
    return NULL;
}

Table *elements_new(Elements *elements, uint64_t min, uint64_t most)
{
    if (most <= min || most <= BLOCK / 8 || (most / 2 <= min && most <= STEP / 8))
        return in_a_block(most > min ? most : min);
    Table *table = NULL;
    if (elements->free && min <= elements->bytes / 8)
        table = take_warm(elements, min);
    uint64_t size = elements->bytes, room = min + min / 2;
    if (room > size / 8 && most > size / 8) /* it starts larger than others end */
        size = page_up((room < most ? room : most) * 8);
    if (!table && (size = within_limits(size)) / 8 > min && !(table = reserve(size, min))) {
        memory_forget_cached();
        table = reserve(size, min);
    }
    if (!table)
        table = in_a_block(min > STEP / 8 ? min : STEP / 8);
    if (table && table->capacity > most)
        table->capacity = most;
    return table;
}

/* What was in use is zero again, and no more than KEEP of it usable. -1: the system refuses. */
static int wipe(Table *table)
{
    uint64_t used = table->definition.length * 8;
    if (table->accessible > KEEP) {
        if (mmap(table->map + KEEP, table->accessible - KEEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
            return -1;
        table->accessible = KEEP;
    }
    memset(table->map, 0, used < table->accessible ? used : table->accessible);
    return 0;
}

void elements_free(Elements *elements, Table *table)
{
    if (!table->map) {
        free(table);
        return;
    }
    if (table->map_size != elements->bytes || elements->warm >= elements->max_warm || wipe(table)) {
        unreserve(table);
        return;
    }
    table->definition.length = 0;
    table->capacity = table->map_size / 8;
    table->next = elements->free;
    elements->free = table;
    elements->warm++;
}

void elements_trim(Elements *elements)
{
    while (elements->free) {
        Table *table = elements->free;
        elements->free = table->next;
        elements->warm--;
        unreserve(table);
    }
}
