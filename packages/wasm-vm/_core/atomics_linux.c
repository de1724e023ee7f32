/* atomics_linux.c: atomic wait and notify on shared memories: a parking lot of waiters, each with a futex word of its own.
 *
 * A waiter sleeps on its own word: 0 waiting, 1 notified, 2 interrupted. The poke's handler runs on the waiting thread and may set 2; notify and
 * the waiter itself agree under the bucket's lock. No GIL is held here. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "instance.h"
#include "memory.h"
#include "module.h"
#include "plan.h"
#include "runtime.h"

enum { WAITING, NOTIFIED, INTERRUPTED };
enum { BUCKETS = 64 };
enum { WAIT_OK, WAIT_NOT_EQUAL, WAIT_TIMED_OUT };

/* On the waiting thread's stack; linked while it waits. */
typedef struct Waiter {
    struct Waiter *next;
    const uint8_t *address;
    atomic_uint word;
} Waiter;

static struct {
    pthread_mutex_t lock;
    Waiter *waiters; /* first come, first served */
} buckets[BUCKETS];

static size_t bucket_of(const uint8_t *address) { return ((uintptr_t)address >> 3) * 0x9E3779B97F4A7C15ull >> 58; }

static uint8_t *checked(VMContext *context, uint32_t index, uint64_t address, uint64_t size, Memory **memory)
{
    *memory = ((Instance *)context->instance)->memories[index];
    uint64_t length = __atomic_load_n(&(*memory)->definition.length, __ATOMIC_SEQ_CST);
    if (!within(address, size, length))
        raise_out_of_bounds(address, length);
    if (address & (size - 1))
        raise_trap(TRAP_HEAP_MISALIGNED);
    return (*memory)->definition.base + address;
}

/* False when a notify has taken it out already. */
static bool unlink_waiter(size_t bucket, const Waiter *waiter)
{
    pthread_mutex_lock(&buckets[bucket].lock);
    Waiter **link = &buckets[bucket].waiters;
    while (*link && *link != waiter)
        link = &(*link)->next;
    bool linked = *link != NULL;
    if (linked)
        *link = waiter->next;
    pthread_mutex_unlock(&buckets[bucket].lock);
    return linked;
}

static bool has_value(const uint8_t *address, uint64_t expected, bool wide)
{
    return wide ? __atomic_load_n((const uint64_t *)(const void *)address, __ATOMIC_SEQ_CST) == wasm_order64(expected)
                : __atomic_load_n((const uint32_t *)(const void *)address, __ATOMIC_SEQ_CST) == wasm_order32((uint32_t)expected);
}

/* Sleep until the word changes or `end` (CLOCK_MONOTONIC) has come. */
static void futex_sleep(atomic_uint *word, const struct timespec *end)
{
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, WAITING, end, NULL, FUTEX_BITSET_MATCH_ANY);
}

static bool deadline(int64_t timeout, struct timespec *end)
{
    if (timeout < 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, end);
    int64_t seconds = timeout / 1000000000, nanoseconds = end->tv_nsec + timeout % 1000000000;
    end->tv_sec += seconds + nanoseconds / 1000000000; /* at most 2**33 seconds more: no overflow */
    end->tv_nsec = nanoseconds % 1000000000;
    return true;
}

