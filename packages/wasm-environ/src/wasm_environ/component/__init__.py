"""Components: read, check, write, plan and describe them (the component model's Binary.md, Explainer.md and CanonicalABI.md).

The path of the data: `binary` or `text` -> `syntax` (what it says) -> `validation` (whether it may) -> `plan` (what instantiating it does) with
the call programs of `abi`.
"""

PREAMBLE = b"\0asm\x0d\0\1\0"  # of a binary: magic, version, layer
ARTIFACT_MAGIC = b"\x7fwasm-component\0"
