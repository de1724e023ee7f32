/* values.c: Python values to wasm values and back, where values.h's fast paths do not reach. */
#include "engine.h"
#include "gcref.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

static const char *const expected[] = {"i32 (an int)", "i64 (an int)", "f32 (a float)", "f64 (a float)", "v128 (an int or 16 bytes)",
                                       "funcref (a Func or None)", "externref", "a reference of the any hierarchy (AnyRef or None)",
                                       "an exnref (ExnRef or None)", "a contref (None: continuations cannot be made yet)"};

static int wrong_type(const ValueType *type, PyObject *object)
{
    PyErr_Format(PyExc_TypeError, "expected %s, got %.100s: %.200R", expected[type->kind], Py_TYPE(object)->tp_name, object);
    return -1;
}

/* An object with `.value` that is no number itself, such as Val: its value, a new reference; NULL without an exception when it is none. A Val
 * also says its type (`_code`), which then must be the wanted one. */
static PyObject *unwrap(Engine *engine, const ValueType *type, PyObject *object)
{
    PyObject *value = PyObject_GetAttr(object, G.str_value);
    if (!value) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Clear();
        return NULL;
    }
    PyObject *code = PyObject_GetAttr(object, G.str__code);
    if (!code) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
            Py_DECREF(value);
            return NULL;
        }
        PyErr_Clear();
        return value;
    }
    unsigned long long have = PyLong_AsUnsignedLongLong(code);
    Py_DECREF(code);
    if (have == (unsigned long long)-1 && PyErr_Occurred()) {
        Py_DECREF(value);
        return NULL;
    }
    ValueType mine;
    if (have != type->code && !(have & type->code & TYPE_REF)) {
        PyErr_Format(PyExc_TypeError, "wrong type of `Val` provided: expected %s, got %R", expected[type->kind], object);
        Py_CLEAR(value);
    } else if (have & TYPE_REF) {
        PyObject *number = PyLong_FromUnsignedLongLong(have);
        int bad = !number || value_type_parse(engine, number, &mine);
        Py_XDECREF(number);
        if (bad) {
            Py_CLEAR(value);
        } else if (mine.kind != type->kind) {
            PyErr_Format(PyExc_TypeError, "wrong type of `Val` provided: expected %s, got %R", expected[type->kind], object);
            Py_CLEAR(value);
        }
    }
    return value;
}

static int integer(const ValueType *type, PyObject *object, VMValue *out)
{
    uint64_t n = PyLong_AsUnsignedLongLongMask(object);
    if (n == (uint64_t)-1 && PyErr_Occurred())
        return -1;
    set_integer(out, type->kind, n);
    return 0;
}

/* 16 bytes in memory order, or an int whose lowest byte is lane 0 (negative ones in two's complement). */
static int vector(const ValueType *type, PyObject *object, VMValue *out)
{
    if (PyLong_Check(object)) {
        PyObject *shift = PyLong_FromLong(64), *high = shift ? PyNumber_Rshift(object, shift) : NULL;
        uint64_t low = PyLong_AsUnsignedLongLongMask(object);
        uint64_t top = high ? PyLong_AsUnsignedLongLongMask(high) : 0;
        Py_XDECREF(shift);
        Py_XDECREF(high);
        if (PyErr_Occurred())
            return -1;
        for (int i = 0; i < 8; i++) {
            out->bytes[i] = (uint8_t)(low >> 8 * i);
            out->bytes[8 + i] = (uint8_t)(top >> 8 * i);
        }
        return 0;
    }
    if (!PyObject_CheckBuffer(object))
        return wrong_type(type, object);
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE))
        return -1;
    Py_ssize_t length = view.len;
    if (length == 16)
        memcpy(out->bytes, view.buf, 16);
    PyBuffer_Release(&view);
    if (length != 16) {
        PyErr_Format(PyExc_TypeError, "expected v128 as an int or 16 bytes, got %zd bytes", length);
        return -1;
    }
    return 0;
}

