/* component_plain.h: what the plain calls of components share: the guest's memory, and what the core knows of objects that handles stand for. */
#ifndef WASM_VM_COMPONENT_PLAIN_H
#define WASM_VM_COMPONENT_PLAIN_H

#include "component_abi.h"
#include "runtime.h"

enum { PLAIN_UTF8 = ENCODING_UTF8 };

static inline const CanonOptions *plain_side(const CanonFunction *function) { return &function->options; }

static inline uint64_t plain_memory(const CanonFunction *function)
{
    return __atomic_load_n(&plain_side(function)->memory->definition.length, __ATOMIC_RELAXED);
}

/* Where the guest wants the result: its last parameter. False if Python has to say what is wrong there. */
bool plain_result(const CanonFunction *function, const FlatValue *values, Place *place);
/* An ok, and where its payload goes. */
Place plain_ok(const CanonFunction *function, Place result);
/* Room that the guest gives, aligned so. It may trap, or a signal's handler run Python: nothing is owned across this, and what tables have is found anew. */
uint64_t plain_allocated(const CanonFunction *function, uint64_t align, uint64_t size);
/* A list, or a string, at `place`. */
void plain_put_list(const CanonFunction *function, Place place, uint64_t at, uint64_t size);
/* The guest's table, if it is of the WASI that the store has now; NULL: Python knows. */
const int64_t *plain_guest(const CanonFunction *function);
/* What a handle stands for, of the type that `node` says; NULL: Python says what is wrong. Borrowed, as all here, until a guest or Python runs. */
HostObject *plain_object(const CanonFunction *function, const Node *node, uint32_t index);
/* The row, of so many words, of the object that the first parameter's handle stands for; NULL: it has none. */
int64_t *plain_row(const CanonFunction *function, uint32_t index, size_t words);
/* The system's descriptor in a row, if this may be done with it; else -1. */
int plain_file(const int64_t *row, int64_t may);
/* Whether the GIL is free: a slow disk then stops this thread alone. */
bool plain_others_run(void);
/* Whether fields, cases or flags are called so, and are so many. */
bool plain_labels(const Node *node, const char *const *labels, uint32_t count);

/* Each does everything, or says that it did not. */
bool plain_stat(CanonFunction *function, FlatValue *values); /* component_plain_folder.c */
bool plain_stat_names(const AbiSignature *signature);
bool plain_entry(CanonFunction *function, FlatValue *values);
bool plain_entry_names(const AbiSignature *signature);
bool plain_timer(CanonFunction *function, FlatValue *values); /* component_plain_timers.c */
bool plain_timer_until(CanonFunction *function, FlatValue *values);
bool plain_timers(CanonFunction *function, FlatValue *values);
bool plain_timer_over(CanonFunction *function, FlatValue *values);
bool plain_timer_wait(CanonFunction *function, FlatValue *values);

#endif
