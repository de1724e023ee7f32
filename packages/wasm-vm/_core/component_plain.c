/* component_plain.c: the usual case of a host function of a component (PLAIN_COMPONENT_CALLS of wasm_environ.host): a clock, random bytes, or a step of a
 * stream over a regular file, made here without Python and without taking the GIL back. See plain_calls.c, which does so for preview 1.
 *
 * Each does everything, or says that it did not; then Python does what is left, errors included. It runs on the wasm stack, as a libcall does: nothing is
 * owned across a call of the guest's realloc, which may trap, or be interrupted by a signal's handler in Python: what lies in tables is found anew after it.
 */
#define _GNU_SOURCE
#include "component_plain.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* SMALL: what is read before there is room for it in the guest, so that this is as much as there is. MOST_TYPES: of a signature, in letters. */
enum { SMALL = 4096, MOST_RANDOM = 256, MAY_BITS = 8, MOST_TYPES = 32, STREAM_WORDS = STREAM_OFFSET + 1, GUEST_WORDS = GUEST_RANDOM + 1 };

typedef bool (*PlainLoweredFunction)(CanonFunction *function, FlatValue *values);

struct PlainLowered {
    PlainLoweredFunction function;
    PyObject *of_wasi; /* the attribute of the store's WASI whose table it goes by; NULL: the stream's. Strong */
    PyObject *wasi;    /* the store's at the time, or NULL. Strong, so that there is no other at its address */
    Py_buffer *table;  /* its; owned, or NULL */
};

/* ---- the guest's memory ---- */

bool plain_result(const CanonFunction *function, const FlatValue *values, Place *place)
{
    const Node *result = function->signature->result;
    const uint32_t at = flat_u32(&values[function->signature->params->flat]);
    *place = (Place){NULL, at};
    return !(at & (result->align[0] - 1)) && within(at, result->size[0], plain_memory(function)) &&
           memory_lets_write(plain_side(function)->memory, at, result->size[0]);
}

Place plain_ok(const CanonFunction *function, Place result)
{
    const Node *node = function->signature->result;
    store(plain_side(function), result, node->tag_size, 0);
    return part(result, 1, node->edges[0].offset[0]);
}

uint64_t plain_allocated(const CanonFunction *function, uint64_t align, uint64_t size)
{
    ComponentState *state = function->state;
    const Crossing crossing = {.store = state->store, .program = state->program, .in_guest = true};
    uint64_t at = 0;
    (void)canon_realloc(&crossing, plain_side(function), 0, 0, align, size, &at); /* in a guest, what fails does not return */
    return at;
}

void plain_put_list(const CanonFunction *function, Place place, uint64_t at, uint64_t size)
{
    store_address(plain_side(function), place, 0, at);
    store_address(plain_side(function), place, 1, size);
}

/* ---- of the guest: clocks and random bytes ---- */

const int64_t *plain_guest(const CanonFunction *function)
{
    const struct PlainLowered *plain = function->plain;
    const bool same = plain->wasi && plain->wasi == __atomic_load_n(&function->state->store->wasi, __ATOMIC_RELAXED);
    return same && plain->table && (size_t)plain->table->len >= GUEST_WORDS * sizeof(int64_t) ? plain->table->buf : NULL;
}

static bool plain_now(CanonFunction *function, FlatValue *values)
{
    const int64_t *table = plain_guest(function);
    struct timespec now;
    if (!table || !table[GUEST_CLOCKS] || clock_gettime(CLOCK_MONOTONIC, &now))
        return false;
    values[0].bits = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - (uint64_t)table[GUEST_START];
    return true;
}

