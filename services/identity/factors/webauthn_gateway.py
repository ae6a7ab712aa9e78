"""Passkeys (https://www.w3.org/TR/webauthn-3/) by py_webauthn: options for the browser, its answers verified."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import structs
from webauthn.helpers.exceptions import WebAuthnException

RP_NAME = "AI First Academy"
# What py_webauthn lets through when an answer is no answer at all.
BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError)


class NotVerified(Exception):
    """The browser's answer does not prove what it should. The reason is for the log."""


@dataclass(frozen=True)
class Site:
    """Whose passkeys they are: the front end's host, and the origins whose pages may use them."""

    host: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, *urls: str) -> "Site":
        """The site with these addresses; the first one's host names it."""
        parts = [urlsplit(url) for url in urls]
        return cls(parts[0].hostname or "", tuple(f"{part.scheme}://{part.netloc}" for part in parts))


@dataclass(frozen=True)
class NewCredential:
    """What is kept of a new passkey."""

    id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Offer:
    """Options for navigator.credentials, and the challenge that the answer must be about."""

    options: dict[str, Any]
    challenge: bytes


def offer_registration(site: Site, user_id: bytes, user_name: str, existing: Sequence[bytes]) -> Offer:
    """For navigator.credentials.create: a discoverable credential that verifies its user."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=RP_NAME,
        user_id=user_id,
        user_name=user_name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=id) for id in existing],
    )
    return Offer(json.loads(webauthn.options_to_json(options)), options.challenge)


def verify_registration(site: Site, challenge: bytes, credential: dict[str, Any]) -> NewCredential:
    """The new passkey. Raises NotVerified."""
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
            require_user_verification=True,
        )
    except BROKEN as error:
        raise NotVerified(str(error)) from error
    return NewCredential(verified.credential_id, verified.credential_public_key, verified.sign_count)


def offer_sign_in(site: Site, allowed: Sequence[bytes]) -> Offer:
    """For navigator.credentials.get; with nothing allowed in particular the person picks the account."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        allow_credentials=[structs.PublicKeyCredentialDescriptor(id=id) for id in allowed],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return Offer(json.loads(webauthn.options_to_json(options)), options.challenge)


def credential_id(credential: dict[str, Any]) -> bytes:
    """Which passkey an answer says it is of. Raises NotVerified."""
    try:
        return webauthn.base64url_to_bytes(credential["rawId"])
    except BROKEN as error:
        raise NotVerified(str(error)) from error


def verify_sign_in(site: Site, challenge: bytes, credential: dict[str, Any], known: NewCredential) -> int:
    """The passkey's counter after this use. Raises NotVerified."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=list(site.origins),
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except BROKEN as error:
        raise NotVerified(str(error)) from error
    return verified.new_sign_count
