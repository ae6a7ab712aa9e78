"""The demo: one learner from sign-up to certificate, over the gateway only, as frontend apps would."""

from ops.demo.run import run

__all__ = ["run"]
