/* arch_s390x.c: s390x (the ELF ABI with the vector facility): into wasm and out again, throwing, and the stubs of libcalls that may collect garbage. See arch.h.
 *
 * A frame begins at its stack pointer with the back chain, to its caller's; a callee stores r6 to r15 at 48 to 127 of its caller's frame. The unsaved halves of
 * v8 to v15 are the caller's to keep.
 */
#define _GNU_SOURCE
#include "runtime.h"

#ifdef __s390x__
#include <ucontext.h>

/* op(register, k): each callee-saved register for floats, and its place among them. */
#define EACH_FLOAT(op, base) \
    op("8", base "+0") op("9", base "+8") op("10", base "+16") op("11", base "+24") op("12", base "+32") op("13", base "+40") op("14", base "+48") \
    op("15", base "+56")
#define STD(number, at) "  std %f" number "," at "(%r15)\n"
#define LD(number, at) "  ld %f" number "," at "(%r15)\n"

/* wasm_enter(callee r2, values r3, code r4, entry r5, saved_sp r6) */
__asm__(
    ASM_FUNCTION(wasm_enter)
    ".cfi_startproc\n"
    "  stmg %r6,%r15,48(%r15)\n"
    ".cfi_offset %r6,-112\n.cfi_offset %r7,-104\n.cfi_offset %r8,-96\n.cfi_offset %r9,-88\n.cfi_offset %r10,-80\n.cfi_offset %r11,-72\n"
    ".cfi_offset %r12,-64\n.cfi_offset %r13,-56\n.cfi_offset %r14,-48\n.cfi_offset %r15,-40\n"
    "  lgr %r1,%r15\n"
    "  aghi %r15,-224\n"
    ".cfi_def_cfa_offset 384\n"
    "  stg %r1,0(%r15)\n"
    "  lgr %r11,%r15\n"
    EACH_FLOAT(STD, "160")
    "  stg %r15,0(%r6)\n"
    "  basr %r14,%r5\n"
    "  lghi %r2,0\n"
    "1:\n"
    EACH_FLOAT(LD, "160")
    "  lmg %r6,%r15,272(%r15)\n"
    ".cfi_def_cfa_offset 160\n"
    "  br %r14\n"
    ".cfi_endproc\n"
    ASM_END(wasm_enter)
    ASM_FUNCTION(wasm_landing)
    "  lghi %r2,1\n"
    "  j 1b\n"
    ASM_END(wasm_landing));

_Noreturn void wasm_unwind(uintptr_t saved_sp)
{
    LEAVING_FRAMES();
    __asm__ volatile("lgr %%r15,%0\n\tjg wasm_landing" : : "r"(saved_sp) : "memory");
    __builtin_unreachable();
}

uintptr_t context_pc(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.psw.addr; }
uintptr_t context_sp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.gregs[15]; }
uintptr_t context_fp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.gregs[11]; }

void context_unwind(void *ucontext, uintptr_t saved_sp)
{
    ((ucontext_t *)ucontext)->uc_mcontext.gregs[15] = saved_sp;
    ((ucontext_t *)ucontext)->uc_mcontext.psw.addr = (uintptr_t)wasm_landing;
}

/* ---- throwing ---- */

/* libcall_throw_ref(context r2, exception r3), host_throw_ref(the same). The dump, by DWARF number: r2 (the exception), r6 to r13, 14 the return address, 15 the
 * stack pointer, 24 to 31 f8, f10, f12, f14, f9, f11, f13, f15. A landing pad is given the exception in r2 and in r6, where the platform's unwinders put it. */
#define EACH_THROWN(op) \
    op("8", "160+192") op("10", "160+200") op("12", "160+208") op("14", "160+216") op("9", "160+224") op("11", "160+232") op("13", "160+240") op("15", "160+248")
__asm__(
    ASM_FUNCTION(libcall_throw_ref)
    ASM_FUNCTION(host_throw_ref)
    ".cfi_startproc\n"
    "  stmg %r6,%r15,48(%r15)\n"
    ".cfi_offset %r14,-48\n.cfi_offset %r15,-40\n"
    "  lgr %r1,%r15\n"
    "  aghi %r15,-416\n"
    ".cfi_def_cfa_offset 576\n"
    "  stg %r1,0(%r15)\n"
    "  stg %r3,176(%r15)\n"
    "  stmg %r6,%r14,208(%r15)\n"
    "  stg %r1,280(%r15)\n"
    EACH_THROWN(STD)
    "  la %r2,160(%r15)\n"
    "  brasl %r14,throw_find\n"
    EACH_THROWN(LD)
    "  lmg %r7,%r14,216(%r15)\n"
    "  lg %r2,176(%r15)\n"
    "  lgr %r6,%r2\n"
    "  lg %r15,280(%r15)\n"
    "  br %r14\n"
    ".cfi_endproc\n"
    ASM_END(libcall_throw_ref)
    ASM_END(host_throw_ref));

/* ---- collecting garbage ---- */

/* The sixth argument is on the stack. */
#define STUB(stub, function) \
    __asm__( \
        ASM_FUNCTION(stub) \
        ".cfi_startproc\n" \
        "  stmg %r6,%r15,48(%r15)\n" \
        ".cfi_offset %r14,-48\n.cfi_offset %r15,-40\n" \
        "  lgr %r1,%r15\n" \
        "  aghi %r15,-232\n" \
        ".cfi_def_cfa_offset 392\n" \
        "  stg %r1,0(%r15)\n" \
        EACH_FLOAT(STD, "168") \
        "  stg %r15,160(%r15)\n" \
        "  brasl %r14," #function "\n" \
        "  lmg %r6,%r15,280(%r15)\n" \
        ".cfi_def_cfa_offset 160\n" \
        "  br %r14\n" \
        ".cfi_endproc\n" \
        ASM_END(stub));
GC_STUBS(STUB)
#endif
