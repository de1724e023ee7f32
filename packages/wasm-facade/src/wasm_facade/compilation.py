"""From what a user gives (wasm, wat, path) to an artifact: text to binary, decode, validate, compile, and the cache around it."""

from __future__ import annotations

from wasm_environ.errors import MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_facade.engine import Engine

    Progress = Callable[[int, int], None]  # functions compiled, functions in all

WASM_MAGIC: Final = b"\0asm"
ELF_MAGIC: Final = b"\x7fELF"


def is_text(wasm: str | bytes) -> bool:
    """Whether this is the text format: anything that does not start with a NUL, like a binary, or like an artifact."""
    if isinstance(wasm, str):
        return wasm != "" and wasm[0] != "\0"
    return len(wasm) > 0 and wasm[0] != 0


def source_bytes(wasm: object) -> bytes:
    """What was given to a Module as bytes, text still being text. TypeError for what is neither, ArtifactError for an artifact."""
    if isinstance(wasm, str) and is_text(wasm):
        return wasm.encode("utf-8", "surrogatepass")
    if not isinstance(wasm, (bytes, bytearray, memoryview)):
        raise TypeError(f"expected wasm bytes, or the text format as str or bytes, not {type(wasm).__name__}")
    data = bytes(wasm)
    if data[:4] == ELF_MAGIC:
        from wasm_environ.errors import ArtifactError

        raise ArtifactError("this is a compiled artifact, not a module: use Module.deserialize")
    return data


def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary form of a module in the text format. Raises WasmtimeError (TextError) with line, column and the line itself."""
    if not isinstance(wat, (str, bytes, bytearray)):
        raise TypeError(f"expected str or bytes, not {type(wat).__name__}")
    from wasm_environ.text.module import parse_module

    return bytearray(parse_module(wat if isinstance(wat, str) else bytes(wat)))


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


def validate(binary: bytes, features: Features) -> None:
    """Check a whole module, bodies too. Raises CompileError."""
    from wasm_environ.validation import validate as validate_all

    refuse_component(binary)
    validate_all(binary, features)


def refuse_component(binary: bytes) -> None:
    """A component's preamble differs from a module's in its version; say so rather than that the version is unknown."""
    if binary[:4] == WASM_MAGIC and binary[4:8] == b"\x0d\0\1\0":
        raise MalformedError("unknown binary version: this is a component, not a module", 4)


def compile_artifact(engine: Engine, source: bytes, progress: Progress | None = None) -> bytes:
    """Compile a module, binary or text, to an artifact's bytes."""
    from wasm_environ.linking.artifact import compile_module

    module = decode_checked(binary_of(source), engine.features)
    compiler = engine._load_compiler()
    total = len(module.code_starts)
    report = None
    if progress is not None:
        progress(0, total)

        def report(done: int) -> None:
            progress(done, total)

    return compile_module(module, compiler, engine._target(), engine._tunables(), engine.features, report)


class Compiled:
    """An artifact: in `path`, a cache's file, if that is not "", else in `data`."""

    __slots__ = ("data", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data


def artifact_of(engine: Engine, source: bytes, progress: Progress | None = None, anew: bool = False) -> Compiled:
    """The artifact of a module, binary or text: out of the cache, or compiled and put there. `anew`: what the cache has is no good."""
    from wasm_facade import cache

    folder = cache.folder_of(engine._cache)
    if folder is None:
        return Compiled("", compile_artifact(engine, source, progress))
    key = engine._cache_key(source)
    path = None if anew else cache.lookup(folder, key)
    if path is not None:
        return Compiled(path, b"")
    data = compile_artifact(engine, source, progress)
    cache.store(folder, key, data)
    return Compiled("", data)
