"""`wasm component wit`: the interface of a component, or WIT in its normal form."""

from __future__ import annotations

import sys

from wasm_environ.compile_errors import WitError
from wasm_facade.cli import OK
from wasm_facade.cli.options import Command, Option, UsageError
from wasm_facade.cli.source import write
from wasm_facade.cli.wit_source import FEATURES, features_of, interface_in, read_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.wit.packages import Packages
    from wasm_environ.component.wit.syntax import File
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "component wit", "FILE",
    "Print the interface of a component as WIT; or WIT in its normal form: a file, text or binary, or a folder as one file."
    " FILE may be - for a component on stdin.",
    (
        Option("-w --world", "NAME", "of WIT: this world alone, with all that it needs, as a component of it would have"),
        Option("-i --interface", "NAME", "only this interface: its name, or namespace:package/name"),
        Option("-o --output", "OUT", "where to put the text (default: stdout); a package goes to OUT.wasm in binary form"),
        *FEATURES,
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Print what was asked for, or write it."""
    source = read_source(options.operands[0])
    output = options.output
    if output is not None and output.endswith(".wasm"):
        write(output, _binary(options, source))
    elif output is not None:
        write(output, _text(options, source).encode())
    else:
        sys.stdout.write(_text(options, source))
    return OK


def _text(options: Parsed, source: Packages | bytes) -> str:
    from wasm_environ.component.wit.describe import describe
    from wasm_environ.component.wit.printer import print_file

    file = describe(interface_in(options, source)) if isinstance(source, bytes) or options.world is not None else _package(options, source)
    return print_file(file) if options.interface is None else _interface(file, options.interface, options.operands[0])


def _binary(options: Parsed, source: Packages | bytes) -> bytes:
    """A package in binary form."""
    from wasm_environ.component.wit.encode import encode_package
    from wasm_environ.component.wit.resolve import resolve

    if isinstance(source, bytes) or options.world is not None or options.interface is not None:
        raise UsageError(f"{options.output}: only WIT packages have a binary form; without .wasm it is text")
    return encode_package(resolve(source, features_of(options)))


def _package(options: Parsed, packages: Packages) -> File:
    """A package as it is written, once it is known to be sound; a binary with what it has of other packages."""
    from wasm_environ.component.wit.merge import merged
    from wasm_environ.component.wit.resolve import resolve

    resolve(packages, features_of(options))
    assert packages.main is not None
    file = merged(packages.main)
    if options.interface is None and not packages.main.is_binary:
        return file
    return file._replace(nested=tuple([merged(each).package for each in packages.by_name.values() if each is not packages.main]))


def _interface(file: File, name: str, path: str) -> str:
    """The text of one interface of a file."""
    from wasm_environ.component.wit.printer import print_item
    from wasm_environ.component.wit.syntax import Interface

    found: dict[str, Interface] = {}
    for package in (file.package, *file.nested):
        assert package.name is not None
        for item in package.items:
            if isinstance(item, Interface):
                found[package.name.of(item.name.text)] = item
    whole = [full for full, item in found.items() if name in (full, full.partition("@")[0], item.name.text)]
    if len(whole) != 1:
        what = f"several interfaces `{name}`: {', '.join(whole)}" if whole else f"no interface `{name}`; it has {', '.join(found) or 'none'}"
        raise WitError(f"there is {what}", path)
    return print_item(found[whole[0]])
