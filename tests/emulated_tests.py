"""Test files by an emulated Python, each in a process of its own, as many at once as there are processors: `emulated_tests.py COMMAND... -- FILE...`.

COMMAND runs pytest; a FILE, with options behind it if it holds spaces, is its last argument. Each one's output is shown when it ends, and the sum at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

NOTHING_SELECTED = 5  # pytest's status


def run(command: list[str], file: str) -> tuple[bool, str]:
    """Whether it passed, and the line that pytest ends with."""
    start = time.monotonic()
    done = subprocess.run([*command, *file.split()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"{file}: {time.monotonic() - start:.0f} s\n{done.stdout}", flush=True)
    return done.returncode in (0, NOTHING_SELECTED), done.stdout


def main(arguments: list[str]) -> int:
    """0 if all passed."""
    at = arguments.index("--")
    command, files = arguments[:at], arguments[at + 1 :]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        ended = [*pool.map(lambda file: run(command, file), files)]
    counts: dict[str, int] = {}
    for _, output in ended:
        for number, what in re.findall(r"(\d+) (passed|failed|skipped|deselected|error)", output.rstrip().rpartition("\n")[2]):
            counts[what] = counts.get(what, 0) + int(number)
    failed = [file for (passed, _), file in zip(ended, files, strict=True) if not passed]
    print(f"{len(files)} files: {', '.join(f'{number} {what}' for what, number in counts.items())}", *(f"FAILED {file}" for file in failed), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
