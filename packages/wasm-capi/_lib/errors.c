/* errors.c: traps and errors: a message of the host's, or an exception that is described when somebody asks; frames. */
#include "handle.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "handlers.h"
#include "start.h"

/* `text` with a zero behind it, which counts if `zero` says so. */
static void set_name(wasm_name_t *out, const char *text, size_t length, bool zero)
{
    impl_wasm_byte_vec_new_uninitialized(out, length + 1);
    if (out->data) {
        if (length)
            memcpy(out->data, text, length);
        out->size = length + zero;
    }
}

/* What is told where there is no memory to tell anything else: a trap and an error. Never freed: they are given more often than there could be references. */
static char no_memory_text[] = "out of memory";
#define NO_MEMORY(what)                                                                                                                                  \
    {.magic = CAPI_MAGIC, .kind = what, .references = 1u << 30, .as = {.trap = {.message = {sizeof no_memory_text, no_memory_text}, .code = -1, .status = -1, .filled = true}}}
static capi_handle no_memory_trap = NO_MEMORY(CAPI_TRAP), no_memory_error = NO_MEMORY(CAPI_ERROR);

static capi_handle *new_trap(void)
{
    capi_handle *trap = capi_new(CAPI_TRAP);
    if (trap)
        trap->as.trap.code = trap->as.trap.status = -1;
    return trap;
}

void capi_trap_set(wasm_ref_t *ref, const char *message, size_t length, int32_t code, int32_t status)
{
    capi_handle *trap = HANDLE(ref);
    if (trap == &no_memory_trap || trap == &no_memory_error) /* says what it says */
        return;
    impl_wasm_byte_vec_delete(&trap->as.trap.message);
    set_name(&trap->as.trap.message, message, length, true);
    trap->as.trap.code = code;
    trap->as.trap.status = status;
    trap->as.trap.filled = true;
}

bool capi_trap_frame(wasm_ref_t *ref, uint32_t index, size_t func_offset, size_t module_offset, const char *func, const char *module)
{
    wasm_frame_vec_t *frames = &HANDLE(ref)->as.trap.frames;
    capi_handle *frame = capi_new(CAPI_FRAME);
    wasm_frame_t **grown = frame ? realloc(frames->data, (frames->size + 1) * sizeof *grown) : NULL;
    if (!grown) {
        capi_release(frame);
        return false;
    }
    frame->as.frame.index = index;
    frame->as.frame.func_offset = func_offset;
    frame->as.frame.module_offset = module_offset;
    if (func)
        set_name(&frame->as.frame.func_name, func, strlen(func), false);
    if (module)
        set_name(&frame->as.frame.module_name, module, strlen(module), false);
    frames->data = grown;
    grown[frames->size++] = (void *)frame;
    return true;
}

wasmtime_error_t *capi_as_error(wasm_trap_t *trap)
{
    capi_handle *made = HANDLE(trap);
    if (made == &no_memory_trap)
        return (void *)capi_retain(&no_memory_error);
    made->kind = CAPI_ERROR;
    return (void *)made;
}

wasm_trap_t *capi_trap_with(const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    capi_handle *trap = new_trap();
    if (!trap)
        return (void *)capi_retain(&no_memory_trap);
    capi_trap_set((void *)trap, text, length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1, -1, -1);
    return (void *)trap;
}

wasm_trap_t *capi_trap_of(const char *message, size_t length)
{
    capi_handle *trap = new_trap();
    if (!trap)
        return (void *)capi_retain(&no_memory_trap);
    capi_trap_set((void *)trap, message, length, -1, -1);
    return (void *)trap;
}

wasm_trap_t *capi_trap_take(VmObject *error)
{
    capi_handle *trap = error ? new_trap() : NULL;
    if (trap) {
        trap->object = error;
        return (void *)trap;
    }
    capi_forget(error);
    return (void *)capi_retain(&no_memory_trap);
}

