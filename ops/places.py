"""Where things lie: the repository, and what running leaves in `var/` (never committed). Standard library only."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
TOOLS = VAR / "tools"
SERVICES = ("identity", "catalog", "billing", "certificates", "notifications", "live")
