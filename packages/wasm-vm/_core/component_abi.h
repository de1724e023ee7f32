/* component_abi.h: call programs as the interpreters of the canonical ABI see them, and what those share. */
#ifndef WASM_VM_COMPONENT_ABI_H
#define WASM_VM_COMPONENT_ABI_H

#include "component.h"

/* Of nodes: component/abi/program.py. */
enum NodeKind {
    NODE_BOOL = 1, NODE_S8, NODE_U8, NODE_S16, NODE_U16, NODE_S32, NODE_U32, NODE_S64, NODE_U64, NODE_F32, NODE_F64, NODE_CHAR, NODE_STRING,
    NODE_LIST, NODE_FIXED_LIST, NODE_MAP, NODE_RECORD, NODE_TUPLE, NODE_VARIANT, NODE_ENUM, NODE_OPTION, NODE_RESULT, NODE_FLAGS, NODE_OWN, NODE_BORROW,
    NODE_UNSUPPORTED, NODE_KINDS
};
enum {
    CLASS_BOOL = 1, CLASS_INT = 2, CLASS_FLOAT = 4, CLASS_STR = 8, CLASS_BYTES = 16, CLASS_LIST = 32, CLASS_DICT = 64, CLASS_RECORD = 128, CLASS_TUPLE = 256,
    CLASS_VARIANT = 512, CLASS_SET = 1024, CLASS_RESOURCE = 2048, CLASS_OBJECT = 4096
};
enum { FLAT_LIMIT = MAX_FLAT_PARAMS + 1 }; /* a `flat` of this many means: this many or more */
enum { MAX_BYTES = (1 << 28) - 1 };        /* CanonicalABI.md: MAX_LIST_BYTE_LENGTH, MAX_STRING_BYTE_LENGTH; no type is larger */

typedef struct Node Node;

/* A class of the program's user for records, a case, flags; or a member of an enum. component_shapes.c */
typedef struct Shape {
    PyObject *object;    /* the class or member; strong */
    PyObject *names;     /* of a class: a tuple, its fields' attributes in order; of flags: a dict, from bits to objects that were made; strong */
    Py_ssize_t *offsets; /* of the fields' slots in its objects; NULL: it is called with the fields, which are read by name. Owned */
} Shape;

/* A field, an element of a tuple, a case, a flag. Where something depends on the width of addresses, [0] is for 32 bits, [1] for 64. */
typedef struct Edge {
    PyObject *label;     /* interned str, or NULL; strong */
    PyObject *attribute; /* the same with `_` for `-`, or NULL if it is the same; strong */
    const Node *node;    /* or NULL */
    uint32_t offset[2];
    uint32_t flat; /* which core value of the whole its first one is */
} Edge;

struct Node {
    uint8_t kind;
    bool tagged; /* values are Variant objects */
    bool plain;  /* any bytes are a value, and there are no others: it moves by memcpy */
    bool borrows;   /* a handle in it is a borrow: no result has one, whose call is over */
    bool in_memory; /* part of it lies in memory whatever takes it: a string, list or map */
    uint8_t tag_size;    /* bytes of the discriminant, or of the flags */
    uint32_t size[2], align[2];
    uint32_t objects; /* bytes of Python objects that a value is at most, without what strings, lists and maps have in them (component_cost.c) */
    uint32_t flat;
    uint8_t kinds[FLAT_LIMIT]; /* of its core values, when they are fewer: enum Kind, or FLAT_ADDRESS */
    uint32_t classes;
    const Node *element; /* of lists; of a map the tuple of key and value */
    uint32_t length;     /* of a list of fixed length */
    uint32_t resource;   /* of handles: the state's slot */
    uint32_t count;
    const Edge *edges;
    Shape *shapes; /* owned; NULL: it was not bound. For typed functions */
};

struct AbiSignature {
    const Node *params; /* a tuple */
    const Node *result; /* or NULL */
};

