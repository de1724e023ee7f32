"""Shadowing: what the linkers of modules and of components have in common: whether a definition may replace another."""

from __future__ import annotations


class Shadowing:
    """A set of definitions by name."""

    __slots__ = ("_allow_shadowing",)

    def __init__(self) -> None:
        self._allow_shadowing = False

    @property
    def allow_shadowing(self) -> bool:
        """Whether a definition may replace an earlier one of the same name; else that is an error."""
        return self._allow_shadowing

    @allow_shadowing.setter
    def allow_shadowing(self, allow: bool) -> None:
        if not isinstance(allow, bool):
            raise TypeError(f"allow_shadowing: expected a bool, not {type(allow).__name__}")
        self._check_free()
        self._allow_shadowing = allow

    def _check_free(self) -> None:
        """Raise unless definitions may change now."""
