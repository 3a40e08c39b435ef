"""Classes against their streams and outputs. Each rule has a right and a wrong case; words are in the golden files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import actorbus as ab
from actorbus.topology.rules_classes import produced_types, taken_types
from tests.support.topologies import codes, minimal

HERE = "tests.unit.topology.test_rules_classes"
STREAMS = {
    "bars": {"stream_id": 1, "messages": ["Bar"]},
    "quotes": {"stream_id": 2, "messages": ["Quote"]},
    "events": {"stream_id": 3, "messages": ["Event", "Status"]},
    "raw": {"stream_id": 4, "codec": {"format": "raw"}},
}


class OnBar(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


class OnMarket(ab.Handler):
    @ab.on(ab.Bar, ab.Quote)
    def any(self, message: ab.Bar | ab.Quote) -> None: ...


class OnBytes(ab.Handler):
    @ab.on(bytes)
    def data(self, message: bytes) -> None: ...


class Publishes(OnBar):
    out = ab.Output(ab.Event, ab.Status)


class OnUnion(ab.Handler):
    @ab.on(ab.Bar | ab.Quote)
    def any(self, message: ab.Bar | ab.Quote) -> None: ...


class Bars(ab.Source[ab.Bar]):
    def produce(self) -> Iterator[ab.Bar]:
        yield from ()


class Anything(ab.Source[object]):
    def produce(self) -> Iterator[object]:
        yield from ()


class MoreBars(Bars):
    pass


class Both(ab.Source[ab.Bar | ab.Quote]):
    def produce(self) -> Iterator[ab.Bar | ab.Quote]:
        yield from ()


def errors(**changes: object) -> list[str]:
    return [code for code in codes(minimal(streams=STREAMS, **changes)) if not code.startswith("AB19")]


@pytest.mark.parametrize(
    ("cls", "streams", "code"),
    [
        ("OnBar", ["bars"], None),
        ("OnBar", ["bars", "quotes"], None),
        ("OnBar", ["quotes"], "AB1311"),
        ("OnMarket", ["bars", "quotes"], None),
        ("OnMarket", ["bars"], "AB1311"),
        ("OnUnion", ["bars", "quotes"], None),
        ("OnBytes", ["raw"], None),
        ("OnBytes", ["bars"], "AB1311"),
        ("OnBar", ["raw"], "AB1311"),
        ("Bars", ["bars"], "AB1304"),
        ("STREAMS", ["bars"], "AB1304"),
    ],
)
def test_a_handler_takes_what_its_streams_carry(cls: str, streams: list[str], code: str | None) -> None:
    told = errors(handlers={"h": {"streams": streams, "class": f"{HERE}:{cls}"}})

    assert told == ([code] if code else [])


@pytest.mark.parametrize(
    ("publishes", "code"),
    [
        ({"out": "events"}, None),
        ({}, "AB1309"),
        ({"out": "bars"}, "AB1310"),
        ({"out": "events", "more": "events"}, "AB1308"),
        ({"out": "nowhere"}, "AB1201"),
    ],
)
def test_outputs_go_to_streams_that_carry_them(publishes: dict[str, str], code: str | None) -> None:
    handler = {"stream": "bars", "class": f"{HERE}:Publishes", "publishes": publishes}

    assert set(errors(handlers={"h": handler})) == ({code} if code else set())


@pytest.mark.parametrize(
    ("cls", "stream", "code"),
    [
        ("Bars", "bars", None),
        ("MoreBars", "bars", None),
        ("Bars", "quotes", "AB1313"),
        ("MoreBars", "quotes", "AB1313"),
        ("Anything", "quotes", None),
        ("Both", "bars", "AB1313"),
        ("OnBar", "bars", "AB1304"),
    ],
)
def test_a_source_produces_what_its_stream_carries(cls: str, stream: str, code: str | None) -> None:
    assert errors(sources={"s": {"stream": stream, "class": f"{HERE}:{cls}"}}) == ([code] if code else [])


def test_a_class_given_from_python_is_taken_as_it_is() -> None:
    topology = ab.Topology(
        name="x",
        streams={"bars": ab.StreamSpec(stream_id=1, messages=[ab.Bar])},
        handlers={"h": ab.HandlerSpec(stream="bars", cls=OnBar)},
    )
    from actorbus.topology.plan import plan_of

    assert plan_of(topology).handlers[0].cls is OnBar


def test_what_a_source_says_it_produces_is_read_from_its_bases() -> None:
    assert produced_types(MoreBars) == (ab.Bar,)
    assert produced_types(Both) == (ab.Bar, ab.Quote)
    assert produced_types(Anything) is None
    assert produced_types(ab.Source) is None


def test_what_a_handler_takes_is_each_type_once() -> None:
    assert taken_types(OnMarket) == (ab.Bar, ab.Quote)
