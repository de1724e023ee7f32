/* modules: what modules, linkers, stores and externs of wasmtime.h have besides the first program: descriptions, bytes, files, raw values, limits, types. */
#include <unistd.h>

#include "check.h"

static wasm_engine_t *engine;

static const char text[] =
    "(module (import \"\" \"twice\" (func $t (param i64) (result i64))) (import \"\" \"g\" (global (mut f32))) (import \"\" \"m\" (memory 1))"
    " (table (export \"t\") 1 4 externref) (memory (export \"own\") 1 3) (global (export \"c\") f64 (f64.const 2.5))"
    " (func $named (export \"f\") (param i64) (result i64) (call $t (local.get 0))) (func (export \"through\") (param funcref) (result funcref) (local.get 0))"
    " (func (export \"trap\") unreachable))";

static wasm_trap_t *twice(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count)
{
    (void)caller;
    CHECK(count == 1);
    ++*(int *)env;
    values[0].i64 = (int64_t)htole64(2 * le64toh((uint64_t)values[0].i64));
    return NULL;
}

static void count(wasmtime_module_t *module)
{
    wasm_importtype_vec_t imports;
    wasm_exporttype_vec_t exports;
    wasmtime_module_imports(module, &imports);
    wasmtime_module_exports(module, &exports);
    printf("%zu imports, %zu exports\n", imports.size, exports.size);
    wasm_importtype_vec_delete(&imports);
    wasm_exporttype_vec_delete(&exports);
}

/* Through bytes, and through a file. */
static wasmtime_module_t *kept(wasmtime_module_t *module)
{
    char path[] = "/tmp/modules-XXXXXX";
    const int file = mkstemp(path);
    wasm_byte_vec_t bytes;
    wasmtime_module_t *again, *of_file;
    OK(wasmtime_module_serialize(module, &bytes));
    CHECK(file >= 0 && write(file, bytes.data, bytes.size) == (ssize_t)bytes.size && !close(file));
    OK(wasmtime_module_deserialize(engine, (const uint8_t *)bytes.data, bytes.size, &again));
    OK(wasmtime_module_deserialize_file(engine, path, &of_file));
    FAILS(wasmtime_module_deserialize(engine, (const uint8_t *)bytes.data, bytes.size / 2, &again));
    FAILS(wasmtime_module_deserialize_file(engine, "/no/such/file", &again));
    CHECK(!unlink(path));
    wasm_byte_vec_delete(&bytes);
    count(again);
    wasmtime_module_delete(again);
    wasmtime_module_delete(module);
    return of_file;
}

static void types(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    wasmtime_extern_t item;
    CHECK(wasmtime_instance_export_get(context, instance, "c", 1, &item));
    wasm_globaltype_t *global = wasmtime_global_type(context, &item.of.global);
    printf("global %d %d\n", wasm_valtype_kind(wasm_globaltype_content(global)), wasm_globaltype_mutability(global));
    wasm_globaltype_delete(global);
    CHECK(wasmtime_instance_export_get(context, instance, "t", 1, &item));
    wasm_tabletype_t *table = wasmtime_table_type(context, &item.of.table);
    printf("table %u %u\n", wasm_tabletype_limits(table)->min, wasm_tabletype_limits(table)->max);
    wasm_tabletype_delete(table);
    CHECK(wasmtime_instance_export_get(context, instance, "own", 3, &item));
    wasm_memorytype_t *memory = wasmtime_memory_type(context, &item.of.memory);
    uint64_t most = 0;
    CHECK(wasmtime_memorytype_minimum(memory) == 1 && wasmtime_memorytype_maximum(memory, &most) && most == 3 && wasmtime_memorytype_page_size_log2(memory) == 16);
    CHECK(wasmtime_memory_page_size(context, &item.of.memory) == 65536 && wasmtime_memory_page_size_log2(context, &item.of.memory) == 16);
    wasm_memorytype_delete(memory);
    wasmtime_extern_delete(&item);
}

static void raw(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    wasmtime_func_t through = func_of(context, instance, "through"), f = func_of(context, instance, "f"), back;
    wasmtime_val_raw_t value = {.funcref = (void *)htole64((uintptr_t)wasmtime_func_to_raw(context, &f))};
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call_unchecked(context, &through, &value, 1, &trap));
    wasmtime_func_from_raw(context, (void *)le64toh((uintptr_t)value.funcref), &back);
    wasmtime_val_t args = {.kind = WASMTIME_I64, .of = {.i64 = 21}}, got;
    OK(wasmtime_func_call(context, &back, &args, 1, &got, 1, &trap));
    CHECK(!trap && got.of.i64 == 42);
    static int here;
    wasmtime_externref_t ref, again, copy;
    CHECK(wasmtime_externref_new(context, &here, NULL, &ref));
    wasmtime_externref_from_raw(context, wasmtime_externref_to_raw(context, &ref), &again);
    wasmtime_externref_clone(&again, &copy);
    wasmtime_externref_unroot(&again);
    CHECK(wasmtime_externref_data(context, &copy) == &here);
    wasmtime_externref_unroot(&copy);
    wasmtime_externref_unroot(&ref);
}

