/* component: compiled, kept, linked with functions of the host's, called with values of every kind; a resource of the host's; what goes wrong. */
#define _GNU_SOURCE
#include "check.h"

/* Functions that give back what they are given: each type goes both ways. */
#define ECHO(name, type, core, flat)                                                                                                                \
    "(func (export \"" name "\") (param \"v\" " type ") (result " type ") (canon lift (core func $m \"" core "\") (memory (core memory $m \"memory\")) (realloc (core func $m \"realloc\"))))"

static const char text[] =
    "(component"
    " (type $color' (enum \"red\" \"green\" \"light-blue\")) (export $color \"color\" (type $color'))"
    " (type $point' (record (field \"x\" u32) (field \"y-axis\" f64))) (export $point \"point\" (type $point'))"
    " (type $shape' (variant (case \"none\") (case \"circle\" u32) (case \"square\" u32) (case \"name\" string))) (export $shape \"shape\" (type $shape'))"
    " (type $bits' (flags \"read\" \"write\")) (export $bits \"bits\" (type $bits'))"
    " (core module $lib (memory (export \"memory\") 1) (global $next (mut i32) (i32.const 1024))"
    "  (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (local i32)"
    "   (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8))) (local.set 4 (global.get $next))"
    "   (global.set $next (i32.add (global.get $next) (local.get 3))) (local.get 4))"
    "  (func (export \"id\") (param i32) (result i32) (local.get 0))"
    "  (func (export \"id64\") (param i64) (result i64) (local.get 0))"
    "  (func (export \"idf\") (param f64) (result f64) (local.get 0))"
    "  (func (export \"pair\") (param i32 i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))"
    "  (func (export \"point\") (param i32 f64) (result i32) (i32.store (i32.const 32) (local.get 0)) (f64.store (i32.const 40) (local.get 1)) (i32.const 32))"
    "  (func (export \"case\") (param i32 i32 i32) (result i32) (i32.store8 (i32.const 48) (local.get 0)) (i32.store (i32.const 52) (local.get 1)) (i32.store (i32.const 56) (local.get 2)) (i32.const 48))"
    "  (func (export \"maybe\") (param i32 i32) (result i32) (i32.store8 (i32.const 64) (local.get 0)) (i32.store (i32.const 68) (local.get 1)) (i32.const 64)))"
    " (core instance $m (instantiate $lib))"
    " (import \"host\" (instance $host (export \"twice\" (func (param \"text\" string) (result string))) (export \"fail\" (func (param \"v\" u32)))"
    "  (export \"blob\" (type $b (sub resource))) (export \"make\" (func (param \"n\" u32) (result (own $b))))))"
    " (core module $libc (memory (export \"memory\") 1) (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))"
    " (core instance $c (instantiate $libc))"
    " (core func $twice (canon lower (func $host \"twice\") (memory (core memory $c \"memory\")) (realloc (core func $c \"realloc\"))))"
    " (core func $fail (canon lower (func $host \"fail\")))"
    " (alias export $host \"blob\" (type $blob))"
    " (core func $make (canon lower (func $host \"make\"))) (core func $drop (canon resource.drop $blob))"
    " (core module $main (import \"h\" \"twice\" (func $twice (param i32 i32 i32))) (import \"h\" \"fail\" (func $fail (param i32)))"
    "  (import \"h\" \"make\" (func $make (param i32) (result i32))) (import \"h\" \"drop\" (func $drop (param i32)))"
    "  (func (export \"twice\") (param i32 i32) (result i32) (call $twice (local.get 0) (local.get 1) (i32.const 8)) (i32.const 8))"
    "  (func (export \"fail\") (param i32) (call $fail (local.get 0)))"
    "  (func (export \"make\") (param i32) (result i32) (call $make (local.get 0))) (func (export \"use\") (param i32) (call $drop (call $make (local.get 0)))))"
    " (core instance $i (instantiate $main (with \"h\" (instance (export \"twice\" (func $twice)) (export \"fail\" (func $fail)) (export \"make\" (func $make)) (export \"drop\" (func $drop))))))"
    ECHO("bool", "bool", "id", 1) ECHO("s8", "s8", "id", 1) ECHO("u16", "u16", "id", 1) ECHO("s64", "s64", "id64", 1) ECHO("f64", "f64", "idf", 1) ECHO("char", "char", "id", 1)
    ECHO("string", "string", "pair", 2) ECHO("bytes", "(list u8)", "pair", 2) ECHO("names", "(list string)", "pair", 2) ECHO("enum", "$color", "id", 1) ECHO("flags", "$bits", "id", 1)
    ECHO("record", "$point", "point", 2) ECHO("tuple", "(tuple u32 u32)", "pair", 2) ECHO("variant", "$shape", "case", 3) ECHO("option", "(option u32)", "maybe", 2)
    ECHO("result", "(result u32 (error u32))", "maybe", 2)
    " (func (export \"twice\") (param \"text\" string) (result string) (canon lift (core func $i \"twice\") (memory (core memory $c \"memory\")) (realloc (core func $c \"realloc\"))))"
    " (func (export \"fail\") (param \"v\" u32) (canon lift (core func $i \"fail\")))"
    " (func (export \"make\") (param \"n\" u32) (result (own $blob)) (canon lift (core func $i \"make\")))"
    " (func (export \"use\") (param \"n\" u32) (canon lift (core func $i \"use\"))))";

