"""Components in text form."""
