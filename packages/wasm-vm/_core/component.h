/* component.h: components at run time: their instances with handles, resource types, and how values cross between Python, a guest and another guest.
 *
 * A ComponentState is one instantiation of a root component with everything nested in it: plain C, owned by its store, as instances of modules are.
 *
 * Two worlds call the same code. From *Python* the GIL is held, errors are exceptions. From a *guest* that calls another through the canonical ABI we are on
 * the wasm stack without the GIL, like a libcall: no Python object may be touched, errors are traps, which unwind over our frames, so these own nothing.
 * `Crossing.in_guest` says which. What crosses is described by a call program (component/abi in wasm-environ).
 */
#ifndef WASM_VM_COMPONENT_H
#define WASM_VM_COMPONENT_H

#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "store.h"

/* Canonical ABI: limits. */
enum { MAX_FLAT_PARAMS = 16, MAX_FLAT_ASYNC_PARAMS = 4, MAX_FLAT_RESULTS = 1, MAX_FLAT = MAX_FLAT_PARAMS + 2 }; /* MAX_FLAT: room for a call's flat values, a return pointer included */
enum { MAX_HANDLES = (1 << 28) - 1, MAX_RESOURCE_TYPES = 1 << 30 };

typedef struct ComponentState ComponentState;
typedef struct ComponentInstance ComponentInstance;
typedef struct CallScope CallScope;
typedef struct CanonFunction CanonFunction;
typedef struct Crossing Crossing;

/* ---- core values ----
 *
 * The canonical ABI's code has every core value as the low bits of 64, whatever its type is: cases of a variant share places, of several types. Compiled code
 * has those of 32 bits in the first four bytes of a VMValue, which are the low half on a little-endian machine alone. So nothing but flat_take and flat_give
 * makes one of the other, in place and by the core function's type: in canon_call, by which alone guests are called, and where guests call. Above its 32 bits
 * a value that a guest gave may have anything. */
typedef struct __attribute__((may_alias)) FlatValue {
    _Alignas(16) uint64_t bits;
} FlatValue;
_Static_assert(sizeof(FlatValue) == sizeof(VMValue) && _Alignof(FlatValue) == _Alignof(VMValue), "one is made of the other in place");

static inline uint32_t flat_u32(const FlatValue *value) { return (uint32_t)value->bits; }
static inline bool is_of_32_bits(const ValueType *type) { return type->kind == KIND_I32 || type->kind == KIND_F32; }
static inline FlatValue *flat_take(const ValueType *types, uint32_t count, VMValue *values)
{
    FlatValue *flat = (FlatValue *)values;
    for (uint32_t i = 0; HOST_IS_BIG && i < count; i++)
        if (is_of_32_bits(&types[i]))
            flat[i].bits >>= 32;
    return flat;
}
static inline VMValue *flat_give(const ValueType *types, uint32_t count, FlatValue *flat)
{
    for (uint32_t i = 0; HOST_IS_BIG && i < count; i++)
        if (is_of_32_bits(&types[i]))
            flat[i].bits <<= 32;
    return (VMValue *)flat;
}

/* A guest's function that is called from here. Both borrowed: the store's and the engine's. */
typedef struct CoreCallee {
    VMFuncRef *reference; /* with an entry; NULL: there is none */
    const Signature *type;
} CoreCallee;

/* ---- component_program.c: call programs (cf. component/abi/program.py, which makes the words) ---- */

typedef struct Program Program; /* a Python object, immutable: nodes of types, labels, signatures */
typedef struct AbiSignature AbiSignature;
extern PyTypeObject ProgramType;
const AbiSignature *program_signature(const Program *program, uint32_t index); /* borrowed; NULL: no such */
uint32_t abi_param_count(const AbiSignature *signature);
uint32_t program_resources(const Program *program); /* slots of resource types that its types name: below this */
bool abi_may_err(const AbiSignature *signature); /* its result is a `result` */
bool abi_same_result(const AbiSignature *a, const AbiSignature *b); /* of one program */
/* Types of the flat values are checked when core functions are linked; here only how many core values a call needs, at most MAX_FLAT. */

