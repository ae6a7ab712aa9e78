"""What Docker Compose and the native runner must tell their processes alike, read from both."""

import importlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from ops import secret_files
from ops.native.environment import Environment
from ops.openid_simulator.settings import offer
from ops.places import SERVICES
from services.billing.stripe_events import HANDLED_TYPES
from tests.architecture.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
# What operators leave as it is, and secrets that come as files.
KEPT = {
    *("stripe_api_base", "signing_key", "upload_max_bytes"),
    *("smtp_timeout_seconds", "mail_attempts", "mail_first_retry_seconds", "mail_lease_seconds"),
}
FAR_ENDS: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.override.yml").read_text())["services"]
NOWHERE = Path("/nowhere")
NATIVE = Environment(defaultdict(int), defaultdict(str), NOWHERE, NOWHERE, NOWHERE)


@pytest.mark.parametrize("service", SERVICES)
def test_operators_can_set_under_compose_what_a_service_has_settings_for(service: str) -> None:
    declared = vars(importlib.import_module(f"services.{service}.settings").Settings)["__annotations__"]
    container = COMPOSE[f"{service}-api"]
    files = {name for name in container["secrets"] if isinstance(name, str)}
    told = {name.lower() for name in container["environment"]} | files
    assert declared.keys() - KEPT - told == set()


def test_both_engines_hash_passwords_in_huge_pages() -> None:
    in_compose = COMPOSE["identity-api"]["environment"]["GLIBC_TUNABLES"]
    assert in_compose == NATIVE.service("identity")["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"


def test_the_images_have_the_malloc_that_takes_huge_pages() -> None:
    """It is glibc's, since 2.35: that of Debian 12 and later. Alpine's has no such variable."""
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    assert [base for base in bases if not re.fullmatch(r"python:3\.\d+-slim(-(bookworm|trixie))?", base)] == []


def test_both_engines_offer_the_openid_simulator_to_sign_in_by() -> None:
    in_compose = secret_files.ALL["sign_in_providers"]()
    assert json.loads(in_compose) == [offer(secret_files.OPENID_ISSUER)]
    assert FAR_ENDS["openid-simulator"]["environment"]["OPENID_ISSUER"] == secret_files.OPENID_ISSUER
    native = json.loads(NATIVE.service("identity")["SIGN_IN_PROVIDERS"])
    assert native == [offer(NATIVE.openid_simulator()["OPENID_ISSUER"])]


def test_both_engines_have_the_simulator_tell_what_billing_listens_to() -> None:
    in_compose = FAR_ENDS["stripe-simulator"]["environment"]["STRIPE_WEBHOOK_EVENTS"]
    assert in_compose == NATIVE.stripe_simulator()["STRIPE_WEBHOOK_EVENTS"]
    assert frozenset(in_compose.split(",")) == HANDLED_TYPES
