"""Memory: no leak and no invalid access, under valgrind; misuse told by name; a missing Python told in one line; a process that has a Python already."""

from __future__ import annotations

import ctypes
import importlib.util
import os
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
static wasm_trap_t *bad(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args, (void)results;
    static long foreign[16];
    return (wasm_trap_t *)foreign;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    long foreign[16] = {0};
    wasm_func_call(NULL, NULL, NULL);
    wasm_memory_data((wasm_memory_t *)store);
    wasm_table_size((wasm_table_t *)foreign);
    wasm_table_size((wasm_table_t *)8);
    wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_externref());
    wasm_func_t *func = wasm_func_new(store, type, bad), *none = wasm_func_new(store, type, NULL);
    wasm_val_t value = WASM_REF_VAL((wasm_ref_t *)foreign), null = WASM_INIT_VAL;
    wasm_val_vec_t args = {1, &value}, results = {1, &value}; /* what lies where results go does not matter */
    wasm_trap_delete(wasm_func_call(func, &args, &results));
    args.data = &null;
    wasm_trap_delete(wasm_func_call(func, &args, &results));
    wasm_extern_t *items[] = {wasm_func_as_extern(func), NULL};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(items);
    wasm_byte_vec_t empty;
    wasmtime_wat2wasm(NULL, 0, &empty);
    wasmtime_wat2wasm(NULL, 1, &empty);
    wasm_module_t *module = wasm_module_new(store, &empty);
    wasm_instance_new(store, module, &imports, NULL);
    wasm_functype_delete(type);
    wasm_functype_delete(type);
    wasm_functype_params(type);
    wasm_importtype_vec_t found = {1, (wasm_importtype_t **)foreign};
    wasm_module_imports(NULL, &found); /* nothing then, to be deleted */
    wasm_importtype_vec_delete(&found);
    wasm_byte_vec_delete(&empty);
    wasm_module_delete(module);
    wasm_func_delete(func);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return none != NULL;
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
        "wasm_capi: wasm_table_size: argument 1 (table) is no pointer that this library gave out",
        "wasm_capi: wasm_func_new: argument 3 (callback) is NULL",
        "wasm_capi: wasm_func_call: argument 2 (args), the reference of value 0 is no pointer that this library gave out",
        "wasm_capi: a host function: its trap is no pointer that this library gave out",
        "wasm_capi: wasmtime_wat2wasm: argument 1 (wat) is NULL",
        "wasm_capi: wasm_instance_new: argument 3 (imports), element 1 is NULL",
        "wasm_capi: wasm_functype_delete: argument 1 (functype) was deleted",
        "wasm_capi: wasm_functype_params: argument 1 (functype) was deleted",
        "wasm_capi: wasm_module_imports: argument 1 (module) is NULL",
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


STARTS = """
import ctypes, faulthandler, threading
faulthandler.dump_traceback_later(60, exit=True)
lib = ctypes.PyDLL({library!r})  # which keeps the lock
lib.wasm_engine_new.restype = ctypes.c_void_p
engines = []
threads = [threading.Thread(target=lambda: engines.append(lib.wasm_engine_new())) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(engines) == 4 and all(engines)
"""


def test_threads_that_have_pythons_lock_may_start_it_at_once() -> None:
    code = STARTS.format(library=str(programs.PACKAGE / "libwasm_capi.so"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=programs.environment(), timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


INTERRUPTED = """
import ctypes
lib = ctypes.CDLL({library!r})
P = ctypes.c_void_p
lib.wasm_engine_new.restype = lib.wasmtime_module_new.restype = P
engine, made = P(lib.wasm_engine_new()), P()
import wasm_facade
def interrupted(*_): raise KeyboardInterrupt
class Module: validate = interrupted
wasm_facade.Module = Module
error = lib.wasmtime_module_new(engine, b"text", ctypes.c_size_t(4), ctypes.byref(made))
assert error and not made
"""


def test_what_is_no_exception_is_an_error_too() -> None:
    code = INTERRUPTED.format(library=str(programs.PACKAGE / "libwasm_capi.so"))
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


ENDED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <wasmtime.h>

static void finish(void *data) { ++*(int *)data; }

int main(int argc, char **argv)
{
    int ended = 0;
    void *python = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    void (*begin)(int) = python ? (void (*)(int))dlsym(python, "Py_InitializeEx") : NULL;
    int (*end)(void) = python ? (int (*)(void))dlsym(python, "Py_FinalizeEx") : NULL;
    if (!begin || !end)
        return 2;
    begin(0);
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_foreign_t *foreign = wasm_foreign_new(store);
    wasm_foreign_set_host_info_with_finalizer(foreign, &ended, finish);
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    if (!store || !linker || end())
        return 3;
    wasm_foreign_delete(foreign);
    wasm_functype_delete(type);
    wasmtime_linker_delete(linker);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    printf("%d\n", ended);
    return 0;
}
"""


def test_what_is_deleted_after_python_has_ended(tmp_path: Path) -> None:
    found = [path for path in (programs.PACKAGE / "libpython.txt").read_text().split() if Path(path).is_file()]
    if not found:
        pytest.skip("needs a shared library of Python's")
    program = _compile(ENDED, tmp_path)
    done = subprocess.run([program, found[0]], env=programs.environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path))), capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


# What Python itself leaves behind at the end of a process is still reachable, and none of the leaks asked for: none is suppressed.
VALGRIND = (
    "valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite",
    f"--suppressions={Path(__file__).with_name('valgrind.supp')}",
)  # fmt: skip


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


# A million calls take too long there, and are of no other kind than those of the others; allocations are valgrind's own, and none fails.
UNDER_VALGRIND = sorted(path.stem for path in programs.SOURCES.glob("*.c") if path.stem not in ("own_growth", "own_memory"))


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
