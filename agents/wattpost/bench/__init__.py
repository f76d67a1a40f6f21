"""Benchmarks of the settled market: what a day costs in gas, and how fast a fleet trades."""
