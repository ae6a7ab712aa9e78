"""Turns a kind of notice and its facts into words. The templates of a kind lie in templates/<kind>/.

Facts are values, never templates: braces in a name stay braces. HTML is escaped, a missing fact is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from services.notifications.texts import cut, one_line

_environment = SandboxedEnvironment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.filters["cut"] = cut

Facts = Mapping[str, str]


def set_academy(name: str) -> None:
    """How this process's mails call the school."""
    _environment.globals["academy"] = name


class Unrenderable(Exception):
    """A template is missing or wants a fact that it was not given: a defect of ours, no retry helps."""


@dataclass(frozen=True)
class Site:
    """Where links lead: the front end's origin and that of the public API."""

    frontend_url: str
    public_url: str


def render_title(kind: str, facts: Facts) -> str:
    """The subject of the mail and title in the app, on one line. Raises Unrenderable."""
    return one_line(_render(kind, "subject.txt", facts))


def render_note(kind: str, facts: Facts) -> str:
    """The text in the app, plain. Raises Unrenderable."""
    return _render(kind, "note.txt", facts).strip()


def render_mail(kind: str, facts: Facts, site: Site) -> tuple[str, str]:
    """The mail's plain text and HTML; `facts` has the receiver's `name`, empty when
    nobody is greeted by name, and the `link`, a path. Raises
    Unrenderable."""
    words = {
        **facts,
        "site": site.frontend_url,
        "api": site.public_url,
        "url": site.frontend_url + facts.get("link", ""),
        "unsubscribe_url": unsubscribe_url(facts, site),
    }
    return _render(kind, "body.txt", words), _render(kind, "body.html", words)


def unsubscribe_url(facts: Facts, site: Site) -> str:
    """The address that ends such mails; empty for mails that nobody can do without."""
    return site.public_url + facts["unsubscribe"] if "unsubscribe" in facts else ""


def _render(kind: str, part: str, facts: Facts) -> str:
    try:
        return _environment.get_template(f"{kind}/{part}").render(facts)
    except TemplateError as error:
        raise Unrenderable(f"{kind}/{part}: {type(error).__name__}: {error}") from error
