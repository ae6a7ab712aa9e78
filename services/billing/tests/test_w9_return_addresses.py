"""W9: coming back from the payment page proves nothing."""

from services.billing.tests.shop import Shop
from shared.events import PaymentSucceeded


def test_w9_coming_to_the_return_address_without_paying_gives_nothing(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    _, paid, paid_session = shop.bought()
    shop.far_end.pay(paid_session)
    shop.deliver_all(paid_session)
    shop.sql("UPDATE orders SET created_at = now() - interval '1 hour' WHERE id = :id", id=order["id"])
    for session_id in (paid_session, "cs_test_made_up", "{CHECKOUT_SESSION_ID}"):
        url = f"/api/v1/payments/orders/{order['id']}"
        assert caller.get(url, params={"session": session_id, "order": paid["id"]}).json()["status"] == "pending"
    assert not shop.told(order["id"], PaymentSucceeded)
