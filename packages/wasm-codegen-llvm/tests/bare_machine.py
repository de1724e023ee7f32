"""Runs compiled wasm without the vm, in a process of its own: reads a request as JSON on standard input, prints the outcomes.

The request: {"wat", "tunables", "features", "calls": [[export, [argument bits ...]] ...], "returns": {libcall: value}}.
An outcome: {"results": [bits ...]} or {"trap": code, "at": wasm byte offset or null}; and "libcalls": [[name, argument ...] ...] for each call.
Libcalls but `trap` only note their arguments and return what the request says. Bits of one value are an unsigned integer.

`trap` and faults jump back to where the code was entered, by the few machine instructions below, as the vm does.
"""

from __future__ import annotations

import bisect
import ctypes
import json
import mmap
import struct
import sys
from typing import Any

from wasm_codegen_llvm import create
from wasm_environ import libcalls, module, traps, types
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.linking import assemble, elf
from wasm_environ.text import parse_text
from wasm_environ.vmtypes import ARGUMENT_SLOTS, GUARD_EXTRA, OVERFLOW_PAGE, RESERVATION, STORE_ARGS, VALUE_SIZE, ContextLayout

PUSH_ALL = bytes.fromhex("5553 4154 4155 4156 4157")
POP_ALL_RETURN = bytes.fromhex("415f 415e 415d 415c 5b 5d c3")
# int enter(rdi = entry, rsi = vmctx, rdx = values, rcx = code, r8 = save): keeps rsp in save[0]; -1 when the code returns.
ENTER = PUSH_ALL + bytes.fromhex("498920 4889f8 4889f7 4889d6 4889ca 4883ec08 ffd0 4883c408 b8ffffffff") + POP_ALL_RETURN
# void trap(rdi = vmctx, esi = code): the vmctx's reserved field points to save; save[1] = return address.
TRAP = bytes.fromhex("488b4728 488b0c24 48894808 488b20 89f0") + POP_ALL_RETURN


def fault(save: int) -> bytes:
    """The signal handler(sig, info, rdx = ucontext): as a trap with code FAULT at the interrupted pc; save[2] = si_addr."""
    return b"\x48\xb8" + struct.pack("<Q", save) + bytes.fromhex("488b8aa8000000 48894808 488b4e10 48894810 488b20 b8e9030000") + POP_ALL_RETURN


FAULT = 1001


class Sigaction(ctypes.Structure):
    _fields_ = (("handler", ctypes.c_void_p), ("mask", ctypes.c_uint64 * 16), ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p))


libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
NORESERVE = 0x4022  # private, anonymous, no swap reserved
CTYPES = {"p": ctypes.c_uint64, "i": ctypes.c_uint32, "I": ctypes.c_uint64, "f": ctypes.c_float, "F": ctypes.c_double}


