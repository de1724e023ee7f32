"""From wasm or its text to an artifact: text to binary, decode, validate, compile."""

from __future__ import annotations

from wasm_environ.compile_errors import MalformedError
from wasm_facade.source import WASM_MAGIC, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_facade.engine import Engine

    Progress = Callable[[int, int], None]  # functions compiled, functions in all

def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary form of a module or component in the text format. Raises WasmtimeError (TextError) with line, column and the line itself."""
    if not isinstance(wat, (str, bytes, bytearray)):
        raise TypeError(f"wat: expected str or bytes, not {type(wat).__name__}")
    from wasm_environ.component.text.parser import parse_wat

    return bytearray(parse_wat(wat if isinstance(wat, str) else bytes(wat)))


def binary_of(source: bytes) -> bytes:
    """`source` itself, or the binary form if it is text."""
    return bytes(wat2wasm(source)) if is_text(source) else source


def decode_checked(binary: bytes, features: Features) -> Module:
    """Decode a binary and validate everything but function bodies, which compiling does."""
    from wasm_environ.binary.decode import decode
    from wasm_environ.validation import validate_module

    refuse_component(binary)
    module = decode(binary, features)
    validate_module(module, features)
    return module


def placed(text: bytes, use: Callable[[bytes], T]) -> T:
    """What `use` makes of the binary of a text; an error it raises is told its line and column in the text."""
    from wasm_environ.compile_errors import CompileError
    from wasm_environ.component.binary.decode import is_component

    binary = bytes(wat2wasm(text))
    try:
        return use(binary)
    except CompileError as error:
        from wasm_environ.component.text.positions import place_error as place_in_component
        from wasm_environ.text.module import place_error

        (place_in_component if is_component(binary) else place_error)(error, text)
        raise


def validate(binary: bytes, features: Features) -> None:
    """Check a whole module, bodies too. Raises CompileError."""
    from wasm_environ.validation import validate as validate_all

    refuse_component(binary)
    validate_all(binary, features)


def refuse_component(binary: bytes) -> None:
    """A component's preamble differs from a module's in its version; say so rather than that the version is unknown."""
    if binary[:4] == WASM_MAGIC and binary[4:8] == b"\x0d\0\1\0":
        raise MalformedError("unknown binary version: this is a component, not a module: wasm_facade.component.Component takes it, or load()", 4)


def compile_component_artifact(engine: Engine, source: bytes) -> bytes:
    """Compile a component, binary or text, to an artifact's bytes."""
    if is_text(source):
        return placed(source, lambda binary: compile_component_artifact(engine, binary))
    from wasm_environ.component.compile import compile_component
    from wasm_environ.linking.assemble import compile_module

    if source[:8] == WASM_MAGIC + b"\1\0\0\0":
        raise MalformedError("unknown binary version: this is a core module, not a component: use Module", 4)
    compiler = engine._load_compiler()

    def compile_one(module: Module) -> bytes:
        return compile_module(module, compiler, engine._target(), engine._tunables(), engine.features, None, "", engine._stand_in)

    return compile_component(source, engine.features, compile_one)


def compile_artifact(engine: Engine, source: bytes, progress: Progress | None = None, origin: str = "") -> bytes:
    """Compile a module, binary or text, to an artifact's bytes; `origin` is for its head."""
    if is_text(source):
        return placed(source, lambda binary: compile_artifact(engine, binary, progress, origin))
    from wasm_environ.linking.assemble import compile_module

    module = decode_checked(source, engine.features)
    compiler = engine._load_compiler()
    total = len(module.code_starts)
    report = None
    if progress is not None:
        progress(0, total)

        def report(done: int) -> None:
            progress(done, total)

    return compile_module(module, compiler, engine._target(), engine._tunables(), engine.features, report, origin, engine._stand_in)
