"""An audit from raw chain data alone: it shares no code with the market it checks."""

from wattpost.audit.audit import audit_folder, audit_rpc
from wattpost.audit.rules import RULES
from wattpost.audit.sarif import to_sarif
from wattpost.audit.severities import Severity, explain, like, severity_of
from wattpost.audit.verdict import Finding, Verdict, Violation

__all__ = [
    "RULES",
    "Finding",
    "Severity",
    "Verdict",
    "Violation",
    "audit_folder",
    "audit_rpc",
    "explain",
    "like",
    "severity_of",
    "to_sarif",
]
