"""What instantiating a component does, worked out once: a flat list of steps, and the types of everything it meets (DESIGN section 7)."""
