/* component_strings.c: strings that cross: checked, transcoded and allocated by the steps of CanonicalABI.md (load_string, store_string_into_range).
 *
 * No Python objects here, and nothing is owned: a trap may unwind over every frame. Where the source lies in a guest's memory it is found again after each
 * call into a guest. Writing is bounded by what was allocated, whatever the source says by then: a shared memory changes under us.
 */
#include "component_abi.h"

static const uint8_t *source_bytes(const StringSource *source) { return source->side ? bytes_at(source->side, source->at) : source->bytes; }
static uint64_t utf16_tag(const CanonOptions *side) { return wide(side) ? 1ull << 63 : 1ull << 31; }

/* ---- reading: one code point at `*p`, which has `end - *p` bytes; a fault gives U+FFFD and leaves its words in *fault ---- */

enum { REPLACEMENT = 0xFFFD };

static uint32_t faulty(const char **fault, const char *words)
{
    *fault = words;
    return REPLACEMENT;
}

/* Unicode, table 3-7. */
static uint32_t next_utf8(const uint8_t **p, const uint8_t *end, const char **fault)
{
    const uint8_t *s = *p;
    uint32_t lead = *s++;
    *p = s;
    if (lead < 0x80)
        return lead;
    unsigned more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4)
        return faulty(fault, "invalid utf-8");
    uint32_t c = lead & (0x3Fu >> more);
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (unsigned i = 0; i < more; i++) {
        if (s == end)
            return faulty(fault, "incomplete utf-8 byte sequence");
        if (*s < low || *s > high)
            return faulty(fault, "invalid utf-8");
        c = c << 6 | (*s++ & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *p = s;
    return c;
}

static uint32_t unit_at(const uint8_t *p)
{
    uint16_t unit;
    memcpy(&unit, p, 2);
    return wasm_order16(unit);
}

static uint32_t next_utf16(const uint8_t **p, const uint8_t *end, const char **fault)
{
    uint32_t unit = unit_at(*p);
    *p += 2;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    if (unit > 0xDBFF || *p == end)
        return faulty(fault, "unpaired surrogate in a utf-16 string");
    uint32_t low = unit_at(*p);
    if (low < 0xDC00 || low > 0xDFFF)
        return faulty(fault, "unpaired surrogate in a utf-16 string");
    *p += 2;
    return 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
}

static inline uint32_t next(uint8_t form, const uint8_t **p, const uint8_t *end, const char **fault)
{
    if (form == FROM_UTF8)
        return next_utf8(p, end, fault);
    return form == FROM_UTF16 ? next_utf16(p, end, fault) : *(*p)++;
}

static uint64_t source_size(const StringSource *source) { return source->units << (source->form == FROM_UTF16); }

/* Bytes at the start that are ASCII, of utf-8 or latin1. */
static uint64_t ascii_prefix(const uint8_t *bytes, uint64_t size)
{
    uint64_t i = 0, word;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, bytes + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < size && bytes[i] < 0x80)
        i++;
    return i;
}

const char *string_fault(const StringSource *source)
{
    const uint8_t *p = source_bytes(source), *end = p + source_size(source);
    const char *fault = NULL;
    if (source->form == FROM_LATIN1)
        return NULL;
    while (p < end && !fault) {
        if (source->form == FROM_UTF8 && *p < 0x80)
            p += ascii_prefix(p, (uint64_t)(end - p));
        else
            (void)next(source->form, &p, end, &fault);
    }
    return fault;
}

