"""The picture of what was measured: made of docs/measured.json, each bar as long as its row says, and well-formed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS.parent))


def test_the_picture_is_of_what_was_measured() -> None:
    from bench.report import picture, pictured

    measured = json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))
    assert picture(measured) == (DOCS / "measured.svg").read_text(encoding="utf-8")
    assert len(pictured(measured)) >= 10


def test_bars() -> None:
    from bench.report import picture

    def row(area: str, name: str, cost: float) -> dict[str, object]:
        return {"area": area, "name": name, "ours": cost, "theirs": 1.0, "unit": "s", "cost": cost}

    rows = [row("calls", "geometric mean", 0.001), row("traps", "a < b", 0.1), row("kernels", "llvm geometric mean", 1.25)]
    root = ElementTree.fromstring(picture({"packages": {"wasmtime": "50.0.1"}, "rows": rows}))
    bars = root.findall("{*}rect")
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)  # 1000 times beside 10 times, on a logarithmic axis
    assert bars[2].attrib["fill"] != bars[1].attrib["fill"]
    assert float(bars[2].attrib["x"]) < float(bars[1].attrib["x"])
    texts = [text.text for text in root.findall("{*}text")]
    assert [text for text in texts if text and re.fullmatch(r"[\d.]+", text)] == ["1000", "10", "0.80"]
    colours = {bar.attrib["fill"] for bar in bars}
    assert all(_contrast(colour, ground) >= 3 for colour in colours for ground in ("#ffffff", "#1e2129"))


def _contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
