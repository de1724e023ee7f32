/* arch.h: what differs between instruction sets: entering and leaving wasm, throwing, frames, machine contexts. One file an architecture implements it:
 * arch_aarch64.c, arch_riscv64.c, arch_s390x.c, arch_x86_64.c.
 */
#ifndef WASM_VM_ARCH_H
#define WASM_VM_ARCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtypes.h"

/* ---- in and out ---- */

/* Saves every register that the platform's C convention has a callee save, writes the stack pointer to *saved_sp, and calls entry(callee, values, code):
 * 0 when that returns, 1 when an unwind set the stack pointer back and jumped to wasm_landing. Its frame is one that walks pass through. */
int wasm_enter(VMContext *callee, VMValue *values, void *code, void *entry, uintptr_t *saved_sp);
_Noreturn void wasm_unwind(uintptr_t saved_sp);
extern const char wasm_landing[] __attribute__((visibility("hidden")));

/* New machine code is mapped, and its cache flushed: every thread of the process will fetch it. */
#ifdef __aarch64__
void code_published(void);
#else /* x86-64 and s390x keep instructions coherent; on riscv64 the system call behind __builtin___clear_cache is for all harts */
static inline void code_published(void) {}
#endif

/* Of the machine context that a handler of signals is given. */
uintptr_t context_pc(const void *ucontext);
uintptr_t context_sp(const void *ucontext);
uintptr_t context_fp(const void *ucontext);
void context_unwind(void *ucontext, uintptr_t saved_sp); /* the handler will return to wasm_landing */

/* ---- frames ---- */

/* FRAME_HERE(): the frame pointer of the C function it stands in, where a walk begins.
 * FRAME_NEXT, FRAME_BACK: where a frame keeps the next frame pointer and its return address, in bytes from its frame pointer; the unwind tables of compiled
 * code mostly say the same.
 * FRAME_BIAS: how far the canonical frame address lies above the caller's stack pointer. */
#if defined __s390x__
/* The frame pointer is the function's own stack pointer, where the back chain lies; its return address is in the register save area of its caller. gcc's
 * __builtin_frame_address is the caller's stack pointer, a frame too far. */
enum { FRAME_NEXT = 0, FRAME_BACK = 112, FRAME_BIAS = 160 };
#define FRAME_HERE() \
    __extension__({ \
        uintptr_t here_; \
        __asm__ volatile("lgr %0,%%r15" : "=r"(here_)); \
        here_; \
    })
#elif defined __riscv
enum { FRAME_NEXT = -16, FRAME_BACK = -8, FRAME_BIAS = 0 };
#define FRAME_HERE() ((uintptr_t)__builtin_frame_address(0))
#else
enum { FRAME_NEXT = 0, FRAME_BACK = 8, FRAME_BIAS = 0 };
#define FRAME_HERE() ((uintptr_t)__builtin_frame_address(0))
#endif

/* What the frame at `fp` keeps: the next frame pointer and its return address; false: it does not lie in [low, high). */
__attribute__((no_sanitize("address"))) static inline bool frame_link(uintptr_t fp, uintptr_t low, uintptr_t high, uintptr_t *next, uintptr_t *back)
{
    const uintptr_t room = 16;
    if (fp & 7 || low > high || high - low < 2 * room || fp < low || fp > high - room || (FRAME_NEXT < 0 && fp - low < room))
        return false;
    *next = *(const uintptr_t *)(fp + (uintptr_t)FRAME_NEXT);
#ifdef __s390x__
    if (*next & 7 || *next < low || *next > high || high - *next < FRAME_BIAS)
        return false;
    *back = *(const uintptr_t *)(*next + FRAME_BACK);
#else
    *back = *(const uintptr_t *)(fp + (uintptr_t)FRAME_BACK);
#endif
    return true;
}

/* The instruction that faulted. On s390x the pc is behind one that is illegal or divides by zero, which then is the fault's address. */
static inline uintptr_t fault_pc(int number, const void *address, const void *ucontext)
{
#ifdef __s390x__
    if (number == SIGILL || number == SIGFPE)
        return (uintptr_t)address;
#endif
    (void)number, (void)address;
    return context_pc(ucontext);
}

