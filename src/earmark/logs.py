"""Configures logs: JSON lines on standard error, never with transcript text, titles, questions or secrets.

A line names the request (`request_id`) or job (`job_id`, `job_kind`) in which it was written. Whoever begins one binds
them to its context, which tasks and threads inherit; what serves all of them runs in an empty context.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog


def _to_json(event: dict[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _ToStructlog(logging.Handler):
    """Writes what libraries log (uvicorn, asyncio) as lines like our own, without the text of exceptions."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        cause = {} if error is None else {"error": type(error).__name__, "trace": frames_of(error)}
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage().strip(), logger=record.name, **cause)


def configure_logs(level: str) -> None:
    """Configure logs of this level and above, those of libraries included, as JSON lines on standard error."""
    root = logging.getLogger()
    if not any(isinstance(one, _ToStructlog) for one in root.handlers):
        root.addHandler(_ToStructlog())
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,  # the request or job in which a line is written
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper(), logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def frames_of(error: BaseException) -> list[str]:
    """Return the last eight stack frames, without the message, which may contain user content."""
    frames, step = [], error.__traceback__
    while step is not None:
        frames.append(f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno} {step.tb_frame.f_code.co_name}")
        step = step.tb_next
    return frames[-8:]
