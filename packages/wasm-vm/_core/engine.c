/* engine.c: EngineCore, what the stores and modules of one engine share. */
#include "engine.h"
#include "module.h"
#include "pool.h"
#include "runtime.h"

Engine *engine_from_object(PyObject *object)
{
    if (PyObject_TypeCheck(object, &EngineType))
        return (Engine *)object;
    PyObject *core = PyObject_GetAttr(object, G.str_vm);
    if (!core) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            PyErr_Format(G.argument_error, "expected an Engine, not %.100s", Py_TYPE(object)->tp_name);
        }
        return NULL;
    }
    /* The facade's engine holds its core for as long as it is open; the callers take their own reference at once. */
    if (!PyObject_TypeCheck(core, &EngineType)) {
        PyErr_Format(PyExc_TypeError, "Engine._vm: expected EngineCore, not %.100s", Py_TYPE(core)->tp_name);
        Py_DECREF(core);
        return NULL;
    }
    Py_DECREF(core);
    return (Engine *)core;
}

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"registry", "compile_trampolines", "max_wasm_stack", "release_gil", "consume_fuel", "epoch_interruption",
                            "guarded", "pool", "gc_stress", NULL};
    PyObject *registry, *compile, *pool = Py_None;
    Py_ssize_t stack = 512 * 1024;
    int release = 1, fuel = 0, epoch = 0, guarded = 1, gc_stress = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$nppppOp:EngineCore", names, &registry, &compile, &stack, &release, &fuel, &epoch,
                                     &guarded, &pool, &gc_stress))
        return NULL;
    if (stack < 4096) {
        PyErr_Format(PyExc_ValueError, "max_wasm_stack: expected at least 4096 bytes, not %zd", stack);
        return NULL;
    }
    if (compile != Py_None && !PyCallable_Check(compile)) {
        PyErr_Format(PyExc_TypeError, "compile_trampolines: expected a callable or None, not %.100s", Py_TYPE(compile)->tp_name);
        return NULL;
    }
    if (pool != Py_None && !Py_IS_TYPE(pool, &PoolType)) {
        PyErr_Format(PyExc_TypeError, "pool: expected a Pool or None, not %.100s", Py_TYPE(pool)->tp_name);
        return NULL;
    }
    if (signals_install())
        return NULL;
    Engine *engine = (Engine *)type->tp_alloc(type, 0);
    if (!engine)
        return NULL;
    engine->types_end = TYPE_STEP;
    engine->registry = Py_NewRef(registry);
    engine->compile_trampolines = Py_NewRef(compile);
    engine->max_wasm_stack = (size_t)stack;
    engine->release_gil = release;
    engine->consume_fuel = fuel;
    engine->epoch_interruption = epoch;
    engine->guarded = guarded;
    engine->gc_stress = gc_stress;
    engine->pool = pool == Py_None ? NULL : (Pool *)Py_NewRef(pool);
    return (PyObject *)engine;
}

static int engine_traverse(Engine *self, visitproc visit, void *arg)
{
    Py_VISIT(self->registry);
    Py_VISIT(self->compile_trampolines);
    return 0;
}

static int engine_clear(Engine *self)
{
    /* None and not NULL: garbage that is cleared after this may still ask, and gets an exception */
    Py_XSETREF(self->registry, Py_NewRef(Py_None));
    Py_XSETREF(self->compile_trampolines, Py_NewRef(Py_None));
    return 0;
}

static void engine_dealloc(Engine *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->registry);
    Py_CLEAR(self->compile_trampolines);
    engine_free_aggregates(self);
    engine_free_types(self);
    Py_XDECREF(self->pool);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *engine_increment_epoch(Engine *self, PyObject *Py_UNUSED(ignored))
{
    uint64_t epoch = __atomic_add_fetch(&self->epoch, 1, __ATOMIC_SEQ_CST);
    if (self->epoch_interruption)
        monitor_epoch(self, epoch);
    Py_RETURN_NONE;
}

static PyObject *engine_get_epoch(Engine *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(__atomic_load_n(&self->epoch, __ATOMIC_SEQ_CST));
}

static PyObject *engine_get_registry(Engine *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->registry ? self->registry : Py_None);
}

static PyMethodDef engine_methods[] = {
    {"increment_epoch", (PyCFunction)engine_increment_epoch, METH_NOARGS,
     "increment_epoch($self, /)\n--\n\nLet a unit of time pass: calls whose store's epoch deadline has come are interrupted."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef engine_getset[] = {
    {"epoch", (getter)engine_get_epoch, NULL, "Units of time passed so far.", NULL},
    {"registry", (getter)engine_get_registry, NULL, "The TypeRegistry.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject EngineType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.EngineCore",
    .tp_doc = PyDoc_STR("EngineCore(registry, compile_trampolines, *, max_wasm_stack=524288, release_gil=True, consume_fuel=False, "
                        "epoch_interruption=False, guarded=True, pool=None, gc_stress=False)\n--\n\nWhat stores and loaded modules of one engine share: types, "
                        "signatures and settings."),
    .tp_basicsize = sizeof(Engine),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = engine_new,
    .tp_dealloc = (destructor)engine_dealloc,
    .tp_traverse = (traverseproc)engine_traverse,
    .tp_clear = (inquiry)engine_clear,
    .tp_weaklistoffset = offsetof(Engine, weakrefs),
    .tp_methods = engine_methods,
    .tp_getset = engine_getset,
};
