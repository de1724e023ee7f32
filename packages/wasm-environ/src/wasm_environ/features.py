"""The features: one row a proposal, with the suite's and wasmtime's name, whether it is on by default, and what it needs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Columns: name, on by default, released in (spec version, proposal, or the component model), needs.
ROWS: Final = (
    ("mvp", True, "1.0", ""),
    ("mutable_global", True, "2.0", ""),
    ("saturating_float_to_int", True, "2.0", ""),
    ("sign_extension", True, "2.0", ""),
    ("multi_value", True, "2.0", ""),
    ("reference_types", True, "2.0", ""),
    ("bulk_memory", True, "2.0", ""),
    ("simd", True, "2.0", ""),
    ("tail_call", True, "3.0", ""),
    ("extended_const", True, "3.0", ""),
    ("function_references", True, "3.0", "reference_types"),
    ("gc", True, "3.0", "function_references"),
    ("exceptions", True, "3.0", ""),
    ("multi_memory", True, "3.0", ""),
    ("memory64", True, "3.0", ""),
    ("relaxed_simd", True, "3.0", "simd"),
    ("threads", True, "proposal", ""),
    ("wide_arithmetic", False, "proposal", ""),
    ("custom_page_sizes", False, "proposal", ""),
    ("custom_descriptors", False, "proposal", "gc"),
    ("stack_switching", False, "proposal", "function_references"),
    ("legacy_exceptions", True, "legacy", ""),
    ("component_model", True, "component", ""),
    ("component_model_async", True, "component", "component_model"),
    ("component_model_async_stackful", False, "component", "component_model_async"),
    ("component_model_more_async_builtins", False, "component", "component_model_async"),
    ("component_model_threading", False, "component", "component_model_async"),
    ("component_model_error_context", False, "component", "component_model"),
    ("component_model_fixed_length_lists", False, "component", "component_model"),
    ("component_model_map", False, "component", "component_model"),
    ("component_model_implements", False, "component", "component_model"),
    ("component_model_values", False, "component", "component_model"),
    ("component_model_nested_names", False, "component", "component_model"),
    ("component_model_canon_names", False, "component", "component_model"),
    ("component_model_memory64", False, "component", "component_model"),
)


class Features:
    """The set of features that are on, as names. `off` and `on` are applied to the default set; an unknown name raises ValueError."""

    __slots__ = ("enabled",)

    def __init__(self, on: tuple[str, ...] = (), off: tuple[str, ...] = ()) -> None:
        known = {row[0] for row in ROWS}
        for name in (*on, *off):
            if name not in known:
                raise ValueError(f"unknown feature {name!r}; known: {', '.join(sorted(known))}")
        self.enabled = frozenset({row[0] for row in ROWS if row[1]} | set(on)) - set(off)

    def __contains__(self, name: str) -> bool:
        return name in self.enabled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Features) and self.enabled == other.enabled

    def __hash__(self) -> int:
        return hash(self.enabled)

    def __repr__(self) -> str:
        return f"Features({', '.join(sorted(self.enabled))})"


DEFAULT: Final = Features()
ALL: Final = Features(on=tuple(row[0] for row in ROWS))
