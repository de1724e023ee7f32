bool capi_attach(void); /* true: the handlers are there */
void capi_fill(const wasm_ref_t *trap, wasm_ref_t *into); /* message, code and frames of a trap or error, from its exception */
void capi_trap_code(wasm_ref_t *trap, uint8_t code); /* gives it this code, and its message */
uintptr_t capi_exception_of(wasm_trap_t *trap); /* the exception that a host function raises, a new reference; deletes the trap */
uintptr_t capi_func_type(const wasm_functype_t *functype); /* its FuncType, a new reference; 0 on failure */
wasmtime_error_t *capi_global_new(uintptr_t store, const wasm_globaltype_t *type, const wasmtime_val_t *val, uintptr_t object, uintptr_t *out); /* *out: new reference */
wasmtime_error_t *capi_table_new(uintptr_t store, const wasm_tabletype_t *type, uint8_t kind, uintptr_t init, uintptr_t *out); /* the same */
wasmtime_error_t *capi_memory_new(uintptr_t store, const wasm_memorytype_t *type, uintptr_t *out); /* the same */
wasmtime_error_t *capi_linker_define(wasmtime_linker_t *linker, uintptr_t store, const char *module, size_t module_len, const char *name, size_t name_len, uintptr_t item);
wasmtime_error_t *capi_linker_define_func(wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name, size_t name_len, const wasm_functype_t *type, uintptr_t host);
wasmtime_error_t *capi_linker_define_instance(wasmtime_linker_t *linker, uintptr_t store, const char *name, size_t name_len, uintptr_t instance);
void capi_linker_instantiate(const wasmtime_linker_t *linker, uintptr_t store, const wasmtime_module_t *module, uintptr_t *made, uintptr_t *error); /* new references */
wasmtime_error_t *capi_linker_get_default(const wasmtime_linker_t *linker, uintptr_t store, const char *name, size_t name_len, uintptr_t *out); /* *out: new reference */
uintptr_t capi_linker_get(const wasmtime_linker_t *linker, uintptr_t store, const char *module, size_t module_len, const char *name, size_t name_len); /* new reference, or 0 */
wasmtime_error_t *capi_tag_new(uintptr_t store, const wasm_tagtype_t *type, uintptr_t *out); /* *out: new reference */
