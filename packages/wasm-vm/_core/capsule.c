/* capsule.c: the vm for C libraries: capsule.h, and how Python finds an object that such a library holds. */
#include "capsule.h"
#include "engine.h"
#include "gc_collect.h"
#include "host_func.h"
#include "host_thread.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "native.h"
#include "objects.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"
#include "table.h"
#include "values.h"

_Static_assert(sizeof(VmSlot) == sizeof(VMValue) && _Alignof(VmSlot) == _Alignof(VMValue), "VmSlot");
_Static_assert(sizeof(VmType) == sizeof(ValueType) && offsetof(VmType, kind) == offsetof(ValueType, kind) && offsetof(VmType, nullable) == offsetof(ValueType, nullable), "VmType");
_Static_assert(offsetof(VmSignature, type_id) == offsetof(Signature, type_id) && offsetof(VmSignature, nslots) == offsetof(Signature, nslots) && offsetof(VmSignature, types) == offsetof(Signature, types), "VmSignature");
_Static_assert(sizeof(struct VmBytes) == sizeof(VMMemoryDefinition) && offsetof(struct VmBytes, length) == offsetof(VMMemoryDefinition, length), "VmBytes");
_Static_assert(sizeof(struct VmElements) == sizeof(VMTableDefinition) && offsetof(struct VmElements, length) == offsetof(VMTableDefinition, length), "VmElements");
_Static_assert(sizeof(VmFuncRef) == sizeof(VMFuncRef) && offsetof(VmFuncRef, type_id) == offsetof(VMFuncRef, type_id) && offsetof(VmFuncRef, entry) == offsetof(VMFuncRef, entry), "VmFuncRef");
_Static_assert(VM_TYPE_EXTERNREF == TYPE_EXTERNREF && VM_TYPE_ANYREF == (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_ANY << TYPE_HEAP_SHIFT) &&
               VM_TYPE_EXNREF == (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_EXN << TYPE_HEAP_SHIFT), "VM_TYPE");
_Static_assert((int)VM_I32 == KIND_I32 && (int)VM_V128 == KIND_V128 && (int)VM_CONTREF == KIND_CONTREF, "VmKind");

/* The exception that is set, as an object of its own. */
static VmObject *take_error(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback && value)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return (VmObject *)(value ? value : Py_NewRef(Py_None));
}

/* The end of a function that gives an object: `made`, or the exception. */
static VmObject *give(PyObject *made, bool acquired, VmObject **error)
{
    if (!made && PyErr_Occurred())
        *error = take_error();
    release(acquired);
    return (VmObject *)made;
}

static int give_int(int failed, bool acquired, VmObject **error)
{
    (void)give(NULL, acquired, error);
    return failed ? -1 : 0;
}

static void incref(VmObject *object)
{
    bool acquired = acquire();
    Py_INCREF((PyObject *)object);
    release(acquired);
}

static void decref(VmObject *object)
{
    if (UNLIKELY(!Py_IsInitialized())) /* Python has ended, and nothing of it is there any more */
        return;
    bool acquired = acquire();
    Py_DECREF((PyObject *)object);
    release(acquired);
}

/* ---- functions ---- */

/* Roots for the references among results, which nothing else holds before their caller has taken them. *made <- how many; -1 with an exception. */
static int root_results(Store *store, const Signature *signature, const VMValue *values, uint32_t *places, uint32_t *made)
{
    for (uint32_t i = 0; i < signature->nresults; i++) {
        if (!is_traced(&signature->types[signature->nparams + i]))
            continue;
        if (gc_root_add(store, values[i].ref, &places[*made]))
            return -1;
        ++*made;
    }
    return 0;
}

/* Finalizers run, and may call, on this greenlet or another. Without memory for the roots they run at the end of a later call. */
static void tidy_with(Store *store, const Signature *signature, const VMValue *values)
{
    uint32_t few[16], made = 0;
    uint32_t *places = signature->nresults <= 16 ? few : PyMem_Malloc(sizeof *places * signature->nresults);
    if (places && !root_results(store, signature, values, places, &made))
        gc_tidy(store);
    PyErr_Clear();
    while (made)
        gc_root_release(store, places[--made]);
    if (places != few)
        PyMem_Free(places);
}

/* At the end of a call, with what it raised, if anything, kept. */
static void tidy(Store *store, const VMFuncRef *function, const VMValue *values, bool failed)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    store->heap.inhibit++; /* looking it up may run Python, before anything holds the results */
    const Signature *signature = engine_signature(store->engine, function->type_id);
    store->heap.inhibit--;
    PyErr_Clear();
    if (failed)
        gc_tidy(store);
    else if (signature)
        tidy_with(store, signature, values);
    PyErr_Restore(type, value, traceback);
}

