"""Identity listens to nobody; what it publishes is in shared/events/identity.py."""

from shared.inbox import Handlers

HANDLERS = Handlers()
