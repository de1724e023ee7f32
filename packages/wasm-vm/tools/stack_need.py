"""How much C stack Python code may need at most with the interpreter's default limits, in KiB a kind of recursion: `python tools/stack_need.py`.

Each row runs in a thread of a process of its own, whose stack is bisected until the row just survives. `_core/stack_linux.c` has its reserve from here.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

# Columns: name, statements; `deep(depth, wrap)` makes a value nested so deep.
ROWS: Final = (
    ("repr", "repr(deep(200000, lambda v: [v]))"),
    ("repr of dicts", "repr(deep(200000, lambda v: {1: v}))"),
    ("comparison", "deep(200000, lambda v: [v]) == deep(200000, lambda v: [v])"),
    ("json.dumps", "import json; json.dumps(deep(200000, lambda v: [v]))"),
    ("json.loads", "import json; json.loads('[' * 100000)"),
    ("pickle", "import pickle; pickle.dumps(deep(200000, lambda v: [v]))"),
    ("a key that sorts", "def f(_): sorted([1, 2], key=f)\nf(0)"),
    ("a comparison that sorts", "class A:\n    def __lt__(self, other): return sorted([A(), A()])\nsorted([A(), A()])"),
    ("__getattr__", "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nA().q"),
    ("__add__", "class A:\n    def __add__(self, other): return A() + A()\nA() + A()"),
    ("__repr__", "class A:\n    def __repr__(self): return '%r' % self\nrepr(A())"),
    ("map", "def f(x): return list(map(f, [1]))\nf(0)"),
    ("compile", "for n in range(500, 6000, 300): compile('-' * n + '1', '', 'eval')"),
    ("compile, parentheses", "eval('(' * 150 + '1' + ')' * 150)"),
)
CHILD: Final = """
import sys, threading
def deep(depth, wrap):
    value = ()
    for _ in range(depth): value = wrap(value)
    return value
def run():
    try: exec(sys.argv[1], {"deep": deep})
    except (RecursionError, MemoryError, SyntaxError, ValueError): pass
threading.stack_size(int(sys.argv[2]) << 10)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def survives(statements: str, size: int) -> bool:
    """Whether the row runs on a stack of this many KiB."""
    return subprocess.run([sys.executable, "-c", CHILD, statements, str(size)], capture_output=True, check=False).returncode == 0


def need(statements: str) -> int:
    """KiB, within 3 %."""
    low, high = 32, 64
    while not survives(statements, high):
        low, high = high, high * 2
    while high - low > max(16, high // 32):
        middle = (low + high) // 2
        if survives(statements, middle):
            high = middle
        else:
            low = middle
    return high


def main() -> None:
    for name, statements in ROWS:
        print(f"{need(statements):7} KiB  {name}", flush=True)


if __name__ == "__main__":
    main()
