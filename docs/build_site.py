"""The site: `python docs/build_site.py [build|serve]`. Writes the pages to build/pages, generated parts filled in, and has zensical make build/site."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGES = ROOT / "build" / "pages"


def write_pages() -> None:
    """build/pages anew, but for files that would be the same."""
    from generated import filled

    wanted = {path.relative_to(DOCS): path for path in DOCS.rglob("*") if path.is_file() and path.suffix in (".md", ".svg", ".css", ".png")}
    for path in list(PAGES.rglob("*")):
        if path.is_file() and path.relative_to(PAGES) not in wanted:
            path.unlink()
    for place, path in wanted.items():
        data = filled(path.read_text(encoding="utf-8")).encode() if path.suffix == ".md" else path.read_bytes()
        target = PAGES / place
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def repository() -> str:
    """The web address of the clone's origin, for links to it; "" where it has none. `DOCS_REPOSITORY` goes first."""
    if "DOCS_REPOSITORY" in os.environ:
        return os.environ["DOCS_REPOSITORY"]
    done = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.fullmatch(r"(?:https://|(?:ssh://)?git@)(?:[^@/]*@)?([\w.-]+)[:/](.+?)(?:\.git)?/?", done.stdout.strip())
    return f"https://{found[1]}/{found[2]}" if found else ""


def main(arguments: list[str]) -> int:
    write_pages()
    command, *rest = arguments or ["build", "--strict", "--clean"]
    if command == "build":
        shutil.rmtree(ROOT / "build" / "site", ignore_errors=True)
    environment = {**os.environ, "DOCS_REPOSITORY": repository(), "NO_COLOR": "1"}
    return subprocess.run([Path(sys.executable).with_name("zensical"), command, *rest], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
