"""Writes typed Python packages for components and WIT worlds: `wasm bindgen`."""
