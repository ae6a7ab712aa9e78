"""Amounts as people read them."""

# The currencies of ISO 4217 (list one) whose minor unit is not a hundredth.
EXPONENTS: dict[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip


def written_amount(amount: int, currency: str) -> str:
    """An amount of minor units with its currency: 4900 USD is "49.00 USD", 4900 JPY is "4,900 JPY"."""
    exponent = EXPONENTS.get(currency, 2)
    whole, part = divmod(abs(amount), 10**exponent)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}{f'.{part:0{exponent}d}' if exponent else ''} {currency}"
