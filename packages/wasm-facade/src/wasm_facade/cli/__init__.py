"""The `wasm` command: finds the subcommand, imports it alone, and turns what goes wrong into an exit status and one clear line."""

from __future__ import annotations

import gc
import os
import sys
from errno import EBADF

from wasm_facade.cli.options import UsageError, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from wasm_facade.cli.options import Command, Parsed
    from wasm_facade.compilation import Progress
    from wasm_vm import Instance, Store

# Columns: subcommand (its file is command_NAME.py), what it does.
COMMANDS = (
    ("run", "run a program: .wasm, .wat, or a compiled artifact"),
    ("serve", "answer HTTP requests by a component"),
    ("compile", "compile ahead of time"),
    ("validate", "say what is wrong with modules, if anything is"),
    ("print", "binary to text"),
    ("parse", "text to binary"),
    ("bindgen", "write a typed Python package for a component"),
    ("objdump", "list sections, imports, exports, sizes"),
    ("explore", "show a module's text beside its machine code, as a page of HTML"),
    ("wast", "run scripts of the official test suite"),
    ("component", "interfaces of components: wit, targets, imports"),
    ("config", "list the settings of an engine"),
    ("cache", "look at or clear the cache of compiled modules"),
    ("completion", "print a script that completes this command in bash, zsh or fish"),
)

# Commands of commands: by name, the columns as above (the file is command_NAME_SUBCOMMAND.py).
GROUPS = {
    "component": (
        ("wit", "print the interface of a component as WIT, or WIT in its normal form"),
        ("targets", "say whether a component fits a WIT world, and what is missing"),
        ("imports", "list what a component imports"),
    ),
}

# The collector of cycles first looks after so many objects, and not after 700: a start makes thousands, all of which stay.
START_OBJECTS = 50_000

_half_a_line = False  # whether the line that tells how far compiling is stands there unfinished

OK, FAILED, USAGE, TRAPPED, INTERRUPTED = 0, 1, 2, 134, 130


def main(argv: list[str] | None = None) -> int:
    """Run a command line (default: this process's); returns the exit status."""
    global _owns_process
    words = sys.argv[1:] if argv is None else argv
    _owns_process = argv is None
    if argv is None:
        gc.set_threshold(START_OBJECTS)
        _occupy_standard_descriptors()
    try:
        status = _dispatch(words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has gone; nothing is left to say
        _give_up_stdout()
        return OK
    except KeyboardInterrupt:
        status = INTERRUPTED
    except OSError as error:  # a full disk, or no stdout at all
        _give_up_stdout()
        _complain("wasm", f"standard output: {error.strerror or error}")
        return FAILED
    if _half_a_line:
        print(file=sys.stderr)
    if argv is None:
        _end(status)
    return status


_owns_process = False


def owns_process() -> bool:
    """Whether this process is the command, and no other program's that runs it: signals and the like are its own."""
    return _owns_process


class _NoOutput:
    """Stdout where the shell closed it (`>&-`): printing nothing is fine, printing something fails."""

    closed = False

    def write(self, text: str) -> int:
        if text:
            raise OSError(EBADF, os.strerror(EBADF))
        return 0

    def flush(self) -> None:
        """Nothing is kept."""


def _occupy_standard_descriptors() -> None:
    """A descriptor that the shell closed would be the next file's that is opened, and a guest's output go there. What takes its place refuses to be read
    (0) or written (1, 2), as none would."""
    for fd, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, mode)
    if sys.stdout is None:
        sys.stdout = _NoOutput()  # as much of a file as print() needs


