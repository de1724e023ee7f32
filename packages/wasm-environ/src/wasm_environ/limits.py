"""Implementation limits: one row a limit, with its value and what it bounds; each is enforced with an error that names it."""

from __future__ import annotations

from typing import Final

# Counts of a module. Where wasmtime or the JavaScript API have a limit, ours is the same or higher.
MODULE_SIZE: Final = 1 << 30  # bytes of a module
TYPES: Final = 1_000_000
REC_GROUP: Final = 1_000_000  # types in one recursive group
SUBTYPING_DEPTH: Final = 63  # length of a chain of declared supertypes
IMPORTS: Final = 1_000_000
EXPORTS: Final = 1_000_000
FUNCTIONS: Final = 1_000_000
GLOBALS: Final = 1_000_000
TAGS: Final = 1_000_000
TABLES: Final = 100_000
MEMORIES: Final = 100_000
ELEMENT_SEGMENTS: Final = 1_000_000
ELEMENTS: Final = 10_000_000  # entries of one element segment
DATA_SEGMENTS: Final = 1_000_000
STRING: Final = 100_000  # bytes of an import, export or section name

# Sizes of a type.
PARAMS: Final = 1_000
RESULTS: Final = 1_000
FIELDS: Final = 10_000  # of a struct

# Sizes of a function.
FUNCTION_SIZE: Final = 7_654_321  # bytes of a body
LOCALS: Final = 50_000  # parameters included
NESTING: Final = 50_000  # blocks inside one another
OPERAND_STACK: Final = 1_000_000  # values on the operand stack
BRANCH_TARGETS: Final = 65_520  # labels of one br_table
CATCHES: Final = 10_000  # clauses of one try_table
HANDLERS: Final = 10_000  # clauses of one resume
ARRAY_NEW_FIXED: Final = 10_000  # operands of array.new_fixed
CONSTANT_OPS: Final = 100_000  # instructions of one constant expression

# Of a component as a whole, with everything it instantiates.
COMPONENT_INSTANCES: Final = 10_000
COMPONENT_STEPS: Final = 1_000_000

# Of the binary of a component. Where wasmtime has a limit, ours is the same.
COMPONENT_ITEMS: Final = 1_000_000  # definitions of all its components, nested ones included
COMPONENT_NESTING: Final = 100  # components inside one another, and component and instance types inside one another
COMPONENT_DECLARATIONS: Final = 1_000_000  # of one component or instance type
MODULE_DECLARATIONS: Final = 100_000  # of one module type
INSTANTIATION_ARGS: Final = 100_000
INSTANTIATION_EXPORTS: Final = 100_000
CANON_OPTIONS: Final = 10
START_ARGS: Final = 1_000
RECORD_FIELDS: Final = 10_000
VARIANT_CASES: Final = 10_000
TUPLE_TYPES: Final = 10_000
FLAG_LABELS: Final = 1_000
ENUM_CASES: Final = 10_000

# Of the types of components.
COMPONENT_TYPE_SIZE: Final = 1_000_000  # types that a type consists of, shared ones counted each time
COMPONENT_TYPE_DEPTH: Final = 100  # of a value type
COMPONENT_NESTED_TYPE_DEPTH: Final = 127  # of any type
COMPONENT_TYPE_ROWS: Final = 1_000_000  # different types that validating a component makes
COMPONENT_SUBSTITUTIONS: Final = 250_000  # types that imports and instantiations change: little text makes many
COMPONENT_VALUE_SIZE: Final = (1 << 28) - 1  # bytes of a value of a type (CanonicalABI.md: element size)

# Of one component: entries of its index spaces.
COMPONENT_MODULES: Final = 1_000
COMPONENT_COMPONENTS: Final = 1_000
COMPONENT_DEFINED_INSTANCES: Final = 1_000
COMPONENT_VALUES: Final = 1_000
COMPONENT_SPACE: Final = 1_000_000  # functions, types, and core items of each other kind

# Limits of the specification, not ours: pages of a memory by address type (for 64 KiB pages), elements of a table.
MEMORY32_PAGES: Final = 1 << 16
MEMORY64_PAGES: Final = 1 << 48
TABLE32_ELEMENTS: Final = (1 << 32) - 1
TABLE64_ELEMENTS: Final = (1 << 64) - 1

