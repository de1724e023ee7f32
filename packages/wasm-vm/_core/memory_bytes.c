/* memory_bytes.c: a memory as bytes: the buffer protocol, indices and slices, for Memory and SharedMemory alike. */
#include "memory.h"
#include "objects.h"
#include "runtime.h"


static uint64_t length(const MemoryObject *self) { return __atomic_load_n(&self->memory->definition.length, __ATOMIC_RELAXED); }

static int memory_getbuffer(MemoryObject *self, Py_buffer *view, int flags)
{
    if (memory_will_share(self->memory)) {
        view->obj = NULL;
        return -1;
    }
    return PyBuffer_FillInfo(view, (PyObject *)self, self->memory->definition.base, (Py_ssize_t)length(self), 0, flags);
}

static Py_ssize_t memory_len(MemoryObject *self) { return (Py_ssize_t)length(self); }

/* -1 with IndexError */
static Py_ssize_t index_of(MemoryObject *self, PyObject *key)
{
    Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError), size = (Py_ssize_t)length(self);
    if (i == -1 && PyErr_Occurred())
        return -1;
    if (i < 0)
        i += size;
    if (i >= 0 && i < size)
        return i;
    PyErr_Format(PyExc_IndexError, "index out of range: %R in a memory of %zd bytes", key, size);
    return -1;
}

static int slice_of(MemoryObject *self, PyObject *key, Py_ssize_t *start, Py_ssize_t *count)
{
    Py_ssize_t stop, step;
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "memory indices must be integers or slices, not %.100s", Py_TYPE(key)->tp_name);
        return -1;
    }
    if (PySlice_Unpack(key, start, &stop, &step))
        return -1;
    *count = PySlice_AdjustIndices((Py_ssize_t)length(self), start, &stop, step);
    if (step != 1) {
        PyErr_SetString(PyExc_ValueError, "memory slices have step 1; use memoryview(memory) for others");
        return -1;
    }
    return 0;
}

static PyObject *memory_item(MemoryObject *self, PyObject *key)
{
    if (PyIndex_Check(key)) {
        Py_ssize_t i = index_of(self, key);
        return i < 0 ? NULL : PyLong_FromLong(self->memory->definition.base[i]);
    }
    Py_ssize_t start, count;
    if (slice_of(self, key, &start, &count))
        return NULL;
    return PyBytes_FromStringAndSize((const char *)self->memory->definition.base + start, count);
}

static int assign_slice(MemoryObject *self, PyObject *key, PyObject *value)
{
    Py_buffer view;
    Py_ssize_t start, count;
    if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE))
        return -1;
    int result = slice_of(self, key, &start, &count);
    if (!result && view.len != count) {
        PyErr_Format(PyExc_ValueError, "a memory slice of %zd bytes cannot take %zd bytes", count, view.len);
        result = -1;
    }
    if (!result && !(result = memory_will_write(self->memory, (uint64_t)start, (uint64_t)count)))
        memmove(self->memory->definition.base + start, view.buf, (size_t)count);
    PyBuffer_Release(&view);
    return result;
}

static int memory_assign(MemoryObject *self, PyObject *key, PyObject *value)
{
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "memory cannot be deleted");
        return -1;
    }
    if (!PyIndex_Check(key))
        return assign_slice(self, key, value);
    long byte = PyLong_AsLong(value);
    if (byte == -1 && PyErr_Occurred())
        return -1;
    if (byte < 0 || byte > 255) {
        PyErr_Format(PyExc_ValueError, "byte must be in range(0, 256), not %ld", byte);
        return -1;
    }
    Py_ssize_t i = index_of(self, key);
    if (i < 0 || memory_will_write(self->memory, (uint64_t)i, 1))
        return -1;
    self->memory->definition.base[i] = (uint8_t)byte;
    return 0;
}

PyBufferProcs memory_buffer = {(getbufferproc)memory_getbuffer, NULL};
PyMappingMethods memory_mapping = {(lenfunc)memory_len, (binaryfunc)memory_item, (objobjargproc)memory_assign};
