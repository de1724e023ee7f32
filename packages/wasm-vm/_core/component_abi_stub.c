/* component_abi_stub.c: until the interpreters are there. */
#include "component.h"

static int missing(void)
{
    PyErr_SetString(PyExc_NotImplementedError, "the canonical ABI's interpreter");
    return -1;
}

int abi_lower_params(const Crossing *Py_UNUSED(c), const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(to), PyObject *const *Py_UNUSED(args), VMValue *Py_UNUSED(flat)) { return missing(); }
PyObject *abi_lift_result(const Crossing *Py_UNUSED(c), const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(from), const VMValue *Py_UNUSED(flat)) { (void)missing(); return NULL; }
int abi_lift_params(const Crossing *Py_UNUSED(c), const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(from), const VMValue *Py_UNUSED(flat), PyObject **Py_UNUSED(argv)) { return missing(); }
int abi_lower_result(const Crossing *Py_UNUSED(c), const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(to), PyObject *Py_UNUSED(result), VMValue *Py_UNUSED(flat)) { return missing(); }
int abi_copy_params(const Crossing *c, const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(from), const CanonOptions *Py_UNUSED(to), const VMValue *Py_UNUSED(lowered), VMValue *Py_UNUSED(lifted)) { return canon_trap(c, "missing"); }
int abi_copy_result(const Crossing *c, const AbiSignature *Py_UNUSED(s), const CanonOptions *Py_UNUSED(from), const CanonOptions *Py_UNUSED(to), const VMValue *Py_UNUSED(lifted), VMValue *Py_UNUSED(lowered)) { return canon_trap(c, "missing"); }
