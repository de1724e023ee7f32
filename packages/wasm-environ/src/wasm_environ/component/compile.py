"""From a component's bytes to its artifact: decode, validate, plan, adapters, call programs, and all core modules compiled."""

from __future__ import annotations

from wasm_environ.compile_errors import CompileError, InvalidError, MalformedError
from wasm_environ.component import artifact, canons
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.program import ProgramBuilder
from wasm_environ.component.adapters.steps import adapt
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.planning import plain
from wasm_environ.component.planning import plan as p
from wasm_environ.component.planning.module_types import plain_type
from wasm_environ.component.planning.planner import plan_component
from wasm_environ.component.validation import validate
from wasm_environ.component.validation.core import moved
from wasm_environ.types import FUNCREF, I32, I64
from wasm_environ.validation import validate as validate_core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.component.validation import ComponentInfo
    from wasm_environ.features import Features
    from wasm_environ.module import Module

    Plain = tuple[Any, ...]

SIGNATURE_TYPES: Final = {"i": I32, "l": I64, "r": I32, "f": FUNCREF}  # canons.py's letters, but for p, which is the memory's


def compile_component(data: bytes, features: Features, compile_module: Callable[[Module], bytes]) -> bytes:
    """The artifact of a component; `compile_module` makes that of a core module whose module-level validation has passed. Raises CompileError."""
    component = decode(data, features)
    info = validate(component, data, features, bodies=False)
    plan = plan_component(component, features, decoded={key: checked.module for key, checked in info.modules.items()})
    _check_unplanned(info, plan, features)
    adapt(plan, features)
    program = ProgramBuilder(plan.types)
    steps = tuple([_step(plan, program, step) for step in plan.steps])
    for slot_type in _imported_functions(plan.imports):
        program.signature(slot_type)
    words, labels = program.program()
    modules = tuple([(path, *plain_type(info, path)) for path in plan.module_imports])
    flat = (
        tuple(plan.parents), tuple(plan.resources), plan.functions, modules, steps,
        plain.plain_items(plan.imports), plain.plain_items(plan.exports), plain.plain_types(plan.types),
    )  # fmt: skip
    return artifact.write(flat, words, labels, _images(info, plan, compile_module))


def _check_unplanned(info: ComponentInfo, plan: p.Plan, features: Features) -> None:
    """Bodies of modules that are never instantiated; compiling validates those of the others."""
    planned = {id(module) for module in plan.modules}
    for definition, module in info.modules.values():
        if id(module) not in planned:
            try:
                validate_core(module, features)
            except CompileError as error:
                raise moved(error, definition.offset) from None


def _images(info: ComponentInfo, plan: p.Plan, compile_module: Callable[[Module], bytes]) -> list[bytes]:
    """The core modules compiled; errors in their bodies by their place in the component."""
    offsets = {id(module): definition.offset for definition, module in info.modules.values()}
    images = []
    for module in plan.modules:
        try:
            images.append(compile_module(module))
        except (MalformedError, InvalidError) as error:
            raise moved(error, offsets.get(id(module), -1)) from None
    return images


def _imported_functions(items: dict[str, p.Item]) -> list[int]:
    found = []
    for item in items.values():
        if isinstance(item, p.FuncItem):
            found.append(item.type)
        elif isinstance(item, p.InstanceItem):
            found += _imported_functions(item.items)
    return found


def _step(plan: p.Plan, program: ProgramBuilder, step: p.Step) -> Plain:
    match step:
        case p.CoreInstance(_, module, items):
            return plain.CORE_INSTANCE, module, items
        case p.ImportedModuleInstance(_, module, args):
            return plain.IMPORTED_MODULE, module, args
        case p.Extract(_, instance, name):
            return plain.EXTRACT, instance, name
        case p.DefineResource(slot, instance, _, destructor):
            return plain.DEFINE_RESOURCE, slot, instance, destructor, _resource_name(plan.exports, slot)
        case p.Lift(slot, core, type, options):
            lifted: Any = plan.types.rows[type]
            return plain.LIFT, slot, core, program.signature(type), type, plain.plain_options(options), *_core_type(program, options, lifted, False)
        case p.Lower(_, function, type, options):
            func: Any = plan.types.rows[type]
            return plain.LOWER, function, program.signature(type), plain.plain_options(options), *_core_type(program, options, func, True)
        case p.BuiltIn():
            return _built_in(plan, program, step)
        case p.Flag(_, instance, which):
            return plain.FLAG, instance, which
        case p.AdapterTrap():
            return (plain.ADAPTER_TRAP,)


def _core_type(program: ProgramBuilder, options: p.Options, func: s.Func, lower: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(parameters, results) of the core function."""
    return program.layouts[options.is64].core_function(func, lower, options.is_async, options.callback >= 0)


def _built_in(plan: p.Plan, program: ProgramBuilder, step: p.BuiltIn) -> Plain:
    row = canons.BY_CODE[step.code]
    operand = 0  # of those that the runtime executes: a resource type, or which of a task's storage
    signature = -1
    params: tuple[int, ...]
    results: tuple[int, ...]
    if row.code in (canons.RESOURCE_NEW, canons.RESOURCE_DROP, canons.RESOURCE_REP):
        operand = step.operands[0]
    if row.code == canons.TASK_RETURN:
        result = None if step.type == p.NO_TYPE else step.type
        signature = program.result_signature(result)
        given = s.Func((), None) if result is None else s.Func((("result", result),), None)
        params, results = program.layouts[step.options.is64].core_function(given, True)
    elif row.name in ("context.get", "context.set"):
        value = (step.operands[0],)
        operand = step.operands[1]
        params, results = ((), value) if row.name == "context.get" else (value, ())
    else:
        known = {**SIGNATURE_TYPES, "p": I64 if step.options.is64 else I32}
        params, results = (tuple([known[letter] for letter in letters]) for letters in row.signature.split(">"))
    return plain.BUILT_IN, step.code, operand, signature, plain.plain_options(step.options), params, results


def _resource_name(items: dict[str, p.Item], slot: int) -> str | None:
    """Under which name a resource type is exported, for messages."""
    for name, item in items.items():
        if isinstance(item, p.ResourceItem) and item.slot == slot:
            return name
        found = _resource_name(item.items, slot) if isinstance(item, p.InstanceItem) else None
        if found is not None:
            return found
    return None
