/* wasmtime_func.c: wasmtime.h's functions: called with values or as they lie, and made of callbacks of both kinds. */
#include <stdio.h>
#include <stdlib.h>

#include "context.h"
#include "handlers.h"
#include "start.h"

enum { INLINE_SLOTS = 16, HOST_IS_BIG = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

/* Raw values are little-endian on every machine, as wasmtime's are; slots have the order of this one. A v128 is bytes. */
static void turn_raw(const VmType *type, VmSlot *slot)
{
    if (type->kind == VM_I32 || type->kind == VM_F32)
        slot->i32 = (int32_t)__builtin_bswap32((uint32_t)slot->i32);
    else if (type->kind != VM_V128)
        slot->ref = __builtin_bswap64(slot->ref);
}

/* Of references but to functions, four bytes are the value; the host has anything behind them. */
static void take_raw(const VmType *types, uint32_t count, VmSlot *slots)
{
    for (uint32_t i = 0; i < count; i++) {
        if (HOST_IS_BIG)
            turn_raw(&types[i], &slots[i]);
        if (UNLIKELY(types[i].kind > VM_FUNCREF))
            slots[i].ref = (uint32_t)slots[i].ref;
    }
}

static void give_raw(const VmType *types, uint32_t count, VmSlot *slots)
{
    for (uint32_t i = 0; HOST_IS_BIG && i < count; i++)
        turn_raw(&types[i], &slots[i]);
}

static wasmtime_error_t *run_call(capi_context *context, void *reference, VmSlot *slots, wasm_trap_t **trap)
{
    VmObject *error = NULL;
    if (LIKELY(!capi_vm->call(context->store, reference, slots, &error)))
        return NULL;
    return capi_split_call(context, error, trap);
}

/* Of results that cannot all be given, none is the caller's. */
static wasmtime_error_t *take_results(capi_context *context, const VmSignature *s, const VmSlot *slots, wasmtime_val_t *results)
{
    for (uint32_t i = 0; i < s->nresults; i++) {
        if (LIKELY(capi_value_of(context, &s->types[s->nparams + i], &slots[i], &results[i])))
            continue;
        while (i--)
            impl_wasmtime_val_unroot(&results[i]);
        return capi_error_with("out of memory for a result");
    }
    return NULL;
}

static wasmtime_error_t *call(capi_context *context, void *reference, const VmSignature *s, const wasmtime_val_t *args, wasmtime_val_t *results, VmSlot *slots, wasm_trap_t **trap)
{
    for (uint32_t i = 0; i < s->nparams; i++)
        if (UNLIKELY(!capi_slot_of_value(context, &s->types[i], &args[i], &slots[i])))
            return capi_error_with("an argument is not of the parameter's type");
    wasm_trap_t *raised = NULL; /* without a place for it, it is an error */
    wasmtime_error_t *error = run_call(context, reference, slots, trap ? &raised : NULL);
    if (trap)
        *trap = raised;
    return UNLIKELY(error || raised) ? error : take_results(context, s, slots, results);
}

wasmtime_error_t *impl_wasmtime_func_call(wasmtime_context_t *store, const wasmtime_func_t *func, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results,
                                          size_t nresults, wasm_trap_t **trap)
{
    capi_context *context = capi_context_of(store);
    VmObject *error = NULL;
    if (UNLIKELY(!capi_start()))
        return capi_misuse_error();
    if (UNLIKELY(func->store_id != context->id))
        return capi_error_with("the function belongs to another store");
    const VmSignature *s = capi_signature(context, func->__private, &error);
    if (UNLIKELY(!s))
        return capi_split(error, NULL);
    if (UNLIKELY(nargs != s->nparams || nresults != s->nresults)) {
        char text[160];
        snprintf(text, sizeof text, "wasmtime_func_call: given %zu arguments and room for %zu results, expected %u and %u", nargs, nresults, s->nparams, s->nresults);
        return capi_error_with(text);
    }
    if (LIKELY(s->nslots <= INLINE_SLOTS)) {
        VmSlot slots[INLINE_SLOTS];
        return call(context, func->__private, s, args, results, slots, trap);
    }
    VmSlot *slots = aligned_alloc(_Alignof(VmSlot), s->nslots * sizeof *slots);
    wasmtime_error_t *failure = slots ? call(context, func->__private, s, args, results, slots, trap) : capi_error_with("out of memory for a call's values");
    free(slots);
    return failure;
}

static wasmtime_error_t *call_raw(capi_context *context, void *reference, VmSlot *slots, wasm_trap_t **trap)
{
    VmObject *error = NULL;
    const VmSignature *s = capi_signature(context, reference, &error);
    if (UNLIKELY(!s))
        return capi_split(error, NULL);
    take_raw(s->types, s->nparams, slots);
    wasmtime_error_t *failure = run_call(context, reference, slots, trap);
    give_raw(s->types + s->nparams, s->nresults, slots);
    return failure;
}

/* Values that are not aligned as slots are: the type of raw values has 8 bytes of alignment. */
static wasmtime_error_t *call_aligned(capi_context *context, void *reference, wasmtime_val_raw_t *values, size_t count, wasm_trap_t **trap)
{
    VmSlot *slots = aligned_alloc(_Alignof(VmSlot), (count ? count : 1) * sizeof *slots);
    if (!slots)
        return capi_error_with("out of memory for a call's values");
    if (count)
        memcpy(slots, values, count * sizeof *slots);
    wasmtime_error_t *error = call_raw(context, reference, slots, trap);
    if (count)
        memcpy(values, slots, count * sizeof *slots);
    free(slots);
    return error;
}

wasmtime_error_t *impl_wasmtime_func_call_unchecked(wasmtime_context_t *store, const wasmtime_func_t *func, wasmtime_val_raw_t *values, size_t count, wasm_trap_t **trap)
{
    if (UNLIKELY(!capi_start()))
        return capi_misuse_error();
    capi_context *context = capi_context_of(store);
    if (LIKELY(values && !((uintptr_t)values & (_Alignof(VmSlot) - 1))))
        return call_raw(context, func->__private, (VmSlot *)(void *)values, trap);
    return call_aligned(context, func->__private, values, count, trap);
}

/* ---- host functions ---- */

/* Owned by the function, with which it is freed. */
typedef struct Callback {
    wasmtime_func_callback_t checked; /* or ...*/
    wasmtime_func_unchecked_callback_t unchecked;
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

/* What is thrown is on its way: if nobody catches it, the call that ends says so again. */
static VmObject *raise_in(capi_context *context, wasm_trap_t *trap)
{
    VmObject *thrown = context->thrown;
    context->thrown = NULL;
    capi_forget(thrown);
    return capi_raise(trap);
}

static VmObject *call_unchecked(void *data, VmCaller *caller, VmSlot *slots)
{
    const Callback *callback = data;
    const VmSignature *s = caller->signature;
    wasmtime_caller_t mine = {capi_context_in(caller), caller};
    give_raw(s->types, s->nparams, slots);
    wasm_trap_t *trap = callback->unchecked(callback->env, &mine, (wasmtime_val_raw_t *)(void *)slots, s->nparams > s->nresults ? s->nparams : s->nresults);
    take_raw(s->types + s->nparams, s->nresults, slots);
    return UNLIKELY(trap != NULL) ? raise_in(mine.context, trap) : NULL;
}

/* The results as slots, and their roots let go. */
static wasm_trap_t *give_results(wasmtime_caller_t *mine, wasmtime_val_t *results, VmSlot *slots)
{
    const VmSignature *s = mine->caller->signature;
    wasm_trap_t *trap = NULL;
    for (uint32_t i = 0; i < s->nresults; i++) {
        if (!trap && UNLIKELY(!capi_slot_of_value(mine->context, &s->types[s->nparams + i], &results[i], &slots[i])))
            trap = capi_trap_with("result %u of a host function is not of its type", i + 1);
        impl_wasmtime_val_unroot(&results[i]);
    }
    return trap;
}

static VmObject *run(const Callback *callback, wasmtime_caller_t *mine, VmSlot *slots, wasmtime_val_t *values)
{
    const VmSignature *s = mine->caller->signature;
    for (uint32_t i = 0; i < s->nparams; i++)
        if (UNLIKELY(!capi_value_of(mine->context, &s->types[i], &slots[i], &values[i]))) {
            while (i--)
                impl_wasmtime_val_unroot(&values[i]);
            return capi_raise(capi_trap_with("out of memory for a parameter"));
        }
    wasmtime_val_t *results = values + s->nparams;
    for (uint32_t i = 0; i < s->nresults; i++) {
        results[i].kind = WASMTIME_I32;
        results[i].of.i64 = 0;
    }
    wasm_trap_t *trap = callback->checked(callback->env, mine, values, s->nparams, results, s->nresults);
    for (uint32_t i = 0; i < s->nparams; i++)
        impl_wasmtime_val_unroot(&values[i]);
    if (LIKELY(!trap))
        trap = give_results(mine, results, slots);
    return UNLIKELY(trap != NULL) ? raise_in(mine->context, trap) : NULL;
}

static VmObject *call_checked(void *data, VmCaller *caller, VmSlot *slots)
{
    const size_t count = (size_t)caller->signature->nparams + caller->signature->nresults;
    wasmtime_caller_t mine = {capi_context_in(caller), caller};
    wasmtime_val_t few[INLINE_SLOTS];
    if (LIKELY(count <= INLINE_SLOTS))
        return run(data, &mine, slots, few);
    wasmtime_val_t *values = calloc(count, sizeof *values);
    if (!values)
        return capi_raise(capi_trap_with("out of memory for a host function's values"));
    VmObject *raised = run(data, &mine, slots, values);
    free(values);
    return raised;
}

/* The vm's function and its data for a callback; NULL without memory, the finalizer has run then. */
static Callback *new_callback(const Callback *model, VmHostCall *function)
{
    Callback *callback = malloc(sizeof *callback);
    if (callback)
        *callback = *model;
    else if (model->finalizer)
        model->finalizer(model->env);
    *function = model->checked ? call_checked : call_unchecked;
    return callback;
}

static void make(wasmtime_context_t *store, const wasm_functype_t *functype, const Callback *model, wasmtime_func_t *ret)
{
    capi_context *context = capi_context_of(store);
    VmObject *error = NULL, *made = NULL;
    VmHostCall function;
    VmObject *type = capi_start() ? capi_func_type_of(functype) : NULL;
    Callback *callback = new_callback(model, &function);
    if (callback && type)
        made = capi_vm->func_new(context->store, type, function, callback, callback_free, &error);
    else if (callback)
        callback_free(callback);
    VmFunc found;
    *ret = (wasmtime_func_t){0, NULL};
    if (made && capi_vm->func(made, &found))
        *ret = (wasmtime_func_t){context->id, found.reference};
    capi_forget(made); /* the function is the store's */
    capi_forget(error);
}

void impl_wasmtime_func_new(wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_callback_t callback, void *env, void (*finalizer)(void *), wasmtime_func_t *ret)
{
    make(store, type, &(Callback){.checked = callback, .env = env, .finalizer = finalizer}, ret);
}

void impl_wasmtime_func_new_unchecked(wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *env, void (*finalizer)(void *),
                                      wasmtime_func_t *ret)
{
    make(store, type, &(Callback){.unchecked = callback, .env = env, .finalizer = finalizer}, ret);
}

static wasmtime_error_t *define(wasmtime_linker_t *linker, const char *const names[2], const size_t lengths[2], const wasm_functype_t *type, const Callback *model)
{
    VmObject *error = NULL;
    VmHostCall function;
    Callback *callback = new_callback(model, &function);
    if (callback && !capi_start()) {
        callback_free(callback);
        return capi_misuse_error();
    }
    VmObject *host = callback ? capi_vm->host_new(function, callback, callback_free, &error) : NULL;
    if (!host)
        return capi_split(error, NULL);
    wasmtime_error_t *failure = capi_handlers->capi_linker_define_func(linker, names[0], lengths[0], names[1], lengths[1], type, (uintptr_t)host);
    capi_vm->decref(host);
    return failure;
}

wasmtime_error_t *impl_wasmtime_linker_define_func(wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name, size_t name_len, const wasm_functype_t *type,
                                                   wasmtime_func_callback_t callback, void *data, void (*finalizer)(void *))
{
    return define(linker, (const char *const[]){module, name}, (const size_t[]){module_len, name_len}, type, &(Callback){.checked = callback, .env = data, .finalizer = finalizer});
}

wasmtime_error_t *impl_wasmtime_linker_define_func_unchecked(wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name, size_t name_len,
                                                             const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *data, void (*finalizer)(void *))
{
    return define(linker, (const char *const[]){module, name}, (const size_t[]){module_len, name_len}, type, &(Callback){.unchecked = callback, .env = data, .finalizer = finalizer});
}

wasm_functype_t *impl_wasmtime_func_type(const wasmtime_context_t *store, const wasmtime_func_t *func)
{
    wasmtime_extern_t item = {.kind = WASMTIME_EXTERN_FUNC, .of = {.func = *func}};
    return (void *)impl_wasmtime_extern_type((wasmtime_context_t *)store, &item);
}

bool impl_wasmtime_caller_export_get(wasmtime_caller_t *caller, const char *name, size_t name_len, wasmtime_extern_t *item)
{
    VmObject *error = NULL, *found = capi_start() ? capi_vm->caller_export(caller->caller, name, name_len, &error) : NULL;
    capi_forget(error);
    return capi_give_extern(caller->context, found, item);
}

/* The store's handle is what its context is called, and the only one that has it as its host info. */
wasmtime_context_t *impl_wasmtime_caller_context(wasmtime_caller_t *caller) { return (void *)caller->context->handle; }

void impl_wasmtime_func_from_raw(wasmtime_context_t *context, void *raw, wasmtime_func_t *ret) { *ret = (wasmtime_func_t){raw ? capi_context_of(context)->id : 0, raw}; }

void *impl_wasmtime_func_to_raw(wasmtime_context_t *context, const wasmtime_func_t *func)
{
    (void)context;
    VmObject *error = NULL;
    if (!func->store_id || !capi_start() || capi_vm->escape(func->__private, &error)) {
        capi_forget(error);
        return NULL;
    }
    return func->__private;
}
