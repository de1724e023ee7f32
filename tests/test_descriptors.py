"""File descriptors that the vm keeps: few, and not relied on when the program closes all it finds, as daemons do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PRELUDE = """
import os, resource, sys, wasm_facade as wasm
config = wasm.Config()
config.cache = False
config.allocation_strategy = sys.argv[1]
engine = wasm.Engine(config)
def module(byte="i"):
    return wasm.Module(engine, '(module (memory (export "memory") 1) (data (i32.const 0) "%s"))' % (byte * 20000))
def memory(module):
    store = wasm.Store(engine)
    return wasm.Instance(store, module, []).exports(store)["memory"]
"""


def run(body: str, allocation: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PRELUDE + body, allocation], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("allocation", ["on_demand", "pooling"])
def test_a_guest_never_sees_a_file_of_the_hosts(allocation: str, tmp_path: Path) -> None:
    """The number of an image's file may be another file's by the time the image is mapped again."""
    body = f"""
ours = module()
live = [memory(ours), memory(ours)]
os.closerange(3, 256)
with open({str(tmp_path / "secret")!r}, "w") as file: file.write("SECRET" * 10000)
files = [os.open({str(tmp_path / "secret")!r}, os.O_RDONLY) for _ in range(6)]
for _ in range(40): live.append(memory(ours))
print({{bytes(each[:20000]) for each in live}} == {{b"i" * 20000}}, any(any(each[20000:]) for each in live))
live.clear()
del ours
print(len([os.fstat(file) for file in files]))
"""
    assert run(body, allocation) == ["True", "False", "6"]


@pytest.mark.parametrize("allocation", ["on_demand", "pooling"])
def test_a_forked_child_keeps_its_files(allocation: str) -> None:
    body = """
ours = module()
for _ in range(3): memory(ours)[60000] = 1
os.closerange(3, 256)
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
child = os.fork()
if not child:
    for _ in range(3): memory(ours)[60000] = 1
    print(len([os.fstat(file) for file in files]), any(memory(ours)[20000:]), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    assert run(body, allocation) == ["8", "False"]


@pytest.mark.parametrize("allocation", ["on_demand", "pooling"])
def test_images_leave_descriptors_for_the_program(allocation: str) -> None:
    """Each mapped image has one: at most an eighth of what the process may have; further images are copied."""
    body = """
resource.setrlimit(resource.RLIMIT_NOFILE, (160, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
modules = [module(chr(65 + number % 26)) for number in range(60)]
right = [bytes(memory(each)[:20000]) == chr(65 + number % 26).encode() * 20000 for _ in range(3) for number, each in enumerate(modules)]
before = len(os.listdir("/proc/self/fd"))
modules.clear()
print(all(right), before <= 32, len(os.listdir("/proc/self/fd")) < before - 15)
"""
    assert run(body, allocation) == ["True", "True", "True"]
