/* own_memory: each allocation of the library's fails once, in turn: what was asked for is NULL, an error or a trap, nothing is used that is not there, and
 * afterwards everything works. Functions of C's library are what glibc has them as. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "check.h"

extern void *__libc_malloc(size_t size), *__libc_calloc(size_t count, size_t size), *__libc_realloc(void *at, size_t size), *__libc_memalign(size_t alignment, size_t size);

static uintptr_t low, high;     /* where the library's code is */
static __thread long left = -1; /* allocations of this thread's until one fails; negative: none does */
static long failed;

static bool fails(void *caller)
{
    if ((uintptr_t)caller < low || (uintptr_t)caller >= high || left < 0 || left--)
        return false;
    failed++;
    return true;
}

void *malloc(size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size); }
void *realloc(void *at, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(at, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size); }

static int find(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size, (void)data;
    for (int i = 0; strstr(info->dlpi_name, "libwasm_capi.so") && i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            high = low + info->dlpi_phdr[i].p_memsz;
        }
    return 0;
}

static wasm_engine_t *engine;
static wasm_store_t *store;
static wasm_byte_vec_t bytes, component_text;
static int finalized, given;

static void finish(void *data)
{
    (void)data;
    finalized++;
}

/* Whether there was none; what it says is asked for, too. */
static bool fine(wasmtime_error_t *error, wasm_trap_t *trap)
{
    wasm_byte_vec_t message = WASM_EMPTY_VEC;
    if (error) {
        wasmtime_error_message(error, &message);
        wasmtime_error_delete(error);
    } else if (trap) {
        wasm_frame_vec_t frames;
        wasm_trap_message(trap, &message);
        wasm_trap_trace(trap, &frames);
        wasm_frame_delete(wasm_trap_origin(trap));
        wasm_frame_vec_delete(&frames);
        wasm_trap_delete(trap);
    }
    wasm_byte_vec_delete(&message);
    return !error && !trap;
}

