/* gc_stubs_x86_64.c: the libcalls that may collect garbage (libcalls.SAFE_POINTS): the registers that wasm may keep references in over a call go to the stack,
 * and the C function is told where the part of the stack begins that holds references. */
#include "runtime.h"

#ifndef __x86_64__
#error "this file is for x86-64"
#endif

/* libcall_NAME(context, up to four more) calls slow_NAME with the stack pointer as sixth argument. The pushed frame pointer lets backtraces pass through. */
#define STUB(name) \
    __asm__( \
        ".text\n.p2align 4\n" \
        ".globl libcall_" #name "\n.hidden libcall_" #name "\n.type libcall_" #name ",@function\n" \
        "libcall_" #name ":\n" \
        ".cfi_startproc\n" \
        "  endbr64\n" \
        "  pushq %rbp\n" \
        ".cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n" \
        "  movq %rsp,%rbp\n" \
        ".cfi_def_cfa_register %rbp\n" \
        "  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n  subq $8,%rsp\n" \
        "  movq %rsp,%r9\n" \
        "  callq slow_" #name "\n" \
        "  movq -8(%rbp),%rbx\n  movq -16(%rbp),%r12\n  movq -24(%rbp),%r13\n  movq -32(%rbp),%r14\n  movq -40(%rbp),%r15\n" \
        "  leaveq\n" \
        ".cfi_def_cfa %rsp,8\n" \
        "  retq\n" \
        ".cfi_endproc\n" \
        ".size libcall_" #name ",.-libcall_" #name "\n")

STUB(gc_alloc);
STUB(array_alloc);
STUB(array_new_data);
STUB(array_new_elem);
