/* val.c: wasm.h's values, and between them and slots. */
#include "handle.h"
#include "handlers.h"

void impl_wasm_val_delete(wasm_val_t *val)
{
    if (wasm_valkind_is_ref(val->kind)) {
        capi_release(val->of.ref);
        val->of.ref = NULL;
    }
}

void impl_wasm_val_copy(wasm_val_t *out, const wasm_val_t *val)
{
    *out = *val;
    if (wasm_valkind_is_ref(val->kind))
        capi_retain(val->of.ref);
}

static bool slot_of_ref(VmObject *store, const VmType *type, const wasm_ref_t *ref, VmSlot *slot)
{
    VmObject *made = NULL, *error = NULL;
    if (!ref) {
        slot->ref = 0;
        return type->nullable;
    }
    if (type->kind == VM_FUNCREF && HANDLE(ref)->kind != CAPI_FUNC)
        return false;
    VmObject *object = capi_ref_object(HANDLE(ref), &made);
    bool fits = object && !capi_vm->set(store, type, object, slot, &error);
    capi_forget(error);
    capi_forget(made);
    return fits;
}

bool capi_slot_of(VmObject *store, const VmType *type, const wasm_val_t *val, VmSlot *slot)
{
    switch (type->kind) {
    case VM_I32: slot->i32 = val->of.i32; return val->kind == WASM_I32;
    case VM_I64: slot->i64 = val->of.i64; return val->kind == WASM_I64;
    case VM_F32: slot->f32 = val->of.f32; return val->kind == WASM_F32;
    case VM_F64: slot->f64 = val->of.f64; return val->kind == WASM_F64;
    case VM_V128: return false; /* has no value in wasm.h */
    default: return wasm_valkind_is_ref(val->kind) && slot_of_ref(store, type, val->of.ref, slot);
    }
}

bool capi_val_of(VmObject *store, const VmType *type, const VmSlot *slot, wasm_val_t *val)
{
    VmObject *error = NULL;
    switch (type->kind) {
    case VM_I32: *val = (wasm_val_t){WASM_I32, {.i32 = slot->i32}}; return true;
    case VM_I64: *val = (wasm_val_t){WASM_I64, {.i64 = slot->i64}}; return true;
    case VM_F32: *val = (wasm_val_t){WASM_F32, {.f32 = slot->f32}}; return true;
    case VM_F64: *val = (wasm_val_t){WASM_F64, {.f64 = slot->f64}}; return true;
    default: break;
    }
    *val = (wasm_val_t){type->kind == VM_FUNCREF ? WASM_FUNCREF : WASM_EXTERNREF, {.ref = NULL}};
    if (!slot->ref || type->kind == VM_V128)
        return type->kind != VM_V128;
    VmObject *object = type->kind == VM_FUNCREF ? capi_vm->func_of(store, (void *)(uintptr_t)slot->ref, &error) : capi_vm->get(store, type, slot, &error);
    val->of.ref = (void *)capi_ref_of(object);
    capi_forget(error);
    return object != NULL;
}
