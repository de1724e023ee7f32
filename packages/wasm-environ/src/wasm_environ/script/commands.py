"""What a .wast script says, as plain data: one class a command, values as (type, bits) pairs, expected results as patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from wasm_environ.features import DEFAULT, Features

NAN_CANONICAL: Final = -1
NAN_ARITHMETIC: Final = -2

# An argument: (type, payload). i32 i64 f32 f64 v128: the bits, unsigned. ref.extern, ref.host: the number; ref.func: the index, -1 when
# not said. ref.null: the heap type's byte as in `wasm_environ.types`, the type index - 2**32 when it is one, -1 when not said.
Value = tuple[str, int]

_FLOAT_LANES: Final = {"f32": (32, 23, 0xFF), "f64": (64, 52, 0x7FF), "f32x4": (32, 23, 0xFF), "f64x2": (64, 52, 0x7FF)}
LANE_BITS: Final = {"i8x16": 8, "i16x8": 16, "i32x4": 32, "i64x2": 64, "f32x4": 32, "f64x2": 64}


def lane_matches(wanted: int, bits: int, lane: str) -> bool:
    """Whether the bits of a number, or of one lane, are what is wanted: the same bits, or a NaN of the kind asked for."""
    if wanted >= 0:
        return wanted == bits
    width, mantissa, infinity = _FLOAT_LANES[lane]
    magnitude = bits & (1 << (width - 1)) - 1
    canonical = infinity << mantissa | 1 << (mantissa - 1)
    return magnitude == canonical if wanted == NAN_CANONICAL else magnitude & canonical == canonical


@dataclass(frozen=True, slots=True)
class Expected:
    """A result pattern. `kind` is a value type's name, `ref.null`, `ref.func`, `ref.extern`, `ref.host`, `ref.any`, `ref.eq`, `ref.i31`,
    `ref.struct`, `ref.array`, `ref.exn`, `ref.i31_shared` or `either`.

    `bits`: the value, NAN_CANONICAL or NAN_ARITHMETIC for floats; for references as in `Value`, -1 when any will do.
    v128: `shape` and `lanes` (each like `bits`). either: `options`.
    """

    kind: str
    bits: int = -1
    shape: str = ""
    lanes: tuple[int, ...] = ()
    options: tuple[Expected, ...] = ()

    def matches_number(self, bits: int) -> bool:
        """Whether a number or vector with these bits is as expected; the caller has compared the types."""
        if self.kind == "either":
            return any(option.matches_number(bits) for option in self.options)
        if self.kind != "v128":
            return lane_matches(self.bits, bits, self.kind)
        width = LANE_BITS[self.shape]
        mask = (1 << width) - 1
        return all(lane_matches(wanted, bits >> i * width & mask, self.shape) for i, wanted in enumerate(self.lanes))

    def __repr__(self) -> str:
        if self.kind == "either":
            return f"either {' | '.join(map(repr, self.options))}"
        if self.kind == "v128":
            return f"v128 {self.shape} {' '.join(map(_lane_name, self.lanes))}"
        return f"{self.kind} {_lane_name(self.bits)}"


def _lane_name(bits: int) -> str:
    return {NAN_CANONICAL: "nan:canonical", NAN_ARITHMETIC: "nan:arithmetic"}.get(bits, f"0x{bits:x}")


@dataclass(frozen=True, slots=True)
class ComponentValue:
    """A value of a component, as an argument or expected. By `kind`, which is a type's word:

    bool: a bool    s8 ... u64: the number    f32 f64: the bits, or NAN_CANONICAL or NAN_ARITHMETIC    char string: a str
    list tuple: a tuple of values    record: a tuple of (label, value)    flags: a tuple of labels    enum: the label
    variant: (label, value or None)    option: a value or None    result: (whether it is ok, value or None)
    """

    kind: str
    value: Any

    def __repr__(self) -> str:
        return f"({self.kind} {self.value!r})"


@dataclass(frozen=True, slots=True)
class ModuleCommand:
    """(module $name definition? ...) or (component ...). `kind` is text, binary or quote; `definition`: compile only, do not instantiate."""

    name: str
    kind: str
    definition: bool
    source: str  # text: the module as written
    data: bytes  # binary: the module; quote: its text
    line: int
    column: int = 1
    is_component: bool = False

    def binary(self, features: Features = DEFAULT) -> bytes:
        """The module's bytes. A text is parsed here and now: TextError when it is malformed."""
        if self.kind == "binary":
            return self.data
        from wasm_environ.component.text.parser import parse_component
        from wasm_environ.text.module import parse_module

        parse = parse_component if self.is_component else parse_module
        if self.kind == "quote":
            return parse(b"(component " + self.data + b")" if self.is_component else self.data, features=features)
        # Spaces for what is before the module on its line, so that an error names the column in the script.
        return parse(" " * (self.column - 1) + self.source, first_line=self.line, features=features)


@dataclass(frozen=True, slots=True)
class ModuleInstance:
    """(module instance $name $definition), (component instance ...): instantiate a definition again."""

    name: str
    definition: str
    line: int
    is_component: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """(register "as" $name): offer an instance's exports under a module name. `name` is "" for the last instance."""

    as_name: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Invoke:
    """(invoke $module "function" arguments...). `module` is "" for the last instance.

    `args` are the arguments as a module's function takes them, () if one is for components only; `values` as a component's does, None if one
    is for modules only.
    """

    module: str
    function: str
    args: tuple[Value, ...]
    line: int
    values: tuple[ComponentValue, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Get:
    """(get $module "global")."""

    module: str
    name: str
    line: int


Action = Invoke | Get


@dataclass(frozen=True, slots=True)
class AssertReturn:
    """(assert_return action results...). `expected` are the results of a module's function, `values` those of a component's, as in `Invoke`."""

    action: Action
    expected: tuple[Expected, ...]
    line: int
    values: tuple[ComponentValue, ...] | None = ()


@dataclass(frozen=True, slots=True)
class AssertTrap:
    """(assert_trap action "message"), or of a module: its instantiation traps."""

    action: Action | ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertExhaustion:
    """(assert_exhaustion action "message")."""

    action: Action
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertException:
    """(assert_exception action): it throws and nothing catches."""

    action: Action
    line: int


@dataclass(frozen=True, slots=True)
class AssertSuspension:
    """(assert_suspension action "message")."""

    action: Action
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertMalformed:
    """(assert_malformed module "message"): does not parse or decode."""

    module: ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertMalformedCustom:
    """(assert_malformed_custom module "message"): an annotation does not parse, or a custom section does not decode."""

    module: ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertInvalid:
    """(assert_invalid module "message"): does not validate."""

    module: ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertInvalidCustom:
    """(assert_invalid_custom module "message"): a custom section does not validate."""

    module: ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class AssertUnlinkable:
    """(assert_unlinkable module "message"): does not instantiate, for an import."""

    module: ModuleCommand
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Thread:
    """(thread $name (shared (module $M))* commands...): run commands in a thread of their own, which sees the shared modules."""

    name: str
    shared: tuple[str, ...]
    commands: list[Command]
    line: int


@dataclass(frozen=True, slots=True)
class Wait:
    """(wait $thread): until it has ended."""

    thread: str
    line: int


Command = (
    ModuleCommand | ModuleInstance | Register | Invoke | Get | AssertReturn | AssertTrap | AssertExhaustion | AssertException
    | AssertSuspension | AssertMalformed | AssertMalformedCustom | AssertInvalid | AssertInvalidCustom | AssertUnlinkable
    | Thread | Wait
)  # fmt: skip
