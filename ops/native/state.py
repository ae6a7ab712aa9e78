"""What others may know of a running platform: the content of `platform.json`."""

from typing import Any

from ops.native import postgres, rabbitmq
from ops.native.environment import Environment, own_sign_in_providers
from ops.native.instance import Instance
from ops.places import SERVICES


def describe(instance: Instance, environment: Environment) -> dict[str, Any]:
    """Addresses and administrator access. It holds passwords: the file is readable by its owner only."""
    ports, secrets, directory = instance.ports, instance.secrets, instance.directory
    local = "http://127.0.0.1:{}".format
    return {
        "engine": "native",
        "directory": str(directory),
        "logs": str(directory / "logs"),
        "files": str(environment.files),
        "gateway": environment.public_url,
        "mail": f"http://localhost:{ports['mail:web']}",
        # Empty where people sign in by others.
        "openid": "" if own_sign_in_providers() else f"http://localhost:{ports['openid-simulator']}",
        "stripe": f"http://localhost:{ports['stripe-simulator']}",
        "billing_webhook": f"{environment.public_url}/api/v1/payments/webhooks/stripe",
        "stripe_webhook_secret": secrets["stripe_webhook_secret"],
        "services": {
            name: {"api": local(ports[f"{name}-api"]), "worker": local(ports[f"{name}-worker"])} for name in SERVICES
        },
        "admin": {
            "email": secrets["admin_email"],
            "password": secrets["admin_password"],
            "password_file": str(directory / "secrets.json"),
        },
        "database": {
            "host": "127.0.0.1",
            "port": ports["postgres"],
            "name": postgres.DATABASE,
            "admin_user": postgres.ADMIN,
            "admin_password": secrets["postgres_admin_password"],
        },
        "broker": {
            "host": "127.0.0.1",
            "port": ports["rabbitmq"],
            "vhost": "academy",
            "management": environment.management_url,
            "admin_user": rabbitmq.ADMIN,
            "admin_password": secrets["broker_admin_password"],
        },
    }
