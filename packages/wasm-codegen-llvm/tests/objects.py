"""Writes the object of a module's first functions, and what the backend reads in it, marshalled; reads {"wat", "isa", "optimize", "functions"} as JSON.

In a process of its own, as all of LLVM. functions: how many, 0 for all.
"""

from __future__ import annotations

import json
import marshal
import sys

from wasm_codegen_llvm import object_file
from wasm_codegen_llvm.batches import BatchCompiler
from wasm_codegen_llvm.isa import Isa
from wasm_codegen_llvm.llvm import Machine
from wasm_codegen_llvm.llvm_module import FIRST_SUBPROGRAM
from wasm_codegen_llvm.pipe import code_to_plain
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.text import parse_text


def main() -> None:
    request = json.load(sys.stdin)
    isa = Isa(Target(request["isa"]))
    tunables = Tunables(optimize=request["optimize"])
    machine = Machine(isa, tunables.optimize)
    module = parse_text(request["wat"], features=ALL)
    data = machine.emit(BatchCompiler(module, ALL, tunables, isa, machine).text(0, request["functions"] or len(module.code_starts)))
    marshal.dump((data, code_to_plain(object_file.read(data, FIRST_SUBPROGRAM))), sys.stdout.buffer)


main()
