"""Warnings: what is allowed and works, but is often a mistake."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

from actorbus.topology.facts import DEFAULT_POLLER, Facts
from actorbus.topology.rules_classes import output_types, produced_types, taken_types

__all__ = ["check_warnings", "feedback_loops"]

DRIVER_THREADS = {"shared": 1, "shared_network": 2, "dedicated": 3}


def check_warnings(facts: Facts) -> None:
    """Run every rule of this file."""
    _loops(facts)
    _ties(facts)
    _spinning(facts)
    if not facts.report.has_errors:
        # With errors elsewhere, a handler may be missing only because its entry could not be read.
        _unused_types(facts)


def _loops(facts: Facts) -> None:
    for steps in feedback_loops(facts):
        first_handler = steps[0][1]
        told = "".join(f"{stream} -> {handler} -> " for stream, handler in steps) + steps[0][0]
        facts.report.add(
            "AB1901",
            f"messages can go round for ever: {told}",
            path=("handlers", first_handler, "publishes"),
            key=True,
            hint="make sure that a handler on the way ends it, and that each turn sends less than it takes",
        )


def feedback_loops(facts: Facts) -> Iterator[list[tuple[str, str]]]:
    """Yield the shortest loop through each stream that is in one, as (stream, handler) steps; a loop comes once."""
    edges: dict[str, list[tuple[str, str]]] = {}
    for name, streams in facts.streams_of.items():
        for stream in streams:
            targets = facts.topology.handlers[name].publishes.values()
            edges.setdefault(stream, []).extend((name, target) for target in targets)
    told: set[frozenset[tuple[str, str]]] = set()
    for start in edges:
        steps = _way_back(start, edges)
        if steps is not None and frozenset(steps) not in told:
            told.add(frozenset(steps))
            yield steps


def _way_back(start: str, edges: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]] | None:
    """Return the shortest way from a stream back to itself."""
    seen: set[str] = set()
    waiting: deque[tuple[str, list[tuple[str, str]]]] = deque([(start, [])])
    while waiting:
        stream, steps = waiting.popleft()
        for handler, target in edges.get(stream, ()):
            way = [*steps, (stream, handler)]
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                waiting.append((target, way))
    return None


def _ties(facts: Facts) -> None:
    """Handlers of one stream with one priority run in the order of the file, which is easily changed by accident."""
    first: dict[tuple[str, int], str] = {}
    tied: dict[tuple[str, str], list[str]] = {}
    for name, streams in facts.streams_of.items():
        for stream in streams:
            other = first.setdefault((stream, facts.topology.handlers[name].priority), name)
            if other != name:
                tied.setdefault((name, other), []).append(stream)
    for (name, other), streams in tied.items():
        priority = facts.topology.handlers[name].priority
        given = facts.root.at(("handlers", name, "priority")) is not None
        facts.report.add(
            "AB1902",
            f"priority {priority} is also that of {other!r} on {', '.join(map(repr, streams))}; "
            f"{other!r} comes first in the file and runs first",
            path=("handlers", name, "priority") if given else ("handlers", name),
            key=not given,
            hint="give them different priorities, if the order matters",
        )


def _spinning(facts: Facts) -> None:
    profile = facts.profile
    pollers = dict.fromkeys(facts.poller_of[stream] for stream in facts.topology.streams if stream in facts.poller_of)
    spinning = [name for name in pollers if _idle(facts, name) == "busy_spin"]
    driver = facts.topology.driver
    threads = DRIVER_THREADS[driver.threading or profile.driver.threading]
    spins = driver.mode in ("embedded", "process") and profile.driver.idle == "busy_spin"
    needed = len(spinning) + (threads if spins else 0)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if spinning and needed > cores:
        beside = f" and {threads} of the driver" if spins else ""
        explicit = [name for name in spinning if name in facts.topology.pollers]
        facts.report.add(
            "AB1903",
            f"{len(spinning)} spinning poller{'s' if len(spinning) > 1 else ''} ({', '.join(spinning)}){beside} "
            f"want {needed} cores, this process has {cores}",
            path=("pollers", explicit[-1], "idle") if explicit else ("profile",),
            hint="use idle backoff, profile laptop, or a machine with more cores",
        )


def _idle(facts: Facts, poller: str) -> str:
    spec = facts.topology.pollers.get(poller)
    if poller == DEFAULT_POLLER and spec is None:
        return facts.profile.poller.idle
    return (spec.idle if spec is not None else None) or facts.profile.poller.idle


def _unused_types(facts: Facts) -> None:
    """Messages of a stream that nobody of this topology publishes, or handles. Another process may."""
    published: dict[str, set[type] | None] = {}
    handled: dict[str, set[type] | None] = {}
    for name, source in facts.topology.sources.items():
        cls = facts.source_classes.get(name)
        _add(published, source.stream, produced_types(cls) if cls is not None else None)
    for name, handler in facts.topology.handlers.items():
        cls = facts.handler_classes.get(name)
        outputs = output_types(cls) if cls is not None else {}
        for output, stream in handler.publishes.items():
            _add(published, stream, outputs.get(output))
        taken = taken_types(cls) if cls is not None and not facts.report.is_broken("handlers", name, "class") else None
        for stream in facts.streams_of.get(name, ()):
            _add(handled, stream, None if taken is None or object in taken else taken)
    for stream in facts.topology.streams:
        _tell_unused(facts, stream, published, "AB1904", "publishes", "another process or `node.publisher` may")
        _tell_unused(facts, stream, handled, "AB1905", "handles", "another process or `node.subscribe` may")


def _add(found: dict[str, set[type] | None], stream: str, types: tuple[type, ...] | None) -> None:
    """Note types of a stream; None stands for any."""
    known = found.setdefault(stream, set())
    found[stream] = None if known is None or types is None else known | set(types)


def _tell_unused(
    facts: Facts, stream: str, found: dict[str, set[type] | None], code: str, verb: str, hint: str
) -> None:
    used = found.get(stream, set())
    if used is None:
        return
    left = [each.__name__ for each in facts.carried(stream) or () if each not in used]
    if left:
        listed = facts.root.at(("streams", stream, "messages")) is not None
        path = ("streams", stream, "messages") if listed else ("streams", stream)
        facts.report.add(code, f"nobody in this topology {verb} {', '.join(left)}", path=path, key=True, hint=hint)
