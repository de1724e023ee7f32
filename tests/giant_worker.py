"""A worker that compiles every function the way those are compiled that are too large to optimize."""

from __future__ import annotations

from wasm_codegen_llvm import passes, worker

if __name__ == "__main__":
    passes.MOST = (-1,) * len(passes.LIMITS)  # type: ignore[misc]
    worker.main()
