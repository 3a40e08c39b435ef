"""What the pollers of a session hold, for whoever wants to know: quarantined and traced messages, fresh counters.

    caller's thread --- each poller: write your counters, say what you hold --- what it holds
                                  stuck, or waiting for the caller, or gone --- what it held when it was asked last

Asked for by the caller and not by the supervisor: so a handler may ask the supervisor meanwhile, and one that hangs
keeps nobody from the counters, which are in the statistics file, written four times a second.

Thread: any; a handler that asks about its own poller is answered at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from actorbus.actors.parts import Look, QuarantineEntry
from actorbus.actors.poller import PollerActor
from actorbus.actors.shell import ask, is_own
from actorbus.errors import AskCycle, ClosedError, InternalError
from actorbus.ffi import PollPort

__all__ = ["PATIENCE_S", "Inside", "look"]

log = logging.getLogger("actorbus.actors")
PATIENCE_S: Final = 1.0
"""How long a poller may take to answer; its handlers may be slow, but not all must wait for that."""


class Inside(NamedTuple):
    """A poller, and the ports it polls by the names of their streams (a stream may have several)."""

    poller: PollerActor
    ports: Sequence[tuple[str, PollPort]]


def look(inside: Sequence[Inside], before: Look) -> Look:
    """Return what the pollers hold now; of those that do not answer, what they held `before`, and say so in the log."""
    quarantine: dict[str, list[QuarantineEntry]] = {}
    samples: dict[str, list[tuple[str, int, list[str]]]] = {}
    for poller, ports in inside:
        held, traced = _ask(poller, ports, before)
        for name, entries in held:
            quarantine.setdefault(name, []).extend(entries)
        samples[poller.name] = traced
    return Look(quarantine, samples)


def _ask(
    poller: PollerActor, ports: Sequence[tuple[str, PollPort]], before: Look
) -> tuple[list[tuple[str, list[QuarantineEntry]]], list[tuple[str, int, list[str]]]]:
    def tell() -> tuple[list[tuple[str, list[QuarantineEntry]]], list[tuple[str, int, list[str]]]]:
        poller.flush()
        return [(name, port.quarantine()) for name, port in ports], poller.samples()

    if is_own(poller):
        return tell()
    try:
        return ask(poller, tell, PATIENCE_S)
    except InternalError:
        log.warning(
            "poller %s did not answer within %g s: a handler takes as long. Its counters are those of a moment before",
            poller.name,
            PATIENCE_S,
        )
    except (AskCycle, ClosedError):
        pass  # it waits for us, or has ended: its counters are at most 250 ms old, or its last
    return [(name, port.quarantine()) for name, port in ports], before.samples.get(poller.name, [])
