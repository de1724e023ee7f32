"""The table of wasmtime.h's parts for components. Names, layouts and meanings are wasmtime's; what is async is not there."""

from __future__ import annotations

from wasm_capi.families import PYTHON, RELEASE, SAME, C, Code, Item, Row, Text, handle

ERR = "own wasmtime_error_t *"
NAME = "const char *name, size_t name_len"
VALTYPE = "own struct wasmtime_component_valtype_t *type_ret"
NTH = "size_t nth, const char **name_ret, size_t *name_len_ret"


def of_component(name: str, what: str) -> list[Item]:
    """A type: cloned, compared, deleted."""
    t = f"wasmtime_component_{name}_t"
    return [
        *handle(f"component_{name}", what, "clone"),
        Row(f"wasmtime_component_{name}_equal", "bool", f"const {t} *a, const {t} *b", SAME, "Whether two types are the same."),
    ]


def _named(name: str, member: str, what: str, more: str) -> list[Row]:
    t = f"const wasmtime_component_{name}_t *type"
    doc = f"One of its {what}; false if there is none. The name is the type's own."
    return [
        Row(f"wasmtime_component_{name}_{member}_count", "size_t", t, PYTHON, f"How many {what} it has."),
        Row(f"wasmtime_component_{name}_{member}_nth", "bool", f"{t}, {NTH}{more}", PYTHON, doc),
    ]


def _payload(name: str, member: str, result: str, doc: str) -> Row:
    return Row(f"wasmtime_component_{name}_{member}", result, f"const wasmtime_component_{name}_t *type, {VALTYPE}", PYTHON, doc)


TYPES_RESOURCE: tuple[Item, ...] = (
    *of_component("resource_type", "a resource type"),
    Row("wasmtime_component_resource_type_new_host", "own wasmtime_component_resource_type_t *", "uint32_t type", PYTHON, "The host's resource type of a number."),
)

VALTYPES = (
    "BOOL", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "F32", "F64", "CHAR", "STRING", "LIST", "RECORD", "TUPLE", "VARIANT", "ENUM", "OPTION",
    "RESULT", "FLAGS", "OWN", "BORROW", "FUTURE", "STREAM", "ERROR_CONTEXT", "MAP",
)  # fmt: skip
TYPES_VAL: tuple[Item, ...] = (
    Text("struct wasmtime_component_valtype_t;"),
    *of_component("list_type", "a list type"),
    _payload("list_type", "element", "void", "The type of its elements."),
    *of_component("record_type", "a record type"),
    *_named("record_type", "field", "fields", f", {VALTYPE}"),
    *of_component("tuple_type", "a tuple type"),
    Row("wasmtime_component_tuple_type_types_count", "size_t", "const wasmtime_component_tuple_type_t *type", PYTHON, "How many parts it has."),
    Row("wasmtime_component_tuple_type_types_nth", "bool", f"const wasmtime_component_tuple_type_t *type, size_t nth, {VALTYPE}", PYTHON, "The type of a part; false if there is none."),
    *of_component("variant_type", "a variant type"),
    *_named("variant_type", "case", "cases", ", bool *has_payload_ret, own struct wasmtime_component_valtype_t *payload_ret"),
    *of_component("enum_type", "an enum type"),
    *_named("enum_type", "names", "names", ""),
    *of_component("option_type", "an option type"),
    _payload("option_type", "ty", "void", "The type of what it may hold."),
    *of_component("result_type", "a result type"),
    _payload("result_type", "ok", "bool", "The type of what an ok holds; false if it holds nothing."),
    _payload("result_type", "err", "bool", "The type of what an err holds; false if it holds nothing."),
    *of_component("flags_type", "a flags type"),
    *_named("flags_type", "names", "names", ""),
    *of_component("future_type", "a future type"),
    _payload("future_type", "ty", "bool", "The type of what it brings; false if it brings nothing."),
    *of_component("stream_type", "a stream type"),
    _payload("stream_type", "ty", "bool", "The type of what it brings; false if it brings nothing."),
    *of_component("map_type", "a map type"),
    _payload("map_type", "key", "void", "The type of its keys."),
    _payload("map_type", "value", "void", "The type of its values."),
    Code("\n".join(f"#define WASMTIME_COMPONENT_VALTYPE_{name} {number}" for number, name in enumerate(VALTYPES))),
    Text("""\
typedef uint8_t wasmtime_component_valtype_kind_t;
typedef union wasmtime_component_valtype_union {
  wasmtime_component_list_type_t *list;
  wasmtime_component_record_type_t *record;
  wasmtime_component_tuple_type_t *tuple;
  wasmtime_component_variant_type_t *variant;
  wasmtime_component_enum_type_t *enum_;
  wasmtime_component_option_type_t *option;
  wasmtime_component_result_type_t *result;
  wasmtime_component_flags_type_t *flags;
  wasmtime_component_resource_type_t *own;
  wasmtime_component_resource_type_t *borrow;
  wasmtime_component_future_type_t *future;
  wasmtime_component_stream_type_t *stream;
  wasmtime_component_map_type_t *map;
} wasmtime_component_valtype_union_t;
typedef struct wasmtime_component_valtype_t { wasmtime_component_valtype_kind_t kind; wasmtime_component_valtype_union_t of; } wasmtime_component_valtype_t;"""),
    Row("wasmtime_component_valtype_clone", "void", "const wasmtime_component_valtype_t *type, own wasmtime_component_valtype_t *out", C, "A copy of a value type."),
    Row("wasmtime_component_valtype_equal", "bool", "const wasmtime_component_valtype_t *a, const wasmtime_component_valtype_t *b", C, "Whether two value types are the same."),
    Row("wasmtime_component_valtype_delete", "void", "own wasmtime_component_valtype_t *type?", C, "Delete what a value type owns."),
)  # fmt: skip

