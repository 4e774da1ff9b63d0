"""What is audited: one property a file; `bench.audit` says what a file has."""
