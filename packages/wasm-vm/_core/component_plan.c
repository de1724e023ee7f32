/* component_plan.c: ComponentPlan: the plan of a component, taken apart from its plain form; every number is checked here, once. */
#include "component_plan.h"
#include "engine.h"
#include "instance.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"

/* What is known while steps are read: a step reads only what earlier ones made. */
typedef struct Reader {
    ComponentPlan *plan;
    Loaded **made_of; /* by core instance: its module, borrowed from the plan; NULL: an imported one. Owned */
    bool *lifted;     /* by slot of a function. Owned */
} Reader;

static int bad(const char *what)
{
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "component plan: %s", what);
    return -1;
}

static void *rows(size_t count, size_t size)
{
    void *made = PyMem_Calloc(count + 1, size);
    if (!made)
        PyErr_NoMemory();
    return made;
}

static bool is_item(const Reader *in, uint32_t item) { return item < in->plan->core_items; }

/* ---- types ---- */

/* The engine's signature of (params, results), tuples of environ's value types. Borrowed; NULL with an exception. */
static Signature *signature_of(const Reader *in, PyObject *params, PyObject *results)
{
    PyObject *type = PyObject_CallFunctionObjArgs(G.environ_func_type, params, results, NULL);
    Signature *signature = type ? engine_signature_of(in->plan->engine, NULL, type, "an environ FuncType") : NULL;
    Py_XDECREF(type);
    return signature;
}

static int take_types(const Reader *in, PyObject *params, PyObject *results, Step *step)
{
    step->core_type = signature_of(in, params, results);
    return step->core_type ? 0 : -1;
}

/* Both widths of addresses: which one it is shows when there is a memory. */
static int take_realloc_types(const Reader *in)
{
    static const int addresses[2] = {TYPE_I32, 0x7E}; /* and i64 */
    for (int w = 0; w < 2 && !in->plan->realloc_types[w]; w++) {
        const int a = addresses[w];
        PyObject *params = Py_BuildValue("(iiii)", a, a, a, a), *results = params ? Py_BuildValue("(i)", a) : NULL;
        in->plan->realloc_types[w] = results ? signature_of(in, params, results) : NULL;
        Py_XDECREF(params);
        Py_XDECREF(results);
        if (!in->plan->realloc_types[w])
            return -1;
    }
    return 0;
}

/* ---- options ---- */

static int optional_item(const Reader *in, int number, uint32_t *out)
{
    *out = number < 0 ? NO_ITEM : (uint32_t)number;
    return number < 0 || is_item(in, *out) ? 0 : bad("an option is no core item");
}

static int take_options(const Reader *in, PyObject *given, StepOptions *out)
{
    enum { WITH_CALLBACK = 2 }; /* plain.py: 0 synchronous, 1 async */
    int memory, reallocate, post_return, how;
    if (!PyTuple_Check(given))
        return bad("options are no tuple");
    if (!PyArg_ParseTuple(given, "Iiiibi:options", &out->instance, &memory, &reallocate, &post_return, &out->encoding, &how))
        return -1;
    if (out->instance >= in->plan->shape.instances || out->encoding > ENCODING_LATIN1_UTF16)
        return bad("no such instance or encoding");
    out->is_async = how != 0;
    out->has_callback = how == WITH_CALLBACK;
    if (optional_item(in, memory, &out->memory) || optional_item(in, reallocate, &out->realloc) || optional_item(in, post_return, &out->post_return))
        return -1;
    return out->realloc == NO_ITEM ? 0 : take_realloc_types(in);
}

static int take_signature(const Reader *in, unsigned int index, Step *step)
{
    step->signature = program_signature(in->plan->program, index);
    return step->signature ? 0 : bad("no such signature in the program");
}

static int note_fits(Step *step, bool lowered)
{
    const CanonOptions options = {.is_async = step->options.is_async, .has_callback = step->options.has_callback};
    for (int w = 0; w < 2; w++)
        step->fits[w] = abi_fits(step->signature, &options, lowered, w, step->core_type);
    return step->fits[0] || step->fits[1] ? 0 : bad("a core function's type is not what is lifted or lowered");
}

/* ---- steps; each takes its tuple, the number in front ---- */

