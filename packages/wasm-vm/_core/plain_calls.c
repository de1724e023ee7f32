/* plain_calls.c: the usual case of a host function that is one quick system call (PLAIN_CALLS of wasm_environ.host): made here, without Python and
 * without taking the GIL back.
 *
 * Each returns whether it did everything, having checked everything first; what it did not do, Python does anew, errors included. It runs as a libcall
 * does: the thread stays in wasm, a signal waits for its end. So nothing here may block: files are regular ones, and what moves is a step.
 */
#define _GNU_SOURCE
#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "beneath_linux.h"
#include "plan.h"
#include "runtime.h"

#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BUFFERS = 16, MOST_BYTES = 1 << 20, MOST_RANDOM = 256, MAY_BITS = 8, CLOCK_WORDS = 2 };

/* A call that a guest makes, and what it may use. */
typedef struct PlainCall {
    const int64_t *table; /* the provider's */
    size_t words;
    Memory *memory;    /* borrowed: the instance's */
    uint64_t length;   /* of the memory, in bytes; it only grows */
    bool others_run;   /* the GIL is free: a slow disk stops this thread alone */
} PlainCall;

typedef bool (*PlainFunction)(const PlainCall *call, const VMValue *args);

struct Plain {
    PlainFunction function;
    Py_buffer table; /* held */
};

/* ---- the guest's memory ---- */

static bool lets_write(const PlainCall *call, uint32_t at, uint64_t size)
{
    return within(at, size, call->length) && memory_lets_write(call->memory, at, size);
}

static void put32(const PlainCall *call, uint32_t at, uint32_t value)
{
    value = wasm_order32(value);
    memcpy(call->memory->definition.base + at, &value, sizeof value);
}

static void put64(const PlainCall *call, uint32_t at, uint64_t value)
{
    value = wasm_order64(value);
    memcpy(call->memory->definition.base + at, &value, sizeof value);
}

static uint32_t get32(const PlainCall *call, uint64_t at)
{
    uint32_t value;
    memcpy(&value, call->memory->definition.base + at, sizeof value);
    return wasm_order32(value);
}

/* The buffers that are not empty; how many, or 0: none, too many, too large or out of bounds. */
static int buffers(const PlainCall *call, uint32_t at, uint32_t count, bool writing_memory, struct iovec *found)
{
    uint64_t total = 0;
    int used = 0;
    if (count > MOST_BUFFERS || !within(at, 8 * (uint64_t)count, call->length))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = get32(call, at + 8 * (uint64_t)i), size = get32(call, at + 8 * (uint64_t)i + 4); /* once: shared memory may change */
        total += size;
        if (total > MOST_BYTES || !within(start, size, call->length) || (writing_memory && !memory_lets_write(call->memory, start, size)))
            return 0;
        if (size)
            found[used++] = (struct iovec){call->memory->definition.base + start, size};
    }
    return used;
}

/* ---- files ---- */

/* The system's descriptor of the guest's, if it is a regular file with which this may be done; else -1. */
static int file(const PlainCall *call, uint32_t number, int64_t may)
{
    if (number >= call->words)
        return -1;
    int64_t row = __atomic_load_n(&call->table[number], __ATOMIC_RELAXED);
    return (row & may) == may && row >> MAY_BITS <= INT32_MAX ? (int)(row >> MAY_BITS) : -1;
}

static bool moved(const PlainCall *call, uint32_t out, ssize_t count)
{
    if (count < 0)
        return false;
    put32(call, out, (uint32_t)count);
    return true;
}

static bool plain_read(const PlainCall *call, const VMValue *args)
{
    struct iovec parts[MOST_BUFFERS];
    int fd = file(call, args[0].u32, MAY_READ);
    int count = fd >= 0 && call->others_run && lets_write(call, args[3].u32, 4) ? buffers(call, args[1].u32, args[2].u32, true, parts) : 0;
    return count && moved(call, args[3].u32, readv(fd, parts, count));
}

