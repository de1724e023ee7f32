/* instance.h: instances of core modules. See instance.c, instance_object.c. */
#ifndef WASM_VM_INSTANCE_H
#define WASM_VM_INSTANCE_H

#include "host_func.h"
#include "memory.h"
#include "table.h"

/* One block: this header, the VMContext with its arrays, then the arrays below. Owned by its store's list. */
struct Instance {
    Instance *next;
    Store *store;               /* borrowed: owns this */
    Loaded *module;             /* strong */
    Memory **memories;          /* every memory; a reference each */
    Table **tables;             /* every table; the store's */
    HostContext *host_contexts; /* one per imported function */
    uint8_t *dropped_data, *dropped_elements;
    uint64_t **element_values;  /* by segment: what its expressions gave, where that are objects; entries NULL: made when asked for. Owned, or NULL */
    bool refs_ready;            /* func_refs of defined functions are filled for this block */
    VMContext *vm;
};

extern PyTypeObject InstanceType, ExportsType, InstancePreType;
PyObject *instance_export(Store *store, Instance *instance, Py_ssize_t index); /* new wrapper of export `index` */
Py_ssize_t loaded_export_index(Loaded *module, PyObject *name);              /* -1 without one (no exception), -2 on error */
void instance_free(Instance *instance);
VMFuncRef *instance_func_ref(Instance *instance, uint32_t function);
PyObject *loaded_instantiate(Loaded *module, Store *store, PyObject *const *imports, Py_ssize_t count);
int instance_default_memory(Instance *instance, Memory **memory);
extern void *const libcall_table[]; /* libcalls.c: VMContext.builtins */
int instance_eval(Instance *instance, const struct ConstExpr *expression, VMValue *out);
uint64_t instance_element(Instance *instance, const struct ElementPlan *segment, uint64_t index, int *failed);

#endif
