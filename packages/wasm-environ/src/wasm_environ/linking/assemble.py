"""Makes an artifact: compiles a module, lays its code out, and writes the file that artifact.py describes."""

from __future__ import annotations

import marshal

from wasm_environ.artifact import FORMAT, HEAD_AT, HEAD_ROOM, MARSHAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.compiler import Compiler, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.linking.rescue import StandIn
    from wasm_environ.module import Module


def fingerprint(target: Target, tunables: Tunables, compiler_name: str, compiler_version: str) -> tuple[Any, ...]:
    """What must be equal, field by field, for an artifact to run."""
    return (
        FORMAT, target.isa, target.os, tuple(sorted(target.cpu_features)), tunables.key(), compiler_name, compiler_version, layout_mark(),
    )  # fmt: skip


def layout_mark() -> int:
    """A number for all that code and runtime have to agree about: structs, arrays, libcalls, traps. Differs where one of these tables does."""
    from zlib import crc32

    from wasm_environ import heap_layout, libcalls, traps, vmtypes

    tables = (
        [row[:4] for row in vmtypes.FIELDS], vmtypes.SIZES, [row[:3] for row in vmtypes.ARRAYS], vmtypes.RESERVATION, vmtypes.GUARD_EXTRA,
        vmtypes.OVERFLOW_PAGE, heap_layout.HOST_FIRST, heap_layout.EXCEPTION_VALUES,
        [row[:2] for row in libcalls.LIBCALLS], [row[:2] for row in traps.TRAPS],
    )  # fmt: skip
    return crc32(repr(tables).encode())


def trampoline_types(module: Module) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Canonical type indices that need an entry trampoline (functions the host may call), and a host thunk (imports)."""
    callable_functions = set(module.escaping_functions)
    if module.start >= 0:
        callable_functions.add(module.start)
    entries = {module.types[module.functions[f]].canonical for f in callable_functions}
    thunks = {module.types[module.functions[f]].canonical for f in range(module.imported_functions)}
    return tuple(sorted(entries | thunks)), tuple(sorted(thunks))


def compile_module(
    module: Module, compiler: Compiler, target: Target, tunables: Tunables, features: Features,
    progress: Callable[[int], None] | None = None, origin: str = "", stand_in: StandIn | None = None,
) -> bytes:  # fmt: skip
    """Compile a module whose module-level validation has passed; returns the artifact's bytes, whose head tells `origin`. Raises CompileError.

    `stand_in()` gives the backend for what `compiler` fails on.
    """
    from wasm_environ import type_names
    from wasm_environ.compiler import BIG_ENDIAN
    from wasm_environ.dwarf.sections import debug_section
    from wasm_environ.linking import descriptor, elf, rescue
    from wasm_environ.linking.byte_order import words
    from wasm_environ.linking.layout import lay_out
    from wasm_environ.vmtypes import ContextLayout

    stand_in = stand_in or rescue.no_stand_in
    batches = rescue.compile_functions(compiler, stand_in, module, features, progress)
    entries, thunks = trampoline_types(module)
    signatures = [[module.types[index].composite for index in indices] for indices in (entries, thunks)]
    trampolines = rescue.compile_trampolines(compiler, stand_in, signatures[0], signatures[1])  # type: ignore[arg-type]
    defined = len(module.functions) - module.imported_functions
    try:
        image = lay_out(target.isa, batches, trampolines, module.imported_functions, defined)
    except ValueError as error:
        from wasm_environ.compile_errors import UnsupportedError

        raise UnsupportedError(f"the {compiler.name} backend's code for {target.isa} cannot be linked: {error}") from error
    big = target.isa in BIG_ENDIAN
    plain, data = descriptor.to_plain(module, big)
    module_name, names = _names(module)
    starts = b"".join(start.to_bytes(4, "little") for start in module.code_starts)
    sections = [
        (".text", image.text, elf.PAGE),
        (".wasm.meta", marshal.dumps((plain, entries, thunks, ContextLayout(module).starts()), MARSHAL), 8),
        (".wasm.functions", words(image.functions, big), 8),
        (".wasm.entries", words(image.entries, big), 8),
        (".wasm.thunks", words(image.thunks, big), 8),
        (".wasm.traps", words(image.traps, big), 8),
        (".wasm.addresses", words(image.addresses, big), 8),
        (".wasm.frames", words(image.frames, big), 8),
        (".wasm.shapes", words(image.shapes, big), 8),
        (".wasm.handlers", words(image.handlers, big), 8),
        (".wasm.names", marshal.dumps((module_name, names, module.imported_functions, starts), MARSHAL), 8),
        (".wasm.debug", debug_section(module), 8),
        (".wasm.types", type_names.section_of(module), 8),
        (".wasm.data", data, elf.PAGE),
    ]
    first = module.imported_functions
    symbols = [
        (names.get(first + k, f"wasm[{first + k}]").encode().replace(b"\0", b"?"), image.functions[2 * k], image.functions[2 * k + 1])
        for k in range(defined)
    ]  # fmt: skip
    file = bytearray(elf.write(_machine(target.isa), sections, symbols, big, HEAD_ROOM))
    _write_head(file, fingerprint(target, tunables, compiler.name, compiler.version), origin)
    return bytes(file)


def _write_head(image: bytearray, mark: tuple[Any, ...], origin: str = "") -> None:
    from zlib import crc32

    from wasm_environ.linking import elf

    end = HEAD_AT + HEAD_ROOM
    whole = crc32(memoryview(image)[end:], crc32(memoryview(image)[:HEAD_AT]))
    body = marshal.dumps((FORMAT, len(image), mark, elf.read(image)[1], whole, origin), MARSHAL)
    head = b"wasm" + len(body).to_bytes(4, "little") + crc32(body).to_bytes(4, "little") + bytes(4) + body
    assert len(head) <= HEAD_ROOM, "the head of an artifact fits its first page"
    image[HEAD_AT : HEAD_AT + len(head)] = head


def _machine(isa: str) -> int:
    from wasm_environ.compiler import MACHINES

    return MACHINES[isa]


def _names(module: Module) -> tuple[str, dict[int, str]]:
    from wasm_environ.names import decode_names

    names = decode_names(module)
    return names.module or "", dict(names.functions)