static wasm_trap_t *same(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    if (args->data[0].of.i32 < 0) {
        wasm_message_t text;
        wasm_name_new_from_string_nt(&text, "negative");
        wasm_trap_t *trap = wasm_trap_new(store, &text);
        wasm_byte_vec_delete(&text);
        return trap;
    }
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static bool use_exports(wasm_instance_t *instance)
{
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    bool all = exports.size == 4;
    for (size_t i = 0; i < exports.size; i++) {
        wasm_externtype_t *type = wasm_extern_type(exports.data[i]);
        all = all && type;
        wasm_externtype_delete(type);
    }
    if (all) {
        wasm_val_t one = WASM_I32_VAL(1), got = WASM_INIT_VAL;
        all = fine(NULL, call(wasm_extern_as_func(exports.data[2]), &one, 1, &got, 1));
        one.of.i32 = -1;
        all = !fine(NULL, call(wasm_extern_as_func(exports.data[2]), &one, 1, &got, 1)) && all;
        all = wasm_memory_data(wasm_extern_as_memory(exports.data[0])) && all;
        wasm_ref_t *ref = wasm_table_get(wasm_extern_as_table(exports.data[1]), 0);
        all = ref && wasm_table_set(wasm_extern_as_table(exports.data[1]), 0, ref) && all;
        wasm_ref_delete(ref);
        wasm_foreign_t *foreign = wasm_foreign_new(store);
        wasm_val_t value = WASM_REF_VAL(wasm_foreign_as_ref(foreign));
        all = foreign && fine(NULL, call(wasm_extern_as_func(exports.data[3]), &value, 1, &got, 1)) && all;
        if (all)
            wasm_val_delete(&got);
        wasm_foreign_delete(foreign);
    }
    wasm_extern_vec_delete(&exports);
    return all;
}

/* wasm.h */
static bool standard(void)
{
    store = wasm_store_new(engine);
    wasm_valtype_t *param = wasm_valtype_new_i32(), *result = wasm_valtype_new_i32();
    wasm_functype_t *type = wasm_functype_new_1_1(param, result);
    wasm_module_t *module = store ? wasm_module_new(store, &bytes) : NULL;
    wasm_func_t *func = NULL;
    if (store && type && ++given)
        func = wasm_func_new_with_env(store, type, same, NULL, finish);
    wasm_extern_t *imports[] = {func ? wasm_func_as_extern(func) : NULL};
    wasm_extern_vec_t vec = WASM_ARRAY_VEC(imports);
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = module && func ? wasm_instance_new(store, module, &vec, &trap) : NULL;
    bool all = instance && use_exports(instance);
    (void)fine(NULL, trap);
    if (module) {
        wasm_importtype_vec_t needed;
        wasm_exporttype_vec_t offered;
        wasm_byte_vec_t kept;
        wasm_module_imports(module, &needed);
        wasm_module_exports(module, &offered);
        wasm_module_serialize(module, &kept);
        all = all && needed.size == 1 && offered.size == 4 && kept.size;
        wasm_byte_vec_delete(&kept);
        wasm_exporttype_vec_delete(&offered);
        wasm_importtype_vec_delete(&needed);
    }
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_module_delete(module);
    wasm_functype_delete(type);
    wasm_store_delete(store);
    return all;
}

static wasm_trap_t *twice(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults)
{
    (void)env, (void)caller, (void)nargs, (void)nresults;
    if (args[0].of.i32 < 0)
        return wasmtime_trap_new("negative", 8);
    results[0] = (wasmtime_val_t){.kind = WASMTIME_I32, .of = {.i32 = 2 * args[0].of.i32}};
    return NULL;
}

static bool use_instance(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    wasmtime_extern_t item;
    wasmtime_val_t value = {.kind = WASMTIME_I32, .of = {.i32 = 1}}, got;
    wasm_trap_t *trap = NULL;
    if (!wasmtime_instance_export_get(context, instance, "f", 1, &item))
        return false;
    bool all = fine(wasmtime_func_call(context, &item.of.func, &value, 1, &got, 1, &trap), trap);
    value.of.i32 = -1;
    trap = NULL;
    wasmtime_error_t *error = wasmtime_func_call(context, &item.of.func, &value, 1, &got, 1, &trap);
    all = !fine(error, trap) && all;
    wasm_functype_t *type = wasmtime_func_type(context, &item.of.func);
    all = type && all;
    wasm_functype_delete(type);
    if (!wasmtime_instance_export_get(context, instance, "id", 2, &item) || (given++, !wasmtime_externref_new(context, NULL, finish, &value.of.externref)))
        return false;
    value.kind = WASMTIME_EXTERNREF;
    trap = NULL;
    if (fine(wasmtime_func_call(context, &item.of.func, &value, 1, &got, 1, &trap), trap))
        wasmtime_val_unroot(&got);
    else
        all = false;
    wasmtime_val_unroot(&value);
    for (int i = 0; i < 20; i++) { /* more places than there are at first */
        wasm_globaltype_t *kind = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR);
        wasmtime_val_t number = {.kind = WASMTIME_I64, .of = {.i64 = i}};
        wasmtime_global_t global;
        all = kind && fine(wasmtime_global_new(context, kind, &number, &global), NULL) && all;
        wasm_globaltype_delete(kind);
    }
    return all;
}

/* wasmtime.h */
static bool extended(void)
{
    given++;
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, finish);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasmtime_module_t *module = NULL;
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    bool all = store && linker && type && fine(wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &module), NULL);
    CHECK(!all || module);
    if (all)
        all = ++given && fine(wasmtime_linker_define_func(linker, "", 0, "", 0, type, twice, NULL, finish), NULL);
    if (all && (all = fine(wasmtime_linker_instantiate(linker, wasmtime_store_context(store), module, &instance, &trap), trap)))
        all = use_instance(wasmtime_store_context(store), &instance);
    wasm_functype_delete(type);
    wasmtime_module_delete(module);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
    return all;
}

static wasmtime_error_t *turned(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args, size_t nargs,
                                wasmtime_component_val_t *results, size_t nresults)
{
    (void)data, (void)context, (void)type, (void)nargs, (void)nresults;
    wasmtime_component_val_clone(&args[0], &results[0]);
    return NULL;
}

