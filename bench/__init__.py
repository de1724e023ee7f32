"""Benchmarks beside wasmtime-py, in the same run and interleaved: `python -m bench [AREA...]`."""
