/* elements.h: where the elements of tables live: at one address for as long as the table does. See elements_linux.c. */
#ifndef WASM_VM_ELEMENTS_H
#define WASM_VM_ELEMENTS_H

#include "table.h"

/* Reservations of `bytes` each, of which up to `max_warm` are kept between uses. Used under the GIL. */
typedef struct Elements {
    uint64_t bytes;
    uint32_t warm, max_warm;
    Table *free; /* by `next`: all zero, and accessible as far as `accessible` says */
} Elements;

extern Elements default_elements;
#define RESERVED_ELEMENTS (1ull << 27) /* tables grow to so many, unless they start with more: 1 GiB of address space */

static inline uint64_t elements_bytes(uint64_t most) { return (most < RESERVED_ELEMENTS ? most : RESERVED_ELEMENTS) * 8; }

/* A table whose first `min` elements are null, with room for as many of `most` as can be had; the rest of it zero. NULL: no memory. */
Table *elements_new(Elements *elements, uint64_t min, uint64_t most);
int elements_extend(Table *table, uint64_t count); /* makes elements [0, count) usable, count <= capacity; without the GIL; -1: refused */
void elements_free(Elements *elements, Table *table);
void elements_trim(Elements *elements); /* gives back what is unused */

#endif
