"""Puts adapters into a plan: each `Lower` that one can serve becomes an export of a core instance, made when the first of these is needed.

The runtime numbers core instances and core items in the order of their making, so that of all steps is new.
"""

from __future__ import annotations

from typing import final

from wasm_environ.binary.decode import decode
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Layouts
from wasm_environ.component.adapters.module import Adapter, AdapterModule, ImportKey, TrapKey
from wasm_environ.component.adapters.values import MAX_ACTIONS, MAX_DEPTH, Values
from wasm_environ.component.planning import plan as p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.features import Features

NEEDED: Final = frozenset(("mutable_global", "sign_extension", "exceptions"))  # features of their code
MAX_ADAPTERS: Final = 10_000  # of one component: a few bytes of it that lower become two hundred of code
# Built-ins that ask nothing of the call that runs. Instances with others are called through C, which keeps a task for each call.
WITHOUT_TASK: Final = frozenset((canons.RESOURCE_NEW, canons.RESOURCE_DROP, canons.RESOURCE_REP))


def adapt(plan: p.Plan, features: Features) -> None:
    """Change `plan`, in place."""
    if features.enabled >= NEEDED:
        found = _adapters(plan)
        if found:
            _Rewriting(plan, found, features).run()


def _adapters(plan: p.Plan) -> dict[int, Adapter]:
    """By core item: what lowers a function that a component of this plan lifts, if an adapter can do it."""
    lifts = {step.slot: step for step in plan.steps if isinstance(step, p.Lift)}
    tasks = {step.options.instance for step in plan.steps if isinstance(step, p.BuiltIn) and step.code not in WITHOUT_TASK}
    values = Values(Layouts(plan.types))
    found: dict[int, Adapter] = {}
    for step in plan.steps:
        if not isinstance(step, p.Lower):
            continue
        lift = lifts.get(step.function)
        if lift is None or lift.options.is_async or step.options.is_async or lift.options.instance in tasks:
            continue
        if len(found) < MAX_ADAPTERS and _fits(values, step.type):
            found[step.slot] = Adapter(step.type, step.options.instance, lift.options.instance, lift.core, lift.options.post_return)
    return found


def _fits(values: Values, type: int) -> bool:
    """Whether all values of a function type are core values, flat on both sides, and few enough."""
    func = values.rows[type]
    assert isinstance(func, s.Func)
    params = [t for _, t in func.params]
    results = [] if func.result is None else [func.result]
    if func.is_async or _flat(values, params) > MAX_FLAT_PARAMS or _flat(values, results) > MAX_FLAT_RESULTS:
        return False
    total = 0
    for t in params + results:
        count = values.count(t) if values.layouts.of(t).depth <= MAX_DEPTH else None
        if count is None:
            return False
        total += count
    return total <= MAX_ACTIONS


def _flat(values: Values, types: list[int]) -> int:
    return sum([len(values.layouts.of(t).flat) for t in types])


