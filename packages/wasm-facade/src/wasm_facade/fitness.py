"""Whether an artifact fits an engine: architecture, system, CPU features, runtime, compiler, and the settings that code and runtime share."""

from __future__ import annotations

from wasm_environ.errors import ArtifactError
from wasm_facade.discovery import installed_version, plain_target
from wasm_vm import LAYOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.artifact import Head
    from wasm_facade.engine import Engine


def check(engine: Engine, head: Head) -> None:
    """Raise ArtifactError naming what does not fit. Any compiler's code will do, made at any optimization level."""
    _, isa, system, features, tunables, compiler, version, layout = head.fingerprint
    if layout != LAYOUT:
        raise ArtifactError("the artifact was compiled for another version of the runtime; compile the module again")
    here = installed_version(compiler)
    if here not in (None, version):
        raise ArtifactError(f"the artifact was compiled by {compiler} {version}, and here is {compiler} {here}; compile the module again")
    if engine._triple is not None or engine._cpu is not None:
        engine._check_runnable()
    here_isa, here_system, here_features = plain_target(None)
    if isa != here_isa:
        raise ArtifactError(f"the artifact was compiled for another architecture: {isa}, this machine is {here_isa}")
    if system != here_system:
        raise ArtifactError(f"the artifact was compiled for another operating system: {system}, this one is {here_system}")
    missing = set(features) - here_features
    if missing:
        raise ArtifactError(f"the artifact needs CPU features that this machine lacks: {' '.join(sorted(missing))}")
    if tunables[0] and not engine._guarded:
        raise ArtifactError(
            "the artifact relies on guards around memories, and this engine has none: Config.memory_reservation is below 4 GiB, "
            "Config.signals_based_traps is off, or the system refused the address space when the engine was made (ulimit -v)"
        )
    if bool(tunables[1]) != engine._consume_fuel:
        here, there = ("counts", "does not") if engine._consume_fuel else ("does not count", "does")
        raise ArtifactError(f"this engine {here} fuel (Config.consume_fuel), the artifact {there}")
    if bool(tunables[4]) != engine._canonical_nans:
        here, there = ("makes", "does not") if engine._canonical_nans else ("does not make", "does")
        raise ArtifactError(f"this engine {here} NaNs canonical (Config.cranelift_nan_canonicalization), the artifact's code {there}")
    if engine._spectre_mitigation and not tunables[5]:
        raise ArtifactError("the artifact was compiled without the masks of addresses that this engine asks for (Config.spectre_mitigation)")
