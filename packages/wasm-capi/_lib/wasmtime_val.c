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
    case VM_I32: slot->i32 = val->of.i32; return true;
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
REFERENCE(eqref)
REFERENCE(structref)
REFERENCE(arrayref)
REFERENCE(exnref)
REFERENCE(externref)

/* All kinds of references are laid out alike. */
#define UPCAST(from, to)                                                                                     \
    void impl_wasmtime_##from##_to_##to(const wasmtime_##from##_t *ref, wasmtime_##to##_t *out)              \
    {                                                                                                        \
        *out = (wasmtime_##to##_t){0, 0, 0, NULL};                                                           \
        if (ref && ref->store_id)                                                                            \
            *out = (wasmtime_##to##_t){ref->store_id, 0, 0, capi_retain(ref->__private3)};                   \
    }
UPCAST(eqref, anyref)
UPCAST(structref, anyref)
UPCAST(structref, eqref)
UPCAST(arrayref, anyref)
UPCAST(arrayref, eqref)

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

/* ---- as unchecked functions have them ---- */

#define RAW(name, KIND)                                                                                                     \
    static const VmType name##_type = {VM_TYPE_##KIND, VM_##KIND, true};                                                    \
    void impl_wasmtime_##name##_from_raw(wasmtime_context_t *context, uint32_t raw, wasmtime_##name##_t *out)               \
    {                                                                                                                       \
        wasmtime_externref_t ref;                                                                                           \
        VmSlot slot = {.ref = raw};                                                                                         \
        if (!capi_start() || !give_ref(capi_context_of(context), &name##_type, &slot, &ref))                                \
            ref = (wasmtime_externref_t){0, 0, 0, NULL};                                                                    \
        *out = (wasmtime_##name##_t){ref.store_id, 0, 0, ref.__private3};                                                   \
    }                                                                                                                       \
    uint32_t impl_wasmtime_##name##_to_raw(wasmtime_context_t *context, const wasmtime_##name##_t *ref)                     \
    {                                                                                                                       \
        VmSlot slot = {.ref = 0};                                                                                           \
        if (ref && ref->store_id && capi_start()) {                                                                         \
            wasmtime_val_t val = {.kind = WASMTIME_##KIND};                                                                 \
            val.of.externref = (wasmtime_externref_t){ref->store_id, 0, 0, ref->__private3};                                \
            if (!capi_slot_of_value(capi_context_of(context), &name##_type, &val, &slot))                                   \
                slot.ref = 0;                                                                                               \
        }                                                                                                                   \
        return (uint32_t)slot.ref;                                                                                          \
    }
RAW(externref, EXTERNREF)
RAW(anyref, ANYREF)
RAW(exnref, EXNREF)

/* ---- for handlers ---- */

uintptr_t capi_value_object(const wasmtime_context_t *store, const wasmtime_val_t *val, bool *misfit)
{
    const capi_context *context = capi_context_of(store);
    VmObject *error = NULL, *made = NULL, *object;
    *misfit = false;
    if (val->kind < WASMTIME_FUNCREF || is_null(val))
        return 0;
    if (val->of.externref.store_id != context->id) { /* a funcref begins alike */
        *misfit = true;
        return 0;
    }
    if (val->kind == WASMTIME_FUNCREF) {
        object = made = capi_vm->func_of(context->store, val->of.funcref.__private, &error);
        capi_forget(error);
    } else if ((object = capi_ref_object(handle_of(&val->of.externref), &made)) && !made) {
        capi_vm->incref(object);
    }
    *misfit = !object;
    return (uintptr_t)object;
}

/* An object as a reference, which the caller owns; false without memory. */
CAPI_EXPORT bool capi_object_ref(const wasmtime_context_t *store, uintptr_t object, wasmtime_externref_t *out)
{
    capi_vm->incref((VmObject *)object);
    capi_handle *ref = capi_ref_of((VmObject *)object);
    *out = (wasmtime_externref_t){ref ? capi_context_of(store)->id : 0, 0, 0, ref};
    return ref != NULL;
}

/* A function as a value; false if it is none that wasm can call. */
CAPI_EXPORT bool capi_object_func(const wasmtime_context_t *store, uintptr_t object, wasmtime_func_t *out)
{
    VmFunc found;
    const bool is = capi_vm->func((VmObject *)object, &found);
    *out = (wasmtime_func_t){is ? capi_context_of(store)->id : 0, is ? found.reference : NULL};
    return is;
}
