"""Run a WASI program through the Python API: `run.py API STRATEGY WASM SETTINGS [ARGS...]`; what it prints is its own.

API is wasmtime or wasm_facade; STRATEGY a compiler, or `artifact` for a WASM that is compiled; SETTINGS is JSON: opt, env, dirs, stdin, stdout, stderr. The exit status is the guest's; 134 after a trap, with its code as the last line of stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

TRAPPED = 134


def main(api_name: str, strategy: str, wasm: str, settings_text: str, *args: str) -> int:
    """Compile, link, run; returns the exit status."""
    api = importlib.import_module(api_name)
    settings = json.loads(settings_text)
    config = api.Config()
    config.strategy = "auto" if strategy == "artifact" else strategy
    config.cranelift_opt_level = settings.get("opt", "speed")
    engine = api.Engine(config)
    if strategy == "artifact":
        module = api.Module.deserialize_file(engine, wasm)
    else:
        with open(wasm, "rb") as file:
            module = api.Module(engine, file.read())
    store = api.Store(engine)
    store.set_wasi(wasi_config(api, os.path.basename(wasm), args, settings))
    linker = api.Linker(engine)
    linker.define_wasi()
    try:
        instance = linker.instantiate(store, module)
        instance.exports(store)["_start"](store)
    except api.ExitTrap as leaving:
        return int(leaving.code)
    except api.Trap as trap:
        sys.stderr.write(f"trap {trap.trap_code.name}\n")
        return TRAPPED
    return 0


def wasi_config(api: Any, name: str, args: tuple[str, ...], settings: dict[str, Any]) -> Any:
    """What the program is given."""
    wasi = api.WasiConfig()
    wasi.argv = [name, *args]
    wasi.env = sorted(settings.get("env", {}).items())
    for stream in ("stdin", "stdout", "stderr"):
        if stream in settings:
            setattr(wasi, f"{stream}_file", settings[stream])
        else:
            getattr(wasi, f"inherit_{stream}")()
    for host, guest in settings.get("dirs", {}).items():
        wasi.preopen_dir(host, guest)
    return wasi


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
