/* settings: every setting of a configuration and of a pool; those of proposals show in what is valid, the others in an engine that runs what it ran before. */
#include "check.h"

static const char plain[] = "(module (memory 1) (func (export \"f\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))";

/* What is valid with a setting, and is not without it. */
typedef struct Proposal {
    const char *name;
    void (*set)(wasm_config_t *config, bool value);
    const char *text;
} Proposal;

static void reference_types(wasm_config_t *config, bool value)
{
    if (!value) { /* others are built upon it */
        wasmtime_config_wasm_gc_set(config, false);
        wasmtime_config_wasm_function_references_set(config, false);
        wasmtime_config_wasm_component_model_async_set(config, false);
        wasmtime_config_concurrency_support_set(config, false);
    }
    wasmtime_config_wasm_reference_types_set(config, value);
}

static void simd(wasm_config_t *config, bool value)
{
    wasmtime_config_wasm_relaxed_simd_set(config, false); /* it is built upon it */
    wasmtime_config_wasm_simd_set(config, value);
}

static void gc(wasm_config_t *config, bool value)
{
    wasmtime_config_wasm_function_references_set(config, true);
    wasmtime_config_wasm_gc_set(config, value);
}

static const Proposal proposals[] = {
    {"threads", wasmtime_config_wasm_threads_set, "(module (memory 1 1) (func (result i32) (i32.atomic.load (i32.const 0))))"},
    {"tail calls", wasmtime_config_wasm_tail_call_set, "(module (func $f (return_call $f)))"},
    {"reference types", reference_types, "(module (table 1 externref))"},
    {"function references", wasmtime_config_wasm_function_references_set, "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))"},
    {"gc", gc, "(module (type $s (struct (field i32))) (func (result (ref $s)) (struct.new $s (i32.const 1))))"},
    {"simd", simd, "(module (func (result v128) (v128.const i32x4 1 2 3 4)))"},
    {"relaxed simd", wasmtime_config_wasm_relaxed_simd_set, "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))"},
    {"multi value", wasmtime_config_wasm_multi_value_set, "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))"},
    {"multi memory", wasmtime_config_wasm_multi_memory_set, "(module (memory 1) (memory 1))"},
    {"memory64", wasmtime_config_wasm_memory64_set, "(module (memory i64 1))"},
    {"wide arithmetic", wasmtime_config_wasm_wide_arithmetic_set, "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))"},
    {"exceptions", wasmtime_config_wasm_exceptions_set, "(module (tag $t) (func (throw $t)))"},
    {"page sizes", wasmtime_config_wasm_custom_page_sizes_set, "(module (memory 1 (pagesize 1)))"},
};

static bool is_valid(wasm_config_t *config, const wasm_byte_vec_t *bytes)
{
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine);
    wasmtime_error_t *error = wasmtime_module_validate(engine, (const uint8_t *)bytes->data, bytes->size);
    if (error)
        wasmtime_error_delete(error);
    wasm_engine_delete(engine);
    return !error;
}

static void show(const Proposal *proposal)
{
    wasm_byte_vec_t bytes = binary(proposal->text);
    for (int value = 0; value < 2; value++) {
        wasm_config_t *config = wasm_config_new();
        proposal->set(config, value);
        printf("%s %s: %s\n", proposal->name, value ? "on" : "off", is_valid(config, &bytes) ? "valid" : "not valid");
    }
    wasm_byte_vec_delete(&bytes);
}

/* It still compiles and runs. */
static void run(wasm_config_t *config, const char *name)
{
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine && name);
    wasm_engine_t *copy = wasmtime_engine_clone(engine);
    wasm_engine_delete(engine);
    CHECK(!wasmtime_engine_is_pulley(copy));
    wasmtime_store_t *store = wasmtime_store_new(copy, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(copy, context, plain);
    wasmtime_func_t f = func_of(context, &instance, "f");
    wasmtime_val_t one = {.kind = WASMTIME_I32, .of = {.i32 = 1}}, got;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &f, &one, 1, &got, 1, &trap));
    CHECK(!trap && got.of.i32 == 2);
    wasmtime_store_delete(store);
    wasm_engine_delete(copy);
}

