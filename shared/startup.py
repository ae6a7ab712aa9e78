"""Start of a process: settings that are refused end it with one log line, never with a traceback or a secret.

`python -m shared.startup SERVICE` checks the settings of a service and starts nothing.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_settings import SettingsError

from shared.settings import Settings
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)

# EX_CONFIG of sysexits.h: an error in the configuration, which no restart repairs.
EXIT_CODE = 78
# Each service has its own of these; in .env and among the secrets they carry its name.
PER_SERVICE = ("DATABASE_PASSWORD", "BROKER_PASSWORD", "MIGRATION_PASSWORD")

S = TypeVar("S", bound=Settings)
F = TypeVar("F", bound=Callable[..., Any])


class StartRefused(RuntimeError):
    """The process cannot start with this configuration. The text names the variable and what to set."""


def refuses_bad_settings(service: str) -> Callable[[F], F]:
    """Decorates the function that creates a service's api or worker. When it reads its settings itself (called without
    any) and they are refused, every problem is logged in one line and the process ends with exit code 78."""

    def decorate(create: F) -> F:
        @functools.wraps(create)
        def create_or_exit(settings: Settings | None = None) -> Any:
            if settings is not None:
                return create(settings)
            try:
                return create()
            except (ValidationError, SettingsError, StartRefused) as error:
                raise _exit(service, error) from None

        return cast(F, create_or_exit)

    return decorate


def read(cls: type[S], service: str) -> S:
    """The settings of a one-shot process. Ends it with exit code 78 when they are refused."""
    try:
        return cls()
    except (ValidationError, SettingsError) as error:
        raise _exit(service, error) from None


def check(service: str) -> None:
    """Reads a service's settings and logs warnings. Ends the process with exit code 78 when they are refused."""
    cls: type[Settings] = importlib.import_module(f"services.{service}.settings").Settings
    settings = read(cls, service)
    configure_logging(service, settings.log_level)
    for warning in settings.warnings():
        log.warning(warning)
    log.info("settings are usable", environment=settings.environment)


def problems(service: str, error: Exception) -> list[str]:
    """What is wrong with the settings, one line each, by the names that the operator sets. Holds no value of any."""
    if not isinstance(error, ValidationError):
        return [str(error)]
    found: list[str] = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        message = fault["msg"].removeprefix("Value error, ")
        if fault["loc"]:
            found.append(f"{'.'.join(str(part) for part in fault['loc']).upper()} {message[:1].lower()}{message[1:]}")
        else:
            found += message.split("\n")
    return [_operators_name(service, line) for line in found]


def _operators_name(service: str, line: str) -> str:
    variable, _, rest = line.partition(" ")
    return f"{service.upper()}_{variable} {rest}" if variable in PER_SERVICE else line


def _exit(service: str, error: Exception) -> SystemExit:
    configure_logging(service)
    log.critical("refused to start: correct these settings, then start again", problems=problems(service, error))
    return SystemExit(EXIT_CODE)


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m shared.startup SERVICE   (such as billing)\n")
        return 2
    check(arguments[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
