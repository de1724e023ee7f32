"""wasi:keyvalue and wasi:config without a runtime: buckets in memory and of the program's own."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from wasm_environ.errors import Err
from wasm_wasi_p2 import Guest, WasiConfig, config_store, keyvalue


def test_a_bucket_in_memory() -> None:
    with Guest(WasiConfig()) as guest:
        bucket = keyvalue.open_bucket(guest, "")
        assert (bucket.get("a"), bucket.exists("a")) == (None, False)
        keyvalue.set_many(guest, bucket, [("a", b"1"), ("b", b"")])
        assert keyvalue.get_many(guest, bucket, ["b", "x", "a"]) == [("b", b""), None, ("a", b"1")]
        assert keyvalue.open_bucket(guest, "").exists("b")
        assert [keyvalue.increment(guest, bucket, "a", 5), keyvalue.increment(guest, bucket, "new", 7)] == [6, 7]
        keyvalue.delete_many(guest, bucket, ["a", "a", "none"])
        assert bucket.list_keys(None) == {"keys": ["b", "new"], "cursor": None}


# Columns: what is done, the case of the error.
ERRORS = (
    (lambda guest, bucket: keyvalue.open_bucket(guest, "other"), "no-such-store"),
    (lambda guest, bucket: bucket.set("big", bytes(keyvalue.GREATEST)), "other"),
    (lambda guest, bucket: keyvalue.increment(guest, bucket, "text", 1), "other"),
    (lambda guest, bucket: keyvalue.increment(guest, bucket, "most", 1), "other"),
)


@pytest.mark.parametrize(("act", "tag"), ERRORS)
def test_errors(act: Any, tag: str) -> None:
    with Guest(WasiConfig()) as guest:
        bucket = keyvalue.open_bucket(guest, "")
        bucket.set("text", b"-1")
        bucket.set("most", str((1 << 64) - 1).encode())
        with pytest.raises(Err) as found:
            act(guest, bucket)
        assert found.value.payload.tag == tag
        assert bucket.get("most") == b"18446744073709551615"


def test_room_comes_back() -> None:
    with Guest(WasiConfig()) as guest:
        bucket = keyvalue.open_bucket(guest, "")
        for _ in range(4):
            bucket.set("a", bytes(keyvalue.GREATEST - 100))
            bucket.set("a", b"")
            bucket.set("b", bytes(keyvalue.GREATEST - 100))
            bucket.delete("b")


def test_many_keys_come_in_pages() -> None:
    config = WasiConfig()
    config.stores = {"mine": {str(number): b"" for number in range(2500)}}
    with Guest(config) as guest:
        bucket = keyvalue.open_bucket(guest, "mine")
        keys: list[str] = []
        cursor = None
        while True:
            page = bucket.list_keys(cursor)
            keys += page["keys"]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert keys == list(config.stores["mine"])
        assert bucket.list_keys((1 << 64) - 1) == {"keys": [], "cursor": None}


def test_stores_of_the_programs_own() -> None:
    class Refusing(dict[str, bytes]):
        def __setitem__(self, key: str, value: bytes) -> None:
            raise PermissionError

    config = WasiConfig()
    config.stores = {"r": Refusing()}
    with Guest(config) as guest, pytest.raises(Err) as found:
        keyvalue.open_bucket(guest, "r").set("a", b"")
    assert found.value.payload.tag == "access-denied"


def test_config() -> None:
    config = WasiConfig()
    config.variables = {"a": "1"}
    with Guest(config) as guest:
        config.variables["b"] = "later"
        assert (config_store.get(guest, "a"), config_store.get(guest, "b"), config_store.get_all(guest)) == ("1", None, [("a", "1")])


def test_keys_of_nothing_fill_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyvalue, "MOST_KEYS", 3)
    with Guest(WasiConfig()) as guest:
        bucket = keyvalue.open_bucket(guest, "")
        for key in "abc":
            bucket.set(key, b"")
        bucket.set("a", b"x")
        with pytest.raises(Err):
            bucket.set("d", b"")
        bucket.delete("b")
        bucket.set("d", b"")


def test_increments_of_guests_on_threads() -> None:
    """Each is counted, whichever name a guest has for the bucket."""
    items: dict[str, bytes] = {}
    config = WasiConfig()
    config.stores = {"0": items, "1": items}

    def run(name: str) -> None:
        with Guest(config) as guest:
            bucket = keyvalue.open_bucket(guest, name)
            for _ in range(5000):
                keyvalue.increment(guest, bucket, "n", 1)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(str(number % 2),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert items == {"n": b"20000"}


def test_a_key_that_another_guest_takes_away() -> None:
    class Shared(dict[str, bytes]):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            self.clear()  # as another does in between
            return found

    bucket = keyvalue.Bucket(Shared(a=b""))
    bucket.delete("a")
    bucket.delete("a")
    assert not bucket.exists("a")
