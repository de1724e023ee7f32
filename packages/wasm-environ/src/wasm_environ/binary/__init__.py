"""Binary format: bytes <-> Module, a file per section group."""
