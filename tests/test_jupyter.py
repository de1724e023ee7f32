"""A real IPython kernel: a guest's output comes to the cell, interrupting the cell stops the guest, modules show as tables. `nox -s notebooks`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

jupyter_client: Any = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the kernel's client

SETUP = """
import wasm_facade as w
engine = w.Engine()
prints = '''(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
  (data (i32.const 0) "\\\\10\\\\00\\\\00\\\\00\\\\0d\\\\00\\\\00\\\\00") (data (i32.const 16) "out of wasm\\\\0a\\\\0a")
  (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "err") (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "spin") (loop (br 0))))'''
store = w.Store(engine)
linker = w.Linker(engine)
linker.define_wasi()
config = w.WasiConfig()
config.inherit_stdout()
config.inherit_stderr()
store.set_wasi(config)
module = w.Module(engine, prints)
instance = linker.instantiate(store, module)
exports = instance.exports(store)
"""


class Kernel:
    """A kernel that runs cells."""

    def __init__(self, folder: Path) -> None:
        kernels = folder / "kernels" / "here"
        kernels.mkdir(parents=True)
        spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "here", "language": "python"}
        (kernels / "kernel.json").write_text(json.dumps(spec))
        self.manager = jupyter_client.KernelManager(kernel_name="here")
        self.manager.kernel_spec_manager.kernel_dirs = [str(folder / "kernels")]
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code: str, interrupt_after: float = 0) -> list[tuple[str, Any]]:
        """(type, content) of what the cell shows."""
        message = self.client.execute(code)
        if interrupt_after:
            time.sleep(interrupt_after)
            self.manager.interrupt_kernel()
        shown: list[tuple[str, Any]] = []
        while True:
            got = self.client.get_iopub_msg(timeout=120)
            if got["parent_header"].get("msg_id") != message:
                continue
            kind, content = got["msg_type"], got["content"]
            if kind != "status":
                shown.append((kind, content))
            elif content["execution_state"] == "idle":
                return shown

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        for context in {self.client.context, self.manager.context}:
            context.destroy(linger=0)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    made = Kernel(tmp_path_factory.mktemp("kernel"))
    try:
        assert [kind for kind, _ in made.run(SETUP)] == ["execute_input"]
        yield made
    finally:
        made.close()


def streams(shown: list[tuple[str, Any]]) -> dict[str, str]:
    text: dict[str, str] = {}
    for kind, content in shown:
        if kind == "stream":
            text[content["name"]] = text.get(content["name"], "") + content["text"]
    return text


def test_output_comes_to_its_cell_in_order(kernel: Kernel) -> None:
    shown = kernel.run('print("before"); exports["_start"](store); print("after"); exports["err"](store)')
    assert streams(shown) == {"stdout": "before\nout of wasm\n\nafter\n", "stderr": "out of wasm\n\n"}


def test_interrupting_a_cell_stops_the_guest(kernel: Kernel) -> None:
    shown = kernel.run('exports["spin"](store)', interrupt_after=2)
    errors = [content for kind, content in shown if kind == "error"]
    assert [error["ename"] for error in errors] == ["KeyboardInterrupt"]
    assert streams(kernel.run('exports["_start"](store)')) == {"stdout": "out of wasm\n\n"}


def test_modules_and_instances_are_tables(kernel: Kernel) -> None:
    for name in ("module", "instance"):
        [data] = [content["data"] for kind, content in kernel.run(name) if kind == "execute_result"]
        assert "<table>" in data["text/html"]
        assert "wasi_snapshot_preview1::fd_write" in data["text/html"]
