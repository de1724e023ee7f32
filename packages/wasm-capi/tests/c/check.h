/* check.h: what the programs here share: a check that names its line, modules from text, values in short. */
#ifndef CHECK_H
#define CHECK_H

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

#define CHECK(what)                                                          \
    do {                                                                     \
        if (!(what)) {                                                       \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what);        \
            fflush(stdout);                                                  \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

/* The binary of a text; the caller deletes it. */
static inline wasm_byte_vec_t binary(const char *text)
{
    wasm_byte_vec_t out;
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), &out);
    if (error) {
        wasm_name_t message;
        wasmtime_error_message(error, &message);
        printf("%.*s\n", (int)message.size, message.data);
        exit(1);
    }
    return out;
}

static inline wasm_module_t *module(wasm_store_t *store, const char *text)
{
    wasm_byte_vec_t bytes = binary(text);
    wasm_module_t *made = wasm_module_new(store, &bytes);
    wasm_byte_vec_delete(&bytes);
    CHECK(made);
    return made;
}

static inline wasm_instance_t *instance(wasm_store_t *store, const wasm_module_t *made, wasm_extern_t **imports, size_t count)
{
    wasm_extern_vec_t vec = {count, imports};
    wasm_trap_t *trap = NULL;
    wasm_instance_t *found = wasm_instance_new(store, made, &vec, &trap);
    CHECK(found && !trap);
    return found;
}

static inline wasm_trap_t *call(const wasm_func_t *func, wasm_val_t *args, size_t nargs, wasm_val_t *results, size_t nresults)
{
    wasm_val_vec_t in = {nargs, args}, out = {nresults, results};
    return wasm_func_call(func, &in, &out);
}

static inline void tell_error(wasmtime_error_t *error)
{
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    printf("error: %.*s\n", (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
}

/* No error; an error, whatever it says. */
#define OK(call)                                                      \
    do {                                                              \
        wasmtime_error_t *error_ = (call);                            \
        if (error_)                                                   \
            tell_error(error_);                                      \
        CHECK(!error_ && #call);                                      \
    } while (0)
#define FAILS(call)                                                   \
    do {                                                              \
        wasmtime_error_t *error_ = (call);                            \
        CHECK(error_ && #call);                                       \
        wasmtime_error_delete(error_);                                \
    } while (0)

static inline wasmtime_module_t *compile_text(wasm_engine_t *engine, const char *text)
{
    wasm_byte_vec_t bytes = binary(text);
    wasmtime_module_t *made = NULL;
    OK(wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &made));
    wasm_byte_vec_delete(&bytes);
    return made;
}

/* An instance of a module that imports nothing. */
static inline wasmtime_instance_t instantiate_text(wasm_engine_t *engine, wasmtime_context_t *context, const char *text)
{
    wasmtime_module_t *made = compile_text(engine, text);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_instance_new(context, made, NULL, 0, &instance, &trap));
    CHECK(!trap);
    wasmtime_module_delete(made);
    return instance;
}

static inline wasmtime_func_t func_of(wasmtime_context_t *context, const wasmtime_instance_t *instance, const char *name)
{
    wasmtime_extern_t item;
    CHECK(wasmtime_instance_export_get(context, instance, name, strlen(name), &item) && item.kind == WASMTIME_EXTERN_FUNC);
    return item.of.func;
}

/* Print the last line of a trap's message, which says what happened, and delete the trap. */
static inline void print_trap(wasm_trap_t *trap)
{
    CHECK(trap);
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    CHECK(message.size && !message.data[message.size - 1]);
    char *end = message.data + strlen(message.data), *line;
    while (end > message.data && end[-1] == '\n')
        *--end = 0;
    line = strrchr(message.data, '\n'); /* the last cause; wasmtime numbers several */
    line = line ? line + 1 : message.data;
    while (*line == ' ')
        line++;
    if (*line >= '0' && *line <= '9' && line[1] == ':')
        line += 3;
    printf("trap: %s\n", line);
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
}

/* ---- programs that do the same again and again ---- */

/* The memory that the process has, in KB. */
static inline long resident(void)
{
    long pages = 0, whole;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &whole, &pages) == 2);
    fclose(file);
    return pages * 4;
}

/* What such a program returns, and says: whether it grew by no more than so many KB. */
static inline int ended_within(long grown, long most)
{
    /* valgrind keeps what is freed for a while, and qemu tens of KB of each thread that ended */
    if (grown > most && !getenv("NO_FAULTS") && !getenv("EMULATED")) {
        printf("grown by %ld KB\n", grown);
        return 1;
    }
    puts("done");
    return 0;
}

#endif
