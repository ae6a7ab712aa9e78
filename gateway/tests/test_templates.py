import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.tests.door import GATEWAY
from ops.gateway import DEFAULTS, render_templates, variable_names

TEMPLATES = GATEWAY / "templates"
MADE_BY_THE_RUNNER = {
    "FILES_ROOT",
    "GATEWAY_ACCESS_LOG",
    "GATEWAY_CACHE",
    "GATEWAY_LISTEN",
    "GATEWAY_REFILL",
    "GATEWAY_STATIC",
    "PUBLIC_URL",
}


def test_a_variable_that_is_missing_or_unknown_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "templates" / "deep"
    source.mkdir(parents=True)
    (source / "a.conf.template").write_text("listen ${PORT}; set $x $host;")
    with pytest.raises(ValueError, match="need PORT"):
        render_templates(source.parent, tmp_path / "out", {})
    with pytest.raises(ValueError, match="know no PROT"):
        render_templates(source.parent, tmp_path / "out", {"PORT": "1", "PROT": "2"})
    render_templates(source.parent, tmp_path / "out", {"PORT": "1"})
    assert (tmp_path / "out" / "deep" / "a.conf").read_text() == "listen 1; set $x $host;"


def test_every_variable_is_in_the_readme_and_in_the_compose_file() -> None:
    names = variable_names(TEMPLATES)
    upstreams = {name for name in names if name.endswith("_UPSTREAM")}
    assert names == DEFAULTS.keys() | MADE_BY_THE_RUNNER | upstreams
    readme = (GATEWAY / "README.md").read_text()
    assert not [name for name in names if f"`{name}`" not in readme]
    compose = yaml.safe_load((GATEWAY.parent / "docker-compose.yml").read_text())
    environment = compose["services"]["gateway"]["environment"]
    assert environment.keys() == names | {"NGINX_ENVSUBST_FILTER"}
    assert not [name for name in names if not re.match(environment["NGINX_ENVSUBST_FILTER"], name)]


@pytest.mark.parametrize(
    "name", sorted(DEFAULTS.keys() - {"GATEWAY_SERVER_NAMES", "GATEWAY_UPSTREAMS", "CORS_ORIGINS"})
)
def test_the_compose_file_states_the_same_defaults(name: str) -> None:
    compose = yaml.safe_load((GATEWAY.parent / "docker-compose.yml").read_text())
    stated = str(compose["services"]["gateway"]["environment"][name])
    assert stated in {DEFAULTS[name], f"${{{name}:-{DEFAULTS[name]}}}"}


def test_no_template_uses_a_variable_that_only_envsubst_would_replace() -> None:
    bare = re.compile(r"\$[A-Z_]{2,}")
    assert not [path for path in TEMPLATES.rglob("*.template") if bare.search(path.read_text())]


def test_every_location_that_answers_carries_the_common_headers() -> None:
    # refill.conf speaks to the gateway itself, not to clients.
    files = [path for path in TEMPLATES.rglob("*.template") if path.name != "refill.conf.template"]
    text = "\n".join(path.read_text() for path in files)
    locations = re.findall(r"^ *location ([^{]+)\{((?:[^{}]|\{[^{}]*\})*)\}", text, re.MULTILINE)
    carrying = [f"snippets/{name}.conf" for name in ("headers", "proxy", "page", "public_read", "auth", "avatar")]
    bare = [name.strip() for name, body in locations if not any(part in body for part in carrying)]
    assert bare == ["/", "/"]
