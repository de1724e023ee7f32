/* checksum.c: crc32 as zlib has it, at memory speed where the CPU multiplies without carry: artifacts are checked whole before their code runs. */
#include "module.h"

#include <pthread.h>

enum { SLICES = 8, RELEASE_GIL = 1 << 18 };

static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int k = 1; k < SLICES; k++)
            table[k][i] = table[0][table[k - 1][i] & 0xFF] ^ table[k - 1][i] >> 8;
}

static uint32_t by_table(uint32_t crc, const uint8_t *at, size_t size)
{
    for (; size >= 8; at += 8, size -= 8) {
        uint32_t low, high;
        low = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        high = (uint32_t)at[4] | (uint32_t)at[5] << 8 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 24;
        low ^= crc;
        crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^ table[4][low >> 24] ^ table[3][high & 0xFF] ^
              table[2][high >> 8 & 0xFF] ^ table[1][high >> 16 & 0xFF] ^ table[0][high >> 24];
    }
    for (; size; at++, size--)
        crc = table[0][(crc ^ *at) & 0xFF] ^ crc >> 8;
    return crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Folding by carry-less multiplication: Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009; constants of the
 * bit-reflected polynomial from there. `size` is a multiple of 16 and at least 64. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t by_folding(uint32_t crc, const uint8_t *at, size_t size)
{
    const __m128i k1k2 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4), k3k4 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    const __m128i k5 = _mm_set_epi64x(0, 0x0163cd6124), poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i mask = _mm_setr_epi32(~0, 0, ~0, 0);
    __m128i x[4], y;
    for (int i = 0; i < 4; i++)
        x[i] = _mm_loadu_si128((const __m128i *)at + i);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)crc));
    for (at += 64, size -= 64; size >= 64; at += 64, size -= 64)
        for (int i = 0; i < 4; i++) {
            y = _mm_clmulepi64_si128(x[i], k1k2, 0x00);
            x[i] = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x[i], k1k2, 0x11), y), _mm_loadu_si128((const __m128i *)at + i));
        }
    __m128i one = x[0];
    for (int i = 1; i < 4; i++) {
        y = _mm_clmulepi64_si128(one, k3k4, 0x00);
        one = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(one, k3k4, 0x11), y), x[i]);
    }
    for (; size >= 16; at += 16, size -= 16) {
        y = _mm_clmulepi64_si128(one, k3k4, 0x00);
        one = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(one, k3k4, 0x11), y), _mm_loadu_si128((const __m128i *)at));
    }
    y = _mm_clmulepi64_si128(one, k3k4, 0x10); /* 128 bits to 64 */
    one = _mm_xor_si128(_mm_srli_si128(one, 8), y);
    y = _mm_srli_si128(one, 4);
    one = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(one, mask), k5, 0x00), y);
    y = _mm_clmulepi64_si128(_mm_and_si128(one, mask), poly, 0x10); /* Barrett reduction to 32 */
    y = _mm_clmulepi64_si128(_mm_and_si128(y, mask), poly, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(one, y), 1);
}

static bool can_fold(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }
#else
static uint32_t by_folding(uint32_t crc, const uint8_t *at, size_t size) { return by_table(crc, at, size); }
static bool can_fold(void) { return false; }
#endif

static uint32_t crc32_of(uint32_t crc, const uint8_t *at, size_t size)
{
    pthread_once(&table_once, make_table);
    crc = ~crc;
    if (size >= 64 && can_fold()) {
        size_t bulk = size & ~(size_t)15;
        crc = by_folding(crc, at, bulk);
        at += bulk;
        size -= bulk;
    }
    return ~by_table(crc, at, size);
}


/* crc32(data, value=0) -> int */
PyObject *checksum(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer view;
    unsigned int value = 0;
    if (!PyArg_ParseTuple(args, "y*|I:crc32", &view, &value))
        return NULL;
    if (view.len >= RELEASE_GIL) {
        Py_BEGIN_ALLOW_THREADS
        value = crc32_of(value, view.buf, (size_t)view.len);
        Py_END_ALLOW_THREADS
    } else {
        value = crc32_of(value, view.buf, (size_t)view.len);
    }
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLong(value);
}
