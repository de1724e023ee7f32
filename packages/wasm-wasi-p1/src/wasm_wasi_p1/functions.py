"""The functions of both WASI modules, one row each, and their binding to a context as host functions."""

from __future__ import annotations

import sys

from wasm_environ.host import FILES_NEW, HostFunction
from wasm_environ.types import I32, I64, FuncType
from wasm_wasi_common import TimeIsOver
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_p1.abi import INTR, NOMEM, OVERFLOW, WasiErrno, from_oserror
from wasm_wasi_p1.context import WasiContext
from wasm_wasi_p1.plain import plain_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_environ.host import Caller

    Row = tuple[str, str, str, str]

_and = int.__and__

# A parameter's kind: its value type, and the mask that makes an unsigned number of the signed one that arrives.
KINDS = {
    "fd": (I32, 0xFFFF_FFFF),
    "ptr": (I32, 0xFFFF_FFFF),
    "size": (I32, 0xFFFF_FFFF),
    "u32": (I32, 0xFFFF_FFFF),
    "s32": (I32, -1),
    "u64": (I64, 0xFFFF_FFFF_FFFF_FFFF),
    "s64": (I64, -1),
}

# name, kinds of the parameters (a string is "ptr size", an array "ptr size", what is written to "ptr"), result, and the
# file that has the function `name`; it is imported at the guest's first call, so that a short program starts sooner.
# In the order of the witx. Every function but proc_exit returns an errno.
PREVIEW1: tuple[Row, ...] = (
    ("args_get",                "ptr ptr",                             "errno", "args"),
    ("args_sizes_get",          "ptr ptr",                             "errno", "args"),
    ("environ_get",             "ptr ptr",                             "errno", "args"),
    ("environ_sizes_get",       "ptr ptr",                             "errno", "args"),
    ("clock_res_get",           "u32 ptr",                             "errno", "clocks"),
    ("clock_time_get",          "u32 u64 ptr",                         "errno", "clocks"),
    ("fd_advise",               "fd u64 u64 u32",                      "errno", "fd_io"),
    ("fd_allocate",             "fd u64 u64",                          "errno", "fd_io"),
    ("fd_close",                "fd",                                  "errno", "fd_state"),
    ("fd_datasync",             "fd",                                  "errno", "fd_io"),
    ("fd_fdstat_get",           "fd ptr",                              "errno", "fd_state"),
    ("fd_fdstat_set_flags",     "fd u32",                              "errno", "fd_state"),
    ("fd_fdstat_set_rights",    "fd u64 u64",                          "errno", "fd_state"),
    ("fd_filestat_get",         "fd ptr",                              "errno", "fd_state"),
    ("fd_filestat_set_size",    "fd u64",                              "errno", "fd_io"),
    ("fd_filestat_set_times",   "fd u64 u64 u32",                      "errno", "fd_state"),
    ("fd_pread",                "fd ptr size u64 ptr",                 "errno", "fd_io"),
    ("fd_prestat_get",          "fd ptr",                              "errno", "fd_state"),
    ("fd_prestat_dir_name",     "fd ptr size",                         "errno", "fd_state"),
    ("fd_pwrite",               "fd ptr size u64 ptr",                 "errno", "fd_io"),
    ("fd_read",                 "fd ptr size ptr",                     "errno", "fd_io"),
    ("fd_readdir",              "fd ptr size u64 ptr",                 "errno", "fd_state"),
    ("fd_renumber",             "fd fd",                               "errno", "fd_state"),
    ("fd_seek",                 "fd s64 u32 ptr",                      "errno", "fd_io"),
    ("fd_sync",                 "fd",                                  "errno", "fd_io"),
    ("fd_tell",                 "fd ptr",                              "errno", "fd_io"),
    ("fd_write",                "fd ptr size ptr",                     "errno", "fd_io"),
    ("path_create_directory",   "fd ptr size",                         "errno", "path"),
    ("path_filestat_get",       "fd u32 ptr size ptr",                 "errno", "path"),
    ("path_filestat_set_times", "fd u32 ptr size u64 u64 u32",         "errno", "path"),
    ("path_link",               "fd u32 ptr size fd ptr size",         "errno", "path"),
    ("path_open",               "fd u32 ptr size u32 u64 u64 u32 ptr", "errno", "path"),
    ("path_readlink",           "fd ptr size ptr size ptr",            "errno", "path"),
    ("path_remove_directory",   "fd ptr size",                         "errno", "path"),
    ("path_rename",             "fd ptr size fd ptr size",             "errno", "path"),
    ("path_symlink",            "ptr size fd ptr size",                "errno", "path"),
    ("path_unlink_file",        "fd ptr size",                         "errno", "path"),
    ("poll_oneoff",             "ptr ptr size ptr",                    "errno", "poll"),
    ("proc_exit",               "s32",                                 "",      "context"),
    ("proc_raise",              "u32",                                 "errno", "proc"),
    ("sched_yield",             "",                                    "errno", "proc"),
    ("random_get",              "ptr size",                            "errno", "random"),
    ("sock_accept",             "fd u32 ptr",                          "errno", "sock"),
    ("sock_recv",               "fd ptr size u32 ptr ptr",             "errno", "sock"),
    ("sock_send",               "fd ptr size u32 ptr",                 "errno", "sock"),
    ("sock_shutdown",           "fd u32",                              "errno", "sock"),
)  # fmt: skip

