/* plan_parse.c: the tuple that loading.py makes of a descriptor, taken apart into the rows of a Plan; every index is checked here, once. */
#include "code.h"
#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "plan.h"
#include "runtime.h"
#include "table.h"

/* A u32 array out of a bytes object; a copy, owned. */
static int take_u32(PyObject *bytes, uint32_t **out, uint32_t *count)
{
    if (!PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) % 4 || PyBytes_GET_SIZE(bytes) / 4 > INT32_MAX) {
        PyErr_SetString(PyExc_TypeError, "plan: expected bytes of u32s");
        return -1;
    }
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    *count = (uint32_t)(size / 4);
    *out = PyMem_Malloc(size ? size : 1);
    if (!*out) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(*out, PyBytes_AS_STRING(bytes), size);
    return 0;
}

/* Room for one row of `size` bytes per item of a tuple, zeroed. */
static void *rows(PyObject *tuple, size_t size, uint32_t *count)
{
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > INT32_MAX) {
        PyErr_SetString(PyExc_TypeError, "plan: expected a tuple of rows");
        return NULL;
    }
    *count = (uint32_t)PyTuple_GET_SIZE(tuple);
    void *made = PyMem_Calloc(*count ? *count : 1, size);
    if (!made)
        PyErr_NoMemory();
    return made;
}

static int bad_plan(const char *what)
{
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "plan: %s", what);
    return -1;
}

/* Constant expressions are (first row, number of rows) in the pool. */
static int expression(const Plan *plan, unsigned long start, unsigned long count, ConstExpr *out)
{
    if (start > plan->op_count || count > plan->op_count - start)
        return bad_plan("constant expression outside the pool");
    out->ops = plan->ops + start;
    out->count = (uint32_t)count;
    return 0;
}

static int take_ops(Plan *plan, PyObject *bytes)
{
    if (!PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) % (Py_ssize_t)sizeof(ConstOp))
        return bad_plan("constant expressions");
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    if (!(plan->ops = PyMem_Malloc(size ? size : 1))) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(plan->ops, PyBytes_AS_STRING(bytes), size);
    plan->op_count = (uint32_t)(size / sizeof(ConstOp));
    return 0;
}

static int take_imports(Plan *plan, PyObject *tuple)
{
    if (!(plan->imports = rows(tuple, sizeof *plan->imports, &plan->import_count)))
        return -1;
    const uint32_t bounds[EXTERN_KINDS] = {plan->imported_functions, plan->imported_tables, plan->imported_memories, plan->imported_globals,
                                           plan->imported_tags};
    for (uint32_t i = 0; i < plan->import_count; i++) {
        ImportPlan *row = &plan->imports[i];
        PyObject *module, *name;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "UUbI", &module, &name, &row->kind, &row->index))
            return -1;
        row->module = Py_NewRef(module);
        row->name = Py_NewRef(name);
        row->exact = row->kind == EXACT_FUNC;
        if (row->exact)
            row->kind = EXTERN_FUNC;
        if (row->kind >= EXTERN_KINDS || row->index >= bounds[row->kind])
            return bad_plan("import index");
    }
    return 0;
}

static int take_exports(Loaded *self, PyObject *tuple)
{
    Plan *plan = &self->plan;
    if (!(plan->exports = rows(tuple, sizeof *plan->exports, &plan->export_count)) || !(self->export_index = PyDict_New()))
        return -1;
    const uint32_t bounds[EXTERN_KINDS] = {plan->function_count, plan->table_count, plan->memory_count, plan->global_count, plan->tag_count};
    plan->default_memory = -1;
    for (uint32_t i = 0; i < plan->export_count; i++) {
        ExportPlan *row = &plan->exports[i];
        PyObject *name;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "UbI", &name, &row->kind, &row->index))
            return -1;
        row->name = Py_NewRef(name);
        PyUnicode_InternInPlace(&row->name);
        if (row->kind >= EXTERN_KINDS || row->index >= bounds[row->kind])
            return bad_plan("export index");
        if (row->kind == EXTERN_MEMORY && PyUnicode_CompareWithASCIIString(row->name, "memory") == 0)
            plan->default_memory = row->index;
        PyObject *number = PyLong_FromUnsignedLong(i);
        int failed = !number || PyDict_SetItem(self->export_index, row->name, number);
        Py_XDECREF(number);
        if (failed)
            return -1;
    }
    return 0;
}

