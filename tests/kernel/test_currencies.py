"""One table of currencies: what is charged, shown in pages and mails, and refused."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from uuid_utils.compat import uuid7

from ops.stripe_simulator.money import format_amount
from services.catalog.courses.schemas import Currency
from services.notifications.payments import receipt
from shared.currencies import CURRENCIES, charge_fault, written_amount
from shared.events import PaymentSucceeded

WRITTEN = [
    (490_000, "USD", "4,900.00 USD"),
    (5, "EUR", "0.05 EUR"),
    (-5, "EUR", "-0.05 EUR"),
    (4900, "JPY", "4,900 JPY"),
    (1_234_560, "KWD", "1,234.560 KWD"),
    (500_000, "ISK", "5,000 ISK"),
    (5_000_000, "UGX", "50,000 UGX"),
    (4905, "UGX", "49.05 UGX"),
    (17_500, "HUF", "175.00 HUF"),
    (0, "ISK", "0 ISK"),
]


@pytest.mark.parametrize(("amount", "currency", "written"), WRITTEN)
def test_an_amount_is_written_as_its_currency_has_it(amount: int, currency: str, written: str) -> None:
    assert written_amount(amount, currency) == written


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_mail_and_simulator_write_the_same_amount(currency: str) -> None:
    unit = CURRENCIES[currency]
    amount = 12_340 * unit.multiple
    paid = PaymentSucceeded(
        order_id=uuid7(), version=1, user_id=uuid7(), course_id=uuid7(), course_title="Rust", amount=amount,
        currency=currency, paid_at=datetime.now(UTC),
    )  # fmt: skip
    written = written_amount(amount, currency)
    assert receipt(paid).context["amount"] == format_amount(amount, currency.lower()) == written
    number = written.removesuffix(f" {currency}").replace(",", "")
    assert round(float(number) * 10**unit.digits) == amount


def test_what_courses_are_sold_in_can_be_charged() -> None:
    assert set(get_args(Currency)) <= CURRENCIES.keys()


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_the_smallest_amount_is_charged_and_less_is_not(currency: str) -> None:
    unit = CURRENCIES[currency]
    assert charge_fault(unit.minimum, currency) is None
    assert charge_fault(unit.minimum - unit.multiple, currency)
    assert charge_fault(100_000_000, currency)


@pytest.mark.parametrize("currency", ["ISK", "UGX", "KWD", "TND", "XXX", "usd", ""])
def test_what_is_no_multiple_or_no_currency_is_not_charged(currency: str) -> None:
    assert charge_fault(500_005, currency)
