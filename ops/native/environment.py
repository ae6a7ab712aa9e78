"""What every Python process is told: the variables of one instance, each process only those it needs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.native import postgres, rabbitmq
from ops.openid_simulator.settings import offer
from ops.places import SERVICES

# Nothing else of the caller's shell reaches a process, so that a stray variable there changes nothing here.
INHERITED = ("PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE")
# What the endpoint is registered for at Stripe, in each mode of operation (docs/operations.md).
STRIPE_EVENTS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "refund.failed",
    "refund.updated",
)
# The 46 MiB of a password's hash in 23 pages, not in 11,776: fetching those took half of a hash's time.
HUGE_PAGES = "glibc.malloc.hugetlb=1"


@dataclass(frozen=True)
class Environment:
    """The variables of an instance, from its ports, its secrets and its directories."""

    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    files: Path
    signing_key: Path
    simulator_state: Path

    @property
    def public_url(self) -> str:
        """The gateway's origin."""
        return f"http://localhost:{self.ports['gateway']}"

    @property
    def management_url(self) -> str:
        """RabbitMQ's management API."""
        return f"http://127.0.0.1:{self.ports['rabbitmq:management']}"

    def shared(self) -> dict[str, str]:
        """What all of them get."""
        return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "PYTHONUNBUFFERED": "1",
            "ENVIRONMENT": "development",
            "LOG_LEVEL": "info",
            "PUBLIC_URL": self.public_url,
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.ports["postgres"]),
            "DATABASE_NAME": postgres.DATABASE,
            "BROKER_HOST": "127.0.0.1",
            "BROKER_PORT": str(self.ports["rabbitmq"]),
            "BROKER_VHOST": "academy",
            "BROKER_MANAGEMENT_URL": self.management_url,
            "IDENTITY_URL": f"http://127.0.0.1:{self.ports['identity-api']}",
            "STORAGE_URL": self.files.as_uri(),
        }

    def service(self, service: str) -> dict[str, str]:
        """What the api and the worker of a service get."""
        return {
            **self.shared(),
            **self._own(service),
            "DATABASE_PASSWORD": self.secrets[f"{service}_database_password"],
            "BROKER_PASSWORD": self.secrets[f"{service}_broker_password"],
            "INTERNAL_TOKEN": self.secrets["internal_token"],
        }

    def worker(self, service: str) -> dict[str, str]:
        """What the worker of a service gets."""
        return self.service(service) | {"WORKER_PORT": str(self.ports[f"{service}-worker"])}

    def migration(self, service: str) -> dict[str, str]:
        """What the migration of a service gets: the owner's password, not the service's."""
        return self.shared() | {"DATABASE_MIGRATION_PASSWORD": self.secrets[f"{service}_migration_password"]}

    def first_admin(self) -> dict[str, str]:
        """What the job that makes the first admin gets."""
        admin = {name.upper(): self.secrets[name] for name in ("admin_email", "admin_password")}
        return self.service("identity") | admin

    def provision(self) -> dict[str, str]:
        """What the jobs with administrator rights get."""
        kinds = ("database_password", "migration_password", "broker_password")
        names = [f"{service}_{kind}" for service in SERVICES for kind in kinds]
        return (
            self.shared()
            | {name.upper(): self.secrets[name] for name in names}
            | {
                "POSTGRES_ADMIN_USER": postgres.ADMIN,
                "POSTGRES_ADMIN_PASSWORD": self.secrets["postgres_admin_password"],
                "BROKER_ADMIN_USER": rabbitmq.ADMIN,
                "BROKER_ADMIN_PASSWORD": self.secrets["broker_admin_password"],
            }
        )

    def stripe_simulator(self) -> dict[str, str]:
        """What the far end of payments gets."""
        return self.shared() | {
            "SIMULATOR_STATE": str(self.simulator_state),
            "SIMULATOR_PUBLIC_URL": f"http://localhost:{self.ports['stripe-simulator']}",
            "STRIPE_API_KEY": self.secrets["stripe_api_key"],
            "STRIPE_WEBHOOK_SECRET": self.secrets["stripe_webhook_secret"],
            "STRIPE_WEBHOOK_URL": f"{self.public_url}/api/v1/payments/webhooks/stripe",
            "STRIPE_WEBHOOK_EVENTS": ",".join(STRIPE_EVENTS),
        }

    def openid_simulator(self) -> dict[str, str]:
        """What the far end of signing in gets."""
        return self.shared() | {
            "OPENID_LISTEN": f"127.0.0.1:{self.ports['openid-simulator']}",
            "OPENID_ISSUER": self._openid_issuer,
            "OPENID_PUBLIC_URL": f"http://localhost:{self.ports['openid-simulator']}",
        }

    @property
    def _openid_issuer(self) -> str:
        return f"http://127.0.0.1:{self.ports['openid-simulator']}"

    def _own(self, service: str) -> dict[str, str]:
        return {
            "identity": {
                "SIGNING_KEY_FILE": str(self.signing_key),
                "SIGN_IN_PROVIDERS": own_sign_in_providers() or json.dumps([offer(self._openid_issuer)]),
                "ENCRYPTION_KEYS": self.secrets["encryption_keys"],
                "GLIBC_TUNABLES": HUGE_PAGES,
            },
            "billing": {
                "STRIPE_API_KEY": self.secrets["stripe_api_key"],
                "STRIPE_API_BASE": f"http://127.0.0.1:{self.ports['stripe-simulator']}",
                "STRIPE_WEBHOOK_SECRETS": self.secrets["stripe_webhook_secret"],
            },
            "notifications": {
                "SMTP_HOST": "127.0.0.1",
                "SMTP_PORT": str(self.ports["mail"]),
                "SMTP_SECURITY": "none",
                "MAIL_FROM": "Academy <no-reply@academy.example>",
            },
        }.get(service, {})


def own_sign_in_providers() -> str:
    """Real ones, of a developer who has an account there; they take the simulator's place. Empty: none."""
    return os.environ.get("SIGN_IN_PROVIDERS", "")
