"""I9 and I10: what the powerful did is on record once, and who was signed out is out."""

from ops.faults.oracle.evidence import Evidence

ROLES_WITHOUT_RECORD = """
    SELECT 'user ' || u.id || ' has the roles ' || array_to_string(u.roles, ', ') || ' by ' || count(a.id) || ' records'
    FROM identity.users u LEFT JOIN identity.audit a ON a.object_id = u.id
         AND a.action = 'user.roles_changed' AND a.details->'after' = to_jsonb(u.roles)
    WHERE u.roles <> ARRAY['student'] AND u.email LIKE '%@example.com'
    GROUP BY u.id, u.roles HAVING count(a.id) <> 1
"""
WITHDRAWN_WITHOUT_RECORD = """
    SELECT 'certificate ' || c.id || ' was withdrawn without a record' FROM certificates.certificates c
    WHERE c.withdrawal_reason IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM certificates.decisions d WHERE d.certificate_id = c.id AND d.action = 'revoke')
"""
REFUND_WITHOUT_RECORD = """
    SELECT 'refund request ' || r.id || ' has ' || count(a.id) || ' records'
    FROM billing.refund_requests r LEFT JOIN billing.audit a ON a.action = 'refund.requested'
         AND a.object_id = r.order_id AND a.details->>'refund_request' = r.id::text
    GROUP BY r.id HAVING count(a.id) <> 1
"""
ENDED_WITHOUT_NOTICE = """
    SELECT 'session ' || s.id || ' has ended, but no service was told'
    FROM identity.sessions s LEFT JOIN identity.revocations r ON r.kind = 'sid' AND r.value = s.sid::text
    WHERE s.revoked_at > now() - interval '4 minutes' AND r.seq IS NULL
"""


async def powers_without_record(evidence: Evidence) -> list[str]:
    """I9."""
    unrecorded = (ROLES_WITHOUT_RECORD, WITHDRAWN_WITHOUT_RECORD, REFUND_WITHOUT_RECORD)
    found = [words for statement in unrecorded for words in await evidence.words(statement)]
    for service, replays in evidence.replays.items():
        recorded = await evidence.books.number(f"SELECT count(*) FROM {service}.replays")
        if recorded != replays:
            found.append(f"{service}: {replays} replays were asked for, {recorded} are on record")
    return found


async def usable_after_sign_out(evidence: Evidence) -> list[str]:
    """I10."""
    return await evidence.words(ENDED_WITHOUT_NOTICE) + list(evidence.signed_out)
