/* module.c: the extension module: its types, the names and hooks that all files share, and the functions loading.py calls. */
#include "code.h"
#include "component_abi.h"
#include "engine.h"
#include "gcref.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "objects.h"
#include "pending_signals.h"
#include "plan.h"
#include "pool.h"
#include "runtime.h"
#include "store.h"

#ifdef Py_GIL_DISABLED
#error "wasm-vm relies on the GIL: build it for a CPython without free threading (python3.13, not python3.13t)"
#endif

Globals G;

/* Helpers in Python are for slow paths: messages, conversions of descriptors. They live in wasm_vm.glue, imported when first needed. */
int module_call_helper(const char *name, PyObject *args, PyObject **out)
{
    *out = NULL;
    if (!args)
        return -1;
    PyObject *module = PyImport_ImportModule("wasm_vm.glue");
    PyObject *function = module ? PyObject_GetAttrString(module, name) : NULL;
    if (function)
        *out = PyObject_CallObject(function, args);
    Py_XDECREF(function);
    Py_XDECREF(module);
    Py_DECREF(args);
    return *out ? 0 : -1;
}

static PyObject *registry_of(const Engine *engine) { return engine && engine->registry ? engine->registry : Py_None; }

PyObject *type_to_public(const Engine *engine, PyObject *converter, PyObject *type)
{
    if (!type || !converter)
        return type;
    PyObject *converted = PyObject_CallFunctionObjArgs(converter, registry_of(engine), type, NULL);
    Py_DECREF(type);
    return converted;
}

PyObject *signature_to_public(const Engine *engine, PyObject *converter, const Signature *signature)
{
    if (!converter)
        return Py_NewRef(signature->type);
    return type_to_public(engine, converter, PyLong_FromUnsignedLong(signature->type_id));
}

PyObject *object_as(PyTypeObject *type, PyTypeObject *base, PyObject *made)
{
    if (type == base || !made)
        return made;
    PyObject_GC_UnTrack(made);                  /* so that nobody finds it ... */
    PyObject *object = type->tp_alloc(type, 0); /* ... while this runs Python code; it still owns what it holds */
    if (!object) {
        Py_DECREF(made);
        return NULL;
    }
    memcpy((char *)object + sizeof(PyObject), (char *)made + sizeof(PyObject), (size_t)base->tp_basicsize - sizeof(PyObject));
    PyObject_GC_Del(made);
    return object;
}

int object_init(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) { return 0; }

PyGetSetDef object_dict_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyObject *signature_text(const Engine *engine, const Signature *signature)
{
    PyObject *text = NULL;
    module_call_helper("signature_text", Py_BuildValue("(OI)", registry_of(engine), (unsigned int)signature->type_id), &text);
    return text;
}

PyObject *value_type_text(const Engine *engine, uint64_t code)
{
    PyObject *text = NULL;
    module_call_helper("type_name", Py_BuildValue("(OK)", registry_of(engine), (unsigned long long)code), &text);
    return text;
}

/* New reference to environ's type: `object` itself if it is one, else what the facade's converter makes of it. */
PyObject *type_from_public(const Engine *engine, PyObject *converter, PyObject *cls, PyObject *object, const char *expected)
{
    int is_environ = PyObject_IsInstance(object, cls);
    if (is_environ < 0)
        return NULL;
    if (is_environ)
        return Py_NewRef(object);
    if (!converter) {
        PyErr_Format(G.argument_error, "expected %s, not %.100s", expected, Py_TYPE(object)->tp_name);
        return NULL;
    }
    PyObject *type = PyObject_CallFunctionObjArgs(converter, registry_of(engine), object, NULL);
    if (!type) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) /* a converter that just asks the object */
            PyErr_Format(G.argument_error, "expected %s, not %.100s", expected, Py_TYPE(object)->tp_name);
        return NULL;
    }
    is_environ = PyObject_IsInstance(type, cls);
    if (is_environ == 1)
        return type;
    if (is_environ == 0)
        PyErr_Format(G.argument_error, "expected %s, not %.100s", expected, Py_TYPE(object)->tp_name);
    Py_DECREF(type);
    return NULL;
}

