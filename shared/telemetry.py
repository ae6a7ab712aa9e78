"""JSON logs on standard output, one object a line, each with the request or event it belongs to."""

import logging
import sys
import threading
from contextvars import ContextVar
from types import TracebackType

import structlog

Logger = structlog.stdlib.BoundLogger

# The W3C trace context (https://www.w3.org/TR/trace-context/) of the request or event being handled.
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def configure_logging(service: str, level: str = "info") -> None:
    """Sends structlog and the standard library's loggers through one JSON renderer to standard output."""
    shared_steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _logger, _method, event: {"service": service, **event},
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    _log_uncaught_errors()
    # pika reports each connection step at INFO and a traceback for every lost connection; our own lines say it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _log_uncaught_errors() -> None:
    """An error that ends a process or a thread is a JSON line, too; the default is a traceback on standard error."""
    log = get_logger("uncaught")

    def report(kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("uncaught error", exc_info=error)

    sys.excepthook = report
    threading.excepthook = lambda failed: report(failed.exc_type, failed.exc_value, failed.exc_traceback)


def get_logger(name: str) -> Logger:
    """The logger of a module; call with `__name__`."""
    logger: Logger = structlog.stdlib.get_logger(name)
    return logger