typedef wasmtime_component_val_t Val;

static wasmtime_context_t *context;
static wasmtime_component_instance_t made;

static wasm_name_t name_of(const char *text)
{
    wasm_name_t name;
    wasm_name_new_from_string(&name, text);
    return name;
}

static wasmtime_component_func_t find(const wasmtime_component_t *component, const char *name)
{
    wasmtime_component_export_index_t *index = wasmtime_component_get_export_index(component, NULL, name, strlen(name)), *copy;
    CHECK(index);
    copy = wasmtime_component_export_index_clone(index);
    wasmtime_component_export_index_delete(index);
    wasmtime_component_func_t func;
    CHECK(wasmtime_component_instance_get_func(&made, context, copy, &func));
    wasmtime_component_export_index_delete(copy);
    return func;
}

static void show(const Val *val)
{
    switch (val->kind) {
    case WASMTIME_COMPONENT_BOOL: printf("%s", val->of.boolean ? "true" : "false"); break;
    case WASMTIME_COMPONENT_S8: printf("%d", val->of.s8); break;
    case WASMTIME_COMPONENT_U8: printf("%u", val->of.u8); break;
    case WASMTIME_COMPONENT_U16: printf("%u", val->of.u16); break;
    case WASMTIME_COMPONENT_U32: printf("%u", val->of.u32); break;
    case WASMTIME_COMPONENT_S64: printf("%lld", (long long)val->of.s64); break;
    case WASMTIME_COMPONENT_F64: printf("%g", val->of.f64); break;
    case WASMTIME_COMPONENT_CHAR: printf("U+%X", val->of.character); break;
    case WASMTIME_COMPONENT_STRING: printf("\"%.*s\"", (int)val->of.string.size, val->of.string.data); break;
    case WASMTIME_COMPONENT_ENUM: printf("%.*s", (int)val->of.enumeration.size, val->of.enumeration.data); break;
    case WASMTIME_COMPONENT_LIST:
    case WASMTIME_COMPONENT_TUPLE:
        for (size_t i = 0; i < val->of.list.size; i++)
            printf(i ? ", " : ""), show(&val->of.list.data[i]);
        break;
    case WASMTIME_COMPONENT_RECORD:
        for (size_t i = 0; i < val->of.record.size; i++)
            printf("%.*s: ", (int)val->of.record.data[i].name.size, val->of.record.data[i].name.data), show(&val->of.record.data[i].val), printf("; ");
        break;
    case WASMTIME_COMPONENT_FLAGS:
        for (size_t i = 0; i < val->of.flags.size; i++)
            printf("%.*s ", (int)val->of.flags.data[i].size, val->of.flags.data[i].data);
        break;
    case WASMTIME_COMPONENT_VARIANT:
        printf("%.*s", (int)val->of.variant.discriminant.size, val->of.variant.discriminant.data);
        if (val->of.variant.val)
            printf("("), show(val->of.variant.val), printf(")");
        break;
    case WASMTIME_COMPONENT_OPTION: val->of.option ? show(val->of.option) : (void)printf("none"); break;
    case WASMTIME_COMPONENT_RESULT:
        printf(val->of.result.is_ok ? "ok " : "err ");
        show(val->of.result.val);
        break;
    default: printf("kind %d", val->kind);
    }
}

