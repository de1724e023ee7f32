"""One folder per instruction set."""
