/* runtime.h: threads inside wasm: activations, traps, interruption. See activation.c, trap.c, interrupt_linux.c, signals_linux.c. */
#ifndef WASM_VM_RUNTIME_H
#define WASM_VM_RUNTIME_H

#include <stdatomic.h>
#include <sys/types.h>

#include "arch.h"
#include "engine.h"
#include "store.h"

/* How an activation ended, when not by returning. */
enum Outcome {
    OUTCOME_TRAP = 1,
    OUTCOME_PYTHON_ERROR = 2,
    OUTCOME_FILE_CHANGED = 3,
    OUTCOME_NO_MEMORY = 4,
    OUTCOME_EXCEPTION = 5, /* of wasm: the store's pending one */
    OUTCOME_LOST_FRAME = 6 /* the same, but the way to its handler, if there is one, was not found */
};

/* One entry into wasm, on the C stack of the thread that made it. */
struct Activation {
    Activation *prev;
    uintptr_t saved_sp; /* of wasm_enter: where an unwind lands */
    Store *store;       /* borrowed: the caller holds it */
    uintptr_t stack_limit; /* of wasm in this activation: what the store's is while it runs */
    PyThreadState *thread_state; /* non-NULL while the GIL is released for it */
    uintptr_t exit_fp;           /* frame pointer of the C frame that left wasm (host call, trap, signal) */
    uintptr_t exit_pc;           /* pc in wasm, or 0: found above exit_fp */
    uint32_t outcome, trap_code;
    uint32_t frame_count; /* in ThreadRecord.frames, captured by a trap */
    bool fault_known;     /* of TRAP_MEMORY_OUT_OF_BOUNDS: the two below are set */
    uint64_t fault_address, fault_size; /* in bytes: where in the memory, and how large that was */
};

/* A call with a timeout. On the heap, because greenlets move stacks about; linked while the call runs, under the monitor's lock. */
typedef struct Deadline {
    struct Deadline *next;
    const Store *store; /* whose call; alive while it runs */
    uint64_t at;        /* CLOCK_MONOTONIC nanoseconds */
    bool fired;
} Deadline;

enum { INTERRUPT_TIMEOUT = 1, INTERRUPT_EPOCH = 2, INTERRUPT_SIGNALS = 4 };
enum { MAX_FRAMES = 64 };

/* What unwinding found out about a return address - 1. */
enum Frame { FRAME_ENTRY, FRAME_LINKED, FRAME_OTHER, FRAME_WRONG };
typedef struct UnwindRow {
    uintptr_t pc;          /* 0: an empty row */
    uintptr_t pad;         /* where its handler begins, or 0 */
    const uint32_t *shape; /* of the frame; borrowed from the code */
    int32_t cfa, lowest;   /* from the frame pointer, and from there: the canonical frame address, and the lowest register */
    uint32_t kind;         /* enum Frame: nothing is unwound through it; frame pointers are a chain, return addresses behind them; not so; a shape that cannot be */
    uint32_t count;        /* of a linked one, in `saved`: other registers, as words of a shape */
    uint32_t saved[6];
} UnwindRow;
_Static_assert(sizeof(UnwindRow) == 64, "a cache line");
enum { UNWIND_ROWS = 256 };

/* The frames that the last exception has left so far, which its backtrace begins with if the handler that has it throws it on. */
typedef struct Trail {
    uint64_t exception; /* which, ... */
    uintptr_t fp;       /* ... and the frame pointer of the handler's frame, which is the last one here */
    uint32_t count;
    uintptr_t frames[MAX_FRAMES];
} Trail;

/* What threads read of one another, on machines that reorder more than x86-64 does:
 * - `in_wasm` and `activation` are written relaxed by their own thread and read by it, in its handlers of signals, where program order is enough. The monitor
 *   reads `in_wasm` after it has set a bit of `interrupt`, while the thread sets `in_wasm` before it reads `interrupt`. Without a barrier between, on x86-64
 *   as well, both may miss the other's write; a waiting bit is looked at again every TICK, by when the writes have arrived.
 * - `interrupt` changes by read-modify-write only, so no bit is lost. What a bit stands for (a deadline, an epoch) is read under the monitor's lock or seq_cst.
 * - 64-bit counters and epochs are atomics or __atomic accesses: single instructions on all four architectures, never torn.
 * - A store moves from thread to thread with the GIL or the user's lock, whose hand-over is a release and an acquire. The length of a shared memory is
 *   published seq_cst after its pages are accessible; who sees the old length traps or reads less, as the threads proposal allows.
 * - Code: mapped, flushed and made known to all cores (code_published) before the registry has it, which is read and written seq_cst. */
struct ThreadRecord {
    Activation *_Atomic activation; /* innermost */
    atomic_uint interrupt;          /* INTERRUPT_* that wait */
    atomic_uint poked;              /* pokes since one arrived: real-time signals queue, and what queues comes all at once */
    atomic_int in_wasm;             /* 1: in compiled code or a libcall; 0: in the host */
    _Atomic uint64_t calls;         /* entries so far: whether anything happens */
    uint64_t seen_calls;            /* the monitor's */
    atomic_uint *_Atomic park;      /* non-NULL while waiting on an address: the word to wake it by */
    uintptr_t stack_low;            /* lowest address wasm may use */
    uintptr_t stack_bottom, stack_top;
    pid_t tid;
    bool is_main;
    void *_Atomic epoch_engine; /* while inside a store with epoch interruption */
    _Atomic uint64_t epoch_deadline;
    Deadline *deadlines;       /* under the monitor's lock */
    ThreadRecord *next, *prev; /* all threads, under the monitor's lock */
    void *altstack;            /* owned mapping or NULL */
    uintptr_t frames[MAX_FRAMES];
    UnwindRow unwind_rows[UNWIND_ROWS];
    Trail trail;
    uint64_t unwind_gone; /* code_gone when they were made */
};

