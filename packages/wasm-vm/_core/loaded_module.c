/* loaded_module.c: LoadedModule: mapped code, and the descriptor turned into rows that instantiation reads in C. loading.py makes the input. */
#include "code.h"
#include "engine.h"
#include "instance.h"
#include "module.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"

/* The tables of a file stay in its mapping; those of an image in memory are kept by reference. Each is a contiguous memoryview; the order is that of
 * TABLES in loading.py. */
int code_set_tables(Code *code, PyObject *views)
{
    const struct {
        const uint32_t **rows;
        size_t *count;
        size_t row_size;
    } tables[] = {
        {&code->functions, &code->function_count, 8}, {&code->traps, &code->trap_count, 8},
        {&code->addresses, &code->address_count, 8},  {&code->frames, &code->frame_count, 8},
        {&code->shapes, &code->shape_count, 4 * SHAPE_WORDS}, {&code->handlers, &code->handler_count, 12},
    };
    const Py_ssize_t count = sizeof tables / sizeof *tables;
    bool inside = true;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *view = PyTuple_GET_SIZE(views) == count ? PyTuple_GET_ITEM(views, i) : NULL;
        const Py_buffer *buffer = view && PyMemoryView_Check(view) ? PyMemoryView_GET_BUFFER(view) : NULL;
        if (!buffer || (size_t)buffer->len % tables[i].row_size || (buffer->len && (uintptr_t)buffer->buf % 4) || !PyBuffer_IsContiguous(buffer, 'C')) {
            PyErr_SetString(PyExc_ValueError, "plan: code tables");
            return -1;
        }
        *tables[i].rows = buffer->buf;
        *tables[i].count = (size_t)buffer->len / tables[i].row_size;
        const uint8_t *at = buffer->buf;
        inside = inside && at >= code->map && at + buffer->len <= code->map + code->map_size;
    }
    if (!inside)
        Py_XSETREF(code->tables, Py_NewRef(views));
    return 0;
}

/* The code's ranges are registered before the rest is parsed, so that offsets can be checked against it. */
static int fill(Loaded *self, const PlanInput *in, Py_ssize_t text_offset, Py_ssize_t text_size)
{
    Code *code = self->code;
    Plan *plan = &self->plan;
    if (code_set_tables(code, in->tables_of_code) || code_register(code, (size_t)text_offset, (size_t)text_size) || engine_sync_types(self->engine, PyBytes_GET_SIZE(in->tags) > 0) ||
        plan_parse(self, in))
        return -1;
    for (uint32_t i = 0; i < plan->imported_functions; i++) { /* for host functions that escape as references */
        Signature *signature = engine_signature(self->engine, plan->functions[i]);
        if (!signature)
            return -1;
        if (!signature->thunk) {
            signature->thunk = plan->thunks[i];
            signature->thunk_code = code;
        }
    }
    return 0;
}

static void plan_begin(Plan *plan, const PlanInput *in)
{
    plan->layout = in->layout;
    plan->imported_functions = in->imported.functions;
    plan->imported_tables = in->imported.tables;
    plan->imported_memories = in->imported.memories;
    plan->imported_globals = in->imported.globals;
    plan->imported_tags = in->imported.tags;
    plan->start = in->start;
    plan->guarded = in->guarded;
}

/* load(engine, code, (text offset, text size), module, names, plan) -> LoadedModule */
PyObject *loaded_new(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *module, *names;
    Engine *engine;
    Code *code;
    PlanInput in;
    Py_ssize_t text_offset, text_size;
    if (!PyArg_ParseTuple(args, "O!O!(nn)OO" VM_PLAN_FORMAT ":load", &EngineType, &engine, &CodeType, &code, &text_offset, &text_size, &module, &names,
                          VM_PLAN_PLACES(in)))
        return NULL;
    if (!PyTuple_Check(in.tables_of_code)) {
        PyErr_SetString(PyExc_TypeError, "plan: expected a tuple of code tables");
        return NULL;
    }
    Loaded *self = (Loaded *)LoadedType.tp_alloc(&LoadedType, 0);
    if (!self)
        return NULL;
    plan_begin(&self->plan, &in);
    self->engine = (Engine *)Py_NewRef(engine);
    self->code = (Code *)Py_NewRef(code);
    code->loads++;
    self->module = Py_NewRef(module);
    self->data = Py_NewRef(in.data);
    code->imported_functions = in.imported.functions;
    Py_XSETREF(code->names, Py_NewRef(names));
    if (fill(self, &in, text_offset, text_size))
        Py_CLEAR(self);
    else
        signals_reinstall();
    return (PyObject *)self;
}

