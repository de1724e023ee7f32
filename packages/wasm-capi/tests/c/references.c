/* references: externrefs in values, globals and tables; finalizers run once, at the end of the last root. */
#include "check.h"

static int ended;

static void finish(void *data) { ended += *(int *)data; }

static void externrefs(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    static int data = 10;
    wasmtime_extern_t item;
    wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF}, got, null = {.kind = WASMTIME_EXTERNREF};
    CHECK(wasmtime_externref_new(context, &data, finish, &val.of.externref));
    CHECK(wasmtime_externref_data(context, &val.of.externref) == &data);
    CHECK(wasmtime_instance_export_get(context, instance, "id", 2, &item));
    wasm_trap_t *trap = NULL;
    wasmtime_func_t f = item.of.func;
    CHECK(!wasmtime_func_call(context, &f, &val, 1, &got, 1, &trap) && wasmtime_externref_data(context, &got.of.externref) == &data);
    wasmtime_val_unroot(&got);
    wasmtime_externref_set_null(&null.of.externref);
    CHECK(!wasmtime_func_call(context, &f, &null, 1, &got, 1, &trap) && wasmtime_externref_is_null(&got.of.externref));
    CHECK(wasmtime_instance_export_get(context, instance, "t", 1, &item) && !wasmtime_table_set(context, &item.of.table, 1, &val));
    CHECK(wasmtime_table_get(context, &item.of.table, 1, &got) && wasmtime_externref_data(context, &got.of.externref) == &data);
    wasmtime_val_t copy;
    wasmtime_val_clone(&got, &copy);
    wasmtime_val_unroot(&got);
    wasmtime_val_unroot(&copy);
    CHECK(wasmtime_instance_export_get(context, instance, "g", 1, &item) && !wasmtime_global_set(context, &item.of.global, &val));
    wasmtime_global_get(context, &item.of.global, &got);
    CHECK(wasmtime_externref_data(context, &got.of.externref) == &data);
    wasmtime_val_unroot(&got);
    wasmtime_val_unroot(&val);
    CHECK(ended == 0); /* the table has it */
}

int main(void)
{
    static int of_store = 1000;
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, &of_store, finish);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasm_byte_vec_t bytes = binary("(module (func (export \"id\") (param externref) (result externref) (local.get 0))"
                                   " (table (export \"t\") 2 externref) (global (export \"g\") (mut externref) (ref.null extern)))");
    wasmtime_module_t *made;
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &made) && !wasmtime_instance_new(context, made, NULL, 0, &instance, &trap));
    externrefs(context, &instance);
    wasmtime_store_delete(store);
    CHECK(ended == 1010);
    wasm_byte_vec_delete(&bytes);
    wasmtime_module_delete(made);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
