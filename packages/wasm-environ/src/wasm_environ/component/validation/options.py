"""Canonical options: which may stand together, what they need, and what a function needs of them (CanonicalABI.md: canonopt validation)."""

from __future__ import annotations

from typing import NamedTuple

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation.core_types import match_memories
from wasm_environ.component.validation.definitions import ASYNC
from wasm_environ.types import I32, I64, FuncType, Limits, MemoryType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.validation.scope import Scope
    from wasm_environ.component.validation.validator import Validator
    from wasm_environ.registry import TypeRegistry

NAMES: Final = {
    s.OPTION_UTF8: "utf8", s.OPTION_UTF16: "utf16", s.OPTION_LATIN1_UTF16: "latin1-utf16", s.OPTION_MEMORY: "memory", s.OPTION_REALLOC: "realloc",
    s.OPTION_POST_RETURN: "post-return", s.OPTION_ASYNC: "async", s.OPTION_CALLBACK: "callback",
}  # fmt: skip
ENCODINGS: Final = frozenset((s.OPTION_UTF8, s.OPTION_UTF16, s.OPTION_LATIN1_UTF16))


class Options(NamedTuple):
    """`memory`: whether there is one; `address`: the type of its addresses; core function indices, None without."""

    memory: bool = False
    address: int = I32
    realloc: int | None = None
    post_return: int | None = None
    is_async: bool = False
    callback: int | None = None

    def need_memory(self) -> None:
        if not self.memory:
            raise InvalidError("canonical option `memory` is required")

    def need_realloc(self) -> None:
        self.need_memory()
        if self.realloc is None:
            raise InvalidError("canonical option `realloc` is required")

    def refuse_async(self, what: str) -> None:
        if self.is_async:
            raise InvalidError(f"cannot specify `async` option on `{what}`")

    def check_lower(self) -> None:
        """Of everything but lift."""
        if self.post_return is not None:
            raise InvalidError("canonical option `post-return` cannot be specified for lowerings")
        if self.callback is not None:
            raise InvalidError("canonical option `callback` cannot be specified for lowerings")


def options(v: Validator, scope: Scope, written: s.CanonOptions) -> Options:
    """The options, each at most once and with those that it needs."""
    found: dict[int, int] = {}
    encoding = -1
    for code, operand in written.options:
        name = NAMES[code]
        if code in ENCODINGS:
            if encoding >= 0:
                raise InvalidError(f"canonical encoding option `{NAMES[encoding]}` conflicts with option `{name}`")
            encoding = code
            continue
        if code in found:
            raise InvalidError(f"canonical option `{name}` is specified more than once")
        if code == s.OPTION_ASYNC:
            scope.need(ASYNC, "canonical option `async` requires the component model async feature")
        found[code] = memory_address(scope, operand) if code == s.OPTION_MEMORY else operand
    is_async, callback = s.OPTION_ASYNC in found, found.get(s.OPTION_CALLBACK)
    if callback is not None and not is_async:
        raise InvalidError("cannot specify callback without async")
    if is_async and s.OPTION_POST_RETURN in found:
        raise InvalidError("cannot specify post-return function in async")
    address = found.get(s.OPTION_MEMORY)
    realloc = found.get(s.OPTION_REALLOC)
    if realloc is not None:
        if address is None:
            raise InvalidError("canonical option `realloc` requires `memory` to also be specified")
        type = v.registry.func_type(scope.at(s.CORE_FUNC, realloc))
        if type != FuncType((address,) * 4, (address,)):
            raise InvalidError("canonical option `realloc` uses a core function with an incorrect signature")
    return Options(address is not None, I32 if address is None else address, realloc, found.get(s.OPTION_POST_RETURN), is_async, callback)


def memory_address(scope: Scope, index: int) -> int:
    """The type of a memory's addresses; it may not be shared."""
    memory: MemoryType = scope.at(s.CORE_MEMORY, index)
    if memory.limits.is64:
        scope.need("component_model_memory64", "64-bit memories require the `cm64` feature to be enabled")
    match_memories(memory, MemoryType(Limits(0, None, memory.limits.is64), memory.page_size_log2))
    return I64 if memory.limits.is64 else I32


def check_lift(registry: TypeRegistry, scope: Scope, options: Options, core: FuncType) -> None:
    """The functions among the options of a lift of `core`."""
    if options.post_return is not None:
        type = registry.func_type(scope.at(s.CORE_FUNC, options.post_return))
        if type != FuncType(core.results, ()):
            raise InvalidError("canonical option `post-return` uses a core function with an incorrect signature")
    if options.callback is not None:
        type = registry.func_type(scope.at(s.CORE_FUNC, options.callback))
        if type != FuncType((I32, I32, I32), (I32,)):
            raise InvalidError("canonical option `callback` uses a core function with an incorrect signature")
    elif options.is_async:
        scope.need("component_model_async_stackful", "requires the component model async stackful feature")
