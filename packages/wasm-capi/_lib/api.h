/* api.h: the public headers, for the library itself. */
#ifndef WASM_CAPI_API_H
#define WASM_CAPI_API_H

#include <wasmtime.h>

#endif
