"""Members of the catalogue `operators/attention`, one a file."""
