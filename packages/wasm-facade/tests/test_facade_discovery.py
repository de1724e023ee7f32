"""Detecting the machine, reading triples, finding compilers."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wasm_environ.errors import WasmError
from wasm_facade import discovery


def test_this_machine() -> None:
    isa, system, features = discovery.detect()
    assert isa in {row[0] for row in discovery.ISAS}
    assert system == os.uname().sysname.lower()
    assert features <= next(row[3] for row in discovery.ISAS if row[0] == isa)
    assert discovery.plain_target(None) == (isa, system, features)


CPUINFO = [
    ("x86_64", b"processor\t: 0\nflags\t\t: fpu sse4_1 avx2 hypervisor\nflags : bmi1\n", {"sse4_1", "avx2"}),
    ("arm64", b"processor : 0\nFeatures\t: fp asimd atomics evtstrm\n", {"fp", "asimd", "atomics"}),
    ("riscv64", b"hart : 0\nisa\t: rv64imafdc_zba_zbb_svpbmt\n", {"m", "a", "f", "d", "c", "zba", "zbb"}),
    ("s390x", b"features\t: esan3 zarch vx vxe\n", {"vx", "vxe"}),
    ("amd64", b"nothing here\n", set()),
]


@pytest.mark.parametrize(("machine", "cpuinfo", "features"), CPUINFO, ids=[row[0] for row in CPUINFO])
def test_machines(monkeypatch: pytest.MonkeyPatch, machine: str, cpuinfo: bytes, features: set[str]) -> None:
    monkeypatch.setattr(discovery, "_machine", None)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine, sysname="Linux"))
    monkeypatch.setattr(os, "open", lambda *args: 99)
    monkeypatch.setattr(os, "close", lambda *args: None)
    monkeypatch.setattr(os, "read", lambda *args: cpuinfo)
    isa, system, found = discovery.detect()
    assert (isa, system) == ({"arm64": "aarch64", "amd64": "x86_64"}.get(machine, machine), "linux")
    assert found == features


def test_a_machine_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_machine", None)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="m68k", sysname="Linux"))
    with pytest.raises(WasmError, match="m68k; supported: x86_64, aarch64"):
        discovery.detect()


@pytest.mark.parametrize(
    ("triple", "parsed"),
    [("aarch64-unknown-linux-gnu", ("aarch64", "linux")), ("x86_64-pc-linux-musl", ("x86_64", "linux")), ("arm64", ("aarch64", "linux")),
     ("riscv64gc-unknown-linux-gnu", ("riscv64", "linux")),
     ("riscv64", ("riscv64", "linux")), ("s390x-ibm-linux-gnu", ("s390x", "linux"))],
)  # fmt: skip
def test_triples(triple: str, parsed: tuple[str, str]) -> None:
    assert discovery.parse_triple(triple) == parsed


@pytest.mark.parametrize("triple", ["arm64-apple-darwin", "x86_64-apple-darwin23.1", "x86_64-pc-windows-msvc", "aarch64-unknown-freebsd"])
def test_another_system(triple: str) -> None:
    with pytest.raises(WasmError, match=f"cannot compile for '{triple}': its operating system must be linux"):
        discovery.parse_triple(triple)


def test_a_triple_that_is_none() -> None:
    with pytest.raises(WasmError, match="unknown target 'z80-linux'"):
        discovery.parse_triple("z80-linux")


def test_no_compiler_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_choices", {})
    monkeypatch.setattr(discovery, "package_path", lambda name: None)
    monkeypatch.setattr(discovery, "_imported", lambda name: None)
    monkeypatch.setattr(discovery, "_entry_points", lambda group: {})
    for strategy, install in (
        ("llvm", "in a clone of the repository, pip install ./packages/wasm-codegen-llvm"),
        ("native", "in a clone of the repository, pip install ./packages/wasm-codegen-native"),
        ("auto", "in a clone of the repository, pip install ./packages/wasm-codegen-native or pip install ./packages/wasm-codegen-llvm"),
    ):
        with pytest.raises(WasmError, match=f"no compiler for strategy '{strategy}' is installed: {install}"):
            discovery.find_compiler(strategy)
    with pytest.raises(WasmError, match=r"pip install \./packages/wasm-wasi-p1"):
        discovery.wasi_preview1()


@pytest.mark.parametrize(
    ("installed", "strategy", "name"),
    [("native llvm", "auto", "native"), ("llvm", "auto", "llvm"), ("native llvm", "cranelift", "native"), ("llvm", "cranelift", "llvm"),
     ("native llvm", "winch", "native"), ("llvm", "winch", "llvm"), ("native llvm", "llvm", "llvm")],
)  # fmt: skip
def test_choice(monkeypatch: pytest.MonkeyPatch, installed: str, strategy: str, name: str) -> None:
    monkeypatch.setattr(discovery, "_choices", {})
    monkeypatch.setattr(discovery, "package_path", lambda module: module if module.rpartition("_")[2] in installed.split() else None)
    assert discovery.find_compiler(strategy).name == name


# Columns: installed, strategy, architecture, the compiler taken or what the error says; where the native compiler knows two architectures, one of them in part.
TARGETS = [
    ("native llvm", "auto", "x86_64", "native"),
    ("native llvm", "auto", "aarch64", "llvm"),
    ("native llvm", "winch", "riscv64", "llvm"),
    ("native", "auto", "aarch64", "native"),
    ("native llvm", "native", "aarch64", "native"),
    ("native", "auto", "s390x", "no compiler for strategy 'auto' emits code for s390x: in a clone of the repository, pip install ./packages/wasm-codegen-llvm"),
    ("", "auto", "s390x", "no compiler for strategy 'auto' is installed: in a clone of the repository, pip install ./packages/wasm-codegen-llvm"),
    ("native llvm", "native", "s390x", "the native compiler emits no code for s390x, only for x86_64, aarch64: use strategy auto or llvm"),
]


@pytest.mark.parametrize(("installed", "strategy", "isa", "outcome"), TARGETS)
def test_choice_for_a_target(monkeypatch: pytest.MonkeyPatch, installed: str, strategy: str, isa: str, outcome: str) -> None:
    native, llvm = discovery.KNOWN_COMPILERS
    monkeypatch.setattr(discovery, "KNOWN_COMPILERS", ((*native[:4], ("x86_64", "aarch64"), (("aarch64", "sve", False),)), llvm))
    monkeypatch.setattr(discovery, "_choices", {})
    monkeypatch.setattr(discovery, "package_path", lambda module: module if module.rpartition("_")[2] in installed.split() else None)
    points = {name: SimpleNamespace(module=f"wasm_codegen_{name}", load=None) for name in installed.split()}
    monkeypatch.setattr(discovery, "_entry_points", lambda group: points)
    if " " not in outcome:
        assert discovery.find_compiler(strategy, isa).name == outcome
        return
    with pytest.raises(WasmError) as caught:
        discovery.find_compiler(strategy, isa)
    assert str(caught.value) == outcome


@pytest.mark.parametrize(
    ("installed", "strategy", "isa", "features", "name"),
    [("native llvm", "auto", "s390x", "", "native"), ("native llvm", "auto", "s390x", "vx vxe", "native"), ("native llvm", "auto", "s390x", "vx", "llvm"),
     ("native", "auto", "s390x", "vx", "native"), ("native llvm", "native", "s390x", "vx", "native"), ("llvm", "auto", "s390x", "vx vxe", "llvm"),
     ("native llvm", "auto", "riscv64", "", "llvm"), ("native llvm", "auto", "riscv64", "zba zbb", "llvm"), ("native llvm", "auto", "riscv64", "m v", "native"),
     ("native", "auto", "riscv64", "zba", "native"), ("native llvm", "native", "riscv64", "", "native"), ("llvm", "auto", "riscv64", "v", "llvm")],
)  # fmt: skip
def test_choice_for_a_processor(monkeypatch: pytest.MonkeyPatch, installed: str, strategy: str, isa: str, features: str, name: str) -> None:
    """The native compiler's code needs z14 on s390x, and V on riscv64 to be quick."""
    monkeypatch.setattr(discovery, "_choices", {})
    monkeypatch.setattr(discovery, "package_path", lambda module: module if module.rpartition("_")[2] in installed.split() else None)
    assert discovery.find_compiler(strategy, isa, frozenset(features.split())).name == name


