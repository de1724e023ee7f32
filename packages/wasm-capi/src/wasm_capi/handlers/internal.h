bool capi_attach(void); /* gives this thread a Python thread state; true */
void capi_fill(wasm_ref_t *trap); /* message, code and frames of a trap or error, from its exception */
uintptr_t capi_exception_of(wasm_trap_t *trap); /* the exception that a host function raises, a new reference; deletes the trap */
uintptr_t capi_func_type(const wasm_functype_t *functype); /* its FuncType, a new reference; 0 on failure */
