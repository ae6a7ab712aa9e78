"""What `make check-production` runs is what the documentation tells operators to run."""

import re
import shlex

from ops.check_production.evidence import rotation
from ops.check_production.stage import Stage
from ops.places import ROOT


def test_the_documented_rotation_command_is_the_checked_one() -> None:
    stage = Stage()
    page = (ROOT / "docs/operations.md").read_text()
    found = re.search(r"^docker run .*?signing_key\.pem$", page, re.MULTILINE | re.DOTALL)
    assert found
    shown = found[0].replace("\\\n", " ").replace("$PWD/var/docker/secrets", str(stage.secrets))
    assert shlex.split(shown.replace("${RELEASE:-latest}", stage.release)) == rotation(stage, "prepare")
