/* entry_x86_64.c: into wasm and out again on x86-64: the entry that saves the stack pointer, the landing pad, the machine context. */
#define _GNU_SOURCE
#include <ucontext.h>

#include "runtime.h"

#ifndef __x86_64__
#error "this file is for x86-64"
#endif

/* int wasm_enter(callee rdi, values rsi, code rdx, entry rcx, saved_sp r8): calls entry(callee, values, code) and returns 0;
 * or 1, when an unwind set rsp back to *saved_sp and jumped to wasm_landing. rbp is pushed first, so a walk over frame
 * pointers passes through. */
__asm__(
    ".text\n.p2align 4\n"
    ".globl wasm_enter\n.hidden wasm_enter\n.type wasm_enter,@function\n"
    "wasm_enter:\n"
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
    ".size wasm_enter,.-wasm_enter\n"
    ".globl wasm_landing\n.hidden wasm_landing\n.type wasm_landing,@function\n"
    "wasm_landing:\n"
    "  endbr64\n"
    "  cld\n"
    "  movl $1,%eax\n"
    "  jmp 1b\n"
    ".size wasm_landing,.-wasm_landing\n");

#ifdef __SANITIZE_ADDRESS__
void __asan_handle_no_return(void);
#endif

_Noreturn void wasm_unwind(uintptr_t saved_sp)
{
#ifdef __SANITIZE_ADDRESS__
    __asan_handle_no_return();
#endif
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
