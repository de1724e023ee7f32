/* own_families: what every vector, type and reference has: made, copied, compared, seen as what is above it and back, with data of the host's. */
#include "check.h"

static int ended;

static void finish(void *data) { ended += *(int *)data; }

/* ---- vectors of types ---- */

#define VECTORS(name, make)                                                                                   \
    static void vectors_of_##name(void)                                                                       \
    {                                                                                                         \
        wasm_##name##_t *items[] = {make, make};                                                              \
        wasm_##name##_vec_t vec, copy, empty, room;                                                           \
        wasm_##name##_vec_new(&vec, 2, items);                                                                \
        wasm_##name##_vec_copy(&copy, &vec);                                                                  \
        CHECK(vec.size == 2 && vec.data[1] == items[1] && copy.size == 2 && copy.data[0] && copy.data != vec.data); \
        wasm_##name##_vec_delete(&vec);                                                                       \
        CHECK(!vec.size && !vec.data);                                                                        \
        wasm_##name##_vec_new_empty(&empty);                                                                  \
        wasm_##name##_vec_new_uninitialized(&room, 3);                                                        \
        CHECK(!empty.size && room.size == 3);                                                                 \
        for (size_t i = 0; i < room.size; i++)                                                                \
            room.data[i] = wasm_##name##_copy(copy.data[i % 2]);                                              \
        wasm_##name##_vec_delete(&copy);                                                                      \
        wasm_##name##_vec_delete(&room);                                                                      \
        wasm_##name##_vec_delete(&empty);                                                                     \
        wasm_##name##_vec_new_uninitialized(&room, (size_t)-1 / 2); /* is too much */                         \
        CHECK(!room.size && !room.data);                                                                      \
        wasm_##name##_vec_delete(&room);                                                                      \
    }

static const wasm_limits_t limits = {1, 2};

static wasm_tagtype_t *new_tag(void) { return wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i64())); }

static wasm_importtype_t *new_import(void)
{
    wasm_name_t module, name;
    wasm_name_new_from_string(&module, "from");
    wasm_name_new_from_string(&name, "name");
    return wasm_importtype_new(&module, &name, wasm_memorytype_as_externtype(wasm_memorytype_new(&limits)));
}

static wasm_exporttype_t *new_export(void)
{
    wasm_name_t name;
    wasm_name_new_from_string(&name, "name");
    return wasm_exporttype_new(&name, wasm_tagtype_as_externtype(new_tag()));
}

VECTORS(valtype, wasm_valtype_new_f32())
VECTORS(functype, wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_f64()))
VECTORS(globaltype, wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR))
VECTORS(tabletype, wasm_tabletype_new(wasm_valtype_new_externref(), &limits))
VECTORS(memorytype, wasm_memorytype_new(&limits))
VECTORS(tagtype, new_tag())
VECTORS(externtype, wasm_functype_as_externtype(wasm_functype_new_0_0()))
VECTORS(importtype, new_import())
VECTORS(exporttype, new_export())

/* ---- types seen as types of externs ---- */

