/* signals_linux.c: faults in wasm become traps; the poke that interrupts a running thread; alternate stacks. Chains to whoever came before. */
#define _GNU_SOURCE
#include "code.h"
#include "memory.h"
#include "module.h"
#include "runtime.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ALTSTACK_SIZE = 64 * 1024, ALTSTACK_ENOUGH = 16 * 1024 };

/* Columns: signal, trap unless the code's trap table says otherwise. */
static const struct {
    int number;
    uint32_t trap;
} faults[] = {
    {SIGSEGV, TRAP_MEMORY_OUT_OF_BOUNDS},
    {SIGBUS, TRAP_MEMORY_OUT_OF_BOUNDS},
    {SIGFPE, TRAP_INTEGER_DIVISION_BY_ZERO},
    {SIGILL, TRAP_UNREACHABLE},
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* Who came before us. Replaced as a whole, because handlers on other threads may be reading; the few old ones stay, to be found again. */
typedef struct Earlier {
    struct sigaction action;
    struct Earlier *next;
} Earlier;
static Earlier *_Atomic previous[FAULTS];
static Earlier *earlier; /* all there were */
static bool installed;
int poke_signal;

/* Fault address within this distance of the stack pointer: the stack ran into its guard. */
enum { STACK_WINDOW = 64 * 1024 };

enum { CHAIN_PATIENCE = 8 };

static uint32_t fault_trap(int row, const siginfo_t *info, uintptr_t pc, const void *context, const Activation *activation, const Code *code)
{
    uint32_t trap;
    if (code_trap_at(code, (uint32_t)(pc - (uintptr_t)code->text), &trap))
        return trap;
    uintptr_t address = (uintptr_t)info->si_addr, sp = context_sp(context);
    if (faults[row].number == SIGSEGV && address >> 12 == VM_OVERFLOW_PAGE >> 12)
        return TRAP_STACK_OVERFLOW;
    if (faults[row].number == SIGSEGV && address >= sp - STACK_WINDOW && address < sp + STACK_WINDOW && address < activation->stack_limit)
        return TRAP_STACK_OVERFLOW;
    return faults[row].trap;
}

/* Faults in a row that the handler before us returned from without having changed where the thread goes on. */
static __thread unsigned unanswered;

static void chain(int row, int number, siginfo_t *info, void *context)
{
    /* The frame that is chaining now, or 0. A handler may leave without returning (wasmtime's does): what it left behind is then no lie,
     * since the next fault starts at the same place of the alternate stack, not below it. */
    static __thread uintptr_t chaining;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), pc = context_pc(context);
    struct sigaction action;
    const Earlier *before = atomic_load(&previous[row]);
    if (before)
        action = before->action;
    bool is_default = !before || (!(action.sa_flags & SA_SIGINFO) && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN));
    bool ignored = before && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
    if (ignored && info->si_code <= 0)
        return; /* sent, not a fault: a fault cannot be ignored */
    bool hopeless = info->si_code > 0 && unanswered >= CHAIN_PATIENCE;
    bool nested = here < chaining && chaining - here < ALTSTACK_SIZE;
    if (is_default || nested || hopeless) {
        /* Nobody before us, or a handler before us that called back into us: the default action, which ends the process. A fault comes
         * again when we return; a signal that was sent has to be sent again. */
        memset(&action, 0, sizeof action);
        action.sa_handler = SIG_DFL;
        sigaction(number, &action, NULL);
        if (info->si_code <= 0)
            raise(number);
        return;
    }
    uintptr_t outer = chaining;
    chaining = here;
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
    unanswered = context_pc(context) == pc ? unanswered + 1 : 0;
    chaining = outer;
}

