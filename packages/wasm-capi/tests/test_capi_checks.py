"""Memory: no leak and no invalid access, under valgrind; misuse told by name; a missing Python told in one line; a process that has a Python already."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("capi_programs", Path(__file__).parent / "programs.py")
assert _spec is not None
assert _spec.loader is not None
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None or sys.platform != "linux", reason="needs gcc")

MISUSE = r"""
#include <wasmtime.h>
#include <stdio.h>
int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    long foreign[16] = {0};
    wasm_func_call(NULL, NULL, NULL);
    wasm_memory_data((wasm_memory_t *)store);
    wasm_table_size((wasm_table_t *)foreign);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
"""


def _compile(source: str, folder: Path) -> Path:
    path = folder / "program.c"
    path.write_text(source)
    target = folder / "program"
    subprocess.run([*programs.COMPILERS["gcc"], *programs.FLAGS, str(path), "-o", str(target), *programs.link_flags("ours")], check=True)
    return target


def test_misuse_is_told_by_name(tmp_path: Path) -> None:
    done = subprocess.run([_compile(MISUSE, tmp_path)], env=programs.environment(WASM_CAPI_CHECK="1"), capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "wasm_capi: wasm_func_call: argument 1 (func) is NULL",
        "wasm_capi: wasm_memory_data: argument 1 (memory) is a wasm_store_t, not a wasm_memory_t",
        "wasm_capi: wasm_table_size: argument 1 (table) is no pointer that this library gave out",
    ]


def test_nothing_fails_unseen(tmp_path: Path) -> None:
    program = programs.compile_program("hello", tmp_path)
    assert programs.run(program, WASM_CAPI_LOG="1")  # and nothing on stderr


def test_what_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    program = programs.compile_program("hello", tmp_path)
    done = subprocess.run([program], env=programs.environment(WASM_CAPI_PYTHON="/no/python3"), capture_output=True, text=True, check=False)
    assert done.returncode == 1  # the program's own check
    assert done.stderr == "libwasm_capi: WASM_CAPI_PYTHON names no file: /no/python3\n"


def test_takes_part_in_a_python_that_runs() -> None:
    code = f"""
import ctypes, sys, threading
lib = ctypes.CDLL({str(programs.PACKAGE / "libwasm_capi.so")!r})
for name in ("wasm_engine_new", "wasm_store_new"):
    getattr(lib, name).restype = ctypes.c_void_p
engine = lib.wasm_engine_new()
import wasm_capi.handlers  # in this interpreter
def use():
    store = lib.wasm_store_new(ctypes.c_void_p(engine))
    assert store
    lib.wasm_store_delete(ctypes.c_void_p(store))
threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
use()
lib.wasm_engine_delete(ctypes.c_void_p(engine))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=programs.environment())
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_host_gave_may_go_on_any_thread_of_pythons() -> None:
    """A store is closed on a thread that never called the library; what the store had of its host's goes with it."""
    code = f"""
import ctypes, gc, threading
lib = ctypes.CDLL({str(programs.PACKAGE / "libwasm_capi.so")!r})
P = ctypes.c_void_p
def call(name, *args):
    function = getattr(lib, name)
    function.restype = P
    return function(*args)
class Limits(ctypes.Structure):
    _fields_ = [("min", ctypes.c_uint32), ("max", ctypes.c_uint32)]
limits = Limits(1, 10)
engine = call("wasm_engine_new")
store = call("wasm_store_new", P(engine))
externref = call("wasm_valtype_new", ctypes.c_uint8(128))
table = call("wasm_table_new", P(store), P(call("wasm_tabletype_new", P(externref), ctypes.byref(limits))), None)
memory = call("wasm_memory_new", P(store), P(call("wasm_memorytype_new", ctypes.byref(limits))))
assert call("wasm_table_set", P(table), ctypes.c_uint32(0), P(memory))
import wasm_vm
(found,) = [item for item in gc.get_objects() if isinstance(item, wasm_vm.Store)]
for name, item in (("memory", memory), ("table", table), ("store", store)):
    call(f"wasm_{{name}}_delete", P(item))
thread = threading.Thread(target=found.close)
thread.start()
thread.join()
assert found.closed
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=programs.environment())
    assert (done.returncode, done.stderr) == (0, "")


# What Python itself leaves behind at the end of a process is still reachable, and none of the leaks asked for: so nothing is suppressed.
VALGRIND = ("valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite")


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_types_and_vectors_under_valgrind(tmp_path: Path) -> None:
    source = """
#include <wasm.h>
int main(void)
{
    wasm_valtype_vec_t params, results, copy;
    wasm_valtype_t *types[] = {wasm_valtype_new_i32(), wasm_valtype_new_funcref()};
    wasm_valtype_vec_new(&params, 2, types);
    wasm_valtype_vec_copy(&copy, &params);
    wasm_valtype_vec_new_empty(&results);
    wasm_functype_t *func = wasm_functype_new(&params, &results), *again = wasm_functype_copy(func);
    wasm_exporttype_t *export;
    wasm_name_t name;
    wasm_name_new_from_string(&name, "f");
    export = wasm_exporttype_new(&name, wasm_functype_as_externtype(func));
    wasm_exporttype_delete(export);
    wasm_functype_delete(again);
    wasm_valtype_vec_delete(&copy);
    wasm_val_t val = WASM_I32_VAL(1);
    wasm_val_vec_t vals;
    wasm_val_vec_new(&vals, 1, &val);
    wasm_val_vec_delete(&vals);
    wasm_limits_t limits = {1, 2};
    wasm_memorytype_delete(wasm_memorytype_new(&limits));
    wasm_tagtype_delete(wasm_tagtype_new(wasm_functype_new_0_0()));
    wasm_globaltype_delete(wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR));
    wasm_tabletype_delete(wasm_tabletype_new(wasm_valtype_new_funcref(), &limits));
    return 0;
}
"""
    assert programs.run(_compile(source, tmp_path), before=VALGRIND) == ""


# A million calls take too long there, and are of no other kind than those of the others.
UNDER_VALGRIND = sorted(path.stem for path in programs.SOURCES.glob("*.c") if path.stem != "own_growth")


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
@pytest.mark.parametrize("name", UNDER_VALGRIND)
def test_programs_under_valgrind(name: str, tmp_path: Path) -> None:
    """No invalid access and nothing lost: the whole program, with its Python."""
    target = programs.compile_program(name, tmp_path)
    done = subprocess.run([*VALGRIND, target], capture_output=True, text=True, check=False, env=programs.environment(NO_FAULTS="1"), timeout=600)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_library_is_of_this_process_alone() -> None:
    """Loading it starts nothing: it has no constructor that does, and links no Python."""
    done = subprocess.run(["readelf", "-d", str(programs.PACKAGE / "libwasm_capi.so")], capture_output=True, text=True, check=True)
    assert "python" not in done.stdout
    assert ctypes.CDLL(str(programs.PACKAGE / "libwasm_capi.so"))
