"""Attempts and runs <-> disk. Both sides of `bench` meet here and nowhere else."""
