"""F7: somebody took the bindings of PaymentSucceeded away. RabbitMQ confirms what it cannot route; we must not."""

from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage

SHORT_EVENTS, FULL_EVENTS = 20, 100
ALERT_SECONDS = 60.0
UNROUTABLE = """
    SELECT count(*) FROM billing.outbox
    WHERE published_at IS NULL AND last_error LIKE 'unroutable%%' AND subject = ANY(%s)
"""


async def act(stage: Stage) -> None:
    """Unbinds, buys, sees that every event is kept and named, binds again."""
    trial, count = stage.trial, FULL_EVENTS if stage.trial.full else SHORT_EVENTS
    trial.expect(count)
    async with stage.lab.broker.unbound("academy.billing", "PaymentSucceeded") as bindings:
        trial.faults += bindings
        await stage.shop.buy_many(count)
        named = await eventually(lambda: _all_named(stage), "the events to be called unroutable")
        trial.at_most("all called unroutable, none called sent", round(named, 1), ALERT_SECONDS, " s")


async def _all_named(stage: Stage) -> bool:
    orders = [purchase.order_id for purchase in stage.shop.purchases]
    return await stage.lab.books.number(UNROUTABLE, [orders]) == len(orders)


SCENARIO = Scenario("F7", "binding missing", act)
