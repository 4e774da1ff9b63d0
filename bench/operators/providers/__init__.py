"""Members of the catalogue `operators/providers`, one a file."""
