"""The C stack: whatever wasm, host functions and Python's own recursion do to it, the call traps and the process lives. A process a row, either backend."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from patience import SLOWER
from test_process import PRELUDE, STRATEGIES

HELPERS = PRELUDE + """
FT, I = FuncType([], []), ValType.i32()
HOST = '''(module (import "" "h" (func $h (param i32) (result i32)))
  (func $down (export "down") (param i32) (result i32) (if (result i32) (local.get 0)
    (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (call $h (i32.const 0)))))
  (func $ever (export "ever") (param i32) (result i32) (drop (call $h (i32.const 7))) (call $ever (local.get 0))))'''
def host(function):
    global store
    store = Store(engine)
    return exports(HOST, [Func(store, FuncType([I], [I]), function)], store)[1]
def nested(depth):
    value = []
    for _ in range(depth): value = [value]
    return value
def sorts(n):
    if n: sorted([1, 2], key=lambda x: (sorts(n - 1) if x == 1 else 0, 0)[1])
def sorts_ever(_=None): sorted([1, 2], key=sorts_ever)
def limited(function, *args):
    try: function(*args)
    except (RecursionError, MemoryError, SyntaxError): pass
def dumps():
    import json
    limited(json.dumps, nested(100000))
# What recurses through C as deep as the interpreter lets it.
DEEP = {"repr": lambda: limited(repr, nested(100000)), "sort": lambda: sorts(200), "sort to the limit": lambda: limited(sorts_ever), "json": dumps,
        "compile": lambda: limited(compile, "-" * 2900 + "1", "", "eval")}
def in_thread(function, size):
    threading.stack_size(size)
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start(); thread.join()
    threading.stack_size(0)
    return result[0]