/* ---- component_resource.c: resource types ---- */

/* The type itself, equal to itself alone, or to a host's of the same number. An object: a host's is Python's, a guest's belongs to the state that defines it. */
typedef struct ResourceType {
    PyObject_HEAD
    PyObject *name;       /* str or NULL: for messages; strong */
    PyObject *destructor; /* of a host's: called with store and representation, or with `cls` the object; or NULL; strong */
    PyObject *cls;        /* of a host's whose resources are Python's objects: their class; else NULL: they are numbers. Strong */
    bool plain;           /* with `cls`: its objects have an attribute `plain` (component_plain.c) */
    struct Shape *shape;   /* of a guest's, or NULL: the class of its handles in typed functions, made of the handle and `context`. Owned, set once */
    PyObject *context;     /* strong, with `shape` */
    int64_t number;        /* of a host's, >= 0: which type it is; < 0: it is itself alone */
    ComponentState *state; /* of a guest's: borrowed, NULL once its store is closed */
    uint32_t instance;     /* the component instance that defines it */
    CoreCallee guest_destructor; /* of the state's store, or none */
} ResourceType;
extern PyTypeObject ResourceTypeType;

static inline bool resource_type_same(const ResourceType *a, const ResourceType *b)
{
    return a == b || (a->number >= 0 && a->number == b->number);
}

/* A handle that Python holds. */
typedef struct ResourceAny {
    PyObject_HEAD
    Store *store;       /* strong */
    ResourceType *type; /* strong */
    uint64_t rep;
    bool own, gone;    /* gone: dropped, given away, or the call that lent it is over */
    uint32_t lends;    /* calls that have it borrowed now */
    struct ResourceAny *next; /* of a borrow: the next one of its scope, strong */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} ResourceAny;
extern PyTypeObject ResourceAnyType;
int host_destructor(const Crossing *crossing, ComponentState *state, ResourceType *type, uint64_t rep);
ResourceType *resource_type_of_guest(ComponentState *state, uint32_t instance, const CoreCallee *destructor, PyObject *name); /* new reference; destructor: or NULL; name: a str, None or NULL */
PyObject *resource_any_new(Store *store, ResourceType *type, uint64_t rep, bool own);

/* ---- component_objects.c: objects of Python as resources; their representation is a place in a table. With the GIL ---- */

enum { MAX_HOST_OBJECTS = 100000 };
#define NO_PLACE UINT32_MAX

typedef struct HostObject {
    PyObject *object;   /* strong; NULL: a free place, or a timer that is no object yet */
    ResourceType *type; /* borrowed: the state's */
    Py_buffer *plain;   /* what the core has to know of it; owned, or NULL */
    uint32_t owns;      /* own handles of guests */
    uint32_t borrows;   /* of running calls to which Python lent it */
    uint32_t next;      /* in the chain of its bucket, or of free places; NO_PLACE: none */
    bool until;         /* of a timer: made of an instant of the guest's, and not of a duration */
    CanonFunction *timer; /* what made it; borrowed, the state's. NULL: it is none, or an object by now */
    int64_t when;       /* of a timer: when it is over, by the host's monotonic clock, in ns */
} HostObject;

/* An object has one place for each type: so it is known when its last handle goes. */
typedef struct HostObjects {
    HostObject *entries; /* owned */
    uint32_t *buckets;   /* the first places by hash; owned */
    uint32_t used, capacity, free; /* the capacity, a power of two or 0, is that of both */
} HostObjects;