static int loaded_traverse(Loaded *self, visitproc visit, void *arg)
{
    Py_VISIT(self->engine);
    Py_VISIT(self->module);
    Py_VISIT(self->data);
    return 0;
}

static void loaded_dealloc(Loaded *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    prepared_clear(self);
    while (self->free_count)
        free(self->free_blocks[--self->free_count]);
    if (self->code && --self->code->loads == 0 && self->engine && self->plan.functions)
        for (uint32_t i = 0; i < self->plan.imported_functions; i++) {
            uint32_t at = self->plan.functions[i] / TYPE_STEP;
            Signature *s = at < self->engine->signature_count ? self->engine->signatures[at] : NULL;
            if (s && s->thunk_code == self->code) {
                s->thunk = NULL;
                s->thunk_code = NULL;
            }
        }
    plan_free(&self->plan);
    if (self->data_view.obj)
        PyBuffer_Release(&self->data_view);
    Py_XDECREF(self->data);
    Py_XDECREF(self->module);
    Py_XDECREF(self->export_index);
    Py_XDECREF(self->name);
    Py_XDECREF(self->code);
    Py_XDECREF(self->engine);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *loaded_instantiate_method(Loaded *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "instantiate() needs a store and a sequence of imports");
        return NULL;
    }
    Store *store = store_for_new(args[0]);
    if (!store)
        return NULL;
    PyObject *imports = PySequence_Tuple(args[1]);
    if (!imports)
        return NULL;
    PyObject *instance = loaded_instantiate(self, store, ((PyTupleObject *)imports)->ob_item, PyTuple_GET_SIZE(imports));
    Py_DECREF(imports);
    return instance;
}

static PyObject *loaded_get_module(Loaded *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->module); }
static PyObject *loaded_get_engine(Loaded *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->engine); }

static PyObject *loaded_get_name(Loaded *self, void *Py_UNUSED(closure))
{
    PyObject *pair = PyObject_CallOneArg(self->code->names, (PyObject *)self->code), *name = NULL;
    if (pair && PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) >= 2)
        name = Py_NewRef(PyTuple_GET_ITEM(pair, 0));
    else if (pair)
        PyErr_SetString(PyExc_TypeError, "names(code) must return (module name, {function index: name}, imported functions, starts of bodies, what reads debug information)");
    Py_XDECREF(pair);
    return name;
}

static PyObject *loaded_repr(Loaded *self)
{
    return PyUnicode_FromFormat("<LoadedModule, %u functions, %u imports, %u exports>", self->plan.function_count, self->plan.import_count,
                                self->plan.export_count);
}

static PyMethodDef loaded_methods[] = {
    {"instantiate", (PyCFunction)(void (*)(void))loaded_instantiate_method, METH_FASTCALL,
     "instantiate($self, store, imports, /)\n--\n\nA new Instance; imports in the order of the module's."},
    {NULL, NULL, 0, NULL},
};
static PyObject *loaded_get_text_address(Loaded *self, void *Py_UNUSED(closure)) { return PyLong_FromVoidPtr((void *)self->code->text); }

static PyGetSetDef loaded_getset[] = {
    {"text_address", (getter)loaded_get_text_address, NULL, "Where its machine code begins in memory, for profilers.", NULL},
    {"module", (getter)loaded_get_module, NULL, "Its descriptor: what was given to `load`, a `loading.Described`.", NULL},
    {"engine", (getter)loaded_get_engine, NULL, "The EngineCore.", NULL},
    {"name", (getter)loaded_get_name, NULL, "The module's own name, \"\" without one.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject LoadedType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.LoadedModule",
    .tp_doc = PyDoc_STR("A module whose code is mapped: ready to instantiate in stores of its engine."),
    .tp_basicsize = sizeof(Loaded),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)loaded_dealloc,
    .tp_traverse = (traverseproc)loaded_traverse,
    .tp_repr = (reprfunc)loaded_repr,
    .tp_weaklistoffset = offsetof(Loaded, weakrefs),
    .tp_methods = loaded_methods,
    .tp_getset = loaded_getset,
};
