/* store_limits.c: what bounds the guests of a store: fuel, epoch deadline, timeout, the limits on what they may use. With the GIL. */
#include "gc.h"
#include "module.h"
#include "runtime.h"
#include "store.h"
#include "store_limits.h"

static int need_fuel(Store *self)
{
    if (store_check_open(self))
        return -1;
    if (self->engine->consume_fuel)
        return 0;
    PyErr_SetString(G.wasm_error, "fuel is not configured in this store");
    return -1;
}

PyObject *store_set_fuel(Store *self, PyObject *fuel)
{
    if (need_fuel(self))
        return NULL;
    uint64_t n = PyLong_AsUnsignedLongLong(fuel);
    if (n == (uint64_t)-1 && PyErr_Occurred())
        return NULL;
    self->vm.fuel = n > INT64_MAX ? INT64_MAX : (int64_t)n;
    Py_RETURN_NONE;
}

PyObject *store_get_fuel(Store *self, PyObject *Py_UNUSED(ignored))
{
    if (need_fuel(self))
        return NULL;
    return PyLong_FromLongLong(self->vm.fuel > 0 ? self->vm.fuel : 0);
}

PyObject *store_set_epoch_deadline(Store *self, PyObject *ticks)
{
    if (store_check_open(self))
        return NULL;
    uint64_t n = PyLong_AsUnsignedLongLong(ticks);
    if (n == (uint64_t)-1 && PyErr_Occurred())
        return NULL;
    uint64_t epoch = __atomic_load_n(&self->engine->epoch, __ATOMIC_SEQ_CST);
    self->epoch_deadline = n > UINT64_MAX - epoch ? UINT64_MAX : epoch + n;
    if (self->depth && tls_thread && atomic_load(&tls_thread->epoch_engine) == self->engine)
        atomic_store(&tls_thread->epoch_deadline, self->epoch_deadline);
    Py_RETURN_NONE;
}

PyObject *store_set_limits(Store *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"memory_size", "table_elements", "instances", "tables", "memories", "gc_heap_size", "handles", "hostcall_fuel", NULL};
    long long memory = -1, elements = -1, instances = -1, tables = -1, memories = -1, heap = -1, handles = -1, hostcall = -1;
    if (store_check_open(self) ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "|LLLLLLLL:set_limits", names, &memory, &elements, &instances, &tables, &memories,
                                     &heap, &handles, &hostcall))
        return NULL;
    self->limit_memory = memory;
    self->limit_elements = elements;
    self->limit_instances = instances;
    self->limit_tables = tables;
    self->limit_memories = memories;
    self->limit_handles = handles;
    self->hostcall_fuel = hostcall < 0 ? HOSTCALL_FUEL : hostcall;
    heap = heap < 0 ? memory : heap; /* wasmtime has one limit for both */
    gc_heap_limit(&self->heap, heap < 0 ? UINT64_MAX : (uint64_t)heap);
    Py_RETURN_NONE;
}

PyObject *store_get_timeout(Store *self, void *Py_UNUSED(closure))
{
    return self->timeout < 0 ? Py_NewRef(Py_None) : PyFloat_FromDouble(self->timeout);
}

int timeout_from_object(PyObject *value, double *seconds)
{
    *seconds = -1;
    if (value == Py_None)
        return 0;
    if (!PyFloat_Check(value) && !PyIndex_Check(value) && !(Py_TYPE(value)->tp_as_number && Py_TYPE(value)->tp_as_number->nb_float)) {
        PyErr_Format(PyExc_TypeError, "timeout: expected seconds or None, not %.100s", Py_TYPE(value)->tp_name);
        return -1;
    }
    double given = PyFloat_AsDouble(value);
    if (given == -1.0 && PyErr_Occurred())
        return -1;
    if (!(given >= 0)) {
        PyErr_Format(PyExc_ValueError, "timeout: expected seconds >= 0 or None, not %R", value);
        return -1;
    }
    *seconds = given;
    return 0;
}

int store_set_timeout(Store *self, PyObject *value, void *Py_UNUSED(closure))
{
    double seconds;
    if (timeout_from_object(value ? value : Py_None, &seconds))
        return -1;
    self->timeout = seconds;
    return 0;
}

/* From any thread. A call of a C host enters and leaves without the GIL: nothing is known of who is inside but what the monitor has. */
PyObject *store_interrupt(Store *self, PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(monitor_expire(self));
}
