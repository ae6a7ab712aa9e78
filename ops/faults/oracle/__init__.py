"""The oracle: what must be true of all books once everything is quiet, whatever was broken before."""

from ops.faults.oracle.evidence import Evidence
from ops.faults.oracle.judge import INVARIANTS, Finding, judge

__all__ = ["INVARIANTS", "Evidence", "Finding", "judge"]
