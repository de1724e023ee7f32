/* own_stores: what belongs to another store, or is of another kind, is refused, or nothing; wasmtime's library ends the process. */
#include "check.h"

static wasm_trap_t *nothing(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)env, (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
    return NULL;
}

static void refused(const char *what, wasmtime_error_t *error)
{
    wasm_name_t message;
    CHECK(error);
    wasmtime_error_message(error, &message);
    printf("%s: %.*s\n", what, (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *stores[] = {wasmtime_store_new(engine, NULL, NULL), wasmtime_store_new(engine, NULL, NULL)};
    wasmtime_context_t *mine = wasmtime_store_context(stores[0]), *other = wasmtime_store_context(stores[1]);
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasmtime_val_t null = {.kind = WASMTIME_FUNCREF}, one = {.kind = WASMTIME_FUNCREF}, out, number = {.kind = WASMTIME_I32, .of = {.i32 = 1}};
    wasm_limits_t limits = {1, 1};
    wasm_tabletype_t *table_type = wasm_tabletype_new(wasm_valtype_new(WASM_FUNCREF), &limits);
    wasm_memorytype_t *memory_type = wasm_memorytype_new(&limits);
    wasm_globaltype_t *global_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
    wasmtime_table_t table, mine_too;
    wasmtime_memory_t memory;
    wasmtime_global_t global;
    wasmtime_func_new(mine, type, nothing, NULL, NULL, &one.of.funcref);
    CHECK(!wasmtime_table_new(mine, table_type, &null, &table) && !wasmtime_table_new(other, table_type, &null, &mine_too));
    CHECK(!wasmtime_memory_new(mine, memory_type, &memory) && !wasmtime_global_new(mine, global_type, &number, &global));
    refused("function in a table", wasmtime_table_set(other, &mine_too, 0, &one));
    refused("table of a function", wasmtime_table_new(other, table_type, &one, &mine_too));
    refused("table of a number", wasmtime_table_new(other, table_type, &number, &mine_too));
    refused("table grow by a function", wasmtime_table_grow(other, &mine_too, 1, &one, NULL));
    refused("table grow by numbers", wasmtime_table_grow(other, &mine_too, 1, &number, NULL));
    wasm_globaltype_t *reference_type = wasm_globaltype_new(wasm_valtype_new(WASM_FUNCREF), WASM_VAR);
    refused("global of a function", wasmtime_global_new(other, reference_type, &one, &global));
    refused("global of another kind of null", wasmtime_global_new(other, reference_type, &(wasmtime_val_t){.kind = WASMTIME_EXTERNREF}, &global));
    wasm_globaltype_delete(reference_type);
    wasmtime_memory_t none;
    memcpy(&none, &table, sizeof none); /* laid out alike */
    CHECK(!wasmtime_memory_data(mine, &none) && !wasmtime_memory_data_size(mine, &none) && !wasmtime_memory_type(mine, &none));
    refused("memory that is a table", wasmtime_memory_grow(mine, &none, 1, NULL));
    refused("table set", wasmtime_table_set(other, &table, 0, &null));
    refused("table grow", wasmtime_table_grow(other, &table, 1, &null, NULL));
    refused("memory grow", wasmtime_memory_grow(other, &memory, 1, NULL));
    refused("global set", wasmtime_global_set(other, &global, &number));
    wasmtime_global_get(other, &global, &out);
    CHECK(!wasmtime_table_get(other, &table, 0, &out) && !wasmtime_table_size(other, &table) && !wasmtime_memory_data(other, &memory));
    CHECK(!wasmtime_memory_size(other, &memory) && !wasmtime_memory_data_size(other, &memory) && !wasmtime_memory_type(other, &memory));
    CHECK(!wasmtime_table_set(mine, &table, 0, &one) && wasmtime_table_size(mine, &table) == 1 && wasmtime_memory_size(mine, &memory) == 1);

    wasm_byte_vec_t bytes = binary("(module (import \"\" \"\" (func)))");
    wasmtime_module_t *module;
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &module));
    wasm_byte_vec_delete(&bytes);
    wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC, .of = {.func = one.of.funcref}}, item;
    wasmtime_instance_t instance;
    wasm_trap_t *trap;
    refused("import", wasmtime_instance_new(other, module, &import, 1, &instance, &trap));
    CHECK(!trap && !wasmtime_instance_new(mine, module, &import, 1, &instance, &trap) && !wasmtime_instance_export_get(other, &instance, "f", 1, &item));
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    refused("linker", wasmtime_linker_define(linker, other, "", 0, "", 0, &import));
    refused("instance", wasmtime_linker_define_instance(linker, other, "i", 1, &instance));
    wasmtime_linker_delete(linker);
    wasmtime_module_delete(module);
    wasm_functype_delete(type);
    wasm_tabletype_delete(table_type);
    wasm_memorytype_delete(memory_type);
    wasm_globaltype_delete(global_type);
    for (int i = 0; i < 2; i++)
        wasmtime_store_delete(stores[i]);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