extern __thread ThreadRecord *tls_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* activation.c */
ThreadRecord *thread_start(void); /* this thread's record, made if need be; NULL with an exception */
int vm_enter(Store *store, VMContext *callee, VMValue *values, void *code, void *entry, double timeout); /* -1 with an exception */
/* Leaving wasm for Python in a host call or libcall, and coming back. Nothing may unwind in between but unwind_python_error. */
PyThreadState *leave_wasm(ThreadRecord *thread, Activation *activation, uintptr_t exit_pc, uintptr_t exit_fp);
void return_to_wasm(ThreadRecord *thread, Activation *activation, PyThreadState *released);
int run_python_signals(ThreadRecord *thread, Activation *activation, uintptr_t exit_pc, uintptr_t exit_fp); /* -1: a handler raised */

/* stack_linux.c */
int stack_bounds(ThreadRecord *thread); /* of the calling thread; -1 with an exception */
/* *limit <- the lowest address wasm of this store may use when entered here; false: too little is left to enter. */
bool stack_limit(const ThreadRecord *thread, const Store *store, uintptr_t *limit);

/* trap.c */
void capture_frames(ThreadRecord *thread, Activation *activation, uintptr_t pc, uintptr_t sp, uintptr_t fp);
void capture_outer(ThreadRecord *thread, Activation *activation, uint32_t count, uintptr_t sp); /* `count` are there: those of the activations around it */
_Noreturn void raise_cut(void);                 /* from a libcall: code_is_cut */
_Noreturn void raise_trap(uint32_t code);        /* from a libcall, in wasm */
_Noreturn void raise_out_of_bounds(uint64_t address, uint64_t size); /* the same: bytes from an address on are not all in a memory of that size */
/* From a libcall or host call, after leave_wasm, with an exception set. */
_Noreturn void unwind_python_error(ThreadRecord *thread, Activation *activation);
int raise_outcome(ThreadRecord *thread, Activation *activation, bool timed_out); /* after the landing: makes the Python exception; -1 */
int set_trap(uint32_t code, PyObject *backtrace /* borrowed or NULL */); /* raise Trap; -1 */
int set_trap_words(uint32_t code, const char *words);                    /* the same with a message of its own, UTF-8 */
extern PyTypeObject BacktraceType;

/* signals_linux.c */
int signals_install(void);      /* idempotent; -1 with an exception */
void signals_reinstall(void);   /* on top of handlers installed since, if any */
void signals_unblock(void);     /* on this thread, what must not be blocked */
void signals_after_fork(void);  /* in the child */
int thread_altstack(ThreadRecord *thread);
void thread_altstack_free(ThreadRecord *thread);
void thread_poke(ThreadRecord *thread);
extern int poke_signal;

/* signal_hooks.c */
void signal_hooks_install(void); /* idempotent; with the GIL */

/* interrupt_linux.c */
extern atomic_int monitor_asleep; /* 1: the monitor must be woken by an entry into wasm */
void monitor_wake(void);
uint64_t monitor_now(void); /* CLOCK_MONOTONIC, in ns */
void monitor_add_thread(ThreadRecord *thread);
void monitor_remove_thread(ThreadRecord *thread);
Deadline *monitor_add_deadline(ThreadRecord *thread, const Store *store, double seconds); /* NULL with an exception */
bool monitor_remove_deadline(ThreadRecord *thread, Deadline *deadline); /* whether it had fired; frees it */
bool monitor_expire(const Store *store); /* let the deadlines of this store's calls come now, on whatever thread; whether there are any */
void monitor_epoch(Engine *engine, uint64_t epoch);
int monitor_init(void);
void check_interrupt(void); /* on the way back into wasm, GIL released or not; may unwind */

/* hostcall.c: functions for Python, of no argument */
PyObject *time_is_limited(PyObject *self, PyObject *ignored);
PyObject *time_is_over(PyObject *self, PyObject *ignored);

/* return_to_wasm, inline. The activation is set again, and the stack limit: Python may have switched greenlets, or to another stack, and calls of those need
 * not end in order. The monitor may have gone to sleep meanwhile, or stayed behind in a fork. */
static inline void resume_wasm(ThreadRecord *thread, Activation *activation, PyThreadState *released)
{
    atomic_store_explicit(&thread->activation, activation, memory_order_relaxed);
    activation->store->vm.stack_limit = activation->stack_limit;
    if (UNLIKELY(atomic_load_explicit(&monitor_asleep, memory_order_relaxed)))
        monitor_wake();
    if (released)
        activation->thread_state = PyEval_SaveThread();
    activation->exit_fp = 0;
    atomic_store_explicit(&thread->in_wasm, 1, memory_order_relaxed);
}

static inline void poll_interrupt(void)
{
    if (UNLIKELY(atomic_load_explicit(&tls_thread->interrupt, memory_order_relaxed)))
        check_interrupt();
}

#endif
