/* func.c: functions: called, and made of the host's callbacks. A call of numbers touches no Python. */
#include "handle.h"

#include <stdlib.h>

#include "handlers.h"
#include "start.h"

enum { INLINE_SLOTS = 16 };

size_t impl_wasm_func_param_arity(const wasm_func_t *func) { return HANDLE(func)->as.func.signature->nparams; }
size_t impl_wasm_func_result_arity(const wasm_func_t *func) { return HANDLE(func)->as.func.signature->nresults; }

/* Results that cannot be told are null, and an error: those before stay the caller's to delete, so they are taken back. */
static wasm_trap_t *take_results(const VmFunc *func, const VmSlot *slots, wasm_val_t *results)
{
    const VmSignature *s = func->signature;
    for (uint32_t i = 0; i < s->nresults; i++) {
        if (LIKELY(capi_val_of(func->store, &s->types[s->nparams + i], &slots[i], &results[i])))
            continue;
        while (i--)
            impl_wasm_val_delete(&results[i]);
        return capi_trap_with("a result has no value in wasm.h");
    }
    return NULL;
}

static wasm_trap_t *call(const VmFunc *func, const wasm_val_t *args, wasm_val_t *results, VmSlot *slots)
{
    const VmSignature *s = func->signature;
    VmObject *error = NULL;
    for (uint32_t i = 0; i < s->nparams; i++)
        if (UNLIKELY(!capi_slot_of(func->store, &s->types[i], &args[i], &slots[i])))
            return capi_trap_with("argument %u is not of the parameter's type", i + 1);
    if (UNLIKELY(capi_vm->call(func->store, func->reference, slots, &error)))
        return capi_trap_take(error);
    return take_results(func, slots, results);
}

wasm_trap_t *impl_wasm_func_call(const wasm_func_t *handle, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    const VmFunc *func = &HANDLE(handle)->as.func;
    const VmSignature *s = func->signature;
    const size_t given = args ? args->size : 0, room = results ? results->size : 0;
    if (UNLIKELY(given != s->nparams || room < s->nresults))
        return capi_trap_with("wasm_func_call: given %zu arguments and room for %zu results, expected %u and %u", given, room, s->nparams, s->nresults);
    if (UNLIKELY(!capi_start()))
        return capi_misuse_trap();
    const wasm_val_t *values = args ? args->data : NULL;
    wasm_val_t *out = results ? results->data : NULL;
    if (LIKELY(s->nslots <= INLINE_SLOTS)) {
        VmSlot slots[INLINE_SLOTS];
        return call(func, values, out, slots);
    }
    VmSlot *slots = aligned_alloc(_Alignof(VmSlot), s->nslots * sizeof *slots);
    if (!slots)
        return capi_trap_with("out of memory for a call's values");
    wasm_trap_t *trap = call(func, values, out, slots);
    free(slots);
    return trap;
}

/* ---- host functions ---- */

/* What a host function of wasm.h needs: owned by the function, with which it is freed. */
typedef struct Callback {
    wasm_func_callback_t plain; /* or ...*/
    wasm_func_callback_with_env_t with_env;
    void *env;
    void (*finalizer)(void *);
} Callback;

static void callback_free(void *data)
{
    Callback *callback = data;
    if (callback->finalizer)
        callback->finalizer(callback->env);
    free(callback);
}

/* A trap is never lost: where its exception cannot be made, the one that was made when the library started is raised. */
VmObject *capi_raise(wasm_trap_t *trap)
{
    const bool is_trap = LIKELY(!capi_checking) || capi_check_result(trap);
    VmObject *raised = is_trap ? (VmObject *)capi_handlers->capi_exception_of(trap) : NULL;
    if (raised)
        return raised;
    capi_vm->incref(capi_last_resort);
    return capi_last_resort;
}

