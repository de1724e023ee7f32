"""What is open in a function: labels, and who handles what is thrown inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from wasm_codegen_llvm.ir import type_name
from wasm_environ.body import (
    KIND_LOOP,
    LABEL_HEIGHT,
    LABEL_KIND,
    LABEL_PARAM_COUNT,
    LABEL_PARAMS,
    LABEL_RESULT_COUNT,
    LABEL_RESULTS,
    LABEL_WORDS,
    OP_MASK,
    WORDS,
)
from wasm_environ.op import CATCH, CATCH_ALL, RETHROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_environ.body import FunctionBody

ANY: Final = -1  # the tag of catch_all


@final
class Clause:
    """tag: or ANY. keeps: whether it looks at the exception itself. target: the label it branches to; of an arm -1, which has a block of its own:
    `incoming` (values, exnref, block) so far."""

    __slots__ = ("incoming", "keeps", "name", "tag", "target")

    def __init__(self, tag: int, keeps: bool, target: int, name: str) -> None:
        self.tag = tag
        self.keeps = keeps
        self.target = target
        self.name = name
        self.incoming: list[tuple[list[str], str, str]] = []


@final
class Handler:
    """outer: where what it does not take goes, None: out of the function. offset: wasm's, of the try. incoming: (exnref, block) of what is thrown to it
    in this function."""

    __slots__ = ("clauses", "dispatch", "incoming", "landed", "offset", "outer", "pad")

    def __init__(self, number: int, clauses: list[Clause], outer: Handler | None, offset: int) -> None:
        self.clauses = clauses
        self.outer = outer
        self.offset = offset
        self.incoming: list[tuple[str, str]] = []
        self.pad = f"U{number}"
        self.dispatch = f"D{number}"
        self.landed = False

    def unwinds(self) -> str:
        """The landing pad's name, for an invoke."""
        self.landed = True
        return self.pad


@final
class Label:
    """A label: `types` of the values a branch carries, `incoming` (values, block) of the branches so far, `saved` for an else arm.

    around, inside: the handlers of what is thrown before it and right inside it. Of tries: `closing` is called before what their end does; the arms to
    come, the last one first; and the exnref that the current one caught.
    """

    __slots__ = (
        "arms", "around", "caught", "closing", "else_block", "height", "incoming", "inside", "is_loop", "known", "name", "saved", "slots", "types",
    )  # fmt: skip

    def __init__(self, body: FunctionBody, index: int, handler: Handler | None) -> None:
        words = body.labels
        at = index * LABEL_WORDS
        self.is_loop = words[at + LABEL_KIND] == KIND_LOOP
        first, count = (LABEL_PARAMS, LABEL_PARAM_COUNT) if self.is_loop else (LABEL_RESULTS, LABEL_RESULT_COUNT)
        start = words[at + first]
        self.types = [type_name(body.types[start + i]) for i in range(words[at + count])]
        self.height: int = words[at + LABEL_HEIGHT]
        self.name = f"B{index}"
        self.incoming: list[tuple[list[str], str]] = []
        self.saved: list[str] = []
        self.known: dict[int, str] = {}
        self.else_block = ""
        self.slots: list[str] = []
        self.around: Handler | None = handler if index else None
        self.inside = self.around
        self.closing: Callable[[], None] | None = None
        self.arms: list[Clause] = []
        self.caught = ""


@final
class LegacyTries:
    """What has to be known about a function's legacy tries before their bodies are lowered. arms: label -> tags; rethrown: labels of tries."""

    __slots__ = ("arms", "rethrown")

    def __init__(self, ops: list[int]) -> None:
        self.arms: dict[int, list[int]] = {}
        self.rethrown: set[int] = set()
        for at in range(0, len(ops), WORDS):
            op, label = ops[at] & OP_MASK, ops[at + 1]
            if op == CATCH or op == CATCH_ALL:
                self.arms.setdefault(label, []).append(ops[at + 3] if op == CATCH else ANY)
            elif op == RETHROW:
                self.rethrown.add(label)