#define TYPES(name, make, KIND)                                                                                    \
    static void as_externtype_##name(void)                                                                         \
    {                                                                                                              \
        wasm_##name##type_t *type = make;                                                                          \
        wasm_externtype_t *whole = wasm_##name##type_as_externtype(type);                                          \
        const wasm_externtype_t *seen = wasm_##name##type_as_externtype_const(type);                               \
        CHECK(wasm_externtype_kind(whole) == KIND && seen == whole);                                               \
        CHECK(wasm_externtype_as_##name##type(whole) == type && wasm_externtype_as_##name##type_const(seen) == type); \
        CHECK((KIND == WASM_EXTERN_FUNC) == (wasm_externtype_as_functype(whole) != NULL));                         \
        CHECK((KIND == WASM_EXTERN_TAG) == (wasm_externtype_as_tagtype_const(seen) != NULL));                      \
        wasm_externtype_t *copy = wasm_externtype_copy(whole);                                                     \
        wasm_##name##type_delete(type);                                                                            \
        CHECK(wasm_externtype_kind(copy) == KIND);                                                                 \
        wasm_externtype_delete(copy);                                                                              \
    }

TYPES(func, wasm_functype_new_0_1(wasm_valtype_new_funcref()), WASM_EXTERN_FUNC)
TYPES(global, wasm_globaltype_new(wasm_valtype_new_f32(), WASM_CONST), WASM_EXTERN_GLOBAL)
TYPES(table, wasm_tabletype_new(wasm_valtype_new_funcref(), &limits), WASM_EXTERN_TABLE)
TYPES(memory, wasm_memorytype_new(&limits), WASM_EXTERN_MEMORY)
TYPES(tag, new_tag(), WASM_EXTERN_TAG)

/* ---- references ---- */

#define REFERENCES(name, delete_it)                                                                          \
    static void references_to_##name(wasm_##name##_t *item)                                                  \
    {                                                                                                        \
        static int one = 1, ten = 10;                                                                        \
        const int before = ended;                                                                            \
        wasm_##name##_t *copy = wasm_##name##_copy(item);                                                    \
        wasm_ref_t *ref = wasm_##name##_as_ref(item);                                                        \
        const wasm_ref_t *seen = wasm_##name##_as_ref_const(item);                                           \
        CHECK(wasm_##name##_same(item, copy) && wasm_ref_same(ref, seen) && wasm_##name##_same(copy, copy)); \
        CHECK(wasm_ref_as_##name(ref) == item && wasm_ref_as_##name##_const(seen) == item);                  \
        CHECK(!wasm_##name##_get_host_info(item) && !wasm_ref_as_##name(NULL));                              \
        wasm_##name##_set_host_info(item, &ten);                                                             \
        CHECK(wasm_##name##_get_host_info(item) == &ten && wasm_ref_get_host_info(seen) == &ten);            \
        wasm_##name##_set_host_info_with_finalizer(item, &one, finish);                                      \
        CHECK(wasm_##name##_get_host_info(copy) == &one);                                                    \
        wasm_##name##_delete(copy);                                                                          \
        copy = (wasm_##name##_t *)wasm_ref_copy(ref);                                                        \
        CHECK(ended == before);                                                                              \
        wasm_ref_set_host_info(ref, NULL); /* its finalizer is called for what it was set with */            \
        CHECK(ended == before + 1);                                                                          \
        wasm_ref_set_host_info_with_finalizer(ref, &ten, finish);                                            \
        wasm_ref_delete((wasm_ref_t *)copy);                                                                 \
        CHECK(ended == before + 1);                                                                          \
        wasm_##name##_set_host_info(item, NULL);                                                             \
        CHECK(ended == before + 11);                                                                         \
        delete_it;                                                                                           \
    }

REFERENCES(trap, wasm_trap_delete(item))
REFERENCES(foreign, wasm_foreign_delete(item))
REFERENCES(module, (void)0)
REFERENCES(func, (void)0)
REFERENCES(global, (void)0)
REFERENCES(table, (void)0)
REFERENCES(memory, (void)0)
REFERENCES(extern, (void)0)
REFERENCES(instance, (void)0)

#define EXTERNS(name, KIND)                                                                                    \
    static void externs_of_##name(wasm_extern_t *item)                                                         \
    {                                                                                                          \
        wasm_##name##_t *part = wasm_extern_as_##name(item);                                                   \
        CHECK(part && wasm_##name##_as_extern(part) == item && wasm_extern_as_##name##_const(item) == part);   \
        CHECK(wasm_##name##_as_extern_const(part) == item && wasm_extern_kind(item) == KIND);                  \
        CHECK((KIND == WASM_EXTERN_FUNC) == (wasm_extern_as_func(item) != NULL));                              \
        wasm_externtype_t *type = wasm_extern_type(item);                                                      \
        CHECK(type && wasm_externtype_kind(type) == KIND);                                                     \
        wasm_externtype_delete(type);                                                                          \
        references_to_##name(part);                                                                            \
        references_to_extern(item);                                                                            \
    }

EXTERNS(func, WASM_EXTERN_FUNC)
EXTERNS(global, WASM_EXTERN_GLOBAL)
EXTERNS(table, WASM_EXTERN_TABLE)
EXTERNS(memory, WASM_EXTERN_MEMORY)

static void externs(wasm_store_t *store)
{
    wasm_module_t *made = module(store, "(module (func (export \"f\")) (global (export \"g\") i32 (i32.const 1)) (table (export \"t\") 1 funcref) (memory (export \"m\") 1)"
                                        " (func (export \"trap\") unreachable))");
    wasm_instance_t *running = instance(store, made, NULL, 0);
    wasm_extern_vec_t exports, copy, empty, room;
    wasm_instance_exports(running, &exports);
    void (*const tests[])(wasm_extern_t *) = {externs_of_func, externs_of_global, externs_of_table, externs_of_memory};
    for (size_t i = 0; i < 4; i++)
        tests[i](exports.data[i]);
    references_to_module(made);
    references_to_instance(running);
    wasm_extern_vec_copy(&copy, &exports);
    wasm_extern_vec_new_empty(&empty);
    wasm_extern_vec_new_uninitialized(&room, 1);
    room.data[0] = wasm_extern_copy(exports.data[0]);
    wasm_trap_t *trap = call(wasm_extern_as_func(exports.data[4]), NULL, 0, NULL, 0);
    wasm_frame_vec_t frames, other;
    wasm_trap_trace(trap, &frames);
    CHECK(frames.size == 1 && !wasm_frame_instance(frames.data[0]) && wasm_frame_module_offset(frames.data[0]) > wasm_frame_func_offset(frames.data[0]));
    wasm_frame_vec_copy(&other, &frames);
    wasm_frame_vec_delete(&frames);
    wasm_frame_vec_new_uninitialized(&frames, 1);
    frames.data[0] = wasm_frame_copy(other.data[0]);
    wasm_frame_vec_delete(&frames);
    wasm_frame_t *frame = wasm_frame_copy(other.data[0]);
    wasm_frame_vec_delete(&other);
    wasm_frame_vec_new(&other, 1, &frame);
    CHECK(wasm_frame_func_index(other.data[0]) == 1);
    wasm_frame_vec_delete(&other);
    wasm_frame_vec_new_empty(&other);
    wasm_extern_t *first = wasm_extern_copy(exports.data[0]);
    wasm_extern_delete(first);
    wasm_extern_vec_delete(&exports);
    wasm_extern_vec_delete(&room);
    wasm_extern_vec_new(&room, copy.size, copy.data); /* takes over what it holds, and not the array */
    CHECK(room.size == 5 && wasm_extern_as_func(room.data[0]));
    wasm_extern_vec_delete(&room);
    free(copy.data);
    references_to_trap(trap);
    wasm_module_delete(made);
    wasm_instance_delete(running);
    wasm_extern_vec_delete(&empty);
}

static void values(void)
{
    wasm_val_vec_t vec, copy;
    wasm_val_vec_new_empty(&vec);
    CHECK(!vec.size);
    wasm_val_vec_new_uninitialized(&vec, 2);
    vec.data[0] = (wasm_val_t)WASM_F64_VAL(2.5);
    vec.data[1] = (wasm_val_t)WASM_INIT_VAL;
    wasm_val_vec_copy(&copy, &vec);
    wasm_val_vec_delete(&vec);
    CHECK(copy.size == 2 && copy.data[0].of.f64 == 2.5 && !copy.data[1].of.ref);
    wasm_val_vec_delete(&copy);
    static int here;
    wasm_val_t pointer;
    wasm_val_init_ptr(&pointer, &here);
    CHECK(wasm_val_ptr(&pointer) == &here);
    wasm_config_delete(wasm_config_new());
}

int main(void)
{
    vectors_of_valtype(), vectors_of_functype(), vectors_of_globaltype(), vectors_of_tabletype(), vectors_of_memorytype(), vectors_of_tagtype();
    vectors_of_externtype(), vectors_of_importtype(), vectors_of_exporttype();
    as_externtype_func(), as_externtype_global(), as_externtype_table(), as_externtype_memory(), as_externtype_tag();
    values();
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    externs(store);
    references_to_foreign(wasm_foreign_new(store));
    CHECK(ended == 12 * 11);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
