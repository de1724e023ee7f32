/* trap.c: traps and backtraces: recording where wasm was when it stopped, unwinding to the entry, and the Python exception. */
#include "code.h"
#include "module.h"
#include "runtime.h"
#include "store.h"

/* Frames of C in a row: a libcall and what it calls, or a call from component to component that C makes. */
enum { MAX_HOST_FRAMES = 16 };

/* Walk frame pointers from (pc, fp), adding every pc in registered code to thread->frames, until the entry. Async-signal-safe. Every frame
 * pointer is checked to lie on this thread's stack, above `sp` and the one before it, so that a walk through strange frames ends instead of faulting. */
__attribute__((no_sanitize("address"))) static uint32_t walk(const ThreadRecord *thread, uintptr_t *frames, uint32_t count, uintptr_t pc, uintptr_t sp, uintptr_t fp,
                                                             uintptr_t end)
{
    uint32_t strangers = 0;
    if (pc && code_find(pc))
        frames[count++] = pc;
    uintptr_t next, back;
    while (count < MAX_FRAMES && fp < end && fp >= sp && frame_link(fp, thread->stack_bottom, thread->stack_top, &next, &back)) {
        if (back && code_find(back - 1)) { /* a return address: the call before it is what counts, also for the line */
            frames[count++] = back - 1;
            strangers = 0;
        } else if (++strangers > MAX_HOST_FRAMES) {
            break;
        }
        if (next <= fp)
            break;
        fp = next;
    }
    return count;
}

/* The one around it; NULL when there is none, or it is not where it was because a greenlet switched stacks: the outer ones lie higher. */
static const Activation *outer_activation(const ThreadRecord *thread, const Activation *inner)
{
    uintptr_t at = (uintptr_t)inner->prev;
    bool sound = at > (uintptr_t)inner && !(at & 7) && at >= thread->stack_bottom && at + sizeof *inner <= thread->stack_top;
    return sound ? inner->prev : NULL;
}

/* The wasm frames of this activation, innermost first, and of the ones around it. */
void capture_frames(ThreadRecord *thread, Activation *activation, uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
    capture_outer(thread, activation, walk(thread, thread->frames, 0, pc, sp, fp, activation->saved_sp), sp);
}

void capture_outer(ThreadRecord *thread, Activation *activation, uint32_t count, uintptr_t sp)
{
    const Activation *inner = activation, *outer;
    for (; (outer = outer_activation(thread, inner)) && count < MAX_FRAMES; inner = outer)
        if (outer->exit_fp)
            count = walk(thread, thread->frames, count, outer->exit_pc, sp, outer->exit_fp, outer->saved_sp);
    activation->frame_count = count;
}

_Noreturn static void raise_here(ThreadRecord *thread, Activation *activation, uint32_t code)
{
    activation->outcome = OUTCOME_TRAP;
    activation->trap_code = code;
    uintptr_t here = FRAME_HERE();
    capture_frames(thread, activation, 0, here, here);
    wasm_unwind(activation->saved_sp);
}

_Noreturn void raise_trap(uint32_t code)
{
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    activation->fault_known = false;
    raise_here(thread, activation, code);
}

_Noreturn void raise_out_of_bounds(uint64_t address, uint64_t size)
{
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    activation->fault_known = true;
    activation->fault_address = address < size ? size : address;
    activation->fault_size = size;
    raise_here(thread, activation, TRAP_MEMORY_OUT_OF_BOUNDS);
}

_Noreturn void raise_cut(void)
{
    Activation *activation = atomic_load_explicit(&tls_thread->activation, memory_order_relaxed);
    activation->outcome = OUTCOME_FILE_CHANGED;
    activation->frame_count = 0; /* the tables a backtrace needs may be gone as well */
    wasm_unwind(activation->saved_sp);
}

/* The GIL is held: vm_enter finds thread_state NULL and does not take it again. */
_Noreturn void unwind_python_error(ThreadRecord *thread, Activation *activation)
{
    atomic_store_explicit(&thread->activation, activation, memory_order_relaxed);
    activation->outcome = OUTCOME_PYTHON_ERROR;
    activation->frame_count = walk(thread, thread->frames, 0, activation->exit_pc, FRAME_HERE(), activation->exit_fp,
                                   activation->saved_sp);
    wasm_unwind(activation->saved_sp);
}

/* ---- Backtrace: frames as (code, offset), resolved to names when somebody looks ---- */

typedef struct Backtrace {
    PyObject_VAR_HEAD
    struct {
        Code *code; /* strong */
        uint32_t offset;
    } frames[];
} Backtrace;

static PyObject *backtrace_new(const ThreadRecord *thread, uint32_t count)
{
    Backtrace *backtrace = PyObject_NewVar(Backtrace, &BacktraceType, count);
    if (!backtrace)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        Code *code = code_find(thread->frames[i]);
        backtrace->frames[i].code = (Code *)Py_XNewRef(code);
        backtrace->frames[i].offset = code ? (uint32_t)(thread->frames[i] - (uintptr_t)code->text) : 0;
    }
    return (PyObject *)backtrace;
}

static void backtrace_dealloc(Backtrace *self)
{
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
        Py_XDECREF(self->frames[i].code);
    PyObject_Free(self);
}

