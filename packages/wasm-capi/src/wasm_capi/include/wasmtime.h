/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_H
#define WASM_CAPI_WASMTIME_H

#include <wasm.h>
#include <wasmtime/error.h>
#include <wasmtime/wat.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif

#endif