int string_source(const Crossing *crossing, const CanonOptions *from, uint64_t at, uint64_t tagged_units, StringSource *source)
{
    const uint64_t tag = utf16_tag(from);
    bool utf16 = from->encoding == ENCODING_UTF16 || (from->encoding == ENCODING_LATIN1_UTF16 && (tagged_units & tag));
    *source = (StringSource){.side = from, .at = at, .units = from->encoding == ENCODING_LATIN1_UTF16 ? tagged_units & ~tag : tagged_units,
                             .form = utf16 ? FROM_UTF16 : from->encoding == ENCODING_UTF8 ? FROM_UTF8 : FROM_LATIN1,
                             .tagged_side = from->encoding == ENCODING_LATIN1_UTF16};
    if (source->units > MAX_BYTES || source_size(source) > MAX_BYTES)
        return canon_trap(crossing, crossing->in_guest ? "string content out-of-bounds" : "string pointer/length out of bounds of memory");
    if (from->encoding != ENCODING_UTF8 && at & 1)
        return canon_trap(crossing, crossing->in_guest ? "unaligned pointer" : "string pointer not aligned to 2");
    if (!within(at, source_size(source), from->memory->definition.length))
        return canon_trap(crossing, crossing->in_guest ? "string content out-of-bounds" : "string pointer/length out of bounds of memory");
    return 0;
}

/* ---- writing: what fits into [out, limit) of what is left at [*p, end); gives how many bytes ---- */

static uint64_t put_utf8(uint8_t form, const uint8_t *p, const uint8_t *end, uint8_t *out, uint64_t room)
{
    const uint8_t *start = out, *limit = out + room;
    const char *fault = NULL;
    while (p < end) {
        uint32_t c = next(form, &p, end, &fault);
        unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        if ((uint64_t)(limit - out) <= more)
            break;
        if (!more) {
            *out++ = (uint8_t)c;
            continue;
        }
        *out++ = (uint8_t)(0xFF00u >> (more + 1) | c >> 6 * more);
        while (more--)
            *out++ = (uint8_t)(0x80 | (c >> 6 * more & 0x3F));
    }
    return (uint64_t)(out - start);
}

static uint64_t put_utf16(uint8_t form, const uint8_t *p, const uint8_t *end, uint8_t *out, uint64_t room)
{
    const uint8_t *start = out, *limit = out + room;
    const char *fault = NULL;
    while (p < end) {
        uint32_t c = next(form, &p, end, &fault);
        uint64_t size = c < 0x10000 ? 2 : 4;
        if ((uint64_t)(limit - out) < size)
            break;
        const uint32_t units = wasm_order32(c < 0x10000 ? c : 0xD800 + ((c - 0x10000) >> 10) + ((0xDC00 + (c & 0x3FF)) << 16));
        memcpy(out, &units, size);
        out += size;
    }
    return (uint64_t)(out - start);
}

/* Latin-1 up to the first code point beyond it: *p is left there. */
static uint64_t put_latin1(uint8_t form, const uint8_t **p, const uint8_t *end, uint8_t *out, uint64_t room)
{
    uint64_t count = 0;
    const char *fault = NULL;
    while (*p < end && count < room) {
        const uint8_t *here = *p;
        uint32_t c = next(form, p, end, &fault);
        if (c >= 0x100) {
            *p = here;
            break;
        }
        out[count++] = (uint8_t)c;
    }
    return count;
}

/* ---- the algorithms ---- */

typedef struct Output {
    const Crossing *crossing;
    const CanonOptions *to;
    const StringSource *source;
    uint64_t at, size; /* what is allocated */
} Output;

static int allocate(Output *out, uint64_t align, uint64_t size)
{
    if (canon_realloc(out->crossing, out->to, out->at, out->size, align, size, &out->at))
        return -1;
    out->size = size;
    return 0;
}

/* store_string_copy, of the same form. */
static int copy(Output *out, unsigned unit, uint64_t align)
{
    if (allocate(out, align, unit * out->source->units))
        return -1;
    if (out->size)
        memmove(bytes_at(out->to, out->at), source_bytes(out->source), out->size);
    return 0;
}

/* store_string_copy of latin1 as utf16. */
static int widen(Output *out)
{
    const StringSource *source = out->source;
    if (allocate(out, 2, 2 * source->units))
        return -1;
    const uint8_t *bytes = source_bytes(source);
    (void)put_utf16(FROM_LATIN1, bytes, bytes + source->units, bytes_at(out->to, out->at), out->size);
    return 0;
}

