"""wasi:http 0.2: fields, messages, bodies; requests that a guest makes, and those that it answers."""
