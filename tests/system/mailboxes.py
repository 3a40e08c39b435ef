"""Mailboxes and supervision on a real driver: order, exact counts under each `on_error` and each overflow policy."""

from __future__ import annotations

import itertools
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import actorbus as ab
from tests.system.mailbox_parts import Board, Ticks, boards
from tests.system.processes import wait_for

PARTS = "tests.system.mailbox_parts"
_names = itertools.count()
STREAM = {
    "channel": "aeron:ipc?term-length=1m",
    "stream_id": 1,
    "messages": [f"{PARTS}:Tick"],
    "back_pressure": {"policy": "block", "timeout": "60s"},
}


def new_board(ranks: list[str], count: int = 0) -> str:
    """Make a board and return its name."""
    name = f"board-{next(_names)}"
    boards[name] = Board(ranks, count)
    return name


@st.composite
def topologies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Make handlers: priority, inline or mailbox, and for mailboxes who must have run before."""
    handlers: list[dict[str, Any]] = []
    for number in range(draw(st.integers(2, 6))):
        mailbox = draw(st.booleans())
        before = [other["name"] for other in handlers]
        after = draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if mailbox and before else []
        handlers.append(
            {"name": f"h{number}", "priority": draw(st.integers(-2, 2)), "mailbox": mailbox, "after": after}
        )
    return handlers


def run_ordered(made: list[dict[str, Any]], seconds: float) -> int:
    """Saturate a stream with these handlers for so long; returns how many messages every one handled in order."""
    inline = sorted((each for each in made if not each["mailbox"]), key=lambda each: -each["priority"])
    ranks = [each["name"] for each in inline]
    board = new_board(ranks)
    handlers: dict[str, Any] = {}
    for each in made:
        options: dict[str, Any] = {"board": board}
        entry = {"stream": "ticks", "class": f"{PARTS}:Ordered", "priority": each["priority"], "options": options}
        if each["mailbox"]:
            place = made.index(each)
            above = [
                other["name"]
                for other in inline
                if (-other["priority"], made.index(other)) < (-each["priority"], place)
            ]
            options["behind"] = sorted({*each["after"], *above})
            entry |= {"dispatch": "mailbox", "after": each["after"]}
            entry["mailbox"] = {"messages": 2_000, "overflow": "block"}
        else:
            options["rank"] = ranks.index(each["name"])
        handlers[each["name"]] = entry
    topology = {
        "version": 1,
        "name": "ordered",
        "streams": {"ticks": STREAM},
        "sources": {"ticks": {"stream": "ticks", "class": Ticks, "options": {"board": board}}},
        "handlers": handlers,
    }
    with ab.Node.from_dict(topology) as node:
        until = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() >= until or bool(boards[board].wrong), seconds + 30, "the end of the run")
        boards[board].stop.set()
        assert node.wait(until_idle_ns=200_000_000, for_ns=60_000_000_000) == "idle"
        stats = node.stats()
    found = boards.pop(board)
    assert not found.wrong, (found.wrong[:5], made)
    published = stats.streams["ticks"].published
    for name, figures in stats.handlers.items():
        assert (figures.messages, figures.errors, figures.dropped) == (published, 0, 0), (name, figures, published)
    assert found.turn == published * len(ranks)
    return published


def priority_order(examples: int, seconds: float) -> str:
    """Hold inv_priority_order, and `after`, for every message of hypothesis-made topologies; returns the figure."""
    counts: list[int] = []

    @settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(made=topologies())
    def hold(made: list[dict[str, Any]]) -> None:
        counts.append(run_ordered(made, seconds))

    hold()
    return f"{sum(counts)} messages through {len(counts)} topologies, each in order at every handler"


def errors(on_error: str, count: int, *, unlimited: bool = False) -> str:
    """Raise on 1 % of `count` messages, inline and in a mailbox; returns the figure, or raises AssertionError."""
    board = new_board([], count)
    bad = {"stream": "ticks", "class": f"{PARTS}:Raising", "on_error": on_error}
    good = {"stream": "ticks", "class": "count"}
    topology: dict[str, Any] = {
        "version": 1,
        "name": "errors",
        "streams": {"ticks": STREAM},
        "sources": {"ticks": {"stream": "ticks", "class": Ticks, "options": {"board": board}}},
        "supervision": {"max_restarts": 5, "within": "10m", "backoff": {"initial": "1ms", "max": "4ms"}},
        "handlers": {
            "above": {**good, "priority": 9},
            "inline": {**bad, "priority": 5},
            "mailbox": {**bad, "priority": 4, "dispatch": "mailbox", "options": {"at": 50}},
            "below": {**good, "priority": 1},
            "beside": {**good, "priority": 0, "dispatch": "mailbox"},
        },
    }
    if on_error == "restart" and not unlimited:
        topology["sources"]["ticks"]["options"]["paced"] = 20_000
    if unlimited:
        topology["supervision"] = {"max_restarts": 1_000_000, "backoff": {"initial": "0s", "max": "0s"}}
    with ab.Node.from_dict(topology) as node:
        wait_for(lambda: node.stats().streams["ticks"].published == count, 600, "the source's end")
        wait_for(lambda: node.stats().handlers["beside"].messages == count, 600, "the last message")
        ended_early = on_error == "stop" or (on_error == "restart" and not unlimited)
        wait_for(lambda: _settled(node, count), 60, "the last restart")
        kept = node.quarantine("ticks")
        failed = node.failed
    summary = node.summary()
    boards.pop(board)
    figures: Any = summary["handlers"]
    stream: Any = summary["streams"]
    assert stream["ticks"]["received"] == count
    for name in ("above", "below", "beside"):
        assert (figures[name]["messages"], figures[name]["errors"]) == (count, 0), (name, figures[name])
    raising = {"inline": _raising(count, 0), "mailbox": _raising(count, 50)}
    for name, numbers in raising.items():
        mine = figures[name]
        assert mine["messages"] + mine["dead_letters"] == count, (name, mine)
        assert mine["dropped"] == 0, (name, mine)
        if on_error in ("quarantine", "skip"):
            assert (mine["messages"], mine["errors"], mine["restarts"]) == (count, len(numbers), 0), (name, mine)
        elif on_error == "stop":
            assert (mine["messages"], mine["errors"], mine["restarts"]) == (numbers[0] + 1, 1, 0), (name, mine)
        elif unlimited:
            assert mine["errors"] == mine["restarts"] > 0, (name, mine)
        else:
            assert (mine["errors"], mine["restarts"]) == (6, 5), (name, mine)
    if unlimited:  # a mailbox keeps its messages through restarts
        assert figures["mailbox"]["errors"] == len(raising["mailbox"]), figures["mailbox"]
        assert figures["mailbox"]["dead_letters"] == 0
    assert isinstance(failed, ab.HandlerFailed) == ended_early, failed
    restarted: Any = [event for event in list(summary["events"]) if event["kind"] == "ActorRestarted"]  # type: ignore[call-overload]
    if ended_early and on_error == "restart":
        assert sorted(event["decision"] for event in restarted) == ["restart"] * 10 + ["stop"] * 2, restarted
        assert all(event["cause"] == f"ValueError: tick {event['sequence']}" for event in restarted), restarted
        assert all(event["position"] > 0 and event["stream"] == "ticks" for event in restarted)
    expected = sorted(raising["inline"] + raising["mailbox"]) if on_error == "quarantine" else []
    assert stream["ticks"]["quarantined"] == len(expected), stream["ticks"]
    assert len(kept) == min(1_024, len(expected))
    addresses = [entry.sequence for entry in kept]
    assert len(set(addresses)) == len(addresses)
    assert set(addresses) <= set(expected)
    for entry in kept:
        who = "inline" if entry.sequence % 100 == 0 else "mailbox"
        assert entry.error == f"{who}: ValueError: tick {entry.sequence}", entry
        assert entry.position > 0
    if len(expected) <= 1_024:
        assert sorted(addresses) == expected
    told = f"{on_error}{' without limit' if unlimited else ''}"
    return f"{told}: errors {figures['inline']['errors']}+{figures['mailbox']['errors']}"


def _raising(count: int, at: int) -> list[int]:
    return [n for n in range(1_000, count) if n % 100 == at]


def _settled(node: ab.Node, count: int) -> bool:
    figures = node.stats().handlers
    return all(figures[name].messages + figures[name].dead_letters == count for name in ("inline", "mailbox"))


def overflow(policy: str, count: int, room: int) -> dict[str, Any]:
    """Publish to a handler that stands still until all is sent; returns the handler's figures and what it saw."""
    name = new_board([])
    board = boards[name]
    box: dict[str, Any] = {"messages": room, "overflow": policy}
    if policy == "conflate":
        box["key"] = "n"
    entry = {"stream": "ticks", "class": f"{PARTS}:Waiting", "dispatch": "mailbox", "mailbox": box}
    topology = {
        "version": 1,
        "name": "overflow",
        "streams": {"ticks": STREAM},
        "handlers": {"slow": {**entry, "options": {"board": name}}, "fast": {"stream": "ticks", "class": "count"}},
    }
    from tests.system.mailbox_parts import Tick

    with ab.Node.from_dict(topology) as node:
        publisher = node.publisher("ticks")
        for n in range(count):
            publisher.publish(Tick(n % 7 if policy == "conflate" else n))
        if policy == "block":
            wait_for(lambda: node.stats().streams["ticks"].received > 0, 10, "the first batch")
            held = node.stats().streams["ticks"].received
        else:
            wait_for(lambda: node.stats().handlers["fast"].messages == count, 10, "every message to pass")
            held = count
        board.gate.set()
        assert node.wait(until_idle_ns=200_000_000, for_ns=30_000_000_000) == "idle"
        kept = node.quarantine("ticks")
    boards.pop(name)
    figures = node.stats().handlers["slow"]
    return {"figures": figures, "seen": board.seen.get("slow", []), "held": held, "kept": kept}
