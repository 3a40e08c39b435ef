"""`dispatch`, `metrics`: the same typed work with one thing changed, in turns.

dispatch   inline, and a handler with a thread of its own; beside it by hand (pyaeron + msgspec, a queue and a thread)
           and Pykka, which sends and takes in one process; at the switch interval of `laptop` and of `low-latency`
metrics    the statistics file on against off
"""

from __future__ import annotations

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.scenarios.comparing import compare
from actorbus.bench.scenarios.registry import Session

__all__ = ["PROFILES", "run"]

PROFILES = {"laptop": "switch interval 5 ms", "low-latency": "switch interval 0.5 ms"}
"""Profiles whose switch intervals differ, as the report names them."""
KINDS = ("inline", "mailbox")
SHARE = 0.5


def run(session: Session) -> None:
    """Measure the scenario of the session's name."""
    if not session.can("actorbus"):
        return
    empty = Case(system="actorbus")
    if session.name == "metrics":
        lanes = [
            msgspec.structs.replace(empty, statistics=on, labelled=f"actorbus, statistics {'on' if on else 'off'}")
            for on in (True, False)
        ]
        compare(session, "statistics", lanes)
        return
    for profile, words in PROFILES.items():
        ours = [
            msgspec.structs.replace(empty, dispatch=kind, profile=profile, labelled=f"actorbus, {kind}")
            for kind in KINDS
        ]
        by_hand = [
            Case(system="pyaeron+msgspec", dispatch=kind, profile=profile, labelled=f"pyaeron+msgspec, {words}")
            for kind, words in (("inline", "inline"), ("mailbox", "queue and thread"))
            if session.can("pyaeron+msgspec")
        ]
        pykka = [Case(system="Pykka", profile=profile)] if session.can("Pykka") else []
        compare(session, f"dispatch, {words}", [*ours, *by_hand, *pykka], share=SHARE)
