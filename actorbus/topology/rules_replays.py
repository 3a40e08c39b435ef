"""Rules of handlers that read a recording: `start` in the past, and `resume`."""

from __future__ import annotations

from actorbus.errors import InvalidValue
from actorbus.recording import parse_start
from actorbus.topology.facts import Facts
from actorbus.topology.model import HandlerSpec

__all__ = ["check_replays", "reads_recording"]


def reads_recording(spec: HandlerSpec) -> bool:
    """Whether a handler reads a recording and nothing live. Raises InvalidValue: its start is no place."""
    return spec.resume or not parse_start(spec.start).is_live


def check_replays(facts: Facts) -> None:
    """Run every rule of this file."""
    for name, spec in facts.topology.handlers.items():
        path = ("handlers", name)
        try:
            replayed = reads_recording(spec)
        except InvalidValue as error:
            facts.report.add("AB1244", error.what, path=(*path, "start"), hint=error.hint)
            continue
        if replayed:
            _alone(facts, name, spec)
            _recorded(facts, name, "resume" if spec.resume else "start")


def _alone(facts: Facts, name: str, spec: HandlerSpec) -> None:
    """It has a poller of its own, one stream, and a place that only moves on."""
    path = ("handlers", name)
    key = "resume" if spec.resume else "start"
    if spec.dispatch == "mailbox":
        why = f"a handler with `{key}` has a thread of its own already, so its dispatch is inline, not mailbox"
        facts.report.add("AB1245", why, path=(*path, "dispatch"), hint="remove `dispatch`")
    if spec.after:
        why = f"a handler with `{key}` reads a recording: it cannot wait for handlers of live messages"
        facts.report.add("AB1245", why, path=(*path, "after"), hint="remove `after`")


def _recorded(facts: Facts, name: str, key: str) -> None:
    streams: tuple[str, ...] = facts.streams_of.get(name, ())
    if len(streams) > 1:
        facts.report.add(
            "AB1245",
            f"`{key}` is a place in one stream's recording, the handler has {len(streams)}",
            path=("handlers", name, key),
            hint="make a handler for each stream",
        )
        return
    stream = next(iter(streams), None)
    if stream is None:
        return
    recorders = [each for each in facts.topology.recorders.values() if stream in each.streams]
    if not recorders:
        facts.report.add(
            "AB1245",
            f"stream {stream!r} is not recorded here",
            path=("handlers", name, key),
            hint="add it to a recorder",
        )
    elif recorders[0].backend != "journal":
        facts.report.add(
            "AB1245",
            f"the recorder of stream {stream!r} has backend {recorders[0].backend}",
            path=("handlers", name, key),
            hint="use backend journal",
        )