# Columns: name, value, what it bounds. For `docs/` and messages.
ROWS: Final = (
    ("module size", MODULE_SIZE, "bytes of a module"),
    ("types", TYPES, "entries of the type section"),
    ("rec group size", REC_GROUP, "types in one recursive group"),
    ("subtyping depth", SUBTYPING_DEPTH, "declared supertypes above a type"),
    ("imports", IMPORTS, "imports of a module"),
    ("exports", EXPORTS, "exports of a module"),
    ("functions", FUNCTIONS, "functions, imported ones included"),
    ("globals", GLOBALS, "globals, imported ones included"),
    ("tags", TAGS, "tags, imported ones included"),
    ("tables", TABLES, "tables, imported ones included"),
    ("memories", MEMORIES, "memories, imported ones included"),
    ("element segments", ELEMENT_SEGMENTS, "element segments of a module"),
    ("elements", ELEMENTS, "entries of one element segment"),
    ("data segments", DATA_SEGMENTS, "data segments of a module"),
    ("string size", STRING, "bytes of an import, export or section name"),
    ("function parameters", PARAMS, "parameters of a function type"),
    ("function results", RESULTS, "results of a function type"),
    ("struct fields", FIELDS, "fields of a struct type"),
    ("function size", FUNCTION_SIZE, "bytes of a function body"),
    ("locals", LOCALS, "locals of a function, parameters included"),
    ("nesting", NESTING, "blocks inside one another"),
    ("operand stack", OPERAND_STACK, "values on the operand stack"),
    ("br_table targets", BRANCH_TARGETS, "labels of one br_table, without the default"),
    ("catch clauses", CATCHES, "clauses of one try_table"),
    ("handlers", HANDLERS, "clauses of one resume, resume_throw or resume_throw_ref"),
    ("array.new_fixed operands", ARRAY_NEW_FIXED, "operands of one array.new_fixed"),
    ("constant expression", CONSTANT_OPS, "instructions of one constant expression"),
    ("component instances", COMPONENT_INSTANCES, "instances of components, nested ones included"),
    ("component items", COMPONENT_ITEMS, "definitions of a component, those of nested components included"),
    ("component nesting", COMPONENT_NESTING, "components inside one another; component and instance types inside one another"),
    ("component type declarations", COMPONENT_DECLARATIONS, "declarations of a component or instance type"),
    ("module type declarations", MODULE_DECLARATIONS, "declarations of a module type"),
    ("instantiation arguments", INSTANTIATION_ARGS, "arguments of one instantiation"),
    ("instantiation exports", INSTANTIATION_EXPORTS, "exports of one instance that is made of items"),
    ("canonical options", CANON_OPTIONS, "options of one canonical definition"),
    ("start arguments", START_ARGS, "arguments of a component's start function"),
    ("record fields", RECORD_FIELDS, "fields of a record type"),
    ("variant cases", VARIANT_CASES, "cases of a variant type"),
    ("tuple types", TUPLE_TYPES, "types of a tuple type"),
    ("flag labels", FLAG_LABELS, "labels of a flags type"),
    ("enum cases", ENUM_CASES, "cases of an enum type"),
    ("component type size", COMPONENT_TYPE_SIZE, "types that a type of a component consists of, shared ones counted each time"),
    ("component type depth", COMPONENT_TYPE_DEPTH, "value types inside one another"),
    ("nested component type depth", COMPONENT_NESTED_TYPE_DEPTH, "types of any kind inside one another"),
    ("component type rows", COMPONENT_TYPE_ROWS, "different types that validating a component makes"),
    ("component substitutions", COMPONENT_SUBSTITUTIONS, "types that the imports and instantiations of a component change"),
    ("component value size", COMPONENT_VALUE_SIZE, "bytes of a value of a component's type"),
    ("component modules", COMPONENT_MODULES, "core modules of one component, nested components apart"),
    ("component components", COMPONENT_COMPONENTS, "components of one component"),
    ("component defined instances", COMPONENT_DEFINED_INSTANCES, "core instances and instances that one component defines"),
    ("component values", COMPONENT_VALUES, "values of one component"),
    ("component index space", COMPONENT_SPACE, "functions, types, and core items of each other kind, of one component"),
    ("instantiation steps", COMPONENT_STEPS, "core instances, extracted items, resource types and canonical definitions of all instances"),
)


def exceeded(name: str, got: int) -> str:
    """The message for a count beyond the limit `name`."""
    for row in ROWS:
        if row[0] == name:
            return f"implementation limit exceeded: {name} is {got}, the limit is {row[1]}"
    raise KeyError(name)
