"""Rules of locals and globals (spec: validation/instructions, variable)."""

from __future__ import annotations

from librt.vecs import append
from mypy_extensions import i64

from wasm_environ.function.state import State
from wasm_environ.op import GLOBAL_GET, GLOBAL_SET, LOCAL_GET, LOCAL_TEE


def local(s: State, op: i64) -> None:
    """local.get, local.set, local.tee."""
    i = s.r.u32()
    locals = s.locals
    if i >= len(locals):
        raise s.unknown("local", i, len(locals))
    t = locals[i]
    if op == LOCAL_GET:
        if s.track_inits and not s.initialized[i]:
            raise s.fail(f"uninitialized local {i}")
        s.push(t)
    else:
        if op == LOCAL_TEE:
            s.replace(t, t)
        else:
            s.pop_t(t)
        if s.track_inits:
            initialize(s, i)
    if s.live:
        s.emit(op, i, t, 0)


def initialize(s: State, i: i64) -> None:
    """Note that a local without default value has one from here to the end of the block."""
    if not s.initialized[i]:
        s.initialized[i] = 1
        if s.init_count < len(s.inits):
            s.inits[s.init_count] = i
        else:
            s.inits = append(s.inits, i)
        s.init_count += 1


def global_get(s: State) -> None:
    i = s.r.u32()
    if i >= len(s.context.globals):
        raise s.unknown("global", i, len(s.context.globals))
    t = s.context.globals[i]
    s.push(t)
    if s.live:
        s.emit(GLOBAL_GET, i, t, 0)


def global_set(s: State) -> None:
    i = s.r.u32()
    if i >= len(s.context.globals):
        raise s.unknown("global", i, len(s.context.globals))
    if not s.context.global_mutable[i]:
        raise s.fail(f"immutable global {i}")
    t = s.context.globals[i]
    s.pop_t(t)
    if s.live:
        s.emit(GLOBAL_SET, i, t, 0)
