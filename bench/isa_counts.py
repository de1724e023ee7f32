"""Executed instructions of the kernels on emulated instruction sets: the native compiler's code beside LLVM's.

The emulator logs, for addresses of compiled code alone, the instructions of each block when it translates it, and each block that it executes. Where code
lies is asked by a first run; hardly ever is anything in the second one elsewhere, as the emulator places everything in a range of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import wasm_facade
from bench.clock import geometric_mean
from bench.guests import HERE, Unavailable, build_kernel
from bench.options import Options
from bench.rows import Row, compared, skipped

PREFIX = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wasm-isalab"
ROOT = HERE.parent
#   kernel, what makes it small, argument of run(): some 100,000 blocks each
KERNELS = (
    ("fib", (), 20),
    ("matmul", ("-DN=40",), 1),
    ("stencil", ("-DN=64",), 15),
    ("sieve", ("-DLIMIT=30000",), 1),
    ("nbody", (), 2000),
    ("sha256", (), 2),
    ("bintree", ("-DDEEP=10",), 1),
    ("quicksort", ("-DMAX=8192",), 1),
    ("interp", (), 1000),
    ("crc32", ("-DSIZE=65536",), 1),
)
BACKENDS = ("native", "llvm")
ATTEMPTS = 5


def _guest(isa: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs the guest, and its environment, with which everything is at the same addresses in each run."""
    guest = str(HERE / "isa_guest.py")
    settled = {"PYTHONHASHSEED": "0", "QEMU_CPU": "max"}
    if isa == os.uname().machine:
        return ["setarch", "-R", str(PREFIX / "bin" / f"qemu-{isa}"), sys.executable, guest], settled
    # Room for memories of 8 GiB: the emulator alone decides what is where in it.
    return [str(ROOT / "tools" / "isalab" / "python.sh"), isa, str(PREFIX), guest], {**settled, "QEMU_RESERVED_VA": "4096G"}


def _here(isa: str) -> bool:
    """Whether all that emulation takes is."""
    built = isa == os.uname().machine or ((PREFIX / "bin" / f"python-{isa}").exists() and (ROOT / "build" / "isalab" / isa).exists())
    return built and (PREFIX / "bin" / f"qemu-{isa}").exists()


def measure(isa: str, options: Options) -> Iterator[Row]:
    """For each kernel, and in the mean, the instructions of ours and of LLVM's."""
    if not _here(isa):
        yield skipped("isas", f"{isa} executed instructions", f"no emulated {isa} is set up: nox -s emulated")
        return
    counts: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for backend in BACKENDS:
            try:
                counts[backend] = _counted(isa, _compiled(isa, backend, options, Path(folder)), Path(folder))
            except Unavailable as error:
                yield skipped("isas", f"{isa} executed instructions", str(error))
                return
    ratios = []
    for kernel, ours in counts["native"].items():
        theirs = counts["llvm"][kernel]
        ratios.append(ours / theirs)
        yield compared("isas", f"{isa} {kernel}, executed instructions", ours, theirs, "n")
    yield Row("isas", f"{isa} geometric mean, executed instructions", cost=geometric_mean(ratios))


def _compiled(isa: str, backend: str, options: Options, folder: Path) -> list[str]:
    """An artifact and its argument for each kernel that is wanted."""
    config = wasm_facade.Config()
    config.strategy, config.cache = backend, False
    if isa != os.uname().machine:
        config.target = f"{isa}-linux"
    engine = wasm_facade.Engine(config)
    made = []
    for kernel, sizes, argument in KERNELS:
        if options.wants(kernel):
            path = folder / f"{kernel}.cwasm"
            path.write_bytes(wasm_facade.Module(engine, build_kernel(kernel, *sizes)).serialize())
            made += [str(path), str(argument)]
    return made


def _counted(isa: str, artifacts: list[str], folder: Path) -> dict[str, int]:
    """How many instructions each executes."""
    command, settled = _guest(isa)
    environment = {**os.environ, **settled}
    nothing = [part for path in artifacts[::2] for part in (path, "0")]
    places = _places(subprocess.run([*command, *nothing], env=environment, capture_output=True, text=True, check=True).stdout)
    for _ in range(ATTEMPTS):
        found, executed = _run(command, artifacts, places, folder / f"log-{isa}", environment)
        if found == places:
            return {kernel: sum(count for at, count in executed.items() if start <= at < end) for kernel, (start, end) in places.items()}
        places = found  # it depends on what else the machine does, if seldom
    raise RuntimeError(f"the code lay elsewhere in each of {ATTEMPTS} runs")


def _run(
    command: list[str], artifacts: list[str], places: dict[str, tuple[int, int]], log: Path, environment: dict[str, str]
) -> tuple[dict[str, tuple[int, int]], dict[int, int]]:  # fmt: skip
    """Where the code lay, and how often instructions at `places` were executed, as `_read`."""
    os.mkfifo(log)
    ranges = ",".join(f"{start:#x}+{end - start:#x}" for start, end in places.values())
    environment = environment | {"QEMU_LOG": "in_asm,exec,nochain", "QEMU_DFILTER": ranges, "QEMU_LOG_FILENAME": str(log)}
    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(_read, log)
        done = subprocess.run([*command, *artifacts], env=environment, capture_output=True, text=True, check=True)
        executed = counted.result(60)
    log.unlink()
    return _places(done.stdout), executed


def _places(said: str) -> dict[str, tuple[int, int]]:
    """Start and end of each kernel's code, as the guest says."""
    words = (line.split() for line in said.partition("ready")[0].splitlines())
    return {name: (int(start), int(end)) for name, start, end in words}


def _read(log: Path) -> dict[int, int]:
    """Executed instructions by the address of the block that they are of."""
    sizes: dict[int, int] = {}
    executed: dict[int, int] = {}
    block = -1
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("Trace"):  # Trace 0: HOST_ADDRESS [FLAGS/ADDRESS/FLAGS/FLAGS] NAME
                at = int(line.split("/", 2)[1], 16)
                executed[at] = executed.get(at, 0) + sizes[at]
            elif line.startswith("IN:"):
                block = -1
            elif line.startswith("0x"):  # an instruction, behind its address
                if block < 0:
                    block = int(line[: line.index(":")], 16)
                    sizes[block] = 0
                sizes[block] += 1
    return executed


if __name__ == "__main__":
    for row in measure(sys.argv[1], Options((), tuple(sys.argv[2:]), False)):
        print(row)
