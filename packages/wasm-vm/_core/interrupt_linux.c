/* interrupt_linux.c: the monitor: one thread per process that knows the deadlines and pokes whoever must stop. Never touches Python objects.
 *
 * It sleeps until the next deadline, and while a thread runs wasm it wakes every TICK to see whether our handlers of faults are still on top, and of
 * the main thread whether a signal waits for Python (Ctrl-C). A
 * thread that must stop has a bit in `interrupt`, and is poked every TICK until it has answered. After IDLE_TICKS without any call it sleeps until
 * woken (`monitor_asleep`), so an idle process costs nothing.
 */
#define _GNU_SOURCE
#include "engine.h"
#include "module.h"
#include "pending_signals.h"
#include "runtime.h"
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK 10000000ull /* ns */
#define NEVER UINT64_MAX
enum { IDLE_TICKS = 50 };

atomic_int monitor_asleep = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static ThreadRecord *threads; /* all, under `lock` */
static bool started;
static uint64_t wakes_at = NEVER; /* when the monitor will look next, under `lock` */

uint64_t monitor_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* One look at a thread; returns when the next is due. */
static uint64_t inspect(ThreadRecord *thread, uint64_t time)
{
    uint64_t next = NEVER;
    for (Deadline *d = thread->deadlines; d; d = d->next) {
        if (!d->fired && d->at <= time) {
            d->fired = true;
            atomic_fetch_or(&thread->interrupt, INTERRUPT_TIMEOUT);
        }
        if (!d->fired && d->at < next)
            next = d->at;
    }
    bool in_wasm = atomic_load(&thread->in_wasm);
    if (thread->is_main && in_wasm && python_signals_pending())
        atomic_fetch_or(&thread->interrupt, INTERRUPT_SIGNALS);
    if (atomic_load(&thread->interrupt)) {
        if (in_wasm)
            thread_poke(thread);
        if (time + TICK < next)
            next = time + TICK;
    }
    return next;
}

static bool busy(void)
{
    bool any = false;
    for (ThreadRecord *t = threads; t; t = t->next) {
        uint64_t calls = atomic_load(&t->calls);
        if (atomic_load(&t->in_wasm) || (t->is_main && calls != t->seen_calls)) /* in wasm: handlers of faults must stay on top */
            any = true;
        t->seen_calls = calls;
    }
    return any;
}

static void sleep_until(uint64_t time)
{
    wakes_at = time;
    if (time == NEVER) {
        pthread_cond_wait(&changed, &lock);
    } else {
        struct timespec t = {(time_t)(time / 1000000000ull), (long)(time % 1000000000ull)};
        pthread_cond_timedwait(&changed, &lock, &t);
    }
}

static void *monitor(void *Py_UNUSED(argument))
{
    int idle = 0;
    pthread_mutex_lock(&lock);
    for (;;) {
        uint64_t time = monitor_now(), next = NEVER;
        signals_reinstall();
        for (ThreadRecord *t = threads; t; t = t->next) {
            uint64_t due = inspect(t, time);
            if (due < next)
                next = due;
        }
        idle = busy() ? 0 : idle + 1;
        if (idle < IDLE_TICKS) {
            if (time + TICK < next)
                next = time + TICK;
        } else if (!atomic_load(&monitor_asleep)) {
            /* An entry may have missed this by a store still in its core's buffer: look once more a moment later. */
            atomic_store(&monitor_asleep, 1);
            if (time + TICK < next)
                next = time + TICK;
        }
        sleep_until(next);
    }
    return NULL;
}

static int start(void)
{
    pthread_attr_t attributes;
    sigset_t all, old;
    pthread_t thread;
    sigfillset(&all);
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, &attributes, monitor, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    started = !error;
    return error;
}

/* Without a monitor (no more threads allowed) calls still run; only a timeout needs one, and says so. */
void monitor_wake(void)
{
    signals_reinstall();
    signals_unblock();
    pthread_mutex_lock(&lock);
    if (started || !start()) {
        atomic_store(&monitor_asleep, 0);
        pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&lock);
}

void monitor_add_thread(ThreadRecord *thread)
{
    pthread_mutex_lock(&lock);
    thread->prev = NULL;
    thread->next = threads;
    if (threads)
        threads->prev = thread;
    threads = thread;
    pthread_mutex_unlock(&lock);
}

