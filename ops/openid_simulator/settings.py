"""What the simulator is told from outside, and what the academy must know of it."""

from collections.abc import Mapping
from dataclasses import dataclass

# Its only client. The secret is none: who is believed without a password guards nothing.
PROVIDER_ID, NAME = "simulator", "OpenID simulator"
CLIENT_ID, CLIENT_SECRET = "academy", "nothing-is-guarded-here"


@dataclass(frozen=True)
class Settings:
    """`issuer` is where the academy reaches it, `public_url` where browsers do; people are sent back to `redirect_uri`
    and nowhere else."""

    listen: tuple[str, int]
    issuer: str
    public_url: str
    redirect_uri: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """By the variables of README.md. Raises KeyError for a missing, ValueError for a broken one."""
    host, _, port = environment["OPENID_LISTEN"].rpartition(":")
    issuer = environment["OPENID_ISSUER"].rstrip("/")
    front_end = (environment.get("FRONTEND_URL") or environment["PUBLIC_URL"]).rstrip("/")
    return Settings(
        listen=(host, int(port)),
        issuer=issuer,
        public_url=environment.get("OPENID_PUBLIC_URL", "").rstrip("/") or issuer,
        redirect_uri=f"{front_end}/login/callback/{PROVIDER_ID}",
    )


def offer(issuer: str) -> dict[str, str]:
    """The entry of SIGN_IN_PROVIDERS by which the academy offers it."""
    return {
        "id": PROVIDER_ID,
        "name": NAME,
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
