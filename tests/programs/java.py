"""Runs a Java program that TeaVM compiled to wasm with garbage collection, on strings and functions of Python where it has JavaScript's: `java.py STRATEGY WASM`.

Prints what the program prints. A string of JavaScript is a str of Python, whose characters are the program's UTF-16 as long as they are below U+10000.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import wasm_facade as wasm

PAGES, MAX_PAGES = 33, 32768
PRIMITIVE: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}


class Wrapped:
    """A JavaScript object that stands for a Java object."""

    def __init__(self, java: Any) -> None:
        self.java = java


def into_array(text: str, array: Any, start: int) -> int:
    for k, character in enumerate(text):
        array[start + k] = ord(character)
    return len(text)


def get_property(thing: Any, name: str) -> Any:
    return len(thing) if name == "length" else getattr(thing, name, None)


def script(parameter: str, body: str) -> Callable[[Any], Any]:
    """A function in JavaScript: the only one that TeaVM's class library makes gives its argument."""
    assert body == f"return {parameter};", body
    return lambda argument: argument


class Host:
    """What is imported; `wrappers` are the Java objects that stand for objects of JavaScript."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.output: list[str] = []
        self.wrappers: dict[int, Any] = {}
        self.exports: Any = None

    def function(self, code: Any) -> Callable[..., Any]:
        return lambda *arguments: code(self.store, *arguments)

    def wrap(self, thing: Any) -> Any:
        if isinstance(thing, Wrapped):
            return thing.java
        return self.exports["teavm.jso.createWrapper"](self.store, thing)

    def imports(self) -> dict[str, Any]:
        """By name, which no two modules share."""
        # fmt: off
        return {
            # wasm:js-string
            "fromCharCode": chr, "concat": str.__add__, "length": len,
            "substring": lambda text, start, end: text[start:end],
            "charCodeAt": lambda text, index: ord(text[index]),
            "fromCharCodeArray": lambda array, start, end: "".join(map(chr, array[start:end])),
            "intoCharCodeArray": into_array,
            # teavmJso
            "stringBuiltinsSupported": lambda: 1,
            "isUndefined": lambda thing: 0,
            "isPrimitive": lambda thing, kind: thing is None or isinstance(thing, PRIMITIVE[kind]),
            "wrapInt": lambda value: value, "unwrapInt": int,
            "createClass": lambda name, parent, constructor: SimpleNamespace(),
            "defineFunction": lambda code, variadic: self.function(code),
            "defineStaticMethod": lambda kind, name, code, variadic: setattr(kind, name, self.function(code)),
            "getProperty": get_property,
            "createFunction1": script,
            "callFunction1": lambda function, argument: function(argument),
            "wrapObject": self.wrap,
            "javaObjectToJS": lambda java, kind: Wrapped(java),
            "unwrapJavaObject": lambda thing: thing.java,
            # the rest
            "currentTimeMillis": lambda: time.time() * 1000,
            "takeStackTrace": lambda name: SimpleNamespace(getStack=list),
            "decorateException": lambda exception: None,
            "notifyHeapResized": lambda: None,
            "putcharStdout": lambda character: self.output.append(chr(character)),
        }
        # fmt: on

    def extern(self, each: Any) -> Any:
        """What the import `each` gets."""
        if isinstance(each.type, wasm.MemoryType):
            return wasm.Memory(self.store, wasm.MemoryType(wasm.Limits(PAGES, MAX_PAGES)))
        if isinstance(each.type, wasm.GlobalType):
            return wasm.Global(self.store, each.type, {"heapOffset": 0, "maxSize": (1 << 31) - 1}[each.name])
        return wasm.Func(self.store, each.type, self.imports()[each.name])


def main(strategy: str, path: str) -> None:
    config = wasm.Config()
    config.strategy, config.cache = strategy, False
    engine = wasm.Engine(config)
    with open(path, "rb") as file:
        module = wasm.Module(engine, file.read())
    host = Host(wasm.Store(engine))
    host.exports = wasm.Instance(host.store, module, [host.extern(each) for each in module.imports]).exports(host.store)
    try:
        host.exports["main"].value(host.store)([])
    finally:
        sys.stdout.write("".join(host.output))


if __name__ == "__main__":
    main(*sys.argv[1:])
