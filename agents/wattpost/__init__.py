"""Wattpost: an electricity market game settled on a real EVM chain."""

__version__ = "0.1.0"
