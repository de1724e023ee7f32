"""Proofs of the native compiler's lowerings by an SMT solver: `python -m prove`, which `nox -s prove` runs, proves all; tests/test_prove.py a sample."""
