/* arch_aarch64.c: aarch64 (AAPCS64): into wasm and out again, throwing, and the stubs of libcalls that may collect garbage. See arch.h. */
#define _GNU_SOURCE
#include "runtime.h"

#ifdef __aarch64__
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* wasm_enter(callee x0, values x1, code x2, entry x3, saved_sp x4). Callee-saved: x19 to x28, the frame record, and the low halves of v8 to v15. */
__asm__(
    ASM_FUNCTION(wasm_enter)
    ".cfi_startproc\n"
    "  stp x29,x30,[sp,#-160]!\n"
    ".cfi_def_cfa_offset 160\n.cfi_offset x29,-160\n.cfi_offset x30,-152\n"
    "  mov x29,sp\n"
    "  stp x19,x20,[sp,#16]\n  stp x21,x22,[sp,#32]\n  stp x23,x24,[sp,#48]\n  stp x25,x26,[sp,#64]\n  stp x27,x28,[sp,#80]\n"
    "  stp d8,d9,[sp,#96]\n  stp d10,d11,[sp,#112]\n  stp d12,d13,[sp,#128]\n  stp d14,d15,[sp,#144]\n"
    "  mov x9,sp\n  str x9,[x4]\n"
    "  blr x3\n"
    "  mov w0,#0\n"
    "1: ldp d8,d9,[sp,#96]\n  ldp d10,d11,[sp,#112]\n  ldp d12,d13,[sp,#128]\n  ldp d14,d15,[sp,#144]\n"
    "  ldp x19,x20,[sp,#16]\n  ldp x21,x22,[sp,#32]\n  ldp x23,x24,[sp,#48]\n  ldp x25,x26,[sp,#64]\n  ldp x27,x28,[sp,#80]\n"
    "  ldp x29,x30,[sp],#160\n"
    ".cfi_def_cfa_offset 0\n"
    "  ret\n"
    ".cfi_endproc\n"
    ASM_END(wasm_enter)
    ASM_FUNCTION(wasm_landing)
    "  mov w0,#1\n"
    "  b 1b\n"
    ASM_END(wasm_landing));

_Noreturn void wasm_unwind(uintptr_t saved_sp)
{
    LEAVING_FRAMES();
    __asm__ volatile("mov sp,%0\n\tb wasm_landing" : : "r"(saved_sp) : "memory");
    __builtin_unreachable();
}

/* Another core may have fetched what was at this address before, and goes on with that until it synchronizes: an ISB on it, or a return from the system. A
 * system without this call leaves that to the system calls between (locks, the GIL). */
void code_published(void)
{
    const int command = MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, enroll = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    int saved = errno;
    if (syscall(SYS_membarrier, command, 0, 0) && errno == EPERM && !syscall(SYS_membarrier, enroll, 0, 0)) /* the first time in a process */
        syscall(SYS_membarrier, command, 0, 0);
    errno = saved;
}

uintptr_t context_pc(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.pc; }
uintptr_t context_sp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.sp; }
uintptr_t context_fp(const void *ucontext) { return ((const ucontext_t *)ucontext)->uc_mcontext.regs[29]; }

void context_unwind(void *ucontext, uintptr_t saved_sp)
{
    ((ucontext_t *)ucontext)->uc_mcontext.sp = saved_sp;
    ((ucontext_t *)ucontext)->uc_mcontext.pc = (uintptr_t)wasm_landing;
}

/* ---- throwing ---- */

/* libcall_throw_ref(context x0, exception x1), host_throw_ref(the same). The dump, by DWARF number: x0 (the exception), x19 to x29, 30 the return address,
 * 31 the stack pointer, 72 to 79 d8 to d15. */
__asm__(
    ASM_FUNCTION(libcall_throw_ref)
    ASM_FUNCTION(host_throw_ref)
    ".cfi_startproc\n"
    "  stp x29,x30,[sp,#-16]!\n"
    ".cfi_def_cfa_offset 16\n.cfi_offset x29,-16\n.cfi_offset x30,-8\n"
    "  mov x2,x29\n"
    "  mov x29,sp\n"
    ".cfi_def_cfa_register x29\n"
    "  add x3,sp,#16\n"
    "  sub sp,sp,#640\n"
    "  str x1,[sp]\n  stp x19,x20,[sp,#152]\n  stp x21,x22,[sp,#168]\n  stp x23,x24,[sp,#184]\n  stp x25,x26,[sp,#200]\n  stp x27,x28,[sp,#216]\n"
    "  stp x2,x30,[sp,#232]\n  str x3,[sp,#248]\n"
    "  add x4,sp,#576\n"
    "  stp d8,d9,[x4]\n  stp d10,d11,[x4,#16]\n  stp d12,d13,[x4,#32]\n  stp d14,d15,[x4,#48]\n"
    "  mov x0,sp\n"
    "  bl throw_find\n"
    "  add x4,sp,#576\n"
    "  ldp d8,d9,[x4]\n  ldp d10,d11,[x4,#16]\n  ldp d12,d13,[x4,#32]\n  ldp d14,d15,[x4,#48]\n"
    "  ldr x0,[sp]\n  ldp x19,x20,[sp,#152]\n  ldp x21,x22,[sp,#168]\n  ldp x23,x24,[sp,#184]\n  ldp x25,x26,[sp,#200]\n  ldp x27,x28,[sp,#216]\n"
    "  ldp x29,x2,[sp,#232]\n  ldr x3,[sp,#248]\n"
    "  mov sp,x3\n"
    "  br x2\n"
    ".cfi_endproc\n"
    ASM_END(libcall_throw_ref)
    ASM_END(host_throw_ref));

/* ---- collecting garbage ---- */

#define STUB(stub, function) \
    __asm__( \
        ASM_FUNCTION(stub) \
        ".cfi_startproc\n" \
        "  stp x29,x30,[sp,#-160]!\n" \
        ".cfi_def_cfa_offset 160\n.cfi_offset x29,-160\n.cfi_offset x30,-152\n" \
        "  mov x29,sp\n" \
        "  stp x19,x20,[sp,#16]\n  stp x21,x22,[sp,#32]\n  stp x23,x24,[sp,#48]\n  stp x25,x26,[sp,#64]\n  stp x27,x28,[sp,#80]\n" \
        "  stp d8,d9,[sp,#96]\n  stp d10,d11,[sp,#112]\n  stp d12,d13,[sp,#128]\n  stp d14,d15,[sp,#144]\n" \
        "  mov x5,sp\n" \
        "  bl " #function "\n" \
        "  ldp x29,x30,[sp],#160\n" \
        ".cfi_def_cfa_offset 0\n" \
        "  ret\n" \
        ".cfi_endproc\n" \
        ASM_END(stub));
GC_STUBS(STUB)
#endif
