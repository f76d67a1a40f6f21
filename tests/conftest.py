"""Figures that tests want seen: whatever they record as properties is printed at the end, from any process."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            if report.when == "call" and str(name).startswith("shown: "):
                terminalreporter.write_line(f"{name.removeprefix('shown: ')}: {value}")
