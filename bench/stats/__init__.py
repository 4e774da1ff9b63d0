"""Statistics of rounds: numpy and scipy go in, numbers come out; nothing of the rest of `bench` is known here."""
