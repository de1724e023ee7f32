/* wasmtime_val.c: wasmtime.h's values, whose kinds are numbered as the vm's; references are handles. */
#include "context.h"
#include "handlers.h"
#include "start.h"

static bool is_null(const wasmtime_val_t *val) { return val->kind < WASMTIME_FUNCREF || val->of.externref.store_id == 0; }

/* anyref, externref and exnref are laid out alike, and a funcref begins alike. */
static capi_handle *handle_of(const wasmtime_externref_t *ref) { return ref && ref->store_id ? ref->__private3 : NULL; }

static bool slot_of_func(capi_context *context, const VmType *type, const wasmtime_func_t *func, VmSlot *slot)
{
    if (func->store_id != context->id)
        return false;
    VmObject *error = NULL, *object = NULL;
    object = capi_vm->func_of(context->store, func->__private, &error);
    const bool fits = object && !capi_vm->set(context->store, type, object, slot, &error);
    capi_forget(object);
    capi_forget(error);
    return fits;
}

bool capi_slot_of_value(capi_context *context, const VmType *type, const wasmtime_val_t *val, VmSlot *slot)
{
    if (UNLIKELY(val->kind != type->kind))
        return false;
    switch (type->kind) {
    case VM_I32: slot->i64 = val->of.i32; return true;
    case VM_I64: slot->i64 = val->of.i64; return true;
    case VM_F32: slot->f32 = val->of.f32; return true;
    case VM_F64: slot->f64 = val->of.f64; return true;
    case VM_V128: memcpy(slot->bytes, val->of.v128, sizeof slot->bytes); return true;
    default: break;
    }
    slot->ref = 0;
    if (is_null(val))
        return type->nullable;
    if (type->kind == VM_FUNCREF)
        return slot_of_func(context, type, &val->of.funcref, slot);
    if (val->of.externref.store_id != context->id)
        return false;
    VmObject *made = NULL, *error = NULL, *object = capi_ref_object(handle_of(&val->of.externref), &made);
    const bool fits = object && !capi_vm->set(context->store, type, object, slot, &error);
    capi_forget(error);
    capi_forget(made);
    return fits;
}

static bool give_ref(capi_context *context, const VmType *type, const VmSlot *slot, wasmtime_externref_t *out)
{
    VmObject *error = NULL;
    *out = (wasmtime_externref_t){0, 0, 0, NULL};
    if (!slot->ref)
        return true;
    capi_handle *ref = capi_ref_of(capi_vm->get(context->store, type, slot, &error));
    capi_forget(error);
    if (ref)
        *out = (wasmtime_externref_t){context->id, 0, 0, ref};
    return ref != NULL;
}

bool capi_value_of(capi_context *context, const VmType *type, const VmSlot *slot, wasmtime_val_t *val)
{
    val->kind = type->kind;
    switch (type->kind) {
    case VM_I32: val->of.i32 = slot->i32; return true;
    case VM_I64: val->of.i64 = slot->i64; return true;
    case VM_F32: val->of.f32 = slot->f32; return true;
    case VM_F64: val->of.f64 = slot->f64; return true;
    case VM_V128: memcpy(val->of.v128, slot->bytes, sizeof slot->bytes); return true;
    case VM_FUNCREF: val->of.funcref = (wasmtime_func_t){slot->ref ? context->id : 0, (void *)(uintptr_t)slot->ref}; return true;
    default: return give_ref(context, type, slot, &val->of.externref);
    }
}

#define REFERENCE(name)                                                                                   \
    void impl_wasmtime_##name##_clone(const wasmtime_##name##_t *ref, wasmtime_##name##_t *out)           \
    {                                                                                                     \
        if (ref->store_id)                                                                                \
            capi_retain(ref->__private3);                                                                 \
        *out = *ref;                                                                                      \
    }                                                                                                     \
    void impl_wasmtime_##name##_unroot(wasmtime_##name##_t *ref)                                          \
    {                                                                                                     \
        if (ref->store_id)                                                                                \
            capi_release(ref->__private3);                                                                \
        ref->store_id = 0;                                                                                \
    }
REFERENCE(anyref)
REFERENCE(exnref)
REFERENCE(externref)

void impl_wasmtime_val_unroot(wasmtime_val_t *val)
{
    if (val->kind > WASMTIME_FUNCREF)
        impl_wasmtime_externref_unroot(&val->of.externref);
}

void impl_wasmtime_val_clone(const wasmtime_val_t *src, wasmtime_val_t *dst)
{
    *dst = *src;
    if (src->kind > WASMTIME_FUNCREF)
        impl_wasmtime_externref_clone(&src->of.externref, &dst->of.externref);
}

bool impl_wasmtime_externref_new(wasmtime_context_t *context, void *data, void (*finalizer)(void *), wasmtime_externref_t *out)
{
    capi_handle *ref = capi_new(CAPI_FOREIGN);
    if (!ref) {
        if (finalizer)
            finalizer(data);
        return false;
    }
    ref->host_info = data;
    ref->finalizer = finalizer;
    *out = (wasmtime_externref_t){capi_context_of(context)->id, 0, 0, ref};
    return true;
}

void *impl_wasmtime_externref_data(wasmtime_context_t *context, const wasmtime_externref_t *ref)
{
    (void)context;
    const capi_handle *found = handle_of(ref);
    return found ? found->host_info : NULL;
}

/* TYPE_EXTERNREF of the vm: what any reference to the host's objects fits. */
static const VmType EXTERNREF = {VM_TYPE_EXTERNREF, VM_EXTERNREF, true};

void impl_wasmtime_externref_from_raw(wasmtime_context_t *context, uint32_t raw, wasmtime_externref_t *out)
{
    VmSlot slot = {.ref = raw};
    if (!capi_start() || !give_ref(capi_context_of(context), &EXTERNREF, &slot, out))
        out->store_id = 0;
}

uint32_t impl_wasmtime_externref_to_raw(wasmtime_context_t *context, const wasmtime_externref_t *ref)
{
    wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF};
    VmSlot slot = {.ref = 0};
    if (handle_of(ref) && capi_start()) {
        val.of.externref = *ref;
        (void)capi_slot_of_value(capi_context_of(context), &EXTERNREF, &val, &slot);
    }
    return (uint32_t)slot.ref;
}