def test_architectures_of_the_native_compiler() -> None:
    compiler = pytest.importorskip("wasm_codegen_native.compiler")
    assert {row[0]: row[4] for row in discovery.KNOWN_COMPILERS}["native"] == tuple(compiler.ISAS)


def test_a_compiler_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    point = SimpleNamespace(module="somebody.compiler", load=lambda: made.append)
    monkeypatch.setattr(discovery, "_choices", {})
    monkeypatch.setattr(discovery, "package_path", lambda name: None)
    monkeypatch.setattr(discovery, "_entry_points", lambda group: {"theirs": point})
    assert discovery.find_compiler("auto").name == "theirs"
    assert discovery.find_compiler("auto").load() == made.append


def test_names_of_absent_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    import wasm_facade

    monkeypatch.setattr(discovery, "package_path", lambda name: None)
    monkeypatch.setattr(discovery, "_imported", lambda name: None)
    monkeypatch.setattr(discovery, "_entry_points", lambda group: {})
    for name, package in (("WasiConfig", "wasm-wasi-p1"), ("PoolingAllocationConfig", "wasm-pool")):
        monkeypatch.delitem(vars(wasm_facade), name, raising=False)
        found = getattr(wasm_facade, name)
        for use in (found, lambda found=found: found.READ):
            with pytest.raises(WasmError, match=f"pip install ./packages/{package}"):
                use()
    config = wasm_facade.Config()
    with pytest.raises(WasmError, match=r"pip install \./packages/wasm-pool"):
        config.allocation_strategy = "pooling"


def test_serve_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from wasm_facade.cli import command_serve

    monkeypatch.delitem(sys.modules, "wasm_facade.http.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)  # type: ignore[arg-type]
    assert command_serve.run(SimpleNamespace(operands=["x.wasm"])) == 1  # type: ignore[arg-type]
    assert "uvicorn is not installed: pip install 'uvicorn>=" in capsys.readouterr().err


def test_packages_are_found_without_importing_them() -> None:
    assert discovery.package_path("no_such_package_at_all") is None
    found = discovery.package_path("json")
    assert found is not None
    assert found.endswith("__init__.py")


def test_a_package_that_another_thread_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.3)\nwhole = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with ThreadPoolExecutor(4) as threads:
        whole = list(threads.map(lambda name: hasattr(discovery._imported(name), "whole"), ["slow_to_import"] * 4))
    assert whole == [True] * 4