"""

SCRIPTS = {
    "a host function that Python calls enters wasm": """
        f = host(lambda x: repr([x] * 3) and 0)
        def outer():
            assert code_of(f["ever"], store, 0) == "STACK_OVERFLOW"
        o = Func(store, FT, outer)
        for _ in range(3):
            outer()
            o(store)
        Func(store, FT, lambda: o(store))(store)
    """,
    "libcalls at the end of the stack": """
        store, f = exports('''(module (memory 1) (table 1 externref)
            (func $g (export "g") (drop (table.grow (ref.null extern) (i32.const 0))) (drop (memory.grow (i32.const 0))) (call $g)))''')
        def outer():
            assert code_of(f["g"], store) == "STACK_OVERFLOW"
        Func(store, FT, outer)(store)
        outer()
    """,
    "Python calling itself through a Func ends as Python's recursion does": """
        store = Store(engine)
        def again(): g(store)
        g = Func(store, FT, again)
        try: g(store)
        except RecursionError: pass
        else: raise AssertionError
    """,
    "Python recurses at the end of nested stores": """
        f = host(lambda x: 0)
        low, high = 1000, 20000  # so many frames, of which each store has room for more on x86-64, and for less on s390x
        while high - low > 500:
            middle = (low + high) // 2
            if code_of(f["down"], store, middle) == "returned": low = middle
            else: high = middle
        for name, deep in DEEP.items():
            reached = 0
            def nest(level):
                def h(x):
                    global reached
                    if x == 7 or not level:
                        reached += 1
                        if reached % 2500 == 1: deep()
                        return 0
                    try:
                        return nest(level - 1)
                    except Trap:
                        reached += 1
                        deep()
                        return 0
                f = host(h)
                if not level:
                    return 0 if code_of(f["ever"], store, 0) == "STACK_OVERFLOW" else 1
                return f["down"](store, low)
            nest(9)
            assert reached, name
    """,
    "Python recurses at the end of a stack that wasm may use all of": """
        config = Config(); config.strategy = sys.argv[1]; config.max_wasm_stack = 64 << 20; config.cache = False
        engine = Engine(config)
        deep = lambda: None
        f = host(lambda x: deep() or 0)
        low, high = 1000, 3000000
        while high - low > 20:
            middle = (low + high) // 2
            if code_of(f["down"], store, middle) == "returned": low = middle
            else: high = middle
        for name, deep in DEEP.items():
            assert f["down"](store, low - 20) == low - 20, name
    """,
    "threads with small stacks": """
        least = os.sysconf("SC_THREAD_STACK_MIN") >> 10  # 128 on aarch64
        for size in [size for size in (64, 128, 256, 1024, 4096) if size >= least]:
            def run():
                f = host(lambda x: int(str(x)) * 0)
                return code_of(f["down"], store, 5), code_of(f["ever"], store, 0), code_of(f["down"], store, 10**6)
            outcome = in_thread(run, size << 10)
            assert outcome == ("returned", "STACK_OVERFLOW", "STACK_OVERFLOW"), (size, outcome)
    """,
    "stacks of a coroutine library": """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        def on_stack(size, body):
            at = libc.mmap(None, size + 8192, 0, 0x22, -1, 0)
            libc.mprotect(ctypes.c_void_p(at + 4096), ctypes.c_size_t(size), 3)
            back, there = ctypes.create_string_buffer(2048), ctypes.create_string_buffer(2048)
            libc.getcontext(there)  # ucontext_t: flags, link, stack {address, flags, size}
            ctypes.c_void_p.from_buffer(there, 8).value = ctypes.addressof(back)
            ctypes.c_void_p.from_buffer(there, 16).value = at + 4096
            ctypes.c_size_t.from_buffer(there, 32).value = size
            function = ctypes.CFUNCTYPE(None)(body)
            libc.makecontext(there, function, 0)
            libc.swapcontext(back, there)
        outcomes = []
        f = host(lambda x: (x == 7 and on_stack(1 << 20, inner)) and 0 or 0)
        def inner(): outcomes.append((code_of(f["down"], store, 3), code_of(f["down"], store, 10**6)))
        for size in (64, 256, 1024, 8192):
            on_stack(size << 10, inner)
        Func(store, FT, lambda: on_stack(1 << 20, inner))(store)
        g = exports('(module (import "" "f" (func $f (param i32) (result i32))) (func $d (call $d) (call $d)) (func (export "g") (drop (call $f (i32.const 7))) (call $d)))',
                    [Func(store, FuncType([I], [I]), lambda x: on_stack(1 << 20, inner) or 0)], store)[1]
        assert code_of(g["g"], store) == "STACK_OVERFLOW"  # by the limit of its own stack again
        assert outcomes == [("returned", "STACK_OVERFLOW")] * 6, outcomes
    """,
    "many parameters and results at the end of the stack": """
        many = " ".join(["i64"] * 900)
        store = Store(engine)
        wide = FuncType([ValType.i64()] * 900, [ValType.i64()] * 900)
        h = Func(store, wide, lambda *a: list(a))
        text = f'''(module (import "" "h" (func $h (param {many}) (result {many})))
            (func $d (param i32) (if (local.get 0) (then (call $d (i32.sub (local.get 0) (i32.const 1))))
              (else {"(i64.const 1)" * 900} (call $h) {"drop " * 900})))
            (func (export "d") (param i32) (call $d (local.get 0))))'''
        def run():
            f = exports(text, [h], store)[1]
            return {code_of(f["d"], store, n) for n in range(0, 12000, 37)}
        assert in_thread(run, 1 << 20) == {"returned", "STACK_OVERFLOW"}
    """,
}


def run(script: str, *arguments: str, prefix: str = "") -> None:
    command = [sys.executable, "-c", HELPERS + textwrap.dedent(script), *arguments]
    if prefix:
        command = ["sh", "-c", f'{prefix}; exec "$@"', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180 * SLOWER, check=False)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, strategy: str) -> None:
    run(SCRIPTS[name], strategy)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("limit", ["unlimited", "400"])
def test_stack_size_of_the_main_thread(limit: str, strategy: str) -> None:
    script = """
        f = host(lambda x: int(str(x)) * 0)
        for _ in range(2):
            outcome = code_of(f["down"], store, 5), code_of(f["ever"], store, 0), code_of(f["down"], store, 10**7)
            assert outcome == ("returned", "STACK_OVERFLOW", "STACK_OVERFLOW"), outcome
    """
    run(script, strategy, prefix=f"ulimit -s {limit}")


# A function with a large frame, called at every distance from the end of a small stack. Columns: name, type of its locals, how many, libcall at its end.
FRAMES = [("vectors", "v128", 9000, ""), ("words", "i64", 1200, ""), ("trapping leaf", "i64", 1200, "unreachable"), ("calling", "i64", 3000, "(call $none)")]
BIG_FRAME = """
import random
kind, count, end = sys.argv[2], int(sys.argv[3]), sys.argv[4]
order, size = list(range(count)), 16 if kind == "v128" else 8
random.Random(1).shuffle(order)
text = f'''(module (memory 20) (func $none) (func $big (export "big") (param i32) (local {(kind + " ") * count})
  {"".join(f"(local.set {i + 1} ({kind}.load offset={size * i} (local.get 0)))" for i in range(count))}
  {"".join(f"({kind}.store offset={300000 + size * i} (local.get 0) (local.get {o + 1}))" for i, o in enumerate(order))} {end})
  (func $down (export "down") (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.store (i32.const 0) (i32.const 1)))
    (else (call $big (i32.const 0))))))'''
config = Config(); config.strategy = sys.argv[1]; config.cache = False
module_engine = Engine(config)
module = Module(module_engine, text)
go, ready, done = threading.Event(), threading.Event(), threading.Event()
outcomes = set()
def guest():
    go.wait()
    store = Store(module_engine)
    f = Instance(store, module, []).exports(store)
    outcomes.update(code_of(f["down"], store, depth) for depth in range(1000, 60000, 101))
    done.set()
def victim():  # its stack lies below the guest's
    def deep(n):
        if n: sorted([1], key=lambda _: (deep(n - 1), 0)[1])
        else: ready.set(); done.wait()
    deep(150)
threading.stack_size(1 << 20)
threads = [threading.Thread(target=target) for target in (guest, victim)]
for thread in threads: thread.start()
ready.wait(); go.set()
for thread in threads: thread.join()
assert outcomes == {"STACK_OVERFLOW", "UNREACHABLE" if end == "unreachable" else "returned"}, outcomes
"""


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("frame", FRAMES, ids=[row[0] for row in FRAMES])
def test_large_frames_stay_on_their_stack(frame: tuple[str, str, int, str], strategy: str) -> None:
    run(BIG_FRAME, strategy, frame[1], str(frame[2]), frame[3])