TYPES_FUNC: tuple[Item, ...] = (
    *handle("component_func_type", "a function type", "clone", "wasmtime_component_func_type_t"),
    Row("wasmtime_component_func_type_async", "bool", "const wasmtime_component_func_type_t *type", PYTHON, "Whether it is async."),
    *_named("func_type", "param", "parameters", f", {VALTYPE}"),
    _payload("func_type", "result", "bool", "The type of its result; false if it has none."),
)
ENGINE = "const wasm_engine_t *engine"


def _items(name: str, member: str, of: str) -> list[Row]:
    """What a component or an instance of one imports or exports."""
    t = f"const wasmtime_component_{name}_t *type, {ENGINE}"
    item = "own wasmtime_component_extern_t **extern_ret"
    return [
        Row(f"wasmtime_component_{name}_{member}_count", "size_t", t, PYTHON, f"How many {of} it has."),
        Row(f"wasmtime_component_{name}_{member}_get", "bool", f"{t}, {NAME}, {item}", PYTHON, f"One of its {of} by name; false if there is none."),
        Row(f"wasmtime_component_{name}_{member}_nth", "bool", f"{t}, {NTH}, {item}", PYTHON, f"One of its {of} in order; the name is the type's own."),
    ]


EXTERN_T = "const wasmtime_component_extern_t *item"
TYPES_INSTANCE: tuple[Item, ...] = (
    Text("struct wasmtime_component_item_t;"),
    *handle("component_extern", "an import or export", "clone", pointer="item"),
    Row("wasmtime_component_extern_type", "void", f"{EXTERN_T}, own struct wasmtime_component_item_t *ret", PYTHON, "What it is."),
    Row("wasmtime_component_extern_implements", "const char *", f"{EXTERN_T}, size_t *len", C, "The interface that a plain name stands for: NULL, since names here are what they say."),
    Row("wasmtime_component_extern_is_implements", "bool", f"{EXTERN_T}, {NAME}", C, "Whether it stands for that interface: never."),
    Row("wasmtime_component_extern_external_id", "const char *", f"{EXTERN_T}, size_t *len", C, "Its external id: NULL."),
    *handle("component_instance_type", "an instance's type", "clone"),
    *_items("instance_type", "export", "exports"),
)
MODULE_TYPE = f"const wasmtime_module_type_t *type, {ENGINE}"
TYPES_MODULE: tuple[Item, ...] = (
    *handle("module_type", "a core module's type", "clone"),
    Row("wasmtime_module_type_import_count", "size_t", MODULE_TYPE, PYTHON, "How many imports it has."),
    Row("wasmtime_module_type_import_nth", "own wasm_importtype_t *", f"{MODULE_TYPE}, size_t nth", PYTHON, "One of its imports; NULL if there is none."),
    Row("wasmtime_module_type_export_count", "size_t", MODULE_TYPE, PYTHON, "How many exports it has."),
    Row("wasmtime_module_type_export_nth", "own wasm_exporttype_t *", f"{MODULE_TYPE}, size_t nth", PYTHON, "One of its exports; NULL if there is none."),
)
ITEMS = ("COMPONENT", "COMPONENT_INSTANCE", "MODULE", "COMPONENT_FUNC", "RESOURCE", "CORE_FUNC", "TYPE")
TYPES_COMPONENT: tuple[Item, ...] = (
    *handle("component_type", "a component's type", "clone", "wasmtime_component_type_t"),
    *_items("type", "import", "imports"), *_items("type", "export", "exports"),
    Code("\n".join(f"#define WASMTIME_COMPONENT_ITEM_{name} {number}" for number, name in enumerate(ITEMS))),
    Text("""\
typedef uint8_t wasmtime_component_item_kind_t;
typedef union wasmtime_component_item_union {
  wasmtime_component_type_t *component;
  wasmtime_component_instance_type_t *component_instance;
  wasmtime_module_type_t *module;
  wasmtime_component_func_type_t *component_func;
  wasmtime_component_resource_type_t *resource;
  wasm_functype_t *core_func;
  wasmtime_component_valtype_t type;
} wasmtime_component_item_union_t;
typedef struct wasmtime_component_item_t { wasmtime_component_item_kind_t kind; wasmtime_component_item_union_t of; } wasmtime_component_item_t;"""),
    Row("wasmtime_component_item_clone", "void", "const wasmtime_component_item_t *item, own wasmtime_component_item_t *out", C, "A copy of an item."),
    Row("wasmtime_component_item_delete", "void", "own wasmtime_component_item_t *item?", C, "Delete what an item owns."),
)  # fmt: skip

