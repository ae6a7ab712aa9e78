"""Facts that Stripe answers with an error; translated once, in calls.py and application.py."""

from typing import Any


class StripeProblem(Exception):
    """An error in Stripe's shape. `executed` says whether the endpoint had begun its work: Stripe keeps
    only such answers under an Idempotency-Key (https://docs.stripe.com/api/idempotent_requests)."""

    status = 400
    type = "invalid_request_error"
    code: str | None = None
    executed = False

    def __init__(self, message: str, param: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON answer, absent members left out as Stripe does."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, **self.extra}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


class KeyRefused(StripeProblem):
    status = 401


class UnknownUrl(StripeProblem):
    status = 404


class ObjectMissing(StripeProblem):
    status = 404
    code = "resource_missing"

    def __init__(self, kind: str, identifier: str, param: str) -> None:
        super().__init__(f"No such {kind}: '{identifier}'", param)


class ParameterMissing(StripeProblem):
    code = "parameter_missing"

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", param)


class ParameterUnknown(StripeProblem):
    code = "parameter_unknown"

    def __init__(self, param: str) -> None:
        super().__init__(f"Received unknown parameter: {param}", param)


class ParameterInvalid(StripeProblem):
    """A value that fails validation; Stripe names no code for most of them."""


class IntegerInvalid(StripeProblem):
    code = "parameter_invalid_integer"

    def __init__(self, param: str, value: object) -> None:
        super().__init__(f"Invalid integer: {value}", param)


class UrlInvalid(StripeProblem):
    code = "url_invalid"

    def __init__(self, param: str) -> None:
        super().__init__("Not a valid URL", param)


class EmailInvalid(StripeProblem):
    code = "email_invalid"


class AmountTooSmall(StripeProblem):
    code = "amount_too_small"


class AmountTooLarge(StripeProblem):
    code = "amount_too_large"


class StateForbids(StripeProblem):
    """The object exists but is in the wrong state; the endpoint had begun, so the answer is replayed."""

    executed = True


class AlreadyRefunded(StateForbids):
    code = "charge_already_refunded"


class ChargeDisputed(StateForbids):
    code = "charge_disputed"


class KeyReused(StripeProblem):
    type = "idempotency_error"


class KeyInUse(StripeProblem):
    status = 409
    type = "idempotency_error"
    code = "idempotency_key_in_use"


class LockTimeout(StripeProblem):
    status = 409
    code = "lock_timeout"


class RateLimited(StripeProblem):
    status = 429
    code = "rate_limit"


class CardDeclined(StripeProblem):
    status = 402
    type = "card_error"
    code = "card_declined"
    executed = True


class InternalFailure(StripeProblem):
    """Replayed under the key like any executed answer, as Stripe documents for its 500s."""

    status = 500
    type = "api_error"
    executed = True
