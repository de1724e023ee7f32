/* code_linux.c: code memory, never writable and executable at once, and the registry that finds the code a pc lies in. */
#define _GNU_SOURCE
#include "code.h"
#include "module.h"
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The registry of mappings: an immutable sorted array, replaced as a whole. Readers are signal handlers too, so they take no lock: they count themselves in
 * `readers`, and a writer frees the old array once it has seen that count at zero after publishing the new one. */
typedef struct Range {
    uintptr_t low, high;
    Code *code; /* borrowed: a Code unregisters before it goes */
} Range;

typedef struct Ranges {
    size_t count;
    Range rows[];
} Ranges;

static Ranges *_Atomic registry;
static atomic_uint readers;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;

static void publish(Ranges *ranges)
{
    Ranges *old = atomic_exchange(&registry, ranges);
    while (atomic_load(&readers))
        sched_yield();
    free(old);
}

static int registry_insert(Code *code)
{
    Range row = {(uintptr_t)code->map, (uintptr_t)code->map + code->map_size, code};
    pthread_mutex_lock(&registry_lock);
    Ranges *old = atomic_load(&registry);
    size_t count = old ? old->count : 0, i = 0;
    Ranges *made = malloc(sizeof *made + sizeof(Range) * (count + 1));
    if (!made) {
        pthread_mutex_unlock(&registry_lock);
        PyErr_NoMemory();
        return -1;
    }
    for (; i < count && old->rows[i].low < row.low; i++)
        made->rows[i] = old->rows[i];
    made->rows[i] = row;
    for (; i < count; i++)
        made->rows[i + 1] = old->rows[i];
    made->count = count + 1;
    publish(made);
    pthread_mutex_unlock(&registry_lock);
    code->registered = true;
    return 0;
}

_Atomic uint64_t code_gone;

static void registry_remove(Code *code)
{
    atomic_fetch_add(&code_gone, 1);
    pthread_mutex_lock(&registry_lock);
    Ranges *old = atomic_load(&registry);
    /* In place of a smaller copy when memory is short: an empty range, which no pc lies in. */
    Ranges *made = old && old->count > 1 ? malloc(sizeof *made + sizeof(Range) * (old->count - 1)) : NULL;
    if (made) {
        size_t n = 0;
        for (size_t i = 0; i < old->count; i++)
            if (old->rows[i].code != code)
                made->rows[n++] = old->rows[i];
        made->count = n;
        publish(made);
    } else if (old && old->count > 1) {
        for (size_t i = 0; i < old->count; i++)
            if (old->rows[i].code == code)
                old->rows[i].high = old->rows[i].low;
    } else {
        publish(NULL);
    }
    pthread_mutex_unlock(&registry_lock);
    code->registered = false;
}

/* The Code that maps an address. */
static Code *find_mapping(uintptr_t address)
{
    Code *found = NULL;
    atomic_fetch_add(&readers, 1);
    const Ranges *ranges = atomic_load(&registry);
    size_t low = 0, high = ranges ? ranges->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->rows[middle].high <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (ranges && low < ranges->count && address >= ranges->rows[low].low)
        found = ranges->rows[low].code;
    atomic_fetch_sub(&readers, 1);
    return found;
}

Code *code_find(uintptr_t pc)
{
    Code *code = find_mapping(pc);
    return code && pc - (uintptr_t)code->text < code->text_size ? code : NULL;
}