static int take_memories(Plan *plan, PyObject *tuple)
{
    if (!(plan->memories = rows(tuple, sizeof *plan->memories, &plan->memory_count)))
        return -1;
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        unsigned long long min, max;
        int has_max, is64, shared;
        unsigned char log2;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "KKpppb", &min, &max, &has_max, &is64, &shared, &log2))
            return -1;
        if (log2 > 16)
            return bad_plan("page size");
        plan->memories[i] = (MemoryPlan){min, max, has_max, is64, shared, log2};
    }
    return 0;
}

static int take_tables(Engine *engine, Plan *plan, PyObject *tuple)
{
    if (!(plan->tables = rows(tuple, sizeof *plan->tables, &plan->table_count)))
        return -1;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        TableInit *row = &plan->tables[i];
        PyObject *element;
        unsigned long long min, max;
        unsigned long start, count;
        int has_max, is64;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "OKKpp(kk)", &element, &min, &max, &has_max, &is64, &start, &count) ||
            value_type_parse(engine, element, &row->plan.element) || expression(plan, start, count, &row->init))
            return -1;
        row->plan.min = min;
        row->plan.max = max;
        row->plan.has_max = has_max;
        row->plan.is64 = is64;
    }
    return 0;
}

static int take_globals(Engine *engine, Plan *plan, PyObject *tuple)
{
    if (!(plan->globals = rows(tuple, sizeof *plan->globals, &plan->global_count)))
        return -1;
    for (uint32_t i = 0; i < plan->global_count; i++) {
        GlobalPlan *row = &plan->globals[i];
        PyObject *type;
        unsigned long start, count;
        int mutable_;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "Op(kk)", &type, &mutable_, &start, &count) || value_type_parse(engine, type, &row->type) ||
            expression(plan, start, count, &row->init))
            return -1;
        row->mutable_ = mutable_;
    }
    return 0;
}

static int take_element_items(Plan *plan, ElementPlan *row, PyObject *functions, PyObject *expressions)
{
    uint32_t count;
    if (functions != Py_None) {
        if (take_u32(functions, &row->functions, &count))
            return -1;
        for (uint32_t k = 0; k < count; k++)
            if (row->functions[k] >= plan->function_count && row->functions[k] != NO_FUNCTION)
                return bad_plan("function index in an element segment");
    } else {
        if (!(row->expressions = rows(expressions, sizeof *row->expressions, &count)))
            return -1;
        for (uint32_t k = 0; k < count; k++) {
            unsigned long start, length;
            if (!PyArg_ParseTuple(PyTuple_GET_ITEM(expressions, k), "kk", &start, &length) ||
                expression(plan, start, length, &row->expressions[k]))
                return -1;
            row->allocates |= constexpr_allocates(&row->expressions[k]);
        }
    }
    row->count = count;
    return 0;
}

static int take_elements(Engine *engine, Plan *plan, PyObject *tuple)
{
    if (!(plan->elements = rows(tuple, sizeof *plan->elements, &plan->element_count)))
        return -1;
    for (uint32_t i = 0; i < plan->element_count; i++) {
        ElementPlan *row = &plan->elements[i];
        PyObject *type, *functions, *expressions;
        unsigned long start, count;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(tuple, i), "bI(kk)OOO", &row->mode, &row->table, &start, &count, &type, &functions, &expressions) ||
            expression(plan, start, count, &row->offset) || value_type_parse(engine, type, &row->type) ||
            take_element_items(plan, row, functions, expressions))
            return -1;
        if (row->mode == MODE_ACTIVE && row->table >= plan->table_count)
            return bad_plan("table of an element segment");
    }
    return 0;
}

