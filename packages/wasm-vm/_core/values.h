/* values.h: the fast paths between Python and wasm values, inlined into calls both ways. The rest is in values.c. */
#ifndef WASM_VM_VALUES_H
#define WASM_VM_VALUES_H

#include "engine.h"
#include "store.h"

int value_to_wasm_slow(Store *store, const ValueType *type, PyObject *object, VMValue *out);
PyObject *value_from_wasm_slow(Store *store, const ValueType *type, const VMValue *value);
int value_default(const ValueType *type, VMValue *out); /* zero or null; -1 when the type has no default (no exception) */

/* A small int's value without a call; false when it takes more than one digit. CPython 3.12 changed the layout. */
static inline bool small_int(PyObject *object, int64_t *out)
{
    if (!PyLong_CheckExact(object))
        return false;
#if PY_VERSION_HEX >= 0x030C0000
    if (!PyUnstable_Long_IsCompact((PyLongObject *)object))
        return false;
    *out = PyUnstable_Long_CompactValue((PyLongObject *)object);
#else
    Py_ssize_t size = Py_SIZE(object);
    if (size < -1 || size > 1)
        return false;
    *out = size ? (int64_t)size * (int64_t)((PyLongObject *)object)->ob_digit[0] : 0;
#endif
    return true;
}

/* An i32 or i64. An i32 lies in the first four bytes; where the low half does, too, one store is right for both. */
static inline void set_integer(VMValue *out, enum Kind kind, uint64_t n)
{
#if HOST_IS_BIG
    if (kind == KIND_I32) {
        out->u32 = (uint32_t)n;
        return;
    }
#endif
    (void)kind;
    out->u64 = n;
}

/* Integers wrap around to their width, as in wasmtime-py. -1 with TypeError. References are rooted in the store. */
static inline int value_to_wasm(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    int64_t n;
    if (LIKELY(type->kind <= KIND_I64) && small_int(object, &n)) {
        set_integer(out, type->kind, (uint64_t)n);
        return 0;
    }
    if (type->kind == KIND_F64 && PyFloat_CheckExact(object)) {
        out->f64 = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    return value_to_wasm_slow(store, type, object, out);
}

static inline PyObject *value_from_wasm(Store *store, const ValueType *type, const VMValue *value)
{
    switch (type->kind) {
    case KIND_I32: return PyLong_FromLong(value->i32);
    case KIND_I64: return PyLong_FromLongLong(value->i64);
    case KIND_F32: return PyFloat_FromDouble((double)value->f32);
    case KIND_F64: return PyFloat_FromDouble(value->f64);
    default: return value_from_wasm_slow(store, type, value);
    }
}

#endif
