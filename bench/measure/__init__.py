"""Case -> Attempt, behind the process border: torch is imported in here and nowhere before."""
