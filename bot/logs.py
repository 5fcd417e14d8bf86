"""Structured logs on stderr: readable on a terminal, one JSON object a line elsewhere.

What people write is personal data: fields that hold it are cut to their length unless LOG_TEXT is on.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from bot.settings import Settings

PERSONAL = frozenset({"text", "query", "question", "answer", "comment", "correction", "message", "prompt"})
"""Names of fields that hold what someone wrote, or an answer to it."""
CHATTY = (
    *("httpx", "httpcore", "telegram", "asyncio", "alembic", "urllib3", "filelock", "huggingface_hub"),
    *("bm25s", "gguf", "transformers", "uvicorn"),
)
"""Libraries that log every request; a Telegram address even holds the bot's token."""

Event = MutableMapping[str, Any]


class CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to the standard error of the moment: progress bars put their own in its place, and lines above them."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def quiet_logs() -> None:
    """Warnings only, on stderr: until the settings are read, and for commands that are not served."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(
            sys.stderr
        ),  # the one of the moment: others replace it
        cache_logger_on_first_use=False,
    )


def set_up_logs(settings: Settings) -> None:
    """Sends structlog's and the standard library's records through the same formatter."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *(() if settings.log_text else (_without_words,)),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    stream = CurrentStderr()
    stream.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_ending(settings))
    )
    root = logging.getLogger()
    root.handlers = [stream]
    root.setLevel(settings.log_level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _ending(settings: Settings) -> list[Processor]:
    clean: Processor = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty()):
        return [clean, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [
        clean,
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _without_words(_: Any, __: str, event: Event) -> Event:
    for name in PERSONAL & event.keys():
        event[name] = f"<{len(str(event[name]))} characters>"
    return event
