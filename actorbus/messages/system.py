"""What applications tell one another: events and commands. Rules: actorbus/messages/__init__.py."""

from __future__ import annotations

from actorbus.message import Message
from actorbus.messages.enums import Severity

__all__ = ["Control", "Event"]


class Event(Message, type_id=50, version=1):
    """Something an application tells: an alarm, a state change. (What happens to a *stream* is a ``StreamEvent``.)"""

    kind: str
    source: str = ""
    severity: Severity = Severity.INFO
    text: str = ""
    symbol: str = ""
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None


class Control(Message, type_id=51, version=1):
    """A command to an application: ``target`` names who, ``correlation_id`` comes back in the answer."""

    command: str
    target: str = ""
    correlation_id: str = ""
    arguments: dict[str, str] | None = None
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None
