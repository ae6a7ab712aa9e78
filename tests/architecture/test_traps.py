"""No code of ours steps into a known trap; and each rule still bites."""

import ast
from functools import cache

import pytest

from tests.architecture import traps
from tests.architecture.traps import RULES, Rule
from tests.architecture.tree import ROOT, imports, is_test, sources

EXCEPTIONS: dict[Rule, set[str]] = {
    # The edge itself; and one-shot jobs with a connection of their own, without a request or a message.
    traps.no_commit_of_ones_own: {"shared/lean_session.py", "shared/provision.py", "shared/migrate.py"},
    # Providers choose among three; the header names one of them, the key is of its kind (test_provider_answers.py).
    traps.tokens_are_decoded_by_fixed_algorithms: {"services/identity/providers/id_tokens.py"},
    # LISTEN takes no parameters; the channel's name is made of the service's own.
    traps.sql_is_a_fixed_text: {"shared/worker.py"},
    # A provider outside may be behind the operator's proxy.
    traps.internal_calls_ignore_proxies: {"services/identity/providers/oidc_gateway.py"},
    # It demands an Origin of ours (services/identity/tests/test_browser_mode.py).
    traps.cookies_are_read_in_one_place: {"services/identity/browser.py"},
    traps.forms_are_parsed_in_one_place: {"shared/forms.py"},
    # Moment itself; and what our own services publish.
    traps.times_that_are_sent_are_moments: {
        "shared/schemas.py",
        "shared/envelope.py",
        *(str(path.relative_to(ROOT)) for path in sources("shared/events")),
    },
}
HTTP_CLIENTS = {"httpx", "requests", "urllib3", "urllib.request", "http.client", "aiohttp", "socket", "websockets"}
# They ask identity and the broker, whose addresses are settings (IDENTITY_URL, BROKER_MANAGEMENT_URL), and the sign-in
# providers of SIGN_IN_PROVIDERS, with the client that oidc_gateway makes.
CALLERS = {
    "services/identity/providers/discovery.py",
    "services/identity/providers/fetching.py",
    "shared/broker_check.py",
    "shared/provision.py",
    "shared/revocations.py",
    "shared/token_keys.py",
}
BAD: dict[Rule, list[str]] = {
    traps.session_ends_before_the_answer: ["Depends(get_session)", "Depends(get_session, scope='request')"],
    traps.no_commit_of_ones_own: ["session.commit()"],
    traps.nothing_is_requeued: ["channel.basic_nack(1)", "channel.basic_reject(1, requeue=True)"],
    traps.every_publish_is_mandatory: ["c.basic_publish('e', 'k', b'')", "c.basic_publish('e', mandatory=False)"],
    traps.no_counter_of_the_brokers: ["properties.headers['x-death']"],
    traps.a_broker_is_waited_for_with_limits: ["pika.ConnectionParameters('host', heartbeat=30)"],
    traps.tokens_are_decoded_by_fixed_algorithms: [
        "jwt.decode(t, k, algorithms=header['alg'], audience=A, issuer=I, options={'require': R})",
        "jwt.decode(t, k, algorithms=[name], audience=A, issuer=I, options={'require': R})",
        "jwt.decode(t, k, algorithms=['EdDSA'], audience=A, issuer=I)",
        "jwt.decode(t, k, algorithms=['EdDSA'], options={'require': R})",
        "decode(t, k, algorithms=[name])",
        "jwt.decode_complete(t, options={'verify_signature': False})",
    ],
    traps.webhooks_are_not_verified_by_the_sdk_alone: [
        "stripe.Webhook.construct_event(body, header, secret)",
        "WebhookSignature.verify_header(body, header, secret)",
    ],
    traps.passwords_are_scored_in_part: ["zxcvbn(password)", "zxcvbn(password[8:])"],
    traps.no_markup_is_made_of_names: ["Paragraph(f'for {name}')", "Paragraph(name)"],
    traps.no_power_rests_on_an_address: [
        "request.url.path.startswith('/admin')",
        "request.url.path in OPEN",
        "str(request.url) == '/x'",
    ],
    traps.mails_refuse_line_breaks: ["from email.mime.text import MIMEText", "import email.mime.multipart"],
    traps.nothing_blocks_the_loop: ["async def read(session: SessionDep, id: UUID): ..."],
    traps.no_redirect_is_followed: ["httpx.Client(follow_redirects=True)", "requests.get(x, allow_redirects=True)"],
    traps.internal_calls_ignore_proxies: ["httpx.get(url)", "httpx.Client(timeout=2)", "httpx.get(u, trust_env=True)"],
    traps.cookies_are_read_in_one_place: ["request.cookies['session']", "def route(session: str = Cookie()): ..."],
    traps.times_that_are_sent_are_moments: ["from pydantic import AwareDatetime, BaseModel"],
    traps.forms_are_parsed_in_one_place: [
        "from fastapi import Form, Request",
        "from fastapi import File as Upload",
        "from starlette.datastructures import UploadFile",
        "from starlette.formparsers import MultiPartParser",
        "def login(form: Annotated[Login, fastapi.Form()]): ...",
        "def send(file: fastapi.datastructures.UploadFile): ...",
        "def login(name: str = params.Form()): ...",
        "async def send(request): await request.form()",
        "async def send(asked):\n    async with asked.form(max_files=1) as form: ...",
    ],
    traps.nobody_is_sent_elsewhere: ["RedirectResponse(request.query_params['next'])"],
    traps.sql_is_a_fixed_text: ["text(f'SELECT {x}')", "cursor.execute('SELECT ' + x)", "c.execute('%s' % x)"],
}


@cache
def shipped() -> dict[str, ast.Module]:
    """What runs in production: file -> its syntax tree."""
    paths = [path for path in sources("shared", "services") if not is_test(path) and "testing" not in path.parts]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_code_of_ours_steps_into_the_trap(rule: Rule) -> None:
    excepted = EXCEPTIONS.get(rule, set())
    found = {
        f"{name}:{getattr(node, 'lineno', 0)}"
        for name, tree in shipped().items()
        for node in rule(tree)
        if name not in excepted
    }
    assert not found, f"{rule.__doc__}\n" + "\n".join(sorted(found))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_bites(rule: Rule) -> None:
    missed = [code for code in BAD[rule] if not list(rule(ast.parse(code)))]
    assert not missed


def test_only_a_vendors_gateway_calls_out_so_no_address_that_somebody_sends_is_ever_fetched() -> None:
    calling = [
        f"{name} imports {module}"
        for name in shipped()
        if not (name.endswith("_gateway.py") or name in CALLERS)
        for module in imports(ROOT / name)
        if any(f"{module}.".startswith(f"{client}.") for client in HTTP_CLIENTS)
    ]
    assert not calling, "\n".join(calling)
