"""Random modules of Binaryen's fuzzer, with legacy exceptions, do in every configuration what node sees them do: `nox -s legacy_fuzz`; see `random_binaryen`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import random_binaryen
import toolchains
from bench.guests import Unavailable

COUNT, FIRST = map(int, os.environ.get("LEGACY_FUZZ", "0 0").split())
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the modules, and what node saw."""
    folder = tmp_path_factory.mktemp("binaryen")
    try:
        wasm_opt = toolchains.unpacked("binaryen") / "bin" / "wasm-opt"
        made = [random_binaryen.generate(seed, folder, lambda *words: toolchains.node(wasm_opt, *words)) for seed in range(FIRST, FIRST + COUNT)]
    except Unavailable as error:
        pytest.skip(f"binaryen: {error}")
    plans = folder / "modules.json"
    plans.write_text(json.dumps([random_binaryen.plan(path, int(path.stem)) for path in made]))
    (folder / "node.jsonl").write_text(toolchains.node(HERE / "programs" / "binaryen.mjs", plans))
    return folder


@pytest.mark.skipif(COUNT == 0, reason="Binaryen and node are fetched in a full session: nox -s legacy_fuzz")
@pytest.mark.parametrize("configuration", random_binaryen.CONFIGURATIONS)
def test_as_in_node(configuration: str, modules: Path) -> None:
    command = [sys.executable, str(HERE / "random_binaryen.py"), configuration, str(modules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600 + 30 * COUNT, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"{COUNT} modules" in done.stdout