PyObject *object_to_python(const Crossing *crossing, ComponentState *state, const ResourceType *type, uint64_t rep, bool own);
int object_from_python(const Crossing *crossing, ComponentState *state, ResourceType *type, bool own, PyObject *object, uint64_t *rep); /* -1 with an exception */
void object_give_back(ComponentState *state, bool own, uint64_t rep); /* undoes object_from_python */
int object_drop(const Crossing *crossing, ComponentState *state, ResourceType *type, uint64_t rep); /* a guest's own handle is gone: -1 with an exception */
uint32_t objects_free_place(const HostObjects *objects); /* that an object had, or NO_PLACE. This and the next two: without the GIL */
void objects_put_timer(HostObjects *objects, uint32_t place, HostObject timer); /* at a free place, the one above */
bool object_drop_timer(ComponentState *state, const ResourceType *type, uint64_t rep); /* a guest's own handle is gone: whether it was a timer's */
uint64_t plain_timer_argument(const HostObject *timer); /* component_plain_timers.c: what `timer` is called with for the same */
void objects_clear(HostObjects *objects);
int objects_traverse(const HostObjects *objects, visitproc visit, void *arg);
extern PyTypeObject HostCallType;
bool host_call_typed(PyObject *object); /* whether it is a HostCall that is typed */
const char *host_call_plain(PyObject *object, PyObject **of_wasi); /* of a HostCall: its plain call, borrowed, or NULL; *of_wasi: borrowed, or NULL */

/* ---- component_handles.c: what a component instance has handles to ---- */

typedef struct Handle {
    uint64_t rep;
    union {
        CallScope *scope; /* of a borrow: the call that lent it; else NULL */
        uint32_t next;    /* of a free place: the next one, 0: none */
    };
    uint32_t lends; /* calls that have it borrowed now */
    uint32_t type : 30; /* the state's slot of a resource type */
    uint32_t own : 1;
    uint32_t used : 1; /* not a free place */
} Handle;

typedef struct HandleTable {
    Handle *entries; /* owned; index 0 is never used */
    uint32_t used, capacity, free;
} HandleTable;

/* A truth that adapters (component/adapters in wasm-environ) read and write too, as a mutable i32 global that they import. The state owns the cell, which
 * stays where it is until the store goes, with it every instance that could reach it. */
typedef VMGlobal Flag;

struct ComponentInstance {
    Flag may_leave;
    Flag entered; /* a call is in it, or one trapped there: it is not entered again */
    HandleTable handles;
    uint32_t parent; /* index; the root's is itself */
    uint16_t backpressure;
};

struct ComponentState {
    ComponentState *next; /* of the store */
    Store *store;         /* borrowed: owns this */
    Program *program;     /* strong */
    ComponentInstance *instances; /* 0 is the root. This and the next two are of the same piece of memory */
    ResourceType **resources;     /* by slot; strong, entries NULL until set */
    CanonFunction **lifted;       /* by slot of a function; of `functions`, entries NULL: an import, or not lifted yet */
    CanonFunction *functions;     /* owned list: everything lifted and lowered */
    uint32_t instance_count, resource_count, function_count;
    HostObjects objects;
    char *room, *room_end;        /* of the same piece: for functions that are made later */
    struct Lender *lenders; /* owned stack: what running calls have borrowed */
    uint32_t lender_count, lender_capacity;
    struct Task *task; /* of the innermost call into it, but for those that adapters make */
    Flag trapped;      /* a call ended by a trap: nothing of it is entered again */
    bool arrays, raises; /* what its functions' options begin with */
};

/* What running calls have borrowed: a handle of a guest, one that Python holds, or an object of Python. */
#define OBJECTS UINT32_MAX /* as an instance: none, but the state's objects */
typedef struct Lender {
    ResourceAny *held; /* strong; NULL: a guest's, or an object */
    uint32_t instance, index;
} Lender;

/* One call between components or with Python, on the C stack: what was lent for it. The caller's borrows are lenders; the callee counts its handles. */
struct CallScope {
    ComponentState *state; /* whose lenders these are */
    uint32_t first_lender; /* in state->lenders */
    uint32_t borrows;      /* handles that the callee still has */
    ResourceAny *held;     /* those that Python has, when it is the callee: the first, strong */
};

/* Canonical options: one side of a crossing. All borrowed from the state's store, but for a reference to the memory.
 * Limits of flat values follow from them: a lowered function takes MAX_FLAT_PARAMS parameters, is_async MAX_FLAT_ASYNC_PARAMS, and gives MAX_FLAT_RESULTS,
 * is_async none; what a lifted one gives are MAX_FLAT_RESULTS, is_async (by task.return) MAX_FLAT_PARAMS. */