PyObject *limits_object(uint64_t min, bool has_max, uint64_t max, bool is64, bool shared)
{
    PyObject *maximum = has_max ? PyLong_FromUnsignedLongLong(max) : Py_NewRef(Py_None);
    if (!maximum)
        return NULL;
    return PyObject_CallFunction(G.environ_limits, "KNOO", (unsigned long long)min, maximum, is64 ? Py_True : Py_False,
                                 shared ? Py_True : Py_False);
}

/* bind_types(**converters): see wasm_vm.bind_types. */
static PyObject *bind_types(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"func_type", "func_id", "tag_type", "tag_id", "aggregate_type", "aggregate_id", "to_memory_type", "from_memory_type",
                            "to_table_type", "from_table_type", "to_global_type", "from_global_type", "default_engine", "set_wasi", NULL};
    PyObject **slots[] = {&G.func_type,       &G.func_id,       &G.tag_type,        &G.tag_id,         &G.aggregate_type,
                          &G.aggregate_id,    &G.to_memory_type, &G.from_memory_type, &G.to_table_type, &G.from_table_type,
                          &G.to_global_type,  &G.from_global_type, &G.default_engine, &G.set_wasi};
    PyObject *given[14] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOOOOOOOOOOOO:bind_types", names, &given[0], &given[1], &given[2], &given[3], &given[4],
                                     &given[5], &given[6], &given[7], &given[8], &given[9], &given[10], &given[11], &given[12],
                                     &given[13]))
        return NULL;
    for (int i = 0; i < 14; i++)
        if (given[i] && given[i] != Py_None && !PyCallable_Check(given[i])) {
            PyErr_Format(PyExc_TypeError, "bind_types: %s must be callable or None", names[i]);
            return NULL;
        }
    for (int i = 0; i < 14; i++)
        if (given[i]) {
            PyObject *old = *slots[i];
            *slots[i] = given[i] == Py_None ? NULL : Py_NewRef(given[i]);
            Py_XDECREF(old);
        }
    Py_RETURN_NONE;
}

static PyObject *map_file(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *path;
    Py_ssize_t offset = 0, size = -1;
    return PyArg_ParseTuple(args, "O|nn:map_file", &path, &offset, &size) ? code_map_file(path, offset, size) : NULL;
}

/* copy_code(buffer) -> Code: a mapping of its own with these bytes as text, not registered as a module yet. */
static PyObject *map_bytes(PyObject *Py_UNUSED(module), PyObject *object)
{
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE))
        return NULL;
    Code *code = code_copy(view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return (PyObject *)code;
}

/* For tests of this package: where machine code can be called, and whether handlers are on top. */
static PyObject *poke_signal_number(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) { return PyLong_FromLong(poke_signal); }

static PyObject *drop_reservations(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    memory_forget_cached();
    Py_RETURN_NONE;
}

static PyObject *can_reserve(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored)) { return PyBool_FromLong(memory_can_reserve()); }

static PyObject *use_pagemap(PyObject *Py_UNUSED(self), PyObject *on)
{
    int truth = PyObject_IsTrue(on);
    if (truth < 0)
        return NULL;
    written_ask = truth;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"load", loaded_new, METH_VARARGS, "load(engine, code, text, module, names, plan) -> LoadedModule; see loading.py."},
    {"crc32", checksum, METH_VARARGS, "crc32(data, value=0, /)\n--\n\nAs zlib.crc32."},
    {"map_file", map_file, METH_VARARGS, "map_file(path, offset=0, size=-1, /)\n--\n\nMap an artifact, readable and executable: that part of the file, at a multiple of the page size."},
    {"map_bytes", map_bytes, METH_O, "map_bytes(text, /)\n--\n\nCopy machine code into a mapping of its own."},
    {"bind_types", (PyCFunction)(void (*)(void))bind_types, METH_VARARGS | METH_KEYWORDS, "See wasm_vm.bind_types."},
    {"poke_signal", poke_signal_number, METH_NOARGS, "poke_signal()\n--\n\nThe signal that interrupts running threads."},
    {"can_reserve", can_reserve, METH_NOARGS,
     "can_reserve()\n--\n\nWhether the system grants the 8 GiB of address space that a memory with guards takes."},
    {"use_pagemap", use_pagemap, METH_O, "use_pagemap(on, /)\n--\n\nFor tests: False is how kernels before Linux 6.7 behave, which have no PAGEMAP_SCAN."},
    {"time_is_limited", time_is_limited, METH_NOARGS,
     "time_is_limited()\n--\n\nWhether a timeout or an epoch deadline holds for the calls that this thread is in."},
    {"time_is_over", time_is_over, METH_NOARGS,
     "time_is_over()\n--\n\nWhether that time is over: the guest ends when the host function returns, so one that waits should."},
    {"drop_reservations", drop_reservations, METH_NOARGS,
     "drop_reservations()\n--\n\nGive back the address space kept for the next memories."},
    {NULL, NULL, 0, NULL},
};