/* Calls a function with a value, which is taken, prints what it gives, which is a copy of that. */
static void echo(const wasmtime_component_t *component, const char *name, Val val)
{
    wasmtime_component_func_t func = find(component, name);
    Val out = {.kind = WASMTIME_COMPONENT_BOOL}, copy;
    OK(wasmtime_component_func_call(&func, context, &val, 1, &out, 1));
    OK(wasmtime_component_func_post_return(&func, context));
    wasmtime_component_val_clone(&out, &copy);
    wasmtime_component_val_delete(&out);
    printf("%s: ", name);
    show(&copy);
    printf("\n");
    wasmtime_component_val_delete(&copy);
    wasmtime_component_val_delete(&val);
}

static Val u32(uint32_t value) { return (Val){.kind = WASMTIME_COMPONENT_U32, .of = {.u32 = value}}; }
static Val string(const char *text) { return (Val){.kind = WASMTIME_COMPONENT_STRING, .of = {.string = name_of(text)}}; }
static Val *boxed(Val val) { return wasmtime_component_val_new(&val); }
static Val variant(const char *name, Val *payload)
{
    return (Val){.kind = WASMTIME_COMPONENT_VARIANT, .of = {.variant = {.discriminant = name_of(name), .val = payload}}};
}

static void values(const wasmtime_component_t *component)
{
    echo(component, "bool", (Val){.kind = WASMTIME_COMPONENT_BOOL, .of = {.boolean = true}});
    echo(component, "s8", (Val){.kind = WASMTIME_COMPONENT_S8, .of = {.s8 = -8}});
    echo(component, "u16", (Val){.kind = WASMTIME_COMPONENT_U16, .of = {.u16 = 65535}});
    echo(component, "s64", (Val){.kind = WASMTIME_COMPONENT_S64, .of = {.s64 = -1234567890123}});
    echo(component, "f64", (Val){.kind = WASMTIME_COMPONENT_F64, .of = {.f64 = 0.5}});
    echo(component, "char", (Val){.kind = WASMTIME_COMPONENT_CHAR, .of = {.character = 0x1F600}});
    echo(component, "string", string("gr\xC3\xBC\xC3\x9F"));
    echo(component, "string", string(""));
    Val list = {.kind = WASMTIME_COMPONENT_LIST}, bytes = {.kind = WASMTIME_COMPONENT_LIST}, tuple = {.kind = WASMTIME_COMPONENT_TUPLE};
    Val names[] = {string("a"), string("bc")}, pair[] = {u32(3), u32(4)};
    wasmtime_component_vallist_new(&list.of.list, 2, names);
    echo(component, "names", list);
    wasmtime_component_vallist_new_uninit(&bytes.of.list, 3);
    for (int i = 0; i < 3; i++)
        bytes.of.list.data[i] = (Val){.kind = WASMTIME_COMPONENT_U8, .of = {.u8 = (uint8_t)(i + 254)}};
    echo(component, "bytes", bytes);
    echo(component, "enum", (Val){.kind = WASMTIME_COMPONENT_ENUM, .of = {.enumeration = name_of("light-blue")}});
    Val flags = {.kind = WASMTIME_COMPONENT_FLAGS};
    wasm_name_t bits[] = {name_of("write")};
    wasmtime_component_valflags_new(&flags.of.flags, 1, bits);
    echo(component, "flags", flags);
    Val record = {.kind = WASMTIME_COMPONENT_RECORD};
    wasmtime_component_valrecord_entry_t fields[] = {{name_of("x"), u32(7)}, {name_of("y-axis"), {.kind = WASMTIME_COMPONENT_F64, .of = {.f64 = 1.25}}}};
    wasmtime_component_valrecord_new(&record.of.record, 2, fields);
    echo(component, "record", record);
    wasmtime_component_valtuple_new(&tuple.of.tuple, 2, pair);
    echo(component, "tuple", tuple);
    echo(component, "variant", variant("none", NULL));
    echo(component, "variant", variant("circle", boxed(u32(9))));
    echo(component, "variant", variant("square", boxed(u32(10))));
    echo(component, "variant", variant("name", boxed(string("anything"))));
    echo(component, "option", (Val){.kind = WASMTIME_COMPONENT_OPTION, .of = {.option = NULL}});
    echo(component, "option", (Val){.kind = WASMTIME_COMPONENT_OPTION, .of = {.option = boxed(u32(0))}});
    echo(component, "result", (Val){.kind = WASMTIME_COMPONENT_RESULT, .of = {.result = {true, boxed(u32(1))}}});
    echo(component, "result", (Val){.kind = WASMTIME_COMPONENT_RESULT, .of = {.result = {false, boxed(u32(2))}}});
}

