"""Adapters: calls from component to component whose values are core values, as core modules that compile with the component's own (decision 21)."""
