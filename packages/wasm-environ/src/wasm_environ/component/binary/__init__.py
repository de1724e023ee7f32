"""The binary format of components (Binary.md): bytes to definitions and back."""
