"""The traps of adapters: by number their words, which the way through C has too."""

from __future__ import annotations

from typing import Final

WORDS: Final = (
    "cannot leave component instance",
    "cannot enter component instance",
    "invalid `char` bit pattern",
    "invalid variant discriminant",
    "a wasm exception was not caught in the component that threw it",
)
CANNOT_LEAVE, CANNOT_ENTER, BAD_CHAR, BAD_CASE, THROWN = range(len(WORDS))