static bool plain_write(const PlainCall *call, const VMValue *args)
{
    struct iovec parts[MOST_BUFFERS];
    int fd = file(call, args[0].u32, MAY_WRITE);
    int count = fd >= 0 && call->others_run && lets_write(call, args[3].u32, 4) ? buffers(call, args[1].u32, args[2].u32, false, parts) : 0;
    return count && moved(call, args[3].u32, writev(fd, parts, count));
}

static bool plain_pread(const PlainCall *call, const VMValue *args)
{
    struct iovec parts[MOST_BUFFERS];
    int fd = file(call, args[0].u32, MAY_READ | MAY_SEEK);
    int count = fd >= 0 && call->others_run && lets_write(call, args[4].u32, 4) ? buffers(call, args[1].u32, args[2].u32, true, parts) : 0;
    return count && args[3].i64 >= 0 && moved(call, args[4].u32, preadv(fd, parts, count, (off_t)args[3].i64));
}

static bool plain_pwrite(const PlainCall *call, const VMValue *args)
{
    struct iovec parts[MOST_BUFFERS];
    int fd = file(call, args[0].u32, MAY_WRITE | MAY_SEEK);
    int count = fd >= 0 && call->others_run && lets_write(call, args[4].u32, 4) ? buffers(call, args[1].u32, args[2].u32, false, parts) : 0;
    return count && args[3].i64 >= 0 && moved(call, args[4].u32, pwritev(fd, parts, count, (off_t)args[3].i64));
}

static bool sought(const PlainCall *call, int fd, int64_t offset, uint32_t whence, uint32_t out)
{
    if (fd < 0 || whence > SEEK_END || !lets_write(call, out, 8))
        return false;
    off_t at = lseek(fd, (off_t)offset, (int)whence);
    if (at < 0)
        return false;
    put64(call, out, (uint64_t)at);
    return true;
}

static bool plain_seek(const PlainCall *call, const VMValue *args)
{
    bool only_told = args[1].i64 == 0 && args[2].u32 == SEEK_CUR;
    return sought(call, file(call, args[0].u32, only_told ? MAY_TELL : MAY_SEEK), args[1].i64, args[2].u32, args[3].u32);
}

static bool plain_tell(const PlainCall *call, const VMValue *args)
{
    return sought(call, file(call, args[0].u32, MAY_TELL), 0, SEEK_CUR, args[1].u32);
}

/* Directory, whether a symlink is followed, path, result: 64 bytes of dev, ino, type, nlink, size, atim, mtim, ctim. */
static bool plain_stat(const PlainCall *call, const VMValue *args)
{
    const int fd = file(call, args[0].u32, MAY_LOOK);
    const uint32_t follow = args[1].u32, at = args[2].u32, size = args[3].u32, out = args[4].u32;
    struct stat found;
    uint64_t times[3];
    if (fd < 0 || !call->others_run || follow > 1 || !within(at, size, call->length) || !lets_write(call, out, 64) ||
        !status_beneath(fd, call->memory->definition.base + at, size, follow, &found) || !status_times(&found, times))
        return false;
    const uint64_t fields[] = {found.st_dev, found.st_ino, file_type(&found), found.st_nlink, (uint64_t)found.st_size, times[0], times[1], times[2]};
    for (uint32_t i = 0; i < 8; i++)
        put64(call, out + 8 * i, fields[i]);
    return true;
}

/* ---- clocks and random bytes ---- */

static bool plain_clock(const PlainCall *call, const VMValue *args)
{
    const uint32_t clock = args[0].u32, out = args[2].u32;
    struct timespec now;
    if (clock >= call->words / CLOCK_WORDS || !lets_write(call, out, 8) || clock_gettime((clockid_t)call->table[CLOCK_WORDS * clock], &now))
        return false;
    put64(call, out, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - (uint64_t)call->table[CLOCK_WORDS * clock + 1]);
    return true;
}

