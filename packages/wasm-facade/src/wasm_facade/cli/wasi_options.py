"""What the command line gives a program under WASI, of either version."""

from __future__ import annotations

import os

from wasm_environ.errors import WasmError
from wasm_facade.cli.options import UsageError
from wasm_facade.discovery import wasi_common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed
    from wasm_wasi_common.config import WasiConfig


def wasi_config(options: Parsed) -> WasiConfig:
    """Its arguments, environment, folders, and this process's stdin, stdout and stderr. Raises UsageError."""
    wasi: WasiConfig = wasi_common().WasiConfig()
    name = options.argv0 if options.argv0 is not None else os.path.basename(options.operands[0])
    wasi.argv = [name, *(options.operands[1:] if options.invoke is None else [])]
    env = []
    for word in options.env:
        variable, equals, value = word.partition("=")
        if equals:
            env.append((variable, value))
        elif variable in os.environ:
            env.append((variable, os.environ[variable]))
    wasi.env = env
    wasi.variables = dict(options.config)
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for word in options.dir:
        host, separator, guest = word.partition("::")
        try:
            wasi.preopen_dir(host, guest if separator else host)
        except WasmError as error:
            raise UsageError(f"--dir {word}: {error}") from error
    for word in options.net:
        try:
            if word == "inherit":
                wasi.inherit_network()
            else:
                wasi.allow_net(word)
        except WasmError as error:
            raise UsageError(f"--net: {error}") from error
    return wasi
