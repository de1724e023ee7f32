/* own_reentrant: callbacks that call the function they were called by, that make room and instances in the store that runs, that delete it. */
#include "check.h"

static wasmtime_func_t caller_of_all;
static int depth, deepest;

static wasm_trap_t *again(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)env, (void)args, (void)nargs, (void)results, (void)nresults;
    wasm_trap_t *trap = NULL;
    deepest = ++depth > deepest ? depth : deepest;
    OK(wasmtime_func_call(wasmtime_caller_context(caller), &caller_of_all, NULL, 0, NULL, 0, &trap));
    depth--;
    return trap;
}

static wasm_trap_t *grow(void *engine, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)args, (void)nargs, (void)results, (void)nresults;
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    wasmtime_extern_t item;
    wasmtime_val_t null = {.kind = WASMTIME_FUNCREF};
    CHECK(wasmtime_caller_export_get(caller, "m", 1, &item));
    OK(wasmtime_memory_grow(context, &item.of.memory, 1, NULL));
    CHECK(wasmtime_caller_export_get(caller, "t", 1, &item));
    OK(wasmtime_table_grow(context, &item.of.table, 1, &null, NULL));
    OK(wasmtime_context_gc(context));
    for (int i = 0; i < 100; i++)
        (void)instantiate_text(engine, context, "(module (func (export \"f\")))");
    return NULL;
}

static wasm_trap_t *delete_it(void *store, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
    wasmtime_store_delete(store);
    return NULL;
}

int main(void)
{
    CHECK(freopen("/dev/null", "w", stderr)); /* where it is told that a store which runs is not deleted */
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_module_t *module = compile_text(engine, "(module (import \"\" \"\" (func)) (memory (export \"m\") 1) (table (export \"t\") 1 funcref) (func (export \"f\") (call 0)))");
    wasm_functype_t *type = wasm_functype_new_0_0();
    const struct {
        wasmtime_func_callback_t callback;
        void *env;
    } rows[] = {{again, NULL}, {grow, engine}, {delete_it, store}};
    for (int i = getenv("NO_FAULTS") != NULL; i < 3; i++) { /* a stack overflow is one */
        wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC};
        wasmtime_instance_t instance;
        wasm_trap_t *trap = NULL;
        wasmtime_func_new(context, type, rows[i].callback, rows[i].env, NULL, &import.of.func);
        OK(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
        caller_of_all = func_of(context, &instance, "f");
        OK(wasmtime_func_call(context, &caller_of_all, NULL, 0, NULL, 0, &trap));
        if (trap)
            print_trap(trap);
        CHECK(!trap == (i > 0));
    }
    CHECK(getenv("NO_FAULTS") || deepest > 10);
    wasmtime_func_t f = caller_of_all;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap)); /* it is still there */
    wasm_functype_delete(type);
    wasmtime_module_delete(module);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
