/* wasmtime: the usual first program of wasmtime.h: linker, host functions of both kinds, calls of both kinds, externs, fuel, epochs, traps, errors. */
#include "check.h"

static int ended;

static wasm_trap_t *add(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    CHECK(nargs == 2 && nresults == 1 && *(int *)env == 7);
    wasmtime_extern_t item;
    CHECK(wasmtime_caller_export_get(caller, "memory", 6, &item) && item.kind == WASMTIME_EXTERN_MEMORY);
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    CHECK(wasmtime_memory_size(context, &item.of.memory) == 1);
    CHECK(!wasmtime_caller_export_get(caller, "none", 4, &item));
    if (args[0].of.i32 < 0)
        return wasmtime_trap_new("negative", 8);
    results[0].kind = WASMTIME_I32;
    results[0].of.i32 = args[0].of.i32 + args[1].of.i32;
    return NULL;
}

static wasm_trap_t *multiply(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count)
{
    (void)env, (void)caller;
    CHECK(count == 2);
    values[0].i64 = (int64_t)htole64(le64toh((uint64_t)values[0].i64) * le64toh((uint64_t)values[1].i64));
    return NULL;
}

static void finish(void *env) { ended += *(int *)env; }

static void print_error(wasmtime_error_t *error)
{
    CHECK(error);
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    CHECK(message.size && message.data[message.size - 1]);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
}

static const char text[] =
    "(module (import \"host\" \"add\" (func $add (param i32 i32) (result i32)))"
    " (import \"host\" \"mul\" (func $mul (param i64 i64) (result i64)))"
    " (memory (export \"memory\") 1 3) (global (export \"g\") (mut i64) (i64.const 5)) (table (export \"t\") 2 4 funcref) (elem (i32.const 1) $add)"
    " (func (export \"add\") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))"
    " (func (export \"mul\") (param i64 i64) (result i64) (call $mul (local.get 0) (local.get 1)))"
    " (func (export \"two\") (param v128) (result f64 v128) (f64.const 2.5) (local.get 0))"
    " (func (export \"spin\") (loop (br 0)))"
    " (func (export \"bad\") (drop (i32.load (i32.const 65536)))))";

static wasmtime_func_t func(wasmtime_context_t *context, wasmtime_instance_t *instance, const char *name)
{
    wasmtime_extern_t item;
    CHECK(wasmtime_instance_export_get(context, instance, name, strlen(name), &item) && item.kind == WASMTIME_EXTERN_FUNC);
    return item.of.func;
}

