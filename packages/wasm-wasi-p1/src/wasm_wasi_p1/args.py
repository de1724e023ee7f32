"""args_get, args_sizes_get, environ_get, environ_sizes_get: the strings the guest was given."""

from __future__ import annotations

from wasm_wasi_p1.abi import check, store, store_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext


def _get(memory: memoryview, strings: list[bytes], pointers: int, data: int) -> None:
    """An array of pointers, and the NUL-terminated strings they point to."""
    check(memory, pointers, 4 * len(strings))
    check(memory, data, sum(map(len, strings)) + len(strings))
    for string in strings:
        store(memory, pointers, 4, data)
        store_bytes(memory, data, string + b"\0")
        pointers += 4
        data += len(string) + 1


def _sizes(memory: memoryview, strings: list[bytes], count: int, size: int) -> None:
    check(memory, size, 4)
    store(memory, count, 4, len(strings))
    store(memory, size, 4, sum(map(len, strings)) + len(strings))


def args_get(context: WasiContext, memory: memoryview, argv: int, data: int) -> None:
    """Copy the arguments."""
    _get(memory, context.args, argv, data)


def args_sizes_get(context: WasiContext, memory: memoryview, count: int, size: int) -> None:
    """How many arguments, and the bytes they take."""
    _sizes(memory, context.args, count, size)


def environ_get(context: WasiContext, memory: memoryview, environ: int, data: int) -> None:
    """Copy the environment, as NAME=VALUE strings."""
    _get(memory, context.env, environ, data)


def environ_sizes_get(context: WasiContext, memory: memoryview, count: int, size: int) -> None:
    """How many environment variables, and the bytes they take."""
    _sizes(memory, context.env, count, size)