# Preview 0 has the same functions and parameters, but no sock_accept, and four that lay out memory differently.
_NEWER = ("sock_accept",)
_OLDER = ("fd_filestat_get", "fd_seek", "path_filestat_get", "poll_oneoff")
PREVIEW0: tuple[Row, ...] = tuple(
    [(*row[:3], "preview0" if row[0] in _OLDER else row[3]) for row in PREVIEW1 if row[0] not in _NEWER]
)

MODULES = (("wasi_snapshot_preview1", PREVIEW1), ("wasi_unstable", PREVIEW0))


# (module, name) -> the rest of its row
_ROWS = {(module, row[0]): row[1:] for module, rows in MODULES for row in rows}
KNOWN = frozenset(_ROWS)


def host_function(context: WasiContext, module: str, name: str) -> HostFunction:
    """One function for one guest. Raises KeyError when there is none of that name."""
    kinds, result, file = _ROWS[module, name]
    plain = None if file == "preview0" else plain_call(context, name)
    return HostFunction(module, name, _signature(kinds, result), _bind(context, name, kinds, file), plain)


def host_functions(guest: WasiConfig | WasiContext) -> list[HostFunction]:
    """Every function of preview 1 and preview 0, for one guest: a context, or a config to make one from."""
    context = WasiContext(guest) if isinstance(guest, WasiConfig) else guest
    return [host_function(context, *key) for key in _ROWS]


_signatures: dict[tuple[str, str], FuncType] = {}


def _signature(kinds: str, result: str) -> FuncType:
    known = _signatures.get((kinds, result))
    if known is None:
        params = tuple([KINDS[kind][0] for kind in kinds.split()])
        known = _signatures[kinds, result] = FuncType(params, (I32,) if result else ())
    return known


def implementation_of(file: str, name: str) -> Callable[..., None]:
    """The function that a row names."""
    module = "wasm_wasi_p1." + file
    __import__(module)  # importlib would cost a short program another millisecond
    found: Callable[..., None] = getattr(sys.modules[module], name)
    return found


def _bind(context: WasiContext, name: str, kinds: str, file: str) -> Callable[..., object]:
    """A host function: numbers unsigned, memory only where a pointer needs it, errors as errno."""
    masks = tuple([KINDS[kind][1] for kind in kinds.split()])
    needs_memory = "ptr" in kinds
    implementation: Callable[..., None] | None = None

    def call(caller: Caller, *arguments: int) -> int:
        nonlocal implementation
        if implementation is None:
            implementation = implementation_of(file, name)
        context.caller = caller
        try:
            if context.files[FILES_NEW] != context.learnt:
                context.learn()
            if needs_memory:
                implementation(context, caller.memory(), *map(_and, arguments, masks))
            else:
                implementation(context, *map(_and, arguments, masks))
        except WasiErrno as error:
            return error.code
        except OSError as error:
            return from_oserror(error)
        except TimeIsOver:
            return INTR
        except OverflowError:  # a number the host's call has no room for
            return OVERFLOW
        except MemoryError:
            return NOMEM
        return 0

    return call