static int take_core_instance(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind;
    PyObject *items;
    if (!PyArg_ParseTuple(row, "IIO!:core instance", &kind, &step->core_instance.module, &PyTuple_Type, &items))
        return -1;
    if (step->core_instance.module >= (size_t)PyTuple_GET_SIZE(in->plan->modules) || PyTuple_GET_SIZE(items) > INT32_MAX)
        return bad("no such module");
    Loaded *module = (Loaded *)PyTuple_GET_ITEM(in->plan->modules, step->core_instance.module);
    const uint32_t count = step->core_instance.count = (uint32_t)PyTuple_GET_SIZE(items);
    if (!(step->core_instance.items = rows(count, sizeof(uint32_t))))
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        unsigned long item = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(items, i));
        if (PyErr_Occurred() || item > INT32_MAX || !is_item(in, (uint32_t)item))
            return bad("an import is no core item");
        step->core_instance.items[i] = (uint32_t)item;
    }
    in->plan->most_imports = count > in->plan->most_imports ? count : in->plan->most_imports;
    in->made_of[in->plan->core_instances++] = module;
    return 0;
}

/* {name: core instance, or {name: core item}} of pairs. */
static PyObject *args_by_name(const Reader *in, PyObject *pairs, bool inner)
{
    PyObject *found = PyTuple_Check(pairs) ? PyDict_New() : NULL;
    for (Py_ssize_t i = 0; found && i < PyTuple_GET_SIZE(pairs); i++) {
        PyObject *pair = PyTuple_GET_ITEM(pairs, i), *what = PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2 ? PyTuple_GET_ITEM(pair, 1) : NULL;
        PyObject *value = NULL;
        if (what && PyTuple_Check(what) && !inner) {
            value = args_by_name(in, what, true);
        } else if (what && PyLong_Check(what)) {
            unsigned long number = PyLong_AsUnsignedLong(what);
            if (!PyErr_Occurred() && number < (inner ? in->plan->core_items : in->plan->core_instances))
                value = Py_NewRef(what);
        }
        if (!value || PyDict_SetItem(found, PyTuple_GET_ITEM(pair, 0), value))
            Py_CLEAR(found);
        Py_XDECREF(value);
    }
    if (!found)
        (void)bad("what an imported module is given");
    return found;
}

static int take_imported_module(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind;
    PyObject *args;
    if (!PyArg_ParseTuple(row, "IIO:imported module", &kind, &step->imported_module.module, &args))
        return -1;
    if (step->imported_module.module >= in->plan->module_import_count)
        return bad("no such module import");
    if (!(step->imported_module.args = args_by_name(in, args, false)))
        return -1;
    in->made_of[in->plan->core_instances++] = NULL;
    return 0;
}

static int take_extract(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind;
    PyObject *name;
    if (!PyArg_ParseTuple(row, "IIU:extract", &kind, &step->extract.instance, &name))
        return -1;
    if (step->extract.instance >= in->plan->core_instances)
        return bad("no such core instance");
    step->extract.name = Py_NewRef(name);
    step->extract.index = -1;
    Loaded *module = in->made_of[step->extract.instance];
    if (module && (step->extract.index = loaded_export_index(module, name)) < 0)
        return bad("no such export of a core module");
    in->plan->core_items++;
    return 0;
}

static int take_resource(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind, instance;
    int destructor;
    PyObject *name;
    if (!PyArg_ParseTuple(row, "IIIiO:resource", &kind, &step->resource.slot, &instance, &destructor, &name))
        return -1;
    if (step->resource.slot >= in->plan->shape.resources || in->plan->resources[step->resource.slot].imported)
        return bad("no such resource type, or it is imported");
    PlannedResource *resource = &in->plan->resources[step->resource.slot];
    if (PyUnicode_Check(name))
        Py_XSETREF(resource->name, Py_NewRef(name));
    return optional_item(in, destructor, &step->resource.destructor);
}

static int take_lift(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind, signature;
    PyObject *options, *params, *results;
    if (!PyArg_ParseTuple(row, "IIIIIOOO:lift", &kind, &step->lift.slot, &step->lift.core, &signature, &step->lift.type, &options, &params, &results))
        return -1;
    if (step->lift.slot >= in->plan->shape.functions || in->lifted[step->lift.slot] || !is_item(in, step->lift.core))
        return bad("no such function, or it is lifted already");
    if (take_options(in, options, &step->options) || take_signature(in, signature, step) || take_types(in, params, results, step) || note_fits(step, false))
        return -1;
    if (step->options.post_return != NO_ITEM && !(step->lift.post_return = signature_of(in, results, G.empty_tuple)))
        return -1;
    in->lifted[step->lift.slot] = true;
    in->plan->shape.room += component_function_size(false);
    return 0;
}

