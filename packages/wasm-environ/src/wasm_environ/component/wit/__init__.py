"""WIT, the text in which interfaces of components are written: parsing, printing, and the interface that a world is (WIT.md)."""
