/* component_objects.c: Python's own objects as resources: guests' handles stand for places in a table of them; and HostCall, which calls their methods. */
#include "component.h"
#include "module.h"
#include "store.h"

static uint32_t hash(const HostObjects *objects, const PyObject *object, const ResourceType *type)
{
    const uint64_t mixed = ((uint64_t)(uintptr_t)object >> 4 ^ (uint64_t)(uintptr_t)type << 20) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) & (objects->capacity - 1);
}

static void chain(HostObjects *objects, uint32_t place)
{
    HostObject *entry = &objects->entries[place];
    uint32_t *first = &objects->buckets[hash(objects, entry->object, entry->type)];
    entry->next = *first;
    *first = place;
}

/* A guest makes objects of the host's by calling it, whose sizes nobody knows: of all instances together as many as wasmtime lets a store have handles,
 * unless more are said. */
static uint32_t objects_limit(const Store *store)
{
    const uint32_t said = store->limit_handles < 0 ? 0 : handles_limit(store);
    return said > MAX_HOST_OBJECTS ? said : (uint32_t)MAX_HOST_OBJECTS;
}

/* Room for one more: -1 with MemoryError. */
static int reserve(HostObjects *objects)
{
    if (objects->used < objects->capacity)
        return 0;
    const size_t capacity = objects->capacity ? (size_t)objects->capacity * 2 : 16;
    HostObject *entries = capacity <= MAX_HANDLES ? PyMem_Realloc(objects->entries, sizeof *entries * capacity) : NULL;
    if (entries)
        objects->entries = entries;
    uint32_t *buckets = entries ? PyMem_Realloc(objects->buckets, sizeof *buckets * capacity) : NULL;
    if (!buckets) {
        PyErr_NoMemory();
        return -1;
    }
    objects->buckets = buckets;
    objects->capacity = (uint32_t)capacity;
    memset(buckets, 0xFF, sizeof *buckets * capacity); /* NO_PLACE */
    for (uint32_t place = 0; place < objects->used; place++) /* there are no free ones */
        if (objects->entries[place].object) /* no timer */
            chain(objects, place);
    return 0;
}

/* *place <- that of the object for this type, known or new: -1 with an exception. */
static int place_of(const Crossing *crossing, HostObjects *objects, ResourceType *type, PyObject *object, uint32_t *place)
{
    if (objects->capacity)
        for (*place = objects->buckets[hash(objects, object, type)]; *place != NO_PLACE; *place = objects->entries[*place].next)
            if (objects->entries[*place].object == object && objects->entries[*place].type == type)
                return 0;
    if (objects->used == 0)
        objects->free = NO_PLACE;
    if (objects->free != NO_PLACE) {
        *place = objects->free;
        objects->free = objects->entries[*place].next;
    } else {
        const uint32_t limit = objects_limit(crossing->store);
        if (objects->used >= limit)
            return canon_trap(crossing, "too many objects of the host held by guests: there may be %u (Store.set_limits, handles)", limit);
        if (reserve(objects))
            return -1;
        *place = objects->used++;
    }
    objects->entries[*place] = (HostObject){.object = Py_NewRef(object), .type = type};
    chain(objects, *place);
    return 0;
}

/* Nobody may have it any more: then its place is free, and its object goes. */
static void release(HostObjects *objects, uint32_t place)
{
    HostObject *entry = &objects->entries[place];
    if (entry->owns || entry->borrows)
        return;
    uint32_t *link = &objects->buckets[hash(objects, entry->object, entry->type)];
    while (*link != place)
        link = &objects->entries[*link].next;
    *link = entry->next;
    PyObject *object = entry->object;
    Py_buffer *plain = entry->plain;
    *entry = (HostObject){.next = objects->free};
    objects->free = place;
    plain_release(plain);
    Py_DECREF(object);
}

/* ---- timers that are no objects yet (component_plain_timers.c) ---- */

uint32_t objects_free_place(const HostObjects *objects) { return objects->used ? objects->free : NO_PLACE; }

