/* unwind.c: where an exception is caught: from frame to frame of wasm by the tables of the code, up to a handler or the activation's entry.
 *
 * Nothing of C or Python lies between the frames it goes through: a host function that throws has returned to its thunk before, and what a nested
 * activation does not catch leaves that one as a Python exception.
 */
#include "code.h"
#include "runtime.h"

#include <string.h>

enum { MAX_SAVED = sizeof ((UnwindRow *)NULL)->saved / sizeof(uint32_t) };

/* What a shape says, into its row; checked once, so that going through a frame need not. */
static void read_shape(UnwindRow *row, const uint32_t *shape)
{
    const int32_t word_size = (int32_t)sizeof(uintptr_t);
    uint32_t count = shape[1], others = 0;
    bool next = false, back = false, has_next = false, has_back = false;
    row->shape = shape;
    row->kind = FRAME_WRONG;
    row->cfa = (int32_t)shape[0];
    row->lowest = 0;
    if (count > SHAPE_WORDS - 2)
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = shape[2 + i], number = word >> 16;
        int32_t at = (int16_t)(word & 0xFFFF);
        if (!throw_restores(number) || at % word_size || at >= 0)
            return;
        has_next = has_next || number == THROWN_FP;
        has_back = has_back || number == THROWN_PC;
        row->lowest = at < row->lowest ? at : row->lowest;
        next = next || (number == THROWN_FP && at == FRAME_NEXT - row->cfa);
        back = back || (number == THROWN_PC && at == FRAME_BACK - row->cfa);
        if (number != THROWN_FP && number != THROWN_PC && others++ < MAX_SAVED)
            row->saved[others - 1] = word;
    }
    row->count = others;
    if (has_next && has_back)
        row->kind = next && back && others <= MAX_SAVED && others + 2 == count ? FRAME_LINKED : FRAME_OTHER;
}

/* What is known of a return address; the tables are searched once for each. */
static void look_up(const Code *code, uintptr_t pc, UnwindRow *row)
{
    uint32_t offset = (uint32_t)(pc - (uintptr_t)code->text);
    size_t low = 0, high = code->handler_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code->handlers[3 * middle + 1] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    row->pc = pc;
    row->pad = 0;
    if (low < code->handler_count && code->handlers[3 * low] <= offset && code->handlers[3 * low + 2] < code->text_size)
        row->pad = (uintptr_t)code->text + code->handlers[3 * low + 2];
    int64_t frame = code_last_row(code->frames, code->frame_count, offset);
    uint32_t number = frame < 0 ? 0 : code->frames[2 * frame + 1];
    row->kind = FRAME_ENTRY;
    if (number && number < code->shape_count)
        read_shape(row, code->shapes + (size_t)SHAPE_WORDS * number);
}

/* Rows are of code that was there when they were made; when any code has gone since, all are forgotten. */
static void forget_if_stale(ThreadRecord *thread)
{
    uint64_t gone = atomic_load(&code_gone);
    if (UNLIKELY(thread->unwind_gone != gone)) {
        memset(thread->unwind_rows, 0, sizeof thread->unwind_rows);
        thread->unwind_gone = gone;
    }
}

static const UnwindRow *row_at(ThreadRecord *thread, uintptr_t pc)
{
    UnwindRow *row = &thread->unwind_rows[(pc ^ pc >> 8) % UNWIND_ROWS];
    if (LIKELY(row->pc == pc))
        return row;
    const Code *code = code_find(pc);
    if (!code)
        return NULL;
    look_up(code, pc, row);
    if (UNLIKELY(code_is_cut(code))) {
        row->pc = 0;
        raise_cut();
    }
    return row;
}

/* From a frame to its caller's. false: the tables say what cannot be; nothing outside of the stack between sp and the activation's entry is read. */
__attribute__((no_sanitize("address"))) static inline bool step(uintptr_t *r, const UnwindRow *row, uintptr_t end, uintptr_t *pc)
{
    uintptr_t sp = r[THROWN_SP], fp = r[THROWN_FP], cfa = fp + (uintptr_t)row->cfa;
    if (UNLIKELY(cfa <= sp || cfa > end || cfa % sizeof cfa || cfa - sp < (uintptr_t)-row->lowest))
        return false;
    const uint32_t *word = row->saved, *last = word + row->count;
    if (LIKELY(row->kind == FRAME_LINKED)) {
        *pc = *(const uintptr_t *)(fp + (uintptr_t)FRAME_BACK);
        r[THROWN_FP] = *(const uintptr_t *)(fp + (uintptr_t)FRAME_NEXT);
    } else if (row->kind == FRAME_OTHER) {
        word = row->shape + 2;
        last = word + row->shape[1];
    } else {
        return false;
    }
    for (; word < last; word++)
        r[*word >> 16] = *(const uintptr_t *)(cfa + (uintptr_t)(int16_t)(*word & 0xFFFF));
    if (UNLIKELY(row->kind == FRAME_OTHER))
        *pc = r[THROWN_PC];
    r[THROWN_SP] = cfa - FRAME_BIAS;
    return true;
}

/* No frame of wasm catches it: the activation ends, and raises WasmException; or the frames are not what the tables say. */
_Noreturn static void uncaught(ThreadRecord *thread, Activation *activation, uint64_t exception, bool lost)
{
    Trail *trail = &thread->trail;
    activation->outcome = lost ? OUTCOME_LOST_FRAME : OUTCOME_EXCEPTION;
    activation->store->pending_exception = exception;
    memcpy(thread->frames, trail->frames, sizeof *trail->frames * trail->count);
    capture_outer(thread, activation, trail->count, FRAME_HERE());
    trail->exception = 0;
    wasm_unwind(activation->saved_sp);
}

/* Where a handler throws it on, the frame is in the trail already, as the call that it was thrown through: so `pc` is left out then. */
static inline bool goes_on(Trail *trail, uint64_t exception, uintptr_t fp)
{
    if (trail->exception == exception && trail->fp == fp)
        return true;
    trail->count = 0;
    return false;
}

static inline void leave(Trail *trail, uintptr_t pc)
{
    if (LIKELY(trail->count < MAX_FRAMES))
        trail->frames[trail->count++] = pc;
}

void throw_find(uintptr_t *r)
{
    poll_interrupt(); /* may run Python's signal handlers: before anything is looked up */
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    Trail *trail = &thread->trail;
    uint64_t exception = r[THROWN_VALUE];
    bool known = goes_on(trail, exception, r[THROWN_FP]);
    forget_if_stale(thread);
    for (uintptr_t pc = r[THROWN_PC];; known = false) {
        const UnwindRow *row = row_at(thread, pc - 1); /* in the call */
        if (row && !row->pad && row->kind == FRAME_ENTRY)
            uncaught(thread, activation, exception, false);
        if (row && !known)
            leave(trail, pc - 1);
        if (row && row->pad) {
            r[THROWN_PC] = row->pad;
            trail->exception = exception;
            trail->fp = r[THROWN_FP];
            return;
        }
        if (UNLIKELY(!row || !step(r, row, activation->saved_sp, &pc))) {
            const Code *code = row ? code_find(row->pc) : NULL;
            if (code && code_is_cut(code))
                raise_cut();
            uncaught(thread, activation, exception, true);
        }
    }
}
