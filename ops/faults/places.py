"""Who talks to whom, and by which variable it is told where: so a proxy can be put between any pair."""

from dataclasses import dataclass

from ops.places import SERVICES

APIS = tuple(f"{service}-api" for service in SERVICES)
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
SERVERS = ("postgres", "rabbitmq", "gateway")
VICTIMS = (*APIS, *WORKERS, *SERVERS)

# A drill cannot wait for a back-off of half an hour: intervals are scaled, and the bars with them.
PATIENCE = {"EVENT_FIRST_RETRY_SECONDS": "0.5", "EVENT_LEASE_SECONDS": "5"}
MAIL_PATIENCE = {"SMTP_TIMEOUT_SECONDS": "2", "MAIL_LEASE_SECONDS": "5", "MAIL_FIRST_RETRY_SECONDS": "0.5"}
SIMULATOR_PATIENCE = {"SIMULATOR_LAST_RETRY": "4", "SIMULATOR_WEBHOOK_ATTEMPTS": "100000"}
OPEN_DOOR = {
    "GATEWAY_AUTH_RATE": "10000r/s",
    "GATEWAY_AUTH_BURST": "10000",
    "GATEWAY_API_RATE": "10000r/s",
    "GATEWAY_PUBLIC_RATE": "10000r/s",
    "GATEWAY_API_BURST": "10000",
    "GATEWAY_WEBHOOK_RATE": "10000r/s",
    "GATEWAY_WEBHOOK_BURST": "10000",
    "GATEWAY_CONNECTIONS": "2000",
    "GATEWAY_ACCOUNT_RATE": "10000r/s",
    "GATEWAY_ACCOUNT_BURST": "10000",
    "GATEWAY_ADDRESS_RATE": "10000r/s",
    "GATEWAY_ADDRESS_BURST": "10000",
    "GATEWAY_UNCACHED_RATE": "10000r/s",
    "GATEWAY_UNCACHED_BURST": "10000",
}
OPEN_ACCOUNTS = {"ACCOUNT_RATE": "10000", "ACCOUNT_BURST": "10000"}


@dataclass(frozen=True)
class Road:
    """The way from a process to what it calls: the variable that names the far end, as text around its port."""

    variable: str
    form: str = "{port}"


def road(caller: str, target: str) -> Road:
    """How `caller` finds `target` (a process name). Raises KeyError for a pair that never talks."""
    if caller == "gateway":
        return Road(f"{target.removesuffix('-api').upper()}_UPSTREAM", "127.0.0.1:{port}")
    return {
        "postgres": Road("DATABASE_PORT"),
        "rabbitmq": Road("BROKER_PORT"),
        "mail": Road("SMTP_PORT"),
        "identity-api": Road("IDENTITY_URL", "http://127.0.0.1:{port}"),
        "stripe-simulator": Road("STRIPE_API_BASE", "http://127.0.0.1:{port}"),
        "gateway": Road("STRIPE_WEBHOOK_URL", "http://127.0.0.1:{port}/api/v1/payments/webhooks/stripe"),
    }[target]