/* ---- the host ---- */

static int finalized;
static void count(void *data) { ++*(int *)data; }

static wasmtime_error_t *twice(void *data, wasmtime_context_t *where, const wasmtime_component_func_type_t *type, Val *args, size_t nargs, Val *results, size_t nresults)
{
    CHECK(data == &finalized && where == context && nargs == 1 && nresults == 1 && wasmtime_component_func_type_param_count(type) == 1);
    CHECK(args[0].kind == WASMTIME_COMPONENT_STRING);
    size_t size = args[0].of.string.size;
    results[0].kind = WASMTIME_COMPONENT_STRING;
    wasm_byte_vec_new_uninitialized(&results[0].of.string, 2 * size);
    memcpy(results[0].of.string.data, args[0].of.string.data, size);
    memcpy(results[0].of.string.data + size, args[0].of.string.data, size);
    return NULL;
}

static wasmtime_error_t *fail(void *data, wasmtime_context_t *where, const wasmtime_component_func_type_t *type, Val *args, size_t nargs, Val *results, size_t nresults)
{
    (void)data, (void)where, (void)type, (void)nargs, (void)results, (void)nresults;
    return args[0].of.u32 ? wasmtime_error_new("the host refuses") : NULL;
}

static wasmtime_error_t *make(void *data, wasmtime_context_t *where, const wasmtime_component_func_type_t *type, Val *args, size_t nargs, Val *results, size_t nresults)
{
    (void)data, (void)type, (void)nargs, (void)nresults;
    wasmtime_component_resource_host_t *host = wasmtime_component_resource_host_new(true, args[0].of.u32, 17);
    CHECK(wasmtime_component_resource_host_owned(host) && wasmtime_component_resource_host_type(host) == 17);
    results[0].kind = WASMTIME_COMPONENT_RESOURCE;
    wasmtime_error_t *error = wasmtime_component_resource_host_to_any(where, host, &results[0].of.resource);
    wasmtime_component_resource_host_delete(host);
    return error;
}

static wasmtime_error_t *dropped(void *data, wasmtime_context_t *where, uint32_t rep)
{
    CHECK(data == &finalized && where == context);
    printf("dropped %u\n", rep);
    return NULL;
}

static void define(wasmtime_component_linker_t *linker)
{
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker), *host;
    OK(wasmtime_component_linker_instance_add_instance(root, "host", 4, &host));
    wasmtime_component_resource_type_t *blob = wasmtime_component_resource_type_new_host(17), *same = wasmtime_component_resource_type_clone(blob);
    CHECK(wasmtime_component_resource_type_equal(blob, same));
    OK(wasmtime_component_linker_instance_add_func(host, "twice", 5, twice, &finalized, count));
    FAILS(wasmtime_component_linker_instance_add_func(host, "twice", 5, twice, NULL, NULL));
    OK(wasmtime_component_linker_instance_add_func(host, "fail", 4, fail, NULL, NULL));
    OK(wasmtime_component_linker_instance_add_func(host, "make", 4, make, NULL, NULL));
    OK(wasmtime_component_linker_instance_add_resource(host, "blob", 4, blob, dropped, &finalized, count));
    wasmtime_component_linker_instance_delete(host);
    wasmtime_component_linker_instance_delete(root);
    wasmtime_component_resource_type_delete(same);
    wasmtime_component_resource_type_delete(blob);
}

