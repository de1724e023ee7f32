"""WAVE: component values as text, as people type and read them (wasm-wave's README): `{name: "x", size: some(3)}`."""
