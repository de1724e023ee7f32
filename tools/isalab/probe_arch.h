/* probe_arch.h: what probe.c runs on each architecture: pieces of code, a way in and out of them, registers of a signal's context. */
#ifndef PROBE_ARCH_H
#define PROBE_ARCH_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define BLOB(name, body) \
    __asm__(".text\n.p2align 4\n.globl blob_" #name "\n.hidden blob_" #name "\nblob_" #name ":\n" body "\n.globl end_" #name "\n.hidden end_" #name "\nend_" #name ":\n"); \
    extern const uint8_t blob_##name[], end_##name[];
/* A label inside a blob. */
#define MARK(name) ".globl mark_" #name "\n.hidden mark_" #name "\nmark_" #name ":\n"
#define AT(blob, mark) ((size_t)(mark_##mark - blob_##blob))
extern const uint8_t mark_load[], mark_store[], mark_ill[], mark_brk[], mark_div[], mark_ovf[], mark_fp[], mark_trapif[], mark_vst[];

/* int probe_enter(fn, a, b, saved_sp, result): *result = fn(a, b), returns 0; or 1 when a handler rewrote pc to probe_landing, sp to *saved_sp. */
typedef long (*Fn)(long, long);
int probe_enter(Fn fn, long a, long b, uintptr_t *saved_sp, long *result);
extern const uint8_t probe_landing[];

#if defined __aarch64__
#define ARCH "aarch64"
__asm__(".text\n.p2align 4\n.globl probe_enter\n.hidden probe_enter\n.type probe_enter,%function\nprobe_enter:\n"
        "stp x29,x30,[sp,#-176]!\nmov x29,sp\nstp x19,x20,[sp,#16]\nstp x21,x22,[sp,#32]\nstp x23,x24,[sp,#48]\nstp x25,x26,[sp,#64]\nstp x27,x28,[sp,#80]\n"
        "stp d8,d9,[sp,#96]\nstp d10,d11,[sp,#112]\nstp d12,d13,[sp,#128]\nstp d14,d15,[sp,#144]\nstr x4,[sp,#160]\n"
        "mov x9,sp\nstr x9,[x3]\nmov x9,x0\nmov x0,x1\nmov x1,x2\nblr x9\nldr x9,[sp,#160]\nstr x0,[x9]\nmov w0,#0\n"
        "1: ldp d8,d9,[sp,#96]\nldp d10,d11,[sp,#112]\nldp d12,d13,[sp,#128]\nldp d14,d15,[sp,#144]\n"
        "ldp x19,x20,[sp,#16]\nldp x21,x22,[sp,#32]\nldp x23,x24,[sp,#48]\nldp x25,x26,[sp,#64]\nldp x27,x28,[sp,#80]\nldp x29,x30,[sp],#176\nret\n"
        ".globl probe_landing\n.hidden probe_landing\nprobe_landing: mov w0,#1\nb 1b\n");
static const uint32_t hand_add[] = {0x8b010000, 0xd65f03c0}; /* add x0,x0,x1; ret */
static const uint32_t hand_sub[] = {0xcb010000, 0xd65f03c0}; /* sub x0,x0,x1; ret */
BLOB(load, "nop\n" MARK(load) "ldr w0,[x0,x1]\nret")
BLOB(store, "nop\n" MARK(store) "str w1,[x0,x1]\nret")
BLOB(fp, "stp x29,x30,[sp,#-16]!\nmov x29,x1\n" MARK(fp) "ldr w0,[x0]\nldp x29,x30,[sp],#16\nret")
BLOB(spin, "1: add x2,x2,#1\nb 1b")
BLOB(recurse, "1: stp x29,x30,[sp,#-496]!\nmov x29,sp\nbl 1b\nldp x29,x30,[sp],#496\nret")
BLOB(ill, "nop\n" MARK(ill) "udf #0\nret")
BLOB(brk, "nop\n" MARK(brk) "brk #0x1234\nret")
BLOB(div, MARK(div) "sdiv x0,x0,x1\nret")
BLOB(ovf, MARK(ovf) "sdiv x0,x0,x1\nret")
BLOB(trapif, "nop\n" MARK(trapif) "ret")
/* adds 1 to *a, b times */
BLOB(atomic, ".arch armv8-a+lse\nmov x2,#1\n1: ldaddal x2,x3,[x0]\nsubs x1,x1,#1\nb.ne 1b\nmov x0,#0\nret")
BLOB(llsc, "1: ldaxr x2,[x0]\nadd x2,x2,#1\nstlxr w3,x2,[x0]\ncbnz w3,1b\nsubs x1,x1,#1\nb.ne 1b\nmov x0,#0\nret")
BLOB(unaligned, "ldr x2,[x0]\nadd x0,x0,#8\nldr x3,[x0]\nadd x0,x2,x3\nret")
/* v = load16(a); v = v + v (int32 lanes); store16(b) */
BLOB(vector, "ldr q0,[x0]\nadd v0.4s,v0.4s,v0.4s\nstr q0,[x1]\nmov x0,#0\nret")
BLOB(vst, "movi v0.16b,#0xff\n" MARK(vst) "str q0,[x0]\nret")
BLOB(ext1, ".arch armv8.2-a+sve\ncntb x0\nret")                                 /* SVE: vector length in bytes */
BLOB(ext2, ".arch armv8.2-a+dotprod\nmovi v0.4s,#0\nldr q1,[x0]\nsdot v0.4s,v1.16b,v1.16b\nmov x0,#0\nret") /* dot product */
BLOB(ext3, ".arch armv8.3-a\nfjcvtzs w0,d0\nmov x0,#0\nret")                    /* FEAT_JSCVT */
static const char *ext_names[3] = {"SVE", "dotprod", "JSCVT"};
static uintptr_t pc_of(const ucontext_t *u) { return u->uc_mcontext.pc; }
static uintptr_t sp_of(const ucontext_t *u) { return u->uc_mcontext.sp; }
static uintptr_t fp_of(const ucontext_t *u) { return u->uc_mcontext.regs[29]; }
static void go(ucontext_t *u, uintptr_t pc, uintptr_t sp) { u->uc_mcontext.pc = pc; u->uc_mcontext.sp = sp; }
#elif defined __riscv
#define ARCH "riscv64"
__asm__(".text\n.p2align 4\n.globl probe_enter\n.hidden probe_enter\n.type probe_enter,@function\nprobe_enter:\n"
        "addi sp,sp,-224\nsd ra,216(sp)\nsd s0,208(sp)\naddi s0,sp,224\nsd s1,200(sp)\nsd s2,192(sp)\nsd s3,184(sp)\nsd s4,176(sp)\nsd s5,168(sp)\nsd s6,160(sp)\n"
        "sd s7,152(sp)\nsd s8,144(sp)\nsd s9,136(sp)\nsd s10,128(sp)\nsd s11,120(sp)\nfsd fs0,112(sp)\nfsd fs1,104(sp)\nfsd fs2,96(sp)\nfsd fs3,88(sp)\nfsd fs4,80(sp)\n"
        "fsd fs5,72(sp)\nfsd fs6,64(sp)\nfsd fs7,56(sp)\nfsd fs8,48(sp)\nfsd fs9,40(sp)\nfsd fs10,32(sp)\nfsd fs11,24(sp)\nsd a4,16(sp)\n"
        "sd sp,0(a3)\nmv t0,a0\nmv a0,a1\nmv a1,a2\njalr t0\nld t0,16(sp)\nsd a0,0(t0)\nli a0,0\n"
        "1: ld ra,216(sp)\nld s0,208(sp)\nld s1,200(sp)\nld s2,192(sp)\nld s3,184(sp)\nld s4,176(sp)\nld s5,168(sp)\nld s6,160(sp)\n"
        "ld s7,152(sp)\nld s8,144(sp)\nld s9,136(sp)\nld s10,128(sp)\nld s11,120(sp)\nfld fs0,112(sp)\nfld fs1,104(sp)\nfld fs2,96(sp)\nfld fs3,88(sp)\nfld fs4,80(sp)\n"
        "fld fs5,72(sp)\nfld fs6,64(sp)\nfld fs7,56(sp)\nfld fs8,48(sp)\nfld fs9,40(sp)\nfld fs10,32(sp)\nfld fs11,24(sp)\naddi sp,sp,224\nret\n"
        ".globl probe_landing\n.hidden probe_landing\nprobe_landing: li a0,1\nj 1b\n");
static const uint32_t hand_add[] = {0x00b50533, 0x00008067}; /* add a0,a0,a1; ret */
static const uint32_t hand_sub[] = {0x40b50533, 0x00008067}; /* sub a0,a0,a1; ret */
BLOB(load, "nop\nadd a0,a0,a1\n" MARK(load) "lw a0,0(a0)\nret")
BLOB(store, "nop\nadd a0,a0,a1\n" MARK(store) "sw a1,0(a0)\nret")
BLOB(fp, "addi sp,sp,-16\nsd s0,0(sp)\nmv s0,a1\n" MARK(fp) "lw a0,0(a0)\nld s0,0(sp)\naddi sp,sp,16\nret")
BLOB(spin, "1: addi t0,t0,1\nj 1b")
BLOB(recurse, "1: addi sp,sp,-512\nsd ra,504(sp)\nsd s0,496(sp)\naddi s0,sp,512\njal ra,1b\nld ra,504(sp)\nld s0,496(sp)\naddi sp,sp,512\nret")
BLOB(ill, "nop\n" MARK(ill) ".word 0xc0001073\nret") /* unimp */
BLOB(brk, "nop\n" MARK(brk) "ebreak\nret")
BLOB(div, MARK(div) "div a0,a0,a1\nret")
BLOB(ovf, MARK(ovf) "div a0,a0,a1\nret")
BLOB(trapif, "nop\n" MARK(trapif) ".2byte 0\nret") /* the compressed all-zero illegal instruction */
BLOB(atomic, "li a2,1\n1: amoadd.d.aqrl a3,a2,(a0)\naddi a1,a1,-1\nbnez a1,1b\nli a0,0\nret")
BLOB(llsc, "1: lr.d.aqrl a2,(a0)\naddi a2,a2,1\nsc.d.aqrl a3,a2,(a0)\nbnez a3,1b\naddi a1,a1,-1\nbnez a1,1b\nli a0,0\nret")
BLOB(unaligned, "ld a2,0(a0)\nld a3,8(a0)\nadd a0,a2,a3\nret")
/* vsetivli zero,4,e32,m1,ta,ma; vle32.v v1,(a0); vadd.vv v1,v1,v1; vse32.v v1,(a1): RVV 1.0, as words: old assemblers lack it */
BLOB(vector, ".word 0xcd027057\n.word 0x02056087\n.word 0x021080d7\n.word 0x0205e0a7\nli a0,0\nret")
BLOB(vst, ".word 0xcc087057\n.word 0x5e0fb0d7\n" MARK(vst) ".word 0x020500a7\nret") /* vsetivli zero,16,e8,m1; vmv.v.i v1,-1; vse8.v v1,(a0) */
BLOB(ext1, ".word 0xc2202573\nret")                       /* csrr a0,vlenb */
BLOB(ext2, ".word 0x20b52533\nli a0,0\nret")              /* Zba: sh1add a0,a0,a1 */
BLOB(ext3, ".word 0x0eb55533\nli a0,0\nret")              /* Zicond: czero.eqz a0,a0,a1 */
static const char *ext_names[3] = {"vlenb (V)", "Zba", "Zicond"};
static uintptr_t pc_of(const ucontext_t *u) { return u->uc_mcontext.__gregs[REG_PC]; }
static uintptr_t sp_of(const ucontext_t *u) { return u->uc_mcontext.__gregs[REG_SP]; }
static uintptr_t fp_of(const ucontext_t *u) { return u->uc_mcontext.__gregs[REG_S0]; }
static void go(ucontext_t *u, uintptr_t pc, uintptr_t sp) { u->uc_mcontext.__gregs[REG_PC] = pc; u->uc_mcontext.__gregs[REG_SP] = sp; }
#elif defined __s390x__
#define ARCH "s390x"
__asm__(".text\n.p2align 4\n.globl probe_enter\n.hidden probe_enter\n.type probe_enter,@function\nprobe_enter:\n"
        "stmg %r6,%r15,48(%r15)\naghi %r15,-240\nstd %f8,160(%r15)\nstd %f9,168(%r15)\nstd %f10,176(%r15)\nstd %f11,184(%r15)\nstd %f12,192(%r15)\nstd %f13,200(%r15)\n"
        "std %f14,208(%r15)\nstd %f15,216(%r15)\nlgr %r8,%r6\nstg %r15,0(%r5)\nlgr %r1,%r2\nlgr %r2,%r3\nlgr %r3,%r4\nbasr %r14,%r1\nstg %r2,0(%r8)\nlghi %r2,0\n"
        "1: ld %f8,160(%r15)\nld %f9,168(%r15)\nld %f10,176(%r15)\nld %f11,184(%r15)\nld %f12,192(%r15)\nld %f13,200(%r15)\nld %f14,208(%r15)\nld %f15,216(%r15)\n"
        "lmg %r6,%r15,288(%r15)\nbr %r14\n"
        ".globl probe_landing\n.hidden probe_landing\nprobe_landing: lghi %r2,1\nj 1b\n");
static const uint8_t hand_add[] = {0xb9, 0x08, 0x00, 0x23, 0x07, 0xfe}; /* agr %r2,%r3; br %r14 */
static const uint8_t hand_sub[] = {0xb9, 0x09, 0x00, 0x23, 0x07, 0xfe}; /* sgr %r2,%r3; br %r14 */
BLOB(load, "nopr\n" MARK(load) "llgf %r2,0(%r2,%r3)\nbr %r14")
BLOB(store, "nopr\n" MARK(store) "st %r3,0(%r2,%r3)\nbr %r14")
BLOB(fp, "lgr %r0,%r11\nlgr %r11,%r3\n" MARK(fp) "llgf %r2,0(%r2)\nlgr %r11,%r0\nbr %r14")
BLOB(spin, "1: aghi %r0,1\nj 1b")
BLOB(recurse, "1: stmg %r14,%r15,112(%r15)\naghi %r15,-512\nbrasl %r14,1b\nlmg %r14,%r15,624(%r15)\nbr %r14")
BLOB(ill, "nopr\n" MARK(ill) ".short 0\nbr %r14")
BLOB(brk, "nopr\n" MARK(brk) ".short 1\nbr %r14")
BLOB(div, "lgr %r1,%r2\n" MARK(div) "dsgr %r0,%r3\nlgr %r2,%r1\nbr %r14")
BLOB(ovf, "lgr %r1,%r2\n" MARK(ovf) "dsgr %r0,%r3\nlgr %r2,%r1\nbr %r14")
BLOB(trapif, "nopr\n" MARK(trapif) ".short 0xb960,0x8022\nbr %r14") /* cgrte %r2,%r2: compare and trap if equal */
BLOB(atomic, "lghi %r4,1\n1: .short 0xeb54,0x2000,0x00e8\nbrctg %r3,1b\nlghi %r2,0\nbr %r14") /* laag %r5,%r4,0(%r2) */
BLOB(llsc, "1: lg %r4,0(%r2)\n2: lgr %r5,%r4\naghi %r5,1\ncsg %r4,%r5,0(%r2)\njne 2b\nbrctg %r3,1b\nlghi %r2,0\nbr %r14")
BLOB(unaligned, "lg %r4,0(%r2)\nag %r4,8(%r2)\nlgr %r2,%r4\nbr %r14")
/* vl %v0,0(%r2); vaf %v0,%v0,%v0; vst %v0,0(%r3) */
BLOB(vector, ".short 0xe700,0x2000,0x0006\n.short 0xe700,0x0000,0x20f3\n.short 0xe700,0x3000,0x000e\nlghi %r2,0\nbr %r14")
BLOB(vst, ".short 0xe700,0xffff,0x0044\n" MARK(vst) ".short 0xe700,0x2000,0x000e\nbr %r14") /* vgbm %v0,0xffff; vst */
BLOB(ext1, ".short 0xe700,0x0000,0x20e3\nlghi %r2,0\nbr %r14") /* vfasb */
BLOB(ext2, ".short 0xe600,0x2000,0x3006\nlghi %r2,0\nbr %r14") /* vlbrg */
BLOB(ext3, ".short 0xb9e3,0x3822\nlghi %r2,0\nbr %r14")        /* selgre */
static const char *ext_names[3] = {"vfasb (VXE1, z14)", "vlbrg (VXE2, z15)", "selgre (MIE3, z15)"};
static uintptr_t pc_of(const ucontext_t *u) { return u->uc_mcontext.psw.addr; }
static uintptr_t sp_of(const ucontext_t *u) { return u->uc_mcontext.gregs[15]; }
static uintptr_t fp_of(const ucontext_t *u) { return u->uc_mcontext.gregs[11]; }
static void go(ucontext_t *u, uintptr_t pc, uintptr_t sp) { u->uc_mcontext.psw.addr = pc; u->uc_mcontext.gregs[15] = sp; }
#elif defined __x86_64__
#define ARCH "x86_64"
__asm__(".text\n.p2align 4\n.globl probe_enter\n.hidden probe_enter\n.type probe_enter,@function\nprobe_enter:\n"
        "pushq %rbp\nmovq %rsp,%rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\nsubq $8,%rsp\nmovq %r8,%rbx\nmovq %rsp,(%rcx)\n"
        "movq %rdi,%rax\nmovq %rsi,%rdi\nmovq %rdx,%rsi\ncallq *%rax\nmovq %rax,(%rbx)\nxorl %eax,%eax\n"
        "1: addq $8,%rsp\npopq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nretq\n"
        ".globl probe_landing\n.hidden probe_landing\nprobe_landing: movl $1,%eax\njmp 1b\n");
static const uint8_t hand_add[] = {0x48, 0x8d, 0x04, 0x37, 0xc3};       /* lea rax,[rdi+rsi]; ret */
static const uint8_t hand_sub[] = {0x48, 0x89, 0xf8, 0x48, 0x29, 0xf0, 0xc3}; /* mov rax,rdi; sub rax,rsi; ret */
BLOB(load, "nop\n" MARK(load) "movl (%rdi,%rsi),%eax\nret")
BLOB(store, "nop\n" MARK(store) "movl %esi,(%rdi,%rsi)\nret")
BLOB(fp, "pushq %rbp\nmovq %rsi,%rbp\n" MARK(fp) "movl (%rdi),%eax\npopq %rbp\nret")
BLOB(spin, "1: incq %rax\njmp 1b")
BLOB(recurse, "1: subq $504,%rsp\ncall 1b\naddq $504,%rsp\nret")
BLOB(ill, "nop\n" MARK(ill) "ud2\nret")
BLOB(brk, "nop\n" MARK(brk) "int3\nret")
BLOB(div, "movq %rdi,%rax\ncqto\n" MARK(div) "idivq %rsi\nret")
BLOB(ovf, "movq %rdi,%rax\ncqto\n" MARK(ovf) "idivq %rsi\nret")
BLOB(trapif, "nop\n" MARK(trapif) "ret")
BLOB(atomic, "1: lock incq (%rdi)\ndecq %rsi\njnz 1b\nxorl %eax,%eax\nret")
BLOB(llsc, "1: movq (%rdi),%rax\n2: leaq 1(%rax),%rdx\nlock cmpxchgq %rdx,(%rdi)\njne 2b\ndecq %rsi\njnz 1b\nxorl %eax,%eax\nret")
BLOB(unaligned, "movq (%rdi),%rax\naddq 8(%rdi),%rax\nret")
BLOB(vector, "movdqu (%rdi),%xmm0\npaddd %xmm0,%xmm0\nmovdqu %xmm0,(%rsi)\nxorl %eax,%eax\nret")
BLOB(vst, "pcmpeqd %xmm0,%xmm0\n" MARK(vst) "movdqu %xmm0,(%rdi)\nret")
BLOB(ext1, "xorl %eax,%eax\nret")
BLOB(ext2, "xorl %eax,%eax\nret")
BLOB(ext3, "xorl %eax,%eax\nret")
static const char *ext_names[3] = {"-", "-", "-"};
static uintptr_t pc_of(const ucontext_t *u) { return (uintptr_t)u->uc_mcontext.gregs[REG_RIP]; }
static uintptr_t sp_of(const ucontext_t *u) { return (uintptr_t)u->uc_mcontext.gregs[REG_RSP]; }
static uintptr_t fp_of(const ucontext_t *u) { return (uintptr_t)u->uc_mcontext.gregs[REG_RBP]; }
static void go(ucontext_t *u, uintptr_t pc, uintptr_t sp) { u->uc_mcontext.gregs[REG_RIP] = (greg_t)pc; u->uc_mcontext.gregs[REG_RSP] = (greg_t)sp; }
#else
#error "no such architecture here"
#endif

#endif
