"""Whether there is memory for LLVM: it ends the process when it is refused any, so that is found out before."""

from __future__ import annotations

from mmap import ACCESS_READ, ACCESS_WRITE, PAGESIZE, mmap
from typing import Final

from wasm_environ.errors import ExhaustedError

BYTES: Final = 64 << 20  # what compiling takes at least
BYTES_PER_CODE: Final = 100  # bytes more for each byte of bodies
MAPPINGS: Final = 64  # what LLVM's allocations and the code it places may need


def require(code_size: int) -> None:
    """Raise ExhaustedError unless the process may have the address space and the mappings to compile `code_size` bytes of bodies. About 0.2 ms."""
    held = []
    try:
        held.append(mmap(-1, BYTES + BYTES_PER_CODE * code_size))
        for number in range(MAPPINGS):  # neighbours that differ are not merged into one mapping
            held.append(mmap(-1, PAGESIZE, access=ACCESS_READ if number % 2 else ACCESS_WRITE))
    except (OSError, MemoryError) as error:
        raise ExhaustedError(
            f"no memory to compile in: {error}; limits on address space (ulimit -v) and on mappings (vm.max_map_count) are the usual causes"
        ) from None
    finally:
        for each in held:
            each.close()
