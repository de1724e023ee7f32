"""What the chapters of garbage-collected objects (`aggregate`, `cast`, `descriptor`) ask of an ISA beside `machine.Machine`: fields, sizes and tags."""

from __future__ import annotations

from mypy_extensions import i64


class Fields:
    """The verbs. `storage`: a number of `storages`. An address is base + (index << scale) + disp, all of 64 bits; `scale` is at most 3."""

    # ---- fields and elements
    def load_field(self, storage: i64, signed: bool, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """to <- the field there; a general register is zero-extended, or of less than 32 bits sign-extended to these."""
        raise NotImplementedError

    def store_field(self, storage: i64, source: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """The field there <- source."""
        raise NotImplementedError

    def store_field_constant(self, storage: i64, low: i64, base: i64, index: i64, scale: i64, disp: i64) -> bool:
        """The field there <- a constant of at most 64 bits without a register, if the ISA can."""
        raise NotImplementedError

    def fill_elements(self, storage: i64, source: i64, base: i64, object: i64, n: i64, temporary: i64, pointer: i64) -> None:
        """All `n` (32 bits, overwritten) elements of the array at base + object <- source, at least 8 bytes at a time, which is what objects end at.
        A value of 1 to 4 bytes that is no float comes in `temporary`, its upper bits anything."""
        raise NotImplementedError

    # ---- sizes and addresses, of 64 bits
    def array_size(self, to: i64, length: i64, log2: i64, more: i64) -> None:
        """to <- (length << log2) + more, rounded down to a multiple of 8; `length`: 32 bits in another register."""
        raise NotImplementedError

    def exceeds(self, register: i64, number: i64) -> i64:
        """The condition that holds if a register is above a number."""
        raise NotImplementedError

    def add_registers(self, to: i64, a: i64, b: i64) -> None:
        """to <- a + b."""
        raise NotImplementedError

    def add_memory(self, to: i64, base: i64, disp: i64) -> None:
        """to <- to + [base + disp]."""
        raise NotImplementedError

    def add_to_memory(self, base: i64, disp: i64, amount: i64) -> None:
        """[base + disp] <- that + amount."""
        raise NotImplementedError

    def shift_left(self, register: i64, count: i64) -> None:
        """register <- register << count."""
        raise NotImplementedError

    # ---- tags, of 32 bits
    def tag(self, register: i64) -> None:
        """register <- register << 1 | 1."""
        raise NotImplementedError

    def untag(self, register: i64, signed: bool) -> None:
        """register <- register >> 1."""
        raise NotImplementedError

    def masked(self, to: i64, register: i64, mask: i64) -> None:
        """to <- register & mask, a run of low bits."""
        raise NotImplementedError

    def equals_number(self, register: i64, number: i64) -> i64:
        """The condition that holds if a register is a small number."""
        raise NotImplementedError
