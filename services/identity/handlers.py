"""What identity hears: the services' answers to exports and erasures, and its own request to erase."""

from services.identity.privacy import erasures, exports
from shared.events import PersonDataExported, PersonErased, PersonErasureRequested
from shared.inbox import Handlers

HANDLERS = Handlers(
    events={
        PersonErasureRequested: erasures.erase_own,
        PersonDataExported: exports.keep_part,
        PersonErased: erasures.keep_receipt,
    }
)
