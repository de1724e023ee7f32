"""The real programs of `test_programs` on an emulated machine: compiled here, run there, with the output that wasmtime-py gives here.

`emulated_programs.py make ARCH FOLDER` builds the programs, compiles each for that machine with both compilers, and writes what they are shown;
`emulated_programs.py run FOLDER`, on that machine, runs them; `emulated_programs.py judge FOLDER` compares here what came of it. A file of 2 MB and a text of
5 MB are a tenth of those that `test_programs` has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

STRATEGIES = ("native", "llvm")
PATIENCE = 1200.0  # seconds for a program that takes five
CASES, SEEN = "cases.json", "seen.json"
HERE = Path(__file__).parent / "programs"
SMALLER = 10


def shown(folder: Path) -> Any:
    """What the programs are shown, written into the folder."""
    import test_programs

    test_programs.STDIN_BYTES //= SMALLER
    test_programs.FILE_BYTES //= SMALLER
    return test_programs.make_world(folder / "world" / "data")


def prepare(arch: str, folder: Path) -> int:
    """Programs, artifacts, cases with what wasmtime makes of them."""
    import shutil

    import pytest

    import test_programs
    import wasm_facade

    shutil.rmtree(folder, ignore_errors=True)
    world = shown(folder)
    cases, compiled = [], set()
    for case in test_programs.CASES:
        try:
            program = test_programs.built(case.program)
        except pytest.skip.Exception as lacking:
            print(f"{case.name}: {lacking}")
            continue
        for strategy in STRATEGIES:
            artifact = folder / strategy / program.name
            if artifact not in compiled:
                compiled.add(artifact)
                artifact.parent.mkdir(exist_ok=True)
                config = wasm_facade.Config()
                config.strategy, config.target, config.cranelift_opt_level, config.cache = strategy, f"{arch}-linux", case.opt, False
                artifact.write_bytes(wasm_facade.Module(wasm_facade.Engine(config), program.read_bytes()).serialize())
        theirs = test_programs.run_api("wasmtime", "auto", case, world)
        stdin = str(world.text) if case.stdin == "text" else str(HERE / case.stdin) if case.stdin else os.devnull
        settings = {"opt": case.opt, "env": case.env, "dirs": {str(world.root): "/data"} if case.data_dir else {}}
        cases.append({"name": case.name, "program": program.name, "args": case.args, "stdin": stdin, "settings": settings,
                      "expected": [theirs.status, theirs.stdout.hex(), theirs.stderr.hex()], "holds": case.holds(world, theirs.stdout)})  # fmt: skip
    (folder / CASES).write_text(json.dumps(cases), encoding="utf-8")
    return 0


def run(folder: Path) -> int:
    """Every case with either compiler's artifact, in a process of its own each."""
    seen = {}
    for case in json.loads((folder / CASES).read_text(encoding="utf-8")):
        for strategy in STRATEGIES:
            artifact = folder / strategy / case["program"]
            command = [sys.executable, str(HERE / "run.py"), "wasm_facade", "artifact", str(artifact), json.dumps(case["settings"]), *case["args"]]
            with open(case["stdin"], "rb") as stdin:
                done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=PATIENCE, check=False)
            seen[f"{case['name']}, {strategy}"] = [done.returncode, done.stdout.hex(), done.stderr.hex()]
    (folder / SEEN).write_text(json.dumps(seen), encoding="utf-8")
    return 0


def judge(folder: Path) -> int:
    """0 if all print, and end, as on wasmtime."""
    seen = json.loads((folder / SEEN).read_text(encoding="utf-8"))
    wrong, right = 0, 0
    for case in json.loads((folder / CASES).read_text(encoding="utf-8")):
        for strategy in STRATEGIES:
            found = seen[f"{case['name']}, {strategy}"]
            right += (good := found == case["expected"] and case["holds"])
            if not good:
                wrong += 1
                texts = [(status, bytes.fromhex(out)[-300:], bytes.fromhex(err)[-2000:]) for status, out, err in (found, case["expected"])]
                print(f"{case['name']}, {strategy}: {texts[0]}; wasmtime {texts[1]}; plausible: {case['holds']}")
    print(f"{right} runs of programs as on wasmtime, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        sys.exit(prepare(rest[0], Path(rest[1])))
    sys.exit((run if command == "run" else judge)(Path(rest[0])))