static void linkers(wasmtime_context_t *context, wasmtime_module_t *module)
{
    int calls = 0;
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i64(), wasm_valtype_new_i64());
    OK(wasmtime_linker_define_func_unchecked(linker, "", 0, "twice", 5, type, twice, &calls, NULL));
    FAILS(wasmtime_linker_define_func_unchecked(linker, "", 0, "twice", 5, type, twice, &calls, NULL));
    wasmtime_linker_allow_shadowing(linker, true);
    OK(wasmtime_linker_define_func_unchecked(linker, "", 0, "twice", 5, type, twice, &calls, NULL));
    wasm_functype_delete(type);
    wasmtime_linker_t *copy = wasmtime_linker_clone(linker);
    wasmtime_linker_delete(linker);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    FAILS(wasmtime_linker_instantiate(copy, context, module, &instance, &trap));
    OK(wasmtime_linker_define_unknown_imports_as_default_values(copy, context, module));
    wasmtime_instance_pre_t *pre;
    OK(wasmtime_linker_instantiate_pre(copy, module, &pre));
    wasmtime_module_t *same = wasmtime_instance_pre_module(pre);
    count(same);
    wasmtime_module_delete(same);
    OK(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap));
    wasmtime_instance_pre_delete(pre);
    types(context, &instance);
    raw(context, &instance);
    CHECK(calls == 1);
    wasmtime_linker_delete(copy);
}

static void limits(void)
{
    int one = 1, two = 2;
    wasmtime_store_t *store = wasmtime_store_new(engine, &one, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_context_set_data(context, &two);
    CHECK(wasmtime_context_get_data(context) == &two);
    wasmtime_store_limiter(store, 2 * 65536, 2, 2, -1, -1);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module (memory (export \"m\") 1) (table (export \"t\") 1 funcref))");
    wasmtime_extern_t item;
    wasmtime_val_t null = {.kind = WASMTIME_FUNCREF};
    uint64_t before;
    CHECK(wasmtime_instance_export_get(context, &instance, "m", 1, &item));
    OK(wasmtime_memory_grow(context, &item.of.memory, 1, &before));
    FAILS(wasmtime_memory_grow(context, &item.of.memory, 1, &before));
    CHECK(wasmtime_instance_export_get(context, &instance, "t", 1, &item));
    OK(wasmtime_table_grow(context, &item.of.table, 1, &null, &before));
    FAILS(wasmtime_table_grow(context, &item.of.table, 1, &null, &before));
    wasmtime_module_t *module = compile_text(engine, "(module)");
    wasm_trap_t *trap = NULL;
    OK(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
    FAILS(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
    wasmtime_module_delete(module);
    wasmtime_store_delete(store);
}

static void traps(void)
{
    wasm_trap_t *trap = wasmtime_trap_new_code(WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS);
    wasmtime_trap_code_t code;
    CHECK(wasmtime_trap_code(trap, &code));
    printf("code %d\n", code);
    print_trap(trap);
    trap = wasmtime_trap_new("mine", 4);
    CHECK(!wasmtime_trap_code(trap, &code));
    print_trap(trap);
    wasm_frame_vec_t frames;
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module $m (func $f (export \"f\") unreachable))");
    const wasmtime_func_t f = func_of(context, &instance, "f");
    OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
    wasm_trap_trace(trap, &frames);
    const wasm_name_t *function = wasmtime_frame_func_name(frames.data[0]), *module = wasmtime_frame_module_name(frames.data[0]);
    CHECK(function && module);
    printf("%.*s of %.*s\n", (int)function->size, function->data, (int)module->size, module->data);
    wasm_frame_vec_delete(&frames);
    wasm_trap_delete(trap);
    wasmtime_error_t *error = wasmtime_error_new("mine");
    wasmtime_error_wasm_trace(error, &frames);
    CHECK(!frames.size);
    wasm_frame_vec_delete(&frames);
    wasmtime_error_delete(error);
    wasmtime_store_delete(store);
}

static void shared(void)
{
    wasm_memorytype_t *type, *again;
    wasmtime_sharedmemory_t *memory;
    OK(wasmtime_memorytype_new(1, true, 2, false, true, 16, &type));
    OK(wasmtime_sharedmemory_new(engine, type, &memory));
    again = wasmtime_sharedmemory_type(memory);
    CHECK(wasmtime_memorytype_isshared(again) && wasmtime_sharedmemory_data_size(memory) == 65536);
    wasm_memorytype_delete(again);
    wasm_memorytype_delete(type);
    wasmtime_sharedmemory_delete(memory);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_threads_set(config, true);
    wasmtime_config_shared_memory_set(config, true);
    engine = wasm_engine_new_with_config(config);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_module_t *module = compile_text(engine, text);
    count(module);
    module = kept(module);
    linkers(wasmtime_store_context(store), module);
    wasmtime_module_delete(module);
    wasmtime_store_delete(store);
    limits();
    traps();
    shared();
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