/* Components. */
static bool components(void)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(engine);
    wasmtime_component_linker_instance_t *root = linker ? wasmtime_component_linker_root(linker) : NULL;
    wasmtime_component_t *component = NULL;
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t func;
    bool all = store && root && ++given && fine(wasmtime_component_linker_instance_add_func(root, "f", 1, turned, NULL, finish), NULL);
    wasmtime_component_linker_instance_delete(root);
    all = all && fine(wasmtime_component_new(engine, (uint8_t *)component_text.data, component_text.size, &component), NULL);
    wasmtime_component_export_index_t *index = all ? wasmtime_component_get_export_index(component, NULL, "run", 3) : NULL;
    all = all && index && fine(wasmtime_component_linker_instantiate(linker, wasmtime_store_context(store), component, &instance), NULL) &&
          wasmtime_component_instance_get_func(&instance, wasmtime_store_context(store), index, &func);
    if (all) {
        wasmtime_component_val_t text = {.kind = WASMTIME_COMPONENT_STRING}, got;
        wasm_name_new_from_string(&text.of.string, "some text");
        all = fine(wasmtime_component_func_call(&func, wasmtime_store_context(store), &text, 1, &got, 1), NULL);
        if (all) {
            all = got.of.string.size == text.of.string.size;
            wasmtime_component_val_delete(&got);
        }
        wasmtime_component_val_delete(&text);
        wasmtime_component_type_t *type = wasmtime_component_type(component);
        all = type && all;
        wasmtime_component_type_delete(type);
    }
    wasmtime_component_export_index_delete(index);
    wasmtime_component_delete(component);
    wasmtime_component_linker_delete(linker);
    wasmtime_store_delete(store);
    return all;
}

int main(void)
{
    CHECK(freopen("/dev/null", "w", stderr)); /* where checks tell of every NULL that is passed on */
    engine = wasm_engine_new();
    bytes = binary("(module (import \"\" \"\" (func $h (param i32) (result i32))) (memory (export \"m\") 1) (table (export \"t\") 1 funcref) (elem (i32.const 0) $h)"
                   " (func (export \"f\") (param i32) (result i32) (call $h (local.get 0))) (func (export \"id\") (param externref) (result externref) (local.get 0)))");
    wasm_name_new_from_string(&component_text,
                              "(component (import \"f\" (func $f (param \"s\" string) (result string)))"
                              " (core module $libc (memory (export \"m\") 1) (func (export \"r\") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"
                              " (core instance $libc (instantiate $libc)) (core func $g (canon lower (func $f) (memory (core memory $libc \"m\")) (realloc (core func $libc \"r\"))))"
                              " (core module $m (import \"\" \"f\" (func $f (param i32 i32 i32))) (func (export \"run\") (param i32 i32) (result i32)"
                              "  (call $f (local.get 0) (local.get 1) (i32.const 512)) (i32.const 512)))"
                              " (core instance $i (instantiate $m (with \"\" (instance (export \"f\" (func $g))))))"
                              " (func (export \"run\") (param \"s\" string) (result string)"
                              "  (canon lift (core func $i \"run\") (memory (core memory $libc \"m\")) (realloc (core func $libc \"r\")))))");
    dl_iterate_phdr(find, NULL);
    CHECK(low);
    bool (*const parts[])(void) = {standard, extended, components};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        CHECK(parts[i]());
        bool whole = false;
        for (long n = 0; !whole; n++) {
            left = n;
            const bool all = parts[i]();
            whole = left >= 0; /* none failed: it has fewer */
            left = -1;
            CHECK(all || !whole);
        }
        CHECK(parts[i]());
    }
    CHECK(failed > 100);
    printf("finalized %d of %d\n", finalized, given);
    CHECK(finalized == given);
    wasm_byte_vec_delete(&bytes);
    wasm_byte_vec_delete(&component_text);
    wasm_engine_delete(engine);
    return 0;
}