/* Rows of machine words; see linking/descriptor.py. */
static int take_datas(Loaded *self, PyObject *bytes, PyObject *data)
{
    enum { MODE, MEMORY, FIRST, COUNT, FROM, TO, WIDTH };
    Plan *plan = &self->plan;
    if (PyObject_GetBuffer(data, &self->data_view, PyBUF_SIMPLE))
        return -1;
    if (!PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) % (Py_ssize_t)(WIDTH * 8) || PyBytes_GET_SIZE(bytes) / (Py_ssize_t)(WIDTH * 8) > INT32_MAX)
        return bad_plan("data segments");
    plan->data_count = (uint32_t)(PyBytes_GET_SIZE(bytes) / (Py_ssize_t)(WIDTH * 8));
    if (!(plan->datas = PyMem_Calloc(plan->data_count ? plan->data_count : 1, sizeof *plan->datas))) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t i = 0; i < plan->data_count; i++) {
        DataPlan *row = &plan->datas[i];
        uint64_t words[WIDTH];
        memcpy(words, PyBytes_AS_STRING(bytes) + (size_t)i * sizeof words, sizeof words);
        if (words[MODE] > MODE_PASSIVE || words[FROM] > words[TO] || words[TO] > (uint64_t)self->data_view.len ||
            (words[MODE] == MODE_ACTIVE && words[MEMORY] >= plan->memory_count))
            return bad_plan("data segment");
        if (expression(plan, words[FIRST], words[COUNT], &row->offset))
            return -1;
        row->mode = (uint8_t)words[MODE];
        row->memory = (uint32_t)words[MEMORY];
        row->bytes = (const uint8_t *)self->data_view.buf + words[FROM];
        row->size = words[TO] - words[FROM];
    }
    return 0;
}

static int code_at(const Loaded *self, uint32_t offset, void **out)
{
    if (offset >= self->code->text_size)
        return bad_plan("code offset");
    *out = (void *)(self->code->text + offset);
    return 0;
}

/* The functions that references may exist to, with their code and entry trampolines; and the imports' host thunks. */
static int take_functions(Loaded *self, PyObject *escaping, PyObject *entries, PyObject *thunks, uint32_t start_entry)
{
    Plan *plan = &self->plan;
    const Code *code = self->code;
    uint32_t *functions = NULL, *offsets = NULL, *thunk_offsets = NULL, n, m, k;
    int result = -1;
    if (code->function_count != plan->function_count - plan->imported_functions) {
        bad_plan("function table");
        return -1;
    }
    if (take_u32(escaping, &functions, &n) || take_u32(entries, &offsets, &m) || take_u32(thunks, &thunk_offsets, &k))
        goto done;
    if (n != m || k != plan->imported_functions) {
        bad_plan("trampoline tables");
        goto done;
    }
    plan->escaping_count = n;
    plan->escaping = PyMem_Calloc(n ? n : 1, sizeof *plan->escaping);
    plan->thunks = PyMem_Calloc(k ? k : 1, sizeof *plan->thunks);
    if (!plan->escaping || !plan->thunks) {
        PyErr_NoMemory();
        goto done;
    }
    for (uint32_t i = 0; i < n; i++) {
        EscapingPlan *row = &plan->escaping[i];
        if (functions[i] >= plan->function_count || (i && functions[i] <= functions[i - 1])) {
            bad_plan("escaping functions");
            goto done;
        }
        row->function = functions[i];
        row->type_id = plan->functions[functions[i]];
        if (code_at(self, offsets[i], &row->entry))
            goto done;
        if (row->function >= plan->imported_functions &&
            code_at(self, code->functions[2 * (size_t)(row->function - plan->imported_functions)], &row->code))
            goto done;
    }
    for (uint32_t i = 0; i < k; i++)
        if (code_at(self, thunk_offsets[i], &plan->thunks[i]))
            goto done;
    if (plan->start >= 0) {
        if (plan->start >= plan->function_count || code_at(self, start_entry, &plan->start_entry))
            goto done;
        if (plan->start >= plan->imported_functions &&
            code_at(self, code->functions[2 * (size_t)(plan->start - plan->imported_functions)], &plan->start_code))
            goto done;
    }
    result = 0;
done:
    PyMem_Free(functions);
    PyMem_Free(offsets);
    PyMem_Free(thunk_offsets);
    return result;
}