/* The results as slots; what they refer to was the callback's to give, so it is deleted. */
static wasm_trap_t *give_results(const VmCaller *caller, wasm_val_t *results, VmSlot *slots)
{
    const VmSignature *s = caller->signature;
    wasm_trap_t *trap = NULL;
    for (uint32_t i = 0; i < s->nresults; i++) {
        if (!trap && UNLIKELY(!capi_slot_of(caller->store, &s->types[s->nparams + i], &results[i], &slots[i])))
            trap = capi_trap_with("result %u of a host function is not of its type", i + 1);
        impl_wasm_val_delete(&results[i]);
    }
    return trap;
}

static VmObject *run(const Callback *callback, const VmCaller *caller, VmSlot *slots, wasm_val_t *values)
{
    const VmSignature *s = caller->signature;
    wasm_val_vec_t args = {s->nparams, values}, results = {s->nresults, values + s->nparams};
    for (uint32_t i = 0; i < s->nparams; i++)
        if (UNLIKELY(!capi_val_of(caller->store, &s->types[i], &slots[i], &values[i]))) {
            while (i--)
                impl_wasm_val_delete(&values[i]);
            return capi_raise(capi_trap_with("a parameter of a host function has no value in wasm.h"));
        }
    for (uint32_t i = 0; i < s->nresults; i++)
        results.data[i] = (wasm_val_t)WASM_INIT_VAL;
    wasm_trap_t *trap = callback->plain ? callback->plain(&args, &results) : callback->with_env(callback->env, &args, &results);
    for (uint32_t i = 0; i < s->nparams; i++)
        impl_wasm_val_delete(&values[i]);
    if (LIKELY(!trap))
        trap = give_results(caller, results.data, slots);
    return UNLIKELY(trap != NULL) ? capi_raise(trap) : NULL;
}

static VmObject *call_host(void *data, VmCaller *caller, VmSlot *slots)
{
    const Callback *callback = data;
    const size_t count = (size_t)caller->signature->nparams + caller->signature->nresults;
    wasm_val_t few[INLINE_SLOTS];
    if (LIKELY(count <= INLINE_SLOTS))
        return run(callback, caller, slots, few);
    wasm_val_t *values = calloc(count, sizeof *values);
    if (!values)
        return capi_raise(capi_trap_with("out of memory for a host function's values"));
    VmObject *raised = run(callback, caller, slots, values);
    free(values);
    return raised;
}

/* Made once, and kept with the type. Two threads may make it at once: the first one stays. */
VmObject *capi_func_type_of(const wasm_functype_t *functype)
{
    capi_handle *handle = HANDLE(functype);
    VmObject *found = __atomic_load_n(&handle->object, __ATOMIC_ACQUIRE), *none = NULL;
    if (found || !capi_start() || !(found = (VmObject *)capi_handlers->capi_func_type(functype)))
        return found;
    if (!__atomic_compare_exchange_n(&handle->object, &none, found, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        capi_vm->decref(found);
        found = none;
    }
    return found;
}

static wasm_func_t *make(wasm_store_t *store, const wasm_functype_t *functype, const Callback *model)
{
    VmObject *error = NULL, *made = NULL;
    VmObject *type = capi_start() ? capi_func_type_of(functype) : NULL;
    Callback *callback = type ? malloc(sizeof *callback) : NULL;
    if (callback) {
        *callback = *model;
        made = capi_vm->func_new(HANDLE(store)->object, type, call_host, callback, callback_free, &error);
    } else if (model->finalizer) {
        model->finalizer(model->env);
    }
    capi_forget(error);
    return (void *)capi_extern_of(made);
}

wasm_func_t *impl_wasm_func_new(wasm_store_t *store, const wasm_functype_t *type, wasm_func_callback_t callback)
{
    Callback model = {.plain = callback};
    return make(store, type, &model);
}

wasm_func_t *impl_wasm_func_new_with_env(wasm_store_t *store, const wasm_functype_t *type, wasm_func_callback_with_env_t callback, void *env, void (*finalizer)(void *))
{
    Callback model = {.with_env = callback, .env = env, .finalizer = finalizer};
    return make(store, type, &model);
}
