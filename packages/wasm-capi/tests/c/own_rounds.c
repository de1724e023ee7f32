/* own_rounds: stores of wasmtime.h and components, made, used and deleted again and again, with errors, traps and references: the process stays as large as it
 * was, and what is deleted is gone. */
#include "check.h"

static wasm_engine_t *engine;
static int given, ended;

static void finish(void *data)
{
    (void)data;
    ended++;
}

static wasm_trap_t *same(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)env, (void)caller, (void)nargs, (void)nresults;
    wasmtime_val_clone(&args[0], &results[0]);
    return NULL;
}

static void trapped(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    const wasmtime_func_t f = func_of(context, instance, "trap");
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    wasm_frame_vec_delete(&frames);
    wasm_trap_delete(trap);
}

static void core(wasmtime_module_t *module, wasm_functype_t *type)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, finish);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    OK(wasmtime_linker_define_func(linker, "", 0, "", 0, type, same, NULL, finish));
    wasmtime_instance_pre_t *pre;
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_linker_instantiate_pre(linker, module, &pre));
    OK(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap));
    const wasmtime_func_t f = func_of(context, &instance, "f");
    for (int i = 0; i < 3; i++) {
        wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF}, got;
        CHECK(wasmtime_externref_new(context, NULL, finish, &val.of.externref));
        OK(wasmtime_func_call(context, &f, &val, 1, &got, 1, &trap));
        wasmtime_val_unroot(&got);
        wasmtime_val_unroot(&val);
    }
    FAILS(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
    trapped(context, &instance);
    wasmtime_instance_pre_delete(pre);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
    given += 5;
}

static const char words[] =
    "(component (import \"f\" (func $f (param \"v\" u32) (result u32))) (core func $g (canon lower (func $f)))"
    " (core module $m (import \"\" \"f\" (func (param i32) (result i32))) (func (export \"run\") (param i32) (result i32) (call 0 (local.get 0))))"
    " (core instance $i (instantiate $m (with \"\" (instance (export \"f\" (func $g))))))"
    " (func (export \"run\") (param \"v\" u32) (result u32) (canon lift (core func $i \"run\"))))";

static wasmtime_error_t *turned(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args, size_t nargs,
                                wasmtime_component_val_t *results, size_t nresults)
{
    (void)data, (void)context, (void)type, (void)nargs, (void)nresults;
    wasmtime_component_val_clone(&args[0], &results[0]);
    return args[0].of.u32 ? NULL : wasmtime_error_new("zero");
}

/* A component of its own each time: what was kept of it would be seen. */
static void components(void)
{
    wasmtime_component_t *component;
    OK(wasmtime_component_new(engine, (const uint8_t *)words, strlen(words), &component));
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, finish);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(engine);
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
    OK(wasmtime_component_linker_instance_add_func(root, "f", 1, turned, NULL, finish));
    wasmtime_component_linker_instance_delete(root);
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t func;
    OK(wasmtime_component_linker_instantiate(linker, context, component, &instance));
    wasmtime_component_export_index_t *index = wasmtime_component_get_export_index(component, NULL, "run", 3);
    CHECK(wasmtime_component_instance_get_func(&instance, context, index, &func));
    wasmtime_component_val_t val = {.kind = WASMTIME_COMPONENT_U32, .of = {.u32 = 7}}, got;
    OK(wasmtime_component_func_call(&func, context, &val, 1, &got, 1));
    CHECK(got.of.u32 == 7);
    val.of.u32 = 0;
    FAILS(wasmtime_component_func_call(&func, context, &val, 1, &got, 1));
    wasmtime_component_export_index_delete(index);
    wasmtime_component_linker_delete(linker);
    wasmtime_component_delete(component);
    wasmtime_store_delete(store);
    given += 2;
}

int main(void)
{
    const int rounds = getenv("NO_FAULTS") ? 20 : 1000;
    engine = wasm_engine_new();
    wasmtime_module_t *module =
        compile_text(engine, "(module (import \"\" \"\" (func (param externref) (result externref))) (func (export \"f\") (param externref) (result externref) (call 0 (local.get 0)))"
                             " (func (export \"trap\") unreachable))");
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    long before = 0;
    for (int i = 0; i < 2 * rounds; i++) {
        if (i == rounds)
            before = resident();
        core(module, type);
        if (i % 10 == 0)
            components();
    }
    const long grown = resident() - before;
    printf("ended %d of %d\n", ended, given);
    CHECK(ended == given);
    wasm_functype_delete(type);
    wasmtime_module_delete(module);
    wasm_engine_delete(engine);
    return ended_within(grown, 1024);
}
