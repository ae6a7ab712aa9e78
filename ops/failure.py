"""The one error of ops: what went wrong and how to mend it."""


class OpsError(Exception):
    """Something a person can mend. `detail` holds evidence, such as the last lines of a log."""

    def __init__(self, message: str, mend: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.detail = detail

    def __str__(self) -> str:
        parts = [self.message, self.detail, f"To mend it: {self.mend}" if self.mend else ""]
        return "\n".join(part for part in parts if part)