COMPONENT: tuple[Item, ...] = (
    *handle("component", "a component", "clone", "wasmtime_component_t", "component"),
    Row("wasmtime_component_new", ERR, f"{ENGINE}, const uint8_t *buf, size_t len, own wasmtime_component_t **component_out", PYTHON, "Compile a binary, or a text."),
    Row("wasmtime_component_serialize", ERR, "const wasmtime_component_t *component, own wasm_byte_vec_t *ret", PYTHON, "The compiled component as bytes."),
    Row("wasmtime_component_deserialize", ERR, f"{ENGINE}, const uint8_t *buf, size_t len, own wasmtime_component_t **component_out", PYTHON,
        "A component of bytes that wasmtime_component_serialize wrote, which must be trusted."),
    Row("wasmtime_component_deserialize_file", ERR, f"{ENGINE}, const char *path, own wasmtime_component_t **component_out", PYTHON, "The same of a file, which is mapped."),
    Row("wasmtime_component_type", "own wasmtime_component_type_t *", "const wasmtime_component_t *component", PYTHON, "What it imports and exports."),
    *handle("component_export_index", "where an export is", "", pointer="export_index"),
    Row("wasmtime_component_export_index_clone", "own wasmtime_component_export_index_t *", "const wasmtime_component_export_index_t *index", "retain", "A copy of it."),
    Row("wasmtime_component_get_export_index", "own wasmtime_component_export_index_t *",
        f"const wasmtime_component_t *component, const wasmtime_component_export_index_t *instance_export_index?, {NAME}", PYTHON,
        "Where an export is, of the component or of an instance it exports; NULL if there is none."),
)  # fmt: skip

ANY, HOST = "wasmtime_component_resource_any", "wasmtime_component_resource_host"
VALS = (
    "BOOL", "S8", "U8", "S16", "U16", "S32", "U32", "S64", "U64", "F32", "F64", "CHAR", "STRING", "LIST", "RECORD", "TUPLE", "VARIANT", "ENUM", "OPTION",
    "RESULT", "FLAGS", "RESOURCE", "MAP",
)  # fmt: skip
CTX = "wasmtime_context_t *ctx"


