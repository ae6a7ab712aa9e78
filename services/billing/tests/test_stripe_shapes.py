"""What billing reads of Stripe's objects is there by the same names in the official SDK's types."""

import pytest
import stripe
from pydantic import BaseModel

from services.billing import stripe_shapes as shapes

Session = stripe.checkout.Session
SDK: dict[type[BaseModel], type] = {
    shapes.CheckoutSession: Session,
    shapes.TotalDetails: Session.TotalDetails,
    shapes.Breakdown: Session.TotalDetails.Breakdown,
    shapes.Tax: Session.TotalDetails.Breakdown.Tax,
    shapes.TaxRate: stripe.TaxRate,
    shapes.CustomerDetails: Session.CustomerDetails,
    shapes.Address: Session.CustomerDetails.Address,
    shapes.TaxId: Session.CustomerDetails.TaxId,
    shapes.PaymentIntent: stripe.PaymentIntent,
    shapes.Charge: stripe.Charge,
    shapes.BalanceTransaction: stripe.BalanceTransaction,
    shapes.Refund: stripe.Refund,
    shapes.Dispute: stripe.Dispute,
}


@pytest.mark.parametrize("shape", SDK, ids=lambda shape: shape.__name__)
def test_the_sdk_knows_every_member_that_is_read(shape: type[BaseModel]) -> None:
    assert shape.model_fields.keys() <= SDK[shape].__annotations__.keys()


def test_no_shape_is_left_out() -> None:
    assert {cls for cls in vars(shapes).values() if isinstance(cls, type) and cls is not BaseModel} == SDK.keys()
