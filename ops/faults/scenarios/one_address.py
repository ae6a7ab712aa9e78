"""F15: 1,000 learners behind one address (a school, a carrier) read within ten seconds; no limit stops one of them."""

import asyncio

from uuid_utils.compat import uuid7

from ops.bench.request import Request
from ops.bench.steady import send_steadily
from ops.faults.places import OPEN_ACCOUNTS, OPEN_DOOR
from ops.faults.stage import Scenario, Stage
from ops.gateway import DEFAULTS
from ops.native.secrets import signing_key
from services.identity.access_tokens import TokenSigner
from services.identity.signing_keys import KeyStore
from shared.settings import Settings

LEARNERS, SECONDS, READS_EACH = 1000, 10, 3


async def act(stage: Stage) -> None:
    """Puts the limits back to their defaults, and lets each learner read what they are enrolled in."""
    stage.trial.expect(1)
    signer = TokenSigner(KeyStore(signing_key(stage.lab.directory)))
    tokens = [signer.sign(uuid7(), uuid7(), ["student"]) for _ in range(LEARNERS)]
    requests = [Request("/api/v1/enrollments", token) for _ in range(READS_EACH) for token in tokens]
    async with (
        stage.lab.told("gateway", **{name: DEFAULTS[name] for name in OPEN_DOOR}),
        stage.lab.told("catalog-api", **_default_account_limit()),
    ):
        result = await asyncio.to_thread(send_steadily, stage.lab.state["gateway"], requests, len(requests) / SECONDS)
    stage.trial.equal(f"answers 429 of {len(requests):,}", result.failures.get("status 429", 0), 0)
    stage.trial.equal("other failures", result.errors - result.failures.get("status 429", 0), 0)
    stage.trial.advance(1)


def _default_account_limit() -> dict[str, str]:
    return {name: str(Settings.model_fields[name.lower()].default) for name in OPEN_ACCOUNTS}


SCENARIO = Scenario("F15", "1,000 learners behind one address", act)
