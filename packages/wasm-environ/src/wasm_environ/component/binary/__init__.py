"""Components as bytes: `decode` reads them, `encode` writes them (Binary.md)."""