/* ---- throwing ---- */

/* The registers of wasm while an exception looks for its handler, by DWARF number: the places of the exnref, frame pointer, stack pointer, return address.
 * throw_restores: whether a frame can have saved that register. */
#if defined __x86_64__
enum { THROWN_VALUE = 0, THROWN_FP = 6, THROWN_SP = 7, THROWN_PC = 16, THROWN_WORDS = 17 };
static inline bool throw_restores(uint32_t number) { return number < THROWN_WORDS && (1u << 3 | 1u << 6 | 0xFu << 12 | 1u << 16) >> number & 1; } /* rbx, rbp, r12 to r15 */
#elif defined __aarch64__
enum { THROWN_VALUE = 0, THROWN_FP = 29, THROWN_SP = 31, THROWN_PC = 30, THROWN_WORDS = 80 };
static inline bool throw_restores(uint32_t number) { return (number >= 19 && number <= 30) || (number >= 72 && number < THROWN_WORDS); } /* x19 to x30, d8 to d15 */
#elif defined __riscv
enum { THROWN_VALUE = 10, THROWN_FP = 8, THROWN_SP = 2, THROWN_PC = 1, THROWN_WORDS = 60 };
static inline bool throw_restores(uint32_t number) /* ra, s0 to s11, fs0 to fs11 */
{
    return number == 1 || number == 8 || number == 9 || (number >= 18 && number <= 27) || number == 40 || number == 41 || (number >= 50 && number < THROWN_WORDS);
}
#elif defined __s390x__
enum { THROWN_VALUE = 2, THROWN_FP = 11, THROWN_SP = 15, THROWN_PC = 14, THROWN_WORDS = 32 };
static inline bool throw_restores(uint32_t number) { return (number >= 6 && number <= 15) || (number >= 24 && number < THROWN_WORDS); } /* r6 to r15, f8 to f15 */
#else
#error "no arch_*.c for this architecture: wasm-vm is for x86-64, aarch64, riscv64 and s390x"
#endif

/* libcall_throw_ref is the same as a libcall. It does not return to its caller: what throw_find says becomes the registers. */
void host_throw_ref(VMHostContext *context, uint64_t exception);
__attribute__((visibility("hidden"))) void throw_find(uintptr_t *registers); /* unwind.c: as they were at the throw -> as they must be at the handler */

/* ---- collecting garbage ---- */

/* The libcalls that may collect (libcalls.SAFE_POINTS), and a collection that the host asks for. A stub puts the registers that wasm may keep references in
 * over a call on the stack, and calls the function behind it with its own five arguments and, as sixth, where the part of the stack begins that may hold
 * references. STUB(stub, function) */
#define GC_STUBS(STUB) \
    STUB(libcall_gc_alloc, slow_gc_alloc) \
    STUB(libcall_array_alloc, slow_array_alloc) \
    STUB(libcall_array_new_data, slow_array_new_data) \
    STUB(libcall_array_new_elem, slow_array_new_elem) \
    STUB(gc_collect, slow_gc_collect)

/* A global symbol of this library that begins, or ends, in assembly text. */
#define ASM_FUNCTION(name) ".text\n.p2align 4\n.globl " #name "\n.hidden " #name "\n.type " #name ",%function\n" #name ":\n"
#define ASM_END(name) ".size " #name ",.-" #name "\n"

/* An address sanitizer is told of frames that are left without a return: by a function that stands in the last of them; by a handler of signals, which stands
 * elsewhere, from where to where. */
#ifdef __SANITIZE_ADDRESS__
void __asan_handle_no_return(void);
void __asan_unpoison_memory_region(const volatile void *start, size_t size);
#define LEAVING_FRAMES() __asan_handle_no_return()
#define LEAVING_FRAMES_BETWEEN(from, to) __asan_unpoison_memory_region((const void *)(from), (to) - (from))
#else
#define LEAVING_FRAMES() ((void)0)
#define LEAVING_FRAMES_BETWEEN(from, to) ((void)0)
#endif

#endif