def place(code: bytes) -> int:
    """Machine code in executable memory."""
    size = (len(code) + 4095) & -4096
    at: int = libc.mmap(None, size, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    ctypes.memmove(at, code, len(code))
    libc.mprotect(at, size, 5)
    return at


def cpu_features() -> frozenset[str]:
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        return frozenset(next(line for line in lines if line.startswith("flags")).split(":")[1].split())


class Machine:
    """One instance of a module."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.module = parse_text(request["wat"], features=ALL)
        tunables = Tunables(**request.get("tunables", {}))
        target = Target("x86_64", cpu_features=cpu_features() if request.get("cpu", True) else frozenset())
        image = assemble.compile_module(self.module, create(target, tunables), target, tunables, ALL)
        _, sections = elf.read(image)
        self.tables = {name: memoryview(image[at : at + size]) for name, (at, size) in sections.items()}
        self.code = place(bytes(self.tables[".text"]))
        self.notes: list[list[Any]] = []
        self.save = (ctypes.c_uint64 * 3)()
        self.store = (ctypes.c_uint64 * ((STORE_ARGS + VALUE_SIZE * ARGUMENT_SLOTS) // 8))()
        self.store[1] = request.get("fuel", 0)
        self.keep: list[Any] = []
        self.layout = ContextLayout(self.module)
        self.block = ctypes.create_string_buffer(self.layout.size + 64)
        self.vm = (ctypes.addressof(self.block) + 63) & -64
        self._fill(request.get("returns", {}))
        self.stack_pointer = ctypes.CFUNCTYPE(ctypes.c_uint64)(place(bytes.fromhex("4889e0 c3")))  # mov rax, rsp; ret
        self.enter = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 5)(place(ENTER))
        action = Sigaction(place(fault(ctypes.addressof(self.save))), flags=0x40000004)  # SA_NODEFER | SA_SIGINFO
        libc.sigaction(11, ctypes.byref(action), None)

    def put(self, offset: int, value: int) -> None:
        ctypes.c_uint64.from_address(self.vm + offset).value = value & (1 << 64) - 1

    def _fill(self, returns: dict[str, int]) -> None:
        m, layout = self.module, self.layout
        builtins = (ctypes.c_void_p * len(libcalls.LIBCALLS))(*[self._libcall(*row[:2], returns) for row in libcalls.LIBCALLS])
        self.keep.append(builtins)
        self.put(8, ctypes.addressof(self.store))
        self.put(16, ctypes.addressof(builtins))
        self.put(40, ctypes.addressof(self.save))
        for index, memory in enumerate(m.memories):
            base: int = libc.mmap(None, RESERVATION + GUARD_EXTRA, 0, NORESERVE, -1, 0)
            size = memory.limits.min << memory.page_size_log2
            libc.mprotect(base, size, 3)
            self._define(layout.memory(index) + 8, base, size)
            self.put(layout.memory(index), base)
        for index, wasm_global in enumerate(m.globals):
            self.put(layout.global_cell(index)[0], wasm_global.init.ops[0][1] if wasm_global.init else 0)
        for index, t in enumerate(m.types):
            ctypes.c_uint32.from_address(self.vm + layout.type_id(index)).value = t.canonical + 7
        for function, slot in layout.func_ref_slots.items():
            at = layout.func_refs + 32 * slot
            self.put(at, self.address(function))
            self.put(at + 8, self.vm)
            self.put(at + 16, m.types[m.functions[function]].canonical + 7)
        for index, table in enumerate(m.tables):
            elements = (ctypes.c_uint64 * table.type.limits.min)()
            self.keep.append(elements)
            self._define(layout.table(index), ctypes.addressof(elements), table.type.limits.min)
            for segment in m.elements:
                if segment.mode == module.ACTIVE and segment.table == index and segment.offset is not None:
                    for slot, function in enumerate(segment.functions or ()):
                        elements[segment.offset.ops[0][1] + slot] = self.vm + layout.func_ref(function)

    def _define(self, offset: int, base: int, length: int) -> None:
        definition = (ctypes.c_uint64 * 2)(base, length)
        self.keep.append(definition)
        self.put(offset, ctypes.addressof(definition))

    def _libcall(self, name: str, signature: str, returns: dict[str, int]) -> int:
        if name == "trap":
            return place(TRAP)
        operands, result = signature.split(":")

        def note(_: int, *arguments: int) -> int | None:
            self.notes.append([name, *arguments])
            value = returns.get(name, 0)
            if isinstance(value, str):  # a function, by its export's name
                value = self.vm + self.layout.func_ref(self.exports()[value])
            return value if result else None

        function = ctypes.CFUNCTYPE(CTYPES.get(result), *[CTYPES[t] for t in operands])(note)
        self.keep.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value or 0

    def exports(self) -> dict[str, int]:
        return {export.name: export.index for export in self.module.exports if export.kind == module.FUNC}

    def address(self, function: int) -> int:
        return self.code + self.tables[".wasm.functions"].cast("I")[2 * (function - self.module.imported_functions)]

    def call(self, name: str, arguments: list[int]) -> dict[str, Any]:
        """Call an export."""
        m = self.module
        function = self.exports()[name]
        t = m.func_type(function)
        values = (ctypes.c_uint64 * (2 * max(len(t.params), len(t.results), 1)))()
        for index, bits in enumerate(arguments):
            values[2 * index], values[2 * index + 1] = bits & (1 << 64) - 1, bits >> 64
        entry = assemble.trampoline_types(m)[0].index(m.types[m.functions[function]].canonical)
        self.store[0] = self.stack_pointer() - (256 << 10)
        code = self.enter(
            self.code + self.tables[".wasm.entries"].cast("I")[entry], self.vm, ctypes.addressof(values), self.address(function),
            ctypes.addressof(self.save),
        )  # fmt: skip
        outcome: dict[str, Any] = {"libcalls": self.notes, "fuel": self.store[1]}
        self.notes = []
        if code >= 0:
            fault = traps.STACK_OVERFLOW if self.save[2] == OVERFLOW_PAGE else traps.MEMORY_OUT_OF_BOUNDS
            return outcome | {"trap": fault if code == FAULT else code, "at": self.wasm_offset(code)}
        widths = {types.I32: 32, types.F32: 32, types.V128: 128}
        bits = [(values[2 * k] | values[2 * k + 1] << 64) & (1 << widths.get(r, 64)) - 1 for k, r in enumerate(t.results)]
        return outcome | {"results": bits}

    def wasm_offset(self, code: int) -> int | None:
        """Which wasm instruction the trap came from: a fault is at its pc, a call before the return address."""
        rows = self.tables[".wasm.addresses"].cast("I").tolist()
        pc = self.save[1] - self.code - (0 if code == FAULT else 1)
        found = bisect.bisect_right(rows[0::2], pc)
        return rows[2 * found - 1] if found else None


def main() -> None:
    request = json.load(sys.stdin)
    machine = Machine(request)
    outcomes = [machine.call(name, arguments) for name, arguments in request["calls"]]
    json.dump(outcomes, sys.stdout)


main()
