"""`Config.cpu` and `wasm compile --cpu`: code for a processor that is named, or has named features."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasm_environ.artifact import read
from wasm_facade import discovery
from wasm_facade.discovery import ISAS
from wasm_facade.processors import PROCESSORS

BITS = "(module (func (export \"f\") (param i64) (result i64) (i64.popcnt (i64.rotl (local.get 0) (i64.const 3)))))"


def features_of(isa: str, cpu: str) -> frozenset[str]:
    return discovery.plain_target(isa, cpu)[2]


def engine_of(**settings: Any) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.cache = False
    for name, value in settings.items():
        setattr(config, name, value)
    return wasm_facade.Engine(config)


def artifact(**settings: Any) -> bytes:
    return bytes(wasm_facade.Module(engine_of(**settings), BITS).serialize())


@pytest.mark.parametrize(("isa", "name"), [row[:2] for row in PROCESSORS])
def test_every_processor_is_compiled_for(isa: str, name: str) -> None:
    known = next(row[3] for row in ISAS if row[0] == isa)
    assert features_of(isa, name) <= known
    for strategy in ("native", "llvm"):
        if (strategy, name) == ("native", "z13"):
            continue
        image = artifact(target=f"{isa}-linux", cpu=name, strategy=strategy)
        assert set(read(image).fingerprint[3]) == features_of(isa, name)


#   architecture, features, whether they change the code of BITS
FEATURES = (
    ("x86_64", "+popcnt", True), ("x86_64", "x86-64-v2,-popcnt,-cx16", False), ("riscv64", "+zbb", True), ("riscv64", "rv64gc,+zbb,-zbb", False),
    ("aarch64", "+atomics", False),
)  # fmt: skip


@pytest.mark.parametrize(("isa", "cpu", "changes"), FEATURES)
def test_features_change_code(isa: str, cpu: str, changes: bool) -> None:
    from wasm_codegen_native.documentation import code_of

    plain, other = code_of(BITS, isa), code_of(BITS, isa, features_of(isa, cpu))
    assert (plain != other) == changes


#   architecture, cpu, what is said
WRONG = (
    ("riscv64", "neoverse-n1", "unknown cpu 'neoverse-n1' of riscv64; known: rv64gc, rva22, rva23, native"),
    ("aarch64", "+zbb", "unknown CPU feature 'zbb' of aarch64; known: aes"), ("aarch64", "", "unknown cpu ''"),
    ("riscv64", "rva22,zicond", "behind the first comma there is .feature or -feature, not 'zicond'"),
    *(((isa, "native", "this machine's, which is not")) for isa in ("aarch64", "s390x") if isa != os.uname().machine),
)  # fmt: skip


@pytest.mark.parametrize(("isa", "cpu", "said"), WRONG)
def test_what_is_unknown_is_told(isa: str, cpu: str, said: str) -> None:
    with pytest.raises(wasm_facade.WasmtimeError, match=said):
        engine_of(target=f"{isa}-linux", cpu=cpu)


def test_code_for_another_processor_does_not_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    isa, system, _ = discovery.detect()
    missing = min(next(row[3] for row in ISAS if row[0] == isa))
    monkeypatch.setattr(discovery, "_machine", (isa, system, frozenset()))
    engine = engine_of(cpu=f"native,+{missing}")
    module = wasm_facade.Module(engine, BITS)
    with pytest.raises(wasm_facade.WasmtimeError, match=re.escape(f"compiles for native,+{missing}, which this machine cannot run")):
        wasm_facade.Instance(wasm_facade.Store(engine), module, [])
    with pytest.raises(wasm_facade.WasmtimeError, match=f"CPU features that this machine lacks: {missing}"):
        wasm_facade.Module.deserialize(wasm_facade.Engine(), module.serialize())


def test_of_this_machine_less_runs_here() -> None:
    engine = engine_of(cpu="native,-avx2")
    store = wasm_facade.Store(engine)
    exports: Any = wasm_facade.Instance(store, wasm_facade.Module(engine, BITS), []).exports(store)
    assert exports["f"](store, 0xFF) == 8


def test_the_command(tmp_path: Path) -> None:
    source, output = tmp_path / "bits.wat", tmp_path / "bits.cwasm"
    source.write_text(BITS)
    command = [sys.executable, "-m", "wasm_facade", "compile", str(source), "-o", str(output), "--target", "riscv64-linux", "--cpu"]
    subprocess.run([*command, "rva22"], check=True, timeout=120)
    assert set(read(output.read_bytes()).fingerprint[3]) == features_of("riscv64", "rva22")
    done = subprocess.run([*command, "rva99"], check=False, timeout=120, capture_output=True, text=True)
    assert (done.returncode, "unknown cpu 'rva99'" in done.stderr) == (1, True), done


def test_the_guide_names_each() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "guide" / "artifacts.md").read_text(encoding="utf-8")
    assert [name for _, name, _ in PROCESSORS if f"`{name}`" not in guide] == []
