"""The artifact of a component: its plan and call program, and the artifacts of its core modules, in one file.

    MAGIC | u32 FORMAT | u32 crc32 of what follows, up to the first image | u64 size of that | marshal: (plan, words, labels, ((offset, size) per image))
    images, each a module's artifact as `wasm_environ.artifact` describes it, at offsets that are multiples of the page size

The plan is as `planning.plain` describes it, words and labels are the call program's (`abi.program`).
"""

from __future__ import annotations

import marshal

from wasm_environ.artifact import MARSHAL
from wasm_environ.component import ARTIFACT_MAGIC
from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

MAGIC: Final = ARTIFACT_MAGIC
FORMAT: Final = 3
HEAD: Final = 32  # bytes in front of the marshalled part
PAGE: Final = 4096


class Parts:
    """An artifact taken apart. `places`: offset and size of each image."""

    __slots__ = ("labels", "places", "plan", "words")

    def __init__(self, plan: tuple[Any, ...], words: bytes, labels: tuple[str, ...], places: Sequence[tuple[int, int]]) -> None:
        self.plan = plan
        self.words = words
        self.labels = labels
        self.places = places


def _up(n: int) -> int:
    return (n + PAGE - 1) & -PAGE


def write(plan: tuple[Any, ...], words: bytes, labels: tuple[str, ...], images: Sequence[bytes]) -> bytes:
    """One file of all of it."""
    from zlib import crc32

    body = marshal.dumps((plan, words, labels, tuple([len(image) for image in images])), MARSHAL)
    out = bytearray(MAGIC + FORMAT.to_bytes(4, "little") + crc32(body).to_bytes(4, "little") + len(body).to_bytes(8, "little") + body)
    for image in images:
        out += bytes(_up(len(out)) - len(out))
        out += image
    return bytes(out)


def is_artifact(image: bytes | memoryview) -> bool:
    """Whether a file begins as a component's artifact does."""
    return bytes(image[: len(MAGIC)]) == MAGIC


def head_size(start: bytes | memoryview) -> int:
    """How many bytes there are in front of the images, by the first HEAD of them. Raises ArtifactError."""
    if not is_artifact(start):
        raise ArtifactError("not a component's artifact")
    if len(start) < HEAD:
        raise ArtifactError("the artifact is cut short")
    return HEAD + int.from_bytes(start[24:32], "little")


def read(head: bytes | memoryview, size: int, checksum: Callable[[Any], int]) -> Parts:
    """Take an artifact of `size` bytes apart by its head, or by all of it; its images are checked by whoever loads them. Raises ArtifactError."""
    view = memoryview(head)
    at = head_size(view)
    version, check = (int.from_bytes(view[place : place + 4], "little") for place in (16, 20))
    if version != FORMAT:
        raise ArtifactError(f"component artifact format {version} is not this runtime's, {FORMAT}; compile the component again")
    if at > len(view):
        raise ArtifactError("the artifact is cut short")
    body = view[HEAD:at]
    if checksum(body) != check:
        raise ArtifactError("the artifact is altered: its checksum does not match")
    try:
        plan, words, labels, sizes = marshal.loads(body)
    except (TypeError, ValueError, EOFError):
        raise ArtifactError("the artifact is altered: its head cannot be read") from None
    places = []
    for length in sizes:
        at = _up(at)
        places.append((at, length))
        at += length
    if at != size:
        raise ArtifactError(f"the artifact is {'cut short' if size < at else 'altered'}: {size} bytes, not {at}")
    return Parts(plan, words, labels, places)