/* (names, code, function index, wasm offset) per frame of a wasm function. */
static PyObject *backtrace_resolve(Backtrace *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < Py_SIZE(self); i++) {
        Code *code = self->frames[i].code;
        int64_t function = code ? code_function_at(code, self->frames[i].offset) : -1;
        if (function < 0)
            continue; /* a trampoline */
        PyObject *row = Py_BuildValue("(OOLI)", code->names ? code->names : Py_None, code, (long long)function + code->imported_functions,
                                      (unsigned int)code_wasm_offset(code, self->frames[i].offset));
        if (!row || PyList_Append(list, row))
            Py_CLEAR(list);
        Py_XDECREF(row);
    }
    return list;
}

static PyMethodDef backtrace_methods[] = {
    {"resolve", (PyCFunction)backtrace_resolve, METH_NOARGS, "resolve($self, /)\n--\n\n(names, code, function, offset) of every wasm frame."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject BacktraceType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.Backtrace",
    .tp_doc = PyDoc_STR("The wasm frames of a trap, innermost first."),
    .tp_basicsize = offsetof(Backtrace, frames),
    .tp_itemsize = sizeof(((Backtrace *)NULL)->frames[0]),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)backtrace_dealloc,
    .tp_methods = backtrace_methods,
};

/* Raise Trap without running its __init__: four attributes at most. `fault`: (address, size of the memory), or NULL. */
static int set_trap_message(uint32_t code, PyObject *backtrace, PyObject *message, PyObject *fault)
{
    PyTypeObject *cls = (PyTypeObject *)G.trap;
    PyObject *trap = cls->tp_new(cls, G.empty_tuple, NULL);
    PyObject *number = trap ? PyLong_FromUnsignedLong(code) : NULL;
    if (number && !PyObject_SetAttr(trap, G.str_code, number) &&
        (!backtrace || !PyObject_SetAttr(trap, G.str_backtrace, backtrace)) &&
        (!message || !PyObject_SetAttr(trap, G.str_message, message)) &&
        (!fault || !PyObject_SetAttr(trap, G.str_fault, fault)))
        PyErr_SetObject(G.trap, trap);
    Py_XDECREF(number);
    Py_XDECREF(trap);
    return -1;
}

int set_trap(uint32_t code, PyObject *backtrace) { return set_trap_message(code, backtrace, NULL, NULL); }

int set_trap_words(uint32_t code, const char *words)
{
    PyObject *message = PyUnicode_DecodeUTF8(words, (Py_ssize_t)strlen(words), "replace");
    int result = message ? set_trap_message(code, NULL, message, NULL) : -1;
    Py_XDECREF(message);
    return result;
}

/* Tell the exception that is set which wasm frames it passed. Failing to do so must not replace it. */
static void add_note(ThreadRecord *thread, Activation *activation)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback && value)
        PyException_SetTraceback(value, traceback);
    PyObject *backtrace = backtrace_new(thread, activation->frame_count);
    PyObject *args = backtrace && value ? Py_BuildValue("(OO)", value, backtrace) : NULL;
    PyObject *result = NULL;
    if (args && module_call_helper("add_note", args, &result) == 0)
        Py_DECREF(result);
    Py_XDECREF(backtrace);
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
}

int raise_outcome(ThreadRecord *thread, Activation *activation, bool timed_out)
{
    if (activation->outcome == OUTCOME_PYTHON_ERROR) {
        if (activation->frame_count && !PyErr_ExceptionMatches(G.exit_error))
            add_note(thread, activation);
        return -1;
    }
    if (activation->outcome == OUTCOME_FILE_CHANGED) {
        return code_cut_error();
    }
    if (activation->outcome == OUTCOME_NO_MEMORY) {
        PyErr_SetString(G.exhausted_error, "the system refuses to make a page of the guest's memory writable: limits on data (ulimit -d) or on "
                                           "mappings (vm.max_map_count) are the usual causes");
        return -1;
    }
    if (activation->outcome == OUTCOME_LOST_FRAME) {
        activation->store->pending_exception = 0;
        PyErr_SetString(PyExc_SystemError, "an exception met a frame that the code's tables do not describe: the artifact is inconsistent");
        return -1;
    }
    PyObject *backtrace = backtrace_new(thread, activation->frame_count);
    if (!backtrace) {
        activation->store->pending_exception = 0;
        return -1;
    }
    if (activation->outcome == OUTCOME_EXCEPTION) {
        bool again;
        (void)exn_raise(activation->store, backtrace, &again);
        Py_DECREF(backtrace);
        if (again && activation->frame_count)
            add_note(thread, activation);
        return -1;
    }
    PyObject *message = NULL;
    if (timed_out && activation->trap_code == TRAP_INTERRUPT)
        message = PyUnicode_FromString("interrupt: the call's timeout has passed");
    else if (activation->trap_code == TRAP_COMPONENT)
        message = PyUnicode_DecodeUTF8(activation->store->trap_words, (Py_ssize_t)strlen(activation->store->trap_words), "replace");
    PyObject *fault = NULL;
    if (activation->trap_code == TRAP_MEMORY_OUT_OF_BOUNDS && activation->fault_known)
        fault = Py_BuildValue("(KK)", (unsigned long long)activation->fault_address, (unsigned long long)activation->fault_size);
    PyErr_Clear(); /* without memory for them the trap says less */
    int result = set_trap_message(activation->trap_code, backtrace, message, fault);
    Py_XDECREF(fault);
    Py_XDECREF(message);
    Py_DECREF(backtrace);
    return result;
}
