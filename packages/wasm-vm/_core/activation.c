/* activation.c: entering wasm: which thread, how much stack, the GIL; and the record each thread has. */
#define _GNU_SOURCE
#include "engine.h"
#include "gc.h"
#include "gc_collect.h"
#include "module.h"
#include "native.h"
#include "runtime.h"
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread ThreadRecord *tls_thread;
static pthread_key_t thread_key;

static void thread_end(void *record)
{
    ThreadRecord *thread = record;
    monitor_remove_thread(thread);
    thread_altstack_free(thread);
    if (tls_thread == thread)
        tls_thread = NULL;
    free(thread);
}

int activation_init(void) { return pthread_key_create(&thread_key, thread_end); }

ThreadRecord *thread_start(void)
{
    if (tls_thread)
        return tls_thread;
    ThreadRecord *thread = calloc(1, sizeof *thread);
    if (!thread) {
        PyErr_NoMemory();
        return NULL;
    }
    thread->tid = (pid_t)syscall(SYS_gettid);
    thread->is_main = thread->tid == getpid();
    if (stack_bounds(thread) || thread_altstack(thread))
        goto failed;
    int error = pthread_setspecific(thread_key, thread);
    if (error) {
        PyErr_Format(G.exhausted_error, "cannot keep a record of this thread: %s", strerror(error));
        goto failed;
    }
    tls_thread = thread;
    monitor_add_thread(thread);
    return thread;
failed:
    thread_altstack_free(thread);
    free(thread);
    return NULL;
}

/* What a thread's epoch is compared with; saved around a call into a store that has one. */
typedef struct EpochWatch {
    void *engine;
    uint64_t deadline;
} EpochWatch;

static bool epoch_passed(const EpochWatch *watch)
{
    const Engine *engine = watch->engine;
    return engine && __atomic_load_n(&engine->epoch, __ATOMIC_SEQ_CST) >= watch->deadline;
}

static void epoch_set(ThreadRecord *thread, const EpochWatch *watch)
{
    atomic_store(&thread->epoch_deadline, watch->deadline);
    atomic_store(&thread->epoch_engine, watch->engine);
}

/* Back to what was watched before; if that passed meanwhile, it counts. The caller's stores hold the engines. */
static void epoch_restore(ThreadRecord *thread, const EpochWatch *outer)
{
    epoch_set(thread, outer);
    atomic_fetch_and(&thread->interrupt, ~(unsigned)INTERRUPT_EPOCH);
    if (epoch_passed(outer))
        atomic_fetch_or(&thread->interrupt, INTERRUPT_EPOCH);
}

static int refuse_thread(void)
{
    PyErr_SetString(G.store_error, "the store is being used by another thread: a store serves one thread at a time");
    return -1;
}

static int enter(ThreadRecord *thread, Activation *activation, VMContext *callee, VMValue *values, void *code, void *entry)
{
    if (activation->store->engine->release_gil)
        activation->thread_state = PyEval_SaveThread();
    atomic_store_explicit(&thread->in_wasm, 1, memory_order_relaxed);
    int landed = wasm_enter(callee, values, code, entry, &activation->saved_sp);
    atomic_store_explicit(&thread->in_wasm, 0, memory_order_relaxed);
    if (activation->thread_state)
        PyEval_RestoreThread(activation->thread_state);
    return landed;
}

/* With a deadline or an epoch to keep: rare, so apart from the fast path. */
static int enter_watched(ThreadRecord *thread, Activation *activation, VMContext *callee, VMValue *values, void *code, void *entry,
                         double timeout, bool *timed_out)
{
    Store *store = activation->store;
    Deadline *deadline = NULL;
    if (timeout >= 0 && !(deadline = monitor_add_deadline(thread, store, timeout)))
        return -1;
    int landed;
    if (store->engine->epoch_interruption) {
        EpochWatch outer = {atomic_load(&thread->epoch_engine), atomic_load(&thread->epoch_deadline)};
        EpochWatch mine = {store->engine, store->epoch_deadline};
        epoch_set(thread, &mine);
        if (epoch_passed(&mine)) {
            activation->outcome = OUTCOME_TRAP;
            activation->trap_code = TRAP_INTERRUPT;
            landed = 1;
        } else {
            landed = enter(thread, activation, callee, values, code, entry);
        }
        epoch_restore(thread, &outer);
    } else {
        landed = enter(thread, activation, callee, values, code, entry);
    }
    if (deadline)
        *timed_out = monitor_remove_deadline(thread, deadline);
    return landed;
}

/* A new innermost activation, and all that goes with it; the stack's limit is set, and the thread may enter this store. */
static inline void begin(ThreadRecord *thread, Store *store, Activation *activation, PyThreadState *parked)
{
    store->vm.stack_limit = activation->stack_limit;
    activation->prev = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    activation->store = store;
    activation->thread_state = parked;
    activation->outcome = 0;
    activation->frame_count = 0;
    activation->exit_fp = 0;
    activation->exit_pc = 0;
    store->owner = thread;
    if (UNLIKELY(store->heap.map || store->externrefs.used))
        gc_enter(store, (uintptr_t)(activation + 1));
    else if (!store->depth)
        store->foreign = 1; /* not looked at: nothing is collected before this call has ended */
    store->depth++;
    atomic_store_explicit(&thread->calls, atomic_load_explicit(&thread->calls, memory_order_relaxed) + 1, memory_order_relaxed);
    atomic_store_explicit(&thread->activation, activation, memory_order_release);
    if (UNLIKELY(atomic_load_explicit(&monitor_asleep, memory_order_relaxed)))
        monitor_wake();
}