static int take_lower(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind, signature;
    PyObject *options, *params, *results;
    if (!PyArg_ParseTuple(row, "IIIOOO:lower", &kind, &step->lower.function, &signature, &options, &params, &results))
        return -1;
    if (step->lower.function >= in->plan->shape.functions)
        return bad("no such function");
    if (take_options(in, options, &step->options) || take_signature(in, signature, step) || take_types(in, params, results, step) || note_fits(step, true))
        return -1;
    in->plan->shape.room += component_function_size(true);
    in->plan->core_items++;
    return 0;
}

static int take_built_in(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind;
    int signature;
    PyObject *options, *params, *results;
    if (!PyArg_ParseTuple(row, "IIIiOOO:built-in", &kind, &step->built_in.code, &step->built_in.operand, &signature, &options, &params, &results))
        return -1;
    if (take_options(in, options, &step->options) || (signature >= 0 && take_signature(in, (unsigned int)signature, step)) ||
        take_types(in, params, results, step))
        return -1;
    for (int w = 0; w < 2; w++)
        step->fits[w] = canon_fits(step->built_in.code, step->signature, w, step->core_type);
    if (!step->fits[0] && !step->fits[1])
        return bad("a built-in's type is not what it takes and gives");
    in->plan->shape.room += component_function_size(true);
    in->plan->core_items++;
    return 0;
}

static int take_flag(Reader *in, PyObject *row, Step *step)
{
    unsigned int kind;
    if (!PyArg_ParseTuple(row, "III:flag", &kind, &step->flag.instance, &step->flag.which))
        return -1;
    if (step->flag.instance >= in->plan->shape.instances)
        return bad("no such instance");
    in->plan->core_items++;
    return 0;
}

static int take_adapter_trap(Reader *in, PyObject *Py_UNUSED(row), Step *step)
{
    PyObject *params = Py_BuildValue("(i)", (int)TYPE_I32);
    int failed = !params || take_types(in, params, G.empty_tuple, step);
    Py_XDECREF(params);
    in->plan->shape.room += component_function_size(true);
    in->plan->core_items++;
    return failed ? -1 : 0;
}

static int (*const takes[STEP_KINDS])(Reader *, PyObject *, Step *) = {
    [STEP_CORE_INSTANCE] = take_core_instance, [STEP_IMPORTED_MODULE] = take_imported_module, [STEP_EXTRACT] = take_extract,
    [STEP_DEFINE_RESOURCE] = take_resource,    [STEP_LIFT] = take_lift,                       [STEP_LOWER] = take_lower,
    [STEP_BUILT_IN] = take_built_in,           [STEP_FLAG] = take_flag,                       [STEP_ADAPTER_TRAP] = take_adapter_trap,
};

static int take_steps(Reader *in, PyObject *steps)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(steps);
    if (!(in->plan->steps = rows((size_t)count, sizeof(Step))) || !(in->made_of = rows((size_t)count, sizeof *in->made_of)) ||
        !(in->lifted = rows(in->plan->shape.functions, sizeof *in->lifted)))
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *row = PyTuple_GET_ITEM(steps, i);
        unsigned long kind = PyTuple_Check(row) && PyTuple_GET_SIZE(row) ? PyLong_AsUnsignedLong(PyTuple_GET_ITEM(row, 0)) : STEP_KINDS;
        if (PyErr_Occurred() || kind >= STEP_KINDS)
            return bad("no such step");
        Step *step = &in->plan->steps[in->plan->step_count++];
        step->kind = (enum StepKind)kind;
        if (takes[kind](in, row, step))
            return -1;
    }
    return 0;
}

/* ---- the object ---- */

/* By slot: the path by which it is imported, a tuple, or the component instance that defines it. */
static int take_resources(ComponentPlan *plan, PyObject *resources)
{
    if (!(plan->resources = rows(plan->shape.resources, sizeof *plan->resources)))
        return -1;
    for (uint32_t i = 0; i < plan->shape.resources; i++) {
        PyObject *row = PyTuple_GET_ITEM(resources, i);
        if (PyTuple_Check(row)) {
            plan->resources[i].imported = true;
            continue;
        }
        unsigned long instance = PyLong_AsUnsignedLong(row);
        if (PyErr_Occurred() || instance >= plan->shape.instances)
            return bad("no such component instance");
        plan->resources[i].instance = (uint32_t)instance;
    }
    return 0;
}