void capi_forget(VmObject *error)
{
    if (error)
        capi_vm->decref(error);
}

/* Copies are one handle, and may be asked on several threads at once: the first answer stays. No lock is held while Python runs. */
static void fill(capi_handle *trap)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    capi_handle *made = new_trap();
    if (made)
        capi_handlers->capi_fill((void *)trap, (void *)made);
    if (made && made->as.trap.filled) {
        pthread_mutex_lock(&lock);
        if (!trap->as.trap.filled) {
            trap->as.trap.message = made->as.trap.message;
            trap->as.trap.frames = made->as.trap.frames;
            trap->as.trap.code = made->as.trap.code;
            trap->as.trap.status = made->as.trap.status;
            impl_wasm_byte_vec_new_empty(&made->as.trap.message);
            impl_wasm_frame_vec_new_empty(&made->as.trap.frames);
            __atomic_store_n(&trap->as.trap.filled, true, __ATOMIC_RELEASE);
        }
        pthread_mutex_unlock(&lock);
    }
    capi_release(made);
}

static const capi_handle *filled(const void *pointer)
{
    capi_handle *trap = HANDLE(pointer);
    if (!__atomic_load_n(&trap->as.trap.filled, __ATOMIC_ACQUIRE) && trap->object && capi_start())
        fill(trap);
    return trap;
}

const wasm_name_t *capi_trap_text(const capi_handle *trap) { return &filled(trap)->as.trap.message; }

wasm_trap_t *impl_wasm_trap_new(wasm_store_t *store, const wasm_message_t *message)
{
    (void)store;
    capi_handle *trap = new_trap();
    if (trap) {
        size_t length = message->size && !message->data[message->size - 1] ? message->size - 1 : message->size;
        capi_trap_set((void *)trap, message->size ? message->data : "", length, -1, -1);
    }
    return (void *)trap;
}

void impl_wasm_trap_message(const wasm_trap_t *trap, wasm_message_t *out) { impl_wasm_byte_vec_copy(out, capi_trap_text(HANDLE(trap))); }

wasm_frame_t *impl_wasm_trap_origin(const wasm_trap_t *trap)
{
    const wasm_frame_vec_t *frames = &filled(trap)->as.trap.frames;
    return frames->size ? (void *)capi_retain(frames->data[0]) : NULL;
}

void impl_wasm_trap_trace(const wasm_trap_t *trap, wasm_frame_vec_t *out) { impl_wasm_frame_vec_copy(out, &filled(trap)->as.trap.frames); }

struct wasm_instance_t *impl_wasm_frame_instance(const wasm_frame_t *frame)
{
    (void)frame;
    return NULL;
}

uint32_t impl_wasm_frame_func_index(const wasm_frame_t *frame) { return HANDLE(frame)->as.frame.index; }
size_t impl_wasm_frame_func_offset(const wasm_frame_t *frame) { return HANDLE(frame)->as.frame.func_offset; }
size_t impl_wasm_frame_module_offset(const wasm_frame_t *frame) { return HANDLE(frame)->as.frame.module_offset; }

/* ---- for handlers ---- */

CAPI_EXPORT wasmtime_error_t *capi_no_memory(void) { return (void *)capi_retain(&no_memory_error); }

/* The error of an exception; never NULL. */
CAPI_EXPORT wasmtime_error_t *capi_error_of(uintptr_t error)
{
    capi_vm->incref((VmObject *)error);
    return capi_error_take((VmObject *)error);
}

/* The trap's exception, 0 without one, and its message. */
CAPI_EXPORT uintptr_t capi_trap_parts(const wasm_ref_t *trap, const char **message, size_t *length, int32_t *code)
{
    const wasm_name_t *text = &HANDLE(trap)->as.trap.message;
    *message = text->data;
    *length = text->size ? text->size - 1 : 0;
    *code = HANDLE(trap)->as.trap.code;
    return (uintptr_t)HANDLE(trap)->object;
}
