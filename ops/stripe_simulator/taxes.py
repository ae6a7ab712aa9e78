"""Stripe Tax for one place: German VAT, included in the price, when a session asks for automatic tax."""

from ops.stripe_simulator.parameters import Body, mapping

PERCENT = 19


def automatic_tax(params: Body) -> Body:
    """Returns the session's member of that name."""
    if not _wanted(params):
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    return {"enabled": True, "liability": {"type": "self"}, "provider": "stripe", "status": "complete"}


def total_details(params: Body, total: int) -> Body:
    """Returns the session's member of that name; `breakdown` as if it were expanded."""
    tax = round(total * PERCENT / (100 + PERCENT)) if _wanted(params) else 0
    details: Body = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": tax, "breakdown": None}
    if tax:
        details["breakdown"] = {"discounts": [], "taxes": [_line(tax, total - tax)]}
    return details


def _wanted(params: Body) -> bool:
    return bool(mapping(params, "automatic_tax").get("enabled") == "true")


def _line(tax: int, taxable: int) -> Body:
    rate = {
        "id": "txr_simulated",
        "object": "tax_rate",
        "active": False,
        "country": "DE",
        "created": 0,
        "description": None,
        "display_name": "VAT",
        "effective_percentage": PERCENT,
        "flat_amount": None,
        "inclusive": True,
        "jurisdiction": "Germany",
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": PERCENT,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat",
    }
    return {"amount": tax, "rate": rate, "taxability_reason": "standard_rated", "taxable_amount": taxable}
