/* module.h: names and hooks that all files share. See module.c. */
#ifndef WASM_VM_MODULE_H
#define WASM_VM_MODULE_H

#include "engine.h"

typedef struct Globals {
    PyObject *wasm_error, *link_error, *exhausted_error, *store_error, *exit_error, *artifact_error, *argument_error; /* exception classes */
    PyObject *trap;                                                            /* class Trap */
    PyObject *wasm_exception;                                                  /* class WasmException */
    PyObject *time_is_over;                                                    /* class TimeIsOver */
    PyObject *component_err;                                                   /* class Err */
    PyObject *to_memory_type, *to_table_type, *to_global_type; /* (registry, environ's) -> public; NULL: identity */
    PyObject *from_memory_type, *from_table_type, *from_global_type;
    PyObject *default_engine, *set_wasi;
    /* (registry, public type) -> id, and back; NULL: environ's types are the public ones */
    PyObject *func_id, *func_type, *tag_id, *tag_type, *aggregate_id, *aggregate_type;
    PyObject *environ_func_type, *environ_memory_type, *environ_table_type, *environ_global_type, *environ_limits; /* classes */
    PyObject *str_vm, *str_loaded, *str_value, *str_timeout, *str_memory, *str_code, *str__value_, *str_val, *str_message, *str_backtrace, *str_fault, *str__code, *str_into, *str_exnref, *str_greenlet, *str_payload, *str_tag;
    PyObject *empty_tuple;
} Globals;

extern Globals G;
/* Between the environ's types and the public ones. `engine`: whose ids references to declared types hold; NULL for types that have no references. */
PyObject *type_to_public(const Engine *engine, PyObject *converter, PyObject *environ_type /* stolen */);
PyObject *type_from_public(const Engine *engine, PyObject *converter, PyObject *cls, PyObject *object, const char *expected);
PyObject *signature_to_public(const Engine *engine, PyObject *converter, const Signature *signature);
/* As messages name them: new references, or NULL with an exception. Run Python code. */
PyObject *signature_text(const Engine *engine, const Signature *signature);
PyObject *value_type_text(const Engine *engine, uint64_t code);
PyObject *limits_object(uint64_t min, bool has_max, uint64_t max, bool is64, bool shared);
/* When the module is made: -1 with an exception. */
int code_init(void);
int activation_init(void);
int memory_init(void);
int atomics_init(void);
int capsule_add(PyObject *module);
/* Functions of the module. */
PyObject *loaded_new(PyObject *module, PyObject *args);
PyObject *checksum(PyObject *module, PyObject *args);
int module_call_helper(const char *name, PyObject *args /* stolen */, PyObject **out);

/* A new list or tuple that is filled while Python runs: until it is full, nobody finds it by the collector, whose items are not there yet. */
static inline PyObject *hidden(PyObject *items)
{
    if (items)
        PyObject_GC_UnTrack(items);
    return items;
}
static inline PyObject *shown(PyObject *items)
{
    if (!PyTuple_Check(items) || PyTuple_GET_SIZE(items)) /* the empty tuple is everybody's */
        PyObject_GC_Track(items);
    return items;
}

#endif
