"""Whether a component may be: its index spaces, types, resources, names and canonical definitions (Explainer.md, CanonicalABI.md, Binary.md)."""

from __future__ import annotations

from wasm_environ.component.validation.components import ComponentInfo, validate

__all__ = ["ComponentInfo", "validate"]
