"""What a guest is given: arguments, environment, directories, sockets, stdio. Plain data, set before it runs."""

from __future__ import annotations

import os

from wasm_environ.errors import WasmError
from wasm_wasi_common.descriptor import INHERIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping
    from typing import Any, NoReturn, Self

    from wasm_wasi_common.clocks import Clocks
    from wasm_wasi_common.filesystem import Filesystem
    from wasm_wasi_common.network import NetworkPolicy
    from wasm_wasi_common.preopen import Preopen

    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class WasiConfig:
    """What a guest is given. By default that is nothing: no arguments, no files, stdin at its end, output lost.

    args, env         the arguments; (name, value) pairs
    preopens          `Preopen`s: guest fds 3, 4, ...
    sockets           `socket.socket` objects, listening or connected, or host fds: the guest fds after the preopens
    stdin             None: at its end; INHERIT; a path; bytes; a host fd; a file-like object; `read(size) -> bytes`
    stdout, stderr    None: discarded; INHERIT; a path (created, truncated); a bytearray, appended to; a host fd; a
                      file-like object, binary or text; `write(bytes) -> count or None`

    variables         what `wasi:config/store` tells components
    stores            the buckets of `wasi:keyvalue`: mutable mappings of keys and bytes by their identifiers; None: one for each guest, in memory, ""
    network           a `network.NetworkPolicy`; None: no network. `allow_net` adds to it
    clocks, random    None: the host's; a function that makes `clocks.Clocks`, and one that makes a `random(size) -> bytes`, for each guest

    Host fds, sockets and objects stay the caller's: the guest closing its side does not close them. The properties and
    methods below are wasmtime-py's; they check at once what can be checked and raise `WasmError`.
    """

    __slots__ = ("__dict__", "_args", "_env", "_network", "clocks", "preopens", "random", "sockets", "stderr", "stdin", "stdout", "stores", "variables")

    def __init__(
        self, args: Iterable[str] = (), env: Iterable[tuple[str, str]] = (), stdin: Any = None, stdout: Any = None,
        stderr: Any = None,
    ) -> None:  # fmt: skip
        self.argv = args
        self.env = env
        self.preopens: list[Preopen] = []
        self.sockets: list[Any] = []
        self._network: NetworkPolicy | None = None
        self.variables: dict[str, str] = {}
        self.stores: Mapping[str, MutableMapping[str, bytes]] | None = None
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.clocks: Callable[[], Clocks] | None = None
        self.random: Callable[[], Callable[[int], bytes]] | None = None

    def close(self) -> None:
        """Does nothing, for there is nothing to let go of: it may be used again; programs written for wasmtime-py may close one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def argv(self) -> list[str]:
        """The arguments, the program's name first."""
        return self._args

    @argv.setter
    def argv(self, args: Iterable[str]) -> None:
        if isinstance(args, (str, bytes)):
            _refuse(f"argv must be a list of strings, not the string {args!r}")
        found = [os.fsdecode(arg) for arg in args]
        for index, arg in enumerate(found):
            if "\0" in arg:
                _refuse(f"argv[{index}] contains a NUL character: {arg!r}")
        self._args = found

    args = argv

    @property
    def env(self) -> list[tuple[str, str]]:
        """The environment as (name, value) pairs; a dict may be assigned too."""
        return self._env

    @env.setter
    def env(self, pairs: Iterable[tuple[str, str]]) -> None:
        items = getattr(pairs, "items", None)
        found = [(os.fsdecode(name), os.fsdecode(value)) for name, value in (pairs if items is None else items())]
        for name, value in found:
            if not name or "=" in name or "\0" in name or "\0" in value:
                _refuse(f"environment variable {name!r}: a name must not be empty or contain '=', neither part a NUL")
        self._env = found

    def inherit_argv(self) -> None:
        """Pass on this process's arguments."""
        import sys

        self.argv = sys.argv

    def inherit_env(self) -> None:
        """Pass on this process's environment."""
        self.env = list(os.environ.items())

    def inherit_stdin(self) -> None:
        """The guest reads this process's stdin."""
        self.stdin = INHERIT

    def inherit_stdout(self) -> None:
        """The guest writes to this process's stdout."""
        self.stdout = INHERIT

    def inherit_stderr(self) -> None:
        """The guest writes to this process's stderr."""
        self.stderr = INHERIT

    def _set_stdin_file(self, path: StrPath) -> None:
        self.stdin = _probe(path, os.O_RDONLY, "stdin")

    def _set_stdout_file(self, path: StrPath) -> None:
        self.stdout = _probe(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "stdout")

    def _set_stderr_file(self, path: StrPath) -> None:
        self.stderr = _probe(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "stderr")

    def _set_stdout_custom(self, callback: Callable[[bytes], int | None]) -> None:
        self.stdout = callback

    def _set_stderr_custom(self, callback: Callable[[bytes], int | None]) -> None:
        self.stderr = callback

    stdin_file = property(None, _set_stdin_file, doc="Read stdin from an existing file.")
    stdout_file = property(None, _set_stdout_file, doc="Write stdout to a file, created or truncated.")
    stderr_file = property(None, _set_stderr_file, doc="Write stderr to a file, created or truncated.")
    stdout_custom = property(None, _set_stdout_custom, doc="Call back with the bytes of each write to stdout.")
    stderr_custom = property(None, _set_stderr_custom, doc="Call back with the bytes of each write to stderr.")

    def deterministic(self, seed: int = 0) -> None:
        """Make every run alike: clocks start at 2020-01-01 and move when they are looked at, sleeping takes no time, random bytes follow from the
        seed. What a guest reads from the host, folders above all, is not covered; a dict given to `preopen` after this is."""
        from wasm_wasi_common.clocks import SeededRandom, SteppedClocks

        self.clocks = SteppedClocks
        self.random = lambda: SeededRandom(seed)

    def preopen_dir(
        self, path: StrPath, guest_path: str, fs_mutable: Any = True, file_perms: Any = None, *, dir_perms: Any = None,
    ) -> None:  # fmt: skip
        """Let the guest use the directory `path` as `guest_path`; `fs_mutable` is short for both perms in full.

        Versions of wasmtime-py have DirPerms and FilePerms as third and fourth argument instead; that works, too.
        """
        host = os.fsdecode(path)
        if not os.path.isdir(host):
            _refuse(f"failed to add preopen dir: {host!r} is not a directory")
        if not isinstance(fs_mutable, bool):
            fs_mutable, dir_perms = True, fs_mutable
        every = 3 if fs_mutable else 1
        dir_perms = every if dir_perms is None else int(getattr(dir_perms, "value", dir_perms))
        file_perms = every if file_perms is None else int(getattr(file_perms, "value", file_perms))
        from wasm_wasi_common.preopen import Preopen

        self.preopens.append(Preopen(host, guest_path, dir_perms, file_perms))

    def preopen(self, source: Any, guest_path: str = "/", *, readonly: bool = False) -> Filesystem | None:
        """Let the guest use `source` as `guest_path`: a path of a folder, or a `Filesystem`; a dict of names and contents becomes a
        `MemoryFilesystem`. Returns the filesystem, for its contents afterwards."""
        if isinstance(source, (str, bytes, os.PathLike)):
            self.preopen_dir(source, guest_path, not readonly)
            return None
        found: Filesystem = source
        if isinstance(source, dict):
            from wasm_wasi_common.memory import MemoryFilesystem

            found = MemoryFilesystem(source)
            if self.clocks is not None:
                found.times_of(self.clocks().realtime())
        elif not callable(getattr(source, "status", None)):
            _refuse(f"a guest can be given a path, a dict or a Filesystem, not {type(source).__name__}")
        from wasm_wasi_common.preopen import Preopen

        perms = 1 if readonly else 3
        self.preopens.append(Preopen("", guest_path, perms, perms, found))
        return found

    def preopen_socket(self, sock: Any) -> None:
        """Let the guest use a `socket.socket` (or a host fd that is one): listening, to accept from, or connected."""
        self.sockets.append(sock)

    @property
    def network(self) -> NetworkPolicy | None:
        """What the guest may do on the network; None: nothing."""
        return self._network

    @network.setter
    def network(self, policy: NetworkPolicy | None) -> None:
        if policy is not None and not callable(getattr(policy, "permits", None)):
            _refuse(f"network must be a NetworkPolicy, not {type(policy).__name__}; allow_net({policy!r}) adds a rule")
        self._network = policy

    def allow_net(self, *rules: str) -> None:
        """Let the guest use the network in these ways and no others: `"example.org:443"`, `"*.example.org"`, `"10.0.0.0/8:5432"`,
        `"udp://1.1.1.1:53"`, `"tcp-listen://127.0.0.1:8080"` and so on; `network_rules.parse_rule` has all of it."""
        from wasm_wasi_common.network import NetworkPolicy

        self._network = (self._network or NetworkPolicy()).extended(*rules)

    def inherit_network(self) -> None:
        """Let the guest use the network as this process can: any address, of this machine and its neighbours too, and any name."""
        self.allow_net("tcp://any", "udp://any", "tcp-listen://any", "udp-listen://any")

    def __repr__(self) -> str:
        return f"WasiConfig(argv={self._args!r}, preopens={self.preopens!r})"


def _probe(path: StrPath, flags: int, what: str) -> str:
    name = os.fsdecode(path)
    try:
        os.close(os.open(name, flags | os.O_CLOEXEC, 0o666))
    except OSError as error:
        raise WasmError(f"failed to set {what} file {name!r}: {error.strerror}") from error
    return name


def _refuse(message: str) -> NoReturn:
    raise WasmError(message)
