/* component_lower.h: what the files that lower Python values share. */
#ifndef WASM_VM_COMPONENT_LOWER_H
#define WASM_VM_COMPONENT_LOWER_H

#include "component_abi.h"

enum { MAX_PATH = 260 }; /* deeper than programs are */

/* A step from a value into it: a field or case, or with `edge` NULL an item. */
typedef struct PathStep {
    const Edge *edge;
    uint64_t index;
} PathStep;

/* A handle to be lowered after everything else was: what fails before then leaves handles as they were. */
typedef struct Pending {
    const Node *node;
    PyObject *object; /* strong */
    Place place;
    uint64_t rep;
    uint32_t argument;
} Pending;

typedef struct Lowering {
    const Crossing *crossing;
    const CanonOptions *to;
    uint32_t argument; /* from 1; 0: a host function's result */
    uint32_t depth;
    PathStep path[MAX_PATH];
    Pending *pending; /* owned */
    size_t pending_count, pending_capacity;
} Lowering;

/* An exception about the value where `path` is, in words as PyErr_Format takes them: -1. */
int unfit(const Lowering *l, PyObject *exception, const char *words, ...);
int wrong_kind(const Lowering *l, const char *expected, PyObject *object); /* TypeError: -1 */

/* `object`: borrowed, its owner keeps it. Anything may happen to Python objects and to guests meanwhile, but to `place`. */
int lower(Lowering *l, const Node *node, PyObject *object, Place place);

/* component_lower_lists.c */
int lower_list(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_fixed_list(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_map(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_tuple(Lowering *l, const Node *node, PyObject *object, Place place);

/* component_lower_choices.c */
int lower_record(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_variant(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_enum(Lowering *l, const Node *node, PyObject *object, Place place);
int lower_flags(Lowering *l, const Node *node, PyObject *object, Place place);

#endif
