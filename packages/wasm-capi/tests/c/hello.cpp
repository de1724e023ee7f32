// hello.cpp: both headers in C++: handles in smart pointers, a callback that is a lambda, a component's value.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <wasm.h>
#include <wasmtime.h>

template <auto Delete> struct Deleter {
    template <typename T> void operator()(T *handle) const { Delete(handle); }
};
using Engine = std::unique_ptr<wasm_engine_t, Deleter<wasm_engine_delete>>;
using Store = std::unique_ptr<wasmtime_store_t, Deleter<wasmtime_store_delete>>;
using Module = std::unique_ptr<wasmtime_module_t, Deleter<wasmtime_module_delete>>;
using FuncType = std::unique_ptr<wasm_functype_t, Deleter<wasm_functype_delete>>;

static void check(bool holds, const char *what)
{
    if (holds)
        return;
    std::printf("not so: %s\n", what);
    std::exit(1);
}
#define CHECK(what) check((what), #what)

int main()
{
    Engine engine(wasm_engine_new());
    CHECK(engine != nullptr);
    std::vector<int> seen;
    {
        Store store(wasmtime_store_new(engine.get(), &seen, nullptr));
        wasmtime_context_t *context = wasmtime_store_context(store.get());
        FuncType type(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
        wasmtime_extern_t import{};
        import.kind = WASMTIME_EXTERN_FUNC;
        wasmtime_func_new(
            context, type.get(),
            [](void *, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t, wasmtime_val_t *results, size_t) -> wasm_trap_t * {
                static_cast<std::vector<int> *>(wasmtime_context_get_data(wasmtime_caller_context(caller)))->push_back(args[0].of.i32);
                results[0].kind = WASMTIME_I32;
                results[0].of.i32 = 2 * args[0].of.i32;
                return nullptr;
            },
            nullptr, nullptr, &import.of.func);
        const char *text = "(module (import \"\" \"\" (func (param i32) (result i32))) (func (export \"f\") (param i32) (result i32) (call 0 (local.get 0))))";
        wasm_byte_vec_t bytes;
        CHECK(!wasmtime_wat2wasm(text, std::strlen(text), &bytes));
        wasmtime_module_t *made = nullptr;
        CHECK(!wasmtime_module_new(engine.get(), reinterpret_cast<uint8_t *>(bytes.data), bytes.size, &made));
        wasm_byte_vec_delete(&bytes);
        Module module(made);
        wasmtime_instance_t instance;
        wasm_trap_t *trap = nullptr;
        CHECK(!wasmtime_instance_new(context, module.get(), &import, 1, &instance, &trap) && !trap);
        wasmtime_extern_t item;
        CHECK(wasmtime_instance_export_get(context, &instance, "f", 1, &item));
        wasmtime_val_t arg{}, result{};
        arg.kind = WASMTIME_I32;
        arg.of.i32 = 21;
        CHECK(!wasmtime_func_call(context, &item.of.func, &arg, 1, &result, 1, &trap) && !trap && result.of.i32 == 42);
    }
    CHECK(seen == std::vector<int>{21});
    wasmtime_component_val_t words{}, copy{};
    words.kind = WASMTIME_COMPONENT_STRING;
    wasm_name_new_from_string(&words.of.string, "words");
    wasmtime_component_val_clone(&words, &copy);
    wasmtime_component_val_delete(&words);
    CHECK(copy.of.string.size == 5);
    wasmtime_component_val_delete(&copy);
    static_assert(WASMTIME_VERSION_MAJOR >= 50, "of wasmtime 50");
    std::puts("done");
}
