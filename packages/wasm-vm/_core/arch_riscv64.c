/* arch_riscv64.c: riscv64 (LP64D): into wasm and out again, throwing, and the stubs of libcalls that may collect garbage. See arch.h. */
#define _GNU_SOURCE
#include "runtime.h"

#if defined __riscv && __riscv_xlen == 64
#include <ucontext.h>

/* op(register, k): each callee-saved register, and its place among them. */
#define EACH_SAVED(integer, floating) \
    integer("s1", "0") integer("s2", "1") integer("s3", "2") integer("s4", "3") integer("s5", "4") integer("s6", "5") integer("s7", "6") \
    integer("s8", "7") integer("s9", "8") integer("s10", "9") integer("s11", "10") \
    floating("fs0", "11") floating("fs1", "12") floating("fs2", "13") floating("fs3", "14") floating("fs4", "15") floating("fs5", "16") \
    floating("fs6", "17") floating("fs7", "18") floating("fs8", "19") floating("fs9", "20") floating("fs10", "21") floating("fs11", "22")
#define SD(register, k) "  sd " register ",8*" k "(sp)\n"
#define LD(register, k) "  ld " register ",8*" k "(sp)\n"
#define FSD(register, k) "  fsd " register ",8*" k "(sp)\n"
#define FLD(register, k) "  fld " register ",8*" k "(sp)\n"
/* A frame of 208 bytes: the saved registers, then s0 and ra right below the frame pointer, as every frame has them. */
#define FRAME_BEGIN \
    "  addi sp,sp,-208\n" \
    ".cfi_def_cfa_offset 208\n" \
    "  sd ra,200(sp)\n  sd s0,192(sp)\n" \
    ".cfi_offset ra,-8\n.cfi_offset s0,-16\n" \
    "  addi s0,sp,208\n"
#define FRAME_END \
    "  ld ra,200(sp)\n  ld s0,192(sp)\n" \
    "  addi sp,sp,208\n" \
    ".cfi_def_cfa_offset 0\n" \
    "  ret\n"

/* wasm_enter(callee a0, values a1, code a2, entry a3, saved_sp a4) */
__asm__(
    ASM_FUNCTION(wasm_enter)
    ".cfi_startproc\n"
    FRAME_BEGIN
    EACH_SAVED(SD, FSD)
    "  sd sp,0(a4)\n"
    "  jalr a3\n"
    "  li a0,0\n"
    "1:\n"
    EACH_SAVED(LD, FLD)
    FRAME_END
    ".cfi_endproc\n"
    ASM_END(wasm_enter)
    ASM_FUNCTION(wasm_landing)
    "  csrwi frm,0\n" /* LLVM's code for V rounds up or down in between, where an interruption may come: to nearest, as wasm and C have it */
    "  li a0,1\n"
    "  j 1b\n"
    ASM_END(wasm_landing));

_Noreturn void wasm_unwind(uintptr_t saved_sp)
{
    LEAVING_FRAMES();
    __asm__ volatile("mv sp,%0\n\ttail wasm_landing" : : "r"(saved_sp) : "memory");
    __builtin_unreachable();
}

uintptr_t context_pc(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.__gregs[REG_PC]; }
uintptr_t context_sp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.__gregs[REG_SP]; }
uintptr_t context_fp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.__gregs[REG_S0]; }

void context_unwind(void *ucontext, uintptr_t saved_sp)
{
    ((ucontext_t *)ucontext)->uc_mcontext.__gregs[REG_SP] = saved_sp;
    ((ucontext_t *)ucontext)->uc_mcontext.__gregs[REG_PC] = (uintptr_t)wasm_landing;
}

/* ---- throwing ---- */

/* The dump, by DWARF number: 1 the return address, 2 the stack pointer, 8 s0, 9 s1, 10 a0 (the exception), 18 to 27 s2 to s11, 40 and 41 fs0 and fs1, 50 to
 * 59 fs2 to fs11. */
#define EACH_THROWN(integer, floating) \
    integer("s1", "9") integer("s2", "18") integer("s3", "19") integer("s4", "20") integer("s5", "21") integer("s6", "22") integer("s7", "23") \
    integer("s8", "24") integer("s9", "25") integer("s10", "26") integer("s11", "27") \
    floating("fs0", "40") floating("fs1", "41") floating("fs2", "50") floating("fs3", "51") floating("fs4", "52") floating("fs5", "53") \
    floating("fs6", "54") floating("fs7", "55") floating("fs8", "56") floating("fs9", "57") floating("fs10", "58") floating("fs11", "59")

/* libcall_throw_ref(context a0, exception a1), host_throw_ref(the same) */
__asm__(
    ASM_FUNCTION(libcall_throw_ref)
    ASM_FUNCTION(host_throw_ref)
    ".cfi_startproc\n"
    "  addi sp,sp,-496\n"
    ".cfi_def_cfa_offset 496\n"
    "  sd ra,488(sp)\n  sd s0,480(sp)\n"
    ".cfi_offset ra,-8\n.cfi_offset s0,-16\n"
    EACH_THROWN(SD, FSD)
    "  addi t0,sp,496\n"
    SD("ra", "1") SD("t0", "2") SD("s0", "8") SD("a1", "10")
    "  mv s0,t0\n"
    "  mv a0,sp\n"
    "  call throw_find\n"
    EACH_THROWN(LD, FLD)
    LD("t1", "1") LD("t0", "2") LD("s0", "8") LD("a0", "10")
    "  mv sp,t0\n"
    "  jr t1\n"
    ".cfi_endproc\n"
    ASM_END(libcall_throw_ref)
    ASM_END(host_throw_ref));

/* ---- collecting garbage ---- */

#define STUB(stub, function) \
    __asm__( \
        ASM_FUNCTION(stub) \
        ".cfi_startproc\n" \
        FRAME_BEGIN \
        EACH_SAVED(SD, FSD) \
        "  mv a5,sp\n" \
        "  call " #function "\n" \
        FRAME_END \
        ".cfi_endproc\n" \
        ASM_END(stub));
GC_STUBS(STUB)
#endif
