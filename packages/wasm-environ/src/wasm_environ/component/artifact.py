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
    """An artifact taken apart. `images` are views into it."""

    __slots__ = ("images", "labels", "plan", "words")

    def __init__(self, plan: tuple[Any, ...], words: bytes, labels: tuple[str, ...], images: Sequence[memoryview]) -> None:
        self.plan = plan
        self.words = words
        self.labels = labels
        self.images = images


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


def read(image: bytes | memoryview, checksum: Callable[[Any], int]) -> Parts:
    """Take an artifact apart; its images are checked by whoever loads them. Raises ArtifactError."""
    view = memoryview(image)
    if not is_artifact(view):
        raise ArtifactError("not a component's artifact")
    if len(view) < HEAD:
        raise ArtifactError("the artifact is cut short")
    version, check, size = (int.from_bytes(view[at : at + n], "little") for at, n in ((16, 4), (20, 4), (24, 8)))
    if version != FORMAT:
        raise ArtifactError(f"component artifact format {version} is not this runtime's, {FORMAT}; compile the component again")
    body = view[HEAD : HEAD + size]
    if len(body) != size:
        raise ArtifactError("the artifact is cut short")
    if checksum(body) != check:
        raise ArtifactError("the artifact is altered: its checksum does not match")
    try:
        plan, words, labels, sizes = marshal.loads(body)
    except (TypeError, ValueError, EOFError):
        raise ArtifactError("the artifact is altered: its head cannot be read") from None
    images = []
    at = HEAD + size
    for length in sizes:
        at = _up(at)
        images.append(view[at : at + length])
        at += length
    if at != len(view):
        raise ArtifactError(f"the artifact is {'cut short' if len(view) < at else 'altered'}: {len(view)} bytes, not {at}")
    return Parts(plan, words, labels, images)
