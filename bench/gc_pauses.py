"""A child of the `gc` area: the longest of many calls that allocate beside live objects, and the peak of its memory, as JSON.

It imports little: what this process weighs is to be the runtime and its objects.
"""

from __future__ import annotations

import json
import sys
from time import process_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from bench.contenders import Contender

SETTINGS = {"wasm_gc": True, "wasm_function_references": True}  # wasmtime has them off
CALLS = 4000


class Guest:
    """An instance of LIST, assembled."""

    def __init__(self, contender: Contender, wasm: bytes) -> None:
        engine = contender.engine(**SETTINGS)
        self.store = contender.api.Store(engine)
        self.exports = contender.api.Instance(self.store, contender.api.Module(engine, wasm), []).exports(self.store)

    def call(self, name: str, *arguments: int) -> Any:
        return self.exports[name](self.store, *arguments)

    def seconds(self, name: str, *arguments: int) -> float:
        """What a call takes."""
        function, store = self.exports[name], self.store
        start = process_time()
        function(store, *arguments)
        return process_time() - start

    def build(self, count: int) -> float:
        """In place of the list there was."""
        self.call("drop")
        return self.seconds("build", count)


def main(role: str, strategy: str, live: int, churned: int) -> dict[str, float]:
    """The guest, LIST of `gc_guests`, is read from standard input."""
    from bench.contenders import by_name

    guest = Guest(by_name(role, strategy), sys.stdin.buffer.read())
    guest.build(live)
    longest = max(guest.seconds("churn", churned) for _ in range(CALLS))
    with open("/proc/self/status") as status:  # getrusage's figure is the parent's, if that was more
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return {"longest": longest, "peak": 1024.0 * peak}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])), sys.stdout)
