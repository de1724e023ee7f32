"""Python code that runs in the middle of a call, at every argument of every public method: nothing crashes, hangs or breaks the interpreter's rules.

A sample with a fixed seed; all of it: `nox -s api_fuzz`, which takes the share of the steps (1: all) and a seed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import wasm_facade as w
from api_fuzz import Step, Target, all_steps, call_plain, inside, targets
from api_rows import EXEMPT, RECEIVERS, REFUSES, ROWS, WAT, World, is_attribute, members, public_functions, public_types, row_of, settings

SHARE, SEED = os.environ.get("WASM_API_FUZZ", "0.03 1").split()
FULL = "WASM_API_FUZZ" in os.environ
CHILD = 2000  # steps
PARTS = 2


def test_every_public_method_has_a_row() -> None:
    missing = []
    for cls_name, cls in public_types().items():
        own = [(name, item) for name, item in members(cls) if not is_attribute(item)]
        for name, _ in own:
            row = ROWS.get(cls_name) if name in ("__init__", "__new__") else row_of(cls_name, name)
            if row is None and cls_name not in EXEMPT:
                missing.append(f"{cls_name}.{name}")
        if cls_name not in RECEIVERS and cls_name not in EXEMPT and not issubclass(cls, BaseException):
            missing.append(f"{cls_name}: in RECEIVERS")
    missing += [name for name in public_functions() if name not in ROWS and name not in EXEMPT]
    assert not missing, "say in tests/api_rows.py what arguments these take"


def test_every_row_is_of_something() -> None:
    types = public_types()
    known = set(public_functions()) | set(types) | {f"{cls_name}.{name}" for cls_name, cls in types.items() for name, _ in members(cls)}
    assert not [name for name in (*ROWS, *EXEMPT) if name not in known]


def refusal(target: Target, world: World) -> str:
    """What is wrong with a call with plain arguments, or nothing."""
    said: list[str] = []

    def run() -> None:
        try:
            call_plain(target, world)
        except Exception as error:
            said.append(f"{target.name}: {error!r}")

    inside(world, run) if target.receiver == "caller" else run()
    return "".join(said)


def test_plain_arguments_are_taken() -> None:
    engine = w.Engine(settings())
    module = w.Module(engine, WAT)
    tried = [target for target in targets() if target.how not in ("set", "protocol")]
    refused = {target.name: what for target in tried if (what := refusal(target, World(engine, module)))}
    assert set(refused) == REFUSES, "\n".join(refused.values())


def is_telling(step: Step) -> bool:
    """Of the kind that found the most: in every sample."""
    changes = step.action in ("closes the store", "overwrites references", "grows memories and tables")
    return step.target.in_c and changes and (step.form, step.way) == ("hostile", "directly")


def sample(everything: list[Step], part: int) -> list[int]:
    """The numbers of the steps of one of the parts."""
    telling = {number for number, step in enumerate(everything) if is_telling(step)}
    rest = [number for number in range(len(everything)) if number not in telling]
    chosen = telling | set(random.Random(SEED).sample(rest, int(len(rest) * float(SHARE))))
    return sorted(chosen)[part::PARTS]


def run_child(numbers: list[int]) -> tuple[list[str], int, str]:
    """What it said, how it ended, and its last words."""
    environment = {**os.environ, "PYTHONMALLOC": "debug", "MALLOC_PERTURB_": "165", "PYTHONFAULTHANDLER": "1"}
    if "LD_PRELOAD" in os.environ:  # a sanitizer does that better, where every object is allocated by it
        environment["PYTHONMALLOC"] = "malloc"
        del environment["MALLOC_PERTURB_"]
    child = Path(__file__).with_name("api_fuzz.py")
    done = subprocess.run(
        [sys.executable, str(child)], input="\n".join(map(str, numbers)), capture_output=True, text=True, errors="replace", env=environment, timeout=3000
    )  # fmt: skip
    return done.stdout.splitlines(), done.returncode, done.stderr


def faults(numbers: list[int], everything: list[Step]) -> list[str]:
    found: list[str] = []
    while numbers and len(found) < 20:
        said, status, words = run_child(numbers)
        for line in said:
            if line.startswith("failed "):
                _, number, what = line.split(" ", 2)
                found.append(f"[{number}] {everything[int(number)]}: {what}")
        if said and said[-1] == "done" and status == 0:
            break
        steps = [line for line in said if line.isdigit()]
        if not steps or (said[-1] == "done"):
            return [*found, f"the child ended with {status} after {said[-1:]}: {words[-2000:]}"]
        last = int(steps[-1])
        found.append(f"[{last}] {everything[last]}: the process ended with {status}: {words[:2500] if FULL else words[:700]}")
        numbers = numbers[numbers.index(last) + 1 :]
    return found


def run_part(part: int) -> list[str]:
    """The first faults that a part of the steps shows."""
    everything = all_steps()
    chosen = sample(everything, part)
    return next((found for start in range(0, len(chosen), CHILD) if (found := faults(chosen[start : start + CHILD], everything))), [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals are those of POSIX")
@pytest.mark.beside(run=run_part)
@pytest.mark.parametrize("part", range(PARTS))
def test_arguments_that_run_code(part: int, ended: list[str]) -> None:
    assert not ended, "\n".join(ended)
