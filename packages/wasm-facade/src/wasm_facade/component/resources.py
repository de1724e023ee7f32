"""ResourceHost: a resource of the host's by number, as in wasmtime."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_vm import ResourceAny, ResourceType, components

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_vm import Caller, Store


class ResourceHost:
    """A resource of a host's type: `rep`, the 32-bit integer that stands for it, `type`, the number of `ResourceType.host`, `owned`."""

    __slots__ = ("owned", "rep", "type")
    owned: bool
    rep: int
    type: int

    def __init__(self) -> None:
        raise WasmError("Cannot directly construct a `ResourceHost`: use ResourceHost.own or ResourceHost.borrow")

    @classmethod
    def _of(cls, rep: int, type: int, owned: bool) -> ResourceHost:
        if not 0 <= rep < 1 << 32:
            raise ValueError(f"rep: expected an unsigned integer of 32 bits, not {rep}")
        made = cls.__new__(cls)
        made.rep = rep
        made.type = type
        made.owned = owned
        return made

    @classmethod
    def own(cls, rep: int, ty: int) -> ResourceHost:
        """One that whoever gets it owns."""
        return cls._of(rep, ty, True)

    @classmethod
    def borrow(cls, rep: int, ty: int) -> ResourceHost:
        """One that is lent."""
        return cls._of(rep, ty, False)

    def to_any(self, store: Store | Caller) -> ResourceAny:
        """The same as a handle of `store`."""
        return ResourceAny._make(store, ResourceType.host(self.type), self.rep, self.owned)

    def __repr__(self) -> str:
        return f"<ResourceHost {self.rep} of type {self.type}, {'owned' if self.owned else 'borrowed'}>"


components.to_host = ResourceHost._of
