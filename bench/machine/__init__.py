"""What machine this is: read from the system, measured nowhere in here."""