static int import_names(void)
{
    const struct {
        const char *module, *name;
        PyObject **slot;
    } names[] = {
        {"wasm_environ.errors", "WasmError", &G.wasm_error},
        {"wasm_environ.errors", "LinkError", &G.link_error},
        {"wasm_environ.errors", "ExhaustedError", &G.exhausted_error},
        {"wasm_environ.errors", "ExitTrap", &G.exit_error},
        {"wasm_environ.errors", "ArtifactError", &G.artifact_error},
        {"wasm_environ.errors", "ArgumentError", &G.argument_error},
        {"wasm_environ.types", "FuncType", &G.environ_func_type},
        {"wasm_environ.types", "MemoryType", &G.environ_memory_type},
        {"wasm_environ.types", "TableType", &G.environ_table_type},
        {"wasm_environ.types", "GlobalType", &G.environ_global_type},
        {"wasm_environ.types", "Limits", &G.environ_limits},
        {"wasm_vm.errors", "StoreError", &G.store_error},
        {"wasm_vm.errors", "Trap", &G.trap},
        {"wasm_vm.errors", "WasmException", &G.wasm_exception},
        {"wasm_environ.errors", "Err", &G.component_err},
        {"wasm_environ.errors", "TimeIsOver", &G.time_is_over},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PyObject *module = PyImport_ImportModule(names[i].module);
        *names[i].slot = module ? PyObject_GetAttrString(module, names[i].name) : NULL;
        Py_XDECREF(module);
        if (!*names[i].slot)
            return -1;
    }
    if (!PyType_Check(G.wasm_exception) || !PyType_Check(G.component_err) || !PyType_Check(G.trap) || !((PyTypeObject *)G.trap)->tp_new) {
        PyErr_SetString(PyExc_TypeError, "Trap, WasmException and Err must be classes");
        return -1;
    }
    return 0;
}

static int make_strings(void)
{
    const struct {
        const char *text;
        PyObject **slot;
    } strings[] = {{"_vm", &G.str_vm},         {"_loaded", &G.str_loaded},     {"value", &G.str_value}, {"_value_", &G.str__value_},         {"timeout", &G.str_timeout},
                   {"memory", &G.str_memory},  {"_trap", &G.str_code},         {"_message", &G.str_message},    {"_backtrace", &G.str_backtrace}, {"_fault", &G.str_fault},
                   {"_code", &G.str__code},   {"into", &G.str_into},     {"exnref", &G.str_exnref},
                   {"greenlet", &G.str_greenlet}, {"payload", &G.str_payload},
                   {"tag", &G.str_tag}};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (!(*strings[i].slot = PyUnicode_InternFromString(strings[i].text)))
            return -1;
    return (G.empty_tuple = PyTuple_New(0)) ? 0 : -1;
}

