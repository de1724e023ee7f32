/* exceptions: tags and exceptions: made, thrown from a host function, caught and not caught, looked into; a tag is one thing however often it is asked for. */
#include "check.h"

static wasmtime_tag_t tag;

static wasm_trap_t *throw_it(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)env, (void)nargs, (void)results, (void)nresults;
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    wasmtime_exnref_t exn;
    OK(wasmtime_exnref_new(context, &tag, args, 1, &exn));
    wasm_trap_t *trap = wasmtime_context_set_exception(context, &exn);
    CHECK(trap && wasmtime_context_has_exception(context));
    wasmtime_exnref_unroot(&exn);
    return trap;
}

static const char text[] =
    "(module (import \"\" \"tag\" (tag $t (param i32))) (import \"\" \"throw\" (func $throw (param i32)))"
    " (export \"tag\" (tag $t))"
    " (func (export \"caught\") (param i32) (result i32) (block $h (result i32) (try_table (catch $t $h) (call $throw (local.get 0))) (i32.const -1)))"
    " (func (export \"lost\") (param i32) (throw $t (local.get 0)))"
    " (func (export \"held\") (param i32) (result exnref) (local exnref)"
    "  (block $h (result i32 exnref) (try_table (catch_ref $t $h) (throw $t (local.get 0))) (unreachable)) (local.set 1) (drop) (local.get 1)))";

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_exceptions_set(config, true);
    wasmtime_config_wasm_gc_set(config, true);
    wasmtime_config_wasm_function_references_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
    wasmtime_tag_t other;
    OK(wasmtime_tag_new(context, type, &tag));
    OK(wasmtime_tag_new(context, type, &other));
    printf("same tag: %d, other: %d\n", wasmtime_tag_eq(context, &tag, &tag), wasmtime_tag_eq(context, &tag, &other));
    wasm_tagtype_t *again = wasmtime_tag_type(context, &tag);
    CHECK(wasm_functype_params(wasm_tagtype_functype(again))->size == 1);
    wasm_tagtype_delete(again);
    wasm_tagtype_delete(type);

    wasm_valtype_t *ps[] = {wasm_valtype_new_i32()};
    wasm_valtype_vec_t params;
    wasm_valtype_vec_new(&params, 1, ps);
    wasmtime_exn_type_t *exn_type, *copy;
    OK(wasmtime_exn_type_new(engine, &params, &exn_type));
    copy = wasmtime_exn_type_copy(exn_type);
    again = wasmtime_exn_type_tag_type(copy);
    CHECK(wasm_functype_params(wasm_tagtype_functype(again))->size == 1);
    wasm_tagtype_delete(again);
    wasmtime_exn_type_delete(copy);
    wasmtime_exn_type_delete(exn_type);
    wasm_valtype_vec_delete(&params);

    wasm_functype_t *functype = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasmtime_extern_t imports[] = {{.kind = WASMTIME_EXTERN_TAG, .of = {.tag = tag}}, {.kind = WASMTIME_EXTERN_FUNC}}, item, twice;
    wasmtime_func_new(context, functype, throw_it, NULL, NULL, &imports[1].of.func);
    wasm_functype_delete(functype);
    wasmtime_module_t *module = compile_text(engine, text);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_instance_new(context, module, imports, 2, &instance, &trap));
    wasmtime_module_delete(module);
    for (int i = 0; i < 1000; i++) {
        CHECK(wasmtime_instance_export_get(context, &instance, "tag", 3, &item) && wasmtime_instance_export_get(context, &instance, "tag", 3, &twice));
        CHECK(wasmtime_tag_eq(context, &item.of.tag, &tag) && wasmtime_tag_eq(context, &twice.of.tag, &item.of.tag));
    }
    wasmtime_func_t caught = func_of(context, &instance, "caught"), lost = func_of(context, &instance, "lost"), held = func_of(context, &instance, "held");
    wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = 21}}, out[2];
    OK(wasmtime_func_call(context, &caught, &arg, 1, out, 1, &trap));
    printf("caught %d, pending %d\n", out[0].of.i32, wasmtime_context_has_exception(context));

    OK(wasmtime_func_call(context, &lost, &arg, 1, NULL, 0, &trap));
    CHECK(trap);
    wasm_trap_delete(trap);
    wasmtime_exnref_t exn;
    CHECK(wasmtime_context_has_exception(context) && wasmtime_context_take_exception(context, &exn) && !wasmtime_context_has_exception(context));
    wasmtime_exnref_t none;
    CHECK(!wasmtime_context_take_exception(context, &none));
    wasmtime_val_t field;
    OK(wasmtime_exnref_field(context, &exn, 0, &field));
    printf("lost: %zu field, %d\n", wasmtime_exnref_field_count(context, &exn), field.of.i32);
    FAILS(wasmtime_exnref_field(context, &exn, 1, &field));
    wasmtime_tag_t its;
    OK(wasmtime_exnref_tag(context, &exn, &its));
    CHECK(wasmtime_tag_eq(context, &its, &tag));
    exn_type = wasmtime_exnref_type(context, &exn);
    CHECK(exn_type);
    wasmtime_exn_type_delete(exn_type);
    uint32_t raw = wasmtime_exnref_to_raw(context, &exn);
    wasmtime_exnref_t rooted;
    wasmtime_exnref_from_raw(context, raw, &rooted);
    CHECK(!wasmtime_exnref_is_null(&rooted) && wasmtime_exnref_field_count(context, &rooted) == 1);
    wasmtime_exnref_clone(&rooted, &none);
    wasmtime_exnref_unroot(&none);
    wasmtime_exnref_unroot(&rooted);
    wasmtime_exnref_unroot(&exn);

    trap = NULL;
    OK(wasmtime_func_call(context, &held, &arg, 1, out, 1, &trap));
    CHECK(!trap && out[0].kind == WASMTIME_EXNREF);
    OK(wasmtime_exnref_field(context, &out[0].of.exnref, 0, &field));
    printf("held: %d\n", field.of.i32);
    wasmtime_val_unroot(&out[0]);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
