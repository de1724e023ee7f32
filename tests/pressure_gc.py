"""Instructions of garbage collection and custom descriptors for `pressure`: forms, types and globals.

Letters: x anyref; s a struct; y w b arrays of i64, v128, i8; z a struct with a descriptor, d a descriptor. What is made is read again, so that the bits count.
"""

from __future__ import annotations

TYPES = {
    "x": "anyref", "s": "(ref null $s)", "y": "(ref null $y)", "w": "(ref null $w)", "b": "(ref null $b)",
}  # fmt: skip
DESCRIPTOR_TYPES = {"z": "(ref null $z)", "d": "(ref null (exact $d))"}
# Globals that operands of a letter are taken from, by number: what they are at first.
VALUES: dict[str, tuple[str, ...]] = {
    "x": ("(struct.new_default $s)", "(struct.new_default $t)", "(ref.i31 (i32.const 9))", "(struct.new_default $d9)"),
    "s": ("(struct.new $s (i64.const 7) (f64.const 3) (v128.const i64x2 5 6) (i32.const -4) (f32.const 2.5) (i32.const 200) (ref.null any))",
          "(struct.new_default $t)"),
    "y": ("(array.new $y (i64.const 11) (i32.const 300))",),
    "w": ("(array.new $w (v128.const i64x2 8 9) (i32.const 300))",),
    "b": ("(array.new $b (i32.const 0x85) (i32.const 300))",),
}  # fmt: skip
DESCRIPTOR_VALUES: dict[str, tuple[str, ...]] = {
    "d": ("(struct.new $d (i32.const 1))", "(struct.new $d (i32.const 2))"),
    "z": ("(struct.new_desc $z (i64.const 3) (v128.const i64x2 1 2) (struct.new $d (i32.const 3)))", "(struct.new_desc $z (i64.const 4) (v128.const i64x2 1 2) (global.get $gd0))"),
}  # fmt: skip
PRELUDE = """
(rec (type $s (sub (struct (field (mut i64)) (field (mut f64)) (field (mut v128)) (field (mut i32)) (field (mut f32)) (field (mut i8)) (field (mut anyref))))))
(type $t (sub final $s (struct (field (mut i64)) (field (mut f64)) (field (mut v128)) (field (mut i32)) (field (mut f32)) (field (mut i8)) (field (mut anyref)))))
(type $y (array (mut i64))) (type $w (array (mut v128))) (type $b (array (mut i8))) (type $fs (array (mut funcref))) (type $d0 (sub (struct (field i32))))
""" + "\n".join(f"(type $d{k} (sub $d{k - 1} (struct (field i32))))" for k in range(1, 10))
DESCRIPTOR_PRELUDE = "(rec (type $z (descriptor $d) (struct (field i64) (field v128))) (type $d (describes $z) (struct (field i32))))"
FIELDS = " ".join(f"local.get $ls struct.get $s {k}" for k in range(5)) + " local.get $ls struct.get_u $s 5"

