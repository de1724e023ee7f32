/* traps: of wasm, of the host, through both, at the start; messages, frames; calls that do not fit are told, not done. */
#include "check.h"

static wasm_trap_t *fail(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args, (void)results;
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "the host says no");
    wasm_trap_t *trap = wasm_trap_new(env, &message);
    wasm_byte_vec_delete(&message);
    return trap;
}

static wasm_trap_t *deeper(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args, (void)results;
    return call(*(wasm_func_t **)env, NULL, 0, NULL, 0); /* into wasm again, whose trap goes on */
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_func_t *inner = NULL;
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasm_func_t *fails = wasm_func_new_with_env(store, type, fail, store, NULL), *deep = wasm_func_new_with_env(store, type, deeper, &inner, NULL);
    wasm_module_t *made = module(store, "(module (import \"\" \"f\" (func $f)) (import \"\" \"d\" (func $d)) (func (export \"un\") unreachable) (func (export \"host\") call $f)"
                                        " (func (export \"div\") (drop (i32.div_s (i32.const 1) (i32.const 0)))) (func (export \"deep\") call $d)"
                                        " (func $r (export \"rec\") call $r) (table 1 funcref) (func (export \"ind\") (call_indirect (i32.const 0))))");
    wasm_extern_t *imports[] = {wasm_func_as_extern(fails), wasm_func_as_extern(deep)};
    wasm_instance_t *running = instance(store, made, imports, 2);
    wasm_extern_vec_t exports;
    wasm_instance_exports(running, &exports);
    inner = wasm_extern_as_func(exports.data[0]);
    for (size_t i = 0; i < exports.size; i++) {
        wasm_trap_t *trap = call(wasm_extern_as_func(exports.data[i]), NULL, 0, NULL, 0);
        CHECK(trap);
        wasm_frame_t *origin = wasm_trap_origin(trap);
        if (i < 3) {
            CHECK(origin);
            wasm_frame_t *copy = wasm_frame_copy(origin);
            printf("at function %u, %zu in it\n", wasm_frame_func_index(copy), wasm_frame_func_offset(copy));
            wasm_frame_delete(copy);
        }
        if (origin)
            wasm_frame_delete(origin);
        print_trap(trap);
    }
    wasm_module_t *starts = module(store, "(module (func $s unreachable) (start $s))");
    wasm_extern_vec_t none = WASM_EMPTY_VEC;
    wasm_trap_t *trap = NULL;
    CHECK(!wasm_instance_new(store, starts, &none, &trap));
    print_trap(trap);
    wasm_module_delete(starts);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(running);
    wasm_module_delete(made);
    wasm_functype_delete(type);
    wasm_func_delete(fails);
    wasm_func_delete(deep);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
