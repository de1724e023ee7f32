/* aggregates.c: struct and array types as the core knows them beyond their descriptor: fields, to read and write objects from outside of wasm. */
#include "engine.h"
#include "gcref.h"

#include <string.h>

/* Owned by the engine, never freed before it. NULL with an exception. Runs Python code. */
const Aggregate *engine_aggregate(Engine *engine, uint32_t type_id)
{
    uint32_t index = type_id / TYPE_STEP;
    if (index < engine->aggregate_count && engine->aggregates[index])
        return engine->aggregates[index];
    PyObject *rows = PyObject_CallMethod(engine->registry, "fields", "I", (unsigned int)type_id);
    Aggregate *made = NULL;
    if (rows && PyTuple_Check(rows)) {
        Py_ssize_t count = PyTuple_GET_SIZE(rows);
        if ((made = PyMem_Calloc(1, sizeof *made + sizeof(Field) * (size_t)count)) == NULL)
            PyErr_NoMemory();
        for (Py_ssize_t i = 0; made && i < count; i++) {
            Field *field = &made->fields[i];
            PyObject *type;
            unsigned int packed, offset;
            int mutable_;
            if (!PyArg_ParseTuple(PyTuple_GET_ITEM(rows, i), "OIpI", &type, &packed, &mutable_, &offset) || value_type_parse(engine, type, &field->type)) {
                PyMem_Free(made);
                made = NULL;
                break;
            }
            field->packed = (uint8_t)packed;
            field->mutable_ = mutable_;
            field->offset = offset;
            made->count = (uint32_t)i + 1;
        }
    }
    Py_XDECREF(rows);
    if (made && index >= engine->aggregate_count) {
        uint32_t count = index + index / 2 + 16;
        Aggregate **grown = PyMem_Realloc(engine->aggregates, sizeof *grown * count);
        if (!grown) {
            PyMem_Free(made);
            PyErr_NoMemory();
            return NULL;
        }
        memset(grown + engine->aggregate_count, 0, sizeof *grown * (count - engine->aggregate_count));
        engine->aggregates = grown;
        engine->aggregate_count = count;
    }
    if (made && engine->aggregates[index]) { /* what Python ran has asked as well */
        PyMem_Free(made);
        return engine->aggregates[index];
    }
    if (made)
        engine->aggregates[index] = made;
    return made;
}

/* `anew`: with what modules loaded meanwhile call them. */
PyObject *engine_field_names(Engine *engine, uint32_t type_id, bool anew)
{
    if (!engine_aggregate(engine, type_id))
        return NULL;
    Aggregate *aggregate = engine->aggregates[type_id / TYPE_STEP];
    if (!aggregate->names || anew) {
        PyObject *names = PyObject_CallMethod(engine->registry, "names_of", "I", (unsigned int)type_id);
        if (!names)
            return NULL;
        if (!PyDict_CheckExact(names)) {
            Py_DECREF(names);
            PyErr_SetString(PyExc_TypeError, "registry.names_of: expected a dict");
            return NULL;
        }
        Py_XSETREF(aggregate->names, names);
    }
    return Py_NewRef(aggregate->names);
}

void engine_free_aggregates(Engine *engine)
{
    for (uint32_t i = 0; i < engine->aggregate_count; i++) {
        if (engine->aggregates[i])
            Py_CLEAR(engine->aggregates[i]->names);
        PyMem_Free(engine->aggregates[i]);
    }
    PyMem_Free(engine->aggregates);
}

/* ---- fields ---- */

uint32_t field_size(const Field *field)
{
    if (field->packed)
        return field->packed;
    switch (field->type.kind) {
    case KIND_V128: return 16;
    case KIND_I64:
    case KIND_F64:
    case KIND_FUNCREF: return 8;
    default: return 4;
    }
}

/* i32 and f32 are in the first 4 bytes of a VMValue, a reference is its low half. */
void field_read(const Field *field, const uint8_t *at, VMValue *value)
{
    memset(value, 0, sizeof *value);
    int16_t half;
    uint32_t ref;
    if (field->packed == 1) {
        value->i32 = (int8_t)*at;
    } else if (field->packed == 2) {
        memcpy(&half, at, sizeof half);
        value->i32 = half;
    } else if (field->type.kind >= KIND_EXTERNREF) {
        memcpy(&ref, at, sizeof ref);
        value->ref = ref;
    } else {
        memcpy(value->bytes, at, field_size(field));
    }
}

void field_write(const Field *field, uint8_t *at, const VMValue *value)
{
    uint8_t byte = (uint8_t)value->u32;
    uint16_t half = (uint16_t)value->u32;
    uint32_t ref = (uint32_t)value->ref;
    if (field->packed == 1)
        memcpy(at, &byte, sizeof byte);
    else if (field->packed == 2)
        memcpy(at, &half, sizeof half);
    else if (field->type.kind >= KIND_EXTERNREF)
        memcpy(at, &ref, sizeof ref);
    else
        memcpy(at, value->bytes, field_size(field));
}
