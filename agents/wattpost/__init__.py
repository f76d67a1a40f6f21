"""Wattpost: an electricity market game settled on a real EVM chain."""

__version__ = "0.2.0"