static int add_types(PyObject *module)
{
    const struct {
        const char *name;
        PyTypeObject *type;
    } types[] = {{"EngineCore", &EngineType},       {"Store", &StoreType},         {"Func", &FuncType},           {"Caller", &CallerType},
                 {"Memory", &MemoryType},           {"SharedMemory", &SharedMemoryType}, {"Table", &TableType},   {"Global", &GlobalType},
                 {"Instance", &InstanceType},       {"InstanceExports", &ExportsType},   {"LoadedModule", &LoadedType}, {"Code", &CodeType},
                 {"Tag", &TagType},                 {"ExnRef", &ExnRefType},       {"Pool", &PoolType},           {"InstancePre", &InstancePreType},
                 {"Backtrace", &BacktraceType},     {"AnyRef", &AnyRefType},       {"EqRef", &EqRefType},         {"I31Ref", &I31RefType},
                 {"StructRef", &StructRefType},     {"ArrayRef", &ArrayRefType},     {"CallProgram", &ProgramType},  {"ComponentState", &ComponentStateType},
                 {"ComponentFunc", &ComponentFuncType}, {"ResourceType", &ResourceTypeType}, {"ResourceAny", &ResourceAnyType},
                 {"ComponentPlan", &ComponentPlanType}, {"ComponentPre", &ComponentPreType}, {"Instantiation", &InstantiationType},
                 {"Record", &RecordType},           {"Variant", &VariantType},         {"HostCall", &HostCallType}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (PyType_Ready(types[i].type) || PyModule_AddObjectRef(module, types[i].name, (PyObject *)types[i].type))
            return -1;
    return variant_type_init();
}

static int init_runtime(void)
{
    int error = code_init();
    if (!error)
        error = activation_init();
    if (!error)
        error = memory_init();
    if (!error)
        error = atomics_init();
    if (!error)
        error = monitor_init();
    if (error)
        PyErr_Format(G.exhausted_error, "cannot initialize: %s", strerror(error));
    return error ? -1 : 0;
}

static int add_set(PyObject *module, const char *name, const int *ids, size_t count)
{
    PyObject *set = PyFrozenSet_New(NULL);
    for (size_t i = 0; set && i < count; i++) {
        PyObject *id = PyLong_FromLong(ids[i]);
        if (!id || PySet_Add(set, id))
            Py_CLEAR(set);
        Py_XDECREF(id);
    }
    int failed = set ? PyModule_AddObjectRef(module, name, set) : -1;
    Py_XDECREF(set);
    return failed;
}

/* Op ids for loading.py, which reads no table of opcodes: a start would pay for it. */
static int add_ops(PyObject *module)
{
    static const int constant[] = VM_CONSTANT_OPS, typed[] = VM_TYPED_OPS;
    return PyModule_AddIntConstant(module, "REF_NULL", OP_REF_NULL) || PyModule_AddIntConstant(module, "REF_FUNC", OP_REF_FUNC) ||
           add_set(module, "CONSTANT_OPS", constant, sizeof constant / sizeof *constant) ||
           add_set(module, "TYPED_OPS", typed, sizeof typed / sizeof *typed);
}

/* Several phases, because a module of one phase is copied into other interpreters without being asked. Everything here is one per process. */
static int execute(PyObject *module)
{
    static bool initialized;
    PyObject *layout = PyLong_FromUnsignedLong(VM_LAYOUT);
    int failed = layout ? PyModule_AddObjectRef(module, "LAYOUT", layout) : -1;
    Py_XDECREF(layout);
    if (failed || add_ops(module) || (!initialized && (make_strings() || import_names())) || add_types(module) || capsule_add(module) || (!initialized && init_runtime()))
        return -1;
    if (!initialized)
        pending_signals_init();
    initialized = true;
    return 0;
}

static PyObject *create(PyObject *spec, PyModuleDef *Py_UNUSED(definition))
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "wasm_vm works in the main interpreter only: this is a sub-interpreter, and code, handlers of signals and "
                                           "threads belong to the process; run WebAssembly in the main interpreter or in another process");
        return NULL;
    }
    PyObject *name = PyObject_GetAttrString(spec, "name");
    PyObject *module = name ? PyModule_NewObject(name) : NULL;
    Py_XDECREF(name);
    return module;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_create, create},
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "wasm_vm._core", .m_doc = "The unsafe core of the vm.", .m_methods = functions,
                                        .m_slots = slots};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
