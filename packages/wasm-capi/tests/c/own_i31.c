/* own_i31: whether a reference is a 31-bit integer: apart, because wasmtime 50 answers that with a bool that is neither 0 nor 1. */
#include "check.h"

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_anyref_t any;
    wasmtime_eqref_t eq;
    wasmtime_anyref_from_i31(context, 5, &any);
    CHECK(wasmtime_anyref_is_i31(context, &any) == 1 && wasmtime_anyref_as_eqref(context, &any, &eq) && wasmtime_eqref_is_i31(context, &eq) == 1);
    wasmtime_anyref_unroot(&any);
    wasmtime_eqref_unroot(&eq);
    wasmtime_eqref_from_i31(context, 6, &eq);
    uint32_t value = 0;
    CHECK(wasmtime_eqref_i31_get_u(context, &eq, &value) && value == 6);
    wasmtime_eqref_unroot(&eq);
    wasmtime_anyref_set_null(&any);
    CHECK(!wasmtime_anyref_is_i31(context, &any) && !wasmtime_anyref_is_i31(context, NULL));
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    printf("told\n");
    return 0;
}
