"""What the versions of WASI share: sandboxed paths, filesystems, descriptors, streams, waits, the configuration."""

from __future__ import annotations


class TimeIsOver(Exception):
    """The guest's time ended in the middle of a host function; never leaves the packages of WASI. No OSError: no handler of those may take it."""