/* The wasm that the signal came in, and our frames between it and where it was entered. */
static void leave(void *context, const Activation *activation)
{
    LEAVING_FRAMES_BETWEEN(context_sp(context), activation->saved_sp);
    context_unwind(context, activation->saved_sp);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int row = 0;
    while (row < FAULTS - 1 && faults[row].number != number)
        row++;
    ThreadRecord *thread = tls_thread;
    if (thread && atomic_load_explicit(&thread->in_wasm, memory_order_relaxed)) {
        Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
        uintptr_t pc = fault_pc(number, info->si_addr, context);
        int saved = errno;
        enum WriteFault write = number == SIGSEGV && info->si_code == SEGV_ACCERR
                                    ? memory_write_fault(activation->store, (uintptr_t)info->si_addr)
                                    : WRITE_ELSEWHERE;
        errno = saved;
        if (write == WRITE_AGAIN)
            return; /* to the same instruction, which may be a libcall's */
        const Code *code = code_find(pc);
        bool gone = code && (atomic_load(&code->cut) || (number == SIGBUS && code_contains(code, (uintptr_t)info->si_addr)));
        if (gone || write == WRITE_REFUSED) { /* without a backtrace: the tables it needs may be gone as well */
            activation->outcome = gone ? OUTCOME_FILE_CHANGED : OUTCOME_NO_MEMORY;
            activation->frame_count = 0;
            leave(context, activation);
            return;
        }
        if (code && info->si_code > 0) {
            activation->outcome = OUTCOME_TRAP;
            activation->trap_code = fault_trap(row, info, pc, context, activation, code);
            activation->fault_known = number == SIGSEGV && memory_of_fault(activation->store, (uintptr_t)info->si_addr, &activation->fault_address,
                                                                           &activation->fault_size);
            capture_frames(thread, activation, pc, context_sp(context), context_fp(context));
            leave(context, activation);
            return;
        }
        if (info->si_code == SI_TKILL && info->si_pid == getpid()) {
            /* A handler installed after ours (faulthandler) saw the fault first, and passes it on by raise(). Ignore that: the faulting
             * instruction runs again when that handler returns, and then we see the fault itself. */
            return;
        }
    }
    int saved = errno;
    if (number == SIGBUS && info->si_code > 0 && code_read_zeros((uintptr_t)info->si_addr)) {
        errno = saved;
        return; /* to the same instruction */
    }
    chain(row, number, info, context);
    errno = saved;
}

static Earlier *keep(const struct sigaction *action)
{
    for (Earlier *e = earlier; e; e = e->next)
        if (e->action.sa_flags == action->sa_flags && e->action.sa_sigaction == action->sa_sigaction)
            return e;
    Earlier *kept = malloc(sizeof *kept);
    if (kept) {
        *kept = (Earlier){*action, earlier};
        earlier = kept;
    }
    return kept;
}

static int install_faults(void)
{
    for (int row = 0; row < FAULTS; row++) {
        struct sigaction current, ours;
        if (sigaction(faults[row].number, NULL, &current))
            return -1;
        if ((current.sa_flags & SA_SIGINFO) && current.sa_sigaction == on_fault)
            continue;
        memset(&ours, 0, sizeof ours);
        ours.sa_sigaction = on_fault;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&ours.sa_mask);
        Earlier *kept = keep(&current);
        if (!kept)
            return -1;
        atomic_store(&previous[row], kept);
        if (sigaction(faults[row].number, &ours, NULL))
            return -1;
    }
    return 0;
}

/* Called when a module is loaded, by the monitor while wasm runs, by the entry that wakes it, and after Python changed a handler. Two threads at it
 * would each take the other's for the one before us. */
static pthread_mutex_t reinstalling = PTHREAD_MUTEX_INITIALIZER;

void signals_reinstall(void)
{
    if (!installed)
        return;
    pthread_mutex_lock(&reinstalling);
    install_faults();
    pthread_mutex_unlock(&reinstalling);
}

void signals_after_fork(void) { pthread_mutex_init(&reinstalling, NULL); }

/* A fault whose signal is blocked ends the process, and a poke that is blocked interrupts nothing. */
void signals_unblock(void)
{
    sigset_t needed;
    sigemptyset(&needed);
    sigaddset(&needed, poke_signal);
    for (int row = 0; row < FAULTS; row++)
        sigaddset(&needed, faults[row].number);
    pthread_sigmask(SIG_UNBLOCK, &needed, NULL);
}

/* ---- the poke ---- */

