/* func.c: Func: a wasm or host function, called by vectorcall: convert by signature, enter, convert back. */
#include "engine.h"
#include "gc_collect.h"
#include "host_func.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "store_limits.h"
#include "values.h"

enum { INLINE_SLOTS = 16 };

HostFunc *funcref_host(const VMFuncRef *funcref)
{
    const HostContext *context = funcref->context;
    return context->vm.magic == VM_HOST_MAGIC ? context->function : NULL;
}

/* `host` is given when the function has no code yet; else it is found through the context. */
PyObject *func_wrap(Store *store, VMFuncRef *funcref, HostFunc *host)
{
    if (!host)
        host = funcref_host(funcref); /* first: what runs in the calls below can close the store */
    Signature *signature = engine_signature(store->engine, funcref->type_id);
    if (!signature)
        return NULL;
    FuncObject *func = PyObject_GC_New(FuncObject, &FuncType);
    if (!func)
        return NULL;
    func->vectorcall = func_vectorcall;
    func->store = (Store *)Py_NewRef(store);
    func->funcref = funcref;
    func->signature = signature;
    func->host = host;
    func->dict = NULL;
    func->weakrefs = NULL;
    PyObject_GC_Track(func);
    return (PyObject *)func;
}

VMFuncRef *func_reference(FuncObject *func)
{
    return func->host && func->funcref == &func->host->funcref ? host_func_ref(func->host) : func->funcref;
}

static PyObject *wrong_count(const Signature *s, Py_ssize_t given)
{
    PyErr_Format(G.wasm_error, "too %s parameters provided: given %zd, expected %u", given > (Py_ssize_t)s->nparams ? "many" : "few", given,
                 s->nparams);
    return NULL;
}

/* "argument 2: " before the message of the TypeError that is set; a class of the user's own may take other arguments and stays as it is. */
static void name_argument(const char *what, Py_ssize_t index)
{
    PyObject *set = PyErr_Occurred();
    if (set != PyExc_TypeError && set != G.store_error)
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyErr_Format(type, "%s %zd: %S", what, index, value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

double timeout_argument(PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    if (PyTuple_GET_SIZE(names) != 1 || PyUnicode_Compare(PyTuple_GET_ITEM(names, 0), G.str_timeout) != 0) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "Func() got an unexpected keyword argument %R; `timeout` is the only one",
                         PyTuple_GET_ITEM(names, 0));
        return -2;
    }
    double seconds;
    return timeout_from_object(args[nargs], &seconds) ? -2 : seconds;
}

static PyObject *results_to_python(Store *store, const Signature *s, const VMValue *values)
{
    if (s->nresults == 0)
        Py_RETURN_NONE;
    const ValueType *types = s->types + s->nparams;
    if (s->nresults == 1)
        return value_from_wasm(store, types, values);
    PyObject *list = hidden(PyList_New(s->nresults));
    for (uint32_t i = 0; list && i < s->nresults; i++) {
        PyObject *item = value_from_wasm(store, &types[i], &values[i]);
        if (!item)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, item);
    }
    return list ? shown(list) : NULL;
}

static PyObject *call_pinned(FuncObject *func, PyObject *const *args, Py_ssize_t nargs, VMValue *values, double timeout)
{
    Store *store = func->store;
    const Signature *s = func->signature;
    store->heap.inhibit++; /* `values` is no root */
    for (Py_ssize_t i = 0; i < nargs; i++)
        if (UNLIKELY(value_to_wasm(store, &s->types[i], args[i], &values[i]))) {
            store->heap.inhibit--;
            name_argument("argument", i + 1);
            return NULL;
        }
    store->heap.inhibit--;
    VMFuncRef *f = func->funcref;
    if (UNLIKELY(func->host != NULL)) {
        if (host_invoke_outside(func->host, values))
            return NULL;
    } else if (UNLIKELY(vm_enter(store, f->context, values, f->code, f->entry, timeout))) {
        return NULL;
    }
    store->heap.inhibit++;
    PyObject *result = results_to_python(store, s, values);
    store->heap.inhibit--;
    return result;
}

/* With what the call raised, if anything, kept: finalizers run. */
static void tidy(Store *store)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    gc_tidy(store);
    PyErr_Restore(type, value, traceback);
}

/* The call proper. The caller holds a reference to the FuncObject, which holds the store and through it everything below. While pinned the store
 * is neither closed nor are references collected that only `values` holds: converting may run any Python code. */
static inline PyObject *call(FuncObject *func, PyObject *const *args, Py_ssize_t nargs, VMValue *values, double timeout)
{
    Store *store = func->store;
    store->pins++;
    PyObject *result = call_pinned(func, args, nargs, values, timeout);
    store->pins--;
    if (UNLIKELY(gc_is_untidy(store)) && !store->closed)
        tidy(store);
    return result;
}

PyObject *func_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    FuncObject *func = (FuncObject *)self;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (UNLIKELY(nargs < 1)) {
        PyErr_SetString(PyExc_TypeError, "a Func is called with a Store or Caller first: func(store, *args)");
        return NULL;
    }
    Store *store = func->store;
    if (UNLIKELY(args[0] != (PyObject *)store || store->closed) && store_check_arg(store, args[0]))
        return NULL;
    double timeout = store->timeout;
    if (UNLIKELY(names != NULL) && PyTuple_GET_SIZE(names)) {
        double given = timeout_argument(args, nargs, names);
        if (given == -2)
            return NULL;
        timeout = given;
        if (store_check_open(store)) /* a float of the caller's own may have closed it */
            return NULL;
    }
    const Signature *s = func->signature;
    if (UNLIKELY(nargs - 1 != (Py_ssize_t)s->nparams))
        return wrong_count(s, nargs - 1);
    if (LIKELY(s->nslots <= INLINE_SLOTS)) {
        VMValue values[INLINE_SLOTS];
        return call(func, args + 1, nargs - 1, values, timeout);
    }
    VMValue *values = NULL; /* PyMem gives no 16-byte alignment by contract */
    if (posix_memalign((void **)&values, 16, sizeof *values * s->nslots))
        return PyErr_NoMemory();
    PyObject *result = call(func, args + 1, nargs - 1, values, timeout);
    free(values);
    return result;
}

