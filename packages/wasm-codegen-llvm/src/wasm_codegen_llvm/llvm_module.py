"""A batch: the LLVM module around several functions, and what they share (signatures, metadata, the trap stub)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from wasm_codegen_llvm.ir import Signature, with_quiet_rounding, without_fences
from wasm_environ.composites import StructType
from wasm_environ.heap_layout import exception_layout, struct_layout
from wasm_environ.libcalls import INDEX
from wasm_environ.own_functions import all_functions_are_own
from wasm_environ.types import FuncType
from wasm_environ.vmtypes import CONTEXT_BUILTINS, POINTER_SIZE, ContextLayout

if TYPE_CHECKING:
    from wasm_codegen_llvm.isa import Isa
    from wasm_environ.compiler import Tunables
    from wasm_environ.heap_layout import Layout
    from wasm_environ.module import Module

# Functions and host thunks, #0 and (giant) #3, are what exceptions leave: they have unwind tables. Entry trampolines, #4, are where they end.
# The trap libcall is entered through a stub that leaves no frame, so that the return address is the trapping function's: eight bytes a trap
# instead of sixteen.
PREAMBLE: Final = f"""\
target triple = "$triple"
@personality = external hidden global i8
define internal void @trap(ptr %vm, i32 %code) #2 {{
%p = getelementptr i8, ptr %vm, i64 {CONTEXT_BUILTINS}
%builtins = load ptr, ptr %p
%q = getelementptr i8, ptr %builtins, i64 {POINTER_SIZE * INDEX["trap"]}
%f = load ptr, ptr %q
tail call void %f(ptr %vm, i32$extension %code)
ret void
}}
attributes #0 = {{ uwtable(sync) $frames "probe-stack"="inline-asm" }}
attributes #1 = {{ noreturn nounwind cold nomerge }}
attributes #2 = {{ nounwind noinline cold "frame-pointer"="none" }}
attributes #3 = {{ uwtable(sync) optnone noinline $frames "probe-stack"="inline-asm" }}
attributes #4 = {{ nounwind $frames "probe-stack"="inline-asm" }}
!0 = !{{!"branch_weights", i32 1, i32 2000}}
!1 = !{{}}
!2 = !{{!"$sp"}}
"""
DEBUG: Final = """\
!llvm.dbg.cu = !{!3}
!llvm.module.flags = !{!4, !5}
!3 = distinct !DICompileUnit(language: DW_LANG_C99, file: !6, emissionKind: LineTablesOnly)
!4 = !{i32 2, !"Debug Info Version", i32 3}
!5 = !{i32 2, !"Dwarf Version", i32 4}
!6 = !DIFile(filename: "w", directory: "")
"""
FIRST_SUBPROGRAM: Final = 10


@final
class Shared:
    """What all batches of one module share: its layout, and the signatures met so far."""

    __slots__ = ("bounds_checked", "isa", "layout", "layouts", "module", "own_functions", "signatures", "tunables")

    def __init__(self, module: Module, tunables: Tunables, isa: Isa) -> None:
        self.module = module
        self.tunables = tunables
        self.isa = isa
        self.layout = ContextLayout(module)
        self.own_functions = all_functions_are_own(module)
        self.bounds_checked = [tunables.needs_bounds_check(memory) for memory in module.memories]
        self.signatures: dict[int, Signature] = {}
        self.layouts: dict[int, Layout] = {}

    def signature(self, type_index: int) -> Signature:
        """The signature of a canonical type index."""
        signature = self.signatures.get(type_index)
        if signature is None:
            composite = self.module.types[type_index].composite
            assert isinstance(composite, FuncType)
            signature = self.signatures[type_index] = Signature(composite, self.isa.name)
        return signature

    def is_func_type(self, type_index: int) -> bool:
        """Whether a type is a function's."""
        return isinstance(self.module.types[type_index].composite, FuncType)

    def type_depth(self, type_index: int) -> int:
        """How many supertypes a type has."""
        depth = 0
        while self.module.types[type_index].supers:
            type_index = self.module.types[type_index].supers[0]
            depth += 1
        return depth

    def struct_layout(self, type_index: int) -> Layout:
        """Where the fields of a struct type lie."""
        layout = self.layouts.get(type_index)
        if layout is None:
            t = self.module.types[type_index]
            assert isinstance(t.composite, StructType)
            layout = self.layouts[type_index] = struct_layout(t.composite, self.is_func_type, t.descriptor >= 0)
        return layout

    def exception_layout(self, type_index: int) -> Layout:
        """Where exceptions of tags of this type, a function's, keep their values."""
        layout = self.layouts.get(type_index)
        if layout is None:
            composite = self.module.types[type_index].composite
            assert isinstance(composite, FuncType)
            layout = self.layouts[type_index] = exception_layout(composite, self.is_func_type)
        return layout

    def struct_fields(self, type_index: int) -> list[int]:
        """The storage types of a struct type's fields."""
        composite = self.module.types[type_index].composite
        assert isinstance(composite, StructType)
        return [field.type for field in composite.fields]


@final
class Batch:
    """One LLVM module in the making."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.module = shared.module
        self.tunables = shared.tunables
        self.isa = shared.isa
        self.layout = shared.layout
        self.bounds_checked = shared.bounds_checked
        self.own_functions = shared.own_functions
        self.signature = shared.signature
        self.is_func_type = shared.is_func_type
        self.type_depth = shared.type_depth
        self.struct_layout = shared.struct_layout
        self.exception_layout = shared.exception_layout
        self.struct_fields = shared.struct_fields
        self.definitions: list[str] = []
        self.defined: set[int] = set()
        self.called: set[int] = set()
        self.subprograms = 0

    def uses(self, function: int) -> None:
        """Note a direct call of a function of the module."""
        self.called.add(function)

    def subprogram(self) -> int:
        """The metadata number of a new debug scope."""
        self.subprograms += 1
        return FIRST_SUBPROGRAM + self.subprograms - 1

    def add(self, function: int, definition: str) -> None:
        """Add a lowered function."""
        self.defined.add(function)
        self.definitions.append(definition)

    def text(self) -> str:
        """The LLVM module."""
        parts = [preamble(self.isa), DEBUG, *self.definitions]
        for function in sorted(self.called - self.defined):
            signature = self.signature(self.module.types[self.module.functions[function]].canonical)
            parts.append(f"declare hidden {signature.result} @f{function}({', '.join(signature.params)})\n")
        for number in range(FIRST_SUBPROGRAM, FIRST_SUBPROGRAM + self.subprograms):
            parts.append(f'!{number} = distinct !DISubprogram(name: "", file: !6, unit: !3, spFlags: DISPFlagDefinition)\n')
        text = "".join(parts)
        if not self.isa.quiet_rounding:
            text = with_quiet_rounding(text)
        return text if self.isa.arithmetic_fences else without_fences(text)


def preamble(isa: Isa) -> str:
    """What every LLVM module begins with."""
    text = PREAMBLE.replace("$triple", isa.triple).replace("$sp", isa.stack_pointer)
    return text.replace("$extension", isa.extension).replace("$frames", isa.frames)