struct Program {
    PyObject_HEAD
    Node *nodes;
    Edge *edges;
    AbiSignature *signatures;
    uint32_t node_count, edge_count, signature_count, resource_count;
};

enum { FLAT_ADDRESS = 0xFF };
void node_flat_kinds(Node *node); /* component_flat.c: of one whose parts have theirs */

/* ---- component_cost.c: how much memory of the host a guest's values take ---- */

enum { ITEM_BYTES = 8, MAP_ITEM_BYTES = 104, MAX_OBJECTS = 1 << 30 }; /* of a list and a dict, beside what is in them; most that `objects` says */
void node_objects(Node *node); /* of one whose parts have theirs */

/* Where a value lies: among core values, or with `flat` NULL in the memory of its side, at an address that was checked for the whole value. */
typedef struct Place {
    FlatValue *flat;
    uint64_t at;
} Place;

static inline unsigned wide(const CanonOptions *side) { return side->memory && side->memory->is64; }
static inline Place part(Place whole, uint32_t flat, uint64_t offset)
{
    return (Place){whole.flat ? whole.flat + flat : NULL, whole.at + offset};
}
/* Its bytes in memory now: anything that runs Python or a guest may move them. */
static inline uint8_t *bytes_at(const CanonOptions *side, uint64_t at) { return (uint8_t *)side->memory->definition.base + at; }

static inline uint64_t load(const CanonOptions *from, Place place, unsigned size)
{
    if (place.flat)
        return size == 8 ? place.flat->bits : place.flat->bits & ((1ull << 8 * size) - 1);
    const uint8_t *bytes = bytes_at(from, place.at);
    uint64_t value;
    uint32_t word;
    uint16_t half;
    switch (size) {
    case 1: return *bytes;
    case 2: memcpy(&half, bytes, 2); return wasm_order16(half);
    case 4: memcpy(&word, bytes, 4); return wasm_order32(word);
    default: memcpy(&value, bytes, 8); return wasm_order64(value);
    }
}

/* `bits`: a core value's, zero beyond its width. */
static inline void store(const CanonOptions *to, Place place, unsigned size, uint64_t bits)
{
    if (place.flat) {
        place.flat->bits = bits;
        return;
    }
    uint8_t *bytes = bytes_at(to, place.at);
    const uint64_t value = wasm_order64(bits);
    const uint32_t word = wasm_order32((uint32_t)bits);
    const uint16_t half = wasm_order16((uint16_t)bits);
    switch (size) {
    case 1: *bytes = (uint8_t)bits; return;
    case 2: memcpy(bytes, &half, 2); return;
    case 4: memcpy(bytes, &word, 4); return;
    default: memcpy(bytes, &value, 8);
    }
}

/* A discriminant: `size` bytes in memory, an i32 as a core value, all of which is looked at. And a bool's truth likewise. */
static inline uint64_t load_i32(const CanonOptions *from, Place place, unsigned size) { return load(from, place, place.flat ? 4 : size); }

/* An address or length: its own core value, or as wide as addresses are. */
static inline uint64_t load_address(const CanonOptions *from, Place place, unsigned index)
{
    unsigned size = wide(from) ? 8 : 4;
    return load(from, part(place, index, (uint64_t)index * size), size);
}
static inline void store_address(const CanonOptions *to, Place place, unsigned index, uint64_t value)
{
    unsigned size = wide(to) ? 8 : 4;
    store(to, part(place, index, (uint64_t)index * size), size, value);
}

static inline uint32_t canonical_f32(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits; }
static inline uint64_t canonical_f64(uint64_t bits) { return (bits & INT64_MAX) > 0x7ff0000000000000u ? 0x7ff8000000000000u : bits; }
static inline bool is_scalar_value(uint64_t c) { return c < 0x110000 && (c < 0xD800 || c > 0xDFFF); }

/* Of a lifted or lowered side: how a call passes params or a result, once these take too many core values. */
static inline uint32_t param_limit(const CanonOptions *lowered) { return lowered->is_async ? (uint32_t)MAX_FLAT_ASYNC_PARAMS : (uint32_t)MAX_FLAT_PARAMS; }

