"""Traps that others fell into, each as a rule over the syntax tree: it yields the nodes that step into it.

A docstring says what happens in the trap.
"""

import ast
from collections.abc import Callable, Iterator
from typing import TypeGuard

Nodes = Iterator[ast.AST]
Rule = Callable[[ast.AST], Nodes]
SESSIONS = {"SessionDep", "ReadDep"}
READ_BY_BROKER = {"x-delivery-count", "x-death", "alternate-exchange"}
FRAMEWORK = ("fastapi", "starlette")
OF_FORMS = {"Form", "File", "UploadFile", "MultiPartParser", "FormParser"}
WAITS = {"heartbeat", "blocked_connection_timeout", "socket_timeout"}


def session_ends_before_the_answer(tree: ast.AST) -> Nodes:
    """A generator dependency ends after the answer was sent, so a failed commit is answered 200, unless its scope is
    the function (FastAPI since 0.118)."""
    for call in _calls(tree, "Depends"):
        provider = _name(call.args[0]) if call.args else ""
        scope = _keyword(call, "scope")
        if provider.endswith("_session") and not (isinstance(scope, ast.Constant) and scope.value == "function"):
            yield call


def no_commit_of_ones_own(tree: ast.AST) -> Nodes:
    """A commit inside of a request or a handler lets half of it survive: the edge commits, once."""
    yield from _calls(tree, "commit")


def nothing_is_requeued(tree: ast.AST) -> Nodes:
    """A nack with requeue, the default, comes back at once and burns the queue's delivery limit in milliseconds."""
    for call in [*_calls(tree, "basic_nack"), *_calls(tree, "basic_reject"), *_calls(tree, "basic_recover")]:
        requeue = _keyword(call, "requeue")
        if not (isinstance(requeue, ast.Constant) and requeue.value is False):
            yield call


def every_publish_is_mandatory(tree: ast.AST) -> Nodes:
    """RabbitMQ confirms what it cannot route: without mandatory the event is lost and marked as sent."""
    for call in _calls(tree, "basic_publish"):
        if not _is_true(_keyword(call, "mandatory")):
            yield call


def no_counter_of_the_brokers(tree: ast.AST) -> Nodes:
    """What a broker counts differs between versions, and an alternate exchange hides what cannot be routed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in READ_BY_BROKER:
            yield node


def a_broker_is_waited_for_with_limits(tree: ast.AST) -> Nodes:
    """By default pika waits for a blocked broker for ever."""
    for call in _calls(tree, "ConnectionParameters"):
        if not {keyword.arg for keyword in call.keywords} >= WAITS:
            yield call


def tokens_are_decoded_by_fixed_algorithms(tree: ast.AST) -> Nodes:
    """PyJWT takes the algorithm from whoever asks, a token without exp, and any issuer, unless it is told not to."""
    for call in [*_calls(tree, "decode"), *_calls(tree, "decode_complete")]:
        algorithms = _keyword(call, "algorithms")
        of_jwt = isinstance(call.func, ast.Attribute) and _name(call.func.value) == "jwt"
        # By another name it is known by what it takes.
        if not (of_jwt or algorithms or _name(call.func) == "decode_complete"):
            continue
        fixed = isinstance(algorithms, ast.List) and all(_is_fixed(element) for element in algorithms.elts)
        options = _keyword(call, "options")
        named = {key.value for key in options.keys if isinstance(key, ast.Constant)} if _is_dict(options) else set()
        if not fixed or "require" not in named or not (_keyword(call, "audience") and _keyword(call, "issuer")):
            yield call


def webhooks_are_not_verified_by_the_sdk_alone(tree: ast.AST) -> Nodes:
    """Stripe's construct_event takes signatures from the future and raises three kinds of errors that are no
    verification errors; verify_header without a tolerance takes any age."""
    yield from _calls(tree, "construct_event")
    for call in _calls(tree, "verify_header"):
        if len(call.args) < 4 and not _keyword(call, "tolerance"):
            yield call


def passwords_are_scored_in_part(tree: ast.AST) -> Nodes:
    """zxcvbn raises above 72 characters, and takes seconds for a long one."""
    for call in _calls(tree, "zxcvbn"):
        scored = call.args[0] if call.args else None
        if not (isinstance(scored, ast.Subscript) and isinstance(scored.slice, ast.Slice) and scored.slice.upper):
            yield call


def no_markup_is_made_of_names(tree: ast.AST) -> Nodes:
    """ReportLab's Paragraph is markup: a learner's name breaks it, or opens a file."""
    for call in _calls(tree, "Paragraph"):
        if not call.args or not (isinstance(call.args[0], ast.Constant) or _calls_escape(call.args[0])):
            yield call


def no_power_rests_on_an_address(tree: ast.AST) -> Nodes:
    """request.url is made of the Host header: what is allowed never depends on it."""
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
            asked = [node.func.value]
        if any("request.url" in ast.unparse(part) for part in asked):
            yield node


def mails_refuse_line_breaks(tree: ast.AST) -> Nodes:
    """The old mail classes take a header with a line break in it, so a subject can add recipients."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if any(name.startswith("email.mime") for name in [module, *names]):
                yield node


