"""wasi:keyvalue: buckets of `WasiConfig.stores`, which are mutable mappings of str to bytes; without them one in memory, named "", of a bounded size."""

from __future__ import annotations

from weakref import WeakValueDictionary

from wasm_environ.errors import Err
from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_common.turns import Turns
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any, NoReturn

    from wasm_wasi_p2.guest import Guest

PAGE = 1000  # keys in one answer
GREATEST = 64 << 20  # bytes of a bucket in memory, keys and values
MOST_KEYS = 1 << 19  # in it: each needs some 128 bytes besides
MOST = (1 << 64) - 1

_turns: WeakValueDictionary[int, Turns] = WeakValueDictionary()  # of guests that increment numbers in a mapping, by its `id`, while there are buckets of it
_all = Turns()  # over `_turns`


class Memory(dict[str, bytes]):
    """The bucket of a guest that was given none."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def __setitem__(self, key: str, value: bytes) -> None:
        old = self.get(key)
        size = self.size + len(value) - (len(old) if old is not None else -4 * len(key))
        if size > GREATEST or (old is None and len(self) >= MOST_KEYS):
            raise OSError("the bucket is full")
        self.size = size
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.size -= len(self[key]) + 4 * len(key)
        super().__delitem__(key)


class Bucket:
    """The resource `bucket`."""

    __slots__ = ("items", "turns")

    def __init__(self, items: MutableMapping[str, bytes]) -> None:
        self.items = items
        with _all.lock:
            self.turns = _turns.setdefault(id(items), Turns())

    def get(self, key: str) -> bytes | None:
        """A value, if there is one."""
        try:
            return self.items.get(key)
        except OSError as error:
            _fail(error)

    def set(self, key: str, value: bytes) -> None:
        """Put a value there."""
        try:
            self.items[key] = value
        except OSError as error:
            _fail(error)

    def delete(self, key: str) -> None:
        """Take a value away, if there is one."""
        try:
            del self.items[key]
        except KeyError:  # or another guest has, meanwhile
            return
        except OSError as error:
            _fail(error)

    def exists(self, key: str) -> bool:
        """Whether there is one."""
        try:
            return key in self.items
        except OSError as error:
            _fail(error)

    def list_keys(self, cursor: int | None) -> dict[str, Any]:
        """Keys, some at a time; where to go on, if there are more."""
        from itertools import islice

        start = min(cursor or 0, 1 << 62)
        try:
            keys = list(islice(self.items, start, start + PAGE + 1))
        except OSError as error:
            _fail(error)
        return {"keys": keys[:PAGE], "cursor": start + PAGE if len(keys) > PAGE else None}


def open_bucket(guest: Guest, identifier: str) -> Bucket:
    """The bucket of that name."""
    if guest.stores is None:
        guest.stores = {"": Memory()} if guest.config.stores is None else guest.config.stores
    items = guest.stores.get(identifier)
    if items is None:
        raise Err(Case("no-such-store"))
    return Bucket(items)


def increment(guest: Guest, bucket: Bucket, key: str, delta: int) -> int:
    """Add to a number, which is kept in decimal digits; where there is none it is 0. Returns the sum. Guests on several threads do so one at a time."""
    bucket.turns.take(lambda: stop_if_over(guest))
    try:
        return _increment(bucket, key, delta)
    finally:
        bucket.turns.lock.release()


def _increment(bucket: Bucket, key: str, delta: int) -> int:
    value = bucket.get(key) or b"0"
    if not value.isdigit() or len(value) > 20:
        raise Err(Case("other", f"the value of {key!r} is no number"))
    total = int(value) + delta
    if total > MOST:
        raise Err(Case("other", "overflow incrementing value"))
    bucket.set(key, str(total).encode())
    return total


def get_many(guest: Guest, bucket: Bucket, keys: list[str]) -> list[tuple[str, bytes] | None]:
    """Several values, as far as there are such."""
    values = [(key, bucket.get(key)) for key in keys]
    return [None if value is None else (key, value) for key, value in values]


def set_many(guest: Guest, bucket: Bucket, pairs: list[tuple[str, bytes]]) -> None:
    """Put several values there."""
    for key, value in pairs:
        bucket.set(key, value)


def delete_many(guest: Guest, bucket: Bucket, keys: list[str]) -> None:
    """Take several values away."""
    for key in keys:
        bucket.delete(key)


def _fail(error: OSError) -> NoReturn:
    raise Err(Case("access-denied") if isinstance(error, PermissionError) else Case("other", str(error))) from None