static PyObject *func_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "ty", "func", "access_caller", NULL};
    PyObject *storelike, *ty, *callable;
    int access = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|p:Func", names, &storelike, &ty, &callable, &access))
        return NULL;
    Store *store = store_for_new(storelike);
    if (!store)
        return NULL;
    if (!PyCallable_Check(callable)) {
        PyErr_Format(PyExc_TypeError, "func: expected something callable, not %.100s", Py_TYPE(callable)->tp_name);
        return NULL;
    }
    Signature *signature = engine_signature_of(store->engine, G.func_id, ty, "a FuncType");
    HostFunc *host = signature && !store_check_open(store) ? host_func_new(store, signature, callable, access, NULL) : NULL;
    return host ? object_as(cls, &FuncType, func_wrap(store, &host->funcref, host)) : NULL;
}

/* What the table is may run Python, which must not close the store meanwhile. */
static int set_plainly(Store *store, HostFunc *host, PyObject *plain)
{
    store->pins++;
    int failed = plain_set(host, plain);
    store->pins--;
    return failed;
}

static PyObject *func_from_host(PyObject *Py_UNUSED(cls), PyObject *args)
{
    PyObject *storelike, *function, *context = Py_None;
    if (!PyArg_ParseTuple(args, "OO|O:_from_host", &storelike, &function, &context))
        return NULL;
    Store *store = store_for_new(storelike);
    PyObject *type = store ? PyObject_GetAttrString(function, "type") : NULL;
    PyObject *callable = type ? PyObject_GetAttrString(function, "call") : NULL;
    PyObject *plain = callable ? PyObject_GetAttrString(function, "plain") : NULL;
    Signature *signature = plain ? engine_signature_of(store->engine, NULL, type, "an environ FuncType") : NULL;
    HostFunc *host = signature && !store_check_open(store) ? host_func_new(store, signature, callable, true, context == Py_None ? NULL : context) : NULL;
    PyObject *made = host ? func_wrap(store, &host->funcref, host) : NULL;
    if (made && plain != Py_None && set_plainly(store, host, plain))
        Py_CLEAR(made);
    Py_XDECREF(type);
    Py_XDECREF(callable);
    Py_XDECREF(plain);
    return made;
}

static PyObject *func_type(FuncObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    return signature_to_public(self->store->engine, G.func_type, self->signature);
}

static int func_traverse(FuncObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

static int func_clear(FuncObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void func_dealloc(FuncObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *func_repr(FuncObject *self)
{
    if (self->store->closed)
        return PyUnicode_FromString("<Func of a closed store>");
    unsigned int index = (unsigned int)self->funcref->index; /* before anything of Python's runs, which can close the store */
    PyObject *callable = self->host ? Py_NewRef(self->host->callable ? self->host->callable : Py_None) : NULL;
    PyObject *type = signature_text(self->store->engine, self->signature), *text = NULL;
    if (type)
        text = callable ? PyUnicode_FromFormat("<Func %U, host function %R>", type, callable) : PyUnicode_FromFormat("<Func %U, wasm function %u>", type, index);
    Py_XDECREF(type);
    Py_XDECREF(callable);
    return text;
}

/* Two Funcs are equal when they are the same function of the same instance, or of the host. */
static PyObject *func_compare(FuncObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &FuncType))
        Py_RETURN_NOTIMPLEMENTED;
    FuncObject *o = (FuncObject *)other;
    bool same = self->store == o->store && !self->store->closed && self->host == o->host &&
                (self->host || (self->funcref->code == o->funcref->code && self->funcref->context == o->funcref->context));
    return PyBool_FromLong((same || (PyObject *)self == other) == (op == Py_EQ));
}

static Py_hash_t func_hash(FuncObject *self)
{
    if (self->store->closed)
        return 1;
    return HASH_POINTER(self->host ? (void *)self->host : self->funcref->code);
}

static PyMethodDef func_methods[] = {
    {"type", (PyCFunction)func_type, METH_O, "type($self, store, /)\n--\n\nIts type, a FuncType."},
    {"_from_host", func_from_host, METH_VARARGS | METH_CLASS,
     "_from_host($type, store, function, context=None, /)\n--\n\nA Func of a wasm_environ.host.HostFunction."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject FuncType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Func",
    .tp_doc = PyDoc_STR("Func(store, ty, func, access_caller=False)\n--\n\nA function of a store: `func(store, *args, timeout=None)`.\n\n"
                        "Made from a Python callable, or by a module. Returns None, the result, or a list of results."),
    .tp_basicsize = sizeof(FuncObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = func_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)func_dealloc,
    .tp_traverse = (traverseproc)func_traverse,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(FuncObject, vectorcall),
    .tp_clear = (inquiry)func_clear,
    .tp_repr = (reprfunc)func_repr,
    .tp_richcompare = (richcmpfunc)func_compare,
    .tp_hash = (hashfunc)func_hash,
    .tp_weaklistoffset = offsetof(FuncObject, weakrefs),
    .tp_dictoffset = offsetof(FuncObject, dict),
    .tp_methods = func_methods,
    .tp_getset = object_dict_getset,
};