void monitor_remove_thread(ThreadRecord *thread)
{
    pthread_mutex_lock(&lock);
    if (thread->prev)
        thread->prev->next = thread->next;
    else if (threads == thread)
        threads = thread->next;
    if (thread->next)
        thread->next->prev = thread->prev;
    pthread_mutex_unlock(&lock);
}

Deadline *monitor_add_deadline(ThreadRecord *thread, const Store *store, double seconds)
{
    uint64_t time = monitor_now();
    Deadline *deadline = malloc(sizeof *deadline);
    if (!deadline) {
        PyErr_NoMemory();
        return NULL;
    }
    deadline->at = seconds > 1e9 ? NEVER - 1 : time + (uint64_t)(seconds * 1e9);
    deadline->fired = false;
    deadline->store = store;
    pthread_mutex_lock(&lock);
    int error = started ? 0 : start();
    if (!error) {
        deadline->next = thread->deadlines;
        thread->deadlines = deadline;
        if (deadline->at < wakes_at)
            pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (error) {
        PyErr_Format(G.exhausted_error, "timeout: cannot start the thread that would enforce it: %s", strerror(error));
        free(deadline);
        return NULL;
    }
    return deadline;
}

bool monitor_remove_deadline(ThreadRecord *thread, Deadline *deadline)
{
    bool others = false;
    pthread_mutex_lock(&lock);
    Deadline **link = &thread->deadlines;
    while (*link) {
        if (*link == deadline) {
            *link = deadline->next;
        } else {
            others |= (*link)->fired;
            link = &(*link)->next;
        }
    }
    if (!others)
        atomic_fetch_and(&thread->interrupt, ~(unsigned)INTERRUPT_TIMEOUT);
    pthread_mutex_unlock(&lock);
    bool fired = deadline->fired;
    free(deadline);
    return fired;
}

bool monitor_expire(const Store *store)
{
    bool any = false;
    pthread_mutex_lock(&lock);
    for (ThreadRecord *t = threads; t; t = t->next)
        for (Deadline *d = t->deadlines; d; d = d->next)
            if (d->store == store) {
                d->at = 0;
                any = true;
            }
    if (any)
        pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return any;
}

void monitor_epoch(Engine *engine, uint64_t epoch)
{
    pthread_mutex_lock(&lock);
    if (!started)
        start();
    for (ThreadRecord *t = threads; t; t = t->next)
        if (atomic_load(&t->epoch_engine) == engine && epoch >= atomic_load(&t->epoch_deadline)) {
            atomic_fetch_or(&t->interrupt, INTERRUPT_EPOCH);
            if (atomic_load(&t->in_wasm))
                thread_poke(t);
        }
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* On the way back into wasm from a host call or out of a libcall; the thread is in_wasm. */
void check_interrupt(void)
{
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    unsigned waiting = atomic_load(&thread->interrupt);
    if (waiting & (INTERRUPT_TIMEOUT | INTERRUPT_EPOCH))
        raise_trap(TRAP_INTERRUPT);
    if ((waiting & INTERRUPT_SIGNALS) && run_python_signals(thread, activation, 0, FRAME_HERE()))
        unwind_python_error(thread, activation);
}

static int condition_init(void)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error)
        return error;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    error = pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return error;
}

/* ---- fork: the child has no monitor and no other thread ---- */

static void fork_prepare(void) { pthread_mutex_lock(&lock); }
static void fork_parent(void) { pthread_mutex_unlock(&lock); }
static void fork_child(void)
{
    ThreadRecord *thread = tls_thread;
    pthread_mutex_init(&lock, NULL);
    signals_after_fork();
    condition_init();
    started = false;
    wakes_at = NEVER;
    atomic_store(&monitor_asleep, 1);
    threads = thread; /* the records of the others are lost with their threads */
    if (thread) {
        thread->next = thread->prev = NULL;
        thread->tid = (pid_t)syscall(SYS_gettid);
        thread->is_main = true; /* Python's main thread is now the one that forked */
    }
}

int monitor_init(void)
{
    int error = condition_init();
    return error ? error : pthread_atfork(fork_prepare, fork_parent, fork_child);
}
