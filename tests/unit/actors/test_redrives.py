"""Messages are handed to the actor that has the handler (tests/unit/topology/test_redriving.py: every dispatch)."""

from __future__ import annotations

import pytest

from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.redrives import Redrives
from actorbus.clock import SystemClock
from actorbus.dispatch.redrive import OneMessage
from actorbus.errors import InternalError


def test_a_handler_nobody_has_is_an_error_of_ours() -> None:
    mailboxes = Mailboxes(SystemClock(), report=lambda _name, _error: None, on_event=lambda _event: None)
    with pytest.raises(InternalError, match="no thread of this session"):
        _ = Redrives([], mailboxes).hand("nobody", OneMessage("s", None, (0,) * 9, (0, 0)))  # pyright: ignore[reportArgumentType] - as many fields
