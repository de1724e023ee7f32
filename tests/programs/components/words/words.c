#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct string { const char *start; size_t length; };
struct word { struct string text; uint32_t count; };
struct words { struct word *start; size_t length; };

__attribute__((import_module("$root"), import_name("skip"))) bool skip(const char *start, size_t length);

extern char __heap_base;
static uintptr_t used;

/* Memory for what the host passes in, and for our own: of one call, forgotten after it. */
__attribute__((export_name("cabi_realloc"))) void *reallocate(void *old, size_t old_size, size_t align, size_t size)
{
    (void)old, (void)old_size;
    if (!used)
        used = (uintptr_t)&__heap_base;
    uintptr_t place = (used + align - 1) / align * align;
    used = place + size;
    size_t there = __builtin_wasm_memory_size(0) * 65536;
    if (used > there && __builtin_wasm_memory_grow(0, (used - there) / 65536 + 1) == SIZE_MAX)
        __builtin_trap();
    return (void *)place;
}

static bool same(struct string a, struct string b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (a.start[i] != b.start[i])
            return false;
    return true;
}

static void add(struct words *words, struct string text)
{
    for (size_t i = 0; i < words->length; i++)
        if (same(words->start[i].text, text)) {
            words->start[i].count++;
            return;
        }
    words->start[words->length++] = (struct word){text, 1};
}

__attribute__((export_name("count"))) struct words *count(const char *text, size_t length)
{
    struct words *words = reallocate(NULL, 0, 4, sizeof *words);
    words->start = reallocate(NULL, 0, 4, (length + 1) / 2 * sizeof *words->start);
    words->length = 0;
    for (size_t i = 0, start = 0; i <= length; i++) {
        if (i < length && text[i] != ' ')
            continue;
        if (i > start && !skip(text + start, i - start))
            add(words, (struct string){text + start, i - start});
        start = i + 1;
    }
    return words;
}

__attribute__((export_name("cabi_post_count"))) void forget(struct words *words)
{
    (void)words;
    used = 0;
}
