"""The official suite's scripts (.wast), run on any strategy: `executor`, its values, and the modules that scripts import."""

from __future__ import annotations
