"""Is a service's audit log as it was written? `python -m shared.verify_audit SERVICE [HEAD...]`

Recomputes the hash chain. HEAD is a head noted earlier (the log line `audit sealed`, or an earlier run's output): with
it a log whose end was cut off is found as well. Exit code 0: intact; 1: not, the findings are on standard error.
"""

import sys

from shared import startup
from shared.auditing import chain
from shared.database import Database
from shared.settings import OneShotSettings


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    if not arguments:
        sys.stderr.write("usage: python -m shared.verify_audit SERVICE [HEAD...]   (identity or billing)\n")
        return 2
    service, *heads = arguments
    settings = startup.read(OneShotSettings, service)
    database = Database(settings.database_url(service), service, pool_size=1)
    try:
        verdict = chain.verify_audit(database)
        findings = list(verdict.findings)
        findings += [f"no link has the hash {head}" for head in heads if not chain.contains_head(database, head)]
    finally:
        database.close()
    head = f"{service}:{verdict.head}"
    sys.stdout.write(f"{service} audit log: {verdict.sealed} entries sealed, {verdict.waiting} waiting, head {head}\n")
    for finding in findings:
        sys.stderr.write(f"{service} audit log: {finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
