"""References, pollers, messages and formats. Each rule has a right and a wrong case; words are in the golden files."""

from __future__ import annotations

import pytest

from tests.support.topologies import codes, facts_of, minimal

BARS = {"stream_id": 1, "messages": ["Bar"]}
QUOTES = {"stream_id": 2, "messages": ["Quote"]}
TWO = {"bars": BARS, "quotes": QUOTES}


def errors(**changes: object) -> list[str]:
    return [code for code in codes(minimal(**changes)) if not code.startswith("AB19")]


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ({"messages": ["Bar", "Quote"]}, None),
        ({"messages": ["Bar", "Bar"]}, "AB1212"),
        ({"messages": ["Order"], "codec": {"format": "json"}}, None),
        ({"messages": ["Nothing"]}, "AB1206"),
        ({"messages": ["MarketData"]}, "AB1206"),
        ({"messages": ["price"]}, "AB1206"),
        ({"messages": ["collections:Counter"]}, "AB1207"),
        ({"messages": ["actorbus:Message"]}, "AB1207"),
        ({}, "AB1209"),
        ({"codec": {"format": "raw"}}, None),
        ({"codec": {"format": "raw"}, "messages": ["Bar"]}, "AB1209"),
        ({"codec": {"format": "raw"}, "frame": "none"}, None),
        ({"messages": ["Bar"], "frame": "none"}, "AB1210"),
    ],
)
def test_messages_format_and_frame_go_together(stream: dict[str, object], code: str | None) -> None:
    assert errors(streams={"s": {"stream_id": 1, **stream}}) == ([code] if code else [])


@pytest.mark.parametrize(
    ("messages", "back_pressure", "code"),
    [
        (["Bar"], {"policy": "conflate", "key": "symbol"}, None),
        (["Bar", "Quote"], {"policy": "conflate", "key": "symbol"}, None),
        (["Bar", "Quote"], {"policy": "conflate", "key": "bid"}, "AB1214"),
        (["Bar"], {"policy": "conflate"}, "AB1214"),
        (["Bar"], {"policy": "block", "key": "symbol"}, "AB1213"),
        (["Bar"], {"policy": "drop_newest"}, None),
        (None, {"policy": "conflate", "key": "symbol"}, "AB1214"),
    ],
)
def test_conflation_needs_a_field_that_every_message_has(
    messages: list[str] | None, back_pressure: dict[str, object], code: str | None
) -> None:
    stream: dict[str, object] = {"messages": messages} if messages else {"codec": {"format": "raw"}}
    assert errors(streams={"s": {"stream_id": 1, "back_pressure": back_pressure, **stream}}) == ([code] if code else [])


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ({"stream": "bars"}, None),
        ({"streams": ["bars", "quotes"]}, None),
        ({"stream": "bras"}, "AB1201"),
        ({"streams": ["bars", "bars"]}, "AB1212"),
        ({"stream": "bars", "streams": ["quotes"]}, "AB1211"),
        ({}, "AB1211"),
        ({"streams": []}, "AB1211"),
    ],
)
def test_a_handler_names_streams_that_are_there(handler: dict[str, object], code: str | None) -> None:
    assert errors(streams=TWO, handlers={"h": {"class": "count", **handler}}) == ([code] if code else [])


def test_streams_in_no_poller_go_to_the_default_one() -> None:
    facts = facts_of(minimal(streams=TWO, pollers={"main": {"streams": ["quotes"]}}))

    assert facts.poller_of == {"quotes": "main", "bars": "default"}


def test_a_stream_has_one_poller_and_a_handler_too() -> None:
    both = {"h": {"streams": ["bars", "quotes"], "class": "count"}}

    assert errors(streams=TWO, pollers={"a": {"streams": ["bars"]}, "b": {"streams": ["bars"]}}) == ["AB1202"]
    assert errors(streams=TWO, pollers={"a": {"streams": ["bars"]}}, handlers=both) == ["AB1203"]
    assert errors(streams=TWO, pollers={"a": {"streams": ["bars", "quotes"]}}, handlers=both) == []


def test_a_stream_that_is_wrong_is_not_called_unknown_where_it_is_used() -> None:
    streams = {"bars": {"stream_id": "x", "messages": ["Bar"]}}

    assert errors(streams=streams, handlers={"h": {"stream": "bars", "class": "count"}}) == ["AB1103"]
