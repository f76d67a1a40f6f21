"""Scenarios, runs, figures and reports."""
