/* signal_hooks.c: Python's functions that change what becomes of faults put ours back when they return.
 *
 * A trap of the guest is a signal, which needs our handler on top and the signal unblocked; neither can be seen without a system call, which an entry into
 * wasm is too quick for. So the change is noticed where it is made: the builtin functions below get a method definition of ours, which calls theirs.
 * What they do is not altered: the handler that a program sets is the one before ours, and is called for what is no fault of a guest.
 */
#include "runtime.h"

typedef struct Hook {
    const char *module, *name;
    int flags; /* the METH_ flags that our function is written for; with others it is left alone */
    PyCFunction ours;
    PyCFunction theirs; /* NULL: not hooked yet */
    PyMethodDef definition;
} Hook;

enum { SIGNAL, SIGMASK, ENABLE, DISABLE, HOOKS };
static Hook hooks[HOOKS];

static void put_back(void)
{
    signals_reinstall();
    if (tls_thread)
        signals_unblock();
}

typedef PyObject *(*FastCall)(PyObject *, PyObject *const *, Py_ssize_t);

static PyObject *fast(int which, PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    PyObject *result = ((FastCall)(void (*)(void))hooks[which].theirs)(module, args, count);
    put_back();
    return result;
}

static PyObject *our_signal(PyObject *module, PyObject *const *args, Py_ssize_t count) { return fast(SIGNAL, module, args, count); }
static PyObject *our_sigmask(PyObject *module, PyObject *const *args, Py_ssize_t count) { return fast(SIGMASK, module, args, count); }

static PyObject *our_enable(PyObject *module, PyObject *args, PyObject *kwargs)
{
    PyObject *result = ((PyCFunctionWithKeywords)(void (*)(void))hooks[ENABLE].theirs)(module, args, kwargs);
    put_back();
    return result;
}

static PyObject *our_disable(PyObject *module, PyObject *nothing)
{
    PyObject *result = hooks[DISABLE].theirs(module, nothing);
    put_back();
    return result;
}

#define ANY(function) ((PyCFunction)(void (*)(void))(function))
static Hook hooks[HOOKS] = {
    [SIGNAL] = {.module = "_signal", .name = "signal", .flags = METH_FASTCALL, .ours = ANY(our_signal)},
    [SIGMASK] = {.module = "_signal", .name = "pthread_sigmask", .flags = METH_FASTCALL, .ours = ANY(our_sigmask)},
    [ENABLE] = {.module = "faulthandler", .name = "enable", .flags = METH_VARARGS | METH_KEYWORDS, .ours = ANY(our_enable)},
    [DISABLE] = {.module = "faulthandler", .name = "disable", .flags = METH_NOARGS, .ours = ANY(our_disable)},
};

void signal_hooks_install(void)
{
    PyObject *modules = PyImport_GetModuleDict(); /* borrowed */
    for (int i = 0; i < HOOKS; i++) {
        if (hooks[i].theirs)
            continue;
        PyObject *module = PyDict_GetItemString(modules, hooks[i].module); /* borrowed; not imported: nothing of it was called */
        PyObject *function = module ? PyObject_GetAttrString(module, hooks[i].name) : NULL;
        if (function && PyCFunction_CheckExact(function) && PyCFunction_GET_FLAGS(function) == hooks[i].flags) {
            PyCFunctionObject *object = (PyCFunctionObject *)function;
            hooks[i].definition = *object->m_ml;
            hooks[i].theirs = object->m_ml->ml_meth;
            hooks[i].definition.ml_meth = hooks[i].ours;
            object->m_ml = &hooks[i].definition;
        }
        PyErr_Clear();
        Py_XDECREF(function);
    }
}
