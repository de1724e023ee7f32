/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_H
#define WASM_CAPI_WASMTIME_H

#include <wasm.h>
#include <wasi.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>
#include <wasmtime/config.h>
#include <wasmtime/engine.h>
#include <wasmtime/module.h>
#include <wasmtime/store.h>
#include <wasmtime/tag.h>
#include <wasmtime/extern.h>
#include <wasmtime/val.h>
#include <wasmtime/func.h>
#include <wasmtime/global.h>
#include <wasmtime/table.h>
#include <wasmtime/memory.h>
#include <wasmtime/sharedmemory.h>
#include <wasmtime/instance.h>
#include <wasmtime/linker.h>
#include <wasmtime/trap.h>
#include <wasmtime/wat.h>
#include <wasmtime/types.h>
#include <wasmtime/anyref.h>
#include <wasmtime/eqref.h>
#include <wasmtime/structref.h>
#include <wasmtime/arrayref.h>
#include <wasmtime/exnref.h>
#include <wasmtime/externref.h>
#include <wasmtime/component.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WASMTIME_VERSION "50.0.1"
#define WASMTIME_VERSION_MAJOR 50
#define WASMTIME_VERSION_MINOR 0
#define WASMTIME_VERSION_PATCH 1

#ifdef __cplusplus
}
#endif

#endif