static int function_reference(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    FuncObject *func = (FuncObject *)object;
    if (func->store != store) {
        PyErr_SetString(G.store_error, "object used with the wrong store: the Func belongs to another store");
        return -1;
    }
    uint64_t have = TYPE_REF | TYPE_CONCRETE | (uint64_t)func->signature->type_id << TYPE_HEAP_SHIFT;
    if (!value_type_matches(store->engine, have, type->code)) {
        PyObject *mine = PyErr_Occurred() ? NULL : signature_text(store->engine, func->signature);
        PyObject *name = mine ? value_type_text(store->engine, type->code) : NULL;
        if (name)
            PyErr_Format(PyExc_TypeError, "expected %U, got a function of type %U", name, mine);
        Py_XDECREF(mine);
        Py_XDECREF(name);
        return -1;
    }
    if (store_check_open(store)) /* the Func may be what Python code returned that closed it */
        return -1;
    VMFuncRef *reference = func_reference(func);
    out->u64 = (uint64_t)(uintptr_t)reference;
    return reference ? 0 : -1;
}

static int null_reference(const Store *store, const ValueType *type, VMValue *out)
{
    if (!type->nullable) {
        PyObject *name = value_type_text(store->engine, type->code);
        if (name)
            PyErr_Format(PyExc_TypeError, "expected %U, a reference that is not null, got None", name);
        Py_XDECREF(name);
        return -1;
    }
    out->u64 = 0;
    return 0;
}

/* 0, -1 with an exception, or NOT_PLAIN when the object is none that a plain value of this type can be. */
enum { NOT_PLAIN = 1 };

static int reference(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    if (object == Py_None)
        return null_reference(store, type, out);
    if (type->kind == KIND_FUNCREF && PyObject_TypeCheck(object, &FuncType))
        return function_reference(store, type, object, out);
    if (type->kind == KIND_EXNREF && PyObject_TypeCheck(object, &ExnRefType) && type->code >> TYPE_HEAP_SHIFT == HEAP_EXN) /* noexn has no values */
        return exnref_to_wasm(store, object, out);
    if (type->kind < KIND_EXTERNREF || type->kind >= KIND_EXNREF) /* of continuations there is null only */
        return NOT_PLAIN;
    if (!PyObject_TypeCheck(object, &AnyRefType) && PyObject_HasAttr(object, G.str__code)) /* a Val */
        return NOT_PLAIN;
    return gcref_unwrap(store, type, object, out);
}

static int plain(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    const PyNumberMethods *number = Py_TYPE(object)->tp_as_number;
    switch (type->kind) {
    case KIND_I32:
    case KIND_I64:
        if (PyLong_Check(object))
            return integer(type, object, out);
        if (PyIndex_Check(object)) {
            PyObject *index = PyNumber_Index(object);
            int result = index ? integer(type, index, out) : -1;
            Py_XDECREF(index);
            return result;
        }
        return NOT_PLAIN;
    case KIND_F32:
    case KIND_F64: {
        if (!PyLong_Check(object) && !(number && number->nb_float))
            return NOT_PLAIN;
        double d = PyFloat_AsDouble(object);
        if (d == -1.0 && PyErr_Occurred())
            return -1;
        if (type->kind == KIND_F64)
            out->f64 = d;
        else
            out->f32 = (float)d;
        return 0;
    }
    case KIND_V128: return PyLong_Check(object) || PyObject_CheckBuffer(object) ? vector(type, object, out) : NOT_PLAIN;
    default: return reference(store, type, object, out);
    }
}

int value_to_wasm_slow(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    int result = plain(store, type, object, out);
    if (result != NOT_PLAIN)
        return result;
    PyObject *value = unwrap(store->engine, type, object);
    if (!value)
        return PyErr_Occurred() ? -1 : wrong_type(type, object);
    store->heap.inhibit++; /* a finalizer of `value` can run Python code while the reference is in `out` only */
    result = plain(store, type, value, out);
    Py_DECREF(value);
    store->heap.inhibit--;
    return result == NOT_PLAIN ? wrong_type(type, object) : result;
}

PyObject *value_from_wasm_slow(Store *store, const ValueType *type, const VMValue *value)
{
    switch (type->kind) {
    case KIND_V128: return _PyLong_FromByteArray(value->bytes, 16, 1, 0);
    case KIND_FUNCREF: {
        VMFuncRef *reference = (VMFuncRef *)(uintptr_t)value->ref;
        return reference ? func_wrap(store, reference, NULL) : Py_NewRef(Py_None);
    }
    case KIND_EXNREF: return value->ref ? exnref_wrap(store, value->ref) : Py_NewRef(Py_None);
    case KIND_CONTREF: Py_RETURN_NONE;
    default: return gcref_wrap(store, value->ref);
    }
}

int value_default(const ValueType *type, VMValue *out)
{
    memset(out, 0, sizeof *out);
    return type->kind >= KIND_FUNCREF && !type->nullable ? -1 : 0;
}
