"""What a session sells: line_items with price_data, priced here and kept beside the session."""

from ops.stripe_simulator.errors import AmountTooLarge, AmountTooSmall, ParameterInvalid
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.parameters import Body, integer, mapping, metadata, refuse_unknown, required
from shared.currencies import CURRENCIES, LARGEST_AMOUNT, multiple_fault, written_amount


def price_line_items(params: Body) -> list[Body]:
    """Returns the priced items (minor units, one currency); raises the ParameterMissing / Invalid family."""
    wanted = required(params, "line_items")
    if not isinstance(wanted, list):
        raise ParameterInvalid("Invalid array", "line_items")
    items = [_price(item, f"line_items[{index}]") for index, item in enumerate(wanted)]
    if len({item["currency"] for item in items}) > 1:
        raise ParameterInvalid("All prices in line_items must have the same currency.", "line_items")
    _check_total(sum(item["amount_total"] for item in items), items[0]["currency"].upper())
    return items


def _check_total(total: int, currency: str) -> None:
    """Raises what Stripe answers about an amount that it will never charge; nothing to pay is no charge."""
    least = CURRENCIES[currency].minimum
    if 0 < total < least:
        message = f"The Checkout Session's total amount due must add up to at least {written_amount(least, currency)}"
        raise AmountTooSmall(message)
    if total > LARGEST_AMOUNT:
        message = f"The Checkout Session's total amount must be no more than {written_amount(LARGEST_AMOUNT, currency)}"
        raise AmountTooLarge(message)
    if fault := multiple_fault(total, currency):
        raise ParameterInvalid(f"The amount {fault}.", "line_items")


def as_list(session_id: str, items: list[Body]) -> Body:
    """Returns the items as the list object of the line_items endpoint and expansion."""
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "url": url, "has_more": False, "data": items}


def _price(item: object, inside: str) -> Body:
    if not isinstance(item, dict):
        raise ParameterInvalid("Invalid object", inside)
    price = mapping(item, "price_data")
    if not price:
        raise ParameterInvalid("Only line items with price_data are simulated.", f"{inside}[price_data]")
    refuse_unknown(price, {"currency", "unit_amount", "product_data", "product", "tax_behavior"})
    quantity = integer(item, "quantity", 1) or 0
    unit_amount = integer({"unit_amount": required(price, "unit_amount", f"{inside}[price_data]")}, "unit_amount") or 0
    currency = str(required(price, "currency", f"{inside}[price_data]")).lower()
    if quantity < 1 or unit_amount < 0:
        raise ParameterInvalid("Quantity must be at least 1 and unit_amount must not be negative.", inside)
    if currency.upper() not in CURRENCIES:
        raise ParameterInvalid(f"Invalid currency: {currency}.", f"{inside}[price_data][currency]")
    product = mapping(price, "product_data")
    name = str(required(product, "name", f"{inside}[price_data][product_data]"))
    return _item(name, unit_amount, currency, quantity, metadata(product))


def _item(name: str, unit_amount: int, currency: str, quantity: int, notes: dict[str, str]) -> Body:
    total = unit_amount * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "metadata": {},
        "price": {
            "id": new_id("price"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": now(),
            "currency": currency,
            "livemode": False,
            "metadata": notes,
            "product": new_id("prod", 14),
            "recurring": None,
            "type": "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        },
        "quantity": quantity,
    }
