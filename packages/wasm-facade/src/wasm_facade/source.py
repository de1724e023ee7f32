"""What a file or a bytes object holds: a module or a component, as a binary, a text or an artifact, told by how it begins."""

from __future__ import annotations

import os

from wasm_environ.component import ARTIFACT_MAGIC, PREAMBLE
from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

WASM_MAGIC = b"\0asm"
ELF_MAGIC = b"\x7fELF"


def is_text(wasm: str | bytes) -> bool:
    """Whether this may be the text format: it begins with a character that a text may begin with, or with UTF-8's mark."""
    if isinstance(wasm, str):
        return wasm != "" and wasm[0] != "\0"
    return len(wasm) > 0 and (0x20 <= wasm[0] < 0x7F or wasm[0] in b"\t\n\r" or wasm[:3] == b"\xef\xbb\xbf")


def is_component_source(source: bytes) -> bool:
    """Whether this is a component: a binary, an artifact, or a text that begins, behind blanks and comments, as one does."""
    if not is_text(source):
        return source[:8] == PREAMBLE or source[:16] == ARTIFACT_MAGIC
    if b"component" not in source:  # most texts of modules: not to be read twice
        return False
    from wasm_environ.text.lexer import Tokens, decode_source

    return Tokens(decode_source(source)).opens("component")


def file_bytes(contents: bytes, path: StrPath) -> bytes:
    """The contents of a file that should be a module. What a .wasm holds is taken for text only if it looks like a module in text form."""
    if contents[:4] == ELF_MAGIC:
        name = os.fsdecode(path)
        raise ArtifactError(f"{name} is a compiled artifact, made of a valid module: `wasm run {name}` runs it, Module.deserialize_file loads it; "
                            "to look into the module, take the .wasm or .wat that it was made of")  # fmt: skip
    text = is_text(contents) and (not os.fsdecode(path).endswith(".wasm") or contents.lstrip()[:1] in (b"(", b";"))
    if not text and contents[:4] != WASM_MAGIC:
        from wasm_environ.compile_errors import MalformedError

        what = f"begins with {contents[:8].hex(' ')}" if contents else "is empty"
        raise MalformedError(f"magic header not detected: {os.fsdecode(path)} is no wasm binary, which begins with the bytes 00 61 73 6d, "
                             f"and no text, which begins with a parenthesis; it {what}")  # fmt: skip
    return contents


def source_bytes(wasm: object) -> bytes:
    """What was given to a Module as bytes, text still being text. TypeError for what is neither, ArtifactError for an artifact."""
    if isinstance(wasm, str) and is_text(wasm):
        return wasm.encode("utf-8", "surrogatepass")
    if isinstance(wasm, str):
        raise TypeError("wasm: expected wasm bytes, or the text format; this str " + ("holds a binary: pass it as bytes" if wasm else "is empty"))
    if not isinstance(wasm, (bytes, bytearray, memoryview)):
        raise TypeError(f"wasm: expected wasm bytes, or the text format as str or bytes, not {type(wasm).__name__}")
    data = bytes(wasm)
    if data[:4] == ELF_MAGIC:
        raise ArtifactError("this is a compiled artifact, not a module: use Module.deserialize")
    return data