def _vec(name: str, element: str) -> list[Item]:
    """A vector of values, which it owns. Its elements are values of C, not handles."""
    t = f"wasmtime_component_{name}_t"
    return [
        Text(f"typedef struct wasmtime_component_{name} {{ size_t size; {element} *data; }} {t};"),
        Row(f"wasmtime_component_{name}_new", "void", f"own {t} *out, size_t size, const {element} *ptr?", C, "A vector of these, which it takes over."),
        Row(f"wasmtime_component_{name}_new_empty", "void", f"own {t} *out", C, "An empty vector."),
        Row(f"wasmtime_component_{name}_new_uninit", "void", f"own {t} *out, size_t size", C, "A vector with room, to be filled; without memory an empty one."),
        Row(f"wasmtime_component_{name}_copy", "void", f"own {t} *dst, const {t} *src", C, "A copy of all of it."),
        Row(f"wasmtime_component_{name}_delete", "void", f"own {t} *value", C, "Delete a vector and what it holds."),
    ]


VAL: tuple[Item, ...] = (
    *handle("component_resource_any", "a resource's handle, without dropping the resource", "clone", pointer="resource"),
    Row(f"{ANY}_type", "own wasmtime_component_resource_type_t *", f"const {ANY}_t *resource", PYTHON, "Its type."),
    Row(f"{ANY}_owned", "bool", f"const {ANY}_t *resource", PYTHON, "Whether it is owned, and not borrowed."),
    Row(f"{ANY}_drop", ERR, f"{CTX}, const {ANY}_t *resource", PYTHON, "Let the guest, or the host, know that it is not needed any more: its destructor runs."),
    *handle("component_resource_host", "a resource of the host's", "clone", pointer="resource"),
    Row(f"{HOST}_new", f"own {HOST}_t *", "bool owned, uint32_t rep, uint32_t type", PYTHON, "A resource of the host's: the number that stands for it, and that of its type."),
    Row(f"{HOST}_rep", "uint32_t", f"const {HOST}_t *resource", PYTHON, "The number that stands for it."),
    Row(f"{HOST}_type", "uint32_t", f"const {HOST}_t *resource", PYTHON, "The number of its type."),
    Row(f"{HOST}_owned", "bool", f"const {HOST}_t *resource", PYTHON, "Whether it is owned, and not borrowed."),
    Row(f"{ANY}_to_host", ERR, f"{CTX}, const {ANY}_t *resource, own {HOST}_t **ret", PYTHON, "The host's resource that a handle stands for."),
    Row(f"{HOST}_to_any", ERR, f"{CTX}, const {HOST}_t *resource, own {ANY}_t **ret", PYTHON, "A handle in a store for a resource of the host's."),
    Code("\n".join(f"#define WASMTIME_COMPONENT_{name} {number}" for number, name in enumerate(VALS))),
    Text("""\
typedef uint8_t wasmtime_component_valkind_t;
struct wasmtime_component_val;
struct wasmtime_component_valrecord_entry;
struct wasmtime_component_valmap_entry;"""),
    *_vec("vallist", "struct wasmtime_component_val"),
    *_vec("valrecord", "struct wasmtime_component_valrecord_entry"),
    *_vec("valtuple", "struct wasmtime_component_val"),
    *_vec("valflags", "wasm_name_t"),
    *_vec("valmap", "struct wasmtime_component_valmap_entry"),
    Text("""\
typedef struct wasmtime_component_valvariant { wasm_name_t discriminant; struct wasmtime_component_val *val; } wasmtime_component_valvariant_t;
typedef struct wasmtime_component_valresult { bool is_ok; struct wasmtime_component_val *val; } wasmtime_component_valresult_t;
typedef union wasmtime_component_valunion {
  bool boolean;
  int8_t s8;
  uint8_t u8;
  int16_t s16;
  uint16_t u16;
  int32_t s32;
  uint32_t u32;
  int64_t s64;
  uint64_t u64;
  float32_t f32;
  float64_t f64;
  uint32_t character;
  wasm_name_t string;
  wasmtime_component_vallist_t list;
  wasmtime_component_valrecord_t record;
  wasmtime_component_valtuple_t tuple;
  wasmtime_component_valvariant_t variant;
  wasm_name_t enumeration;
  struct wasmtime_component_val *option;
  wasmtime_component_valresult_t result;
  wasmtime_component_valflags_t flags;
  wasmtime_component_valmap_t map;
  wasmtime_component_resource_any_t *resource;
} wasmtime_component_valunion_t;
typedef struct wasmtime_component_val { wasmtime_component_valkind_t kind; wasmtime_component_valunion_t of; } wasmtime_component_val_t;
typedef struct wasmtime_component_valrecord_entry { wasm_name_t name; wasmtime_component_val_t val; } wasmtime_component_valrecord_entry_t;
typedef struct wasmtime_component_valmap_entry { wasmtime_component_val_t key; wasmtime_component_val_t value; } wasmtime_component_valmap_entry_t;"""),
    Row("wasmtime_component_val_new", "own wasmtime_component_val_t *", "own wasmtime_component_val_t *val", C, "A value on the heap, moved there, as options, variants and results hold theirs."),
    Row("wasmtime_component_val_free", "void", "own wasmtime_component_val_t *val?", C, "Delete such a value."),
    Row("wasmtime_component_val_clone", "void", "const wasmtime_component_val_t *src, own wasmtime_component_val_t *dst", C, "A copy with all that it owns."),
    Row("wasmtime_component_val_delete", "void", "own wasmtime_component_val_t *val", C, "Delete what a value owns."),
)  # fmt: skip