typedef struct CanonOptions {
    ComponentState *state;
    uint32_t instance;
    Memory *memory;         /* or NULL */
    CoreCallee realloc;     /* or none */
    CoreCallee post_return; /* or none */
    uint8_t encoding;       /* ENCODING_* */
    bool is_async, has_callback;
    bool arrays; /* lists of numbers come to Python as array.array */
    bool raises; /* an err that it returns to Python is raised */
    bool typed;  /* values in Python are objects of the classes that the program was bound to (component_shapes.c) */
} CanonOptions;
enum { ENCODING_UTF8, ENCODING_UTF16, ENCODING_LATIN1_UTF16 };

/* A crossing under way: state shared by everything that converts for one call. */
struct Crossing {
    Store *store;
    const Program *program;
    CallScope *scope;
    bool in_guest;
};

/* A trap of the canonical ABI in these words, as printf: from Python an exception and -1, in a guest no return. */
__attribute__((format(printf, 2, 3))) int canon_trap(const Crossing *crossing, const char *words, ...);
/* Call a core function of the store: values in, results out. -1 with an exception, or it traps. Memory may have grown. */
int canon_call(const Crossing *crossing, const CoreCallee *function, FlatValue *values);
/* options->realloc with may_leave off, its result checked: aligned and inside of the memory. */
int canon_realloc(const Crossing *crossing, const CanonOptions *options, uint64_t old, uint64_t old_size, uint64_t align, uint64_t size, uint64_t *result);

/* Handles crossing: from a guest's index to the representation, and back. -1 as canon_trap. */
uint32_t handles_limit(const Store *store); /* how many handles an instance may have, and how many a call may have borrowed */
int handle_lift_own(const Crossing *crossing, const CanonOptions *from, uint32_t resource, uint32_t index, uint64_t *rep);
int handle_lift_borrow(const Crossing *crossing, const CanonOptions *from, uint32_t resource, uint32_t index, uint64_t *rep);
int handle_lower_own(const Crossing *crossing, const CanonOptions *to, uint32_t resource, uint64_t rep, uint32_t *index);
int handle_lower_borrow(const Crossing *crossing, const CanonOptions *to, uint32_t resource, uint64_t rep, uint32_t *index);
/* Built-ins: resource.new, resource.rep, resource.drop (*own: the resource itself is to be destroyed). */
int handle_new(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint64_t rep, uint32_t *index);
int handle_rep(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint32_t index, uint64_t *rep);
int handle_drop(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint32_t index, uint64_t *rep, bool *own);
/* Objects of the class that a type is bound to, around handles: `handle` is taken. And back: new, or a new reference to what is no such object. */
PyObject *resource_shaped(const ResourceType *type, PyObject *handle);
PyObject *resource_unshaped(const ResourceType *type, PyObject *object);
/* The same with Python on one side; `resource`: a slot of the state. With the GIL. */
PyObject *resource_to_python(const Crossing *crossing, ComponentState *state, uint32_t resource, uint64_t rep, bool own);
int resource_from_python(const Crossing *crossing, ComponentState *state, uint32_t resource, bool own, PyObject *object, uint64_t *rep); /* of what may be of the type: -1 with an exception */

/* ---- component_lower.c, component_lift.c, component_copy.c: values (the interpreters of call programs) ---- */

