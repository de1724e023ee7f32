/* arch_x86_64.c: x86-64: into wasm and out again, throwing, and the stubs of libcalls that may collect garbage. See arch.h. */
#define _GNU_SOURCE
#include "runtime.h"

#ifdef __x86_64__
#include <ucontext.h>

/* wasm_enter(callee rdi, values rsi, code rdx, entry rcx, saved_sp r8) */
__asm__(
    ASM_FUNCTION(wasm_enter)
    ".cfi_startproc\n"
    "  endbr64\n"
    "  pushq %rbp\n"
    ".cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"
    "  movq %rsp,%rbp\n"
    ".cfi_def_cfa_register %rbp\n"
    "  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n  subq $8,%rsp\n"
    ".cfi_offset %rbx,-24\n.cfi_offset %r12,-32\n.cfi_offset %r13,-40\n.cfi_offset %r14,-48\n.cfi_offset %r15,-56\n"
    "  movq %rsp,(%r8)\n"
    "  callq *%rcx\n"
    "  xorl %eax,%eax\n"
    "1: addq $8,%rsp\n  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
    ".cfi_def_cfa %rsp,8\n"
    "  retq\n"
    ".cfi_endproc\n"
    ASM_END(wasm_enter)
    ASM_FUNCTION(wasm_landing)
    "  endbr64\n"
    "  cld\n"
    "  movl $1,%eax\n"
    "  jmp 1b\n"
    ASM_END(wasm_landing));

_Noreturn void wasm_unwind(uintptr_t saved_sp)
{
    LEAVING_FRAMES();
    __asm__ volatile("movq %0,%%rsp\n\tjmp wasm_landing" : : "r"(saved_sp) : "memory");
    __builtin_unreachable();
}

uintptr_t context_pc(const void *ucontext)
{
    return (uintptr_t)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
}

uintptr_t context_sp(const void *ucontext)
{
    return (uintptr_t)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RSP];
}

uintptr_t context_fp(const void *ucontext)
{
    return (uintptr_t)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RBP];
}

void context_unwind(void *ucontext, uintptr_t saved_sp)
{
    greg_t *registers = ((ucontext_t *)ucontext)->uc_mcontext.gregs;
    registers[REG_RSP] = (greg_t)saved_sp;
    registers[REG_RIP] = (greg_t)(uintptr_t)wasm_landing;
}

/* ---- throwing ---- */

/* libcall_throw_ref(context rdi, exception rsi), host_throw_ref(the same). The dump, by DWARF number: rax 0 (the exception), rbx 3, rbp 6, rsp 7 (as the
 * return leaves it), r12 to r15, 16 the return address. A frame of its own, so that walks over frame pointers pass through. */
__asm__(
    ASM_FUNCTION(libcall_throw_ref)
    ASM_FUNCTION(host_throw_ref)
    ".cfi_startproc\n"
    "  endbr64\n"
    "  pushq %rbp\n"
    ".cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"
    "  movq %rsp,%rbp\n"
    ".cfi_def_cfa_register %rbp\n"
    "  subq $144,%rsp\n"
    "  movq 0(%rbp),%rax\n  movq 8(%rbp),%rcx\n  leaq 16(%rbp),%rdx\n"
    "  movq %rsi,0(%rsp)\n  movq %rbx,24(%rsp)\n  movq %rax,48(%rsp)\n  movq %rdx,56(%rsp)\n"
    "  movq %r12,96(%rsp)\n  movq %r13,104(%rsp)\n  movq %r14,112(%rsp)\n  movq %r15,120(%rsp)\n  movq %rcx,128(%rsp)\n"
    "  movq %rsp,%rdi\n"
    "  callq throw_find\n"
    "  movq %rsp,%rdi\n"
    "  movq 0(%rdi),%rax\n  movq 24(%rdi),%rbx\n  movq 48(%rdi),%rbp\n  movq 96(%rdi),%r12\n  movq 104(%rdi),%r13\n  movq 112(%rdi),%r14\n"
    "  movq 120(%rdi),%r15\n  movq 128(%rdi),%rcx\n  movq 56(%rdi),%rsp\n"
    "  jmpq *%rcx\n"
    ".cfi_endproc\n"
    ASM_END(libcall_throw_ref)
    ASM_END(host_throw_ref));

/* ---- collecting garbage ---- */

/* The pushed frame pointer lets backtraces pass through. */
#define STUB(stub, function) \
    __asm__( \
        ASM_FUNCTION(stub) \
        ".cfi_startproc\n" \
        "  endbr64\n" \
        "  pushq %rbp\n" \
        ".cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n" \
        "  movq %rsp,%rbp\n" \
        ".cfi_def_cfa_register %rbp\n" \
        "  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n  subq $8,%rsp\n" \
        "  movq %rsp,%r9\n" \
        "  callq " #function "\n" \
        "  movq -8(%rbp),%rbx\n  movq -16(%rbp),%r12\n  movq -24(%rbp),%r13\n  movq -32(%rbp),%r14\n  movq -40(%rbp),%r15\n" \
        "  leaveq\n" \
        ".cfi_def_cfa %rsp,8\n" \
        "  retq\n" \
        ".cfi_endproc\n" \
        ASM_END(stub));
GC_STUBS(STUB)
#endif
