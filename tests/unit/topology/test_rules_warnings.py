"""Warnings: loops, ties, spinning, messages without a use. They stop nothing."""

from __future__ import annotations

import os

import pytest

import actorbus as ab
from actorbus.topology.rules_warnings import feedback_loops
from tests.support.topologies import check, facts_of, minimal

HERE = "tests.unit.topology.test_rules_warnings"


class Pass(ab.Handler):
    out = ab.Output(ab.Bar)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


def streams(*names: str) -> dict[str, object]:
    return {name: {"stream_id": number, "messages": ["Bar"]} for number, name in enumerate(names, 1)}


def passes(*links: tuple[str, str]) -> dict[str, object]:
    return {
        f"{source}{target}": {
            "stream": source,
            "class": f"{HERE}:Pass",
            "publishes": {"out": target},
            "priority": number,
        }
        for number, (source, target) in enumerate(links)
    }


def warnings(**changes: object) -> dict[str, str]:
    checked = check(minimal(**changes))
    assert not checked.has_errors, checked.problems
    return {problem.code: problem.message for problem in checked.problems}


@pytest.mark.parametrize(
    ("links", "loops"),
    [
        ([("a", "b"), ("b", "c")], []),
        ([("a", "a")], ["a"]),
        ([("a", "b"), ("b", "a")], ["ab"]),
        ([("a", "b"), ("b", "c"), ("c", "a")], ["abc"]),
        ([("a", "b"), ("b", "a"), ("c", "c")], ["ab", "c"]),
        ([("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")], ["ab", "bc"]),
        ([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], []),
    ],
)
def test_every_loop_is_found_once(links: list[tuple[str, str]], loops: list[str]) -> None:
    facts = facts_of(minimal(streams=streams("a", "b", "c", "d"), handlers=passes(*links)))

    found = ["".join(sorted(stream for stream, _ in steps)) for steps in feedback_loops(facts)]

    assert found == loops


def test_a_loop_is_told_with_its_path() -> None:
    told = warnings(streams=streams("a", "b"), handlers=passes(("a", "b"), ("b", "a")))

    assert "a -> ab -> b -> ba -> a" in told["AB1901"]


def test_a_tie_is_told_and_different_priorities_are_not() -> None:
    tied = {"x": {"stream": "s", "class": "count"}, "y": {"stream": "s", "class": "count"}}
    ordered = {"x": {"stream": "s", "class": "count", "priority": 1}, "y": {"stream": "s", "class": "count"}}
    apart = {"x": {"stream": "a", "class": "count"}, "y": {"stream": "b", "class": "count"}}

    assert "'x' comes first" in warnings(handlers=tied)["AB1902"]
    assert "AB1902" not in warnings(handlers=ordered)
    assert "AB1902" not in warnings(streams=streams("a", "b"), handlers=apart)


def test_spinning_pollers_beyond_the_cores_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    two = {"p": {"streams": ["a"], "idle": "busy_spin"}, "q": {"streams": ["b"], "idle": "busy_spin"}}

    assert "AB1903" not in warnings(streams=streams("a", "b"), pollers=two)
    assert (
        "3 spinning pollers"
        in warnings(streams=streams("a", "b", "c"), pollers={**two, "r": {"streams": ["c"], "idle": "busy_spin"}})[
            "AB1903"
        ]
    )
    assert "3 of the driver want 4 cores" in warnings(profile="low-latency", streams=streams("a"))["AB1903"]
    assert "AB1903" not in warnings(profile="low-latency", driver={"mode": "external"}, streams=streams("a"))


def test_messages_nobody_publishes_or_handles_are_told() -> None:
    told = warnings(streams=streams("a", "b"), handlers=passes(("a", "b")))

    assert told["AB1904"] == "nobody in this topology publishes Bar"
    assert told["AB1905"] == "nobody in this topology handles Bar"


def test_what_is_published_and_handled_here_is_not_told() -> None:
    sources = {"r": {"stream": "s", "class": "csv_replay", "options": {"path": "x"}}}
    handlers = {"h": {"stream": "s", "class": "count"}}

    assert warnings(sources=sources, handlers=handlers) == {}