/* The activation is over. With the GIL, but where nothing landed and nothing was thrown. */
static inline int end(ThreadRecord *thread, Store *store, Activation *activation, int landed, bool timed_out)
{
    store->depth--;
    atomic_store_explicit(&thread->activation, activation->prev, memory_order_relaxed);
    if (UNLIKELY(landed))
        gc_clear_hole(store);
    int result = LIKELY(!landed) ? 0 : landed < 0 ? -1 : raise_outcome(thread, activation, timed_out);
    if (UNLIKELY(store->thrown != NULL) && !store->depth)
        exn_forget(store);
    return result;
}

int vm_enter(Store *store, VMContext *callee, VMValue *values, void *code, void *entry, double timeout)
{
    ThreadRecord *thread = tls_thread;
    if (UNLIKELY(!thread) && !(thread = thread_start()))
        return -1;
    if (UNLIKELY(store->depth && store->owner != thread))
        return refuse_thread();
    Activation activation;
    if (UNLIKELY(!stack_limit(thread, store, &activation.stack_limit)))
        return set_trap(TRAP_STACK_OVERFLOW, NULL);
    begin(thread, store, &activation, NULL);
    int landed;
    bool timed_out = false;
    if (UNLIKELY(timeout >= 0 || store->engine->epoch_interruption))
        landed = enter_watched(thread, &activation, callee, values, code, entry, timeout, &timed_out);
    else
        landed = enter(thread, &activation, callee, values, code, entry);
    return end(thread, store, &activation, landed, timed_out);
}

int vm_enter_parked(PyThreadState *parked, Store *store, const VMFuncRef *function, VMValue *values)
{
    ThreadRecord *thread = tls_thread;
    Activation activation;
    if (UNLIKELY(!thread)) { /* a destructor of the thread's, after its record has gone */
        PyEval_RestoreThread(parked);
        if (!(thread = thread_start()))
            return -1;
        (void)PyEval_SaveThread();
    }
    const bool foreign = store->depth && store->owner != thread;
    if (UNLIKELY(foreign || !stack_limit(thread, store, &activation.stack_limit))) {
        PyEval_RestoreThread(parked);
        return foreign ? refuse_thread() : set_trap(TRAP_STACK_OVERFLOW, NULL);
    }
    begin(thread, store, &activation, parked);
    atomic_store_explicit(&thread->in_wasm, 1, memory_order_relaxed);
    int landed = wasm_enter(function->context, values, function->code, function->entry, &activation.saved_sp);
    atomic_store_explicit(&thread->in_wasm, 0, memory_order_relaxed);
    const bool back = UNLIKELY(landed || store->thrown != NULL);
    if (back && activation.thread_state)
        PyEval_RestoreThread(parked);
    int result = end(thread, store, &activation, landed, false);
    if (UNLIKELY(back && !result))
        (void)PyEval_SaveThread();
    return result;
}

PyThreadState *leave_wasm(ThreadRecord *thread, Activation *activation, uintptr_t exit_pc, uintptr_t exit_fp)
{
    PyThreadState *released = activation->thread_state;
    activation->exit_pc = exit_pc;
    activation->exit_fp = exit_fp;
    atomic_store_explicit(&thread->in_wasm, 0, memory_order_relaxed);
    if (released) {
        activation->thread_state = NULL;
        PyEval_RestoreThread(released);
    }
    return released;
}

void return_to_wasm(ThreadRecord *thread, Activation *activation, PyThreadState *released) { resume_wasm(thread, activation, released); }

/* Run Python's signal handlers in the middle of wasm, on this thread's normal stack. In wasm code no lock is held and nothing half done but a
 * call whose arguments are in the side area, so with that kept aside this is as safe as a host call. -1: a handler raised; then the GIL is kept,
 * and the unwind ends in vm_enter, which finds that it has it. */
int run_python_signals(ThreadRecord *thread, Activation *activation, uintptr_t exit_pc, uintptr_t exit_fp)
{
    VMStoreContext *vm = &activation->store->vm;
    GcHeap *heap = &activation->store->heap;
    VMValue args[sizeof vm->args / sizeof *vm->args];
    memcpy(args, vm->args, sizeof args);
    uint64_t bump = heap->vm.bump, limit = heap->vm.limit; /* wasm may be in the middle of taking an object from there */
    heap->vm.bump = heap->vm.limit = 0;
    PyThreadState *released = leave_wasm(thread, activation, exit_pc, exit_fp);
    heap->inhibit++; /* with the GIL, as everywhere: another thread may be about to end a conversion */
    atomic_fetch_and(&thread->interrupt, ~(unsigned)INTERRUPT_SIGNALS);
    int raised = PyErr_CheckSignals();
    heap->inhibit--;
    heap->vm.bump = bump;
    heap->vm.limit = limit;
    if (raised) {
        atomic_store_explicit(&thread->activation, activation, memory_order_relaxed);
        return -1;
    }
    memcpy(vm->args, args, sizeof args);
    return_to_wasm(thread, activation, released);
    return 0;
}
