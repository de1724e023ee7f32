"""The built site in a real browser, narrow and wide, light and dark: no page scrolls sideways, text stands out, search finds. `nox -s pictures` (build/pictures)."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("WASM_CHROMIUM", "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs a browser: `nox -s pictures`")
ROOT = Path(__file__).parent.parent
SITE = ROOT / "build" / "site"
PICTURES = ROOT / "build" / "pictures"
WIDTHS = {"narrow": 390, "wide": 1440}
TIMEOUT = 600_000  # ms: a busy machine takes half a minute for the picture of the longest table
SCHEMES = ("light", "dark")
# Kinds of pages: with the measured picture, tables, long signatures, a table of hundreds of rows, code side by side.
PAGES = ("", "getting-started/", "install/", "measured/", "guide/limits/", "reference/stores/", "reference/settings/", "reference/command/", "from-wasmtime-py/",
         "reference/instructions/", "reference/lowering/", "guide/c/", "architecture/")  # fmt: skip
# How far the page itself can be moved to the right, and what would be seen then: nothing in a box that scrolls or cuts by itself.
SIDEWAYS = """() => {
  const root = document.documentElement, width = screen.width
  const boxed = node => { for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible') return true; return false }
  const beyond = [...document.querySelectorAll('.md-content *')].filter(node => node.getBoundingClientRect().right > width + 1 && !boxed(node))
  return [Math.max(0, root.scrollWidth - width), beyond.slice(0, 3).map(node => node.outerHTML.slice(0, 120))]
}"""
# Texts whose colour is nearer to their background than 3 : 1 (WCAG 1.4.3, large text), a few of them.
FAINT = """() => {
  const numbers = colour => { const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] }
  const seen = new Map(), known = colour => { if (!seen.has(colour)) seen.set(colour, numbers(colour)); return seen.get(colour) }
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] / 255 + under[i] * (1 - top[3] / 255))
  const light = colour => { const [r, g, b] = colour.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const behind = node => { const layers = []
    for (let up = node; up; up = up.parentElement) layers.push(known(getComputedStyle(up).backgroundColor))
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]) }
  const found = []
  for (const node of document.querySelectorAll('.md-content p, .md-content td, .md-content th, .md-content li, .md-content code span, .md-content h1, .md-content h2, .md-content svg text')) {
    const style = getComputedStyle(node)
    if (!node.textContent.trim() || !node.getClientRects().length || node.closest('[hidden]')) continue
    const ground = behind(node), ink = over(known(node.namespaceURI.endsWith('svg') ? style.fill : style.color), ground)
    const [low, high] = [light(ground), light(ink)].sort((a, b) => a - b)
    if ((high + 0.05) / (low + 0.05) < 3) found.push(`${node.tagName} ${node.className.baseVal ?? node.className}: ${node.textContent.trim().slice(0, 40)}`)
  }
  return found.slice(0, 5)
}"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the site is served, on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = importlib.import_module("playwright.sync_api")  # of the session's environment alone
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


def opened(browser: Any, width: str, scheme: str) -> Any:
    """A page as wide; the narrow one is a phone's, whose scrollbars take no room."""
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 900}, color_scheme=scheme, is_mobile=width == "narrow", has_touch=width == "narrow")
    page.set_default_timeout(TIMEOUT)
    return page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures(browser: Any, address: str, width: str, scheme: str) -> None:
    """Pictures to look at, of each kind of page; their text can be read, and nothing fails in the browser."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = opened(browser, width, scheme)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda response: faults.append(response.url) if response.status >= 400 else None)
    for place in PAGES:
        page.goto(address + place)
        page.screenshot(path=PICTURES / f"{place.strip('/').replace('/', '-') or 'home'}.{width}.{scheme}.png")
        assert page.evaluate(FAINT) == [], place
    assert faults == []
    page.close()


def test_no_page_scrolls_sideways(browser: Any, address: str) -> None:
    page = opened(browser, "narrow", "light")
    moved = {}
    for path in sorted(SITE.rglob("*.html")):
        place = path.relative_to(SITE).as_posix()
        page.goto(address + place, wait_until="domcontentloaded")
        if (found := page.evaluate(SIDEWAYS)) != [0, []]:
            moved[place] = found
    page.close()
    assert moved == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_search_finds(browser: Any, address: str, width: str) -> None:
    page = opened(browser, width, "dark")
    page.goto(address)
    finding = "a[href*='reference/stores/'][href*='set_fuel']"  # nothing on the home page leads there by itself
    assert page.locator(finding).count() == 0
    page.locator(".md-search__button:visible, label.md-header__button[for=__search]:visible").first.click()
    page.keyboard.type("fuel", delay=50)
    page.wait_for_selector(finding, state="visible")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"search.{width}.dark.png")
    page.close()
