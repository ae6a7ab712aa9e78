"""Amounts for people; everywhere else money stays in minor units."""

from shared.currencies import written_amount


def format_amount(amount: int, currency: str) -> str:
    """Returns e.g. "49.00 USD" for 4900 and "usd", "4,900 JPY" for 4900 and "jpy"."""
    return written_amount(amount, currency.upper())
