/* all.wit in C, on the bindings that wit-bindgen writes. What a function is given is its own; what it returns is its caller's. */
#include "all.h"
#include <stdlib.h>
#include <string.h>

/* ---- numbers, values: they come back ---- */

#define NUMBER(name, type) type exports_demo_all_numbers_echo_##name(type x) { return x; }
NUMBER(bool, bool)
NUMBER(s8, int8_t)
NUMBER(u8, uint8_t)
NUMBER(s16, int16_t)
NUMBER(u16, uint16_t)
NUMBER(s32, int32_t)
NUMBER(u32, uint32_t)
NUMBER(s64, int64_t)
NUMBER(u64, uint64_t)
NUMBER(f32, float)
NUMBER(f64, double)
NUMBER(char, uint32_t)

double exports_demo_all_numbers_sum(uint8_t a, int8_t b, uint16_t c, int16_t d, uint32_t e, int32_t f, float g, double h)
{
    return (double)((int64_t)a + b + c + d + e + f) + (double)g + h;
}

#define VALUE(name, type) void exports_demo_all_values_echo_##name(type *x, type *ret) { *ret = *x; }
#define OPTION(name, type) bool exports_demo_all_values_echo_##name(type *x, type *ret) { if (x) *ret = *x; return x != NULL; }
VALUE(string, all_string_t)
VALUE(point, exports_demo_all_values_point_t)
VALUE(person, exports_demo_all_values_person_t)
VALUE(widths, exports_demo_all_values_widths_t)
VALUE(shape, exports_demo_all_values_shape_t)
VALUE(tuple, all_tuple3_u8_string_f64_t)
VALUE(bytes, all_list_u8_t)
VALUE(bools, all_list_bool_t)
VALUE(u16s, all_list_u16_t)
VALUE(s32s, all_list_s32_t)
VALUE(u64s, all_list_u64_t)
VALUE(f32s, all_list_f32_t)
VALUE(f64s, all_list_f64_t)
VALUE(chars, all_list_char32_t)
VALUE(strings, all_list_string_t)
VALUE(people, exports_demo_all_values_list_person_t)
VALUE(shapes, exports_demo_all_values_list_shape_t)
VALUE(colors, exports_demo_all_values_list_color_t)
VALUE(nested, exports_demo_all_values_list_list_tuple2_option_s64_rights_t)
OPTION(option, uint32_t)
OPTION(options, all_option_string_t)
OPTION(maybe, exports_demo_all_values_result_color_string_t)

exports_demo_all_values_color_t exports_demo_all_values_echo_color(exports_demo_all_values_color_t x) { return x; }
exports_demo_all_values_rights_t exports_demo_all_values_echo_rights(exports_demo_all_values_rights_t x) { return x; }

void exports_demo_all_values_nothing(void) {}

/* The error is "no: " and what was given. */
bool exports_demo_all_values_echo_result(demo_all_host_result_u32_string_t *x, uint64_t *ret, all_string_t *err)
{
    if (!x->is_err) {
        *ret = x->val.ok;
        return true;
    }
    err->len = x->val.err.len + 4;
    err->ptr = malloc(err->len);
    if (!err->ptr)
        abort();
    memcpy(err->ptr, "no: ", 4);
    memcpy(err->ptr + 4, x->val.err.ptr, x->val.err.len);
    all_string_free(&x->val.err);
    return false;
}

void exports_demo_all_values_many(all_string_t *a, all_string_t *b, all_string_t *c, all_string_t *d, all_string_t *e, all_string_t *f, all_string_t *g,
                                  all_string_t *h, exports_demo_all_values_person_t *i, all_list_string_t *ret)
{
    const all_string_t first[] = {*a, *b, *c, *d, *e, *f, *g, *h, i->full_name};
    const size_t count = sizeof first / sizeof *first;
    ret->len = count + i->tags.len;
    ret->ptr = malloc(ret->len * sizeof *ret->ptr);
    if (!ret->ptr)
        abort();
    memcpy(ret->ptr, first, sizeof first);
    memcpy(ret->ptr + count, i->tags.ptr, i->tags.len * sizeof *ret->ptr);
    if (i->tags.len)
        free(i->tags.ptr);
}

bool exports_demo_all_values_fail(all_string_t *message, exports_demo_all_values_point_t *ret, all_string_t *err)
{
    (void)ret;
    *err = *message;
    return false;
}

void exports_demo_all_values_trap(void) { abort(); }

/* ---- registry: objects of ours ---- */

typedef exports_demo_all_registry_own_counter_t OwnCounter;
struct exports_demo_all_registry_counter_t {
    uint32_t value;
};
static uint32_t alive;

OwnCounter exports_demo_all_registry_constructor_counter(uint32_t start)
{
    exports_demo_all_registry_counter_t *counter = malloc(sizeof *counter);
    if (!counter)
        abort();
    counter->value = start;
    alive++;
    return exports_demo_all_registry_counter_new(counter);
}

void exports_demo_all_registry_counter_destructor(exports_demo_all_registry_counter_t *counter)
{
    alive--;
    free(counter);
}

