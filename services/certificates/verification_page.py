"""The public check as a page, for whoever scans the QR code. Everything is escaped; nothing is loaded or run."""

import base64
import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.certificates.schemas import VerificationRead

TEMPLATES = Path(__file__).parent / "templates"
CSS = (TEMPLATES / "verification.css").read_text()
_STYLE_HASH = base64.b64encode(sha256(CSS.encode()).digest()).decode()
# The one style is allowed by its hash, everything else is refused (https://www.w3.org/TR/CSP3/).
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADINGS = {
    "valid": ("This certificate is valid", "Compare the course, the name and the dates with the sheet you were given."),
    "revoked": ("This certificate is revoked", "It was issued by us and is no longer valid."),
}
_ACCEPTED = re.compile(r"\s*([\w*.+-]+/[\w*.+-]+)\s*(?:;[^,]*?\bq\s*=\s*([01](?:\.\d*)?))?[^,]*")


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.filters["day"] = _day
_template = _environment.get_template("verification.html")


def render_page(issuer: str, certificate: VerificationRead) -> str:
    """The page of a certificate that exists."""
    heading, explanation = HEADINGS[certificate.status]
    return _render(issuer, certificate.status, heading, explanation, certificate)


def render_unknown_page(issuer: str, heading: str, explanation: str) -> str:
    """The page for a code that no certificate has."""
    return _render(issuer, "unknown", heading, explanation, None)


def _render(issuer: str, state: str, heading: str, explanation: str, certificate: VerificationRead | None) -> str:
    return _template.render(
        issuer=issuer,
        state=state,
        heading=heading,
        explanation=explanation,
        certificate=certificate,
        css=Markup(CSS),  # nosec B704 # our own file, and what the hash is of
    )


def prefers_html(accept: str) -> bool:
    """True when an Accept header (RFC 9110 section 12.5.1) names HTML and likes it better than JSON. Who accepts
    anything, as scripts do, gets JSON."""
    quality = {kind.lower(): float(q or 1) for kind, q in _ACCEPTED.findall(accept[:1000])}
    html = max(quality.get("text/html", 0.0), quality.get("application/xhtml+xml", 0.0))
    json = max(quality.get("application/json", 0.0), quality.get("application/problem+json", 0.0))
    return html > json
