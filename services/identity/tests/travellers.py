"""Somebody who signs in by a provider, as tests need them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, new_email
from shared.testing import Harness
from shared.testing.openid_provider import OpenIdProviderStandIn

AUTH = "/api/v1/auth"


@dataclass
class Traveller:
    """A person at a provider, in an app. `trip` is what the app keeps while they are there."""

    harness: Harness
    provider: OpenIdProviderStandIn
    provider_id: str = "house"
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": f"sub-{uuid7()}", "email": new_email(), "name": "Ann Lee"}
    )
    trip: dict[str, Any] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """The address that the provider knows."""
        return str(self.claims["email"])

    def leave(self, **claims: Any) -> dict[str, Any]:
        """There and back: the body that the app sends next."""
        begun = self.harness.client.post(f"{AUTH}/login/provider/options", json={"provider": self.provider_id})
        assert begun.status_code == 200, begun.text
        return self.travel(begun.json(), **claims)

    def travel(self, trip: dict[str, Any], **claims: Any) -> dict[str, Any]:
        """The same for a trip that has begun; `claims` is what the provider says this time."""
        self.trip = trip
        back = self.provider.visit(trip["authorization_url"], **{**self.claims, **claims})
        return {"provider": self.provider_id, "ticket": trip.get("ticket", ""), **back}

    def finish(self, body: dict[str, Any], **headers: str) -> Any:
        """The answer to who is back, whatever it is."""
        return self.harness.client.post(f"{AUTH}/login/provider", json=body, headers=headers)

    def sign_in(self, **claims: Any) -> Any:
        """There, back and in."""
        return self.finish(self.leave(**claims))

    def arrive(self) -> Person:
        """As sign_in, having become somebody here."""
        answer = self.sign_in()
        assert answer.status_code == 200, answer.text
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        me = self.harness.client.get("/api/v1/users/me", headers=token).json()
        return Person(self.harness, UUID(me["id"]), me["email"], access_token=answer.json()["access_token"])

    def link(self, person: Person) -> Any:
        """The answer to a person who links this account at the provider to their own."""
        begun = person.browser.post(f"{AUTH}/identities/options", json={"provider": self.provider_id})
        assert begun.status_code == 200, begun.text
        return person.browser.post(f"{AUTH}/identities", json=self.travel(begun.json()))


def problem(answer: Any) -> tuple[int, str]:
    """Status and slug of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:academy:problem:")