def nothing_blocks_the_loop(tree: ast.AST) -> Nodes:
    """The database's driver blocks: in an async route it stops every other request of the process."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            if any(argument.annotation and _name(argument.annotation) in SESSIONS for argument in arguments):
                yield node


def sql_is_a_fixed_text(tree: ast.AST) -> Nodes:
    """A value inside of the statement's text is an injection."""
    for call in [*_calls(tree, "text"), *_calls(tree, "execute"), *_calls(tree, "exec_driver_sql")]:
        if call.args and isinstance(call.args[0], (ast.JoinedStr, ast.BinOp)):
            yield call


def nobody_is_sent_elsewhere(tree: ast.AST) -> Nodes:
    """A redirect to an address that a request names lends our name to a foreign page."""
    yield from _calls(tree, "RedirectResponse")


def no_redirect_is_followed(tree: ast.AST) -> Nodes:
    """A far end that redirects chooses which of our inner addresses is asked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_true(
            _keyword(node, "follow_redirects") or _keyword(node, "allow_redirects")
        ):
            yield node


def internal_calls_ignore_proxies(tree: ast.AST) -> Nodes:
    """httpx takes HTTP_PROXY from the environment, as Docker's client settings set it in every container: calls between
    our own processes would go to the proxy. A vendor's gateway may need one."""
    for name in ("get", "post", "request", "stream", "Client", "AsyncClient"):
        for call in _calls(tree, name):
            of_httpx = isinstance(call.func, ast.Attribute) and _name(call.func.value) == "httpx"
            trusted = _keyword(call, "trust_env")
            if of_httpx and not (isinstance(trusted, ast.Constant) and trusted.value is False):
                yield call


def cookies_are_read_in_one_place(tree: ast.AST) -> Nodes:
    """A browser sends a cookie whoever asks it to: what a cookie does must demand an Origin of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "cookies":
            yield node
    yield from _calls(tree, "Cookie")


def times_that_are_sent_are_moments(tree: ast.AST) -> Nodes:
    """Python takes offsets from UTC that Postgres refuses, so such a time is answered 500: shared.schemas.Moment is
    in UTC."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "AwareDatetime" for alias in node.names):
            yield node


def forms_are_parsed_in_one_place(tree: ast.AST) -> Nodes:
    """The framework decodes a form with the codec that the client names, and some take minutes: shared/forms.py."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(FRAMEWORK):
            named = {alias.name for alias in node.names}
        else:
            named = {node.attr} if isinstance(node, ast.Attribute) else set()
        if named & OF_FORMS:
            yield node
    yield from _calls(tree, "form")


RULES: list[Rule] = [
    session_ends_before_the_answer,
    no_commit_of_ones_own,
    nothing_is_requeued,
    every_publish_is_mandatory,
    no_counter_of_the_brokers,
    a_broker_is_waited_for_with_limits,
    tokens_are_decoded_by_fixed_algorithms,
    webhooks_are_not_verified_by_the_sdk_alone,
    passwords_are_scored_in_part,
    no_markup_is_made_of_names,
    no_power_rests_on_an_address,
    mails_refuse_line_breaks,
    nothing_blocks_the_loop,
    sql_is_a_fixed_text,
    nobody_is_sent_elsewhere,
    no_redirect_is_followed,
    internal_calls_ignore_proxies,
    cookies_are_read_in_one_place,
    times_that_are_sent_are_moments,
    forms_are_parsed_in_one_place,
]


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == name)


def _name(node: ast.AST) -> str:
    """The last part of a dotted name; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or _name(node).isupper()


def _is_dict(node: ast.expr | None) -> TypeGuard[ast.Dict]:
    return isinstance(node, ast.Dict)


def _calls_escape(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "escape"
