"""Aliases from bytes (Binary.md: alias)."""

from __future__ import annotations

from wasm_environ.component.binary.cursor import CORE_SORT, leading, sort
from wasm_environ.component.syntax import (
    COMPONENT,
    COMPONENT_SORT,
    CORE_MODULE,
    CORE_TAG,
    CORE_TYPE,
    TYPE,
    AliasExport,
    AliasOuter,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.binary.reader import Reader

EXPORT: Final = 0x00
CORE_EXPORT: Final = 0x01
OUTER: Final = 0x02
OUTER_SORTS: Final = (CORE_TYPE, CORE_MODULE, TYPE, COMPONENT)


def alias(r: Reader) -> AliasExport | AliasOuter:
    """One alias: which sorts there are depends on the target, which comes after the sort."""
    at = r.pos
    first = r.byte()
    core = first == CORE_SORT
    second = r.byte() if core else first
    place = r.pos - 1
    target = r.byte()
    after = r.pos
    if target == EXPORT:
        r.pos = at
        of = sort(r)
        r.pos = after
    elif target == CORE_EXPORT:
        if not core:
            raise leading(first, "core instance export kind", place)
        if second > CORE_TAG:
            raise leading(second, "external kind", place)
        of = second
    elif target == OUTER:
        of = second if core else second | COMPONENT_SORT
        if of not in OUTER_SORTS:
            raise leading(second, "component outer alias kind", place)
        return AliasOuter(at, of, r.u32(), r.u32())
    else:
        raise leading(target, "alias", after - 1)
    instance = r.u32()
    return AliasExport(at, of, instance, r.name(), target == CORE_EXPORT)
