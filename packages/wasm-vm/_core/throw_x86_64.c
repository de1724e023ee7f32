/* throw_x86_64.c: throwing on x86-64: the stub that dumps the registers of wasm, and goes on where the exception is caught. */
#include "runtime.h"

#ifndef __x86_64__
#error "this file is for x86-64"
#endif

/* By DWARF number: rbx, rbp, r12 to r15, and the return address. */
const uint32_t throw_restorable = 1u << 3 | 1u << 6 | 0xFu << 12 | 1u << 16;

/* libcall_throw_ref(context rdi, exception rsi), host_throw_ref(the same), which return to no caller: what throw_find says becomes the registers. The
 * dump is a Thrown, indexed by DWARF number: rax 0 (the exception), rbx 3, rbp 6, rsp 7 (as the return leaves it), r12 to r15, 16 the return address. A frame of
 * its own, so that walks over frame pointers pass through. */
__asm__(
    ".text\n.p2align 4\n"
    ".globl libcall_throw_ref\n.hidden libcall_throw_ref\n.type libcall_throw_ref,@function\n"
    ".globl host_throw_ref\n.hidden host_throw_ref\n.type host_throw_ref,@function\n"
    "libcall_throw_ref:\n"
    "host_throw_ref:\n"
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
    ".size libcall_throw_ref,.-libcall_throw_ref\n"
    ".size host_throw_ref,.-host_throw_ref\n");
