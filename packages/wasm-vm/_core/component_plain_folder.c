/* component_plain_folder.c: plain calls of components about a folder of the host's: the status of what a path leads to, and its entries. */
#define _GNU_SOURCE
#include "beneath_linux.h"
#include "component_plain.h"
#include "listing_linux.h"

#include <sys/stat.h>

/* WIT's order of `descriptor-type`, and a file type's place in it; a pipe is unknown, as in wasmtime. */
static const char *const types[] = {"unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket"};
static const uint8_t type_of[] = {0, 1, 2, 3, 6, 7, 7, 5};
static const char *const stat_fields[] = {"type", "link-count", "size", "data-access-timestamp", "data-modification-timestamp", "status-change-timestamp"};
static const char *const entry_fields[] = {"type", "name"};
enum { FIRST_TIME = 3, DIRECTORY_WORDS = STREAM_FILE + 1, LISTING_WORDS = LIST_RECORDS + LIST_BYTES / (int)sizeof(int64_t) };
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---- status ---- */

/* Types alone do not tell fields, cases and flags from others: Python goes by their names. */
bool plain_stat_names(const AbiSignature *signature)
{
    static const char *const follow[] = {"symlink-follow"};
    const Node *status = signature->result->edges[0].node;
    return plain_labels(signature->params->edges[1].node, follow, 1) && plain_labels(status, stat_fields, COUNT(stat_fields)) &&
           plain_labels(status->edges[0].node, types, COUNT(types));
}

/* A `some` of a datetime. */
static void put_time(const CanonFunction *function, const Edge *field, Place at, const struct timespec *time)
{
    const Node *option = field->node, *datetime = option->edges[1].node;
    const Place whole = part(at, 0, field->offset[0]), value = part(whole, 1, option->edges[1].offset[0]);
    store(plain_side(function), whole, option->tag_size, 1);
    store(plain_side(function), part(value, 0, datetime->edges[0].offset[0]), 8, (uint64_t)time->tv_sec);
    store(plain_side(function), part(value, 1, datetime->edges[1].offset[0]), 4, (uint32_t)time->tv_nsec);
}

/* Directory, whether a symlink is followed, path, its length, result. */
bool plain_stat(CanonFunction *function, FlatValue *values)
{
    const int fd = plain_file(plain_row(function, flat_u32(&values[0]), DIRECTORY_WORDS), MAY_LOOK);
    const uint32_t at = flat_u32(&values[2]), size = flat_u32(&values[3]);
    const Edge *fields = function->signature->result->edges[0].node->edges;
    struct stat found;
    Place result;
    if (fd < 0 || !plain_others_run() || plain_side(function)->encoding != PLAIN_UTF8 || !within(at, size, plain_memory(function)) || !plain_result(function, values, &result))
        return false;
    const uint8_t *path = bytes_at(plain_side(function), at);
    for (uint32_t i = 0; i < size; i++)
        if (path[i] >= 0x80) /* Python looks whether it is UTF-8 */
            return false;
    if (!status_beneath(fd, path, size, flat_u32(&values[1]) & 1, &found))
        return false;
    const struct timespec *times[] = {&found.st_atim, &found.st_mtim, &found.st_ctim};
    for (int i = 0; i < 3; i++)
        if (times[i]->tv_sec < 0)
            return false;
    const Place status = plain_ok(function, result);
    store(plain_side(function), part(status, 0, fields[0].offset[0]), fields[0].node->tag_size, type_of[file_type(&found)]);
    store(plain_side(function), part(status, 1, fields[1].offset[0]), 8, (uint64_t)found.st_nlink);
    store(plain_side(function), part(status, 2, fields[2].offset[0]), 8, (uint64_t)found.st_size);
    for (int i = 0; i < 3; i++)
        put_time(function, &fields[FIRST_TIME + i], status, times[i]);
    return true;
}

/* ---- entries ---- */

bool plain_entry_names(const AbiSignature *signature)
{
    const Node *entry = signature->result->edges[0].node->edges[1].node;
    return plain_labels(entry, entry_fields, COUNT(entry_fields)) && plain_labels(entry->edges[0].node, types, COUNT(types));
}

/* The entry that was found, or none. The guest gives room for its name; the listing has gone on before that. */
static void put_entry(const CanonFunction *function, Place result, const ListedEntry *found)
{
    const Node *option = function->signature->result->edges[0].node, *entry = option->edges[1].node;
    const uint64_t at = found ? plain_allocated(function, 1, found->size) : 0;
    const Place whole = plain_ok(function, result);
    store(plain_side(function), whole, option->tag_size, found != NULL);
    if (!found)
        return;
    const Place value = part(whole, 1, option->edges[1].offset[0]);
    memcpy(bytes_at(plain_side(function), at), found->name, found->size);
    store(plain_side(function), part(value, 0, entry->edges[0].offset[0]), entry->edges[0].node->tag_size, type_of[found->type]);
    plain_put_list(function, part(value, 1, entry->edges[1].offset[0]), at, found->size);
}

/* Listing, result. */
bool plain_entry(CanonFunction *function, FlatValue *values)
{
    int64_t *row = plain_row(function, flat_u32(&values[0]), LISTING_WORDS);
    const int fd = plain_file(row, MAY_LIST);
    ListedEntry found;
    int64_t next = 0;
    Place result;
    if (fd < 0 || !plain_others_run() || plain_side(function)->encoding != PLAIN_UTF8 || !plain_result(function, values, &result))
        return false;
    const enum Listed listed = listing_look(fd, row, &found, &next);
    const StringSource name = {.bytes = found.name, .units = found.size, .form = FROM_UTF8};
    if (listed == LISTED_OTHERWISE || (listed == LISTED_ENTRY && string_fault(&name)))
        return false;
    if (listed == LISTED_ENTRY)
        row[LIST_AT] = next;
    put_entry(function, result, listed == LISTED_ENTRY ? &found : NULL);
    return true;
}