static int take_parts(ComponentPlan *plan, Py_buffer *parents, PyObject *resources, PyObject *steps)
{
    if (PyTuple_GET_SIZE(resources) > INT32_MAX || PyTuple_GET_SIZE(steps) > INT32_MAX || plan->shape.functions > INT32_MAX)
        return bad("too many functions, resource types or steps");
    plan->shape.resources = (uint32_t)PyTuple_GET_SIZE(resources);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(plan->modules); i++) {
        PyObject *module = PyTuple_GET_ITEM(plan->modules, i);
        if (!PyObject_TypeCheck(module, &LoadedType) || ((Loaded *)module)->engine != plan->engine)
            return bad("modules are LoadedModules of the same engine");
    }
    if (component_take_parents(parents, &plan->shape) || component_check_shape(plan->program, &plan->shape) ||
        !(plan->parents = rows(plan->shape.instances, sizeof *plan->parents)))
        return -1;
    memcpy(plan->parents, parents->buf, plan->shape.instances * sizeof *plan->parents);
    plan->shape.parents = plan->parents;
    Reader in = {.plan = plan};
    int failed = take_resources(plan, resources) || take_steps(&in, steps);
    PyMem_Free(in.made_of);
    PyMem_Free(in.lifted);
    return failed ? -1 : 0;
}

static PyObject *plan_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"engine", "program", "parents", "functions", "resources", "modules", "module_imports", "steps", NULL};
    PyObject *engine, *program, *resources, *modules, *steps;
    unsigned int functions, module_imports;
    Py_buffer parents;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!y*IO!O!IO!:ComponentPlan", names, &EngineType, &engine, &ProgramType, &program, &parents, &functions,
                                     &PyTuple_Type, &resources, &PyTuple_Type, &modules, &module_imports, &PyTuple_Type, &steps))
        return NULL;
    ComponentPlan *self = (ComponentPlan *)cls->tp_alloc(cls, 0);
    if (self) {
        PyObject_GC_UnTrack(self); /* parsing runs Python, which must not come upon it half made */
        self->engine = (Engine *)Py_NewRef(engine);
        self->program = (Program *)Py_NewRef(program);
        self->modules = Py_NewRef(modules);
        self->shape.functions = functions;
        self->module_import_count = module_imports;
        int failed = take_parts(self, &parents, resources, steps);
        PyObject_GC_Track(self);
        if (failed)
            Py_CLEAR(self);
    }
    PyBuffer_Release(&parents);
    return (PyObject *)self;
}

static int plan_traverse(ComponentPlan *self, visitproc visit, void *arg)
{
    Py_VISIT(self->engine);
    Py_VISIT(self->program);
    Py_VISIT(self->modules);
    return 0;
}

static void step_free(Step *step)
{
    if (step->kind == STEP_CORE_INSTANCE)
        PyMem_Free(step->core_instance.items);
    else if (step->kind == STEP_IMPORTED_MODULE)
        Py_XDECREF(step->imported_module.args);
    else if (step->kind == STEP_EXTRACT)
        Py_XDECREF(step->extract.name);
}

static void plan_dealloc(ComponentPlan *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    for (uint32_t i = 0; i < self->step_count; i++)
        step_free(&self->steps[i]);
    for (uint32_t i = 0; self->resources && i < self->shape.resources; i++)
        Py_XDECREF(self->resources[i].name);
    PyMem_Free(self->steps);
    PyMem_Free(self->resources);
    PyMem_Free(self->parents);
    Py_XDECREF(self->modules);
    Py_XDECREF(self->program);
    Py_XDECREF(self->engine);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

PyTypeObject ComponentPlanType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.ComponentPlan",
    .tp_doc = PyDoc_STR("ComponentPlan(engine, program, parents, functions, resources, modules, module_imports, steps): what instantiating a component does."),
    .tp_basicsize = sizeof(ComponentPlan),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = plan_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)plan_dealloc,
    .tp_traverse = (traverseproc)plan_traverse,
    .tp_weaklistoffset = offsetof(ComponentPlan, weakrefs),
};
