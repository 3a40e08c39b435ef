"""Hands messages again to the handlers of a running session, each on its own thread, between two messages.

Thread: any but one of the session's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import cast

from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import PollerActor
from actorbus.actors.shell import ask
from actorbus.dispatch.redrive import OneMessage
from actorbus.errors import InternalError

__all__ = ["Redrives"]

HANDLE_S = 60.0
"""How long a handler may take for one message before its redrive is given up."""


class Redrives:
    """The handlers of a session, which may grow while it runs."""

    def __init__(self, pollers: Sequence[PollerActor], mailboxes: Mailboxes) -> None:
        self._pollers = pollers
        self._mailboxes = mailboxes

    def hand(self, handler: str, one: OneMessage) -> str | None:
        """Hand a message to a handler; returns None when it handled it, else what it raised.

        Raises:
            InternalError: there is no such handler, or it did not come back within 60 s. ClosedError: the session has
            ended. AskCycle: called by a handler of this session.
        """
        done: Future[str | None] = Future()
        actor = self._mailboxes.find(handler)
        if actor is not None:
            _ = ask(actor, lambda: actor.redrive(one, done), HANDLE_S)
        else:
            poller = next((each for each in self._pollers if each.has_handler(handler)), None)
            if poller is None:
                raise InternalError(f"no thread of this session has a handler {handler!r}")
            done.set_result(cast("str | None", ask(poller, lambda: poller.redrive(handler, one), HANDLE_S)))
        try:
            return done.result(HANDLE_S)
        except TimeoutError as error:
            raise InternalError(f"handler {handler!r} did not handle a redriven message in {HANDLE_S:g} s") from error
