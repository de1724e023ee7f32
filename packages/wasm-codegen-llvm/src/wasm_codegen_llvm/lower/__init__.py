"""How each instruction becomes LLVM IR: one file per chapter, rows keyed by mnemonic."""