@final
class _Rewriting:
    """The steps so far, and the adapters that nothing has needed yet."""

    def __init__(self, plan: p.Plan, adapters: dict[int, Adapter], features: Features) -> None:
        self.plan = plan
        self.adapters = adapters
        self.features = features
        self.values = Values(Layouts(plan.types))
        self.old = plan.steps
        self.waiting: dict[int, Adapter] = {}  # by old core item
        self.items: dict[int, int] = {-1: -1}  # old core item -> new
        self.instances: dict[int, int] = {}  # the same of core instances
        self.made: dict[ImportKey, int] = {}  # new core items: flags and the function for traps
        self.modules: dict[bytes, int] = {}
        plan.steps = []
        plan.core_items = plan.core_instances = 0

    def run(self) -> None:
        for step in self.old:
            if isinstance(step, p.Lower) and step.slot in self.adapters:
                self.waiting[step.slot] = self.adapters[step.slot]
                continue
            if not self.waiting.keys().isdisjoint(items_read(step)):
                self.make()
            self.plan.steps.append(self.renumbered(step))

    def item(self) -> int:
        self.plan.core_items += 1
        return self.plan.core_items - 1

    def instance(self) -> int:
        self.plan.core_instances += 1
        return self.plan.core_instances - 1

    # ---- adapters

    def make(self) -> None:
        """One core instance of all that waits."""
        module = AdapterModule(self.values, self.plan.parents)
        for adapter in self.waiting.values():
            module.add(adapter)
        binary = module.binary()
        if binary not in self.modules:
            self.modules[binary] = len(self.plan.modules)
            self.plan.modules.append(decode(binary, self.features))
        given = tuple([self.given(key) for key in module.imports])
        instance = self.instance()
        self.plan.steps.append(p.CoreInstance(instance, self.modules[binary], given))
        for k, slot in enumerate(self.waiting):
            self.items[slot] = self.item()
            self.plan.steps.append(p.Extract(self.items[slot], instance, str(k)))
        self.waiting = {}

    def given(self, key: ImportKey) -> int:
        """The new core item of an import, which may have to be made."""
        if isinstance(key, int):
            return self.items[key]
        slot = self.made.get(key)
        if slot is None:
            slot = self.made[key] = self.item()
            self.plan.steps.append(p.AdapterTrap(slot) if isinstance(key, TrapKey) else p.Flag(slot, *key))
        return slot

    # ---- steps as they were

    def options(self, options: p.Options) -> p.Options:
        memory, realloc, post_return, callback = [self.items[i] for i in (options.memory, options.realloc, options.post_return, options.callback)]
        return options._replace(memory=memory, realloc=realloc, post_return=post_return, callback=callback)

    def renumbered(self, step: p.Step) -> p.Step:
        match step:
            case p.CoreInstance(slot, _, items):
                new = self.instances[slot] = self.instance()
                return step._replace(slot=new, items=tuple([self.items[i] for i in items]))
            case p.ImportedModuleInstance(slot, _, args):
                new = self.instances[slot] = self.instance()
                return step._replace(slot=new, args=tuple([(name, self.argument(what)) for name, what in args]))
            case p.DefineResource():
                return step._replace(destructor=self.items[step.destructor])
            case p.Lift():
                return step._replace(core=self.items[step.core], options=self.options(step.options))
        new = self.items[step.slot] = self.item()
        if isinstance(step, p.Extract):
            return step._replace(slot=new, instance=self.instances[step.instance])
        if isinstance(step, p.Lower):
            return step._replace(slot=new, options=self.options(step.options))
        assert isinstance(step, p.BuiltIn)
        operands = tuple([self.items[operand] if is_item else operand for is_item, operand in _operands(step)])
        return step._replace(slot=new, operands=operands, options=self.options(step.options))

    def argument(self, what: tuple[tuple[str, int], ...] | int) -> tuple[tuple[str, int], ...] | int:
        return self.instances[what] if isinstance(what, int) else tuple([(name, self.items[item]) for name, item in what])


def _operands(step: p.BuiltIn) -> list[tuple[bool, int]]:
    """Whether each is a core item: a memory or table, a function."""
    kinds = canons.BY_CODE[step.code].operands.replace("o", "").replace("s", "")
    return [(kind in "mnf", operand) for kind, operand in zip(kinds, step.operands, strict=False)]


def items_read(step: p.Step) -> list[int]:
    """The core items that a step reads."""
    match step:
        case p.CoreInstance():
            return list(step.items)
        case p.ImportedModuleInstance():
            return [item for _, what in step.args if not isinstance(what, int) for _, item in what]
        case p.DefineResource():
            return [step.destructor]
        case p.Lift():
            return [step.core, *_option_items(step.options)]
        case p.Lower():
            return _option_items(step.options)
        case p.BuiltIn():
            return [operand for is_item, operand in _operands(step) if is_item] + _option_items(step.options)
    return []


def _option_items(options: p.Options) -> list[int]:
    return [options.memory, options.realloc, options.post_return, options.callback]
