"""Renders the gateway's nginx templates as the official image's envsubst does, but refuses what envsubst lets pass.

Standard library only. Names, meaning and defaults of the variables: gateway/README.md.
"""

import re
from collections.abc import Mapping
from pathlib import Path

SUFFIX = ".template"
PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")

# What an operator may leave alone. docker-compose.yml states the same values; a test keeps the two equal.
DEFAULTS: Mapping[str, str] = {
    "CORS_ORIGINS": "",
    "GATEWAY_ACCOUNT_BURST": "100",
    "GATEWAY_ACCOUNT_RATE": "20r/s",
    "GATEWAY_ADDRESS_BURST": "5000",
    "GATEWAY_ADDRESS_CONNECTIONS": "2000",
    "GATEWAY_ADDRESS_RATE": "500r/s",
    "GATEWAY_API_BURST": "100",
    "GATEWAY_API_RATE": "20r/s",
    "GATEWAY_AUTH_BURST": "30",
    "GATEWAY_AUTH_RATE": "1r/s",
    "GATEWAY_COMPRESSION": "gzip",
    "GATEWAY_CONNECTIONS": "50",
    "GATEWAY_PUBLIC_BURST": "500",
    "GATEWAY_PUBLIC_RATE": "200r/s",
    "GATEWAY_READ_TIMEOUT": "30s",
    "GATEWAY_SERVER_NAMES": "localhost 127.0.0.1 [::1]",
    "GATEWAY_TLS": "off",
    "GATEWAY_TLS_CERTIFICATE_PATH": "/run/secrets/tls_certificate",
    "GATEWAY_TLS_KEY_PATH": "/run/secrets/tls_key",
    "GATEWAY_TLS_LISTEN": "8443",
    "GATEWAY_TRUSTED_PROXY": "unix:",
    "GATEWAY_UNCACHED_BURST": "1000",
    "GATEWAY_UNCACHED_RATE": "50r/s",
    "GATEWAY_UPSTREAMS": "static",
    "GATEWAY_WEBHOOK_BURST": "500",
    "GATEWAY_WEBHOOK_RATE": "100r/s",
    "NGINX_RESOLVER": "127.0.0.11",
}


def variable_names(source: Path) -> set[str]:
    """Every ${NAME} that the templates under `source` ask for."""
    return {name for template in _templates(source) for name in PLACEHOLDER.findall(template.read_text("utf-8"))}


def render_templates(source: Path, target: Path, variables: Mapping[str, str]) -> None:
    """Writes each `x.template` under `source` to `target/x` with its ${NAMES} replaced, folders kept.

    nginx's own $variables stay as they are. Raises ValueError when a template asks for a variable that is not given
    or when a given one is asked for nowhere: a misspelt name must not become an empty string.
    """
    wanted = variable_names(source)
    if missing := sorted(wanted - variables.keys()):
        raise ValueError(f"the gateway templates need {', '.join(missing)}")
    if unknown := sorted(variables.keys() - wanted):
        raise ValueError(f"the gateway templates know no {', '.join(unknown)}")
    for template in _templates(source):
        path = target / template.relative_to(source).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = PLACEHOLDER.sub(lambda match: variables[match[1]], template.read_text("utf-8"))
        path.write_text(text, "utf-8")


def _templates(source: Path) -> list[Path]:
    return sorted(source.rglob(f"*{SUFFIX}"))
