"""What all tests stand on: real Postgres, real RabbitMQ, an identity that signs, a harness per service."""

from shared.testing.academy import Academy
from shared.testing.harness import Harness
from shared.testing.identity import IdentityStandIn
from shared.testing.waiting import wait_until

__all__ = ["Academy", "Harness", "IdentityStandIn", "wait_until"]