FUNC_T, INSTANCE_T = "const wasmtime_component_func_t *func", "const wasmtime_component_instance_t *instance"
FUNC: tuple[Item, ...] = (
    Text("typedef struct wasmtime_component_func { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; void *__private3; } wasmtime_component_func_t;"),
    Row("wasmtime_component_func_type", "own wasmtime_component_func_type_t *", f"{FUNC_T}, wasmtime_context_t *context", PYTHON, "Its type; NULL if it is another store's."),
    Row("wasmtime_component_func_call", ERR,
        f"{FUNC_T}, wasmtime_context_t *context, const wasmtime_component_val_t *args?, size_t args_size, own wasmtime_component_val_t *results?, size_t results_size", PYTHON,
        "Call it: NULL and the results, or why it did not return. What results held before is not looked at."),
    Row("wasmtime_component_func_post_return", ERR, f"{FUNC_T}, wasmtime_context_t *context", C, "Nothing: a call does it."),
)  # fmt: skip

INSTANCE: tuple[Item, ...] = (
    Text("typedef struct wasmtime_component_instance { uint64_t store_id; uint32_t __private; } wasmtime_component_instance_t;"),
    Row("wasmtime_component_instance_get_export_index", "own wasmtime_component_export_index_t *",
        f"{INSTANCE_T}, wasmtime_context_t *context, const wasmtime_component_export_index_t *instance_export_index?, {NAME}", PYTHON, "Where an export is; NULL if there is none."),
    Row("wasmtime_component_instance_get_func", "bool",
        f"{INSTANCE_T}, wasmtime_context_t *context, const wasmtime_component_export_index_t *export_index, wasmtime_component_func_t *func_out", PYTHON,
        "An exported function; false if there is none."),
)  # fmt: skip

