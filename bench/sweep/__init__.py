"""[Group] -> attempts in the journal: which round is run next, by which processes, until when."""
