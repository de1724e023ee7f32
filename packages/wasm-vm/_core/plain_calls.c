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

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BUFFERS = 16, MOST_BYTES = 1 << 20, MOST_RANDOM = 256, MAY_BITS = 8, CLOCK_WORDS = 2, REGULAR = 4, PERM_ALL = 15 };

/* A call that a guest makes, and what it may use. */
typedef struct PlainCall {
    int64_t *table; /* the provider's */
    size_t words;
    Memory *memory;    /* borrowed: the instance's */
    uint64_t length;   /* of the memory, in bytes; it only grows */
    bool others_run;   /* the GIL is free: a slow disk stops this thread alone */
    int32_t *code;     /* what is returned, if not 0 */
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
    if (number >= call->words || number >= MOST_FILES)
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

/* ---- opening files: the provider learns of it when it is next asked for anything ---- */

/* The lowest number that no file has; MOST_FILES: there may be no more. */
static uint32_t free_number(const int64_t *table)
{
    uint32_t number = 0;
    while (number < MOST_FILES && table[FILE_STATE + number] & STATE_HELD)
        number++;
    bool hole = false; /* files beyond are the provider's, who then has those before them */
    for (uint32_t beyond = number + 1; beyond < MOST_FILES && !hole; beyond++)
        hole = table[FILE_STATE + beyond] & STATE_HELD;
    return hole || number + table[FILES_LISTINGS] < table[FILES_LIMIT] ? number : MOST_FILES;
}

/* Whether the directory lets files be opened so. */
static bool lets_open(const int64_t *table, uint32_t directory, uint32_t opening, int64_t asked)
{
    enum { CREATE = 1, TRUNCATE = 8 };
    const int64_t perms = table[FILE_STATE + directory] >> STATE_PERMS, inherited = table[FILE_INHERITED + directory];
    const bool changes = opening & (CREATE | TRUNCATE);
    const int64_t right = RIGHT_OPEN | (opening & CREATE ? RIGHT_CREATE_FILE : 0) | (opening & TRUNCATE ? RIGHT_SET_SIZE : 0);
    const int64_t perm = PERM_LIST | (changes ? PERM_CHANGE : 0) | (asked & MAY_WRITE || opening & TRUNCATE ? PERM_WRITE : 0) | (asked & MAY_READ ? PERM_READ : 0);
    return !(right & ~table[FILE_RIGHTS + directory]) && !(asked & ~inherited) && !(perm & ~perms);
}

/* WASI's open flags 0 to 15, and the only flag of a descriptor, as open(2)'s. */
static int open_flags(uint32_t opening, int64_t asked, uint32_t append)
{
    static const int as[16] = {[1] = O_CREAT, [4] = O_EXCL, [5] = O_CREAT | O_EXCL, [8] = O_TRUNC, [9] = O_CREAT | O_TRUNC, [12] = O_EXCL | O_TRUNC, [13] = O_CREAT | O_EXCL | O_TRUNC};
    return as[opening] | (asked & MAY_WRITE ? asked & MAY_READ ? O_RDWR : O_WRONLY : O_RDONLY) | (append ? O_APPEND : 0);
}

/* Directory, whether a symlink is followed, path, its size, flags, rights, rights to inherit, flags of the descriptor, result. */
static bool plain_open(const PlainCall *call, const VMValue *args)
{
    enum { APPEND = 1, EXCLUSIVE = 4, FOR_DIRECTORIES = 2, ALL = 15, MFILE = 33 };
    const uint32_t directory = args[0].u32, at = args[2].u32, size = args[3].u32, opening = args[4].u32, append = args[7].u32;
    const int64_t asked = args[5].i64 & (MAY_READ | MAY_WRITE);
    int64_t *table = call->table;
    const int folder = call->words == FILES_WORDS ? file(call, directory, MAY_LOOK) : -1;
    if (folder < 0 || !call->others_run || args[1].u32 > 1 || opening > ALL || opening & FOR_DIRECTORIES || append & ~(uint32_t)APPEND ||
        (opening & EXCLUSIVE && !(opening & 1)) || !within(at, size, call->length) || !lets_write(call, args[8].u32, 4) || !lets_open(table, directory, opening, asked))
        return false;
    const uint32_t number = free_number(table);
    const int fd = number < MOST_FILES ? file_beneath(folder, call->memory->definition.base + at, size, args[1].u32, open_flags(opening, asked, append)) : -1;
    if (fd < 0)
        return false;
    if (fd >= table[FILES_CEILING]) {
        (void)close(fd);
        *call->code = MFILE;
        return opening & 1; /* then not to be tried again: the file may be there since */
    }
    const int64_t lost = (asked & MAY_READ ? 0 : table[FILES_UNREAD]) | (asked & MAY_WRITE ? 0 : table[FILES_UNWRITTEN]);
    const int64_t rights = table[FILE_INHERITED + directory] & table[FILES_RIGHTS] & ~lost, perms = table[FILE_STATE + directory] >> STATE_PERMS & PERM_ALL;
    table[FILE_RIGHTS + number] = rights;
    table[FILE_INHERITED + number] = 0;
    table[FILE_STATE + number] = REGULAR | (int64_t)append << STATE_FLAGS | perms << STATE_PERMS | STATE_HELD | STATE_NEW;
    table[number] = (int64_t)fd << MAY_BITS | (rights & (MAY_READ | MAY_SEEK | MAY_TELL | MAY_WRITE));
    table[FILES_NEW]++;
    put32(call, args[8].u32, number);
    return true;
}

/* A file of which the provider does not know yet. */
static bool plain_close(const PlainCall *call, const VMValue *args)
{
    enum { DQUOT = 19, IO = 29, NOSPC = 51 };
    const uint32_t number = args[0].u32;
    int64_t *table = call->table;
    if (call->words != FILES_WORDS || number >= MOST_FILES || !(table[FILE_STATE + number] & STATE_NEW) || !call->others_run)
        return false;
    const int fd = (int)(table[number] >> MAY_BITS);
    table[number] = table[FILE_STATE + number] = 0;
    table[FILES_NEW]--;
    if (close(fd) && errno != EINTR)
        *call->code = errno == EDQUOT ? DQUOT : errno == ENOSPC ? NOSPC : IO; /* it is closed nonetheless: a disk says late that it has not taken what was written */
    return true;
}

static bool plain_fdstat(const PlainCall *call, const VMValue *args)
{
    const uint32_t number = args[0].u32, out = args[1].u32;
    const int64_t state = call->words == FILES_WORDS && number < MOST_FILES ? call->table[FILE_STATE + number] : 0;
    if (!(state & STATE_HELD) || !lets_write(call, out, 24))
        return false;
    put64(call, out, (uint64_t)(state & 0xFF) | (uint64_t)(state >> STATE_FLAGS & 0xFF) << 16);
    put64(call, out + 8, (uint64_t)call->table[FILE_RIGHTS + number]);
    put64(call, out + 16, (uint64_t)call->table[FILE_INHERITED + number]);
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

static bool done_plainly(const HostContext *context, const VMValue *args, int32_t *code)
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
                            .others_run = activation->thread_state != NULL,
                            .code = code};
    return host->plain->function(&call, args);
}

static uint64_t plain_call(VMHostContext *vm_context, VMValue *values)
{
    int32_t code = 0;
    if (UNLIKELY(!done_plainly((const HostContext *)(const void *)vm_context, values, &code)))
        return host_call(vm_context, values);
    values[0].i32 = code;
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

static int take_table(struct Plain *plain, PyObject *table, bool changed)
{
    if (PyObject_GetBuffer(table, &plain->table, changed ? PyBUF_WRITABLE : PyBUF_SIMPLE))
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
    if (take_table(made, table, made->function == plain_open || made->function == plain_close) || host->plain) { /* the second: what ran in taking it came here first */
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