static int call_with_gil(Store *store, VMFuncRef *function, VMValue *values)
{
    if (store_check_open(store))
        return -1;
    HostFunc *host = funcref_host(function);
    store->pins++;
    int failed = host ? host_invoke_outside(host, values) : vm_enter(store, function->context, values, function->code, function->entry, store->timeout);
    if (UNLIKELY(gc_is_untidy(store)))
        tidy(store, function, values, failed);
    store->pins--; /* finalizers ran, which may not close it: results are references into its heap */
    return failed;
}

static int call(VmObject *object, void *reference, VmSlot *slots, VmObject **error)
{
    Store *store = (Store *)object;
    VMFuncRef *function = reference;
    if (LIKELY(store_parkable(store) && function->entry) && LIKELY(host_thread_current() != host_thread_state)) {
        if (LIKELY(!vm_enter_parked(host_thread_state, store, function, (VMValue *)slots)))
            return 0;
        *error = take_error();
        (void)PyEval_SaveThread();
        return -1;
    }
    bool acquired = acquire();
    return give_int(call_with_gil(store, function, (VMValue *)slots), acquired, error);
}

static const VmSignature *signature(VmObject *store, void *reference, VmObject **error)
{
    bool acquired = acquire();
    Signature *found = engine_signature(((Store *)store)->engine, ((VMFuncRef *)reference)->type_id);
    (void)give(NULL, acquired, error);
    return (const VmSignature *)found;
}

static VmObject *host_new(VmHostCall call, void *data, VmFinalizer finalizer, VmObject **error)
{
    bool acquired = acquire();
    return give(native_new(call, data, finalizer), acquired, error);
}

static VmObject *func_new(VmObject *object, VmObject *type, VmHostCall call, void *data, VmFinalizer finalizer, VmObject **error)
{
    bool acquired = acquire();
    PyObject *native = native_new(call, data, finalizer), *made = NULL;
    Store *store = native ? store_for_new((PyObject *)object) : NULL;
    Signature *signature = store ? engine_signature_of(store->engine, G.func_id, (PyObject *)type, "a FuncType") : NULL;
    HostFunc *host = signature && !store_check_open(store) ? host_func_new(store, signature, native, true, NULL) : NULL;
    if (host)
        made = func_wrap(store, &host->funcref, host);
    Py_XDECREF(native);
    return give(made, acquired, error);
}

static VmObject *func_of(VmObject *store, void *reference, VmObject **error)
{
    bool acquired = acquire();
    return give(func_wrap((Store *)store, reference, NULL), acquired, error);
}

static void *reference_of(VmObject *func, VmObject **error)
{
    bool acquired = acquire();
    VMFuncRef *found = func_reference((FuncObject *)func);
    (void)give(NULL, acquired, error);
    return found;
}

/* ---- what objects hold ---- */

static bool func(VmObject *object, VmFunc *out)
{
    const FuncObject *self = (const FuncObject *)object;
    if (!PyObject_TypeCheck((PyObject *)object, &FuncType))
        return false;
    *out = (VmFunc){(VmObject *)self->store, self->funcref, (const VmSignature *)self->signature};
    return true;
}

static bool global(VmObject *object, VmGlobal *out)
{
    const GlobalObject *self = (const GlobalObject *)object;
    if (!PyObject_TypeCheck((PyObject *)object, &GlobalType))
        return false;
    *out = (VmGlobal){(VmObject *)self->store, (VmSlot *)self->cell, {self->type.code, self->type.kind, self->type.nullable}, self->mutable_};
    return true;
}

static bool is_memory(PyObject *object) { return PyObject_TypeCheck(object, &MemoryType) || PyObject_TypeCheck(object, &SharedMemoryType); }

static bool memory(VmObject *object, VmMemory *out)
{
    const MemoryObject *self = (const MemoryObject *)object;
    if (!is_memory((PyObject *)object))
        return false;
    *out = (VmMemory){(VmObject *)self->store, (const struct VmBytes *)&self->memory->definition, self->memory, self->memory->page_log2};
    return true;
}

static bool table(VmObject *object, VmTable *out)
{
    const TableObject *self = (const TableObject *)object;
    if (!PyObject_TypeCheck((PyObject *)object, &TableType))
        return false;
    const ValueType *element = &self->table->plan.element;
    *out = (VmTable){(VmObject *)self->store, (const struct VmElements *)&self->table->definition, {element->code, element->kind, element->nullable}};
    return true;
}

