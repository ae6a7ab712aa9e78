"""What a trial left behind: waits for quiet, asks the oracle, counts what was lost or doubled."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ops.faults.lab import Lab
from ops.faults.learners import Learner
from ops.faults.oracle import Evidence, Finding, judge
from ops.faults.quiet import QUIET_SECONDS, quiet
from ops.faults.scenarios.postgres_frozen import READS
from ops.faults.stage import Stage
from ops.faults.trial import Trial

SIGN_OUT_SECONDS = 2.5
LOST = """
    SELECT count(*) FROM unnest(%s::uuid[]) AS bought (order_id)
    WHERE NOT EXISTS (SELECT 1 FROM catalog.grants g WHERE g.order_id = bought.order_id AND g.status = 'active')
"""
DUPLICATED = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM billing.outbox WHERE type = 'PaymentSucceeded'
                                  GROUP BY subject HAVING count(*) > 1) AS told)
         + (SELECT count(*) FROM (SELECT 1 FROM catalog.outbox WHERE type = 'EnrollmentGranted'
                                  GROUP BY envelope->'data'->>'grant_id' HAVING count(*) > 1) AS granted)
         + (SELECT count(*) FROM (SELECT 1 FROM catalog.grants WHERE order_id IS NOT NULL
                                  GROUP BY order_id HAVING count(*) > 1) AS held)
"""
PARKED = "SELECT count(*) AS number FROM {schema}.inbox WHERE status = 'parked'"


class Judge:
    """Judges trial after trial on one platform; what an earlier one broke is not held against a later one."""

    def __init__(self, lab: Lab, visitor: Learner) -> None:
        self._lab = lab
        self._visitor = visitor
        self._known: set[Finding] = set()
        self._duplicated = 0
        self._parked = 0
        self._refused = 0
        self._expected_parked: tuple[str, ...] = ()

    async def judge(self, stage: Stage) -> None:
        """Fills the trial's verdict. Raises OpsError when a process does not come back."""
        trial = stage.trial
        await self._lab.supervision.all_ready()
        (trial.settled_seconds, busy), signed_out = await asyncio.gather(quiet(self._lab), self._sign_out())
        trial.check(
            "quiet afterwards", not busy, f"{trial.settled_seconds:.1f} s {busy or ''}", f"{QUIET_SECONDS:.0f} s"
        )
        self._expected_parked += trial.expected_parked
        refused = self._lab.client.refused_tokens
        trial.equal("good tokens answered 401", refused - self._refused, 0)
        self._refused = refused
        found = await judge(await self._evidence(trial, signed_out))
        for finding in found:
            if finding not in self._known:
                trial.violations.setdefault(finding.key, []).append(finding.words)
        self._known |= set(found)
        orders = [purchase.order_id for purchase in stage.shop.purchases]
        trial.lost = await self._lab.books.number(LOST, [orders])
        duplicated = await self._lab.books.number(DUPLICATED)
        trial.duplicated, self._duplicated = duplicated - self._duplicated, duplicated
        parked = sum(number for _, number in await self._lab.books.everywhere(PARKED))
        trial.parked, self._parked = parked - self._parked, parked

    async def _evidence(self, trial: Trial, signed_out: Sequence[str]) -> Evidence:
        return Evidence(
            books=self._lab.books,
            ledger=await self._lab.stripe.ledger(),
            mails=list(self._lab.mailbox.mails),
            files=Path(self._lab.state["files"]),
            signed_out=signed_out,
            replays=dict(self._lab.replays),
            expected_parked=self._expected_parked,
        )

    async def _sign_out(self) -> list[str]:
        """Services that still accept the token of a session that was ended over two seconds ago."""
        await self._visitor.sign_in()
        headers = {"Authorization": f"Bearer {self._visitor.access}"}
        await self._lab.client.call("POST", "/api/v1/auth/logout", headers=headers)
        await asyncio.sleep(SIGN_OUT_SECONDS)
        answers = {name: await self._lab.client.call("GET", path, headers=headers) for name, path in READS.items()}
        return [
            f"{name} answers {a.status_code} to a signed-out token"
            for name, a in answers.items()
            if a.status_code != 401
        ]
