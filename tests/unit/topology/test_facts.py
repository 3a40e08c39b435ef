"""Facts: what the rules found, for the plan."""

from __future__ import annotations

import actorbus as ab
from tests.support.topologies import facts_of, minimal


def test_a_right_topology_leaves_no_gap_in_its_facts() -> None:
    facts = facts_of(minimal(handlers={"h": {"stream": "s", "class": "count", "options": {"expect": 3}}}))

    assert facts.poller_of == {"s": "default"}
    assert facts.streams_of == {"h": ("s",)}
    assert facts.types["s"].types == (ab.Bar,)
    assert facts.options["handlers", "h"] == {"expect": 3}
    assert facts.handler_classes["h"].__name__ == "Count"
    assert facts.budget is not None


def test_what_a_stream_carries_is_bytes_for_raw_and_unknown_when_it_is_wrong() -> None:
    streams = {
        "raw": {"stream_id": 1, "codec": {"format": "raw"}},
        "wrong": {"stream_id": 2, "messages": ["Bra"]},
        "right": {"stream_id": 3, "messages": ["Quote"]},
    }

    facts = facts_of(minimal(streams=streams))

    assert facts.carried("raw") == (bytes,)
    assert facts.carried("wrong") is None
    assert facts.carried("right") == (ab.Quote,)


def test_a_stream_with_problems_is_still_known_by_name() -> None:
    facts = facts_of(minimal(streams={"s": 5}))

    assert facts.has_stream("s")
    assert not facts.has_stream("t")


def test_a_message_names_the_line_of_what_it_is_about_besides_its_own_place() -> None:
    assert facts_of(minimal()).line_of("streams") == ""  # a mapping has no lines


def test_a_key_that_is_written_in_another_way_is_misspelt_and_not_missing() -> None:
    facts = facts_of(minimal(streams={"s": {"stream_id": 1, "messagez": ["Bar"]}}))

    assert facts.is_misspelt("streams", "s", "messages")
    assert not facts.is_misspelt("streams", "s", "codec")
    assert not facts.is_misspelt("streams", "s", "stream_id")