def _give_up_stdout() -> None:
    """What is still in its buffer has nowhere to go; the interpreter would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _end(status: int) -> None:
    """End a process that only ran a cached program: taking the interpreter apart would take a fifth of its time. Where something has threads
    or at-exit functions to wait for, the interpreter ends as usual."""
    if sys.modules.keys() & {"threading", "atexit", "multiprocessing"}:
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status & 0xFF)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("--help", "-h", "help"):
        print(_overview())
        return OK if words else USAGE
    if words[0] in ("--version", "-V"):
        import wasm_facade

        info = wasm_facade.build_info()
        print(f"wasm {wasm_facade.__version__} ({info.pop('form')})")
        print("".join(f"{name} {what}\n" for name, what in info.items()), end="")
        return OK
    name = words[0]
    if name in GROUPS:
        return _dispatch_in(name, words[1:])
    if name not in dict(COMMANDS):
        added = _added(name)
        if added is not None:
            return _run(added.COMMAND, added.run, words[1:])
        if os.path.exists(name) and not name.startswith("-"):
            return _complain("wasm", f"unknown command {name!r}; to run that file: wasm run {name}")
        return _complain("wasm", f"unknown command {name!r}; known: {', '.join(dict(COMMANDS))}")
    if name != "run":  # which may have nothing to compile, and then no time to lose
        warn_plainly()
    module = __import__(f"wasm_facade.cli.command_{name}", fromlist=["run"])  # importlib would cost half a millisecond
    return _run(module.COMMAND, module.run, words[1:])


def _added(name: str) -> Any:
    """The module of a command that another package brings along, by the entry-point group `wasm.commands`; None without one."""
    from importlib.metadata import entry_points

    found = [entry for entry in entry_points(group="wasm.commands") if entry.name == name]
    return found[0].load() if found else None


def _dispatch_in(group: str, words: list[str]) -> int:
    """A command of a group of commands."""
    known = dict(GROUPS[group])
    if not words or words[0] in ("--help", "-h", "help"):
        print(_overview(GROUPS[group], f"wasm {group}"))
        return OK if words else USAGE
    if words[0] not in known:
        return _complain(f"wasm {group}", f"unknown command {words[0]!r}; known: {', '.join(known)}")
    warn_plainly()
    module = __import__(f"wasm_facade.cli.command_{group}_{words[0]}", fromlist=["run"])
    return _run(module.COMMAND, module.run, words[1:])


def _run(command: Command, run: object, words: list[str]) -> int:
    from wasm_environ.errors import WasmError

    assert callable(run)
    try:
        parsed = parse(command, words)
    except UsageError as error:
        return _complain(f"wasm {command.name}", f"{error} (wasm {command.name} --help)")
    if parsed is None:
        print(command.help())
        return OK
    try:
        status: int = run(parsed)
        return status
    except BrokenPipeError:
        raise
    except (WasmError, OSError, UsageError) as error:
        fail(command.name, describe(error))
        return FAILED


def describe(error: BaseException) -> str:
    """An exception as a person wants to read it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}" if error.filename is not None else error.strerror
    return str(error)


def fail(command: str, message: str) -> None:
    """Say on stderr what is wrong."""
    print(f"wasm {command}: {message}", file=sys.stderr)


def warn_plainly() -> None:
    """From here on a warning is one line on stderr, without a place in this program's source."""
    import warnings

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None) -> None:
        print(f"wasm: warning: {' '.join(str(message).split())}", file=sys.stderr if file is None else file)

    warnings.showwarning = show


def progress() -> Progress:
    """What is told how far compiling is: its start makes warnings readable, and once it has taken a second a terminal on stderr shows it."""
    try:
        terminal = sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is no stderr, or it is closed
        terminal = False
    return _shown_progress() if terminal else _silent_progress


def _silent_progress(done: int, total: int) -> None:
    if done == 0:
        warn_plainly()


def _shown_progress() -> Progress:
    from time import monotonic

    started = shown = monotonic()

    def report(done: int, total: int) -> None:
        global _half_a_line
        nonlocal shown
        _silent_progress(done, total)
        now = monotonic()
        if now - started < 1 or (now - shown < 0.1 and done < total):
            return
        shown = now
        _half_a_line = done < total
        if done >= total:
            sys.stderr.write("\r\x1b[K")
        else:
            sys.stderr.write(f"\rcompiling: {done:,} of {total:,} functions, {100 * done // total} %")
        sys.stderr.flush()

    return report


def _complain(prefix: str, message: str) -> int:
    print(f"{prefix}: {message}", file=sys.stderr)
    return USAGE


def _overview(commands: tuple[tuple[str, str], ...] = COMMANDS, start: str = "wasm") -> str:
    width = max(len(name) for name, _ in commands)
    rows = [f"  {name:{width}}  {summary}" for name, summary in commands]
    return "\n".join([f"usage: {start} COMMAND [OPTIONS] ...", "", "commands:", *rows, "", f"{start} COMMAND --help says more about each."])


def call(options: Parsed, store: Store, function: Any, args: list[Any]) -> Any:
    """Call a guest's function for as long as it may run."""
    if options.timeout is None:
        return function(store, *args)
    return function(store, *args, timeout=options.timeout)


def functions(store: Store, instance: Instance) -> str:
    """What could be called instead, for messages."""
    from wasm_vm import Func

    names = [name for name, item in instance.exports(store).items() if isinstance(item, Func)]
    return f"; --invoke can call {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}" if names else ""