void objects_put_timer(HostObjects *objects, uint32_t place, HostObject timer)
{
    objects->free = objects->entries[place].next;
    objects->entries[place] = timer;
}

bool object_drop_timer(ComponentState *state, const ResourceType *type, uint64_t rep)
{
    HostObjects *objects = &state->objects;
    if (rep >= objects->used || !objects->entries[rep].timer || objects->entries[rep].type != type)
        return false;
    objects->entries[rep] = (HostObject){.next = objects->free};
    objects->free = (uint32_t)rep;
    return true;
}

/* Python is asked for it: what the guest called makes it, by Python's way. -1 with an exception. */
static int timer_to_object(const Crossing *crossing, ComponentState *state, const ResourceType *type, uint64_t rep)
{
    const HostObject timer = state->objects.entries[rep];
    CanonFunction *function = timer.timer;
    if (!function->callable) {
        PyErr_SetString(G.store_error, "the host function's store has been closed");
        return -1;
    }
    PyObject *callable = Py_NewRef(function->callable);
    plain_lowered_refresh(function); /* the store's WASI may be another by now, and its clock */
    const unsigned long long argument = plain_timer_argument(&timer);
    PyObject *object = PyObject_CallFunction(callable, "OK", (PyObject *)crossing->store, argument);
    Py_DECREF(callable);
    if (!object)
        return -1;
    HostObject *entry = rep < state->objects.used ? &state->objects.entries[rep] : NULL;
    if (!entry || entry->timer != function || !PyObject_TypeCheck(object, (PyTypeObject *)type->cls)) { /* the first two: the store was closed meanwhile */
        PyErr_Format(PyExc_TypeError, "a timer: expected %.100s, not %.100s", ((PyTypeObject *)type->cls)->tp_name, Py_TYPE(object)->tp_name);
        Py_DECREF(object);
        return -1;
    }
    entry->object = object;
    entry->timer = NULL;
    chain(&state->objects, (uint32_t)rep);
    return 0;
}

/* What a handle stands for. NULL as a trap: artifacts may lie about types. */
static HostObject *entry_at(const Crossing *crossing, ComponentState *state, const ResourceType *type, uint64_t rep)
{
    HostObject *entry = state && rep < state->objects.used ? &state->objects.entries[rep] : NULL;
    if (entry && entry->timer && entry->type == type) {
        if (timer_to_object(crossing, state, type, rep))
            return NULL;
        entry = &state->objects.entries[rep];
    }
    if (entry && entry->object && entry->type == type)
        return entry;
    (void)canon_trap(crossing, "a handle of the type %.100s stands for no object", type->name ? PyUnicode_AsUTF8(type->name) : "?");
    return NULL;
}

PyObject *object_to_python(const Crossing *crossing, ComponentState *state, const ResourceType *type, uint64_t rep, bool own)
{
    HostObject *entry = entry_at(crossing, state, type, rep);
    PyObject *object = entry ? Py_NewRef(entry->object) : NULL;
    if (entry && own && entry->owns) {
        entry->owns--;
        release(&state->objects, (uint32_t)rep);
    }
    return object;
}

int object_from_python(const Crossing *crossing, ComponentState *state, ResourceType *type, bool own, PyObject *object, uint64_t *rep)
{
    uint32_t place;
    Py_buffer *plain = type->plain ? plain_of(object) : NULL; /* before the rest: it runs Python */
    if (place_of(crossing, &state->objects, type, object, &place)) {
        plain_release(plain);
        return -1;
    }
    HostObject *entry = &state->objects.entries[place];
    uint32_t *count = own ? &entry->owns : &entry->borrows;
    if (*count == UINT32_MAX) {
        PyErr_SetString(G.exhausted_error, "too many handles of an object");
        plain_release(plain);
        return -1;
    }
    ++*count;
    if (!entry->plain) {
        entry->plain = plain;
        plain = NULL;
    }
    plain_release(plain); /* of an object that was known: nothing of Python's runs, and `entry` is not used any more */
    if (!own && scope_lend_object(crossing, place)) {
        object_give_back(state, false, place);
        return -1;
    }
    *rep = place;
    return 0;
}