/* store_string_to_utf8: what is ASCII takes a byte a unit; from the first other code point on the worst is expected. */
static int to_utf8(Output *out, uint64_t *units)
{
    const StringSource *source = out->source;
    const unsigned unit = source->form == FROM_UTF16 ? 2 : 1;
    if (allocate(out, 1, source->units))
        return -1;
    const uint8_t *bytes = source_bytes(source);
    uint8_t *to = bytes_at(out->to, out->at);
    uint64_t done = 0;
    for (; done < source->units; done++) {
        uint32_t c = unit == 2 ? unit_at(bytes + 2 * done) : bytes[done];
        if (c >= 0x80)
            break;
        to[done] = (uint8_t)c;
    }
    *units = done;
    if (done == source->units)
        return 0;
    if (allocate(out, 1, source->units * (unit + 1)))
        return -1;
    bytes = source_bytes(source);
    *units += put_utf8(source->form, bytes + unit * done, bytes + source_size(source), bytes_at(out->to, out->at + done), out->size - done);
    return *units < out->size ? allocate(out, 1, *units) : 0;
}

/* store_utf8_to_utf16 */
static int utf8_to_utf16(Output *out, uint64_t *units)
{
    const StringSource *source = out->source;
    if (allocate(out, 2, 2 * source->units))
        return -1;
    const uint8_t *bytes = source_bytes(source);
    uint64_t size = put_utf16(FROM_UTF8, bytes, bytes + source->units, bytes_at(out->to, out->at), out->size);
    *units = size / 2;
    return size < out->size ? allocate(out, 2, size) : 0;
}

/* store_string_to_latin1_or_utf16 */
static int to_latin1_or_utf16(Output *out, uint64_t *units)
{
    const StringSource *source = out->source;
    if (allocate(out, 2, source->units))
        return -1;
    const uint8_t *bytes = source_bytes(source), *p = bytes, *end = bytes + source_size(source);
    uint64_t done = put_latin1(source->form, &p, end, bytes_at(out->to, out->at), out->size);
    *units = done;
    if (p == end)
        return done < out->size ? allocate(out, 2, done) : 0;
    const uint64_t read = (uint64_t)(p - bytes);
    if (allocate(out, 2, 2 * source->units))
        return -1;
    uint8_t *to = bytes_at(out->to, out->at);
    for (uint64_t i = done; i-- > 0;) {
        to[2 * i] = to[i];
        to[2 * i + 1] = 0;
    }
    bytes = source_bytes(source);
    uint64_t size = 2 * done + put_utf16(source->form, bytes + read, bytes + source_size(source), to + 2 * done, out->size - 2 * done);
    *units = size / 2 | utf16_tag(out->to);
    return size < out->size ? allocate(out, 2, size) : 0;
}

/* store_probably_utf16_to_latin1_or_utf16 */
static int probably_utf16(Output *out, uint64_t *units)
{
    const StringSource *source = out->source;
    if (copy(out, 2, 2))
        return -1;
    uint8_t *to = bytes_at(out->to, out->at);
    uint32_t all = 0;
    for (uint64_t i = 0; i < source->units; i++)
        all |= unit_at(to + 2 * i);
    if (all >= 0x100) {
        *units = source->units | utf16_tag(out->to);
        return 0;
    }
    for (uint64_t i = 0; i < source->units; i++)
        to[i] = to[2 * i];
    return allocate(out, 1, source->units);
}

int string_store(const Crossing *crossing, const CanonOptions *to, const StringSource *source, uint64_t *at, uint64_t *tagged_units)
{
    Output out = {.crossing = crossing, .to = to, .source = source};
    int failed;
    *tagged_units = source->units;
    if (to->encoding == ENCODING_UTF8)
        failed = source->form == FROM_UTF8 ? copy(&out, 1, 1) : to_utf8(&out, tagged_units);
    else if (to->encoding == ENCODING_UTF16)
        failed = source->form == FROM_UTF8 ? utf8_to_utf16(&out, tagged_units) : source->form == FROM_UTF16 ? copy(&out, 2, 2) : widen(&out);
    else if (!source->tagged_side)
        failed = to_latin1_or_utf16(&out, tagged_units);
    else
        failed = source->form == FROM_LATIN1 ? copy(&out, 1, 2) : probably_utf16(&out, tagged_units);
    *at = out.at;
    return failed;
}
