"""One OpenID provider on the wire: OpenID Connect Core 1.0, authorization code flow with PKCE."""

import base64
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from services.identity.providers.discovery import Endpoints, Publications
from services.identity.providers.errands import Errand
from services.identity.providers.fetching import TIMEOUT, Json, ProviderAway, read_json
from services.identity.providers.id_tokens import Expected, NotProven, verify_id_token
from services.identity.settings import ProviderSettings
from shared.slots import Slot, require_slot

SCOPE = "openid email profile"
# So many requests at most are with one provider, so that a slow one does not hold up all the others.
CALLS, WAITING = 8, 32


@dataclass(frozen=True)
class Proven:
    """Who somebody is at a provider. `email` is empty unless the provider says that it is theirs."""

    issuer: str
    subject: str
    email: str
    name: str


class OpenIdProvider:
    """A provider of the settings. One per process; safe to use from several threads."""

    def __init__(self, settings: ProviderSettings, frontend_url: str) -> None:
        self.id, self.name, self.issuer = settings.id, settings.name, settings.issuer
        # One address per provider: an answer of one cannot be taken for another's (RFC 9700 section 4.4).
        self.redirect_uri = f"{frontend_url}/login/callback/{settings.id}"
        self._client_id = settings.client_id
        self._client_secret = settings.client_secret.get_secret_value()
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        self._client = httpx.Client(timeout=TIMEOUT, headers=headers)
        self._published = Publications(self._client, settings.issuer)
        # The routes that call it take one of these.
        self.slot = Slot(f"calls of provider {settings.id}", size=CALLS, queue=WAITING, share=20)

    def authorization_url(self, errand: Errand) -> str:
        """Where to send the person. Raises ProviderAway."""
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPE,
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": errand.challenge,
            "code_challenge_method": "S256",
        }
        require_slot(self.slot)
        address = self._published.endpoints().authorization
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    def redeem(self, errand: Errand, code: str, issuer: str) -> Proven:
        """Who came back with this code. `issuer` is the parameter `iss` of the answer (RFC 9207), if it had one.
        Raises ProviderAway, NotProven."""
        require_slot(self.slot)
        endpoints = self._published.endpoints()
        if issuer != self.issuer and (issuer or endpoints.names_itself):
            raise NotProven("another provider's answer")
        id_token, access_token = self._redeem_code(endpoints, errand, code)
        expected = Expected(self.issuer, self._client_id, errand.nonce, access_token)
        claims = verify_id_token(id_token, self._published.find_key, expected)
        return _proven(self._complete(endpoints, claims, access_token))

    def _redeem_code(self, endpoints: Endpoints, errand: Errand, code: str) -> tuple[str, str]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": errand.verifier,
        }
        headers = {}
        if endpoints.secret_in_body:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        else:
            # RFC 6749 section 2.3.1: each encoded as in a form, then put together.
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        status, answer = read_json(self._client, "POST", endpoints.token, data=form, headers=headers)
        if answer.get("error") == "invalid_grant":
            raise NotProven("the code is spent, too old or not ours")
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if status != httpx.codes.OK or not (isinstance(id_token, str) and isinstance(access_token, str)):
            raise ProviderAway(f"{endpoints.token} answers {status}, {str(answer.get('error'))[:80]}")
        return id_token, access_token

    def _complete(self, endpoints: Endpoints, claims: Json, access_token: str) -> Json:
        """The claims, with what some providers tell only when asked (section 5.3)."""
        if "email" in claims or not endpoints.person:
            return claims
        headers = {"Authorization": f"Bearer {access_token}"}
        status, told = read_json(self._client, "GET", endpoints.person, headers=headers)
        if status != httpx.codes.OK or told.get("sub") != claims["sub"]:
            raise NotProven("asked about the person, the provider spoke of somebody else")
        return {**told, **claims}


def _proven(claims: Json) -> Proven:
    # A few providers write the truth value as a word.
    theirs = claims.get("email_verified") in (True, "true")
    email, name = claims.get("email"), claims.get("name")
    return Proven(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email if theirs and isinstance(email, str) else "",
        name=name if isinstance(name, str) else "",
    )
