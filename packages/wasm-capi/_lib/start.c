/* start.c: finds the Python that this library belongs to, starts it or joins it, and loads the handlers.
 *
 * The library lies in the package wasm_capi of an environment: from there upwards is a folder with bin/python3, which knows its standard library and
 * packages. Python's own library is not linked: which one it is shows at run time, or it is in the process already.
 */
#define _GNU_SOURCE
#include "start.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handle.h"
#include "handlers.h"

const struct capi_handlers *capi_handlers;
const VmCapsule *capi_vm;
__thread bool capi_attached;
VmObject *capi_last_resort;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char problem[1024]; /* why it cannot start; under the lock */

static bool fail(const char *what, const char *which)
{
    snprintf(problem, sizeof problem, "%.400s%s%.400s", what, which ? ": " : "", which ? which : "");
    return false;
}

/* path <- folder/name; false if that is too long. */
static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_MAX;
}

/* What of Python is used, by name, because it is not linked. */
static bool python_runs(void)
{
    int (*initialized)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsInitialized");
    return initialized && initialized();
}

static bool is_file(const char *path)
{
    struct stat found;
    return !stat(path, &found) && S_ISREG(found.st_mode);
}

/* The folder this library is in. */
static bool own_folder(char folder[PATH_MAX])
{
    Dl_info info;
    if (!dladdr((void *)&capi_handlers, &info) || !realpath(info.dli_fname, folder))
        return fail("cannot tell where libwasm_capi.so lies", NULL);
    *strrchr(folder, '/') = 0;
    return true;
}

/* The interpreter of the environment: of WASM_CAPI_PYTHON, else of the one that the library is installed in, else of VIRTUAL_ENV, as a developer has it. Its
 * code is run: a program that has more rights than its caller does not ask the caller for one. */
static bool find_python(const char *folder, char python[PATH_MAX])
{
    const char *given = secure_getenv("WASM_CAPI_PYTHON"), *active = secure_getenv("VIRTUAL_ENV");
    if (given && *given) {
        snprintf(python, PATH_MAX, "%s", given);
        return is_file(python) || fail("WASM_CAPI_PYTHON names no file", given);
    }
    char prefix[PATH_MAX]; /* PREFIX/lib/python3.x/site-packages/wasm_capi */
    snprintf(prefix, sizeof prefix, "%s", folder);
    const bool installed = strstr(folder, "-packages/") != NULL;
    for (int levels = 4; installed && levels; levels--) {
        char *slash = strrchr(prefix, '/');
        if (slash)
            *slash = 0;
    }
    if ((installed && join(python, prefix, "bin/python3") && is_file(python)) || (active && join(python, active, "bin/python3") && is_file(python)))
        return true;
    return fail("it is in no environment of Python's; WASM_CAPI_PYTHON can name one's bin/python3", folder);
}

/* Python's library for everybody to see, as the handlers need. */
static bool load_libpython(const char *folder)
{
    if (dlsym(RTLD_DEFAULT, "Py_IsInitialized"))
        return true;
    const char *given = secure_getenv("WASM_CAPI_LIBPYTHON");
    char path[PATH_MAX], line[PATH_MAX] = "";
    const bool listed = join(path, folder, "libpython.txt"); /* written when the library was built: paths, then names */
    FILE *file = (given && *given) || !listed ? NULL : fopen(path, "r");
    bool loaded = given && *given && dlopen(given, RTLD_NOW | RTLD_GLOBAL);
    while (file && !loaded && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        loaded = *line && dlopen(line, RTLD_NOW | RTLD_GLOBAL);
    }
    if (file)
        fclose(file);
    return loaded || fail("this Python has no shared library (libpython), or it is not found; WASM_CAPI_LIBPYTHON can name it", given && *given ? given : line);
}

/* What cffi made of the handlers: the part that is linked with Python. */
static void *load_part(const char *folder)
{
    char path[PATH_MAX];
    void *part = join(path, folder, "wasm_capi_python.so") ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!part)
        fail("cannot load its other part", dlerror());
    return part;
}

static bool load(void)
{
    char folder[PATH_MAX], python[PATH_MAX] = "";
    const bool runs = python_runs();
    if (!own_folder(folder) || (!runs && !find_python(folder, python)) || !load_libpython(folder))
        return false;
    void *part = load_part(folder);
    if (!part)
        return false;
    const char *(*start)(const char *, const void **) = (const char *(*)(const char *, const void **))dlsym(part, "capi_python_start");
    const struct capi_handlers *handlers = dlsym(part, "capi_handlers_table");
    if (!start || !handlers)
        return fail("its other part is of another version", NULL);
    const void *vm = NULL;
    const char *trouble = start(runs ? NULL : python, &vm);
    if (trouble)
        return fail(trouble, NULL);
    capi_vm = vm;
    if (capi_vm->version != VM_CAPSULE_VERSION || capi_vm->size != sizeof *capi_vm)
        return fail("wasm-vm and wasm-capi are of different versions", NULL);
    /* The first handler that is called imports them all, with a lock of cffi's: here, where nobody waits for that with the GIL. */
    const bool imported = capi_vm->attach(&capi_attached) && handlers->capi_attach();
    capi_attached = false; /* not yet: nobody may call them */
    if (!imported)
        return fail("its handlers cannot be imported; what Python says of it is above", NULL);
    __atomic_store_n(&capi_handlers, handlers, __ATOMIC_RELEASE);
    return true;
}

/* Two threads may make it at once: the first one stays. */
static bool make_last_resort(void)
{
    if (__atomic_load_n(&capi_last_resort, __ATOMIC_ACQUIRE))
        return true;
    VmObject *made = (VmObject *)capi_handlers->capi_exception_of(capi_trap_with("out of memory for the trap of a host function")), *none = NULL;
    if (made && !__atomic_compare_exchange_n(&capi_last_resort, &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        capi_vm->decref(made);
    return made != NULL;
}

/* The lock. A thread of Python's may come with the GIL, for which the holder may be waiting: it is let go meanwhile, and what was held is returned. */
static void *lock_it(void)
{
    if (!pthread_mutex_trylock(&lock))
        return NULL;
    void *(*own)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
    void *(*current)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyThreadState_GetUnchecked"); /* since 3.13 */
    void *(*save)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyEval_SaveThread");
    if (!current)
        current = (void *(*)(void))dlsym(RTLD_DEFAULT, "_PyThreadState_UncheckedGet");
    void *state = own && current && save && python_runs() ? own() : NULL;
    if (state)
        state = state == current() ? save() : NULL;
    pthread_mutex_lock(&lock);
    return state;
}

static void unlock_it(void *state)
{
    void (*restore)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "PyEval_RestoreThread");
    pthread_mutex_unlock(&lock);
    if (state)
        restore(state);
}

bool capi_start_slowly(void)
{
    if (!__atomic_load_n(&capi_handlers, __ATOMIC_ACQUIRE)) {
        void *state = lock_it();
        const bool loaded = capi_handlers || (!*problem && load());
        if (!loaded)
            fprintf(stderr, "libwasm_capi: %s\n", problem);
        unlock_it(state);
        if (!loaded)
            return false;
    }
    if (!capi_vm->attach(&capi_attached))
        return false;
    return capi_attached = capi_handlers->capi_attach() && make_last_resort(); /* whose handler calls the library in turn */
}
