"""An order may give several grants, one for each enrollment: bundles, gifts, seats.

The old constraint goes in this release because it forbids just that. The release before loses nothing by it: its
statements find an order's grant by the new index as well, none of them names the constraint, and the orders that it
knows still give one grant each. What it loses is the last wall against two events of one order that name different
courses and arrive at the same moment; one behind the other they are refused by the handlers of both releases.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_grants_order_id_enrollment_id"), "grants", ["order_id", "enrollment_id"])
    op.drop_constraint(op.f("uq_grants_order_id"), "grants", type_="unique")
