"""Whoever runs the platform by docker-compose.yml can set what billing's README calls a setting, and subscribe to what
it handles."""

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from services.billing.settings import Settings
from services.billing.stripe_events import HANDLED_TYPES

ROOT = Path(__file__).parents[2]
# The simulator's address; production's is the default.
DEVELOPERS_OWN = {"STRIPE_API_BASE"}


def test_every_setting_of_billing_is_passed_on_by_compose() -> None:
    containers = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    own = {name.upper() for name in Settings.__annotations__}
    for role in ("api", "worker"):
        container = containers[f"billing-{role}"]
        files = {name.upper() for name in container["secrets"] if isinstance(name, str)}
        assert own - container["environment"].keys() - files == DEVELOPERS_OWN


def test_the_operations_page_lists_the_events_that_billing_handles() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    listed, family = set(), ""
    for name in re.findall(r"`([a-z_.]+)`", page.split("needs the events")[1].split("Others are stored")[0]):
        family = name.rpartition(".")[0] if not name.startswith(".") else family
        listed.add(family + name if name.startswith(".") else name)
    assert listed == HANDLED_TYPES
