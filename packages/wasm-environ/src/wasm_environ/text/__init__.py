"""The text format: parse a .wat to a binary, print a module as text, read .wast scripts, list what a binary holds."""

from __future__ import annotations
