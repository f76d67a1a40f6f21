"""The contracts, each broken in one place so that one invariant of the design fails."""
