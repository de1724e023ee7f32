/* objects.h: what Python sees of the things in a store: a reference to the store, and a pointer into it. */
#ifndef WASM_VM_OBJECTS_H
#define WASM_VM_OBJECTS_H

#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "store.h"
#include "table.h"

typedef struct FuncObject {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Store *store;         /* strong */
    VMFuncRef *funcref;   /* the store's */
    Signature *signature; /* the engine's */
    HostFunc *host;       /* the store's, or NULL for wasm */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} FuncObject;

typedef struct MemoryObject {
    PyObject_HEAD
    Store *store;   /* strong; NULL for a shared memory */
    Memory *memory; /* a reference */
    Engine *engine; /* strong, of a shared memory; else NULL */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} MemoryObject;

typedef struct TableObject {
    PyObject_HEAD
    Store *store; /* strong */
    Table *table; /* the store's */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} TableObject;

typedef struct GlobalObject {
    PyObject_HEAD
    Store *store;   /* strong */
    VMGlobal *cell; /* the store's */
    ValueType type;
    bool mutable_;
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} GlobalObject;

typedef struct TagObject {
    PyObject_HEAD
    Store *store; /* strong */
    uint64_t identity;
    Signature *signature; /* the engine's */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} TagObject;

typedef struct ExnRefObject {
    PyObject_HEAD
    Store *store; /* strong */
    uint64_t ref; /* in its heap */
    uint32_t root; /* its place in store->roots */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} ExnRefObject;

typedef struct CallerObject {
    PyObject_HEAD
    Store *store;       /* strong; NULL once the call is over */
    Instance *instance; /* the store's, or NULL */
    PyObject *context;  /* strong or NULL */
} CallerObject;

typedef struct InstanceObject {
    PyObject_HEAD
    Store *store;       /* strong */
    Instance *instance; /* the store's */
    PyObject *exports;  /* strong or NULL */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} InstanceObject;

/* Every object of these types takes attributes of the program's own, and may be of a subclass. `made` (stolen, NULL passes) is of `base` itself and
 * not yet seen by Python: the object of `type`, a subclass or `base`, that takes its place. */
PyObject *object_as(PyTypeObject *type, PyTypeObject *base, PyObject *made);
int object_init(PyObject *self, PyObject *args, PyObject *kwargs); /* tp_init: tp_new has had the arguments */
extern PyGetSetDef object_dict_getset[]; /* __dict__ */
PyObject *gcref_wrap(Store *store, uint64_t ref); /* of the any hierarchy, or an exception; new reference. The store is open */
/* The reference of type any or extern that an object stands for: 0, -1 with an exception, or 1: it is none. The store keeps it meanwhile (pins). */
int gcref_unwrap(Store *store, const ValueType *type, PyObject *object, VMValue *out);
extern PyTypeObject FuncType, MemoryType, SharedMemoryType, TableType, GlobalType, TagType, ExnRefType;
extern PyBufferProcs memory_buffer;     /* memory_bytes.c */
extern PyMappingMethods memory_mapping;
PyObject *func_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names); /* of a FuncObject */
PyObject *func_wrap(Store *store, VMFuncRef *funcref, HostFunc *host);
PyObject *instance_wrap(Store *store, Instance *instance);
PyObject *memory_wrap(Store *store, Memory *memory);
PyObject *memory_view(Store *store, Memory *memory);
PyObject *table_wrap(Store *store, Table *table);
PyObject *global_wrap(Store *store, VMGlobal *cell, ValueType type, bool mutable_);
uint64_t tag_next(void); /* an identity never used before */
PyObject *tag_wrap(Store *store, uint64_t identity, Signature *signature);
PyObject *exnref_wrap(Store *store, uint64_t ref);
int exnref_to_wasm(Store *store, PyObject *exnref, VMValue *out); /* -1 with an exception */
VMFuncRef *func_reference(FuncObject *func); /* usable by wasm; NULL with an exception */
HostFunc *funcref_host(const VMFuncRef *funcref);

#endif
