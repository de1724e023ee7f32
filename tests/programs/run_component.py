"""Run a program for WASI 0.2 through the Python API: `run_component.py API STRATEGY WASM SETTINGS [ARGS...]`, as `run.py`.

SETTINGS may say network, which wasmtime-py cannot, and http. An err of `run` is status 1.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from run import TRAPPED, wasi_config  # type: ignore[import-not-found]  # beside this file

MAIN = "wasi:cli/run@0.2."
# wasmtime-py has no class for traps of components. Columns: the trap's words, its code.
TRAPS = (("wasm trap: call stack exhausted", "STACK_OVERFLOW"), ("wasm trap: wasm `unreachable` instruction executed", "UNREACHABLE_CODE_REACHED"))


def main(api_name: str, strategy: str, wasm: str, settings_text: str, *args: str) -> int:
    """Compile, link, run; returns the exit status."""
    api = importlib.import_module(api_name)
    component_api = importlib.import_module(f"{api_name}.component")
    settings = json.loads(settings_text)
    config = api.Config()
    config.strategy = strategy
    config.cranelift_opt_level = settings.get("opt", "speed")
    config.cache = True  # as ours is: Python's interpreter takes a while to compile
    engine = api.Engine(config)
    with open(wasm, "rb") as file:
        component = component_api.Component(engine, file.read())
    store = api.Store(engine)
    wasi = wasi_config(api, os.path.basename(wasm), args, settings)
    if settings.get("network"):
        wasi.inherit_network()
    store.set_wasi(wasi)
    linker = component_api.Linker(engine)
    linker.add_wasip2()
    if settings.get("http"):
        linker.add_wasi_http()
        store.set_wasi_http()
    try:
        instance = linker.instantiate(store, component)
        name = next(name for name in component.type.exports(engine) if name.startswith(MAIN))
        interface = instance.get_export_index(store, name)
        result = instance.get_func(store, instance.get_export_index(store, "run", interface))(store)
    except api.ExitTrap as leaving:
        return int(leaving.code)
    except (api.Trap, api.WasmtimeError) as error:
        code = error.trap_code.name if isinstance(error, api.Trap) else next((name for words, name in TRAPS if words in str(error)), None)
        if code is None:
            raise
        sys.stderr.write(f"trap {code}\n")
        return int(TRAPPED)
    return 0 if result is None or getattr(result, "tag", "ok") == "ok" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
