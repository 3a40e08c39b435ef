"""What applications tell one another: events and commands. Rules: actorbus/messages/__init__.py.

``event_time_ns`` is when it happened at its origin, nanoseconds since the epoch (0: not said); ``metadata`` whatever
else, text to text, or None.
"""

from __future__ import annotations

from actorbus.message import Message
from actorbus.messages.enums import Severity

__all__ = ["Control", "Event"]


class Event(Message, type_id=50, version=1):
    """Something an application tells: an alarm, a state change. (What happens to a *stream* is a ``StreamEvent``.)

    ``kind`` is a short word to filter by, ``source`` who tells it, ``severity`` how bad it is, ``text`` for people, and
    ``symbol`` the instrument it is about, if there is one.
    """

    kind: str
    source: str = ""
    severity: Severity = Severity.INFO
    text: str = ""
    symbol: str = ""
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None


class Control(Message, type_id=51, version=1):
    """A command to an application: ``target`` names who, ``correlation_id`` comes back in the answer.

    ``command`` is what to do, ``arguments`` its parameters, text to text.
    """

    command: str
    target: str = ""
    correlation_id: str = ""
    arguments: dict[str, str] | None = None
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None
