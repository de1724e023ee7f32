"""x86-64: registers, encodings, lowerings and calling convention."""
