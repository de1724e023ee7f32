"""Validation of function bodies in one pass that writes the op stream, a file per chapter of the spec."""
