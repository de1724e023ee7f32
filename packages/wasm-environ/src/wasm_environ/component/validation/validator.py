"""What validating one component, all nested ones included, shares: the types, and what is known of them."""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.component.validation.subtyping import Subtyping
from wasm_environ.component.validation.table import Table, parts
from wasm_environ.registry import TypeRegistry
from wasm_environ.types import I32, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.features import Features
    from wasm_environ.module import Module as Decoded


class CheckedModule(NamedTuple):
    """A core module, decoded."""

    definition: s.CoreModule
    module: Decoded


@final
class Validator:
    """`layouts`: of the types of `table.structure`, by the type of a memory's addresses. `bodies`: whether those of core modules are checked here.
    `modules`: by the definition's id."""

    def __init__(self, features: Features, bodies: bool = True) -> None:
        self.features = features
        self.bodies = bodies
        self.modules: dict[int, CheckedModule] = {}
        self.table = Table()
        self.registry = TypeRegistry()
        self.subtyping = Subtyping(self.table, self.registry)
        self.layouts = {address: Layouts(self.table.structure, address) for address in (I32, I64)}
        self._pointers: dict[int, bool] = {}

    def check_value_size(self, t: int) -> None:
        """That values of a type of `table.structure` are not too large, with 64-bit addresses."""
        size = self.layouts[I64].of(t).size
        if size > limits.COMPONENT_VALUE_SIZE:
            raise InvalidError(f"type of {size} bytes exceeds maximum byte size {limits.COMPONENT_VALUE_SIZE}")

    def has_pointer(self, t: int) -> bool:
        """Whether a value of a type of `table.structure` leads to others in memory: strings, lists, maps."""
        if t < 0:
            return t == s.STRING
        found = self._pointers.get(t)
        if found is None:
            row: Any = self.table.structure.rows[t]
            found = self._pointers[t] = isinstance(row, (s.List, s.Map)) or (
                not isinstance(row, (s.Own, s.Borrow, s.Stream, s.Future)) and any(part is not None and self.has_pointer(part) for part in parts(row))
            )
        return found
