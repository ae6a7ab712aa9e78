"""What administrators do to accounts, at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, status

from services.identity import administration, impersonation, invitations, users
from services.identity.access_tokens import LIFETIME_SECONDS
from services.identity.credentials import email_changes, mail_links
from services.identity.dependencies import DatabaseDep, OriginDep, SignerDep
from services.identity.passwords import HASHING
from services.identity.schemas import (
    ImpersonationCreate,
    InvitationCreate,
    MoveCreate,
    RolesUpdate,
    SearchText,
    SignOutRead,
    Status,
    SuspensionCreate,
    TokensRead,
    UserRead,
)
from services.identity.users import UserFilter
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.limits import refusals
from shared.pagination import Page, PageDep
from shared.permissions import Role
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter
from shared.slots import needs

router = AcademyRouter(prefix="/api/v1/admin/users", tags=["admin"])
secret_router = AcademyRouter(secret=True, prefix="/api/v1/admin/users", tags=["admin"])

UserReader = Annotated[Actor, require("users:read")]
UserAdmin = Annotated[Actor, require("users:admin")]
Impersonator = Annotated[Actor, require("users:impersonate")]


@router.get("", response_model=Page[UserRead])
def list_users(
    actor: UserReader,
    session: SessionDep,
    page: PageDep,
    query: Annotated[SearchText | None, Query(description="Part of the name or the e-mail address")] = None,
    role: Role | None = None,
    status: Status | None = None,
) -> Any:
    """All accounts, the newest first."""
    items, next_cursor = users.list_users(session, UserFilter(query, role, status), page)
    return {"items": items, "next_cursor": next_cursor}


@router.post("", status_code=status.HTTP_201_CREATED, response_model=UserRead)
@needs(HASHING)
def invite_user(body: InvitationCreate, actor: UserAdmin, database: DatabaseDep, origin: OriginDep) -> Any:
    """Make an account for somebody. They get a mail with a link that sets its password, good for a week."""
    return invitations.invite_user(database, body.email, body.name, tuple(body.roles), origin.of(actor))


@router.get("/{user_id}", response_model=UserRead)
def read_user(user_id: UUID, actor: UserReader, session: SessionDep) -> Any:
    """One account."""
    return users.get_user(session, user_id)


@router.patch("/{user_id}", response_model=UserRead)
def update_user(
    user_id: UUID, body: RolesUpdate, actor: UserAdmin, session: SessionDep, origin: OriginDep, expected: IfMatch
) -> Any:
    """Change a user's roles. Tokens with the old ones end within two seconds; a refresh brings one with the new."""
    return administration.change_roles(session, user_id, body.roles, origin.of(actor), expected)


@router.post("/{user_id}/suspend", response_model=UserRead)
def suspend_user(
    user_id: UUID,
    actor: UserAdmin,
    session: SessionDep,
    origin: OriginDep,
    body: SuspensionCreate | None = None,
) -> Any:
    """Suspend a user: all sessions end, and no new one begins until the account is reactivated."""
    reason = body.reason if body else ""
    return administration.suspend_user(session, user_id, reason, origin.of(actor))


@router.post("/{user_id}/reactivate", response_model=UserRead)
def reactivate_user(user_id: UUID, actor: UserAdmin, session: SessionDep, origin: OriginDep) -> Any:
    """End a suspension."""
    return administration.reactivate_user(session, user_id, origin.of(actor))


@router.post("/{user_id}/sign-out", response_model=SignOutRead)
def sign_out_user(user_id: UUID, actor: UserAdmin, session: SessionDep, origin: OriginDep) -> Any:
    """End all sessions and API keys of a user, everywhere within two seconds. They may sign in again."""
    ended, revoked = administration.sign_out_user(session, user_id, origin.of(actor))
    return {"sessions_ended": ended, "api_keys_revoked": revoked}


@router.post(
    "/{user_id}/move",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(mail_links.LIMITS["email_change"]),
)
def move_user(user_id: UUID, body: MoveCreate, actor: UserAdmin, session: SessionDep, origin: OriginDep) -> None:
    """Move the account of somebody who has lost their mailbox to another address, once you know it is them. A link goes
    to the new address and word of it to the old one; when the link is followed, all sessions end. Needs a sign-in of
    the last ten minutes."""
    email_changes.move_account(session, user_id, body.email, body.reason, origin.of(actor))


@secret_router.post("/{user_id}/impersonate")
def impersonate_user(
    user_id: UUID,
    body: ImpersonationCreate,
    actor: Impersonator,
    session: SessionDep,
    signer: SignerDep,
    origin: OriginDep,
) -> TokensRead:
    """Tokens to see what a user sees, for half an hour; POST /api/v1/auth/logout with them ends it earlier. Every trace
    names the administrator. Payments and what secures the account stay closed, and administrators cannot be
    impersonated."""
    signed_in = impersonation.start_impersonation(session, signer, user_id, body.reason, origin.of(actor))
    return TokensRead(
        access_token=signed_in.access_token, expires_in=LIFETIME_SECONDS, refresh_token=signed_in.refresh_token
    )
