"""Memory as compiled code sees it: its frame and results by bytes, fields of the vmctx by name, the guest's memory as a list of accesses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import z3

from prove.terms import Term, bytes_reversed, number

CONTEXT, STACK, MORE, CODE, BASE = "context", "stack", "more", "code", "memory base"
LENGTH = "memory length"


class Access(NamedTuple):
    """Of the guest's memory. `value` as a little-endian number."""

    kind: str
    address: Term
    width: int
    value: Term


@dataclass
class Memory:
    """`roots`: pointers by name, of which an address is known by its distance. `names`: what fields behind them are. Everything else is the guest's."""

    big: bool
    text: bytes
    names: dict[tuple[str, int], str]
    roots: dict[str, Term] = field(default_factory=dict)
    written: dict[tuple[str, int], Term] = field(default_factory=dict)
    fields: dict[tuple[str, int, int], Term] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)

    def copy(self) -> Memory:
        return Memory(self.big, self.text, self.names, dict(self.roots), dict(self.written), dict(self.fields), list(self.accesses))

    def root(self, name: str) -> Term:
        """A pointer to something that nothing else points to."""
        if name not in self.roots:
            self.roots[name] = number(0) if name == CODE else z3.BitVec(name, 64)
        return self.roots[name]

    def place(self, address: Term) -> tuple[str, int] | None:
        """Behind which pointer an address is, and how far."""
        address = z3.simplify(address)
        if z3.is_bv_value(address):
            return CODE, address.as_long()
        for name, pointer in self.roots.items():
            distance = z3.simplify(address - pointer)
            if not name.startswith(BASE) and name not in (CODE, LENGTH) and z3.is_bv_value(distance):
                return name, distance.as_signed_long()
        return None

    def load(self, address: Term, width: int) -> Term:
        found = self.place(address)
        if found is None:
            value = z3.BitVec(f"guest {len(self.accesses)}", width)
            self.accesses.append(Access("load", address, width, value))
            return bytes_reversed(value) if self.big and width > 8 else value
        name, at = found
        size = width // 8
        if name == CODE:
            return number(int.from_bytes(self.text[at : at + size], "big" if self.big else "little"), width)
        if name in (STACK, MORE):
            order = range(size) if self.big else reversed(range(size))
            cells = [self.written.setdefault((name, at + k), z3.BitVec(f"{name}{at + k:+}", 8)) for k in order]
            return z3.Concat(*cells) if size > 1 else cells[0]
        return self.read_field(name, at, width)

    def read_field(self, name: str, at: int, width: int) -> Term:
        """The same each time; 64 bits may be a pointer to more."""
        key = (name, at, width)
        if key not in self.fields:
            called = self.names.get((name, at), f"[{name}{at:+}]")
            self.fields[key] = self.root(called) if width == 64 else z3.BitVec(f"{called}:{width}", width)
        return self.fields[key]

    def store(self, address: Term, value: Term) -> None:
        found = self.place(address)
        width = value.size()
        if found is None:
            self.accesses.append(Access("store", address, width, bytes_reversed(value) if self.big and width > 8 else value))
            return
        name, at = found
        assert name in (STACK, MORE), f"a store to {name}{at:+}"
        size = width // 8
        for k in range(size):
            place = size - 1 - k if self.big else k
            self.written[name, at + place] = z3.Extract(8 * k + 7, 8 * k, value)