static void resources(const wasmtime_component_t *component)
{
    wasmtime_component_func_t get = find(component, "make"), use = find(component, "use");
    Val n = u32(5), out = {.kind = WASMTIME_COMPONENT_BOOL};
    OK(wasmtime_component_func_call(&use, context, &n, 1, NULL, 0));
    OK(wasmtime_component_func_call(&get, context, &n, 1, &out, 1));
    CHECK(out.kind == WASMTIME_COMPONENT_RESOURCE && wasmtime_component_resource_any_owned(out.of.resource));
    wasmtime_component_resource_host_t *host, *again;
    OK(wasmtime_component_resource_any_to_host(context, out.of.resource, &host));
    again = wasmtime_component_resource_host_clone(host);
    printf("resource %u of type %u\n", wasmtime_component_resource_host_rep(again), wasmtime_component_resource_host_type(again));
    wasmtime_component_resource_host_delete(again);
    wasmtime_component_resource_host_delete(host);
    wasmtime_component_val_delete(&out);
}

/* Each error makes an instance, and its store, of no use any more in wasmtime: so it comes last in one. */
static void host_error(const wasmtime_component_t *component)
{
    wasmtime_component_func_t func = find(component, "fail");
    Val yes = u32(1), no = u32(0);
    OK(wasmtime_component_func_call(&func, context, &no, 1, NULL, 0));
    wasmtime_error_t *error = wasmtime_component_func_call(&func, context, &yes, 1, NULL, 0);
    CHECK(error);
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    printf("said: %d\n", memmem(message.data, message.size, "the host refuses", 16) != NULL);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
}

static void refused(wasm_engine_t *engine, const wasmtime_component_t *component)
{
    wasmtime_component_t *none = NULL;
    FAILS(wasmtime_component_new(engine, (const uint8_t *)"\0asm\x0d\0\1\0\xFF", 9, &none));
    CHECK(!wasmtime_component_get_export_index(component, NULL, "nothing", 7));
    wasmtime_component_linker_t *empty = wasmtime_component_linker_new(engine);
    FAILS(wasmtime_component_linker_instantiate(empty, context, component, &made));
    OK(wasmtime_component_linker_define_unknown_imports_as_traps(empty, component));
    OK(wasmtime_component_linker_instantiate(empty, context, component, &made));
    wasmtime_component_linker_delete(empty);
    CHECK(!wasmtime_component_instance_get_export_index(&made, context, NULL, "nothing", 7));
    wasmtime_component_func_t option = find(component, "option"), fail_ = find(component, "fail");
    Val text_ = string("x"), no = u32(0), out = {.kind = WASMTIME_COMPONENT_BOOL};
    FAILS(wasmtime_component_func_call(&option, context, &text_, 1, &out, 1));
    FAILS(wasmtime_component_func_call(&option, context, NULL, 0, &out, 1));
    FAILS(wasmtime_component_func_call(&fail_, context, &no, 1, NULL, 0));
    wasmtime_component_val_delete(&text_);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_component_model_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_byte_vec_t bytes = binary(text), kept;
    wasmtime_component_t *first, *component, *copy;
    OK(wasmtime_component_new(engine, (uint8_t *)bytes.data, bytes.size, &first));
    wasm_byte_vec_delete(&bytes);
    OK(wasmtime_component_serialize(first, &kept));
    wasmtime_component_delete(first);
    OK(wasmtime_component_deserialize(engine, (uint8_t *)kept.data, kept.size, &copy));
    wasm_byte_vec_delete(&kept);
    component = wasmtime_component_clone(copy);
    wasmtime_component_delete(copy);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    context = wasmtime_store_context(store);
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(engine);
    define(linker);
    OK(wasmtime_component_linker_instantiate(linker, context, component, &made));
    values(component);
    echo(component, "twice", string("ab"));
    resources(component);
    host_error(component);
    wasmtime_component_linker_delete(linker);
    wasmtime_store_delete(store);
    store = wasmtime_store_new(engine, NULL, NULL);
    context = wasmtime_store_context(store);
    refused(engine, component);
    wasmtime_store_delete(store);
    wasmtime_component_delete(component);
    wasm_engine_delete(engine);
    printf("finalized %d\n", finalized);
    return 0;
}
