"""Components: calls with values of every kind, host functions, instantiation, and calls from one component to another."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench import component_guests as guests
from bench.clock import Sample, repeated
from bench.contenders import Contender, ours, theirs
from bench.options import Options
from bench.rows import Row, raced

HOST_CALLS = 1000
LINKED_CALLS = 100_000

Prepare = Callable[[Contender], Sample]


def measure(options: Options) -> Iterator[Row]:
    """A row for each kind of value and backend."""
    rows = [*_rows()]
    for name, prepare in rows:
        for contender in ours(options.strategies):
            label = f"{contender.name} {name}"
            if options.wants(label):
                yield raced("components", label, partial(prepare, contender), partial(prepare, theirs()), options.rounds)


def _binary(text: str) -> bytes:
    """Both sides get the same bytes."""
    return bytes(importlib.import_module("wasmtime").wat2wasm(text))


def _component(side: Contender, text: str) -> tuple[Any, Any, Any]:
    """(API, engine, component)"""
    api = importlib.import_module(f"{side.api.__name__}.component")
    engine = side.engine()
    return api, engine, api.Component(engine, _binary(text))


def _instance(side: Contender, text: str, define: Callable[[Any], None] = lambda root: None) -> tuple[Any, Any, Any]:
    """(API, store, instance)"""
    api, engine, component = _component(side, text)
    linker = api.Linker(engine)
    with linker.root() as root:
        define(root)
    store = side.api.Store(engine)
    return api, store, linker.instantiate(store, component)


def _value(api: Any, name: str) -> tuple[Any, ...]:
    if name == "add":
        return 1, 2
    if name == "echo-string":
        return ("twenty characters ok",)
    if name == "echo-bytes":
        return (bytes(60_000),)
    if name == "echo-record":
        return (_record(api, a=1, b=2, c=-3, d=4, e=5, f=-6, g=7.5, h=8),)
    return ([_record(api, x=i, y=float(i)) for i in range(1000)],)


def _record(api: Any, **fields: object) -> Any:
    record = api.Record()
    for name, value in fields.items():
        setattr(record, name, value)
    return record


def _call(name: str, side: Contender) -> Sample:
    api, store, instance = _instance(side, guests.VALUES)
    function = instance.get_func(store, name)
    args = _value(api, name)
    if side.api.__name__ != "wasmtime":
        return repeated(partial(function, store, *args))

    def call() -> None:  # before a function is called again
        function(store, *args)
        function.post_return(store)

    return repeated(call)


def _method(side: Contender) -> Sample:
    _, store, instance = _instance(side, guests.RESOURCE)
    resource = instance.get_func(store, "[constructor]r")(store)
    return repeated(partial(instance.get_func(store, "[method]r.get"), store, resource))


def _host(side: Contender) -> Sample:
    _, store, instance = _instance(side, guests.HOST, lambda root: root.add_func("log", lambda store, text: 1))
    sample = repeated(partial(instance.get_func(store, "run"), store, HOST_CALLS))
    return lambda: sample() / HOST_CALLS


class File:
    """A host's resource: a plain class, left when it is dropped."""

    def read(self) -> int:
        return 1

    def __enter__(self) -> File:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def _files(side: Contender) -> Sample:
    """Three calls of the host each: by a class where there is that, else by functions and numbers."""

    def define(root: Any) -> None:
        with root.add_instance("files") as files:
            if hasattr(files, "resource"):
                files.resource("file", File)
                return
            api = importlib.import_module(f"{side.api.__name__}.component")
            files.add_resource("file", api.ResourceType.host(1), lambda store, rep: None)
            files.add_func("[constructor]file", lambda store: api.ResourceHost.own(1, 1).to_any(store))
            files.add_func("[method]file.read", lambda store, file: 1 if file.drop(store) is None else 0)  # what is borrowed has to be given back

    _, store, instance = _instance(side, guests.FILES, define)
    sample = repeated(partial(instance.get_func(store, "run"), store, HOST_CALLS))
    return lambda: sample() / HOST_CALLS


def _instantiate(side: Contender) -> Sample:
    api, engine, component = _component(side, guests.THREE)
    linker = api.Linker(engine)

    def once() -> None:
        linker.instantiate(side.api.Store(engine), component)

    return repeated(once)


def _linked(name: str, side: Contender) -> Sample:
    _, store, instance = _instance(side, guests.LINKED)
    sample = repeated(partial(instance.get_func(store, name), store, LINKED_CALLS))
    return lambda: sample() / LINKED_CALLS


def _rows() -> Iterator[tuple[str, Prepare]]:
    yield "add(u32, u32) -> u32", partial(_call, "add")
    yield "a string of 20 characters, both ways", partial(_call, "echo-string")
    yield "a record of 8 fields, both ways", partial(_call, "echo-record")
    yield "a list of 1,000 records, both ways", partial(_call, "echo-points")
    yield "list<u8> of 60,000 bytes, both ways", partial(_call, "echo-bytes")
    yield "a resource's method", _method
    yield "a host function with a string", _host
    yield "a host's resource: made, read, dropped", _files
    yield "instantiate 3 core modules", _instantiate
    yield "component to component: two numbers", partial(_linked, "add")
    yield "component to component: a string, both ways", partial(_linked, "echo")
