"""Debug information of modules (DWARF 2 to 5 in custom sections): from an address in the code to file, line, column and functions inlined there."""