/* [begin, begin + length * size) of a list that `from` gives: 0, or -1 as canon_trap. *bytes <- its size. */
int check_list(const Crossing *crossing, const CanonOptions *from, const Node *element, uint64_t begin, uint64_t length, uint64_t *bytes);
/* A whole value at an address that the guest gave. */
int check_pointer(const Crossing *crossing, const CanonOptions *side, const Node *node, uint64_t at, const char *which);

/* ---- component_strings.c ---- */

enum { FROM_UTF8, FROM_UTF16, FROM_LATIN1 };

/* A string that crosses: in a guest's memory, or bytes that its owner keeps. It was checked. */
typedef struct StringSource {
    const CanonOptions *side; /* or NULL */
    uint64_t at;              /* with `side` */
    const uint8_t *bytes;     /* without */
    uint64_t units;           /* code units */
    uint8_t form;             /* FROM_* */
    bool tagged_side;         /* its side's encoding is latin1+utf16 */
} StringSource;

/* What a guest says is a string, checked. -1 as canon_trap. */
int string_source(const Crossing *crossing, const CanonOptions *from, uint64_t at, uint64_t tagged_units, StringSource *source);
const char *string_fault(const StringSource *source); /* NULL: it is well formed */
/* Allocates and writes it, by the steps of CanonicalABI.md (store_string_into_range). */
int string_store(const Crossing *crossing, const CanonOptions *to, const StringSource *source, uint64_t *at, uint64_t *tagged_units);

/* ---- component_shapes.c: values as objects of a program's own classes. Exceptions by NULL or -1 ---- */

enum { MAX_FLAG_SETS = 1 << 10 }; /* of one type, that are kept */
int shape_init(Shape *shape, PyObject *class, const char *attribute, bool handle); /* the class's attribute that names its fields; whether they are a handle's */
void shape_clear(Shape *shape);
uint32_t shape_fields(const Shape *shape);
PyObject *shape_begin(const Shape *shape); /* what becomes the object: its fields are put into it, then shape_end, which takes it */
void shape_put(const Shape *shape, PyObject *begun, uint32_t i, PyObject *value); /* `value` is taken */
PyObject *shape_end(const Shape *shape, PyObject *begun);
PyObject *shape_get(const Shape *shape, PyObject *object, uint32_t i); /* new: of an instance of the class, or of what is like one */
PyObject *shaped_case(const Node *node, const Edge *edge, PyObject *payload); /* `payload` is taken */
const Edge *shaped_case_of(const Node *node, PyObject *object, PyObject **payload); /* *payload: new. NULL without an exception: no object of these classes */
PyObject *shape_names(const Node *node); /* "A, B or C": of the classes, for messages; new */
PyObject *shaped_flags(const Node *node, uint64_t bits);
const Edge *shaped_enum_of(const Node *node, PyObject *object); /* NULL: no member */
bool is_shaped_flags(const Node *node, PyObject *object);
int node_bind(Node *node, PyObject *classes); /* a tuple */
void shapes_free(Node *node);
int shapes_traverse(const Node *node, visitproc visit, void *arg);

/* ---- component_values.c: what records and variants are in Python ---- */

extern PyTypeObject RecordType, VariantType;
int variant_type_init(void);
PyObject *record_new(PyObject *fields);                   /* a new reference to `fields`, a dict, is taken, also by an error */
PyObject *variant_new(PyObject *tag, PyObject *payload);  /* `payload` is taken; NULL: none */
PyObject *record_fields(PyObject *record);                /* borrowed: of a RecordType exactly, its dict or NULL */
static inline bool is_variant(PyObject *object) { return PyObject_TypeCheck(object, &VariantType); }
bool is_like_variant(PyObject *object); /* a Variant, or of a class that has a tag and a payload */
int variant_parts(PyObject *object, PyObject **tag, PyObject **payload); /* of such a one, new; -1 with an exception */

#endif
