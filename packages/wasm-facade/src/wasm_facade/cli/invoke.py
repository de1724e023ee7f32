"""`wasm run --invoke`: one function of a module, its arguments from the command line."""

from __future__ import annotations

from wasm_facade.cli import FAILED, OK, call, fail, functions
from wasm_vm import Func

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed
    from wasm_vm import Instance, Store


def invoke(options: Parsed, store: Store, instance: Instance) -> int:
    """Call the function and print its results; the exit status."""
    name, words = options.invoke, options.operands[1:]
    function = instance.exports(store).get(name)
    if not isinstance(function, Func):
        fail("run", f"{options.operands[0]}: it exports no function {name!r}{functions(store, instance)}")
        return FAILED
    params = function.type(store).params
    if len(words) != len(params):
        fail("run", f"{name} takes {len(params)} arguments ({', '.join(map(str, params))}), {len(words)} are given")
        return FAILED
    args = []
    for number, (word, kind) in enumerate(zip(words, params, strict=True), 1):
        try:
            args.append(_value(word, str(kind)))
        except ValueError:
            fail("run", f"{name}: argument {number} is not of type {kind}: {word!r}")
            return FAILED
    initialize = instance.exports(store).get("_initialize")
    if isinstance(initialize, Func) and name != "_initialize":
        call(options, store, initialize, [])
    results = call(options, store, function, args)
    for result in results if isinstance(results, list) else [results] if results is not None else []:
        print(result)
    return OK


def _value(word: str, kind: str) -> int | float:
    if kind in ("f32", "f64"):
        return float.fromhex(word) if "0x" in word.lower() else float(word)
    bits = {"i32": 32, "i64": 64, "v128": 128}.get(kind, 0)
    value = int(word, 0)
    if not -(1 << bits) // 2 <= value < 1 << bits:
        raise ValueError(word)
    return value