uint32_t exports_demo_all_registry_method_counter_add(exports_demo_all_registry_counter_t *self, uint32_t n) { return self->value += n; }

OwnCounter exports_demo_all_registry_method_counter_copy(exports_demo_all_registry_counter_t *self)
{
    return exports_demo_all_registry_constructor_counter(self->value);
}

uint32_t exports_demo_all_registry_static_counter_largest(exports_demo_all_registry_list_borrow_counter_t *among)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < among->len; i++)
        if (among->ptr[i]->value > largest)
            largest = among->ptr[i]->value;
    exports_demo_all_registry_list_borrow_counter_free(among);
    return largest;
}

uint32_t exports_demo_all_registry_absorb(exports_demo_all_registry_counter_t *into, OwnCounter counter)
{
    into->value += exports_demo_all_registry_counter_rep(counter)->value;
    exports_demo_all_registry_counter_drop_own(counter);
    return into->value;
}

void exports_demo_all_registry_make(all_list_u32_t *starts, exports_demo_all_registry_list_own_counter_t *ret)
{
    ret->len = starts->len;
    ret->ptr = malloc(ret->len * sizeof *ret->ptr);
    for (size_t i = 0; i < ret->len; i++)
        ret->ptr[i] = exports_demo_all_registry_constructor_counter(starts->ptr[i]);
    if (starts->len)
        free(starts->ptr);
}

uint32_t exports_demo_all_registry_alive(void) { return alive; }

/* ---- callbacks: the host's functions and files ---- */

typedef demo_all_host_own_file_t OwnFile;
static OwnFile kept;
static bool has_kept;

bool exports_demo_all_callbacks_ask_all(exports_demo_all_callbacks_list_person_t *people, exports_demo_all_callbacks_list_shape_t *ret, all_string_t *err)
{
    bool fine = true;
    ret->ptr = malloc(people->len * sizeof *ret->ptr);
    for (ret->len = 0; fine && ret->len < people->len; ret->len += fine)
        fine = demo_all_host_ask(&people->ptr[ret->len], &ret->ptr[ret->len], err);
    if (!fine)
        exports_demo_all_callbacks_list_shape_free(ret);
    exports_demo_all_callbacks_list_person_free(people);
    return fine;
}

void exports_demo_all_callbacks_reflect(all_list_option_u64_t *x, all_tuple3_f32_char32_bool_t *y, all_tuple3_f32_char32_bool_t *ret)
{
    demo_all_host_mirror(x, y, ret);
    if (x->len)
        free(x->ptr);
}

void exports_demo_all_callbacks_repeat(all_string_t *message, uint32_t times)
{
    for (uint32_t n = 0; n < times; n++) {
        all_string_t numbered = {.len = message->len + 2};
        numbered.ptr = malloc(numbered.len);
        if (!numbered.ptr)
            abort();
        memcpy(numbered.ptr, message->ptr, message->len);
        numbered.ptr[message->len] = ' ';
        numbered.ptr[message->len + 1] = (uint8_t)('0' + n % 10);
        demo_all_host_notify(&numbered);
        all_string_free(&numbered);
    }
    all_string_free(message);
}

bool exports_demo_all_callbacks_fill(exports_demo_all_callbacks_borrow_file_t file, all_list_u8_t *data, uint32_t *ret, all_string_t *err)
{
    bool fine = demo_all_host_method_file_write(file, data, ret, err);
    demo_all_host_file_drop_borrow(file);
    if (data->len)
        free(data->ptr);
    return fine;
}

void exports_demo_all_callbacks_drain(OwnFile file, all_list_u8_t *ret)
{
    all_list_u8_t first, rest;
    demo_all_host_method_file_read(demo_all_host_borrow_file(file), 5, &first);
    demo_all_host_method_file_read(demo_all_host_borrow_file(file), 100, &rest);
    demo_all_host_file_drop_own(file);
    ret->len = first.len + rest.len;
    ret->ptr = malloc(ret->len);
    memcpy(ret->ptr, first.ptr, first.len);
    memcpy(ret->ptr + first.len, rest.ptr, rest.len);
}

void exports_demo_all_callbacks_keep(OwnFile file)
{
    kept = file;
    has_kept = true;
}

bool exports_demo_all_callbacks_give_back(OwnFile *ret)
{
    bool given = has_kept;
    *ret = kept;
    has_kept = false;
    return given;
}

bool exports_demo_all_callbacks_duplicate(all_string_t *source, all_string_t *target, uint32_t *ret, all_string_t *err)
{
    OwnFile found;
    if (!demo_all_host_static_file_find(source, &found, err))
        return false;
    OwnFile made = demo_all_host_constructor_file(target);
    all_list_u8_t content;
    demo_all_host_method_file_read(demo_all_host_borrow_file(found), 1000, &content);
    bool fine = demo_all_host_method_file_write(demo_all_host_borrow_file(made), &content, ret, err);
    demo_all_host_file_drop_own(made);
    demo_all_host_file_drop_own(found);
    return fine;
}