#define SET(name, value)                                \
    do {                                                \
        wasm_config_t *config = wasm_config_new();      \
        wasmtime_config_##name##_set(config, value);    \
        run(config, #name);                             \
    } while (0)

static void others(void)
{
    SET(debug_info, true);
    SET(gc_support, true);
    SET(shared_memory, true);
    SET(wasm_relaxed_simd_deterministic, true);
    SET(wasm_bulk_memory, true);
    SET(wasm_stack_switching, false);
    SET(parallel_compilation, false);
    SET(cranelift_debug_verifier, true);
    SET(cranelift_nan_canonicalization, true);
    SET(cranelift_regalloc_algorithm, WASMTIME_REGALLOC_BACKTRACKING);
    SET(cranelift_opt_level, WASMTIME_OPT_LEVEL_NONE);
    SET(strategy, WASMTIME_STRATEGY_CRANELIFT);
    SET(profiler, WASMTIME_PROFILING_STRATEGY_NONE);
    SET(memory_may_move, false);
    SET(memory_reservation, UINT64_C(1) << 32);
    SET(memory_guard_size, UINT64_C(1) << 25);
    SET(memory_reservation_for_growth, UINT64_C(1) << 20);
    SET(memory_init_cow, false);
    SET(native_unwind_info, true);
    SET(macos_use_mach_ports, false);
    SET(signals_based_traps, true);
    SET(max_wasm_stack, 1 << 18);
    SET(wasm_component_model, true);
    SET(wasm_component_model_map, false);
    SET(wasm_component_model_async, false);
    SET(wasm_component_model_more_async_builtins, false);
    SET(wasm_component_model_async_stackful, false);
    SET(wasm_component_model_implements, false);
    SET(wasm_component_model_accessors, false);
    SET(wasm_component_model_canonical_names, false);
    SET(wasm_compact_imports, false);
    SET(wasm_branch_hinting, true);
    SET(concurrency_support, true);
}

#define POOL(name, value) wasmtime_pooling_allocation_config_##name##_set(pool, value)

static void pools(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
    POOL(max_unused_warm_slots, 4);
    POOL(decommit_batch_size, 1);
    POOL(async_stack_keep_resident, 0);
    POOL(linear_memory_keep_resident, 1 << 16);
    POOL(table_keep_resident, 0);
    POOL(total_component_instances, 2);
    POOL(max_component_instance_size, 1 << 20);
    POOL(max_core_instances_per_component, 4);
    POOL(max_memories_per_component, 4);
    POOL(max_tables_per_component, 4);
    POOL(total_memories, 2);
    POOL(total_tables, 2);
    POOL(total_stacks, 2);
    POOL(total_core_instances, 2);
    POOL(max_core_instance_size, 1 << 20);
    POOL(max_tables_per_module, 2);
    POOL(table_elements, 100);
    POOL(max_memories_per_module, 1);
    POOL(max_memory_size, 1 << 20);
    POOL(total_gc_heaps, 2);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_module_t *module = compile_text(engine, plain);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    for (int i = 0; i < 2; i++)
        OK(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
    FAILS(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap)); /* a pool of two */
    wasmtime_store_delete(store);
    wasmtime_module_delete(module);
    wasm_engine_delete(engine);
    puts("a pool of two");
}

int main(void)
{
    for (size_t i = 0; i < sizeof proposals / sizeof *proposals; i++)
        show(&proposals[i]);
    others();
    pools();
    wasm_config_t *config = wasm_config_new();
    FAILS(wasmtime_config_target_set(config, "no such machine"));
    OK(wasmtime_config_target_set(config, "x86_64-unknown-linux-gnu"));
    run(config, "target");
    puts("done");
    return 0;
}
