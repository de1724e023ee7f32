/* probe_faults.h: a row reported, a piece of code written and called, what its fault was. */
#ifndef PROBE_FAULTS_H
#define PROBE_FAULTS_H

#include "probe_arch.h"

/* ---- reporting ---- */

static PyObject *rows;
static bool verdict_all;

static void report(const char *name, int ok, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    printf("%-5s %-28s %s\n", ok < 0 ? "note" : ok ? "ok" : "FAIL", name, text);
    fflush(stdout);
    PyObject *row = Py_BuildValue("(sis)", name, ok, text);
    PyList_Append(rows, row);
    Py_DECREF(row);
    if (!ok)
        verdict_all = false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- faults ---- */

static __thread struct {
    uintptr_t saved_sp;
    int in_code, number, code, pid;
    uintptr_t address, pc, sp, fp;
    bool on_alt;
} trap;

static void on_fault(int number, siginfo_t *info, void *context)
{
    if (!trap.in_code) {
        static const char text[] = "probe: a fault outside generated code\n";
        if (write(2, text, sizeof text - 1) < 0) {}
        signal(number, SIG_DFL);
        return;
    }
    stack_t alt;
    sigaltstack(NULL, &alt);
    trap.number = number;
    trap.code = info->si_code;
    trap.pid = info->si_code <= 0 ? info->si_pid : 0;
    trap.address = (uintptr_t)info->si_addr;
    trap.pc = pc_of(context);
    trap.sp = sp_of(context);
    trap.fp = fp_of(context);
    trap.on_alt = (alt.ss_flags & SS_ONSTACK) != 0;
    go(context, (uintptr_t)probe_landing, trap.saved_sp);
}

static int call(const void *fn, long a, long b, long *result)
{
    trap.number = 0;
    trap.in_code = 1;
    int outcome = probe_enter((Fn)(uintptr_t)fn, a, b, &trap.saved_sp, result);
    trap.in_code = 0;
    return outcome;
}

static int altstack(void)
{
    stack_t s = {.ss_sp = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0), .ss_size = 65536};
    return sigaltstack(&s, NULL);
}

static uint8_t *code;
enum { CODE = 65536 };

static const void *emit(size_t at, const void *from, size_t size)
{
    memcpy(code + at, from, size);
    return code + at;
}
#define EMIT(at, name) emit(at, blob_##name, (size_t)(end_##name - blob_##name))

static const char *fault_text(char *into, size_t size)
{
    snprintf(into, size, "signal %d code %d addr %#lx pc code+%#lx sp %s alt %d", trap.number, trap.code, (long)trap.address, (long)(trap.pc - (uintptr_t)code),
             trap.sp < trap.saved_sp + 1 && trap.sp > trap.saved_sp - 65536 ? "sane" : "WRONG", trap.on_alt);
    return into;
}

#endif