LINKER_T, ITEM_T = "wasmtime_component_linker_t *linker", "wasmtime_component_linker_instance_t *linker_instance"
LINKER: tuple[Item, ...] = (
    *handle("component_linker", "a linker", "", "wasmtime_component_linker_t", "linker"),
    Text("typedef struct wasmtime_component_linker_instance_t wasmtime_component_linker_instance_t;"),
    Row("wasmtime_component_linker_instance_delete", "void", f"own {ITEM_T}?", RELEASE, "Let go of an instance in a linker, which can be used again then."),
    Row("wasmtime_component_linker_new", "own wasmtime_component_linker_t *", ENGINE, PYTHON, "A linker with nothing defined."),
    Row("wasmtime_component_linker_allow_shadowing", "void", f"{LINKER_T}, bool allow", PYTHON, "Whether names may be defined anew."),
    Row("wasmtime_component_linker_root", "own wasmtime_component_linker_instance_t *", LINKER_T, PYTHON, "Where items are defined. Until it is deleted the linker is of no other use."),
    Row("wasmtime_component_linker_instantiate", ERR,
        f"const {LINKER_T}, wasmtime_context_t *context, const wasmtime_component_t *component, wasmtime_component_instance_t *instance_out", PYTHON,
        "Instantiate a component with what is defined."),
    Row("wasmtime_component_linker_define_unknown_imports_as_traps", ERR, f"{LINKER_T}, const wasmtime_component_t *component", PYTHON, "Define what is missing for a component as functions that trap."),
    Row("wasmtime_component_linker_instance_add_instance", ERR, f"{ITEM_T}, {NAME}, own wasmtime_component_linker_instance_t **linker_instance_out", PYTHON, "Define an instance, to define items in."),
    Row("wasmtime_component_linker_instance_add_module", ERR, f"{ITEM_T}, {NAME}, const wasmtime_module_t *module", PYTHON, "Define a core module."),
    Text("""\
typedef wasmtime_error_t *(*wasmtime_component_func_callback_t)(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *type,
                                                                wasmtime_component_val_t *args, size_t nargs, wasmtime_component_val_t *results, size_t nresults);
typedef wasmtime_error_t *(*wasmtime_component_resource_destructor_t)(void *data, wasmtime_context_t *context, uint32_t rep);"""),
    Row("wasmtime_component_linker_instance_add_func", ERR, f"{ITEM_T}, {NAME}, wasmtime_component_func_callback_t callback, void *data?, void (*finalizer)(void *)?", PYTHON,
        "Define a function. The arguments stay the caller's, the results become its own; an error that is returned surfaces where the guest was called."),
    Row("wasmtime_component_linker_add_wasip2", ERR, LINKER_T, PYTHON, "Define WASI 0.2; what guests get is the store's: wasmtime_context_set_wasi."),
    Row("wasmtime_component_linker_add_wasi_http", ERR, LINKER_T, PYTHON, "Define wasi:http."),
    Row("wasmtime_component_linker_instance_add_resource", ERR,
        f"{ITEM_T}, {NAME}, const wasmtime_component_resource_type_t *resource, wasmtime_component_resource_destructor_t destructor?, void *data?, void (*finalizer)(void *)?", PYTHON,
        "Define a resource type of the host's, and what is called when a guest drops one that it owns."),
)  # fmt: skip

TYPES = tuple(f"wasmtime/component/types/{part}" for part in ("component", "func", "instance", "module", "resource", "val"))
PARTS = ("component", "func", "instance", "linker", "types", "val")
# Columns as of HEADERS in api.py.
COMPONENTS: dict[str, tuple[tuple[str, ...], tuple[Item, ...]]] = {
    "wasmtime/component/types/resource": (("wasm",), TYPES_RESOURCE),
    "wasmtime/component/types/val": (("wasmtime/component/types/resource",), TYPES_VAL),
    "wasmtime/component/types/func": (("wasmtime/component/types/val",), TYPES_FUNC),
    "wasmtime/component/types/instance": (("wasm",), TYPES_INSTANCE),
    "wasmtime/component/types/module": (("wasm",), TYPES_MODULE),
    "wasmtime/component/types/component": (TYPES[1:], TYPES_COMPONENT),
    "wasmtime/component/types": (TYPES, ()),
    "wasmtime/component/component": (("wasmtime/component/types/component", "wasmtime/conf", "wasmtime/error"), COMPONENT),
    "wasmtime/component/val": (("wasmtime/component/types/resource", "wasmtime/store"), VAL),
    "wasmtime/component/func": (("wasmtime/component/types/func", "wasmtime/component/val", "wasmtime/error"), FUNC),
    "wasmtime/component/instance": (("wasmtime/component/component", "wasmtime/component/func"), INSTANCE),
    "wasmtime/component/linker": (("wasmtime/component/instance", "wasmtime/module"), LINKER),
    "wasmtime/component": (tuple(f"wasmtime/component/{part}" for part in PARTS), ()),
}
