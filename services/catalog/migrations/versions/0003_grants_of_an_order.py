"""An order may give several grants, one for each enrollment: bundles, gifts, seats.

The old constraint goes in this release because it forbids just that. The release before keeps working without it: none
of its statements names the constraint, the new index finds an order's grant as well, and the orders that it knows give
one grant each. In both releases a wall goes with it: two events of one order that name different courses, which billing
never sends, are refused when one comes behind the other, and no longer when they come at the same moment.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_grants_order_id_enrollment_id"), "grants", ["order_id", "enrollment_id"])
    op.drop_constraint(op.f("uq_grants_order_id"), "grants", type_="unique")
