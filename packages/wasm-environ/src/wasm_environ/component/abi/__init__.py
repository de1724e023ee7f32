"""The canonical ABI: how values lie in memory and in core values, and the call programs that the runtime's interpreter executes."""