static size_t place(size_t *at, size_t size, size_t align)
{
    size_t start = (*at + align - 1) & ~(align - 1);
    *at = start + size;
    return start;
}

static int check_layout(Plan *plan)
{
    const PlanLayout *l = &plan->layout;
    if (l->size < sizeof(VMContext) || l->size > 1u << 30 || l->type_ids > l->size || plan->type_count > (l->size - l->type_ids) / 4 ||
        l->func_refs > l->size || plan->escaping_count > (l->size - l->func_refs) / sizeof(VMFuncRef) || l->function_imports > l->size ||
        plan->imported_functions > (l->size - l->function_imports) / sizeof(VMFunctionImport) || l->tables > l->size ||
        plan->table_count > (l->size - l->tables) / 8 || l->memories > l->size || plan->memory_count > (l->size - l->memories) / 16 ||
        l->globals > l->size || plan->global_count - plan->imported_globals > (l->size - l->globals) / 16 || l->global_imports > l->size ||
        plan->imported_globals > (l->size - l->global_imports) / 8 || l->tags > l->size || plan->tag_count > (l->size - l->tags) / 8)
        return bad_plan("layout");
    size_t at = sizeof(Instance);
    plan->memories_at = place(&at, plan->memory_count * sizeof(Memory *), 8);
    plan->tables_at = place(&at, plan->table_count * sizeof(Table *), 8);
    plan->contexts_at = place(&at, plan->imported_functions * sizeof(HostContext), 16);
    plan->dropped_at = place(&at, (size_t)plan->data_count + plan->element_count, 8);
    plan->context_at = place(&at, l->size, 64);
    plan->block_size = at;
    return 0;
}

int plan_parse(Loaded *self, const PlanInput *in)
{
    Plan *plan = &self->plan;
    if (take_ops(plan, in->ops) || take_u32(in->type_ids, &plan->type_ids, &plan->type_count) ||
        take_u32(in->functions, &plan->functions, &plan->function_count) || take_u32(in->tags, &plan->tags, &plan->tag_count))
        return -1;
    if (plan->imported_functions > plan->function_count || plan->imported_tags > plan->tag_count)
        return bad_plan("import counts");
    if (take_memories(plan, in->memories) || take_tables(self->engine, plan, in->tables) || take_globals(self->engine, plan, in->globals) ||
        take_elements(self->engine, plan, in->elements) || take_datas(self, in->datas, in->data))
        return -1;
    if (plan->imported_tables > plan->table_count || plan->imported_memories > plan->memory_count ||
        plan->imported_globals > plan->global_count)
        return bad_plan("import counts");
    if (take_imports(plan, in->imports) || take_exports(self, in->exports) ||
        take_functions(self, in->escaping, in->entries, in->thunks, in->start_entry))
        return -1;
    plan->uses_heap = plan->tag_count > 0;
    for (uint32_t i = 0; i < plan->type_count; i++)
        plan->uses_heap |= type_is_aggregate(self->engine, plan->type_ids[i]);
    return check_layout(plan);
}

void plan_free(Plan *plan)
{
    for (uint32_t i = 0; plan->imports && i < plan->import_count; i++) {
        Py_XDECREF(plan->imports[i].module);
        Py_XDECREF(plan->imports[i].name);
    }
    for (uint32_t i = 0; plan->exports && i < plan->export_count; i++)
        Py_XDECREF(plan->exports[i].name);
    for (uint32_t i = 0; plan->elements && i < plan->element_count; i++) {
        PyMem_Free(plan->elements[i].functions);
        PyMem_Free(plan->elements[i].expressions);
    }
    void *owned[] = {plan->imports, plan->exports, plan->functions, plan->thunks,   plan->memories, plan->tables,
                     plan->globals, plan->elements, plan->datas,    plan->escaping, plan->type_ids, plan->ops,
                     plan->tags};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        PyMem_Free(owned[i]);
}
