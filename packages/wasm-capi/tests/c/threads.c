/* threads: stores on two threads at once, whose callbacks run together; an epoch that another thread lets pass; a shared memory. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static wasm_engine_t *engine;
static wasmtime_module_t *made;

static wasm_trap_t *count(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
    ++*(int *)env;
    return NULL;
}

static void *work(void *argument)
{
    int calls = 0;
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1000000);
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC}, item;
    wasmtime_func_new(context, type, count, &calls, NULL, &import.of.func);
    wasm_functype_delete(type);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    CHECK(!wasmtime_instance_new(context, made, &import, 1, &instance, &trap));
    CHECK(wasmtime_instance_export_get(context, &instance, "loop", 4, &item));
    wasmtime_val_t n = {.kind = WASMTIME_I32, .of = {.i32 = 1000}};
    for (int i = 0; i < 100; i++)
        CHECK(!wasmtime_func_call(context, &item.of.func, &n, 1, NULL, 0, &trap) && !trap);
    CHECK(calls == 100000);
    wasmtime_store_delete(store);
    return argument;
}

static wasm_trap_t *nothing(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args, (void)results;
    return NULL;
}

/* On a thread that has called nothing before. */
static void *delete_store(void *store)
{
    wasmtime_store_delete(store);
    return NULL;
}

static void *delete_type(void *type)
{
    wasm_functype_delete(type);
    return NULL;
}

static void *delete_func(void *func)
{
    wasm_func_delete(func);
    return NULL;
}

static void *copy_module(void *module)
{
    wasmtime_module_delete(wasmtime_module_clone(module));
    return NULL;
}

static void on_new_threads(void)
{
    wasm_store_t *store = wasm_store_new(engine);
    wasm_functype_t *type = wasm_functype_new_0_0();
    const struct {
        void *(*function)(void *);
        void *argument;
    } calls[] = {{delete_func, wasm_func_new(store, type, nothing)}, {delete_type, type}, {copy_module, made}, {delete_store, wasmtime_store_new(engine, NULL, NULL)}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, calls[i].function, calls[i].argument));
        pthread_join(thread, NULL);
    }
    wasm_store_delete(store);
}

static void *tick(void *argument)
{
    usleep(20000);
    wasmtime_engine_increment_epoch(engine);
    return argument;
}

static void interrupt(void)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1);
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC}, item;
    int calls = 0;
    wasmtime_func_new(context, type, count, &calls, NULL, &import.of.func);
    wasm_functype_delete(type);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    CHECK(!wasmtime_instance_new(context, made, &import, 1, &instance, &trap));
    CHECK(wasmtime_instance_export_get(context, &instance, "spin", 4, &item));
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, tick, NULL));
    CHECK(!wasmtime_func_call(context, &item.of.func, NULL, 0, NULL, 0, &trap));
    wasmtime_trap_code_t code;
    CHECK(wasmtime_trap_code(trap, &code) && code == WASMTIME_TRAP_CODE_INTERRUPT);
    print_trap(trap);
    pthread_join(thread, NULL);
    wasmtime_store_delete(store);
}

static void shared(void)
{
    wasm_memorytype_t *type;
    wasmtime_sharedmemory_t *memory;
    CHECK(!wasmtime_memorytype_new(1, true, 4, false, true, 16, &type) && !wasmtime_sharedmemory_new(engine, type, &memory));
    CHECK(wasmtime_memorytype_isshared(type) && !wasmtime_memorytype_is64(type) && wasmtime_memorytype_page_size(type) == 65536);
    wasmtime_sharedmemory_t *copy = wasmtime_sharedmemory_clone(memory);
    uint64_t before;
    wasmtime_sharedmemory_data(memory)[9] = 1;
    CHECK(wasmtime_sharedmemory_data(copy)[9] == 1 && !wasmtime_sharedmemory_grow(copy, 2, &before) && before == 1 && wasmtime_sharedmemory_size(memory) == 3);
    wasm_memorytype_delete(type);
    wasmtime_sharedmemory_delete(copy);
    wasmtime_sharedmemory_delete(memory);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_epoch_interruption_set(config, true);
    wasmtime_config_wasm_threads_set(config, true);
    wasmtime_config_shared_memory_set(config, true);
    engine = wasm_engine_new_with_config(config);
    wasm_byte_vec_t bytes = binary("(module (import \"\" \"\" (func $c)) (func (export \"spin\") (loop (br 0)))"
                                   " (func (export \"loop\") (param i32) (loop (call $c) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))");
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &made));
    wasm_byte_vec_delete(&bytes);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, work, NULL));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    interrupt();
    shared();
    on_new_threads();
    wasmtime_module_delete(made);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