void object_give_back(ComponentState *state, bool own, uint64_t rep)
{
    HostObject *entry = rep < state->objects.used ? &state->objects.entries[rep] : NULL;
    uint32_t *count = entry ? own ? &entry->owns : &entry->borrows : NULL;
    if (!count || !*count) /* the store was closed meanwhile */
        return;
    --*count;
    release(&state->objects, (uint32_t)rep);
}

int object_drop(const Crossing *crossing, ComponentState *state, ResourceType *type, uint64_t rep)
{
    HostObject *entry = entry_at(crossing, state, type, rep);
    PyObject *object = entry ? Py_NewRef(entry->object) : NULL;
    if (!object)
        return -1;
    bool last = entry->owns <= 1;
    object_give_back(state, true, rep);
    PyObject *destructor = last ? Py_XNewRef(type->destructor) : NULL;
    PyObject *result = destructor ? PyObject_CallFunctionObjArgs(destructor, (PyObject *)crossing->store, object, NULL) : Py_NewRef(Py_None);
    Py_XDECREF(destructor);
    Py_DECREF(object);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

int objects_traverse(const HostObjects *objects, visitproc visit, void *arg)
{
    for (uint32_t place = 0; place < objects->used; place++)
        Py_VISIT(objects->entries[place].object);
    return 0;
}

void objects_clear(HostObjects *objects)
{
    HostObjects old = *objects;
    *objects = (HostObjects){0};
    for (uint32_t place = 0; place < old.used; place++) {
        plain_release(old.entries[place].plain);
        Py_XDECREF(old.entries[place].object);
    }
    PyMem_Free(old.entries);
    PyMem_Free(old.buckets);
}

/* ---- HostCall ---- */

typedef struct HostCall {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *target; /* something callable, or the name of a method; strong */
    bool method;      /* of the first argument */
    bool store;       /* the store is its first argument; of a method, behind the object */
    PyObject *of_wasi; /* the name of an attribute of what the store's set_wasi left, which takes the store's place; NULL: of none. Strong */
    bool typed;       /* values are objects of the classes that the component was bound to */
    char *plain;      /* its usual case, a name of PLAIN_COMPONENT_CALLS; owned, or NULL */
} HostCall;

enum { FEW_ARGUMENTS = 20 };

/* object.target(store, *args) of (store, object, *args) */
static PyObject *method_with_store(const HostCall *self, PyObject *const *args, size_t count)
{
    PyObject *few[FEW_ARGUMENTS], **swapped = count <= FEW_ARGUMENTS ? few : PyMem_New(PyObject *, count);
    if (!swapped)
        return PyErr_NoMemory();
    memcpy(swapped, args, sizeof *swapped * count);
    swapped[0] = args[1];
    swapped[1] = args[0];
    PyObject *result = PyObject_VectorcallMethod(self->target, swapped, count, NULL);
    if (swapped != few)
        PyMem_Free(swapped);
    return result;
}

/* target(store's WASI's attribute, *args) of (store, *args) */
static PyObject *call_of_wasi(const HostCall *self, PyObject *const *args, size_t count)
{
    PyObject *few[FEW_ARGUMENTS];
    PyObject *wasi = PyObject_TypeCheck(args[0], &StoreType) ? ((Store *)args[0])->wasi : NULL;
    if (!wasi) {
        PyErr_SetString(G.wasm_error, "a function of WASI was called, but its store has no WASI: call store.set_wasi(WasiConfig()) first");
        return NULL;
    }
    if (count > FEW_ARGUMENTS) {
        PyErr_SetString(PyExc_TypeError, "too many arguments for a function of WASI");
        return NULL;
    }
    Py_INCREF(wasi); /* what makes the attribute may be Python */
    PyObject *first = PyObject_GetAttr(wasi, self->of_wasi);
    Py_DECREF(wasi);
    if (!first)
        return NULL;
    memcpy(few, args, sizeof *few * count);
    few[0] = first;
    PyObject *result = PyObject_Vectorcall(self->target, few, count, NULL);
    Py_DECREF(first);
    return result;
}

static PyObject *call_host_call(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *names)
{
    const HostCall *self = (const HostCall *)object;
    const size_t count = (size_t)PyVectorcall_NARGS(nargsf), wanted = self->method ? 2 : 1;
    if (count < wanted || (names && PyTuple_GET_SIZE(names))) {
        PyErr_Format(PyExc_TypeError, "a HostCall is called with a store%s, and with positional arguments", self->method ? " and an object" : "");
        return NULL;
    }
    if (self->of_wasi)
        return call_of_wasi(self, args, count);
    if (!self->method)
        return self->store ? PyObject_Vectorcall(self->target, args, count, NULL) : PyObject_Vectorcall(self->target, args + 1, count - 1, NULL);
    return self->store ? method_with_store(self, args, count) : PyObject_VectorcallMethod(self->target, args + 1, count - 1, NULL);
}

static PyObject *call_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"target", "method", "store", "typed", "of_wasi", "plain", NULL};
    PyObject *target, *of_wasi = NULL;
    const char *plain = NULL;
    int method = false, store = false, typed = false;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|pppUz:HostCall", names, &target, &method, &store, &typed, &of_wasi, &plain))
        return NULL;
    if (method ? !PyUnicode_Check(target) : !PyCallable_Check(target)) {
        PyErr_Format(PyExc_TypeError, "target: expected %s, not %.100s", method ? "the name of a method" : "something callable", Py_TYPE(target)->tp_name);
        return NULL;
    }
    HostCall *self = (HostCall *)cls->tp_alloc(cls, 0);
    if (self) {
        self->vectorcall = call_host_call;
        self->target = Py_NewRef(target);
        self->method = method;
        self->store = store;
        self->typed = typed;
        self->of_wasi = Py_XNewRef(of_wasi);
        self->plain = plain ? PyMem_Malloc(strlen(plain) + 1) : NULL;
        if (plain && !self->plain) {
            Py_DECREF(self);
            return PyErr_NoMemory();
        }
        if (plain)
            memcpy(self->plain, plain, strlen(plain) + 1);
    }
    return (PyObject *)self;
}

