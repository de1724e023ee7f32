/* component_program.c: call programs: the types and signatures of a component, as component/abi/program.py in wasm-environ writes them. */
#include "component.h"

struct Program {
    PyObject_HEAD
};

struct AbiSignature {
    uint32_t params;
};

const AbiSignature *program_signature(const Program *Py_UNUSED(program), uint32_t Py_UNUSED(index)) { return NULL; }
uint32_t abi_param_count(const AbiSignature *signature) { return signature->params; }
bool abi_same_result(const AbiSignature *a, const AbiSignature *b) { return a == b; }

PyTypeObject ProgramType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.CallProgram",
    .tp_basicsize = sizeof(Program),
    .tp_flags = Py_TPFLAGS_DEFAULT,
};
