"""The table of wasmtime.h and its parts, by header. Names, layouts and meanings are wasmtime's, so that programs written for it compile and run."""

from __future__ import annotations

from wasm_capi.families import PYTHON, C, Item, Row, Text

ERROR: tuple[Item, ...] = (
    Text("typedef struct wasmtime_error wasmtime_error_t;"),
    Row("wasmtime_error_new", "own wasmtime_error_t *", "const char *message", C, "An error with a message, which is copied."),
    Row("wasmtime_error_delete", "void", "own wasmtime_error_t *error?", C, "Delete an error."),
    Row("wasmtime_error_message", "void", "const wasmtime_error_t *error, own wasm_name_t *message", C, "What went wrong; no zero at its end."),
    Row("wasmtime_error_exit_status", "bool", "const wasmtime_error_t *error, int *status", C, "Whether a program ended itself (WASI), and with which status."),
    Row("wasmtime_error_wasm_trace", "void", "const wasmtime_error_t *error, own wasm_frame_vec_t *out", C, "The frames of wasm that the error came through, innermost first."),
)

WAT: tuple[Item, ...] = (
    Row("wasmtime_wat2wasm", "own wasmtime_error_t *", "const char *wat?, size_t wat_len, own wasm_byte_vec_t *ret", PYTHON, "The binary of a module's or component's text."),
)

# Columns as of HEADERS in api.py.
WASMTIME: dict[str, tuple[tuple[str, ...], tuple[Item, ...]]] = {
    "wasmtime/error": (("wasm",), ERROR),
    "wasmtime/wat": (("wasmtime/error",), WAT),
    "wasmtime": (("wasm", "wasmtime/error", "wasmtime/wat"), ()),
}
