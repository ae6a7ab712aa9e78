"""Amounts for people; everywhere else money stays in minor units."""

# https://docs.stripe.com/currencies#zero-decimal and #three-decimal
_DIGITS = dict.fromkeys(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"), 0
) | dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 3)


def format_amount(amount: int, currency: str) -> str:
    """Returns e.g. "49.00 USD" for 4900 and "usd", "4900 JPY" for 4900 and "jpy"."""
    digits = _DIGITS.get(currency, 2)
    return f"{amount / 10**digits:,.{digits}f} {currency.upper()}"
