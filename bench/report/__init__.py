"""Tables become pages, pictures and files. Nothing here measures, and nothing imports torch."""
