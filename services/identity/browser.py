"""Tokens handed out at the door: to apps in the body, to browsers in cookies that no script can read.

The refresh cookie goes to /api/v1/auth and from the same site only, and what it does needs an Origin of ours: another
site can neither read it nor use it.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from services.identity.access_tokens import LIFETIME_SECONDS
from services.identity.audit import Origin
from services.identity.dependencies import OriginDep
from services.identity.factors import tickets
from services.identity.factors.enrolment import SecondFactorNeeded
from services.identity.factors.schemas import SecondFactorRead
from services.identity.refreshing import RefreshRefused
from services.identity.schemas import SessionRefresh, SignInInput, TokensRead
from services.identity.sessions import ABSOLUTE, SignedIn
from services.identity.settings import Settings
from shared.errors import Forbidden

PATH = "/api/v1/auth"
REFRESH_COOKIE = "academy_refresh"
DEVICE_COOKIE = "academy_device"
PROVIDER_COOKIE = "academy_provider"
# Browsers take such a name from an https address only, and only with Secure. __Host- would demand the path "/": the
# token would go along with every request, and what comes with a cookie is never answered from the gateway's cache.
PREFIX = "__Secure-"
YEAR_SECONDS = 365 * 24 * 3600
TICKET_SECONDS = int(tickets.LIFETIME.total_seconds())


class ForeignOrigin(Forbidden):
    slug, title = "foreign-origin", "This page may not sign people in"
    detail = "In browser mode a request must have the Origin of the academy's own front end (FRONTEND_URL)."


class Desk:
    """Takes secrets in and hands them out, in the way the client asked for."""

    def __init__(self, request: Request, response: Response, origin: OriginDep) -> None:
        self._request = request
        self._response = response
        self._origin = origin
        self._settings: Settings = request.app.state.settings

    def visitor(self, body: SignInInput) -> Origin:
        """Who knocks, with the device they may be known by. Raises ForeignOrigin."""
        if body.browser:
            self._refuse_foreign_origin()
            return replace(self._origin, device_token=self._cookie(DEVICE_COOKIE))
        return replace(self._origin, device_token=body.device_token.get_secret_value())

    def hand_out(self, body: SignInInput, signed_in: SignedIn) -> TokensRead:
        """The tokens of a sign-in."""
        return self._hand_out(body.browser, signed_in)

    def answer(self, body: SignInInput, outcome: SignedIn | SecondFactorNeeded) -> TokensRead | Response:
        """The tokens of a sign-in, or 202 and the way to its second step."""
        if isinstance(outcome, SignedIn):
            return self.hand_out(body, outcome)
        needed = SecondFactorRead(ticket=outcome.ticket, methods=outcome.methods, expires_in=TICKET_SECONDS)
        # A Response, because the route's own model is what 200 answers.
        return JSONResponse(needed.model_dump(), HTTPStatus.ACCEPTED)

    def hand_out_ticket(self, body: SignInInput, ticket: str) -> str | None:
        """The ticket of a trip to a provider, for the body; a browser gets it in a cookie."""
        if not body.browser:
            return ticket
        self._set_cookie(PROVIDER_COOKIE, ticket, TICKET_SECONDS)
        return None

    def take_ticket(self, body: SignInInput, ticket: str) -> str:
        """The ticket that comes back from a provider: the one of the body, or of this browser."""
        return self._cookie(PROVIDER_COOKIE) if body.browser else ticket

    def take_refresh_token(self, body: SessionRefresh) -> str:
        """The token from the body or else from the cookie. Raises ForeignOrigin, RefreshRefused when there is none."""
        if body.refresh_token:
            return body.refresh_token.get_secret_value()
        self._refuse_foreign_origin()
        token = self._cookie(REFRESH_COOKIE)
        if not token:
            raise RefreshRefused
        return token

    def hand_out_again(self, body: SessionRefresh, signed_in: SignedIn) -> TokensRead:
        """The next tokens, the way the last ones came."""
        return self._hand_out(body.refresh_token is None, signed_in)

    def clear(self) -> None:
        """The session is over; the device stays known."""
        for name in {self._name(REFRESH_COOKIE), REFRESH_COOKIE}:
            self._expire_cookie(name)

    def _hand_out(self, browser: bool, signed_in: SignedIn) -> TokensRead:
        tokens = TokensRead(access_token=signed_in.access_token, expires_in=LIFETIME_SECONDS)
        if not browser:
            return tokens.model_copy(
                update={"refresh_token": signed_in.refresh_token, "device_token": signed_in.device_token}
            )
        self._set_cookie(REFRESH_COOKIE, signed_in.refresh_token, int(ABSOLUTE.total_seconds()))
        # A refresh brings no device token: one under its old name moves along.
        if device_token := signed_in.device_token or (self._left_over(DEVICE_COOKIE) and self._cookie(DEVICE_COOKIE)):
            self._set_cookie(DEVICE_COOKIE, device_token, YEAR_SECONDS)
        return tokens

    def _name(self, cookie: str) -> str:
        # Some browsers refuse the prefix at http://localhost, where front ends are developed.
        return f"{PREFIX}{cookie}" if self._settings.public_url.startswith("https://") else cookie

    def _cookie(self, cookie: str) -> str:
        """What the browser keeps, or an empty text."""
        return self._request.cookies.get(self._name(cookie)) or self._left_over(cookie)

    def _left_over(self, cookie: str) -> str:
        # The release before wrote names without the prefix: the next one need not look for them any more.
        return "" if self._name(cookie) == cookie else self._request.cookies.get(cookie, "")

    def _set_cookie(self, cookie: str, value: str, seconds: int) -> None:
        name = self._name(cookie)
        self._response.set_cookie(name, value, seconds, path=PATH, secure=True, httponly=True, samesite="strict")
        if name != cookie:
            self._expire_cookie(cookie)

    def _expire_cookie(self, name: str) -> None:
        if name in self._request.cookies:
            self._response.delete_cookie(name, PATH, secure=True, httponly=True, samesite="strict")

    def _refuse_foreign_origin(self) -> None:
        # Browsers send Origin with every POST; a request without one is not from a page of ours either.
        if self._request.headers.get("origin") not in {
            _origin_of(self._settings.public_url),
            _origin_of(self._settings.frontend_url),
        }:
            raise ForeignOrigin


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


DeskDep = Annotated[Desk, Depends()]