static bool past(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

/* Called with the waiter still linked, so that no notify is lost while a Python signal handler runs; unlinked before an unwind. */
static void interrupted(ThreadRecord *thread, size_t bucket, const Waiter *waiter)
{
    unsigned waiting = atomic_load(&thread->interrupt);
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    if (waiting & (INTERRUPT_TIMEOUT | INTERRUPT_EPOCH)) {
        unlink_waiter(bucket, waiter);
        raise_trap(TRAP_INTERRUPT);
    }
    if (!(waiting & INTERRUPT_SIGNALS))
        return;
    if (run_python_signals(thread, activation, 0, FRAME_HERE())) {
        unlink_waiter(bucket, waiter);
        unwind_python_error(thread, activation);
    }
}

static uint32_t wait_on(const uint8_t *address, uint64_t expected, bool wide, int64_t timeout)
{
    ThreadRecord *thread = tls_thread;
    size_t bucket = bucket_of(address);
    struct timespec end;
    bool limited = deadline(timeout, &end);
    Waiter waiter = {.next = NULL, .address = address};
    atomic_init(&waiter.word, WAITING);
    pthread_mutex_lock(&buckets[bucket].lock);
    if (!has_value(address, expected, wide)) {
        pthread_mutex_unlock(&buckets[bucket].lock);
        return WAIT_NOT_EQUAL;
    }
    Waiter **tail = &buckets[bucket].waiters;
    while (*tail)
        tail = &(*tail)->next;
    *tail = &waiter;
    pthread_mutex_unlock(&buckets[bucket].lock);
    for (;;) {
        atomic_store(&thread->park, &waiter.word);
        if (!atomic_load(&thread->interrupt))
            futex_sleep(&waiter.word, limited ? &end : NULL);
        atomic_store(&thread->park, NULL);
        if (atomic_load(&waiter.word) == NOTIFIED) {
            pthread_mutex_lock(&buckets[bucket].lock); /* until the notifier is done with the waiter */
            pthread_mutex_unlock(&buckets[bucket].lock);
            return WAIT_OK;
        }
        if (limited && past(&end))
            return unlink_waiter(bucket, &waiter) ? WAIT_TIMED_OUT : WAIT_OK;
        interrupted(thread, bucket, &waiter);
        unsigned seen = INTERRUPTED;
        atomic_compare_exchange_strong(&waiter.word, &seen, WAITING);
    }
}

uint32_t libcall_atomic_notify(VMContext *context, uint32_t memory, uint64_t address, uint32_t count)
{
    Memory *found;
    const uint8_t *target = checked(context, memory, address, 4, &found);
    if (!found->shared)
        return 0;
    size_t bucket = bucket_of(target);
    uint32_t woken = 0;
    pthread_mutex_lock(&buckets[bucket].lock);
    Waiter **link = &buckets[bucket].waiters;
    while (*link && woken < count) {
        Waiter *waiter = *link;
        if (waiter->address != target) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next; /* first: the waiter believes the word before it looks at the list */
        woken++;
        atomic_store(&waiter->word, NOTIFIED);
        syscall(SYS_futex, &waiter->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); /* still under the lock: the waiter cannot have gone */
    }
    pthread_mutex_unlock(&buckets[bucket].lock);
    return woken;
}

static uint32_t wait_call(VMContext *context, uint32_t memory, uint64_t address, uint64_t expected, bool wide, uint64_t timeout)
{
    Memory *found;
    const uint8_t *target = checked(context, memory, address, wide ? 8 : 4, &found);
    if (!found->shared)
        raise_trap(TRAP_ATOMIC_WAIT_NON_SHARED_MEMORY);
    uint32_t result = wait_on(target, expected, wide, (int64_t)timeout);
    poll_interrupt();
    return result;
}

uint32_t libcall_atomic_wait32(VMContext *context, uint32_t memory, uint64_t address, uint32_t expected, uint64_t timeout)
{
    return wait_call(context, memory, address, expected, false, timeout);
}

uint32_t libcall_atomic_wait64(VMContext *context, uint32_t memory, uint64_t address, uint64_t expected, uint64_t timeout)
{
    return wait_call(context, memory, address, expected, true, timeout);
}

/* fork: the child has no waiter but none of their locks either */
static void fork_prepare(void)
{
    for (int i = 0; i < BUCKETS; i++)
        pthread_mutex_lock(&buckets[i].lock);
}

static void fork_parent(void)
{
    for (int i = BUCKETS - 1; i >= 0; i--)
        pthread_mutex_unlock(&buckets[i].lock);
}

static void fork_child(void)
{
    for (int i = 0; i < BUCKETS; i++) {
        pthread_mutex_init(&buckets[i].lock, NULL);
        buckets[i].waiters = NULL;
    }
}

int atomics_init(void)
{
    for (int i = 0; i < BUCKETS; i++) {
        int error = pthread_mutex_init(&buckets[i].lock, NULL);
        if (error)
            return error;
    }
    return pthread_atfork(fork_prepare, fork_parent, fork_child);
}