/* The file of a mapping was cut short: whoever reads there, be it memcpy, marshal or this core, goes on with zeros, and looks at `cut` when done. */
bool code_read_zeros(uintptr_t address)
{
    Code *code = find_mapping(address);
    if (!code)
        return false;
    atomic_store(&code->cut, true);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return mmap((void *)(address & ~(page - 1)), page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

int code_cut_error(void)
{
    PyErr_SetString(G.artifact_error, "the artifact's file was cut short while it was in use; rename a new file over an artifact, never write into it");
    return -1;
}

int code_check(const Code *code) { return LIKELY(!code_is_cut(code)) ? 0 : code_cut_error(); }

/* fork: the child must not inherit a lock or a reader count of threads that it does not have */
static void fork_prepare(void) { pthread_mutex_lock(&registry_lock); }
static void fork_parent(void) { pthread_mutex_unlock(&registry_lock); }
static void fork_child(void)
{
    pthread_mutex_init(&registry_lock, NULL);
    atomic_store(&readers, 0);
}

int code_init(void) { return pthread_atfork(fork_prepare, fork_parent, fork_child); }

/* Last row of (key, value) rows whose key is <= offset; -1 when there is none. */
int64_t code_last_row(const uint32_t *rows, size_t count, uint32_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[2 * middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return (int64_t)low - 1;
}

bool code_trap_at(const Code *code, uint32_t offset, uint32_t *trap)
{
    int64_t row = code_last_row(code->traps, code->trap_count, offset);
    if (row < 0 || code->traps[2 * row] != offset)
        return false;
    *trap = code->traps[2 * row + 1];
    return true;
}

uint32_t code_wasm_offset(const Code *code, uint32_t offset)
{
    int64_t row = code_last_row(code->addresses, code->address_count, offset);
    return row < 0 ? 0xFFFFFFFFu : code->addresses[2 * row + 1];
}

static int by_offset(const void *a, const void *b, void *functions)
{
    uint32_t x = ((const uint32_t *)functions)[2 * (size_t) * (const uint32_t *)a];
    uint32_t y = ((const uint32_t *)functions)[2 * (size_t) * (const uint32_t *)b];
    return x < y ? -1 : x > y;
}

int64_t code_function_at(Code *code, uint32_t offset)
{
    if (!code->function_count)
        return -1;
    if (!code->sorted) {
        code->sorted = PyMem_RawMalloc(sizeof *code->sorted * code->function_count);
        if (!code->sorted)
            return -1;
        for (size_t i = 0; i < code->function_count; i++)
            code->sorted[i] = (uint32_t)i;
        qsort_r(code->sorted, code->function_count, sizeof *code->sorted, by_offset, (void *)code->functions);
    }
    size_t low = 0, high = code->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code->functions[2 * (size_t)code->sorted[middle]] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return -1;
    uint32_t function = code->sorted[low - 1];
    return offset - code->functions[2 * (size_t)function] < code->functions[2 * (size_t)function + 1] ? (int64_t)function : -1;
}

static Code *code_new(void)
{
    return (Code *)CodeType.tp_alloc(&CodeType, 0);
}


/* Copy machine code into a mapping of its own: written while it is writable, then made executable for good. Not registered yet. */
Code *code_copy(const uint8_t *text, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (size + page - 1) & ~(page - 1);
    if (!mapped)
        mapped = page;
    if (mapped < size) {
        PyErr_NoMemory();
        return NULL;
    }
    Code *code = code_new();
    if (!code)
        return NULL;
    void *map = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        PyErr_Format(G.exhausted_error, "cannot map %zu bytes for machine code: %s", mapped, strerror(errno));
        Py_DECREF(code);
        return NULL;
    }
    code->map = map;
    code->map_size = mapped;
    memcpy(map, text, size);
    if (mprotect(map, mapped, PROT_READ | PROT_EXEC)) {
        PyErr_Format(G.exhausted_error, "cannot make machine code executable: %s", strerror(errno));
        Py_DECREF(code);
        return NULL;
    }
    __builtin___clear_cache((char *)map, (char *)map + size);
    code_published();
    return code;
}

Code *code_from_bytes(const uint8_t *text, size_t size)
{
    Code *code = code_copy(text, size);
    if (code && code_register(code, 0, size))
        Py_CLEAR(code);
    return code;
}

/* Map a whole artifact file, readable and executable; OSError when that fails. */
/* -1 with OSError; `what` is for the message. */
static PyObject *refuse_file(const char *why, PyObject *what)
{
    PyObject *error = PyObject_CallFunction(PyExc_OSError, "isO", EINVAL, why, what);
    if (error)
        PyErr_SetObject(PyExc_OSError, error);
    Py_XDECREF(error);
    return NULL;
}

enum { IMAGE_ALIGN = 4096 }; /* of an artifact in a component's file, on every machine */

/* `size` bytes of the file from `offset` on; < 0: all that follow. On machines of larger pages what lies in front of them in their page is mapped as well. */
static PyObject *map_descriptor(int fd, PyObject *what, Py_ssize_t offset, Py_ssize_t size)
{
    struct stat status;
    if (fstat(fd, &status))
        return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, what);
    if (!S_ISREG(status.st_mode))
        return refuse_file(S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file", what);
    if (status.st_size <= 0)
        return refuse_file("it is empty", what);
    const Py_ssize_t length = size < 0 ? status.st_size - offset : size;
    if (offset < 0 || offset % IMAGE_ALIGN || length <= 0 || !within((uint64_t)offset, (uint64_t)length, (uint64_t)status.st_size))
        return refuse_file("it has no such part", what);
    Code *code = signals_install() ? NULL : code_new(); /* a file cut short is a signal */
    if (!code)
        return NULL;
    const Py_ssize_t before = offset % sysconf(_SC_PAGESIZE);
    void *map = mmap(NULL, (size_t)(length + before), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset - before);
    if (map == MAP_FAILED) {
        Py_DECREF(code);
        return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, what);
    }
    code->map = (uint8_t *)map + before;
    code->map_before = (size_t)before;
    code->map_size = (size_t)length;
    code_published();
    if (registry_insert(code))
        Py_CLEAR(code);
    return (PyObject *)code;
}

/* `path`, or a file descriptor that stays the caller's. */
PyObject *code_map_file(PyObject *path, Py_ssize_t offset, Py_ssize_t size)
{
    PyObject *encoded = NULL;
    if (PyLong_Check(path)) {
        long fd = PyLong_AsLong(path);
        return fd == -1 && PyErr_Occurred() ? NULL : map_descriptor(fd >= 0 && fd <= INT_MAX ? (int)fd : -1, path, offset, size);
    }
    if (!PyUnicode_FSConverter(path, &encoded))
        return NULL;
    int fd = open(PyBytes_AS_STRING(encoded), O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for its writer */
    Py_DECREF(encoded);
    if (fd < 0)
        return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    PyObject *code = map_descriptor(fd, path, offset, size);
    close(fd);
    return code;
}

int code_register(Code *code, size_t text_offset, size_t text_size)
{
    if (text_offset > code->map_size || text_size > code->map_size - text_offset || text_size > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the text section lies outside the mapping");
        return -1;
    }
    if (code->text)
        return 0; /* loaded by two at once, or again after a failure: the offsets come from its file */
    code->text = code->map + text_offset;
    code->text_size = text_size;
    return code->registered ? 0 : registry_insert(code);
}

static void code_dealloc(Code *self)
{
    if (self->registered)
        registry_remove(self);
    if (self->map)
        munmap(self->map - self->map_before, self->map_size + self->map_before);
    PyMem_RawFree(self->sorted);
    Py_XDECREF(self->tables);
    Py_XDECREF(self->names);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static int code_getbuffer(Code *self, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, (PyObject *)self, self->map, (Py_ssize_t)self->map_size, 1, flags);
}

static PyObject *code_repr(Code *self)
{
    return PyUnicode_FromFormat("<Code at %p, %zu bytes>", (void *)self->text, self->text_size);
}

static PyObject *code_check_method(Code *self, PyObject *Py_UNUSED(ignored))
{
    if (code_check(self))
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef code_methods[] = {
    {"check", (PyCFunction)code_check_method, METH_NOARGS,
     "check($self, /)\n--\n\nArtifactError if the file was cut short: what was read of it since may be zeros. Asked after reading."},
    {NULL, NULL, 0, NULL},
};
static PyBufferProcs code_buffer = {(getbufferproc)code_getbuffer, NULL};
PyTypeObject CodeType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.Code",
    .tp_doc = PyDoc_STR("A mapping with machine code; a read-only buffer of all its bytes."),
    .tp_basicsize = sizeof(Code),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)code_dealloc,
    .tp_repr = (reprfunc)code_repr,
    .tp_as_buffer = &code_buffer,
    .tp_methods = code_methods,
};
