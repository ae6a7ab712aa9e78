"""A new Checkout Session: which parameters Stripe would take, and the full body it would answer."""

from ops.stripe_simulator.errors import EmailInvalid, ParameterInvalid, ParameterMissing
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.parameters import Body, integer, mapping, metadata, refuse_unknown, required, web_address
from ops.stripe_simulator.taxes import automatic_tax, total_details

_SHORTEST, _LONGEST = 30 * 60, 24 * 60 * 60
_ECHOED = {
    "billing_address_collection",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "submit_type",
}
_KNOWN = _ECHOED | {
    "automatic_tax",
    "cancel_url",
    "client_reference_id",
    "expires_at",
    "line_items",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_types",
    "success_url",
    "tax_id_collection",
    "ui_mode",
}
_ABSENT = (
    "after_expiration",
    "allow_promotion_codes",
    "client_secret",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer_details",
    "invoice",
    "payment_intent",
    "payment_link",
    "recovered_from",
    "return_url",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "subscription",
)


def draft_session(params: Body, items: list[Body]) -> Body:
    """Returns the body of an open session without its url; raises the ParameterMissing / Invalid family."""
    refuse_unknown(params, _KNOWN)
    _check_mode(params)
    return _body(params, sum(item["amount_total"] for item in items), items[0]["currency"])


def _check_mode(params: Body) -> None:
    if required(params, "mode") != "payment":
        raise ParameterInvalid("Only mode=payment is simulated.", "mode")
    if params.get("ui_mode", "hosted") not in {"hosted", "hosted_page"}:
        raise ParameterInvalid("Only the hosted page is simulated.", "ui_mode")
    if not web_address(params, "success_url"):
        raise ParameterMissing("success_url")
    if "@" not in params.get("customer_email", "@"):
        raise EmailInvalid(f"Invalid email address: {params['customer_email']}", "customer_email")


def _expiry(params: Body, created: int) -> int:
    """The bounds are Stripe's and as strict: exactly 30 minutes by the caller's clock may arrive too late."""
    expires_at = integer(params, "expires_at", created + _LONGEST) or 0
    if expires_at - created < _SHORTEST:
        raise ParameterInvalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    if expires_at - created > _LONGEST:
        raise ParameterInvalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
    return expires_at


def _body(params: Body, total: int, currency: str) -> Body:
    created = now()
    nothing: Body = dict.fromkeys(_ABSENT)
    return nothing | {
        "id": new_id("cs_test", 58),
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": automatic_tax(params),
        "cancel_url": web_address(params, "cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": created,
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "expires_at": _expiry(params, created),
        "livemode": False,
        "metadata": metadata(params),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": params.get("payment_method_types") or ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": params["success_url"],
        "tax_id_collection": {
            "enabled": mapping(params, "tax_id_collection").get("enabled") == "true",
            "required": "never",
        },
        "total_details": total_details(params, total),
        "ui_mode": params.get("ui_mode", "hosted_page"),
        **{name: params.get(name) for name in sorted(_ECHOED)},
    }
