"""Prints the assembly of a module: reads {"wat", "isa", "optimize"} as JSON on standard input. In a process of its own, as all of LLVM."""

from __future__ import annotations

import json
import sys

from wasm_codegen_llvm.batches import BatchCompiler
from wasm_codegen_llvm.isa import Isa
from wasm_codegen_llvm.llvm import Machine
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.text import parse_text


def main() -> None:
    request = json.load(sys.stdin)
    isa = Isa(Target(request["isa"]))
    machine = Machine(isa, request["optimize"])
    module = parse_text(request["wat"], features=ALL)
    compiler = BatchCompiler(module, ALL, Tunables(optimize=request["optimize"]), isa, machine)
    with machine.binding.parse_assembly(compiler.text(0, len(module.code_starts))) as parsed:
        sys.stdout.write(machine.target_machine.emit_assembly(parsed))


main()
