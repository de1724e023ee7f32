/* listing_linux.h: the entries of a folder that is open to be listed, for plain calls of WASI (a listing's row: wasm_environ.host). */
#ifndef WASM_VM_LISTING_LINUX_H
#define WASM_VM_LISTING_LINUX_H

#include <stdint.h>

enum { MOST_NAME = 1024 }; /* bytes; what is longer is left to Python */

typedef struct ListedEntry {
    uint8_t type; /* numbered as preview 1 does */
    uint32_t size;
    uint8_t name[MOST_NAME]; /* of `size` bytes, which is not 0; not ended by one */
} ListedEntry;

enum Listed { LISTED_ENTRY, LISTED_NONE, LISTED_OTHERWISE }; /* the last: Python has to find out, or say what is wrong; nothing has moved */

/* Look at the next entry in `row`, of LIST_RECORDS words and LIST_BYTES behind them, of the folder `fd`; its records are asked for as they run out.
 * *next <- what LIST_AT is behind it. Without the GIL; blocks no longer than the host's folders do. */
enum Listed listing_look(int fd, int64_t *row, ListedEntry *found, int64_t *next);

#endif
