"""The hosted page: what a person sees, can click, and where it leads."""

from html.parser import HTMLParser

import pytest
import stripe

from ops.stripe_simulator.tests.harness import RunningSimulator, order_params


class Page(HTMLParser):
    """The parts of a page that matter here."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything readable, blanks squeezed."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def buttons(self) -> list[str | None]:
        """What can be clicked."""
        return [attributes.get("value") for attributes in self.all("button")]


def open_page(simulator: RunningSimulator, session_id: str, status: int = 200) -> Page:
    answer = simulator.http.get(f"/pay/{session_id}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    return Page(answer.text)


@pytest.fixture
def session(client: stripe.StripeClient) -> str:
    """An open session."""
    return client.v1.checkout.sessions.create(order_params()).id


def click(simulator: RunningSimulator, session: str, act: str) -> tuple[int, str]:
    answer = simulator.http.post(f"/pay/{session}", data={"act": act, "email": "ann@example.org"})
    return answer.status_code, answer.headers.get("Location", Page(answer.text).text)


def test_open_page_offers_every_way_to_pay_and_a_way_back(simulator: RunningSimulator, session: str) -> None:
    page = open_page(simulator, session)
    assert page.buttons() == ["card", "later", "decline"]
    assert "Pay 49.00 USD" in page.text
    assert "Algebra for grown-ups" in page.text
    assert {"href": "https://shop.example/back"} in page.all("a")


def test_page_is_accessible_and_needs_no_script(simulator: RunningSimulator, session: str) -> None:
    page = open_page(simulator, session)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    labelled = {label["for"] for label in page.all("label")}
    assert {field["id"] for field in page.all("input")} == labelled
    described = {button["aria-describedby"] for button in page.all("button") if "aria-describedby" in button}
    assert described <= {note.get("id") for note in page.all("p")}
    assert all(header.get("scope") for header in page.all("th"))
    assert page.all("script") == []
    css = simulator.http.get(str(page.all("link")[0]["href"]))
    assert css.headers["Content-Type"].startswith("text/css")


def test_paying_leads_to_the_success_address_with_the_session_filled_in(
    simulator: RunningSimulator, session: str
) -> None:
    assert click(simulator, session, "card") == (303, f"https://shop.example/done?session={session}")
    page = open_page(simulator, session)
    assert "Already paid" in page.text
    assert page.buttons() == []
    status, shown = click(simulator, session, "card")
    assert status == 200
    assert "cannot be paid" in shown


def test_declined_card_is_said_and_can_be_tried_again(simulator: RunningSimulator, session: str) -> None:
    answer = simulator.http.post(f"/pay/{session}", data={"act": "decline"})
    page = Page(answer.text)
    assert answer.status_code == 402
    assert {"class": "notice", "role": "alert"} in page.all("p")
    assert "card" in page.buttons()


@pytest.mark.parametrize(("act", "title"), [("arrive", "Already paid"), ("bounce", "Payment failed")])
def test_paying_later_can_be_decided_on_the_page(
    simulator: RunningSimulator, session: str, act: str, title: str
) -> None:
    assert click(simulator, session, "later")[0] == 303
    assert open_page(simulator, session).buttons() == ["arrive", "bounce"]
    assert click(simulator, session, act)[0] == 303
    assert title in open_page(simulator, session).text


def test_expired_and_unknown_pages_say_so(
    client: stripe.StripeClient, simulator: RunningSimulator, session: str
) -> None:
    client.v1.checkout.sessions.expire(session)
    page = open_page(simulator, session, 410)
    assert "expired" in page.text
    assert page.buttons() == []
    assert "No such payment" in open_page(simulator, "cs_test_unknown", 404).text
    assert simulator.http.post(f"/pay/{session}", data={"act": "nonsense"}).status_code == 400


def test_names_cannot_write_html(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    price = {"currency": "jpy", "unit_amount": 4900, "product_data": {"name": "<script>alert(1)</script>"}}
    hostile = client.v1.checkout.sessions.create(order_params(line_items=[{"quantity": 2, "price_data": price}]))
    page = open_page(simulator, hostile.id)
    assert page.all("script") == []
    assert "Pay 9,800 JPY" in page.text