static bool tag(VmObject *object, VmTag *out)
{
    const TagObject *self = (const TagObject *)object;
    if (!PyObject_TypeCheck((PyObject *)object, &TagType))
        return false;
    *out = (VmTag){(VmObject *)self->store, self->identity};
    return true;
}

static bool same(VmObject *a, VmObject *b)
{
    if (a == b)
        return true;
    bool acquired = acquire();
    int equal = PyObject_RichCompareBool((PyObject *)a, (PyObject *)b, Py_EQ);
    PyErr_Clear();
    release(acquired);
    return equal == 1;
}

/* ---- references ---- */

static VmObject *get(VmObject *store, const VmType *type, const VmSlot *slot, VmObject **error)
{
    bool acquired = acquire();
    PyObject *found = store_check_open((Store *)store) ? NULL : value_from_wasm_slow((Store *)store, (const ValueType *)type, (const VMValue *)slot);
    return give(found, acquired, error);
}

static int set(VmObject *store, const VmType *type, VmObject *object, VmSlot *slot, VmObject **error)
{
    bool acquired = acquire();
    int failed = store_check_open((Store *)store) || value_to_wasm_slow((Store *)store, (const ValueType *)type, (PyObject *)object, (VMValue *)slot);
    return give_int(failed, acquired, error);
}

static VmObject *data_new(void *data, VmFinalizer finalizer, VmObject **error) { return host_new(NULL, data, finalizer, error); }

static bool data(VmObject *object, void **out) { return native_data((PyObject *)object, out); }

/* ---- memories and tables ---- */

static int memory_share(VmObject *object, VmObject **error)
{
    bool acquired = acquire();
    return give_int(memory_will_share(((MemoryObject *)object)->memory), acquired, error);
}

static bool grow_memory(VmObject *object, uint64_t delta, uint64_t *old)
{
    const MemoryObject *self = (const MemoryObject *)object;
    uint64_t limit = self->store && self->store->limit_memory >= 0 ? (uint64_t)self->store->limit_memory : UINT64_MAX;
    bool acquired = acquire();
    *old = memory_grow(self->memory, delta, limit);
    release(acquired);
    return *old != UINT64_MAX;
}

static bool grow_table(VmObject *object, uint64_t delta, VmObject *init, uint64_t *old, VmObject **error)
{
    TableObject *self = (TableObject *)object;
    bool acquired = acquire();
    ValueType element = self->table->plan.element;
    VMValue value;
    PyObject *given = init ? (PyObject *)init : Py_None;
    int failed = store_check_open(self->store) || value_to_wasm_slow(self->store, &element, given, &value) || store_check_open(self->store);
    *old = failed ? UINT64_MAX : table_grow(self->store, self->table, delta, value.ref);
    (void)give(NULL, acquired, error);
    return *old != UINT64_MAX;
}

/* ---- stores and instances ---- */

static VmObject *store_new(VmObject *engine, VmObject *given, VmObject **error)
{
    bool acquired = acquire();
    PyObject *arguments[] = {(PyObject *)engine, given ? (PyObject *)given : Py_None};
    return give(PyObject_Vectorcall((PyObject *)&StoreType, arguments, 2, NULL), acquired, error);
}

static void *store_data(VmObject *store) { return ((Store *)store)->host_data; }

static bool store_close(VmObject *store)
{
    bool acquired = acquire();
    PyObject *done = PyObject_CallMethod((PyObject *)store, "close", NULL);
    PyErr_Clear();
    Py_XDECREF(done);
    release(acquired);
    return done != NULL;
}

static bool is_thrown(VmObject *exception) { return PyObject_TypeCheck((PyObject *)exception, (PyTypeObject *)G.wasm_exception); }

static bool is_trap(VmObject *exception)
{
    if (!PyObject_TypeCheck((PyObject *)exception, (PyTypeObject *)G.trap))
        return false;
    if (is_thrown(exception))
        return true;
    bool acquired = acquire();
    PyObject *code = PyObject_GetAttr((PyObject *)exception, G.str_code);
    PyErr_Clear();
    const bool coded = code && code != Py_None;
    Py_XDECREF(code);
    release(acquired);
    return coded;
}

static int escape(void *reference, VmObject **error)
{
    VMFuncRef *function = reference;
    if (function->code)
        return 0;
    bool acquired = acquire();
    return give_int(host_func_ref(funcref_host(function)) == NULL, acquired, error);
}

