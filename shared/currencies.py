"""The currencies in which money can be charged: one table for prices, pages, documents, mails and the simulator.

Amounts are integers in the unit of the payment provider, which counts some currencies otherwise than ISO 4217 does
(https://docs.stripe.com/currencies: presentment currencies, zero-decimal, three-decimal, special cases, minimum and
maximum charge amounts).
"""

from dataclasses import dataclass

# The largest amount of one charge: eight digits. Stripe takes more in a few currencies.
LARGEST_AMOUNT = 99_999_999


@dataclass(frozen=True)
class Unit:
    """How amounts of a currency are counted: `digits` behind the point of one unit, the smallest charge, and what each
    amount must be a multiple of. `minimum` and `multiple` are in minor units."""

    digits: int = 2
    minimum: int = 50
    multiple: int = 1


# Where Stripe names no minimum, the sum must be worth as much as the settlement currency's minimum, which depends on
# the rate of the day: such a charge is refused by the provider itself.
_TWO_DIGITS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE
    CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK
    LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
    RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER
    ZAR ZMW
"""
_NO_DIGITS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
# The last of the three digits must be 0.
_THREE_DIGITS = "BHD JOD KWD OMR TND"
# They have no decimals, but Stripe counts their hundredths, which must be 00.
_HUNDREDTHS_OF_WHOLE_UNITS = "ISK UGX"
_MINIMUMS = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17500, "MXN": 1000, "MYR": 200,
    "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip

CURRENCIES: dict[str, Unit] = {
    **{code: Unit(minimum=_MINIMUMS.get(code, 50)) for code in _TWO_DIGITS.split()},
    **{code: Unit(digits=0) for code in _NO_DIGITS.split()},
    **{code: Unit(digits=3, minimum=500, multiple=10) for code in _THREE_DIGITS.split()},
    **{code: Unit(minimum=100, multiple=100) for code in _HUNDREDTHS_OF_WHOLE_UNITS.split()},
}


def written_amount(amount: int, currency: str) -> str:
    """The amount as people read it: 490000 USD is "4,900.00 USD", 4900 JPY is "4,900 JPY", 500000 ISK is "5,000 ISK".
    A part of a whole unit is never left out: 4905 UGX is "49.05 UGX"."""
    unit = CURRENCIES.get(currency, Unit())
    whole, part = divmod(abs(amount), 10**unit.digits)
    digits = 0 if unit.multiple >= 10**unit.digits and not part else unit.digits
    return f"{'-' if amount < 0 else ''}{whole:,}{f'.{part:0{digits}d}' if digits else ''} {currency}"


def charge_fault(amount: int, currency: str) -> str | None:
    """What forbids to charge this amount, as the end of a sentence about it; None when the provider takes it."""
    unit = CURRENCIES.get(currency)
    if unit is None:
        return "is in a currency that cannot be charged"
    if amount < unit.minimum:
        return f"must be at least {written_amount(unit.minimum, currency)}, the smallest payment in this currency"
    if amount > LARGEST_AMOUNT:
        return f"must be at most {written_amount(LARGEST_AMOUNT, currency)}"
    return multiple_fault(amount, currency)


def multiple_fault(amount: int, currency: str) -> str | None:
    """What forbids to move this amount in a payment or refund, however small it may be; None when nothing does."""
    multiple = CURRENCIES.get(currency, Unit()).multiple
    return None if amount % multiple == 0 else f"must be a multiple of {multiple} minor units of {currency}"
