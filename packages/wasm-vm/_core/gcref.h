/* gcref.h: references to the objects of a store's heap, in Python. See gcref.c, struct_object.c, array_object.c. */
#ifndef WASM_VM_GCREF_H
#define WASM_VM_GCREF_H

#include "engine.h"
#include "store.h"

/* A field of a struct, or the elements of an array. */
typedef struct Field {
    ValueType type;   /* of the value: i32 for a packed one */
    uint8_t packed;   /* bytes of a packed one, 0: not packed */
    bool mutable_;
    uint32_t offset;  /* in the object; of an array's first element */
} Field;

typedef struct Aggregate {
    PyObject *names; /* dict, name -> index of a field: the registry's own; strong, NULL until asked for */
    uint32_t count;
    Field fields[];
} Aggregate;

const Aggregate *engine_aggregate(Engine *engine, uint32_t type_id);
PyObject *engine_field_names(Engine *engine, uint32_t type_id, bool anew); /* dict; new reference, NULL with an exception. Runs Python code */
uint32_t field_size(const Field *field);
void field_read(const Field *field, const uint8_t *at, VMValue *value);
void field_write(const Field *field, uint8_t *at, const VMValue *value);

/* AnyRef and its subclasses. */
typedef struct AnyRefObject {
    PyObject_HEAD
    Store *store;  /* strong; NULL: an i31, which belongs to none */
    uint64_t ref;
    uint32_t root; /* its place in store->roots */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} AnyRefObject;

extern PyTypeObject AnyRefType, EqRefType, I31RefType, StructRefType, ArrayRefType;
PyObject *gcref_make(PyTypeObject *type, Store *store, uint64_t ref); /* a handle; NULL with an exception */
uint32_t gcref_type_id(const AnyRefObject *self);                     /* of a heap object, whose store is open */
uint8_t *gcref_object(const AnyRefObject *self);                      /* the object, borrowed: until anything allocates or runs Python */
uint64_t gc_new_object(Store *store, uint32_t type_id, uint64_t size);   /* 0 with an exception */
uint64_t gc_new_array(Store *store, uint32_t type_id, uint64_t length); /* of zeros; 0 with an exception */
/* The id of a StructType or ArrayType in an engine; 0 with an exception. */
uint32_t gc_type_of(Engine *engine, PyObject *type, uint32_t kind);
PyObject *gcref_type(AnyRefObject *self, void *closure); /* the public type */
PyObject *gcref_repr(AnyRefObject *self); /* of a struct or array */
int gcref_traverse(AnyRefObject *self, visitproc visit, void *arg);
int gcref_clear(AnyRefObject *self);

/* The store is open, and the object is what the handle's type says: Python lets a subclass's instance become another one's. Else -1 with an exception. */
int gcref_check(const AnyRefObject *self);

#endif
