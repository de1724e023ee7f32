/* core.h: what every file of the vm needs. Each chapter has a header of its own: engine.h, code.h, store.h, memory.h, table.h, host_func.h, instance.h,
 * gc.h, runtime.h, component.h ...; objects.h is what Python sees of them. Every header can be included alone, and nothing is declared but in one.
 *
 * Ownership is said at every pointer of a struct. Of functions: a PyObject * that is given is a new reference, or NULL with an exception; one that is taken is
 * borrowed for the call; where it is otherwise, the prototype says borrowed, stolen or taken.
 *
 * Two kinds of things live here. *Runtime* structs (Instance, Memory, Table, HostFunc ...) are plain C, belong to a store and are what compiled code
 * sees through VMContext. *Objects* (FuncObject, MemoryObject ...) are what Python sees: a strong reference to the store and a pointer into it.
 */

/* The rule of every entry point: Python can run at any conversion of an argument and any allocation of an object, and can close the store.
   So convert first, check that the store is open next, borrow last; run no Python while something is borrowed: copy it, or take a reference. */
#ifndef WASM_VM_CORE_H
#define WASM_VM_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmtypes.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#if PY_VERSION_HEX >= 0x030D0000
#define HASH_POINTER Py_HashPointer
#else
#define HASH_POINTER _Py_HashPointer
#endif

/* Whether [at, at + size) lies in [0, whole). Guests choose all 64 bits of an offset and of a size: their sum is never made, and nothing else compares them. */
static inline bool within(uint64_t at, uint64_t size, uint64_t whole) { return at <= whole && size <= whole - at; }

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* A number in the byte order of linear memories and segments, little-endian: to or from this machine's. */
static inline uint64_t wasm_order64(uint64_t n) { return HOST_IS_BIG ? __builtin_bswap64(n) : n; }
static inline uint32_t wasm_order32(uint32_t n) { return HOST_IS_BIG ? __builtin_bswap32(n) : n; }
static inline uint16_t wasm_order16(uint16_t n) { return HOST_IS_BIG ? __builtin_bswap16(n) : n; }

/* Turns the bytes of each number round, in place. `size`: of one, a power of two. */
static inline void swap_numbers(uint8_t *at, uint64_t bytes, unsigned size)
{
    for (uint8_t *const end = at + bytes; at != end; at += size)
        for (unsigned low = 0, high = size - 1; low < high; low++, high--) {
            const uint8_t byte = at[low];
            at[low] = at[high];
            at[high] = byte;
        }
}

/* Copies numbers to or from the byte order of linear memories. */
static inline void wasm_order_copy(void *out, const void *from, uint64_t bytes, unsigned size)
{
    memcpy(out, from, bytes);
    if (HOST_IS_BIG)
        swap_numbers(out, bytes, size);
}

typedef struct Store Store;
typedef struct Engine Engine;
typedef struct Loaded Loaded;
typedef struct Code Code;
typedef struct Instance Instance;
typedef struct HostFunc HostFunc;
typedef struct ThreadRecord ThreadRecord;
typedef struct Activation Activation;
struct ConstExpr;
struct ElementPlan;
struct Pool;
struct Image;

#endif
