/* own_settings: settings that mean something else here: a cache is a folder, and flags of Cranelift's change nothing. */
#define _GNU_SOURCE
#include <ftw.h>
#include <unistd.h>

#include "check.h"

static int files;

static int see(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found, (void)where;
    files += kind == FTW_F;
    return remove(path);
}

static void compile_one(wasm_config_t *config)
{
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine);
    wasmtime_module_delete(compile_text(engine, "(module (func (export \"f\")))"));
    wasm_engine_delete(engine);
}

int main(void)
{
    char folder[] = "/tmp/cache-XXXXXX";
    CHECK(mkdtemp(folder));
    wasm_config_t *config = wasm_config_new();
    OK(wasmtime_config_cache_config_load(config, folder));
    compile_one(config);
    CHECK(!nftw(folder, see, 8, FTW_DEPTH | FTW_PHYS) && files);
    config = wasm_config_new();
    FAILS(wasmtime_config_cache_config_load(config, "/no/such/file.toml"));
    wasmtime_config_cranelift_flag_enable(config, "has_avx512f");
    wasmtime_config_cranelift_flag_set(config, "opt_level", "none");
    compile_one(config);
    wasm_val_t one = WASM_I32_VAL(1);
    wasm_val_vec_t vec;
    wasm_val_vec_new(&vec, 1, &one);
    CHECK(vec.size == 1 && vec.data != &one && vec.data[0].of.i32 == 1);
    wasm_val_vec_delete(&vec);
    puts("done");
    return 0;
}
