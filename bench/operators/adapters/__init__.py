"""Members of the catalogue `operators/adapters`, one a file."""
