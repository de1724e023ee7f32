"""Tables of a function that grow from one function to the next."""

from __future__ import annotations

from librt.vecs import append, vec
from mypy_extensions import i64


def put(v: vec[i64], at: i64, value: i64) -> vec[i64]:
    """v[at] = value, growing by one where needed."""
    if at == len(v):
        return append(v, value)
    v[at] = value
    return v
