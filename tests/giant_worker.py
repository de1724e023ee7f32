"""A worker that compiles every function the way those are compiled that are too large to optimize."""

from __future__ import annotations

from wasm_codegen_llvm import function, worker

if __name__ == "__main__":
    function.GIANT_BYTES = -1  # type: ignore[misc]
    worker.main()