/* So many bytes come at once, or none do. */
static bool plain_random(const PlainCall *call, const VMValue *args)
{
    const uint32_t at = args[0].u32, size = args[1].u32;
    return size <= MOST_RANDOM && lets_write(call, at, size) && getrandom(call->memory->definition.base + at, size, GRND_NONBLOCK) == (ssize_t)size;
}

/* ---- from a host thunk ---- */

static bool done_plainly(const HostContext *context, const VMValue *args)
{
    const Instance *instance = context->caller;
    const HostFunc *host = context->function;
    if (!instance || instance->module->plan.default_memory < 0 || !host->callable) /* called through a reference, or the store was cleared */
        return false;
    const Activation *activation = atomic_load_explicit(&tls_thread->activation, memory_order_relaxed);
    Memory *memory = instance->memories[instance->module->plan.default_memory];
    const PlainCall call = {.table = host->plain->table.buf,
                            .words = (size_t)host->plain->table.len / sizeof(int64_t),
                            .memory = memory,
                            .length = __atomic_load_n(&memory->definition.length, __ATOMIC_RELAXED),
                            .others_run = activation->thread_state != NULL};
    return host->plain->function(&call, args);
}

static uint64_t plain_call(VMHostContext *vm_context, VMValue *values)
{
    if (UNLIKELY(!done_plainly((const HostContext *)(const void *)vm_context, values)))
        return host_call(vm_context, values);
    values[0].i32 = 0;
    poll_interrupt();
    return 0;
}

/* ---- from Python ---- */

#define ROW(name, params) {#name, params, plain_##name},
static const struct {
    const char *name, *params;
    PlainFunction function;
} rows[] = {VM_PLAIN_CALLS(ROW)};

static bool has_params(const Signature *signature, const char *letters)
{
    bool same = signature->nparams == strlen(letters) && signature->nresults == 1 && signature->types[signature->nparams].kind == KIND_I32;
    for (uint32_t i = 0; same && i < signature->nparams; i++)
        same = signature->types[i].kind == (letters[i] == 'i' ? KIND_I32 : KIND_I64);
    return same;
}

static int take_table(struct Plain *plain, PyObject *table)
{
    if (PyObject_GetBuffer(table, &plain->table, PyBUF_SIMPLE))
        return -1;
    if ((uintptr_t)plain->table.buf % sizeof(int64_t) == 0)
        return 0;
    PyErr_SetString(PyExc_ValueError, "the table of a plain call: expected 64-bit integers, aligned");
    return -1;
}

int plain_set(HostFunc *host, PyObject *plain)
{
    const char *name;
    PyObject *table;
    if (!PyTuple_Check(plain)) {
        PyErr_Format(PyExc_TypeError, "plain: expected a tuple of a name and a table, not %.100s", Py_TYPE(plain)->tp_name);
        return -1;
    }
    if (!PyArg_ParseTuple(plain, "sO:plain", &name, &table))
        return -1;
    size_t row = 0;
    while (row < sizeof rows / sizeof *rows && strcmp(rows[row].name, name) != 0)
        row++;
    if (row == sizeof rows / sizeof *rows)
        return 0; /* of a newer protocol: Python does it */
    if (!has_params(host->signature, rows[row].params)) {
        PyErr_Format(PyExc_TypeError, "a plain call %s has parameters %s and an i32 as its result", name, rows[row].params);
        return -1;
    }
    struct Plain *made = PyMem_Calloc(1, sizeof *made);
    if (!made) {
        PyErr_NoMemory();
        return -1;
    }
    made->function = rows[row].function;
    if (take_table(made, table) || host->plain) { /* the second: what ran in taking it came here first */
        plain_free(made);
        return PyErr_Occurred() ? -1 : 0;
    }
    host->plain = made;
    host->call = plain_call;
    host_context_init(host->funcref.context, host, NULL);
    return 0;
}

void plain_free(struct Plain *plain)
{
    if (!plain)
        return;
    PyBuffer_Release(&plain->table);
    PyMem_Free(plain);
}
