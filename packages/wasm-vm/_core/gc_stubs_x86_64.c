/* gc_stubs_x86_64.c: the libcalls that may collect garbage (libcalls.SAFE_POINTS), and a collection that the host asks for: the registers that wasm may keep
 * references in over a call go to the stack, and the C function is told where the part of the stack begins that holds references. */
#include "runtime.h"

#ifndef __x86_64__
#error "this file is for x86-64"
#endif

/* stub(up to five arguments) calls function with them and the stack pointer as sixth. The pushed frame pointer lets backtraces pass through. */
#define STUB(stub, function) \
    __asm__( \
        ".text\n.p2align 4\n" \
        ".globl " #stub "\n.hidden " #stub "\n.type " #stub ",@function\n" \
        #stub ":\n" \
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
        ".size " #stub ",.-" #stub "\n")

STUB(libcall_gc_alloc, slow_gc_alloc);
STUB(libcall_array_alloc, slow_array_alloc);
STUB(libcall_array_new_data, slow_array_new_data);
STUB(libcall_array_new_elem, slow_array_new_elem);
STUB(gc_collect, slow_gc_collect);