/* Python -> a callee's flat parameters, through memory if there are too many. args: abi_param_count of them. */
int abi_lower_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *to, PyObject *const *args, FlatValue *flat);
/* What a lifted function gave -> Python; None without a result. */
PyObject *abi_lift_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const FlatValue *flat);
/* A caller's flat parameters -> new references in argv. -1: none is left. */
int abi_lift_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const FlatValue *flat, PyObject **argv);
/* Whether options have the memory and realloc that a lifted or lowered function of this signature uses: validation saw to it, an artifact may lie. -1 with ValueError. */
int abi_check_options(const AbiSignature *signature, const CanonOptions *options, bool lowered);
/* Whether a core function's type is what lifting takes or lowering gives, and whether it is `task.return`'s, with addresses of this width. component_flat.c */
bool abi_fits(const AbiSignature *signature, const CanonOptions *options, bool lowered, bool is64, const Signature *core);
bool abi_fits_return(const AbiSignature *signature, bool is64, const Signature *core);
/* What a host function gave -> the caller's flat result in flat[0], or where its last flat parameter points: `flat` still holds the parameters. */
int abi_lower_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *to, PyObject *result, FlatValue *flat);
/* Of typed functions: what was lifted -> its value, or an exception for an err; and back, of what a host function returned, no err. Either takes its argument. */
PyObject *abi_unwrap_result(const AbiSignature *signature, PyObject *result);
PyObject *abi_wrap_result(const AbiSignature *signature, PyObject *value);
/* Guest to guest: flat parameters of the caller -> of the callee; the callee's result -> the caller's, `lowered` holding the caller's flat parameters. */
int abi_copy_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const CanonOptions *to, const FlatValue *lowered, FlatValue *lifted);
int abi_copy_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const CanonOptions *to, const FlatValue *lifted, FlatValue *lowered);

/* ---- component_state.c: instantiated components, and functions of the canonical ABI ---- */

enum CanonKind { CANON_LIFT, CANON_LOWER, CANON_LOWER_HOST, CANON_BUILT_IN };

/* A function lifted, lowered or built in. Owned by its state's list. */
struct CanonFunction {
    CanonFunction *next;
    ComponentState *state; /* borrowed: owns this */
    enum CanonKind kind;
    bool alone;            /* a piece of memory of its own, and not of the state's room */
    CanonOptions options;
    const AbiSignature *signature; /* the program's; NULL: of a built-in without one */
    CoreCallee core;       /* CANON_LIFT: what is lifted */
    CanonFunction *target; /* CANON_LOWER: the lifted function; of this state */
    PyObject *callable;    /* CANON_LOWER_HOST: strong, NULL once the store was cleared */
    struct PlainLowered *plain; /* CANON_LOWER_HOST: its usual case; owned, or NULL */
    uint32_t code, operand; /* CANON_BUILT_IN: canons.py's code; a resource type's slot, or which of a task's storage */
    uint32_t type;         /* CANON_LIFT: in the component's table, for Python */
    HostFunc *host;        /* but for CANON_LIFT: the core function, behind this struct */
};

enum { CONTEXT_SLOTS = 2 }; /* CanonicalABI.md: Thread.storage */

/* A call into a lifted function that runs. On the C stack. */
typedef struct Task {
    struct Task *outer;
    CanonFunction *function;
    CallScope *scope;
    const CanonOptions *caller; /* a guest's options, or NULL: Python called */
    FlatValue *lowered;         /* the caller's flat values */
    PyObject *result;           /* of Python's call, once returned; strong */
    uint64_t storage[CONTEXT_SLOTS]; /* of context.get and context.set */
    bool returned;
} Task;

/* What a state has room for. */
typedef struct StateShape {
    const uint32_t *parents; /* of instances; borrowed */
    uint32_t instances, resources, functions;
    size_t room; /* bytes, for functions: see component_function_size */
} StateShape;

extern PyTypeObject ComponentStateType, ComponentFuncType, ComponentPlanType, ComponentPreType, InstantiationType;
int component_take_parents(const Py_buffer *parents, StateShape *shape); /* borrowed from the buffer; -1 with an exception, as the next two */
int component_check_shape(const Program *program, const StateShape *shape);
ComponentState *component_state_new(Store *store, Program *program, const StateShape *shape); /* the store's, checked before */
void component_state_fail(ComponentState *state); /* its instantiation failed: nothing of it is entered again */
size_t component_function_size(bool core);        /* of the next three, the first being none of core */
/* New functions of a state. Core functions are of the store; NULL with an exception. */
CanonFunction *canon_new_lifted(ComponentState *state, const AbiSignature *signature, const CanonOptions *options, const CoreCallee *core);
CanonFunction *canon_new_lowered(ComponentState *state, const AbiSignature *signature, const CanonOptions *options, CanonFunction *target, PyObject *callable,
                                 Signature *type);
