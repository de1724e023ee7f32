"""The canonical definitions, a row each (Binary.md: canon; Explainer.md: canonical built-ins). Decoder, encoder, text, validation and plan read it.

Operands, in the order of the binary:

    s  the sort byte 0x00 that the binary writes before a function of lift and lower    f  core func index    c  func index    t  type index
    v  core value type    i  u32    b  a flag byte: `async` or `cancellable`, see `flag`    r  a result list    m  core memory index
    T  core type index    n  core table index    o  canonical options (not an operand: `Canon.options`)

Signatures, parameters before `>`, of the core function that it makes; "" where they depend on types:

    i  i32    l  i64    p  an address or size: i32, or i64 with a 64-bit memory    r  the resource's representation    f  a function reference
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Row(NamedTuple):
    """One canonical definition: binary code, text keyword, operands in the binary, signature, feature ("": none), and what its flag is called."""

    code: int
    name: str
    operands: str
    signature: str
    feature: str = ""
    flag: str = ""


ASYNC: Final = "component_model_async"
THREADING: Final = "component_model_threading"
ERROR_CONTEXT: Final = "component_model_error_context"
SHARED: Final = "shared_everything_threads"

LIFT: Final = 0x00
LOWER: Final = 0x01
RESOURCE_NEW: Final = 0x02
RESOURCE_DROP: Final = 0x03
RESOURCE_REP: Final = 0x04
TASK_RETURN: Final = 0x09

ROWS: Final = (
    Row(0x00, "lift", "sfot", ""),
    Row(0x01, "lower", "sco", ""),
    Row(0x02, "resource.new", "t", "r>i"),
    Row(0x03, "resource.drop", "t", "i>"),
    Row(0x04, "resource.rep", "t", "i>r"),
    Row(0x24, "backpressure.inc", "", ">", ASYNC),
    Row(0x25, "backpressure.dec", "", ">", ASYNC),
    Row(0x09, "task.return", "ro", "", ASYNC),
    Row(0x05, "task.cancel", "", ">", ASYNC),
    Row(0x0A, "context.get", "vi", "", ASYNC),
    Row(0x0B, "context.set", "vi", "", ASYNC),
    Row(0x06, "subtask.cancel", "b", "i>i", ASYNC, "async"),
    Row(0x0D, "subtask.drop", "", "i>", ASYNC),
    Row(0x0E, "stream.new", "t", ">l", ASYNC),
    Row(0x0F, "stream.read", "to", "ipp>p", ASYNC),
    Row(0x10, "stream.write", "to", "ipp>p", ASYNC),
    Row(0x11, "stream.cancel-read", "tb", "i>p", ASYNC, "async"),
    Row(0x12, "stream.cancel-write", "tb", "i>p", ASYNC, "async"),
    Row(0x13, "stream.drop-readable", "t", "i>", ASYNC),
    Row(0x14, "stream.drop-writable", "t", "i>", ASYNC),
    Row(0x15, "future.new", "t", ">l", ASYNC),
    Row(0x16, "future.read", "to", "ip>i", ASYNC),
    Row(0x17, "future.write", "to", "ip>i", ASYNC),
    Row(0x18, "future.cancel-read", "tb", "i>i", ASYNC, "async"),
    Row(0x19, "future.cancel-write", "tb", "i>i", ASYNC, "async"),
    Row(0x1A, "future.drop-readable", "t", "i>", ASYNC),
    Row(0x1B, "future.drop-writable", "t", "i>", ASYNC),
    Row(0x1C, "error-context.new", "o", "pp>i", ERROR_CONTEXT),
    Row(0x1D, "error-context.debug-message", "o", "ip>", ERROR_CONTEXT),
    Row(0x1E, "error-context.drop", "", "i>", ERROR_CONTEXT),
    Row(0x1F, "waitable-set.new", "", ">i", ASYNC),
    Row(0x20, "waitable-set.wait", "bm", "ip>i", ASYNC, "cancellable"),
    Row(0x21, "waitable-set.poll", "bm", "ip>i", ASYNC, "cancellable"),
    Row(0x22, "waitable-set.drop", "", "i>", ASYNC),
    Row(0x23, "waitable.join", "", "ii>", ASYNC),
    Row(0x26, "thread.index", "", ">i", THREADING),
    Row(0x27, "thread.new-indirect", "Tn", "ii>i", THREADING),
    Row(0x28, "thread.resume-later", "", "i>", THREADING),
    Row(0x29, "thread.suspend", "b", ">i", THREADING, "cancellable"),
    Row(0x0C, "thread.yield", "b", ">i", ASYNC, "cancellable"),
    Row(0x2A, "thread.suspend-then-resume", "b", "i>i", THREADING, "cancellable"),
    Row(0x2B, "thread.yield-then-resume", "b", "i>i", THREADING, "cancellable"),
    Row(0x2C, "thread.suspend-then-promote", "b", "i>i", THREADING, "cancellable"),
    Row(0x2D, "thread.yield-then-promote", "b", "i>i", THREADING, "cancellable"),
    Row(0x40, "thread.spawn-ref", "bT", "fi>i", SHARED, "shared"),
    Row(0x41, "thread.spawn-indirect", "bTn", "ii>i", SHARED, "shared"),
    Row(0x42, "thread.available-parallelism", "b", ">i", SHARED, "shared"),
)
BY_CODE: Final = {row.code: row for row in ROWS}
BY_NAME: Final = {row.name: row for row in ROWS}
