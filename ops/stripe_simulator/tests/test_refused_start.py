"""A start that is refused names the variable and shows no value."""

import os
import subprocess
import sys

import pytest

LIVE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
START = "from ops.stripe_simulator.main import app"


@pytest.mark.parametrize(
    "variables",
    [
        {"STRIPE_API_KEY": LIVE, "STRIPE_WEBHOOK_SECRET": "whsec_of_nobody"},
        {"STRIPE_API_KEY": f"rk_live_{LIVE}", "STRIPE_WEBHOOK_SECRET": "whsec_of_nobody"},
        {"STRIPE_API_KEY": LIVE, "STRIPE_WEBHOOK_SECRET": "short"},
        {"STRIPE_API_KEY": LIVE, "SIMULATOR_WEBHOOK_ATTEMPTS": "none"},
    ],
)
def test_a_refused_live_key_is_not_logged(variables: dict[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"], **variables}
    start = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert start.returncode != 0
    assert "refuses live keys" in start.stderr
    assert LIVE[8:] not in start.stdout + start.stderr
