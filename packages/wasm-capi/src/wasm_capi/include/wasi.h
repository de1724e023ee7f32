/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASI_H
#define WASM_CAPI_WASI_H

#include <wasm.h>
#include <wasmtime/conf.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasi_config_t wasi_config_t;

/* Delete a configuration that no store was given. */
WASM_API_EXTERN void wasi_config_delete(/* own */ wasi_config_t *config);
/* A program that is given nothing. */
WASM_API_EXTERN /* own */ wasi_config_t *wasi_config_new(void);
/* Its arguments; false if one is not UTF-8. */
WASM_API_EXTERN bool wasi_config_set_argv(wasi_config_t *config, size_t argc, const char *argv[]);
/* This process's arguments. */
WASM_API_EXTERN void wasi_config_inherit_argv(wasi_config_t *config);
/* Its environment; false if anything is not UTF-8. */
WASM_API_EXTERN bool wasi_config_set_env(wasi_config_t *config, size_t envc, const char *names[], const char *values[]);
/* This process's environment. */
WASM_API_EXTERN void wasi_config_inherit_env(wasi_config_t *config);
/* A file to read; false if it cannot be opened. */
WASM_API_EXTERN bool wasi_config_set_stdin_file(wasi_config_t *config, const char *path);
/* Bytes to read. */
WASM_API_EXTERN void wasi_config_set_stdin_bytes(wasi_config_t *config, /* own */ wasm_byte_vec_t *binary);
/* This process's stdin. */
WASM_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t *config);
/* A file to write; false if it cannot be made. */
WASM_API_EXTERN bool wasi_config_set_stdout_file(wasi_config_t *config, const char *path);
/* What is called with what is written, and says how much it took, or a negative errno. */
WASM_API_EXTERN void wasi_config_set_stdout_custom(wasi_config_t *config, ptrdiff_t (*callback)(void *, const unsigned char *, size_t), void *data, void (*finalizer)(void *));
/* This process's stdout. */
WASM_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t *config);
/* A file to write; false if it cannot be made. */
WASM_API_EXTERN bool wasi_config_set_stderr_file(wasi_config_t *config, const char *path);
/* The same for stderr. */
WASM_API_EXTERN void wasi_config_set_stderr_custom(wasi_config_t *config, ptrdiff_t (*callback)(void *, const unsigned char *, size_t), void *data, void (*finalizer)(void *));
/* This process's stderr. */
WASM_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t *config);
/* The network, without bounds. */
WASM_API_EXTERN void wasi_config_inherit_network(wasi_config_t *config);
/* Whether names can be looked up, where there is a network. */
WASM_API_EXTERN void wasi_config_allow_ip_name_lookup(wasi_config_t *config, bool enable);

typedef size_t wasi_file_perms;

/* A folder of the host's; false if it cannot be opened. */
WASM_API_EXTERN bool wasi_config_preopen_dir(wasi_config_t *config, const char *host_path, const char *guest_path, bool fs_mutable);

#ifdef __cplusplus
}
#endif

#endif
