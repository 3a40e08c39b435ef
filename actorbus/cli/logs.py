"""The log of a command, on stderr: text on a terminal, JSON lines elsewhere, unless the topology says.

    logging records (ours: `actorbus.*`; the application's; `extra=` too) ----\
                                                                               structlog renders --> stderr
    structlog events of the application's handlers (when it left structlog be) -/

Only the command line configures logging, for its own process. A `Node` inside an application logs to the loggers under
`actorbus` and touches nothing: no root logger, no handler, no level, no structlog (tests/system/test_embedding.py).
A structlog that the application's own modules configured is left as they want it here too.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, override

import structlog

from actorbus.cli.colour import is_wanted

__all__ = ["FailureTold", "configure_logging"]

type Event = MutableMapping[str, Any]

SUPERVISOR: Final = "actorbus.supervisor"


class FailureTold(logging.Filter):
    """Reports the failure that ends a run as an error, when it happens, and keeps the same words out of the log.

    The supervisor logs each failure as (name, error); of one with a traceback the traceback is logged all the same.
    """

    def __init__(self, tell: Callable[[BaseException], None]) -> None:
        super().__init__()
        self._tell = tell
        self.told: BaseException | None = None

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args if isinstance(record.args, tuple) else ()
        if record.name != SUPERVISOR or self.told is not None or not args or not isinstance(args[-1], BaseException):
            return True
        self.told = args[-1]
        self._tell(args[-1])
        record.msg, record.args = "%s failed", args[:1]
        return bool(record.exc_info)


def configure_logging(form: str, level: str, failure: FailureTold | None = None) -> None:
    """Write the log of this process to stderr from now on.

    Args:
        form: `auto` (text on a terminal, JSON lines elsewhere), `text` or `json`.
        level: the least severe level that is written.
        failure: reports the failure that ends the run; None: it is logged like any other.
    """
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
        if as_json
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False, key="timestamp"),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_machines() if as_json else _for_people(coloured=is_wanted(sys.stderr))),
            ],
        )
    )
    if failure is not None:
        handler.addFilter(failure)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                *shared,
                structlog.stdlib.PositionalArgumentsFormatter(),
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
        )


def _for_machines() -> list[structlog.typing.Processor]:
    """One JSON object a line: time (UTC), level, logger, message, what was bound, the exception when there is one."""
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _for_people(*, coloured: bool) -> list[structlog.typing.Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=coloured, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return [_printable, renderer]


def _printable(_logger: object, _method: str, event: Event) -> Event:
    """Keep what a message or a peer says from steering the terminal."""
    text = str(event.get("event", ""))
    event["event"] = "".join(one if one.isprintable() or one in "\n\t" else "?" for one in text)
    return event
