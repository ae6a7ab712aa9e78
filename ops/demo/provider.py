"""Signing in by an OpenID provider, as a person with a browser does: there, back and in."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from ops.demo.caller import Caller
from ops.demo.steps import expect
from ops.openid_simulator.settings import PROVIDER_ID

LOGIN = "/api/v1/auth/login/provider"


@dataclass(frozen=True)
class Person:
    """Who somebody is at the provider."""

    email: str
    name: str


def arrive(caller: Caller, person: Person) -> None:
    """There, back and in: calls with a fresh access token from now on."""
    tokens = caller.call("POST", LOGIN, json=travel(caller, person))
    caller.take(tokens)
    me = caller.call("GET", "/api/v1/users/me")
    caller.user_id, caller.email = me["id"], me["email"]


def travel(caller: Caller, person: Person) -> dict[str, Any]:
    """There and back: what the front end, to which the provider sends the person, tells the academy then."""
    trip = caller.call("POST", f"{LOGIN}/options", json={"provider": PROVIDER_ID})
    return {"provider": PROVIDER_ID, "ticket": trip["ticket"], **say_who(trip["authorization_url"], person)}


def say_who(authorization_url: str, person: Person) -> dict[str, str]:
    """Fills in the provider's page; returns what the address that it leads back to has in its query."""
    with httpx.Client(timeout=30, trust_env=False) as browser:
        page = browser.get(authorization_url)
        form = re.search(r'<form method="post" action="([^"]+)"', page.text)
        expect(form, "a page that asks who it is", f"{page.status_code} {page.text[:300]}")
        action = str(page.url.join(form.group(1).replace("&amp;", "&"))) if form else ""
        said = {"email": person.email, "name": person.name, "verified": "on", "act": "sign-in"}
        back = browser.post(action, data=said)
    expect(back.status_code == 303, "the provider to send the person back", f"{back.status_code} {back.text[:300]}")
    return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["Location"]).query).items()}


def link(caller: Caller, person: Person) -> str:
    """Links the provider to the account of who is signed in, whose address the provider knows as well; the problem that
    asks for both proofs first."""
    refused = caller.raw("POST", LOGIN, json=travel(caller, person))
    problem = refused.json()
    expect(refused.status_code == 409, "409 for an address that has an account", f"{refused.status_code} {problem}")
    caller.call("POST", "/api/v1/auth/identities/confirm", 201, json={"ticket": problem["ticket"]})
    return str(problem["type"])
