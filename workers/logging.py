"""Logs: one line an event, JSON for machines and colours for people, the same for every library in the process."""

import logging
import sys
from typing import Any, Literal

import structlog
from structlog.typing import Processor

QUIET_LOGGERS = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "mail.log": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "sqlalchemy.engine": logging.WARNING,
    "alembic": logging.INFO,
}
"""Libraries whose usual chatter repeats what Casework logs itself."""


def configure(level: str = "INFO", style: Literal["auto", "json", "console"] = "auto") -> None:
    """Sends structlog and standard logging, temporalio's and `workflow.logger` included, through one formatter."""
    pretty = style == "console" or (style == "auto" and sys.stderr.isatty())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.ExtraAdder(), _flatten_temporal_context],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(pretty)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet_level in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(max(quiet_level, root.level))
    logging.captureWarnings(True)


def _rendering(pretty: bool) -> list[Processor]:
    if pretty:
        return [structlog.dev.ConsoleRenderer()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]


def _flatten_temporal_context(_logger: Any, _method: str, event: Any) -> Any:
    """The SDK nests workflow and activity facts in one field; searchable logs want them beside the event."""
    for nested in ("temporal_workflow", "temporal_activity"):
        facts = event.pop(nested, None)
        if isinstance(facts, dict):
            for key in ("workflow_id", "run_id", "workflow_type", "activity_type", "attempt", "task_queue"):
                if key in facts:
                    event.setdefault(key, facts[key])
    return event
