"""`python3 -m ops.prepare [ENGINE]`: fetches what the native runner needs while pip is still at work.

Standard library only. It may fail quietly: `ops up` asks for the same again and explains.
"""

import sys

from ops.engine import choose
from ops.failure import OpsError
from ops.native import mail, packages
from ops.places import TOOLS


def prepare(wanted: str) -> int:
    """Exit code 0 when everything is at hand for the chosen engine, 1 otherwise."""
    try:
        if choose(wanted) == "native":
            packages.ensure(packages.WANTED, TOOLS, _say)
            mail.install(TOOLS, _say)
    except OpsError as error:
        _say(error.message)
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(prepare(sys.argv[1] if len(sys.argv) > 1 else ""))
