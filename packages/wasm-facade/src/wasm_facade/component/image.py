"""The artifact of a component, in memory or a file that is mapped: its parts, its core modules loaded, all of its bytes."""

from __future__ import annotations

import os

from wasm_environ.component import artifact
from wasm_environ.errors import ArtifactError, WasmError
from wasm_facade.cache import component_entry
from wasm_facade.fitness import check
from wasm_vm import CallProgram, check_read, crc32, load_module, open_file, read_head
from wasm_vm.components import LoadedComponent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.artifact import Parts
    from wasm_facade.engine import Engine
    from wasm_vm import LoadedModule


class Image:
    """`parts`; `loaded` in the engine it was read for. The bytes of each core module's artifact are its own mapping's, or those given."""

    __slots__ = ("_head", "_modules", "loaded", "parts")

    def __init__(self, head: bytes, parts: Parts, modules: list[memoryview], loaded: LoadedComponent) -> None:
        self._head = head
        self._modules = modules
        self.parts = parts
        self.loaded = loaded

    def module(self, number: int) -> bytes:
        """The artifact of a core module."""
        data = bytes(self._modules[number])
        check_read(self._modules[number].obj)
        return data

    def whole(self) -> bytes:
        """All of it, as `artifact.write` made it."""
        out = bytearray(self._head)
        for number, (at, _) in enumerate(self.parts.places):
            out += bytes(at - len(out))
            out += self.module(number)
        return bytes(out)


def from_bytes(engine: Engine, image: bytes) -> Image:
    """Of bytes in memory: code is copied. Raises ArtifactError."""
    parts = artifact.read(image, len(image), crc32)
    views = [memoryview(image)[at : at + size] for at, size in parts.places]
    modules = []
    for view in views:
        data = bytes(view)
        head = read_head(data)
        check(engine, head)
        modules.append(load_module(engine._vm, data, head))
    return Image(image[: artifact.head_size(image)], parts, views, _loaded(engine, parts, modules))


def from_file(engine: Engine, descriptor: int) -> Image:
    """Of an open file, which is mapped: its head alone is read, and every byte checked. Raises OSError or ArtifactError."""
    total = os.fstat(descriptor).st_size
    size = artifact.head_size(os.pread(descriptor, artifact.HEAD, 0))
    if size > total:
        raise ArtifactError("the artifact is cut short")
    head = os.pread(descriptor, size, 0)
    parts = artifact.read(head, total, crc32)
    mapped = [open_file(descriptor, at, length) for at, length in parts.places]
    for file in mapped:
        check(engine, file.head)
    modules = [file.load(engine._vm) for file in mapped]
    return Image(head, parts, [memoryview(file.code) for file in mapped], _loaded(engine, parts, modules))


def from_cache(engine: Engine, source: bytes) -> Image | None:
    """Of a component's binary or text, if the cache has it and it is not damaged."""
    descriptor = component_entry(engine, source)
    if descriptor is None:
        return None
    try:
        return from_file(engine, descriptor)
    except (OSError, WasmError):
        return None
    finally:
        os.close(descriptor)


def _loaded(engine: Engine, parts: Parts, modules: list[LoadedModule]) -> LoadedComponent:
    try:
        return LoadedComponent(engine._vm, parts.plan, CallProgram(parts.words, parts.labels), modules)
    except (OverflowError, TypeError, ValueError) as error:  # the checksum is right, the plan is none that was made here
        raise ArtifactError(f"the artifact's plan is damaged: {error}") from error
