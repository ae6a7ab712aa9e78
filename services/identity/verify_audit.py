"""Is the audit log as it was written? `python -m services.identity.verify_audit [HEAD]`

Recomputes the hash chain. HEAD is a head noted earlier (the log line `audit sealed`, or an earlier run's output): with
it a log whose end was cut off is found as well. Exit code 0: intact; 1: not, the findings are on standard error.
"""

import sys

from services.identity.auditing import chain
from services.identity.settings import OneShotSettings
from shared.database import Database


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    settings = OneShotSettings()
    database = Database(settings.database_url("identity"), "identity", pool_size=1)
    try:
        verdict = chain.verify_audit(database)
        findings = list(verdict.findings)
        findings += [f"no link has the hash {head}" for head in arguments if not chain.contains_head(database, head)]
    finally:
        database.close()
    sys.stdout.write(f"audit log: {verdict.sealed} entries sealed, {verdict.waiting} waiting, head {verdict.head}\n")
    for finding in findings:
        sys.stderr.write(f"audit log: {finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