FORMS: tuple[tuple[str, str, str], ...] = (
    (f"struct.new $s local.set $ls {FIELDS}", "IFvifix", "IFvifi"), ("struct.new_default $s", "", "s"),
    *((f"struct.get $s {k}", "s", letter) for k, letter in enumerate("IFvif")), ("struct.get_s $s 5", "s", "i"), ("struct.get_u $s 5", "s", "i"),
    *((f"struct.set $s {k} global.get $gs0 struct.get $s {k}", f"s{letter}", letter) for k, letter in enumerate("IFvif")),
    ("struct.set $s 5 global.get $gs0 struct.get_s $s 5", "si", "i"), ("struct.set $s 6 global.get $gs0 struct.get $s 6", "sx", "x"),
    ("array.new $y local.tee $ly array.len local.get $ly (i32.const 3) array.get $y", "Ia", "iI"),
    ("array.new $w local.tee $lw (i32.const 3) array.get $w", "va", "v"), ("array.new $b local.tee $lb (i32.const 3) array.get_u $b", "ia", "i"),
    ("array.new_default $y", "a", "y"), ("array.new_default $w array.len", "a", "i"),
    ("array.new_fixed $y 3 local.tee $ly (i32.const 1) array.get $y local.get $ly (i32.const 2) array.get $y", "III", "II"),
    ("array.new_fixed $w 2 local.tee $lw (i32.const 1) array.get $w", "vv", "v"),
    ("array.new_data $b $d local.tee $lb (i32.const 2) array.get_u $b", "aa", "i"), ("(i32.const 1) (i32.const 3) array.new_data $b $d array.len", "", "i"),
    ("(i32.const 0) (i32.const 2) array.new_elem $fs $e array.len", "", "i"),
    ("array.get $y", "ya", "I"), ("array.get $w", "wa", "v"), ("array.get_s $b", "ba", "i"), ("array.get_u $b", "ba", "i"),
    ("array.set $y global.get $gy0 (local.get $a) array.get $y", "yaI", "I"), ("array.set $w global.get $gw0 (local.get $a) array.get $w", "wav", "v"),
    ("array.set $b global.get $gb0 (local.get $a) array.get_s $b", "bai", "i"), ("array.len", "y", "i"),
    ("array.fill $y global.get $gy0 (local.get $a) array.get $y", "yaIa", "I"), ("array.fill $w global.get $gw0 (local.get $a) array.get $w", "wava", "v"),
    ("array.copy $y $y", "yayaa", ""), ("array.copy $w $w", "wawaa", ""), ("array.init_data $b $d", "baaa", ""),
    ("(i32.const 3) array.new_default $fs (i32.const 1) (i32.const 0) (i32.const 2) array.init_elem $fs $e", "", ""),
    *((f"ref.test (ref {null}{heap})", "x", "i") for null in ("", "null ") for heap in ("$s", "$t", "$d9", "eq", "i31", "struct", "array", "none", "any")),
    ("ref.cast (ref $s)", "x", "s"), ("ref.cast (ref null $s)", "x", "s"), ("ref.cast (ref null $t)", "s", "s"), ("ref.cast (ref $t)", "s", "s"),
    ("ref.cast (ref null i31) i31.get_s", "x", "i"), ("ref.i31 i31.get_s", "i", "i"), ("ref.i31 i31.get_u", "i", "i"), ("ref.eq", "ss", "i"),
    ("extern.convert_any any.convert_extern", "x", "x"),
    *((text.format(op=op, heap=heap, d=""), letters, letters[-2:]) for op in ("br_on_cast", "br_on_cast_fail") for heap in ("$s", "$t", "null $d9", "i31")
      for letters, text in (("x", "block $q (param anyref) (result anyref) {d} {op} $q anyref (ref {heap}) drop ref.null any end"),
                            ("Ix", "block $q (param i64 anyref) (result i64 anyref) {d} {op} $q anyref (ref {heap}) drop ref.null any end"),
                            ("IIx", "block $q (param i64 i64 anyref) (result i64 anyref) {d} {op} $q anyref (ref {heap}) drop drop ref.null any end"))),
)  # fmt: skip
# No other runtime has these.
DESCRIPTOR_FORMS: tuple[tuple[str, str, str], ...] = (
    ("struct.new_desc $z local.tee $lz struct.get $z 0 local.get $lz struct.get $z 1 local.get $lz ref.get_desc $z struct.get $d 0", "Ivd", "Ivi"),
    ("struct.new_default_desc $z ref.get_desc $z struct.get $d 0", "d", "i"), ("ref.get_desc $z struct.get $d 0", "z", "i"),
    ("ref.cast_desc_eq (ref $z)", "xd", "z"), ("ref.cast_desc_eq (ref null $z)", "xd", "z"), ("ref.cast_desc_eq (ref null $z)", "zd", "z"),
    ("ref.cast_desc_eq (ref $z)", "zd", "z"),
    *((text.format(op=op, null=null), letters + "d", letters[-2:]) for op in ("br_on_cast_desc_eq", "br_on_cast_desc_eq_fail") for null in ("", "null ")
      for letters, text in (
          ("z", "block $q (param anyref (ref null (exact $d))) (result anyref) {op} $q anyref (ref {null}$z) drop ref.null any end ref.cast (ref null $z)"),
          ("Iz", "block $q (param i64 anyref (ref null (exact $d))) (result i64 anyref) {op} $q anyref (ref {null}$z) drop ref.null any end ref.cast (ref null $z)"),
          ("IIz", "block $q (param i64 i64 anyref (ref null (exact $d))) (result i64 anyref) {op} $q anyref (ref {null}$z) drop drop ref.null any end "
           "ref.cast (ref null $z)"))),
)  # fmt: skip


def globals_of(values: dict[str, tuple[str, ...]], types: dict[str, str]) -> str:
    """The globals that operands are taken from."""
    return "\n".join(f"(global $g{letter}{k} {types[letter]} {value})" for letter, several in values.items() for k, value in enumerate(several))