static PyObject *make_instance(PyObject *storelike, PyObject *module, PyObject *const *imports, size_t count)
{
    Store *store = store_for_new(storelike);
    PyObject *loaded = store ? PyObject_GetAttr(module, G.str_loaded) : NULL, *made = NULL;
    if (loaded && !PyObject_TypeCheck(loaded, &LoadedType))
        PyErr_SetString(PyExc_TypeError, "expected a module");
    else if (loaded && !store_check_open(store))
        made = loaded_instantiate((Loaded *)loaded, store, imports, (Py_ssize_t)count);
    Py_XDECREF(loaded);
    return made;
}

static VmObject *instantiate(VmObject *store, VmObject *module, VmObject *const *imports, size_t count, VmObject **error)
{
    bool acquired = acquire();
    return give(make_instance((PyObject *)store, (PyObject *)module, (PyObject *const *)imports, count), acquired, error);
}

static VmObject *pre_instantiate(VmObject *pre, VmObject *store, VmObject **error)
{
    bool acquired = acquire();
    return give(PyObject_CallMethod((PyObject *)pre, "instantiate", "O", (PyObject *)store), acquired, error);
}

/* What an instance's module is made of: NULL once its store is closed, which frees the instance. */
static const Plan *plan_of(VmObject *instance)
{
    const InstanceObject *self = (const InstanceObject *)instance;
    return self->store->closed ? NULL : &self->instance->module->plan;
}

static size_t export_count(VmObject *instance)
{
    const Plan *plan = plan_of(instance);
    return plan ? plan->export_count : 0;
}

static VmObject *export_at(VmObject *object, size_t index, VmObject **error)
{
    InstanceObject *self = (InstanceObject *)object;
    bool acquired = acquire();
    PyObject *made = store_check_open(self->store) ? NULL : instance_export(self->store, self->instance, (Py_ssize_t)index);
    return give(made, acquired, error);
}

static const char *export_name(VmObject *instance, size_t index, size_t *length)
{
    Py_ssize_t size = 0;
    bool acquired = acquire();
    const Plan *plan = plan_of(instance);
    const char *text = plan ? PyUnicode_AsUTF8AndSize(plan->exports[index].name, &size) : NULL;
    PyErr_Clear();
    release(acquired);
    *length = (size_t)size;
    return text;
}

static PyObject *find_export(Store *store, Instance *instance, const char *text, size_t length)
{
    if (length > PTRDIFF_MAX) /* is that of no string */
        return NULL;
    PyObject *name = store_check_open(store) ? NULL : PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, NULL);
    Py_ssize_t index = name ? loaded_export_index(instance->module, name) : -1;
    if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) /* no name of any export */
        PyErr_Clear();
    Py_XDECREF(name);
    return index < 0 ? NULL : instance_export(store, instance, index);
}

static VmObject *export_of(VmObject *object, const char *name, size_t length, VmObject **error)
{
    InstanceObject *self = (InstanceObject *)object;
    bool acquired = acquire();
    return give(find_export(self->store, self->instance, name, length), acquired, error);
}

static VmObject *caller_export(const VmCaller *caller, const char *name, size_t length, VmObject **error)
{
    bool acquired = acquire();
    return give(caller->instance ? find_export((Store *)caller->store, caller->instance, name, length) : NULL, acquired, error);
}

static VmCapsule capsule = {
    VM_CAPSULE_VERSION, sizeof(VmCapsule), host_thread_attach, incref, decref,
    call, signature, func_new, host_new, func_of, reference_of,
    func, global, memory, table, tag, same,
    get, set, data_new, data,
    memory_share, grow_memory, grow_table,
    store_new, store_data, store_close, is_trap, is_thrown, escape, instantiate, pre_instantiate, export_count, export_at, export_name, export_of, caller_export,
};

/* The object at an address that a C library holds a reference for. */
static PyObject *object_at(PyObject *Py_UNUSED(module), PyObject *address)
{
    PyObject *object = PyLong_AsVoidPtr(address);
    if (!object && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "no object at address 0");
    return Py_XNewRef(object);
}

static PyMethodDef functions[] = {
    {"object_at", object_at, METH_O, "object_at(address, /)\n--\n\nFor wasm-capi: the object that a handle of the C library refers to."},
    {NULL, NULL, 0, NULL},
};

int capsule_add(PyObject *module)
{
    if (host_thread_init())
        return -1;
    PyObject *object = PyType_Ready(&NativeType) ? NULL : PyCapsule_New(&capsule, VM_CAPSULE_NAME, NULL);
    int failed = object ? PyModule_AddObjectRef(module, "capsule", object) : -1;
    Py_XDECREF(object);
    return failed || PyModule_AddFunctions(module, functions) ? -1 : 0;
}