bool host_call_typed(PyObject *object) { return Py_IS_TYPE(object, &HostCallType) && ((const HostCall *)object)->typed; }

const char *host_call_plain(PyObject *object, PyObject **of_wasi)
{
    const HostCall *self = Py_IS_TYPE(object, &HostCallType) ? (const HostCall *)object : NULL;
    *of_wasi = self ? self->of_wasi : NULL;
    return self ? self->plain : NULL;
}

static int call_traverse(HostCall *self, visitproc visit, void *arg)
{
    Py_VISIT(self->target);
    return 0;
}

static void call_dealloc(HostCall *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->target);
    Py_XDECREF(self->of_wasi);
    PyMem_Free(self->plain);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *call_repr(HostCall *self) { return PyUnicode_FromFormat("<HostCall of %s%R>", self->method ? "the method " : "", self->target); }

PyTypeObject HostCallType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.HostCall",
    .tp_doc = PyDoc_STR("HostCall(target, method=False, store=False, typed=False, of_wasi=None, plain=None)\n--\n\nCalled as host functions of components are, with a store first: target(*args), or with\n"
                        "`method` the method of that name of the first argument. With `store` these have the store as their own first argument. With\n"
                        "`typed` values are objects of the classes that the component was bound to. With `of_wasi` a function has that attribute of\n"
                        "what the store's set_wasi left as its first argument. `plain` names its usual case (wasm_environ.host.PLAIN_COMPONENT_CALLS)."),
    .tp_basicsize = sizeof(HostCall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = call_new,
    .tp_dealloc = (destructor)call_dealloc,
    .tp_traverse = (traverseproc)call_traverse,
    .tp_repr = (reprfunc)call_repr,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(HostCall, vectorcall),
};
