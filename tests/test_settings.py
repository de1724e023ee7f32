"""Every setting of wasmtime-py's Config, and of ours, either has an effect or is listed as accepted without one; and the text of a Config says which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import wasmtime

import wasm_facade
from wasm_codegen_native.compiler import ISAS
from wasm_environ.features import ROWS as FEATURES
from wasm_facade.config import Config, Switch, with_effect, without_effect

SOURCES = Path(wasm_facade.__file__).parent
# What is no setting: the life of the object, wasmtime-py's pointer, and what an Engine asks a Config.
NOT_SETTINGS = {"close", "ptr", "features", "changes_features"}


def public(config: type) -> set[str]:
    return {name for name in dir(config) if not name.startswith("_")} - NOT_SETTINGS


NAMES = sorted(public(wasmtime.Config) | public(Config))


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_in_one_list(name: str) -> None:
    assert hasattr(Config, name), "wasmtime-py has it, and we do not"
    assert (name in with_effect()) != (name in without_effect())


@pytest.mark.parametrize("name", sorted(with_effect()))
def test_what_has_an_effect_is_read(name: str) -> None:
    """By name, outside of the table; or it is a proposal's, which `Config.features` reads."""
    row = Config.__dict__[name]
    if isinstance(row, Switch) and row.feature:
        assert row.feature in {feature for feature, *_ in FEATURES}
        return
    readers = [path for path in SOURCES.rglob("*.py") if path.name != "config.py" and re.search(rf"\bconfig\.{name}\b(?! =)", path.read_text("utf-8"))]
    assert readers, "nothing reads it: it belongs among those without effect"


@pytest.mark.parametrize("name", sorted(without_effect()))
def test_what_has_none_is_not_read(name: str) -> None:
    assert without_effect()[name]
    for path in SOURCES.rglob("*.py"):
        assert path.name == "config.py" or not re.search(rf"\bconfig\.{name}\b", path.read_text("utf-8")), f"{path.name} reads it: it has an effect"


def test_the_text_says_which_have_none() -> None:
    config = Config()
    assert repr(config) == "Config()"
    config.debug_info = True
    assert repr(config) == "Config(without effect: debug_info=True)"
    config.consume_fuel = True
    config.memory_guard_size = 4096
    config.cranelift_flag_enable("x")
    config.cranelift_flag_set("y", "z")
    assert repr(config) == (
        "Config(consume_fuel=True; without effect: debug_info=True, memory_guard_size=4096, cranelift_flag_enable('x'), cranelift_flag_set('y', 'z'))"
    )
    assert repr(wasm_facade.Engine(config)) == "Engine(consume_fuel=True; without effect: debug_info=True, memory_guard_size=4096)"


def pages() -> Any:
    """docs/generated.py."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("generated", Path(__file__).parent.parent / "docs" / "generated.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_lists_them_all() -> None:
    effective, idle = pages().settings().split("## Accepted without effect")
    listed = [re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in (effective, idle)]
    assert [set(names) for names in listed] == [set(with_effect()), set(without_effect())]


def test_each_proposal_has_a_switch() -> None:
    """With the same default; the first release is no proposal."""
    switches = {row.feature: row.default for row in vars(Config).values() if isinstance(row, Switch) and row.feature}
    assert switches == {name: on for name, on, *_ in FEATURES if name != "mvp"}


# What needs to wait traps by name, all else of it runs: decision 17.
IN_PART = {"component_model_async"}


def test_what_is_on_is_everywhere() -> None:
    """A proposal is on by default where every compiler has it on every instruction set (components: on each that they run on)."""
    module = pages()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in module.features().split("\n")[2:]]
    assert len(rows) == len(FEATURES)
    for name, on, since, _, *compilers in rows:
        isas = module.COMPONENT_ISAS if since == "component" else ISAS
        assert on == "off" or name in IN_PART or compilers == [", ".join(isa.replace("_", "-") for isa in isas)] * 2, name
