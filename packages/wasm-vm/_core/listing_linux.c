/* listing_linux.c: a folder's entries as the system gives them, many at once, into the row that their listing shares with Python (host_entries.py). */
#define _GNU_SOURCE
#include "listing_linux.h"
#include "beneath_linux.h"
#include "vmtypes.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A record, getdents64(2): u64 inode, i64 where the next one is, u16 its size, u8 type, then the name and a zero. */
enum { SIZE_AT = 16, TYPE_AT = 18, NAME_AT = 19, TYPE_SHIFT = 12 /* from a record's type to stat's */ };

static uint8_t *records(int64_t *row) { return (uint8_t *)(row + LIST_RECORDS); }

/* A record at `at`, which has its name and ends before `end`: its size, or 0. What lies there is anybody's who has the row: it is believed in nothing. */
static uint16_t record_size(const uint8_t *bytes, int64_t at, int64_t end)
{
    uint16_t size;
    if (end - at <= NAME_AT)
        return 0;
    memcpy(&size, bytes + at + SIZE_AT, sizeof size);
    return size > NAME_AT && size <= end - at ? size : 0;
}

static bool is_dots(const uint8_t *name, size_t size) { return name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')); }

/* As the folder lists it; few filesystems do not say. */
static uint8_t type_of(int fd, uint8_t said, const uint8_t *name)
{
    struct stat found = {.st_mode = (mode_t)said << TYPE_SHIFT};
    if (!said && fstatat(fd, (const char *)name, &found, AT_SYMLINK_NOFOLLOW))
        found.st_mode = 0; /* gone meanwhile */
    return file_type(&found);
}

/* More of them, where none are left. */
static enum Listed more(int fd, int64_t *row)
{
    const long count = syscall(SYS_getdents64, fd, records(row), (size_t)LIST_BYTES);
    if (count < 0 || count > LIST_BYTES)
        return LISTED_OTHERWISE;
    row[LIST_AT] = 0;
    row[LIST_END] = count ? (int64_t)count : LIST_OVER;
    return count ? LISTED_ENTRY : LISTED_NONE;
}

enum Listed listing_look(int fd, int64_t *row, ListedEntry *found, int64_t *next)
{
    const uint8_t *bytes = records(row);
    while (true) {
        if (row[LIST_END] == LIST_OVER)
            return LISTED_NONE;
        const int64_t at = row[LIST_AT], end = row[LIST_END];
        if (at < 0 || end < at || end > LIST_BYTES)
            return LISTED_OTHERWISE;
        if (at == end) {
            const enum Listed got = more(fd, row);
            if (got != LISTED_ENTRY)
                return got;
            continue;
        }
        const uint16_t size = record_size(bytes, at, end);
        const uint8_t *name = bytes + at + NAME_AT;
        const size_t length = size ? strnlen((const char *)name, (size_t)size - NAME_AT) : 0;
        if (!length || length == (size_t)size - NAME_AT || length > MOST_NAME)
            return LISTED_OTHERWISE;
        if (is_dots(name, length)) {
            row[LIST_AT] = at + size;
            continue;
        }
        found->type = type_of(fd, bytes[at + TYPE_AT], name);
        found->size = (uint32_t)length;
        memcpy(found->name, name, length);
        *next = at + size;
        return LISTED_ENTRY;
    }
}
