"""Identity at its HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.identity import admin_routes, profiles, revocations, sign_in_routes, users
from services.identity.api_keys import routes as api_keys_routes
from services.identity.avatars import routes as avatars_routes
from services.identity.credentials import routes as credentials_routes
from services.identity.dependencies import OriginDep, SignerDep
from services.identity.factors import routes as factors_routes
from services.identity.factors import second_step_routes
from services.identity.instructors import routes as instructors_routes
from services.identity.privacy import routes as privacy_routes
from services.identity.providers import routes as providers_routes
from services.identity.schemas import AccountRead, ProfileRead, RevocationRead, RevocationsRead, UserUpdate
from shared.auditing.routes import audit_router
from shared.auth import INTERNAL, PUBLIC, Actor, require
from shared.bodies import TEXT_LIMIT
from shared.database import SessionDep
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter

people = AcademyRouter(prefix="/api/v1/users", tags=["users"])
keys = AcademyRouter(tags=["keys"])
ROUTERS = [
    credentials_routes.router,
    sign_in_routes.router,
    second_step_routes.router,
    factors_routes.router,
    providers_routes.router,
    api_keys_routes.own,
    api_keys_routes.admin,
    instructors_routes.own,
    privacy_routes.own,
    privacy_routes.secret,
    privacy_routes.admin,
    avatars_routes.router,
    people,
    admin_routes.router,
    admin_routes.secret_router,
    instructors_routes.admin,
    audit_router("/api/v1/admin/audit", "list_audit_entries"),
    keys,
]

Account = Annotated[Actor, require("account:use")]
MAX_SEQ = 2**63 - 1


@people.get("/me", response_model=AccountRead)
def read_me(actor: Account, session: SessionDep) -> Any:
    """The caller's account. `impersonated_by` is set while an administrator acts in its name: show a banner."""
    return users.read_account(session, actor.user_id, actor.impersonator_id)


@people.patch("/me", response_model=AccountRead, max_body_size=TEXT_LIMIT)
def update_me(body: UserUpdate, actor: Account, session: SessionDep, expected: IfMatch, origin: OriginDep) -> Any:
    """Change what the caller says of themselves; what is left out stays."""
    profiles.update_profile(session, body.model_dump(exclude_unset=True), expected, origin.of(actor))
    return users.read_account(session, actor.user_id, actor.impersonator_id)


@people.get("/{user_id}/profile", response_model=ProfileRead, dependencies=[PUBLIC])
def read_profile(user_id: UUID, session: SessionDep) -> Any:
    """The public profile of an instructor."""
    return profiles.get_instructor(session, user_id)


@keys.get("/.well-known/jwks.json", dependencies=[PUBLIC])
async def read_keys(signer: SignerDep, response: Response) -> dict[str, Any]:
    """The public keys that verify access tokens (RFC 7517)."""
    # In the event loop: it is always admitted (shared/admission.py), so it must not wait for a thread.
    response.headers["Cache-Control"] = "public, max-age=300"
    return signer.jwks()


@keys.get("/internal/revocations", dependencies=[INTERNAL], include_in_schema=False)
def read_revocations(
    session: SessionDep, signer: SignerDep, after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0
) -> RevocationsRead:
    """What was revoked after a sequence number, and the keys of this moment; each service asks every second."""
    rows, last_seq = revocations.list_revocations(session, after)
    items = [RevocationRead.model_validate(row) for row in rows]
    return RevocationsRead(items=items, last_seq=last_seq, keys=signer.jwks()["keys"])
