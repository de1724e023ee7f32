"""IR text to object file: the only file that touches llvmlite, which is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Set

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
        self.target_machine = target.create_target_machine(cpu=isa.cpu, features=isa.features, opt=optimize, reloc="pic", codemodel="small", abiname=isa.abi)
        self.passes = self._pass_manager("sroa", "new_gvn", "simplify_cfg") if optimize else self._pass_manager("sroa")
        self.simple_passes = self._pass_manager("sroa", "simplify_cfg") if optimize else self.passes

    def _pass_manager(self, *names: str) -> Any:
        manager = self.binding.create_new_function_pass_manager()
        for name in names:
            getattr(manager, f"add_{name}_pass")()
        return manager

    def emit(self, text: str, simple: Set[str] = frozenset()) -> bytes:
        """The object file of a module given as text. `simple` names the functions that are optimized less.

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
                    passes = self.simple_passes if simple and function.name in simple else self.passes
                    passes.run(function, builder)
            code: bytes = self.target_machine.emit_object(module)
        return code
