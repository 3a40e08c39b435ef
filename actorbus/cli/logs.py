"""The log of a command, on stderr: text on a terminal, JSON lines elsewhere, unless the topology says.

Only the command line configures logging; a `Node` inside an application never does.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import override

__all__ = ["JsonLines", "configure_logging"]


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the exception when there is one."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(form: str, level: str) -> None:
    """Write the log to stderr from now on.

    Args:
        form: `auto` (text on a terminal, JSON lines elsewhere), `text` or `json`.
        level: the least severe level that is written.
    """
    handler = logging.StreamHandler(sys.stderr)
    if form == "json" or (form == "auto" and not sys.stderr.isatty()):
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