static void calls(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    wasmtime_func_t f = func(context, instance, "add");
    wasmtime_val_t args[2] = {{.kind = WASMTIME_I32, .of = {.i32 = 40}}, {.kind = WASMTIME_I32, .of = {.i32 = 2}}}, results[2];
    wasm_trap_t *trap = NULL;
    CHECK(!wasmtime_func_call(context, &f, args, 2, results, 1, &trap) && !trap && results[0].kind == WASMTIME_I32 && results[0].of.i32 == 42);
    args[0].of.i32 = -1;
    print_error(wasmtime_func_call(context, &f, args, 2, results, 1, &trap)); /* a trap that is no code's is an error here */
    print_error(wasmtime_func_call(context, &f, args, 1, results, 1, &trap));
    args[0].kind = WASMTIME_I64;
    print_error(wasmtime_func_call(context, &f, args, 2, results, 1, &trap));
    wasmtime_val_raw_t raw[3];
    for (int i = 0; i < 2; i++) { /* aligned as slots are, and not */
        wasmtime_val_raw_t *values = i ? (wasmtime_val_raw_t *)((char *)raw + 8) : raw;
        values[0].i64 = (int64_t)htole64((uint64_t)-6), values[1].i64 = (int64_t)htole64(7);
        f = func(context, instance, "mul");
        CHECK(!wasmtime_func_call_unchecked(context, &f, values, 2, &trap) && (int64_t)le64toh((uint64_t)values[0].i64) == -42);
    }
    wasmtime_val_t vector = {.kind = WASMTIME_V128};
    memcpy(vector.of.v128, "0123456789abcdef", 16);
    f = func(context, instance, "two");
    CHECK(!wasmtime_func_call(context, &f, &vector, 1, results, 2, &trap) && results[0].of.f64 == 2.5 && !memcmp(results[1].of.v128, vector.of.v128, 16));
    wasm_functype_t *type = wasmtime_func_type(context, &f);
    CHECK(wasm_functype_params(type)->size == 1 && wasm_functype_results(type)->size == 2);
    wasm_functype_delete(type);
    if (getenv("NO_FAULTS")) /* what follows is one: valgrind would tell */
        return;
    f = func(context, instance, "bad");
    CHECK(!wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
    wasmtime_trap_code_t code = 99;
    CHECK(wasmtime_trap_code(trap, &code) && code == WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    CHECK(frames.size == 1);
    printf("frame: function %u, offset %zu\n", wasm_frame_func_index(frames.data[0]), wasm_frame_func_offset(frames.data[0]));
    CHECK(!wasmtime_frame_func_name(frames.data[0]));
    wasm_frame_vec_delete(&frames);
    print_trap(trap);
}

static void externs(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    wasmtime_extern_t item;
    char *name;
    size_t length, count = 0;
    while (wasmtime_instance_export_nth(context, instance, count, &name, &length, &item)) {
        printf("export %zu: %.*s %d\n", count++, (int)length, name, item.kind);
        wasm_externtype_t *type = wasmtime_extern_type(context, &item);
        CHECK(wasm_externtype_kind(type) == item.kind);
        wasm_externtype_delete(type);
    }
    CHECK(wasmtime_instance_export_get(context, instance, "g", 1, &item));
    wasmtime_val_t val = {.kind = WASMTIME_I64, .of = {.i64 = 9}}, got;
    wasmtime_global_get(context, &item.of.global, &got);
    CHECK(got.kind == WASMTIME_I64 && got.of.i64 == 5 && !wasmtime_global_set(context, &item.of.global, &val));
    wasmtime_global_get(context, &item.of.global, &got);
    CHECK(got.of.i64 == 9);
    val.kind = WASMTIME_F64;
    print_error(wasmtime_global_set(context, &item.of.global, &val));
    CHECK(wasmtime_instance_export_get(context, instance, "memory", 6, &item));
    uint64_t before = 0;
    wasmtime_memory_data(context, &item.of.memory)[65535] = 3;
    CHECK(!wasmtime_memory_grow(context, &item.of.memory, 2, &before) && before == 1 && wasmtime_memory_data_size(context, &item.of.memory) == 3 * 65536);
    CHECK(wasmtime_memory_data(context, &item.of.memory)[65535] == 3);
    print_error(wasmtime_memory_grow(context, &item.of.memory, 1, &before));
    CHECK(wasmtime_instance_export_get(context, instance, "t", 1, &item) && wasmtime_table_size(context, &item.of.table) == 2);
    CHECK(wasmtime_table_get(context, &item.of.table, 0, &got) && got.kind == WASMTIME_FUNCREF && wasmtime_funcref_is_null(&got.of.funcref));
    CHECK(wasmtime_table_get(context, &item.of.table, 1, &got) && !wasmtime_funcref_is_null(&got.of.funcref));
    CHECK(!wasmtime_table_set(context, &item.of.table, 0, &got) && !wasmtime_table_grow(context, &item.of.table, 1, &got, &before) && before == 2);
    print_error(wasmtime_table_set(context, &item.of.table, 3, &got));
    print_error(wasmtime_table_grow(context, &item.of.table, 2, &got, &before));
    CHECK(!wasmtime_table_get(context, &item.of.table, 3, &got));
}

int main(void)
{
    int env = 7;
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_consume_fuel_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine);
    wasmtime_store_t *store = wasmtime_store_new(engine, &env, finish);
    wasmtime_context_t *context = wasmtime_store_context(store);
    CHECK(wasmtime_context_get_data(context) == &env && !wasmtime_context_set_fuel(context, 100000));
    wasm_byte_vec_t bytes = binary(text);
    wasmtime_module_t *made = NULL, *none = NULL;
    CHECK(!wasmtime_module_validate(engine, (uint8_t *)bytes.data, bytes.size));
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &made));
    print_error(wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size - 1, &none));
    wasm_byte_vec_delete(&bytes);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    print_error(wasmtime_linker_instantiate(linker, context, made, &instance, &trap));
    wasm_functype_t *adds = wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_functype_t *muls = wasm_functype_new_2_1(wasm_valtype_new_i64(), wasm_valtype_new_i64(), wasm_valtype_new_i64());
    CHECK(!wasmtime_linker_define_func(linker, "host", 4, "add", 3, adds, add, &env, finish));
    print_error(wasmtime_linker_define_func(linker, "host", 4, "add", 3, adds, add, &env, finish));
    wasmtime_extern_t item = {.kind = WASMTIME_EXTERN_FUNC};
    wasmtime_func_new_unchecked(context, muls, multiply, &env, finish, &item.of.func);
    CHECK(!wasmtime_linker_define(linker, context, "host", 4, "mul", 3, &item));
    wasm_functype_delete(adds);
    wasm_functype_delete(muls);
    CHECK(!wasmtime_linker_instantiate(linker, context, made, &instance, &trap) && !trap);
    calls(context, &instance);
    externs(context, &instance);
    wasmtime_func_t spin = func(context, &instance, "spin");
    CHECK(!wasmtime_func_call(context, &spin, NULL, 0, NULL, 0, &trap));
    print_trap(trap);
    uint64_t fuel = 1;
    CHECK(!wasmtime_context_get_fuel(context, &fuel) && fuel == 0);
    wasmtime_linker_delete(linker);
    wasmtime_module_delete(made);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    printf("ended %d\n", ended);
    return 0;
}
