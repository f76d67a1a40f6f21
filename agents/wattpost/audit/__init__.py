"""An audit from raw chain data alone: it shares no code with the market it checks."""

from wattpost.audit.audit import audit_folder, audit_rpc
from wattpost.audit.rules import RULES
from wattpost.audit.verdict import Finding, Verdict, Violation

__all__ = ["RULES", "Finding", "Verdict", "Violation", "audit_folder", "audit_rpc"]