CanonFunction *canon_new_built_in(ComponentState *state, uint32_t code, uint32_t operand, const AbiSignature *signature, const CanonOptions *options,
                                  Signature *type);
CanonFunction *canon_new_adapter_trap(ComponentState *state, Signature *type);
Flag *component_flag(ComponentState *state, uint32_t instance, uint32_t which); /* the state's; NULL with an exception */
void component_state_free(ComponentState *state); /* when its store goes */
int component_states_traverse(const Store *store, visitproc visit, void *arg);
void component_states_clear(Store *store);
Memory *component_memory(PyObject *object); /* of a Memory object: borrowed; NULL with TypeError */

/* ---- component_call.c: entering and leaving component instances ---- */

/* The instances that a call from `caller` (an index, or NO_CALLER: Python) into `callee` enters: -1 as canon_trap if one may not be. */
enum { NO_CALLER = -1 };
int canon_enter(const Crossing *crossing, ComponentState *state, int64_t caller, uint32_t callee);
void canon_leave(ComponentState *state, int64_t caller, uint32_t callee);
void scope_begin(CallScope *scope, ComponentState *state);
int scope_check(const Crossing *crossing); /* the callee has no borrows left: -1 as canon_trap */
void scope_end(CallScope *scope);          /* gives back what was lent. With `held` the GIL is held */
int scope_lend(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t index);
int scope_lend_held(const Crossing *crossing, ResourceAny *held);
int scope_lend_object(const Crossing *crossing, uint32_t place);
/* What an async-lifted function returned to Python, which called it: *result <- a new reference, the task's, which outlives the unwinding that may follow. In a guest. */
void canon_lift_outside(const Crossing *crossing, const CanonFunction *lifted, const FlatValue *values, PyObject **result);
int canon_async_return(const Crossing *crossing, const Task *task, const FlatValue *flat); /* an async-lifted function has returned: -1 as canon_trap if it is not done */
int canon_post_return(const Crossing *crossing, CanonFunction *function, FlatValue *flat);
PyObject *component_func_wrap(CanonFunction *function, PyObject *component); /* new reference. `component`: a ComponentPlan, or NULL */
CanonFunction *component_func_target(PyObject *object, const ComponentState *state); /* if it is a lifted function of this state; else NULL */
int resource_destroy(const Crossing *crossing, ComponentState *state, int64_t caller, ResourceType *type, uint64_t rep);

/* ---- component_plain.c: the usual case of a host function without Python ---- */

int plain_lowered_set(CanonFunction *function);                    /* by its callable, if that has one: -1 with an exception */
bool plain_lowered_call(CanonFunction *function, FlatValue *values); /* on the wasm stack: whether that was all; else `values` are what is left to do */
void plain_lowered_refresh(CanonFunction *function);               /* after Python did it: find the table that it goes by. Runs Python code */
int plain_lowered_traverse(const CanonFunction *function, visitproc visit, void *arg);
void plain_lowered_free(CanonFunction *function); /* runs Python code, as the next two */
Py_buffer *plain_of(PyObject *object);            /* an object's attribute `plain`, new, or NULL: it has none that can be used */
void plain_release(Py_buffer *plain);             /* NULL passes */

/* ---- component_lowered.c, component_builtins.c: what guests and adapters call ---- */

uint64_t canon_lowered(VMHostContext *context, VMValue *values);
uint64_t canon_built_in(VMHostContext *context, VMValue *values);
uint64_t canon_adapter_trap(VMHostContext *context, VMValue *values); /* (number of a trap) -> it does not return */
bool canon_fits(uint32_t code, const AbiSignature *signature, bool is64, const Signature *core); /* whether a built-in may have this type */
bool canon_takes_resource(uint32_t code); /* whether the operand of a built-in is a resource type */

#endif
