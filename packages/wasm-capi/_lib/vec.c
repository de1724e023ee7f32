/* vec.c: vectors: of plain bytes, of values, and of pointers to handles, which are copied by counting. */
#include "handle.h"

#include <stdlib.h>

#include "handlers.h"

/* The room of a vector; without memory, or where the size overflows, the vector is empty. */
static void *room(size_t *size, size_t each)
{
    void *data = *size && *size <= SIZE_MAX / each ? calloc(*size, each) : NULL;
    if (!data)
        *size = 0;
    return data;
}

/* Columns: name, type of an element, how element `to` becomes a copy of `from`, how one is deleted. */
#define VECTOR(name, element, COPY, DELETE)                                                                    \
    void impl_wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out)                                            \
    {                                                                                                          \
        out->size = 0;                                                                                         \
        out->data = NULL;                                                                                      \
    }                                                                                                          \
    void impl_wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size)                       \
    {                                                                                                          \
        out->size = size;                                                                                      \
        out->data = room(&out->size, sizeof(element));                                                         \
    }                                                                                                          \
    void impl_wasm_##name##_vec_copy(wasm_##name##_vec_t *out, const wasm_##name##_vec_t *vec)                 \
    {                                                                                                          \
        wasm_##name##_vec_t copy = {vec->size, NULL};                                                          \
        copy.data = room(&copy.size, sizeof(element));                                                         \
        for (size_t i = 0; i < copy.size; i++)                                                                 \
            COPY(&copy.data[i], &vec->data[i]);                                                                \
        *out = copy;                                                                                           \
    }                                                                                                          \
    void impl_wasm_##name##_vec_delete(wasm_##name##_vec_t *vec)                                               \
    {                                                                                                          \
        for (size_t i = 0; vec->data && i < vec->size; i++)                                                    \
            DELETE(&vec->data[i]);                                                                             \
        free(vec->data);                                                                                       \
        impl_wasm_##name##_vec_new_empty(vec);                                                                 \
    }                                                                                                          \
    void impl_wasm_##name##_vec_new(wasm_##name##_vec_t *out, size_t size, VECTOR_DATA_##name)                 \
    {                                                                                                          \
        impl_wasm_##name##_vec_new_uninitialized(out, data ? size : 0);                                        \
        if (out->data)                                                                                         \
            memcpy(out->data, data, out->size * sizeof(element));                                              \
        for (size_t i = 0; data && i < size && !out->data; i++) { /* they were given to it */                  \
            element left = data[i];                                                                            \
            DELETE(&left);                                                                                     \
        }                                                                                                      \
    }

#define COPY_PLAIN(to, from) *(to) = *(from)
#define DELETE_PLAIN(at) (void)(at)
#define COPY_HANDLE(to, from) *(to) = (void *)capi_retain(*(from))
#define DELETE_HANDLE(at) capi_release(*(at))

#define VECTOR_DATA_byte const wasm_byte_t data[]
#define VECTOR_DATA_val const wasm_val_t data[]
#define VECTOR_DATA_valtype wasm_valtype_t *const data[]
#define VECTOR_DATA_functype wasm_functype_t *const data[]
#define VECTOR_DATA_globaltype wasm_globaltype_t *const data[]
#define VECTOR_DATA_tabletype wasm_tabletype_t *const data[]
#define VECTOR_DATA_memorytype wasm_memorytype_t *const data[]
#define VECTOR_DATA_tagtype wasm_tagtype_t *const data[]
#define VECTOR_DATA_externtype wasm_externtype_t *const data[]
#define VECTOR_DATA_importtype wasm_importtype_t *const data[]
#define VECTOR_DATA_exporttype wasm_exporttype_t *const data[]
#define VECTOR_DATA_frame wasm_frame_t *const data[]
#define VECTOR_DATA_extern wasm_extern_t *const data[]

VECTOR(byte, wasm_byte_t, COPY_PLAIN, DELETE_PLAIN)
VECTOR(val, wasm_val_t, impl_wasm_val_copy, impl_wasm_val_delete)
VECTOR(valtype, wasm_valtype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(functype, wasm_functype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(globaltype, wasm_globaltype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(tabletype, wasm_tabletype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(memorytype, wasm_memorytype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(tagtype, wasm_tagtype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(externtype, wasm_externtype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(importtype, wasm_importtype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(exporttype, wasm_exporttype_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(frame, wasm_frame_t *, COPY_HANDLE, DELETE_HANDLE)
VECTOR(extern, wasm_extern_t *, COPY_HANDLE, DELETE_HANDLE)
