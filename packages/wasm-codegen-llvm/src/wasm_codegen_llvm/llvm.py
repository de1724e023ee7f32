"""IR text to object file: the only file that touches llvmlite, which is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from wasm_codegen_llvm.passes import pipeline

if TYPE_CHECKING:
    from wasm_codegen_llvm.isa import Isa

# Options of LLVM itself.
# x86: a select of a load must not become a branch around the load, or the load's trap would be lost; and a select is what wasm's producer
# wanted (sieve: 1.6 times as fast). Instructions of different places must not be merged, else a trap would report the wrong one. Frames are
# set up before the first access, so that a trap there finds the caller.
OPTIONS: Final = ("-x86-cmov-converter=false", "-enable-tail-merge=false", "-enable-shrink-wrap=false")

_started = False


def _binding() -> Any:
    """llvmlite.binding, with targets and options set up once."""
    global _started
    import llvmlite.binding as binding

    if not _started:
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        for option in OPTIONS:
            binding.set_option("", option)
        _started = True
    return binding


@final
class Machine:
    """LLVM set up for one target: optimizes and emits modules. Not for several threads at once."""

    def __init__(self, isa: Isa, optimize: int = 2) -> None:
        binding = self.binding = _binding()
        target = binding.Target.from_triple(isa.triple)
        codegen, passes = pipeline(optimize)
        self.target_machine = target.create_target_machine(cpu=isa.cpu, features=isa.features, opt=codegen, reloc="pic", codemodel="small", abiname=isa.abi)
        self.passes = binding.create_new_function_pass_manager()
        for name in passes:
            getattr(self.passes, f"add_{name}_pass")()

    def emit(self, text: str) -> bytes:
        """The object file of a module given as text.

        Text that LLVM rejects is a defect of this package: AssertionError.
        """
        binding = self.binding
        try:
            module = binding.parse_assembly(text)
        except RuntimeError as error:
            raise AssertionError(f"LLVM rejects the code made for this module: {error}") from error
        with (
            module,
            binding.create_pipeline_tuning_options() as options,
            binding.create_pass_builder(self.target_machine, options) as builder,
        ):
            for function in module.functions:
                if not function.is_declaration:
                    self.passes.run(function, builder)
            code: bytes = self.target_machine.emit_object(module)
        return code