static void wake_parked(atomic_uint *park)
{
    unsigned waiting = 0; /* as in atomics_linux.c; a notify that came first stands */
    if (atomic_compare_exchange_strong(park, &waiting, 2))
        syscall(SYS_futex, park, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Some runtime (Go's) has handlers for all signals, and threads with stacks too small for any: then the poke shares one, on the alternate stack. */
static bool poke_shared;
static struct sigaction poke_before;

/* Runs on the thread's normal stack (no SA_ONSTACK): the kernel has saved every register above, and below is room, because the stack limit of
 * wasm keeps room for Python (stack_linux.c). In compiled code this thread holds no lock, so Python may be called right here. */
static void on_poke(int number, siginfo_t *info, void *context)
{
    ThreadRecord *thread = tls_thread;
    if (poke_shared && (info->si_code != SI_TKILL || info->si_pid != getpid() || !thread || !atomic_load_explicit(&thread->poked, memory_order_relaxed))) {
        if (poke_before.sa_flags & SA_SIGINFO)
            poke_before.sa_sigaction(number, info, context);
        else if (poke_before.sa_handler != SIG_IGN)
            poke_before.sa_handler(number);
        return;
    }
    if (thread)
        atomic_store_explicit(&thread->poked, 0, memory_order_relaxed);
    if (!thread || !atomic_load_explicit(&thread->in_wasm, memory_order_relaxed))
        return;
    int saved = errno;
    unsigned waiting = atomic_load(&thread->interrupt);
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    uintptr_t pc = context_pc(context);
    if (!waiting) {
        /* a late poke */
    } else if (!code_find(pc)) {
        atomic_uint *park = atomic_load(&thread->park);
        if (park)
            wake_parked(park);
    } else if (waiting & (INTERRUPT_TIMEOUT | INTERRUPT_EPOCH)) {
        activation->outcome = OUTCOME_TRAP;
        activation->trap_code = TRAP_INTERRUPT;
        capture_frames(thread, activation, pc, context_sp(context), context_fp(context));
        leave(context, activation);
    } else if (poke_shared) {
        /* Python's signals wait: this may be a small stack */
    } else if (context_sp(context) + VM_LEAF_ROOM < activation->stack_limit) {
        /* between taking a frame and checking it: the next poke finds it checked */
    } else {
        if (run_python_signals(thread, activation, pc, context_fp(context))) {
            activation->outcome = OUTCOME_PYTHON_ERROR;
            capture_frames(thread, activation, pc, context_sp(context), context_fp(context));
            leave(context, activation);
        }
    }
    errno = saved;
}

/* The first, and if that gets lost (somebody took the handler away), one in a hundred more. */
void thread_poke(ThreadRecord *thread)
{
    enum { AGAIN = 100 };
    if (atomic_fetch_add_explicit(&thread->poked, 1, memory_order_relaxed) % AGAIN == 0)
        syscall(SYS_tgkill, getpid(), thread->tid, poke_signal);
}

static int take_poke(int number, int more_flags)
{
    struct sigaction ours;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_poke;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER | more_flags;
    sigemptyset(&ours.sa_mask);
    poke_signal = number;
    return sigaction(number, &ours, NULL);
}

/* The highest real-time signal that nobody uses; of those that emulators (qemu-user) deliver, which keep the upper ones to themselves. */
static int install_poke(void)
{
    for (int number = SIGRTMAX - 4; number > SIGRTMIN; number--) {
        struct sigaction current;
        if (!sigaction(number, NULL, &current) && !(current.sa_flags & SA_SIGINFO) && current.sa_handler == SIG_DFL)
            return take_poke(number, 0);
    }
    if (sigaction(SIGRTMAX - 4, NULL, &poke_before))
        return -1;
    poke_shared = true;
    return take_poke(SIGRTMAX - 4, SA_ONSTACK);
}

int signals_install(void)
{
    pthread_mutex_lock(&reinstalling);
    int failed = install_faults() || (!installed && install_poke());
    pthread_mutex_unlock(&reinstalling);
    if (failed) {
        PyErr_Format(G.exhausted_error, "cannot install signal handlers: %s", strerror(errno));
        return -1;
    }
    installed = true;
    signal_hooks_install();
    return 0;
}

/* A stack overflow cannot be handled on the stack that overflowed. Keeps one the thread has already (faulthandler's), if large enough. */
int thread_altstack(ThreadRecord *thread)
{
    signals_unblock();
    stack_t old;
    if (!sigaltstack(NULL, &old) && !(old.ss_flags & SS_DISABLE) && old.ss_size >= ALTSTACK_ENOUGH)
        return 0;
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    void *map = mmap(NULL, ALTSTACK_SIZE + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (map != MAP_FAILED) {
        stack_t fresh = {.ss_sp = (char *)map + guard, .ss_flags = 0, .ss_size = ALTSTACK_SIZE};
        if (!mprotect(map, guard, PROT_NONE) && !sigaltstack(&fresh, NULL)) {
            thread->altstack = map;
            return 0;
        }
        munmap(map, ALTSTACK_SIZE + guard);
    }
    PyErr_Format(G.exhausted_error, "cannot set up a signal stack for this thread: %s", strerror(errno));
    return -1;
}

void thread_altstack_free(ThreadRecord *thread)
{
    if (!thread->altstack)
        return;
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    stack_t current;
    if (!sigaltstack(NULL, &current) && current.ss_sp == (char *)thread->altstack + guard) {
        stack_t none = {.ss_sp = NULL, .ss_flags = SS_DISABLE, .ss_size = 0};
        sigaltstack(&none, NULL);
    }
    munmap(thread->altstack, ALTSTACK_SIZE + guard);
    thread->altstack = NULL;
}
