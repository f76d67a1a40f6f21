"""The trio of contracts on an in-process chain, judged call by call by the specification and by the invariants."""
