"""Guest: what the functions of one store share: arguments, environment, clocks, random numbers, open files, and how one waits for it."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock

from wasm_environ.host import GUEST_CLOCKS, GUEST_RANDOM, GUEST_START
from wasm_wasi_common.opened import Opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from wasm_wasi_common.config import WasiConfig
    from wasm_wasi_p2.http.config import Http, HttpConfig
    from wasm_wasi_p2.network import Network


def never() -> bool:
    """The time of a guest without limits."""
    return False


class Elsewhere(Exception):
    """Raised through a tentative guest that is about to wait, or to do what others see: it is begun again, somewhere else."""


class Guest:
    """One a store; `close`, or losing the last reference, gives back what it holds of the host's.

    `limited()`, `interrupted()`: whether its time is limited in the call it makes, and over. `opened`: what its configuration named. `listings`: readings
    of directories in progress, which with its open files, `files`, are at most `max_fds`; above `ceiling` the process runs out of descriptors.
    `plain`: what the runtime has to know to ask clocks and for random bytes without Python (`wasm_environ.host`). `tentative`: what the guest does may be
    thrown away and done again, and whoever runs it has no time to wait: see `settle`, which says by `settled` that it was called since that was reset.
    """

    __slots__ = ("__weakref__", "_http", "_http_config", "_lock", "_owns", "_wake_fd", "ceiling", "clocks", "config", "files", "interrupted", "limited",
                 "listings", "max_fds", "network", "opened", "plain", "random", "settled", "start", "stores", "tentative")  # fmt: skip

    def __init__(
        self, config: WasiConfig | Opened, limited: Callable[[], bool] = never, interrupted: Callable[[], bool] = never,
        http: HttpConfig | None = None,
    ) -> None:  # fmt: skip
        opened = config if isinstance(config, Opened) else Opened(config)
        self._wake_fd = -1
        self._lock = allocate_lock()
        self.opened = opened
        self._owns = opened is not config
        self.config = opened.config
        self.clocks = opened.clocks
        self.random: Callable[[int], bytes] = os.urandom if opened.random is None else opened.random
        self.start = opened.start
        self.plain = plain = memoryview(bytearray(24)).cast("q")
        plain[GUEST_CLOCKS], plain[GUEST_START], plain[GUEST_RANDOM] = self.clocks is None, self.start, opened.random is None
        self.max_fds = opened.max_fds
        self.ceiling = opened.ceiling
        self.limited = limited
        self.interrupted = interrupted
        self.listings = 0
        self.files = 0
        self._http_config = http
        self._http: Http | None = None
        self.stores: Mapping[str, MutableMapping[str, bytes]] | None = None  # keyvalue's buckets, once one is opened
        self.network: Network | None = None
        self.tentative = self.settled = False

    @property
    def http(self) -> Http:
        """What wasi:http may use, and uses. Made when it is first needed."""
        found = self._http
        if found is None:
            from wasm_wasi_p2.http.config import USUAL, Http

            found = self._http = Http(self._http_config or USUAL)
        return found

    def set_http(self, config: HttpConfig | None) -> None:
        """Let wasi:http use this from here on."""
        self._http_config = config
        self._http = None

    def settle(self) -> None:
        """Before the guest waits, or gets hold of anything by which it is seen from outside: files, streams of the process, sockets. Raises Elsewhere."""
        if self.tentative:
            raise Elsewhere
        self.settled = True

    def monotonic(self) -> int:
        """The guest's monotonic clock, in ns, which starts with it: deadlines of waitables are by it."""
        return time.monotonic_ns() - self.start if self.clocks is None else self.clocks.monotonic()

    def check_room(self) -> None:
        """EMFILE unless this guest may open one more file or begin one more listing."""
        if self.files + self.listings >= self.max_fds:
            import errno

            raise OSError(errno.EMFILE, "the guest has too many open files")

    def check_room_to_list(self) -> None:
        """As `check_room`."""
        self.check_room()

    def check_number(self, fd: int) -> None:
        """EMFILE if the process as a whole is running out of descriptors, as the number of a new one tells."""
        if fd >= self.ceiling:
            import errno

            raise OSError(errno.EMFILE, "the process has too many open files")

    def wake(self) -> None:
        """From any thread: let a wait of the guest look again."""
        with self._lock:
            if self._wake_fd >= 0:
                os.eventfd_write(self._wake_fd, 1)

    @property
    def wake_fd(self) -> int:
        """A host fd that is readable after `wake`; who waits asks for it before it looks."""
        with self._lock:
            if self._wake_fd < 0:
                self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            return self._wake_fd

    def look_again(self) -> None:
        """Forget the wakes so far: what they were for is seen from here on."""
        if self._wake_fd >= 0:
            try:
                os.eventfd_read(self._wake_fd)
            except BlockingIOError:
                return

    def close(self) -> None:
        """Give everything back. Idempotent."""
        with self._lock:
            fd, self._wake_fd = self._wake_fd, -1
        if fd >= 0:
            os.close(fd)
        if self._owns:
            self.opened.close()

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "opened"):
            self.close()
