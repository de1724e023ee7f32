"""What guests of toolchains ask of WASI 0.2 when they start, answered alike in both APIs: nobody is there, and what is written is told. All else traps."""

from __future__ import annotations

import sys
from typing import Any

OUTPUT = 20  # number of the type of output streams
# Interface, function: what it gives, to any arguments.
ANSWERS: dict[tuple[str, str], Any] = {
    ("cli/environment", "get-environment"): [],
    ("cli/environment", "get-arguments"): [],
    ("cli/environment", "initial-cwd"): None,
    ("cli/terminal-stdin", "get-terminal-stdin"): None,
    ("cli/terminal-stdout", "get-terminal-stdout"): None,
    ("cli/terminal-stderr", "get-terminal-stderr"): None,
    ("filesystem/preopens", "get-directories"): [],
    ("random/random", "get-random-u64"): 4,
    ("random/insecure-seed", "insecure-seed"): (4, 4),
    ("clocks/monotonic-clock", "now"): 1,
    ("clocks/monotonic-clock", "resolution"): 1,
}


class Wasi:
    """The functions, for a component API."""

    def __init__(self, component: Any) -> None:
        self.component = component

    def define(self, linker: Any, engine: Any, compiled: Any) -> None:
        """Those of the versions that a component imports."""
        with linker.root() as root:
            for name in compiled.type.imports(engine):
                interface = name.removeprefix("wasi:").partition("@")[0]
                functions = {function: answer for (within, function), answer in self.answers().items() if within == interface}
                if functions:
                    self.define_interface(root, name, functions)

    def define_interface(self, root: Any, name: str, functions: dict[str, Any]) -> None:
        with root.add_instance(name) as instance:
            if "io/streams" in name:
                instance.add_resource("output-stream", self.component.ResourceType.host(OUTPUT), lambda store, rep: None)
            for function, answer in functions.items():
                instance.add_func(function, answer if callable(answer) else lambda store, *args, answer=answer: answer)

    def answers(self) -> dict[tuple[str, str], Any]:
        own: dict[tuple[str, str], Any] = {
            ("random/random", "get-random-bytes"): lambda store, number: bytes(number),
            ("cli/stdout", "get-stdout"): lambda store: self.stream(store, 1),
            ("cli/stderr", "get-stderr"): lambda store: self.stream(store, 2),
        }
        methods = {"check-write": self.check_write, "write": self.write, "blocking-write-and-flush": self.write, "blocking-flush": self.flush}
        return ANSWERS | own | {("io/streams", f"[method]output-stream.{name}"): method for name, method in methods.items()}

    def stream(self, store: Any, number: int) -> Any:
        return self.component.ResourceHost.own(number, OUTPUT).to_any(store)

    def check_write(self, store: Any, stream: Any) -> int:
        """How much may be written. wasmtime-py wants to see what is lent taken."""
        stream.to_host(store)
        return 4096

    def write(self, store: Any, stream: Any, data: bytes) -> Any:
        """Told on stderr, for whoever looks for a fault: what a guest writes at its end is not what is compared."""
        print(f"guest writes to {stream.to_host(store).rep}: {data!r}", file=sys.stderr)
        return self.component.Variant("ok")

    def flush(self, store: Any, stream: Any) -> Any:
        stream.to_host(store)
        return self.component.Variant("ok")