static bool plain_wall_now(CanonFunction *function, FlatValue *values)
{
    const int64_t *table = plain_guest(function);
    const Edge *fields = function->signature->result->edges;
    struct timespec now;
    Place result;
    if (!table || !table[GUEST_CLOCKS] || !plain_result(function, values, &result) || clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
        return false;
    store(plain_side(function), part(result, 0, fields[0].offset[0]), 8, (uint64_t)now.tv_sec);
    store(plain_side(function), part(result, 1, fields[1].offset[0]), 4, (uint32_t)now.tv_nsec);
    return true;
}

/* So many bytes come at once, or none do. */
static bool random_bytes(const CanonFunction *function, void *to, size_t size)
{
    const int64_t *table = plain_guest(function);
    return table && table[GUEST_RANDOM] && getrandom(to, size, GRND_NONBLOCK) == (ssize_t)size;
}

static bool plain_random_number(CanonFunction *function, FlatValue *values)
{
    uint64_t number;
    if (!random_bytes(function, &number, sizeof number))
        return false;
    values[0].bits = number;
    return true;
}

static bool plain_random_bytes(CanonFunction *function, FlatValue *values)
{
    uint8_t bytes[MOST_RANDOM];
    const uint64_t size = values[0].bits;
    Place result;
    if (!size || size > sizeof bytes || !plain_result(function, values, &result) || !random_bytes(function, bytes, (size_t)size))
        return false;
    const uint64_t at = plain_allocated(function, 1, size);
    memcpy(bytes_at(plain_side(function), at), bytes, (size_t)size);
    plain_put_list(function, result, at, size);
    return true;
}

/* ---- what handles stand for ---- */

HostObject *plain_object(const CanonFunction *function, const Node *node, uint32_t index)
{
    ComponentState *state = function->state;
    const HandleTable *handles = &state->instances[function->options.instance].handles;
    const ResourceType *type = state->resources[node->resource];
    const Handle *handle = index < handles->used ? &handles->entries[index] : NULL;
    if (!handle || !handle->used || !type || !type->cls || !resource_type_same(state->resources[handle->type], type) || handle->rep >= state->objects.used)
        return NULL;
    HostObject *entry = &state->objects.entries[handle->rep];
    return entry->type == type ? entry : NULL;
}

int64_t *plain_row(const CanonFunction *function, uint32_t index, size_t words)
{
    const HostObject *entry = plain_object(function, function->signature->params->edges[0].node, index);
    const Py_buffer *plain = entry && entry->object ? entry->plain : NULL;
    return plain && (size_t)plain->len >= words * sizeof(int64_t) ? plain->buf : NULL;
}

bool plain_others_run(void) { return atomic_load_explicit(&tls_thread->activation, memory_order_relaxed)->thread_state != NULL; }

int plain_file(const int64_t *row, int64_t may)
{
    const int64_t word = row ? __atomic_load_n(&row[STREAM_FILE], __ATOMIC_RELAXED) : 0;
    return (word & may) == may && word >> MAY_BITS <= INT32_MAX ? (int)(word >> MAY_BITS) : -1;
}

/* ---- streams over regular files ---- */

static int64_t *row_of(const CanonFunction *function, uint32_t index) { return plain_row(function, index, STREAM_WORDS); }

static void advance(int64_t *row, ssize_t count)
{
    if (row[STREAM_OFFSET] >= 0)
        row[STREAM_OFFSET] += count; /* no file is longer than an offset may be: the system moved so many */
}

static ssize_t put(int fd, int64_t offset, const void *data, size_t size)
{
    const struct iovec part = {(void *)(uintptr_t)data, size};
    return offset >= 0 ? pwrite(fd, data, size, (off_t)offset) : offset == AT_END ? pwritev2(fd, &part, 1, 0, RWF_APPEND) : write(fd, data, size);
}

static ssize_t get(int fd, int64_t offset, void *data, size_t size)
{
    return offset >= 0 ? pread(fd, data, size, (off_t)offset) : offset == AT_OWN_OFFSET ? read(fd, data, size) : -1;
}

static bool plain_room(CanonFunction *function, FlatValue *values)
{
    Place result;
    if (plain_file(row_of(function, flat_u32(&values[0])), MAY_WRITE) < 0 || !plain_result(function, values, &result))
        return false;
    store(plain_side(function), plain_ok(function, result), 8, MOST_AT_ONCE);
    return true;
}

static bool plain_flush(CanonFunction *function, FlatValue *values)
{
    Place result;
    if (plain_file(row_of(function, flat_u32(&values[0])), MAY_WRITE) < 0 || !plain_result(function, values, &result))
        return false;
    (void)plain_ok(function, result);
    return true;
}

/* Stream, pointer, length, result. What a file did not take is left in `values`. */
static bool written(const CanonFunction *function, FlatValue *values, uint32_t most)
{
    int64_t *row = row_of(function, flat_u32(&values[0]));
    const int fd = plain_file(row, MAY_WRITE);
    Place result;
    if (fd < 0 || !plain_others_run() || flat_u32(&values[2]) > most || !within(flat_u32(&values[1]), flat_u32(&values[2]), plain_memory(function)) ||
        !plain_result(function, values, &result))
        return false;
    while (flat_u32(&values[2])) {
        const ssize_t count = put(fd, row[STREAM_OFFSET], bytes_at(plain_side(function), flat_u32(&values[1])), flat_u32(&values[2]));
        if (count <= 0)
            return false;
        advance(row, count);
        values[1].bits += (uint32_t)count;
        values[2].bits -= (uint32_t)count;
    }
    (void)plain_ok(function, result);
    return true;
}

static bool plain_write(CanonFunction *function, FlatValue *values) { return written(function, values, MOST_AT_ONCE); }
static bool plain_write_and_flush(CanonFunction *function, FlatValue *values) { return written(function, values, MOST_TO_FLUSH); }

/* A few bytes, which lie here until the guest has room for so many. */
static bool read_small(CanonFunction *function, const FlatValue *values, size_t size, Place result)
{
    uint8_t bytes[SMALL];
    int64_t *row = row_of(function, flat_u32(&values[0]));
    const ssize_t count = get(plain_file(row, MAY_READ), row[STREAM_OFFSET], bytes, size);
    if (count <= 0)
        return false;
    advance(row, count);
    const uint64_t at = plain_allocated(function, 1, (uint64_t)count);
    memcpy(bytes_at(plain_side(function), at), bytes, (size_t)count);
    plain_put_list(function, plain_ok(function, result), at, (uint64_t)count);
    return true;
}

/* How many bytes of `size` there are now; 0 or less: none, or one cannot tell. */
static int64_t left(int fd, int64_t offset, int64_t size)
{
    struct stat status;
    if (offset < 0)
        offset = lseek(fd, 0, SEEK_CUR);
    if (offset < 0 || fstat(fd, &status))
        return -1;
    const int64_t rest = (int64_t)status.st_size - offset; /* neither is negative */
    return rest < size ? rest : size;
}

/* Many, straight into the room that the guest gives for as many as there are. */
static bool read_large(CanonFunction *function, const FlatValue *values, int64_t size, Place result)
{
    int64_t *row = row_of(function, flat_u32(&values[0]));
    size = left(plain_file(row, MAY_READ), row[STREAM_OFFSET], size);
    if (size <= 0)
        return false;
    const uint64_t at = plain_allocated(function, 1, (uint64_t)size);
    row = row_of(function, flat_u32(&values[0])); /* a signal's handler may have closed it */
    const int fd = plain_file(row, MAY_READ);
    if (fd < 0 || !memory_lets_write(plain_side(function)->memory, at, (uint64_t)size))
        return false;
    const ssize_t count = get(fd, row[STREAM_OFFSET], bytes_at(plain_side(function), at), (size_t)size);
    if (count <= 0)
        return false;
    advance(row, count);
    plain_put_list(function, plain_ok(function, result), at, (uint64_t)count);
    return true;
}

/* Stream, size, result. */
static bool plain_read(CanonFunction *function, FlatValue *values)
{
    const uint64_t size = values[1].bits < MOST_AT_ONCE ? values[1].bits : MOST_AT_ONCE;
    Place result;
    if (!size || !plain_others_run() || plain_file(row_of(function, flat_u32(&values[0])), MAY_READ) < 0 || !plain_result(function, values, &result))
        return false;
    return size <= SMALL ? read_small(function, values, (size_t)size, result) : read_large(function, values, (int64_t)size, result);
}

/* ---- which functions ---- */

#define ROW(name, params, result) {#name, params, result, plain_##name},
static const struct {
    const char *name, *params, *result;
    PlainLoweredFunction function;
} rows[] = {VM_PLAIN_COMPONENT_CALLS(ROW)};

/* The types in letters, as host.py has them, from `to` on: where that ends, or NULL: there is no room before `end`. */
static char *describe(const Node *node, char *to, const char *end)
{
    static const char letters[NODE_KINDS] = {[NODE_U8] = 'c', [NODE_U32] = 'u', [NODE_U64] = 'U', [NODE_OWN] = 'o', [NODE_BORROW] = 'b', [NODE_LIST] = '[',
                                             [NODE_RECORD] = '(', [NODE_TUPLE] = '(', [NODE_RESULT] = '<', [NODE_VARIANT] = '{',
                                             [NODE_STRING] = 's', [NODE_BOOL] = 'B', [NODE_ENUM] = 'e', [NODE_FLAGS] = 'f', [NODE_OPTION] = '~'};
    if (to == end)
        return NULL;
    const char letter = node ? letters[node->kind] : '_';
    const char close = letter == '[' ? ']' : letter == '(' ? ')' : letter == '<' ? '>' : letter == '{' ? '}' : 0;
    *to++ = letter ? letter : '?';
    if (letter == '[' || letter == '~')
        to = describe(letter == '[' ? node->element : node->edges[1].node, to, end);
    for (uint32_t i = 0; close && letter != '[' && to && i < node->count; i++)
        to = describe(node->edges[i].node, to, end);
    if (!close || !to)
        return to;
    if (to == end)
        return NULL;
    *to++ = close;
    return to;
}

static bool has_types(const AbiSignature *signature, const char *params, const char *result)
{
    char text[MOST_TYPES + 1], *at = text, *const end = text + MOST_TYPES;
    for (uint32_t i = 0; at && i < signature->params->count; i++)
        at = describe(signature->params->edges[i].node, at, end);
    if (!at)
        return false;
    *at = 0;
    if (strcmp(text, params) != 0 || !(at = describe(signature->result, text, end)))
        return false;
    *at = 0;
    return strcmp(text, result) == 0;
}

static bool has_names(const AbiSignature *signature, PlainLoweredFunction function)
{
    return function == plain_stat ? plain_stat_names(signature) : function != plain_entry || plain_entry_names(signature);
}

bool plain_labels(const Node *node, const char *const *labels, uint32_t count)
{
    bool same = node->count == count;
    for (uint32_t i = 0; same && i < count; i++)
        same = node->edges[i].label && PyUnicode_CompareWithASCIIString(node->edges[i].label, labels[i]) == 0;
    return same;
}

int plain_lowered_set(CanonFunction *function)
{
    PyObject *of_wasi;
    const char *name = host_call_plain(function->callable, &of_wasi);
    const CanonOptions *options = &function->options;
    const bool wide_or_none = options->memory ? options->memory->is64 : function->signature->result && function->signature->result->flat > MAX_FLAT_RESULTS;
    if (!name || options->is_async || wide_or_none)
        return 0;
    size_t row = 0;
    while (row < sizeof rows / sizeof *rows && strcmp(rows[row].name, name) != 0)
        row++;
    if (row == sizeof rows / sizeof *rows || !has_types(function->signature, rows[row].params, rows[row].result) ||
        !has_names(function->signature, rows[row].function))
        return 0; /* of a newer protocol, or of other types than the provider's: Python does it */
    struct PlainLowered *plain = PyMem_Calloc(1, sizeof *plain);
    if (!plain) {
        PyErr_NoMemory();
        return -1;
    }
    plain->function = rows[row].function;
    plain->of_wasi = Py_XNewRef(of_wasi);
    function->plain = plain;
    return 0;
}

bool plain_lowered_call(CanonFunction *function, FlatValue *values) { return function->callable && function->plain->function(function, values); }

/* ---- tables ---- */

Py_buffer *plain_of(PyObject *object)
{
    PyObject *table = PyObject_GetAttrString(object, "plain");
    Py_buffer *found = table && table != Py_None ? PyMem_Malloc(sizeof *found) : NULL;
    const bool got = found && !PyObject_GetBuffer(table, found, PyBUF_WRITABLE);
    Py_XDECREF(table);
    if (got && (uintptr_t)found->buf % sizeof(int64_t) == 0)
        return found;
    PyErr_Clear(); /* it goes by Python then */
    if (got)
        PyBuffer_Release(found);
    PyMem_Free(found);
    return NULL;
}

void plain_release(Py_buffer *plain)
{
    if (!plain)
        return;
    PyBuffer_Release(plain);
    PyMem_Free(plain);
}

void plain_lowered_refresh(CanonFunction *function)
{
    const struct PlainLowered *plain = function->plain;
    PyObject *wasi = function->state->store->wasi;
    if (!plain->of_wasi || !wasi || plain->wasi == wasi)
        return;
    Py_INCREF(wasi);
    PyObject *guest = PyObject_GetAttr(wasi, plain->of_wasi);
    Py_buffer *table = guest ? plain_of(guest) : NULL;
    PyErr_Clear();
    Py_XDECREF(guest);
    struct PlainLowered *now = function->plain; /* NULL: the store was closed meanwhile */
    PyObject *old_wasi = wasi;
    Py_buffer *old_table = table;
    if (now) {
        old_wasi = now->wasi;
        old_table = now->table;
        now->wasi = wasi;
        now->table = table;
    }
    plain_release(old_table);
    Py_XDECREF(old_wasi);
}

int plain_lowered_traverse(const CanonFunction *function, visitproc visit, void *arg)
{
    if (function->plain)
        Py_VISIT(function->plain->wasi);
    return 0;
}

void plain_lowered_free(CanonFunction *function)
{
    struct PlainLowered *plain = function->plain;
    function->plain = NULL;
    if (!plain)
        return;
    plain_release(plain->table);
    Py_XDECREF(plain->of_wasi);
    Py_XDECREF(plain->wasi);
    PyMem_Free(plain);
}
